package org.tweedie.bench.jcuda;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import jcuda.CudaException;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import jcuda.jcurand.JCurand;
import jcuda.jcurand.curandGenerator;
import jcuda.jcurand.curandRngType;
import jcuda.runtime.cudaStream_t;
import org.tweedie.bench.workloads.Row;
import org.tweedie.device.NativeLibraries;
import org.tweedie.device.NativeLibrary;
import org.tweedie.io.Json;

/**
 * The unfused pipeline of a JCuda user on the workloads W0, W1, W1s, W2, W2s, W4 and W5, with the weights, schedules and checks of every
 * peer. Training (W3) is left out: nobody writes a backward pass for this.
 *
 * <pre>
 * Pipeline --inputs FOLDER --kernels bench.fatbin --out jcuda.json [--device cuda:0] [--scale 1] [--runs 10] [--seconds 6] [--only W1,W5]
 * </pre>
 */
public final class Pipeline {
    private static final Map<String, String> DEFAULTS = Map.of(
            "inputs",
            "inputs",
            "kernels",
            "bench.fatbin",
            "out",
            "jcuda.json",
            "device",
            "cuda:0",
            "scale",
            "1",
            "runs",
            "10",
            "seconds",
            "6",
            "only",
            "");
    private static final int LINEAR_STEPS = 256;
    private static final float LINEAR_A = 1 - 1f / LINEAR_STEPS;
    private static final float LINEAR_C = (float) Math.sqrt(2.0 / LINEAR_STEPS);
    private static final int STREAM_DIM = 64;

    private record Sampled(String name, String network, long rows, List<NetworkSampling.Operands> operands) {}

    private static final List<Sampled> SAMPLED = List.of(
            new Sampled("W1", "W1", 1 << 20, List.of(NetworkSampling.Operands.values())),
            new Sampled("W1s", "W1", 4096, List.of(NetworkSampling.Operands.F, NetworkSampling.Operands.F16)),
            new Sampled("W2", "W2", 1 << 18, List.of(NetworkSampling.Operands.values())),
            new Sampled("W2s", "W2", 4096, List.of(NetworkSampling.Operands.F, NetworkSampling.Operands.F16)));

    private final Arguments arguments;
    private final Gpu gpu;
    private final int runs;
    private final List<Row> rows = new ArrayList<>();
    private final cublasHandle products = new cublasHandle();
    private final curandGenerator normals = new curandGenerator();

    private Pipeline(Arguments arguments, Gpu gpu) {
        this.arguments = arguments;
        this.gpu = gpu;
        this.runs = (int) Math.max(1, arguments.number("runs"));
    }

    public static void main(String[] given) throws IOException {
        Arguments arguments = Arguments.of("Pipeline", DEFAULTS, given);
        NativeLibraries.provide(NativeLibrary.CUBLAS);
        NativeLibraries.provide(NativeLibrary.CURAND);
        JCublas2.setExceptionsEnabled(true);
        JCurand.setExceptionsEnabled(true);
        try (Gpu gpu = new Gpu(arguments.ordinal(), Path.of(arguments.text("kernels")))) {
            new Pipeline(arguments, gpu).run();
        }
    }

    /** A multiple of 4 rows, so that normals come in pairs and streams in 16 bytes. */
    private int scaled(long full) {
        return (int) Math.max(64, Math.round(full * arguments.number("scale")) + 3 & ~3L);
    }

    private void run() throws IOException {
        JCublas2.cublasCreate(products);
        JCublas2.cublasSetStream(products, new cudaStream_t(gpu.stream));
        JCurand.curandCreateGenerator(normals, curandRngType.CURAND_RNG_PSEUDO_DEFAULT);
        JCurand.curandSetStream(normals, new cudaStream_t(gpu.stream));
        JCurand.curandSetPseudoRandomGeneratorSeed(normals, 1);
        attempt("W0", "F", () -> linear());
        attempt("W4", "F", () -> perturb());
        attempt("W5", "F", () -> step());
        for (Sampled one : SAMPLED) {
            for (NetworkSampling.Operands operands : one.operands) {
                attempt(one.name, operands.called, () -> sampled(one, operands));
            }
        }
        JCurand.curandDestroyGenerator(normals);
        JCublas2.cublasDestroy(products);
    }

