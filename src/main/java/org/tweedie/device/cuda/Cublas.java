package org.tweedie.device.cuda;

import static jcuda.cudaDataType.CUDA_R_16BF;
import static jcuda.cudaDataType.CUDA_R_16F;
import static jcuda.cudaDataType.CUDA_R_32F;
import static jcuda.jcublas.cublasComputeType.CUBLAS_COMPUTE_32F;
import static jcuda.jcublas.cublasComputeType.CUBLAS_COMPUTE_32F_FAST_TF32;
import static jcuda.jcublas.cublasGemmAlgo.CUBLAS_GEMM_DEFAULT;
import static jcuda.jcublas.cublasMath.CUBLAS_DEFAULT_MATH;
import static jcuda.jcublas.cublasMath.CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION;
import static jcuda.jcublas.cublasOperation.CUBLAS_OP_N;
import static jcuda.jcublas.cublasOperation.CUBLAS_OP_T;

import java.util.Optional;
import jcuda.Pointer;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import jcuda.runtime.cudaStream_t;
import org.tweedie.device.Allocations;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceUnavailableException;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;

/**
 * cuBLAS matrix products on row-major matrices, where cuBLAS is installed: an accelerator and a yardstick, never needed.
 * C = alpha op(A) op(B) + beta C.
 *
 * <p>With the algorithm, the workspace and the mode of arithmetic pinned, one shape gives the same bits each time on one GPU
 * and one version of cuBLAS; another count of rows may give others.
 *
 * <p>Bound to one stream, and used by one thread at a time; to be closed before the stream.
 */
public final class Cublas implements AutoCloseable {
    /** Since Ampere cuBLAS chooses by shape under any number; the number is passed all the same. */
    private static final int ALGORITHM = CUBLAS_GEMM_DEFAULT;
    /** What cuBLAS itself takes on Hopper. */
    private static final long WORKSPACE = 32L << 20;

    private final CudaStream stream;
    private final cublasHandle handle;
    private final CudaBuffer workspace;
    private final Guard guard;
    private final Allocations.Ticket ticket;

    private Cublas(CudaStream stream, cublasHandle handle, CudaBuffer workspace) {
        this.stream = stream;
        this.handle = handle;
        this.workspace = workspace;
        Context context = stream.context();
        this.guard = new Guard("this cuBLAS on " + context.spec, () -> {
            context.close(
                    () -> Library.CUBLAS.code(() -> JCublas2.cublasDestroy(handle)) == 0 ? 0 : 1, "cublasDestroy");
            workspace.close();
        });
        this.ticket = context.allocations.opened(this, "a cuBLAS handle", 0, guard::close);
    }

    /** Why cuBLAS cannot be used here; empty where it can. */
    public static Optional<String> unavailable() {
        return Library.CUBLAS.unavailable();
    }

    /**
     * cuBLAS on a stream of a CUDA device.
     *
     * @throws DeviceUnavailableException if cuBLAS is not installed or the stream is the host's; says which
     */
    public static Cublas on(Stream stream) {
        CudaStream mine = Library.CUBLAS.on(stream);
        Context context = mine.context();
        CudaBuffer workspace = CudaBuffer.allocate((CudaDevice) mine.device(), Element.I8, WORKSPACE);
        cublasHandle handle = new cublasHandle();
        boolean ready = false;
        boolean[] created = new boolean[1];
        context.guard.enter();
        try {
            mine.hold(
                    () -> {
                        check(context, () -> JCublas2.cublasCreate(handle), "cublasCreate");
                        created[0] = true;
                        check(
                                context,
                                () -> JCublas2.cublasSetStream(handle, new cudaStream_t(mine.cuda())),
                                "cublasSetStream");
                        check(
                                context,
                                () -> JCublas2.cublasSetWorkspace(handle, Address.of(workspace.address), WORKSPACE),
                                "cublasSetWorkspace");
                        check(
                                context,
                                () -> JCublas2.cublasSetMathMode(
                                        handle, CUBLAS_DEFAULT_MATH | CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION),
                                "cublasSetMathMode");
                    },
                    workspace);
            ready = true;
        } finally {
            if (!ready) {
                context.close(() -> created[0] ? JCublas2.cublasDestroy(handle) : 0, "cublasDestroy");
                workspace.close();
            }
        }
        return new Cublas(mine, handle, workspace);
    }

    private static void check(Context context, Codes.Call call, String what) {
        Library.CUBLAS.check(context, Library.CUBLAS.code(call), what);
    }

    /** C = alpha op(A) op(B) + beta C in f32, without TF32. */
    public void sgemm(float alpha, Matrix a, Matrix b, float beta, Matrix c) {
        Shape shape = Shape.of("cublasSgemm", a, b, c);
        require("cublasSgemm", Element.F32, a, b, c);
        run(
                shape,
                a,
                b,
                c,
                (pointerA, pointerB, pointerC) -> JCublas2.cublasSgemm(
                        handle,
                        operation(b),
                        operation(a),
                        shape.n,
                        shape.m,
                        shape.k,
                        Pointer.to(new float[] {alpha}),
                        pointerB,
                        b.stride,
                        pointerA,
                        a.stride,
                        Pointer.to(new float[] {beta}),
                        pointerC,
                        c.stride));
    }

