package org.tweedie.device.cuda;

import static jcuda.driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES;
import static jcuda.driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
import static jcuda.driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK;
import static jcuda.driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_NUM_REGS;
import static jcuda.driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES;

import jcuda.driver.CUcontext;
import jcuda.driver.CUfunction;
import jcuda.driver.JCudaDriver;
import org.tweedie.device.Kernel;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.LaunchShape;

/** A kernel of the loaded fat binary. */
final class CudaKernel implements Kernel {
    /** Dynamic shared bytes that a launch may ask for without more ado. */
    private static final int USUAL_SHARED = 48 * 1024;

    static final int MOST_PARAMETERS = 64;

    final CUfunction function = new CUfunction();
    final Context context;

    private final KernelEntry entry;
    private final Resources resources;
    private volatile int shared;

    CudaKernel(Context context, KernelEntry entry) {
        if (entry.parameters().size() > MOST_PARAMETERS) {
            throw new IllegalArgumentException(entry.name() + " has "
                    + entry.parameters().size() + " parameters; a kernel may have at most " + MOST_PARAMETERS);
        }
        this.context = context;
        this.entry = entry;
        CUcontext callers = context.enter();
        try {
            int code = Codes.of(() -> JCudaDriver.cuModuleGetFunction(function, context.module(), entry.name()));
            if (code != 0) {
                throw context.failure(code, "kernel " + entry.name() + ": cuModuleGetFunction");
            }
            this.resources = new Resources(
                    attribute(CU_FUNC_ATTRIBUTE_NUM_REGS),
                    attribute(CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES),
                    attribute(CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES),
                    attribute(CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK));
        } finally {
            context.leave(callers);
        }
        this.shared = USUAL_SHARED - resources.sharedBytes();
    }

    private int attribute(int which) {
        int[] value = new int[1];
        int code = Codes.of(() -> JCudaDriver.cuFuncGetAttribute(value, which, function));
        if (code != 0) {
            throw context.failure(code, "kernel " + entry.name() + ": cuFuncGetAttribute");
        }
        return value[0];
    }

    /** Refuses a shape that this kernel cannot have, and lifts its limit of shared memory when first needed. In context. */
    void admit(LaunchShape shape) {
        int threads = shape.blockX() * shape.blockY() * shape.blockZ();
        if (threads > resources.mostThreads()) {
            throw new IllegalArgumentException(entry.name() + " " + shape + ": " + threads
                    + " threads a block, but it takes at most " + resources.mostThreads() + " (launch bounds, or "
                    + resources.registers() + " registers a thread)");
        }
        if (shape.sharedBytes() > shared) {
            liftShared(shape);
        }
    }

    private synchronized void liftShared(LaunchShape shape) {
        int most = context.mostShared - resources.sharedBytes();
        if (shape.sharedBytes() > most) {
            throw new IllegalArgumentException(
                    entry.name() + " " + shape + ": " + shape.sharedBytes() + " bytes of shared memory a block, but "
                            + context + " has " + most + " left beside the kernel's own " + resources.sharedBytes());
        }
        if (shape.sharedBytes() > shared) {
            int code = Codes.of(() ->
                    JCudaDriver.cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, most));
            if (code != 0) {
                throw context.failure(code, entry.name() + ": cuFuncSetAttribute of " + most + " shared bytes");
            }
            shared = most;
        }
    }

    @Override
    public int together(int threads, int sharedBytes) {
        CUcontext callers = context.enter();
        try {
            admit(LaunchShape.blocks(1, 1, threads, sharedBytes));
            int[] blocks = new int[1];
            int code = Codes.of(() ->
                    JCudaDriver.cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, function, threads, sharedBytes));
            if (code != 0) {
                throw context.failure(code, entry.name() + ": cuOccupancyMaxActiveBlocksPerMultiprocessor");
            }
            return blocks[0] * context.processors;
        } finally {
            context.leave(callers);
        }
    }

    @Override
    public KernelEntry entry() {
        return entry;
    }

    @Override
    public Resources resources() {
        return resources;
    }

    @Override
    public String toString() {
        return entry.name() + " on " + context.spec;
    }
}
