package org.tweedie.bench.jcuda;

import static jcuda.cudaDataType.CUDA_R_16BF;
import static jcuda.cudaDataType.CUDA_R_16F;
import static jcuda.cudaDataType.CUDA_R_32F;
import static jcuda.jcublas.cublasComputeType.CUBLAS_COMPUTE_32F;
import static jcuda.jcublas.cublasGemmAlgo.CUBLAS_GEMM_DEFAULT;
import static jcuda.jcublas.cublasMath.CUBLAS_DEFAULT_MATH;
import static jcuda.jcublas.cublasMath.CUBLAS_TF32_TENSOR_OP_MATH;
import static jcuda.jcublas.cublasOperation.CUBLAS_OP_N;
import static jcuda.jcublas.cublasOperation.CUBLAS_OP_T;

import java.util.Locale;
import java.util.Random;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.JCudaDriver;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import jcuda.jcurand.JCurand;
import jcuda.jcurand.curandGenerator;

/**
 * A network's trajectories, a step: cuRAND's normals into a buffer; for each layer cuBLAS's product, then bias and SiLU; the last product;
 * the step. Activations go through memory between all of them.
 */
final class NetworkSampling {
    /** What the operands of the products are. */
    enum Operands {
        F("F", CUDA_R_32F, 4, 0, 1e-5),
        T("T", CUDA_R_32F, 4, 0, 2e-3),
        F16("H f16", CUDA_R_16F, 2, 1, 2e-3),
        BF16("H bf16", CUDA_R_16BF, 2, 2, 1e-2);

        final String called;
        final int type;
        final int bytes;
        final int kind;
        /** The most that an evaluation may be off, relative. */
        final double mostOff;

        Operands(String called, int type, int bytes, int kind, double mostOff) {
            this.called = called;
            this.type = type;
            this.bytes = bytes;
            this.kind = kind;
            this.mostOff = mostOff;
        }
    }

    private static final int CHECKED = 1024;
    private static final Pointer ONE = Pointer.to(new float[] {1});
    private static final Pointer ZERO = Pointer.to(new float[] {0});

    private final Gpu gpu;
    private final cublasHandle cublas;
    private final curandGenerator curand;
    private final Network network;
    private final Operands operands;
    private final int rows;
    private final CUdeviceptr[] weights;
    private final CUdeviceptr biases;
    private final CUdeviceptr outBias;
    private final CUdeviceptr[] hidden = new CUdeviceptr[2];
    private final CUdeviceptr x;
    private final CUdeviceptr half;
    private final CUdeviceptr net;
    private final CUdeviceptr z;
    private final CUfunction silu;
    private final CUfunction step;
    private final CUfunction narrow;

    /** Rows are even: cuRAND makes normals in pairs. */
    NetworkSampling(
            Gpu gpu, cublasHandle cublas, curandGenerator curand, Network network, Operands operands, int rows) {
        this.gpu = gpu;
        this.cublas = cublas;
        this.curand = curand;
        this.network = network;
        this.operands = operands;
        this.rows = rows;
        long most = Math.max(rows, CHECKED);
        narrow = gpu.function("pipeline_narrow");
        step = gpu.function("pipeline_step_f32");
        silu = gpu.function(
                switch (operands) {
                    case F, T -> "pipeline_bias_silu_f32";
                    case F16 -> "pipeline_bias_silu_f16";
                    case BF16 -> "pipeline_bias_silu_bf16";
                });
        weights = new CUdeviceptr[network.weights().length];
        for (int l = 0; l < weights.length; l++) {
            float[] w = network.weights()[l];
            CUdeviceptr full = gpu.upload(w);
            weights[l] = operands.kind == 0 ? full : gpu.allocate((long) operands.bytes * w.length);
            if (operands.kind != 0) {
                narrow(full, weights[l], w.length);
            }
        }
        biases = gpu.upload(network.biases());
        outBias = gpu.upload(network.outBias());
        for (int i = 0; i < hidden.length; i++) {
            hidden[i] = gpu.allocate(most * network.width() * operands.bytes);
        }
        long state = most * network.dim() * Float.BYTES;
        x = gpu.allocate(state);
        half = gpu.allocate(state);
        net = gpu.allocate(state);
        z = gpu.allocate(state);
        JCublas2.cublasSetMathMode(cublas, operands == Operands.T ? CUBLAS_TF32_TENSOR_OP_MATH : CUBLAS_DEFAULT_MATH);
    }

    private void narrow(CUdeviceptr from, CUdeviceptr into, int count) {
        gpu.each(count, narrow, Pointer.to(from), Pointer.to(into), i32(operands.kind), i32(count));
    }