    private interface Work {
        void run() throws IOException;
    }

    /** One that fails is a row that says so, and the others go on; what was measured is on disk after each. */
    private void attempt(String workload, String precision, Work work) throws IOException {
        if (!arguments.wants(workload)) {
            return;
        }
        try {
            work.run();
        } catch (CudaException | IllegalStateException e) {
            System.out.println(workload + " " + precision + " failed: " + e.getMessage());
            rows.add(new Row(
                    workload, "JCuda", precision, "-", new double[] {Double.NaN}, 0, "-", "failed: " + e.getMessage()));
        } finally {
            gpu.free();
        }
        write();
    }

    private void report(
            String workload,
            String by,
            String precision,
            String size,
            double amount,
            String unit,
            String check,
            Runnable queue) {
        Row row = new Row(
                workload,
                "JCuda " + by,
                precision,
                size,
                gpu.events(runs, arguments.number("seconds"), queue),
                amount,
                unit,
                check);
        rows.add(row);
        System.out.printf(
                Locale.ROOT,
                "%-5s %-26s %-6s %-28s %10.3f ms  %s%n",
                workload,
                row.by(),
                precision,
                size,
                row.median(),
                check);
    }

    private void sampled(Sampled one, NetworkSampling.Operands operands) throws IOException {
        Network network = Network.read(Path.of(arguments.text("inputs")), one.network);
        int count = scaled(one.rows);
        NetworkSampling sampling = new NetworkSampling(gpu, products, normals, network, operands, count);
        String check = sampling.check();
        sampling.run();
        check += "; " + Checks.sameLaw(sampling.samples(1024), network.samples(), network.dim());
        report(
                one.name,
                "cuRAND, cuBLAS, kernels",
                operands.called,
                count + " rows x " + network.count() + " steps",
                network.flop() * count * network.count(),
                "flop",
                check,
                sampling::run);
    }

    /** W0: noise into a buffer, then {@code x <- a x + c z}. */
    private void linear() {
        int count = scaled(1 << 23);
        int numbers = 3 * count;
        CUdeviceptr x = gpu.allocate(4L * numbers);
        CUdeviceptr z = gpu.allocate(4L * numbers);
        Runnable work = () -> {
            JCurand.curandGenerateNormal(normals, x, numbers, 0, 1);
            for (int k = 0; k < LINEAR_STEPS; k++) {
                JCurand.curandGenerateNormal(normals, z, numbers, 0, 1);
                affine(x, x, new CUdeviceptr(), z, numbers, LINEAR_A, 0, LINEAR_C);
            }
        };
        work.run();
        double a2 = (double) LINEAR_A * LINEAR_A;
        double left = Math.pow(a2, LINEAR_STEPS);
        double variance = left + (double) LINEAR_C * LINEAR_C * (1 - left) / (1 - a2);
        String check = Checks.noise(gpu.download(x, Math.min(numbers, 1 << 20)), variance);
        report(
                "W0",
                "cuRAND, kernel",
                "F",
                count + " rows x 3 x " + LINEAR_STEPS + " steps",
                9.0 * numbers * LINEAR_STEPS,
                "flop",
                check,
                work);
    }

