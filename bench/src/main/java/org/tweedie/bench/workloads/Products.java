package org.tweedie.bench.workloads;

import java.util.Locale;
import java.util.Optional;
import org.tweedie.device.Closing;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.device.cuda.Cublas;
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.Fill;
import org.tweedie.kernels.Linear;
import org.tweedie.kernels.Matrix;
import org.tweedie.kernels.MixedLinear;
import org.tweedie.kernels.PackedLinear;
import org.tweedie.kernels.PackedLinear.Curve;
import org.tweedie.kernels.PackedMatrix;
import org.tweedie.kernels.PackedRows;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.TileLinear;
import org.tweedie.kernels.TileMatrix;
import org.tweedie.kernels.TileNumbers;
import org.tweedie.kernels.TileRows;
import org.tweedie.kernels.View;
import org.tweedie.kernels.host.Halves;
import org.tweedie.rng.Purpose;

/**
 * The layers of W2, 2^18 rows of 3 to 512 to 512 to 3 numbers, as the unfused executions run them, beside cuBLAS on the hidden one: bare
 * products, and with bias and SiLU, which cuBLAS has not. Timed by events; rows of every product are compared with sums in double.
 */
final class Products {
    private static final long ROWS = 1L << 18;
    private static final int WIDTH = 512;
    private static final int DIM = 3;
    private static final int CHECKED = 8;

    private final Bench bench;
    private final Stream stream;
    private final Closing owned;
    private final int count;
    private final RowSet rows;

    private Products(Bench bench, Stream stream, Closing owned) {
        this.bench = bench;
        this.stream = stream;
        this.owned = owned;
        this.count = bench.scaled(ROWS);
        this.rows = owned.add(RowSet.on(bench.device()));
        rows.assign(stream, 1, 0, count);
    }

    static void run(Bench bench) {
        try (Stream stream = bench.device().stream();
                Closing owned = new Closing()) {
            new Products(bench, stream, owned).run();
        }
    }

    private DeviceBuffer normals(int rowCount, int width, int ordinal) {
        DeviceBuffer numbers = owned.add(bench.device().allocate(Element.F32, (long) rowCount * width));
        try (RowSet all = RowSet.on(bench.device())) {
            all.assign(stream, 2, 0, rowCount);
            Fill.normal(stream, all, View.rows(numbers, width), Purpose.DATA, ordinal);
            stream.synchronize();
        }
        return numbers;
    }

    private void run() {
        DeviceBuffer x = normals(count, WIDTH, 0);
        DeviceBuffer w = normals(WIDTH, WIDTH, 1);
        DeviceBuffer y = owned.add(bench.device().allocate(Element.F32, (long) count * WIDTH));
        View bias = View.shared(normals(1, WIDTH, 2), 0, WIDTH);
        View from = View.rows(x, WIDTH);
        View into = View.rows(y, WIDTH);
        Matrix hidden = new Matrix(w, 0, WIDTH, WIDTH);
        double flop = 2.0 * count * WIDTH * WIDTH;
        for (boolean whole : new boolean[] {false, true}) {
            Runnable product = () -> Linear.forward(
                    stream,
                    rows,
                    from,
                    hidden,
                    whole ? bias : null,
                    null,
                    whole ? Activation.SILU : Activation.IDENTITY,
                    into,
                    null);
            product.run();
            String check = whole ? "as the bare product's" : near(x, WIDTH, w, y, WIDTH, 1e-5);
            report("Tweedie linear_f32" + with(whole), "F", WIDTH, WIDTH, product, flop, check);
        }
        cublas(x, w, y, flop);
        for (Element type : new Element[] {Element.F16, Element.BF16}) {
            packed(type, x, w, y, bias, flop);
        }
        for (TileNumbers numbers : bench.device().limits().warpgroups() ? TileNumbers.values() : new TileNumbers[0]) {
            tiles(numbers, x, w, y, bias, flop);
        }
    }