    private static Pointer i32(int value) {
        return Pointer.to(new int[] {value});
    }

    private static Pointer f32(float value) {
        return Pointer.to(new float[] {value});
    }

    /** into [count, out] = from [count, in] times the layer's weights [out, in] transposed; column-major cuBLAS sees all of them transposed. */
    private void product(int count, int layer, CUdeviceptr from, int in, CUdeviceptr into, int out, int result) {
        if (operands.kind == 0) {
            JCublas2.cublasSgemm(
                    cublas,
                    CUBLAS_OP_T,
                    CUBLAS_OP_N,
                    out,
                    count,
                    in,
                    ONE,
                    weights[layer],
                    in,
                    from,
                    in,
                    ZERO,
                    into,
                    out);
        } else {
            JCublas2.cublasGemmEx_new(
                    cublas,
                    CUBLAS_OP_T,
                    CUBLAS_OP_N,
                    out,
                    count,
                    in,
                    ONE,
                    weights[layer],
                    operands.type,
                    in,
                    from,
                    operands.type,
                    in,
                    ZERO,
                    into,
                    result,
                    out,
                    CUBLAS_COMPUTE_32F,
                    CUBLAS_GEMM_DEFAULT);
        }
    }

    /** net <- the network of the state at a step, its last bias left out. */
    private void evaluate(int count, int k) {
        CUdeviceptr from = operands.kind == 0 ? x : half;
        int in = network.dim();
        int items = (int) ((long) count * network.width() * operands.bytes / 16);
        for (int l = 0; l < network.depth(); l++) {
            CUdeviceptr into = hidden[l % 2];
            product(count, l, from, in, into, network.width(), operands.type);
            CUdeviceptr bias = biases.withByteOffset(4L * (k * (long) network.depth() + l) * network.width());
            gpu.each(items, silu, Pointer.to(into), Pointer.to(bias), i32(items), i32(network.width()));
            from = into;
            in = network.width();
        }
        product(count, network.depth(), from, in, net, network.dim(), CUDA_R_32F);
    }

    /** Queues a whole trajectory of all rows. */
    void run() {
        int numbers = rows * network.dim();
        JCurand.curandGenerateNormal(curand, x, numbers, 0, (float) network.prior());
        if (operands.kind != 0) {
            narrow(x, half, numbers);
        }
        for (int k = 0; k < network.count(); k++) {
            JCurand.curandGenerateNormal(curand, z, numbers, 0, 1);
            evaluate(rows, k);
            gpu.each(
                    numbers,
                    step,
                    Pointer.to(x),
                    Pointer.to(net),
                    Pointer.to(outBias),
                    Pointer.to(z),
                    Pointer.to(half),
                    i32(operands.kind),
                    i32(numbers),
                    i32(network.dim()),
                    f32(network.steps()[4 * k + 1]),
                    f32(network.steps()[4 * k + 2]),
                    f32(network.steps()[4 * k + 3]));
        }
    }

    float[] samples(int count) {
        return gpu.download(x, Math.min(count, rows) * network.dim());
    }

    /** Holds evaluations to the network in double; says how far off they were. */
    String check() {
        Random random = new Random(1);
        int dim = network.dim();
        float[] points = new float[CHECKED * dim];
        for (int i = 0; i < points.length; i++) {
            points[i] = (float) random.nextGaussian();
        }
        double worst = 0;
        for (int k : new int[] {0, network.count() / 2, network.count() - 1}) {
            gpu.synchronize();
            JCudaDriver.cuMemcpyHtoD(x, Pointer.to(points), 4L * points.length);
            if (operands.kind != 0) {
                narrow(x, half, points.length);
            }
            evaluate(CHECKED, k);
            float[] got = gpu.download(net, points.length);
            double off = 0;
            double all = 0;
            for (int r = 0; r < CHECKED; r++) {
                double[] exact = network.exact(points, r, k);
                for (int d = 0; d < dim; d++) {
                    off += Math.pow(got[r * dim + d] + network.outBias()[d] - exact[d], 2);
                    all += Math.pow(exact[d], 2);
                }
            }
            worst = Math.max(worst, Math.sqrt(off / all));
        }
        if (!(worst <= operands.mostOff)) {
            throw new IllegalStateException(
                    String.format(Locale.ROOT, "an evaluation is off by %.2e, over %.0e", worst, operands.mostOff));
        }
        return String.format(Locale.ROOT, "evaluation off by %.1e", worst);
    }
}
