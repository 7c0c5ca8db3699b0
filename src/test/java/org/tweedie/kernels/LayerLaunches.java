package org.tweedie.kernels;

import static org.tweedie.kernels.Lab.all;
import static org.tweedie.kernels.Lab.random;
import static org.tweedie.kernels.LaunchSet.close;
import static org.tweedie.kernels.LaunchSet.exact;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;

/** Launches of layers: products by tiles of every size and every type of operands. */
final class LayerLaunches {
    private LayerLaunches() {}

    static List<LaunchSet.Case> over(int rows, int[][] layers) {
        List<LaunchSet.Case> cases = new ArrayList<>();
        for (int[] widths : layers) {
            String shape = rows + " x " + widths[0] + " x " + widths[1];
            cases.addAll(linear(rows, widths[0], widths[1]));
            for (Element type : widths[0] == 0 ? new Element[0] : new Element[] {Element.F16, Element.BF16}) {
                cases.add(close("linear " + type + " " + shape, lab -> mixed(lab, type, rows, widths[0], widths[1])));
                cases.add(packed(type, rows, widths[0], widths[1]));
            }
            for (TileNumbers numbers : widths[0] == 65 ? TileNumbers.values() : new TileNumbers[0]) {
                cases.add(tiles(numbers, rows, widths[0], widths[1]));
            }
        }
        return cases;
    }

    static List<LaunchSet.Case> others() {
        List<LaunchSet.Case> cases = new ArrayList<>();
        // three tiles of 128 rows, and slices enough to come back to the first place in shared memory
        cases.add(linear(260, 50, 33).get(1));
        cases.add(packed(Element.F16, 260, 130, 20));
        cases.add(packed(Element.BF16, 260, 130, 20));
        cases.add(tiles(TileNumbers.TF32, 260, 130, 66));
        return cases;
    }

    /** By tiles of 64 and by tiles of 128. */
    static List<LaunchSet.Case> linear(int rows, int in, int width) {
        String shape = rows + " x " + in + " x " + width;
        return List.of(
                exact(
                        "linear " + shape,
                        lab -> linear(
                                lab, rows, in, width, Linear.FORWARD, Linear.INPUT_GRADIENT, Linear.WEIGHT_GRADIENT)),
                exact(
                        "wide linear " + shape,
                        lab -> linear(
                                lab,
                                rows,
                                in,
                                width,
                                Linear.WIDE_FORWARD,
                                Linear.WIDE_INPUT_GRADIENT,
                                Linear.WIDE_WEIGHT_GRADIENT)));
    }

    static float[] linear(
            Lab lab,
            int rows,
            int in,
            int width,
            KernelEntry forward,
            KernelEntry inputGradient,
            KernelEntry weightGradient) {
        DeviceBuffer w = lab.floats(random(in * width, 15));
        View x = lab.rows(random(rows * in, 16), in);
        View d = lab.rows(random(rows * width, 17), width);
        View pre = lab.out(rows, width);
        View out = lab.out(rows, width);
        View dx = lab.rows(random(rows * in, 18), in);
        DeviceBuffer gradient = lab.untouched((in + 1) * width);
        Matrix matrix = new Matrix(w, 0, in, width);
        RowSet living = lab.living(rows);
        Linear.forward(
                forward,
                lab.stream(),
                living,
                x,
                matrix,
                View.shared(lab.floats(random(width, 19)), 0, width),
                d,
                Activation.SILU,
                out,
                pre);
        Linear.backwardInput(inputGradient, lab.stream(), living, d, matrix, dx, true);
        Linear.backwardWeight(
                weightGradient,
                lab.stream(),
                living,
                x,
                d,
                gradient,
                0,
                gradient,
                (long) in * width,
                false,
                lab.untouched((int) Linear.scratch(in, width)));
        return all(lab.read(pre), lab.read(out), lab.read(dx), lab.read(gradient));
    }

    static float[] mixed(Lab lab, Element type, int rows, int in, int width) {
        Device device = lab.stream().device();
        try (DeviceBuffer packed = device.allocate(type, PackedMatrix.elements(in, width))) {
            PackedMatrix matrix = new PackedMatrix(packed, in, width);
            MixedLinear.pack(lab.stream(), new Matrix(lab.floats(random(in * width, 20)), 0, in, width), matrix);
            View x = lab.rows(random(rows * in, 21), in);
            View d = lab.rows(random(rows * width, 22), width);
            View out = lab.out(rows, width);
            View pre = lab.out(rows, width);
            DeviceBuffer gradient = lab.untouched((in + 1) * width);
            RowSet living = lab.living(rows);
            MixedLinear.forward(
                    lab.stream(),
                    living,
                    x,
                    matrix,
                    View.shared(lab.floats(random(width, 23)), 0, width),
                    null,
                    Activation.GELU,
                    out,
                    pre);
            MixedLinear.backwardWeight(
                    lab.stream(),
                    living,
                    type,
                    x,
                    d,
                    gradient,
                    0,
                    gradient,
                    (long) in * width,
                    false,
                    lab.untouched((int) Linear.scratch(in, width)));
            return all(lab.read(out), lab.read(pre), lab.read(gradient));
        }
    }

    static LaunchSet.Case packed(Element type, int rows, int in, int width) {
        return close(
                "packed " + type + " " + rows + " x " + in + " x " + width, lab -> packed(lab, type, rows, in, width));
    }

