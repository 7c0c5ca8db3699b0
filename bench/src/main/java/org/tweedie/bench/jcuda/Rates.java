package org.tweedie.bench.jcuda;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import jcuda.Pointer;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.JCudaDriver;
import org.tweedie.io.Json;

/**
 * What a multiprocessor does in a clock, beside what the model of {@code docs/kernels.md} takes it for; and the clock under each load.
 *
 * <pre>
 * Rates --kernels bench.fatbin --out rates.json [--device cuda:0] [--scale 1]
 * </pre>
 */
public final class Rates {
    private static final Map<String, String> DEFAULTS =
            Map.of("kernels", "bench.fatbin", "out", "rates.json", "device", "cuda:0", "scale", "1");
    private static final int ITERATIONS = 16384;
    private static final int SHORT = 4;
    private static final int RUNS = 5;
    private static final int CHAINS = 8;
    private static final String BULK = "rates_bulk_";
    private static final int MMA = 16 * 8 * 16;
    /** A power of two of 16 bytes: 16 MiB, which stay in L2. */
    private static final int WORDS = 1 << 20;

    private static final int COPY_THREADS = 512;
    private static final int COPY_DEEP = 4;

    /** Of bulk copies: 16 bytes of a place; bytes of four and their barriers. */
    private static final int PLACE = 1024;

    private static final int PLACES_BYTES = 4 * (16 * PLACE + 16);

    /** Neighbours on the GPU, of which clusters of four are: whole clusters fit them. */
    private static final int NEIGHBOURS = 16;

    /**
     * One experiment.
     *
     * @param perRound of a block: what a round of all its threads works through
     * @param model of a multiprocessor and clock, on Hopper
     */
    private record Rate(String name, String kernel, int threads, double perRound, String unit, double model) {}

    /** What came out: of a multiprocessor and clock, and the clock in MHz; NaN where the device has no clock to read. */
    private record Measured(Rate rate, double each, double clock, double milliseconds, String check) {}

    private final Gpu gpu;
    private final double scale;
    private final int blocks;
    private final CUdeviceptr clocks;
    private final CUdeviceptr out;
    private final CUdeviceptr words;
    private final float[] data;

    private Rates(Gpu gpu, double scale) {
        this.gpu = gpu;
        this.scale = scale;
        blocks = scale < 1 ? 4 : gpu.processors();
        clocks = gpu.allocate(8L * blocks);
        out = gpu.allocate(4L * blocks * 1024);
        SplittableRandom random = new SplittableRandom(1);
        data = new float[4 * WORDS];
        for (int i = 0; i < data.length; i++) {
            data[i] = (float) (random.nextDouble() - 0.5);
        }
        words = gpu.upload(data);
    }