    /**
     * C = alpha op(A) op(B) + beta C with f16 or bf16 operands (or f32), products summed in f32.
     *
     * @param c of the operands' element type, or F32
     */
    public void gemmEx(float alpha, Matrix a, Matrix b, float beta, Matrix c) {
        gemmEx(alpha, a, b, beta, c, CUBLAS_COMPUTE_32F);
    }

    /** C = alpha op(A) op(B) + beta C of f32 whose operands may be rounded to 11 bits (tf32), products summed in f32. */
    public void tf32(float alpha, Matrix a, Matrix b, float beta, Matrix c) {
        require("cublasGemmEx of tf32", Element.F32, a, b, c);
        gemmEx(alpha, a, b, beta, c, CUBLAS_COMPUTE_32F_FAST_TF32);
    }

    private void gemmEx(float alpha, Matrix a, Matrix b, float beta, Matrix c, int compute) {
        Shape shape = Shape.of("cublasGemmEx", a, b, c);
        int type = type(a.data.element());
        int result = type(c.data.element());
        if (b.data.element() != a.data.element() || (result != type && result != CUDA_R_32F)) {
            throw new IllegalArgumentException("cublasGemmEx of " + a.data.element() + " by " + b.data.element()
                    + " into " + c.data.element() + "; operands must agree, and the result be of their type or F32");
        }
        run(
                shape,
                a,
                b,
                c,
                (pointerA, pointerB, pointerC) -> JCublas2.cublasGemmEx_new(
                        handle,
                        operation(b),
                        operation(a),
                        shape.n,
                        shape.m,
                        shape.k,
                        Pointer.to(new float[] {alpha}),
                        pointerB,
                        type,
                        b.stride,
                        pointerA,
                        type,
                        a.stride,
                        Pointer.to(new float[] {beta}),
                        pointerC,
                        result,
                        c.stride,
                        compute,
                        ALGORITHM));
    }

    @FunctionalInterface
    private interface Product {
        int code(Pointer a, Pointer b, Pointer c);
    }

    private void run(Shape shape, Matrix a, Matrix b, Matrix c, Product product) {
        if (shape.m == 0 || shape.n == 0) {
            return;
        }
        CudaBuffer mineA = stream.mine(a.data);
        CudaBuffer mineB = stream.mine(b.data);
        CudaBuffer mineC = stream.mine(c.data);
        guard.enterAlone();
        try {
            stream.hold(
                    () -> check(
                            stream.context(),
                            () -> product.code(
                                    CudaStream.at(mineA, a.offset),
                                    CudaStream.at(mineB, b.offset),
                                    CudaStream.at(mineC, c.offset)),
                            shape.toString()),
                    mineA,
                    mineB,
                    mineC,
                    workspace);
        } finally {
            guard.exit();
        }
    }

    private static int operation(Matrix matrix) {
        return matrix.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    }

    private static int type(Element element) {
        return switch (element) {
            case F32 -> CUDA_R_32F;
            case F16 -> CUDA_R_16F;
            case BF16 -> CUDA_R_16BF;
            default -> throw new IllegalArgumentException("cublasGemmEx takes F32, F16 and BF16, got " + element);
        };
    }

    private static void require(String what, Element element, Matrix... matrices) {
        for (Matrix matrix : matrices) {
            if (matrix.data.element() != element) {
                throw new IllegalArgumentException(what + " takes " + element + ", got " + matrix.data.element());
            }
        }
    }

    @Override
    public void close() {
        ticket.close();
    }

    /** Column-major cuBLAS sees each row-major matrix transposed, so it is asked for transposed C = op(B)' op(A)'. */
    private record Shape(String what, int m, int n, int k) {
        static Shape of(String what, Matrix a, Matrix b, Matrix c) {
            int m = a.transposed ? a.columns : a.rows;
            int k = a.transposed ? a.rows : a.columns;
            int inner = b.transposed ? b.columns : b.rows;
            int n = b.transposed ? b.rows : b.columns;
            if (c.transposed || inner != k || c.rows != m || c.columns != n) {
                throw new IllegalArgumentException(
                        what + ": (" + m + " x " + k + ") by (" + inner + " x " + n + ") into "
                                + (c.transposed ? "transposed " : "") + c.rows + " x " + c.columns + " does not fit");
            }
            return new Shape(what, m, n, k);
        }

        @Override
        public String toString() {
            return what + " (" + m + " x " + k + ") by (" + k + " x " + n + ")";
        }
    }

    /**
     * A row-major matrix in a buffer. Immutable.
     *
     * @param offset of its first element
     * @param rows as stored
     * @param columns as stored
     * @param stride elements from row to row, at least {@code columns}
     * @param transposed whether the product takes it transposed
     */
    public record Matrix(DeviceBuffer data, long offset, int rows, int columns, int stride, boolean transposed) {
        public Matrix {
            if (rows < 0
                    || columns < 0
                    || stride < Math.max(1, columns)
                    || offset < 0
                    || (rows > 0 && offset + (rows - 1L) * stride + columns > data.count())) {
                throw new IllegalArgumentException("matrix out of range: " + rows + " x " + columns + ", stride "
                        + stride + " from " + offset + " of a buffer of " + data.count());
            }
        }

        /** Dense, from the start of a buffer. */
        public static Matrix of(DeviceBuffer data, int rows, int columns) {
            return new Matrix(data, 0, rows, columns, Math.max(1, columns), false);
        }

        /** The same memory, taken transposed. */
        public Matrix transpose() {
            return new Matrix(data, offset, rows, columns, stride, !transposed);
        }
    }
}