    private static String with(boolean whole) {
        return whole ? ", bias and SiLU" : "";
    }

    private void report(String by, String precision, int in, int out, Runnable product, double flop, String check) {
        bench.rows()
                .accept(new Row(
                        in == out ? "gemm" : in < out ? "gemm, first" : "gemm, last",
                        by,
                        precision,
                        count + " rows x " + in + " x " + out,
                        bench.events(stream, product),
                        flop,
                        "flop",
                        check));
    }

    private void packed(Element type, DeviceBuffer x, DeviceBuffer w, DeviceBuffer y, View bias, double flop) {
        PackedRows first = rows(type);
        PackedRows second = rows(type);
        PackedMatrix weights = PackedMatrix.on(bench.device(), type, WIDTH, WIDTH);
        owned.add(weights.data());
        MixedLinear.pack(stream, new Matrix(w, 0, WIDTH, WIDTH), weights);
        PackedLinear.pack(stream, rows, View.rows(x, WIDTH), first);
        PackedLinear.forward(
                stream, rows, first, weights, null, null, Activation.IDENTITY, Curve.EXACT, null, View.rows(y, WIDTH), null);
        String check = near(x, WIDTH, w, y, WIDTH, 3 * roundoff(type));
        for (boolean whole : new boolean[] {false, true}) {
            Runnable product = () -> PackedLinear.forward(
                    stream,
                    rows,
                    first,
                    weights,
                    whole ? bias : null,
                    null,
                    whole ? Activation.SILU : Activation.IDENTITY,
                    Curve.APPROXIMATE,
                    null,
                    null,
                    second);
            report("Tweedie linear_packed" + with(whole), precision(type), WIDTH, WIDTH, product, flop, check);
        }
        Matrix few = new Matrix(w, 0, DIM, WIDTH);
        View inputs = View.rows(x, DIM);
        PackedLinear.thin(stream, rows, inputs, few, null, null, Activation.IDENTITY, Curve.EXACT, second);
        unpack(second, y);
        report(
                "Tweedie linear_thin" + with(true),
                precision(type),
                DIM,
                WIDTH,
                () -> PackedLinear.thin(
                        stream, rows, inputs, few, bias, null, Activation.SILU, Curve.APPROXIMATE, second),
                2.0 * count * DIM * WIDTH,
                near(x, DIM, w, y, WIDTH, 3 * roundoff(type)));
        PackedMatrix last = PackedMatrix.on(bench.device(), type, WIDTH, DIM);
        owned.add(last.data());
        MixedLinear.pack(stream, new Matrix(w, 0, WIDTH, DIM), last);
        Runnable out = () -> PackedLinear.forward(
                stream, rows, first, last, null, null, Activation.IDENTITY, Curve.EXACT, null, View.rows(y, DIM), null);
        out.run();
        report(
                "Tweedie linear_packed",
                precision(type),
                WIDTH,
                DIM,
                out,
                2.0 * count * DIM * WIDTH,
                near(x, WIDTH, w, y, DIM, 3 * roundoff(type)));
    }