    /** Rows packed, a layer from them to both kinds of rows, a residual layer from its rows to both, and a thin layer beside them. */
    static float[] packed(Lab lab, Element type, int rows, int in, int width) {
        Device device = lab.stream().device();
        try (DeviceBuffer x = device.allocate(type, PackedRows.elements(rows, in));
                DeviceBuffer h = device.allocate(type, PackedRows.elements(rows, width));
                DeviceBuffer thin = device.allocate(type, PackedRows.elements(rows, width));
                DeviceBuffer last = device.allocate(type, PackedRows.elements(rows, width));
                DeviceBuffer first = device.allocate(type, PackedMatrix.elements(in, width));
                DeviceBuffer second = device.allocate(type, PackedMatrix.elements(width, width))) {
            for (DeviceBuffer buffer : List.of(x, h, thin, last)) {
                lab.stream().zero(buffer, 0, buffer.count());
            }
            Matrix w = new Matrix(lab.floats(random(in * width, 20)), 0, in, width);
            PackedMatrix firstWeights = new PackedMatrix(first, in, width);
            PackedMatrix secondWeights = new PackedMatrix(second, width, width);
            MixedLinear.pack(lab.stream(), w, firstWeights);
            MixedLinear.pack(
                    lab.stream(), new Matrix(lab.floats(random(width * width, 24)), 0, width, width), secondWeights);
            View from = lab.rows(random(rows * in, 21), in);
            View add = lab.rows(random(rows * width, 22), width);
            View bias = View.shared(lab.floats(random(width, 23)), 0, width);
            View out = lab.out(rows, width);
            View end = lab.out(rows, width);
            RowSet living = lab.living(rows);
            PackedLinear.pack(lab.stream(), living, from, new PackedRows(x, in));
            PackedRows hidden = new PackedRows(h, width);
            PackedLinear.forward(
                    lab.stream(),
                    living,
                    new PackedRows(x, in),
                    firstWeights,
                    bias,
                    add,
                    Activation.SILU,
                    PackedLinear.Curve.EXACT,
                    null,
                    out,
                    hidden);
            PackedLinear.forward(
                    lab.stream(),
                    living,
                    hidden,
                    secondWeights,
                    null,
                    null,
                    Activation.TANH,
                    PackedLinear.Curve.APPROXIMATE,
                    hidden,
                    end,
                    new PackedRows(last, width));
            PackedLinear.thin(
                    lab.stream(),
                    living,
                    from,
                    w,
                    bias,
                    add,
                    Activation.SIN,
                    PackedLinear.Curve.EXACT,
                    new PackedRows(thin, width));
            return all(lab.read(out), lab.read(end), bits(lab, last), bits(lab, thin));
        }
    }

    /** The same by products of warpgroups, where there are such. */
    static LaunchSet.Case tiles(TileNumbers numbers, int rows, int in, int width) {
        return close("tiles " + numbers + " " + rows + " x " + in + " x " + width, lab -> {
            Device device = lab.stream().device();
            if (!TileLinear.on(device)) {
                return new float[0];
            }
            TileMatrix first = TileMatrix.on(device, numbers, in, width);
            TileMatrix second = TileMatrix.on(device, numbers, width, width);
            TileRows x = TileRows.on(lab.stream(), numbers, rows, in);
            TileRows hidden = TileRows.on(lab.stream(), numbers, rows, width);
            TileRows last = TileRows.on(lab.stream(), numbers, rows, width);
            try (DeviceBuffer one = first.data();
                    DeviceBuffer two = second.data();
                    DeviceBuffer three = x.data();
                    DeviceBuffer four = hidden.data();
                    DeviceBuffer five = last.data()) {
                Matrix w = new Matrix(lab.floats(random(in * width, 20)), 0, in, width);
                TileLinear.pack(lab.stream(), w, first);
                Matrix square = new Matrix(lab.floats(random(width * width, 24)), 0, width, width);
                TileLinear.pack(lab.stream(), square, second);
                View add = lab.rows(random(rows * width, 22), width);
                View bias = View.shared(lab.floats(random(width, 23)), 0, width);
                View out = lab.out(rows, width);
                RowSet living = lab.living(rows);
                View from = lab.rows(random(rows * in, 21), in);
                TileLinear.thin(lab.stream(), living, from, w, bias, add, Activation.SIN, last);
                float[] thin = numbers(lab, last);
                TileLinear.pack(lab.stream(), living, from, x);
                TileLinear.forward(lab.stream(), living, x, first, bias, add, Activation.SILU, null, null, hidden);
                TileLinear.forward(
                        lab.stream(), living, hidden, second, null, null, Activation.TANH, hidden, out, last);
                return all(lab.read(out), thin, numbers(lab, last));
            }
        });
    }

    private static float[] numbers(Lab lab, TileRows rows) {
        return rows.numbers() == TileNumbers.TF32 ? lab.read(rows.data()) : bits(lab, rows.data());
    }

    private static float[] bits(Lab lab, DeviceBuffer halves) {
        short[] bits = new short[(int) halves.count()];
        lab.stream().download(halves, 0, bits, 0, bits.length);
        float[] values = new float[bits.length];
        for (int i = 0; i < bits.length; i++) {
            values[i] = bits[i];
        }
        return values;
    }
}