    public static void main(String[] given) throws IOException {
        Arguments arguments = Arguments.of("Rates", DEFAULTS, given);
        try (Gpu gpu = new Gpu(arguments.ordinal(), Path.of(arguments.text("kernels")))) {
            Rates rates = new Rates(gpu, arguments.number("scale"));
            boolean hopper = gpu.attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) == 9;
            List<Measured> all = new ArrayList<>();
            for (Rate rate : rates(hopper)) {
                Measured measured = rates.measure(rate);
                all.add(measured);
                System.out.printf(
                        Locale.ROOT,
                        "%-28s %8.1f %s a clock, model %.0f, at %.0f MHz, %.3f ms, %s%n",
                        rate.name,
                        measured.each,
                        rate.unit,
                        rate.model,
                        measured.clock,
                        measured.milliseconds,
                        measured.check);
                write(Path.of(arguments.text("out")), gpu.name(), hopper, all);
            }
        }
    }

    private static List<Rate> rates(boolean hopper) {
        List<Rate> rates = new ArrayList<>();
        for (int warps : new int[] {1, 2, 4}) {
            for (String type : new String[] {"f16", "bf16"}) {
                rates.add(new Rate(
                        "mma.sync " + type + ", " + warps + " warps",
                        "rates_mma_" + type,
                        128 * warps,
                        (double) CHAINS * MMA * 4 * warps,
                        "fma",
                        1290));
            }
        }
        rates.add(new Rate("tanh.approx.f32", "rates_tanh", 1024, CHAINS * 1024, "results", 16));
        rates.add(new Rate("tanh.approx.f16x2", "rates_tanh_f16x2", 1024, 2 * CHAINS * 1024, "results", 16));
        rates.add(new Rate("fma.rn.f16x2", "rates_hfma2", 1024, CHAINS * 1024, "lanes", 128));
        for (int warps : new int[] {1, 2, 4}) {
            rates.add(new Rate(
                    "3 mma.sync : 2 tanh, " + warps + " warps",
                    "rates_mix",
                    128 * warps,
                    12.0 * MMA * 4 * warps,
                    "fma",
                    1290));
        }
        for (int columns : hopper ? new int[] {64, 128} : new int[0]) {
            for (int groups : new int[] {1, 2, 3}) {
                rates.add(new Rate(
                        "wgmma n" + columns + ", rows rewritten, " + groups + " warpgroups",
                        "rates_wgmma_n" + columns,
                        128 * groups,
                        64.0 * columns * columns * groups,
                        "fma",
                        2048));
            }
        }
        // 5.5 TB/s over 132 multiprocessors at 1.98 GHz
        rates.add(new Rate(
                "L2 to shared, cp.async", "rates_copy", COPY_THREADS, 16.0 * COPY_DEEP * COPY_THREADS, "bytes", 21));
        // as much from the second cache, to each block of a cluster, until shared memory takes no more
        for (int cluster : hopper ? new int[] {1, 2, 4} : new int[0]) {
            rates.add(new Rate(
                    "L2 to shared, bulk to " + cluster,
                    BULK + cluster,
                    COPY_THREADS,
                    16.0 * PLACE,
                    "bytes",
                    Math.min(21 * cluster, 64)));
        }
        return rates;
    }

    private Measured measure(Rate rate) {
        String check = check(rate);
        int iterations = (int) Math.max(SHORT, Math.round(ITERATIONS * scale));
        double[] milliseconds = gpu.events(RUNS, 10, () -> launch(rate, iterations));
        int blocks = blocks(rate);
        for (float value : gpu.download(out, blocks * rate.threads)) {
            if (!Float.isFinite(value)) {
                throw new IllegalStateException(rate.name + " gave " + value);
            }
        }
        Arrays.sort(milliseconds);
        long[] taken = new long[blocks];
        JCudaDriver.cuMemcpyDtoH(Pointer.to(taken), clocks, 8L * blocks);
        Arrays.sort(taken);
        double middle = taken[blocks / 2] == 0 ? Double.NaN : taken[blocks / 2];
        double median = milliseconds[milliseconds.length / 2];
        return new Measured(rate, rate.perRound * iterations / middle, middle / median / 1e3, median, check);
    }

    /** That are at work at once. */
    private int blocks(Rate rate) {
        return rate.kernel.equals(BULK + 4) && blocks >= NEIGHBOURS
                ? blocks / NEIGHBOURS * NEIGHBOURS
                : blocks - blocks % cluster(rate);
    }

    /** Blocks that share bulk copies. */
    private static int cluster(Rate rate) {
        return rate.kernel.startsWith(BULK) ? Integer.parseInt(rate.kernel.substring(BULK.length())) : 1;
    }

    private void launch(Rate rate, int iterations) {
        int blocks = blocks(rate);
        boolean bulk = rate.kernel.startsWith(BULK);
        CUfunction kernel = bulk ? gpu.function(rate.kernel, PLACES_BYTES) : gpu.function(rate.kernel);
        Pointer rounds = Pointer.to(new int[] {iterations});
        if (bulk || rate.kernel.equals("rates_copy")) {
            gpu.launch(
                    blocks,
                    rate.threads,
                    bulk ? PLACES_BYTES : 16 * COPY_DEEP * COPY_THREADS,
                    kernel,
                    Pointer.to(clocks),
                    Pointer.to(out),
                    rounds,
                    Pointer.to(words),
                    Pointer.to(new int[] {WORDS}));
        } else {
            int columns = columns(rate);
            gpu.launch(
                    blocks,
                    rate.threads,
                    2 * columns * columns,
                    kernel,
                    Pointer.to(clocks),
                    Pointer.to(out),
                    rounds);
        }
    }

    /** Of a layer of warpgroups, whose weights are in the dynamic shared memory. */
    private static int columns(Rate rate) {
        return rate.kernel.startsWith("rates_wgmma_n") ? Integer.parseInt(rate.kernel.substring(13)) : 0;
    }

    private float[] after(Rate rate, int iterations) {
        launch(rate, iterations);
        return gpu.download(out, blocks(rate) * rate.threads);
    }

    /** A few rounds against what they should give. */
    private String check(Rate rate) {
        float[] got = after(rate, SHORT);
        double[] expected = new double[got.length];
        float[] once = rate.kernel.startsWith("rates_m")
                ? after(
                        new Rate(
                                "",
                                rate.kernel.equals("rates_mix") ? "rates_mma_f16" : rate.kernel,
                                rate.threads,
                                0,
                                "",
                                0),
                        1)
                : new float[0];
        double[] rewritten = columns(rate) == 0 ? new double[0] : rewritten(columns(rate), rate.threads);
        for (int i = 0; i < got.length; i++) {
            int thread = i % rate.threads;
            expected[i] = switch (rate.kernel) {
                case "rates_wgmma_n64", "rates_wgmma_n128" -> rewritten[thread];
                case "rates_mma_f16", "rates_mma_bf16" -> (double) SHORT * once[i];
                case "rates_mix" -> 1.5 * SHORT * once[i] + tanh(thread, 1);
                case "rates_tanh" -> tanh(thread, 1);
                case "rates_tanh_f16x2" -> tanh(thread, 1) + tanh(thread, -1);
                case "rates_hfma2" -> halved(thread);
                case "rates_copy" ->
                    word(i / rate.threads * 8192 + thread + (COPY_DEEP * SHORT - 1) * COPY_THREADS);
                case BULK + 1, BULK + 2, BULK + 4 ->
                    word(i / rate.threads / cluster(rate) * 8192 + thread + (SHORT - 1) * PLACE);
                default -> throw new IllegalStateException(rate.kernel);
            };
        }
        double off = 0;
        double all = 0;
        for (int i = 0; i < got.length; i++) {
            off += Math.pow(got[i] - expected[i], 2);
            all += Math.pow(expected[i], 2);
        }
        double relative = Math.sqrt(off / all);
        if (!(relative < 5e-3)) {
            throw new IllegalStateException(rate.name + " is off by " + relative);
        }
        return String.format(Locale.ROOT, "off by %.0e", relative);
    }

    /** As in the kernels. */
    private static float value(int i) {
        int bits = i * (int) 2654435761L ^ i << 7;
        return ((bits >>> 9 & 1023) - 511.5f) * (1 / 1024f);
    }

    private static double tanh(int thread, int sign) {
        double sum = 0;
        for (int k = 0; k < CHAINS; k++) {
            double x = 1 + sign * value(thread + k);
            for (int i = 0; i < SHORT; i++) {
                x = Math.tanh(x);
            }
            sum += x;
        }
        return sum;
    }

    /** What each thread sums of its rows after some layers by the kernel's weights. */
    private static double[] rewritten(int columns, int threads) {
        double[] sums = new double[threads];
        for (int row = 0; row < threads / 2; row++) {
            double[] x = new double[columns];
            for (int k = 0; k < columns; k++) {
                x[k] = value(row * columns + k);
            }
            for (int i = 0; i < SHORT; i++) {
                double[] y = new double[columns];
                for (int j = 0; j < columns; j++) {
                    for (int k = 0; k < columns; k++) {
                        boolean odd = Integer.bitCount((5 * j + 3) % columns & k) % 2 == 1;
                        y[j] += (odd ? -x[k] : x[k]) / Math.sqrt(columns);
                    }
                }
                x = y;
            }
            for (int k = 0; k < columns; k++) {
                sums[row / 16 * 32 + row % 8 * 4 + k % 8 / 2] += x[k];
            }
        }
        return sums;
    }

    private static double halved(int thread) {
        double sum = 0;
        for (int k = 0; k < CHAINS; k++) {
            for (double x : new double[] {value(thread + k), value(thread - k)}) {
                double y = x;
                for (int i = 0; i < SHORT; i++) {
                    y = y / 2 + 1;
                }
                sum += y;
            }
        }
        return sum;
    }

    private double word(int number) {
        int at = number & WORDS - 1;
        return (double) data[4 * at] + data[4 * at + 1] + data[4 * at + 2] + data[4 * at + 3];
    }

    private static void write(Path file, String device, boolean hopper, List<Measured> all) throws IOException {
        try (OutputStream stream = Files.newOutputStream(file);
                Json json = Json.to(stream)) {
            json.object().field("device", device).array("rates");
            for (Measured one : all) {
                json.object().field("name", one.rate.name).field("unit", one.rate.unit);
                json.field("milliseconds", one.milliseconds).field("check", one.check);
                if (!Double.isNaN(one.each)) {
                    json.field("each", one.each).field("clock", one.clock);
                }
                if (hopper) {
                    json.field("model", one.rate.model);
                }
                json.end();
            }
            json.end().end();
        }
    }
}