    /** By the products of warpgroups: the hidden layer to its own kind of rows, the last to f32. */
    private void tiles(TileNumbers numbers, DeviceBuffer x, DeviceBuffer w, DeviceBuffer y, View bias, double flop) {
        TileRows first = TileRows.on(stream, numbers, count, WIDTH);
        TileRows second = TileRows.on(stream, numbers, count, WIDTH);
        TileMatrix weights = TileMatrix.on(bench.device(), numbers, WIDTH, WIDTH);
        TileMatrix last = TileMatrix.on(bench.device(), numbers, WIDTH, DIM);
        for (DeviceBuffer buffer : new DeviceBuffer[] {first.data(), second.data(), weights.data(), last.data()}) {
            owned.add(buffer);
        }
        String precision = (numbers == TileNumbers.TF32 ? "T " : "H ") + numbers.name().toLowerCase(Locale.ROOT);
        TileLinear.pack(stream, new Matrix(w, 0, WIDTH, WIDTH), weights);
        TileLinear.pack(stream, new Matrix(w, 0, WIDTH, DIM), last);
        TileLinear.pack(stream, rows, View.rows(x, WIDTH), first);
        TileLinear.forward(
                stream, rows, first, weights, null, null, Activation.IDENTITY, null, View.rows(y, WIDTH), null);
        String check = near(x, WIDTH, w, y, WIDTH, 3 * numbers.roundoff());
        for (boolean whole : new boolean[] {false, true}) {
            Runnable product = () -> TileLinear.forward(
                    stream,
                    rows,
                    first,
                    weights,
                    whole ? bias : null,
                    null,
                    whole ? Activation.SILU : Activation.IDENTITY,
                    null,
                    null,
                    second);
            report("Tweedie tiles_linear" + with(whole), precision, WIDTH, WIDTH, product, flop, check);
        }
        report(
                "Tweedie tiles_thin" + with(true),
                precision,
                DIM,
                WIDTH,
                () -> TileLinear.thin(
                        stream, rows, View.rows(x, DIM), new Matrix(w, 0, DIM, WIDTH), bias, null, Activation.SILU, second),
                2.0 * count * DIM * WIDTH,
                "held by its test");
        Runnable out = () -> TileLinear.forward(
                stream, rows, first, last, null, null, Activation.IDENTITY, null, View.rows(y, DIM), null);
        out.run();
        report(
                "Tweedie tiles_linear",
                precision,
                WIDTH,
                DIM,
                out,
                2.0 * count * DIM * WIDTH,
                near(x, WIDTH, w, y, DIM, 3 * numbers.roundoff()));
    }

    /** Packed rows as f32: times one. */
    private void unpack(PackedRows from, DeviceBuffer into) {
        Element type = from.data().element();
        float[] one = new float[WIDTH * WIDTH];
        for (int i = 0; i < WIDTH; i++) {
            one[i * WIDTH + i] = 1;
        }
        PackedMatrix unit = PackedMatrix.on(bench.device(), type, WIDTH, WIDTH);
        try (DeviceBuffer packed = unit.data();
                DeviceBuffer plain = bench.device().allocate(Element.F32, one.length)) {
            stream.upload(one, 0, plain, 0, one.length);
            MixedLinear.pack(stream, new Matrix(plain, 0, WIDTH, WIDTH), unit);
            PackedLinear.forward(
                    stream, rows, from, unit, null, null, Activation.IDENTITY, Curve.EXACT, null, View.rows(into, WIDTH), null);
            stream.synchronize();
        }
    }

    private PackedRows rows(Element type) {
        PackedRows made = PackedRows.on(stream, type, count, WIDTH);
        owned.add(made.data());
        return made;
    }