    /** W4: noise into a buffer, which is kept, then {@code x_t <- 0.8 x + 0.6 eps}. */
    private void perturb() {
        int count = scaled((1 << 28) / STREAM_DIM);
        long numbers = (long) count * STREAM_DIM;
        CUdeviceptr x = gpu.allocate(4 * numbers);
        CUdeviceptr eps = gpu.allocate(4 * numbers);
        CUdeviceptr out = gpu.allocate(4 * numbers);
        JCurand.curandGenerateNormal(normals, x, numbers, 0, 1);
        Runnable work = () -> {
            JCurand.curandGenerateNormal(normals, eps, numbers, 0, 1);
            affine(out, x, new CUdeviceptr(), eps, numbers, 0.8f, 0, 0.6f);
        };
        work.run();
        int n = (int) Math.min(numbers, 1 << 20);
        float[] clean = gpu.download(x, n);
        float[] noise = gpu.download(eps, n);
        held(gpu.download(out, n), i -> 0.8f * clean[i] + 0.6f * noise[i]);
        stream("W4", "cuRAND, kernel, eps kept", count, Checks.noise(noise, 1), work);
    }

    /** W5: noise into a buffer, then {@code x <- 0.99 x + 0.01 s + 0.1 z}. */
    private void step() {
        int count = scaled((1 << 28) / STREAM_DIM);
        long numbers = (long) count * STREAM_DIM;
        CUdeviceptr x = gpu.allocate(4 * numbers);
        CUdeviceptr s = gpu.allocate(4 * numbers);
        CUdeviceptr z = gpu.allocate(4 * numbers);
        JCurand.curandGenerateNormal(normals, x, numbers, 0, 1);
        JCurand.curandGenerateNormal(normals, s, numbers, 0, 1);
        Runnable work = () -> {
            JCurand.curandGenerateNormal(normals, z, numbers, 0, 1);
            affine(x, x, s, z, numbers, 0.99f, 0.01f, 0.1f);
        };
        int n = (int) Math.min(numbers, 1 << 20);
        float[] before = gpu.download(x, n);
        float[] score = gpu.download(s, n);
        work.run();
        float[] noise = gpu.download(z, n);
        held(gpu.download(x, n), i -> 0.99f * before[i] + 0.01f * score[i] + 0.1f * noise[i]);
        stream("W5", "cuRAND, kernel", count, Checks.noise(noise, 1), work);
    }

    private interface Expected {
        float at(int i);
    }

    private static void held(float[] got, Expected expected) {
        for (int i = 0; i < got.length; i++) {
            if (!(Math.abs(got[i] - expected.at(i)) < 1e-5)) {
                throw new IllegalStateException("number " + i + " is " + got[i] + ", not " + expected.at(i));
            }
        }
    }

    private void stream(String workload, String by, int count, String check, Runnable work) {
        report(workload, by, "F", count + " rows x " + STREAM_DIM, 12.0 * count * STREAM_DIM, "byte", check, work);
    }

    private void affine(
            CUdeviceptr out, CUdeviceptr x, CUdeviceptr s, CUdeviceptr z, long numbers, float a, float b, float c) {
        CUfunction kernel = gpu.function("pipeline_affine_f32");
        gpu.each(
                numbers / 4,
                kernel,
                Pointer.to(out),
                Pointer.to(x),
                Pointer.to(s),
                Pointer.to(z),
                Pointer.to(new long[] {numbers / 4}),
                Pointer.to(new float[] {a}),
                Pointer.to(new float[] {b}),
                Pointer.to(new float[] {c}));
    }

    private void write() throws IOException {
        int[] cublas = new int[1];
        int[] curand = new int[1];
        JCublas2.cublasGetVersion(products, cublas);
        JCurand.curandGetVersion(curand);
        try (OutputStream stream = Files.newOutputStream(Path.of(arguments.text("out")));
                Json json = Json.to(stream)) {
            json.object().field("peer", "JCuda");
            json.object("versions")
                    .field("gpu", gpu.name())
                    .field("driver", (long) gpu.driverVersion())
                    .field("cuBLAS", (long) cublas[0])
                    .field("cuRAND", (long) curand[0])
                    .end();
            json.array("rows");
            rows.forEach(row -> row.write(json));
            json.end().end();
        }
    }
}