    /** cuBLAS on the same numbers, bare. */
    private void cublas(DeviceBuffer x, DeviceBuffer w, DeviceBuffer y, double flop) {
        Optional<String> absent = bench.device().kind() == DeviceKind.HOST
                ? Optional.of("the device is the host")
                : Cublas.unavailable();
        if (absent.isPresent()) {
            System.out.println("gemm: no row of cuBLAS: " + absent.get());
            return;
        }
        try (Cublas cublas = Cublas.on(stream)) {
            Cublas.Matrix a = Cublas.Matrix.of(x, count, WIDTH);
            Cublas.Matrix b = Cublas.Matrix.of(w, WIDTH, WIDTH);
            Cublas.Matrix c = Cublas.Matrix.of(y, count, WIDTH);
            cublas.sgemm(1, a, b, 0, c);
            report("cuBLAS sgemm", "F", WIDTH, WIDTH, () -> cublas.sgemm(1, a, b, 0, c), flop, near(x, WIDTH, w, y, WIDTH, 1e-5));
            cublas.tf32(1, a, b, 0, c);
            report(
                    "cuBLAS gemmEx",
                    "T tf32",
                    WIDTH,
                    WIDTH,
                    () -> cublas.tf32(1, a, b, 0, c),
                    flop,
                    near(x, WIDTH, w, y, WIDTH, 3 * TileNumbers.TF32.roundoff()));
            for (Element type : new Element[] {Element.F16, Element.BF16}) {
                try (DeviceBuffer half = halves(type, x, count);
                        DeviceBuffer weights = halves(type, w, WIDTH);
                        DeviceBuffer product = bench.device().allocate(type, (long) count * WIDTH)) {
                    Cublas.Matrix a16 = Cublas.Matrix.of(half, count, WIDTH);
                    Cublas.Matrix b16 = Cublas.Matrix.of(weights, WIDTH, WIDTH);
                    Cublas.Matrix c16 = Cublas.Matrix.of(product, count, WIDTH);
                    cublas.gemmEx(1, a16, b16, 0, c16);
                    short[] bits = new short[CHECKED * WIDTH];
                    stream.download(product, 0, bits, 0, bits.length);
                    float[] got = new float[bits.length];
                    for (int i = 0; i < bits.length; i++) {
                        got[i] = type == Element.F16 ? Halves.fromF16(bits[i]) : Halves.fromBf16(bits[i]);
                    }
                    report(
                            "cuBLAS gemmEx",
                            precision(type),
                            WIDTH,
                            WIDTH,
                            () -> cublas.gemmEx(1, a16, b16, 0, c16),
                            flop,
                            near(x, WIDTH, w, got, WIDTH, 3 * roundoff(type)));
                }
            }
        }
    }

    /** The first of these rows in 16 bits, and copies of them to fill as many. */
    private DeviceBuffer halves(Element type, DeviceBuffer from, int rowCount) {
        int some = Math.min(rowCount, 4096) * WIDTH;
        float[] values = new float[some];
        stream.download(from, 0, values, 0, some);
        short[] bits = new short[some];
        for (int i = 0; i < some; i++) {
            bits[i] = type == Element.F16 ? Halves.f16(values[i]) : Halves.bf16(values[i]);
        }
        DeviceBuffer halves = bench.device().allocate(type, (long) rowCount * WIDTH);
        stream.upload(bits, 0, halves, 0, some);
        for (long at = some; at < halves.count(); at += some) {
            stream.copy(halves, 0, halves, at, Math.min(some, halves.count() - at));
        }
        return halves;
    }

    private static String precision(Element type) {
        return "H " + type.name().toLowerCase(Locale.ROOT);
    }

    private static double roundoff(Element type) {
        return type == Element.F16 ? 0x1p-11 : 0x1p-8;
    }

    private String near(DeviceBuffer x, int in, DeviceBuffer w, DeviceBuffer y, int width, double most) {
        float[] got = new float[CHECKED * width];
        stream.download(y, 0, got, 0, got.length);
        return near(x, in, w, got, width, most);
    }

    /** How far the first rows of a product are from sums in double, as a share of the sums of magnitudes; fails beyond {@code most}. */
    private String near(DeviceBuffer x, int in, DeviceBuffer w, float[] got, int width, double most) {
        float[] left = new float[CHECKED * in];
        float[] right = new float[in * width];
        stream.download(x, 0, left, 0, left.length);
        stream.download(w, 0, right, 0, right.length);
        double worst = 0;
        for (int r = 0; r < CHECKED; r++) {
            for (int j = 0; j < width; j++) {
                double exact = 0;
                double magnitudes = 0;
                for (int k = 0; k < in; k++) {
                    double product = (double) left[r * in + k] * right[k * width + j];
                    exact += product;
                    magnitudes += Math.abs(product);
                }
                worst = Math.max(worst, Math.abs(exact - got[r * width + j]) / magnitudes);
            }
        }
        if (!(worst < most)) {
            throw new IllegalStateException("a product is off by " + worst + " of the sum of magnitudes");
        }
        return String.format(Locale.ROOT, "off by %.1e of the magnitudes", worst);
    }
}
