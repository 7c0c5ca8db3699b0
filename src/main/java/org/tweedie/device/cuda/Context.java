package org.tweedie.device.cuda;

import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT;

import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Allocations;
import org.tweedie.device.CudaStatus.Gpu;
import org.tweedie.device.DeviceException;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.DeviceUnavailableException;
import org.tweedie.device.OutOfDeviceMemoryException;

/**
 * The primary context of a GPU as one {@link CudaDevice} holds it, with the kernels loaded in it. Every handle of the
 * device keeps this object, and nothing here refers back to them, so that a forgotten handle can become unreachable.
 */
final class Context {
    private static final System.Logger LOG = System.getLogger("org.tweedie.device");
    /** What outlives a context and was not taken back: graphs, and contexts themselves. */
    private static final Unreturned BEYOND = new Unreturned();

    final int ordinal;
    final String name;
    final DeviceKind kind;
    final String spec;
    /** Most dynamic and static shared bytes a block may have together. */
    final int mostShared;
    /** Multiprocessors. */
    final int processors;
    /** Whether the image that was loaded is that of Hopper, with its warpgroup instructions. */
    final boolean warpgroups;
    /** {@code -Dtweedie.sync=true}: wait after each launch, so that an error names its launch. */
    final boolean sync = Boolean.getBoolean("tweedie.sync");
    /** Each open handle is inside; the last one out releases the context. */
    final Guard guard;

    final Allocations allocations;

    /** What this context did not take back. */
    private final Unreturned unreturned = new Unreturned();

    private final CUdevice gpu = new CUdevice();
    private final CUcontext handle = new CUcontext();
    private final CUmodule module = new CUmodule();
    private volatile @Nullable String lost;

    private Context(Gpu found) {
        this.ordinal = found.ordinal();
        this.name = found.name();
        this.kind = found.kind();
        this.warpgroups = found.major() == 9 && found.minor() == 0;
        this.spec = "cuda:" + ordinal;
        this.allocations = new Allocations(spec);
        byte[] image = KernelImage.load(kind);
        start(Codes.of(() -> JCudaDriver.cuDeviceGet(gpu, ordinal)), "cuDeviceGet");
        int[] shared = new int[1];
        start(
                CudaProbe.attribute(shared, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, gpu),
                "cuDeviceGetAttribute");
        this.mostShared = shared[0];
        start(CudaProbe.attribute(shared, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, gpu), "cuDeviceGetAttribute");
        this.processors = shared[0];
        start(Codes.of(() -> JCudaDriver.cuDevicePrimaryCtxRetain(handle, gpu)), "cuDevicePrimaryCtxRetain");
        boolean loaded = false;
        try {
            CUcontext callers = new CUcontext();
            start(Codes.of(() -> JCudaDriver.cuCtxGetCurrent(callers)), "cuCtxGetCurrent");
            start(callers.equals(handle) ? 0 : current(handle), "cuCtxSetCurrent");
            try {
                // not cuModuleLoadFatBinary: JCuda 12.6.0 never hands its module back
                start(
                        Codes.of(() -> JCudaDriver.cuModuleLoadData(module, image)),
                        "cuModuleLoadData of " + image.length + " bytes");
                loaded = true;
            } finally {
                leave(callers);
            }
        } finally {
            if (!loaded) {
                releasePrimary();
            }
        }
        this.guard = new Guard("device " + spec, this::release);
    }

    static Context open(int ordinal) {
        CudaProbe.requireDriver(ordinal);
        // a context that could not be released may be a broken one, and would be handed out again
        BEYOND.offer(Codes::of);
        int[] count = new int[1];
        int code = Codes.of(() -> JCudaDriver.cuDeviceGetCount(count));
        if (code != 0) {
            throw new DeviceUnavailableException(Failures.text("cuda:" + ordinal + ": cuDeviceGetCount", code));
        }
        if (ordinal >= count[0]) {
            throw new DeviceUnavailableException("cuda:" + ordinal + " does not exist: the driver lists "
                    + (count[0] == 0
                            ? "no GPU; check nvidia-smi and CUDA_VISIBLE_DEVICES"
                            : "cuda:0 to cuda:" + (count[0] - 1)));
        }
        Gpu found = CudaProbe.gpu(ordinal);
        if (found.refusal().isPresent()) {
            throw new DeviceUnavailableException(found.refusal().get());
        }
        return new Context(found);
    }

    private void start(int code, String what) {
        if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            throw new DeviceUnavailableException(
                    Failures.text(spec + " (" + name + "): " + what, code, "other programs hold its memory"));
        }
        if (code != 0) {
            throw new DeviceUnavailableException(Failures.text(spec + " (" + name + "): " + what, code));
        }
    }

    private static int current(CUcontext context) {
        return Codes.of(() -> JCudaDriver.cuCtxSetCurrent(context));
    }

    /** Makes this context current, and returns the caller's for {@link #leave}. Cheap where it is current already. */
    CUcontext enter() {
        String cause = lost;
        if (cause != null) {
            throw new DeviceException(spec + " was lost: " + cause);
        }
        CUcontext callers = new CUcontext();
        int code = Codes.of(() -> JCudaDriver.cuCtxGetCurrent(callers));
        if (code != 0) {
            throw failure(code, "cuCtxGetCurrent");
        }
        code = callers.equals(handle) ? 0 : current(handle);
        if (code != 0) {
            throw failure(code, "cuCtxSetCurrent");
        }
        return callers;
    }

    /**
     * Gives the thread back the context that it came with. What was done stands, so a failure is a warning; the thread is then
     * left with no context rather than with this one, which is going to be destroyed.
     */
    void leave(CUcontext callers) {
        int code = callers.equals(handle) ? 0 : current(callers);
        if (code != 0) {
            warn(code, "cuCtxSetCurrent to the caller's context", new LastLaunch());
            if (current(callers) != 0) {
                current(new CUcontext());
            }
        }
    }

    /** Runs one call in this context and returns its code. */
    int code(Codes.Call call) {
        CUcontext callers = enter();
        try {
            return Codes.of(call);
        } finally {
            leave(callers);
        }
    }

    /** Runs one call in this context, which must succeed. */
    void call(Codes.Call call, String what) {
        int code = code(call);
        if (code != 0) {
            throw failure(code, what);
        }
    }

    /** Runs a call that makes a handle, and counts the handle into the guard; {@link #close(Codes.Call, String)} counts it out. */
    void open(Codes.Call call, String what, long bytes) {
        guard.enter();
        int code = -1;
        try {
            code = code(call);
            if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY && bytes > 0) {
                throw outOfMemory(what, bytes);
            }
            if (code != 0) {
                throw failure(code, what);
            }
        } finally {
            if (code != 0) {
                guard.exit();
            }
        }
    }

    /** Returns a handle and counts it out. */
    void close(Codes.Call call, String what) {
        try {
            giveBack(call, what);
        } finally {
            guard.exit();
        }
    }

    /**
     * Returns a resource; tried on a lost device too. One that the driver does not take back is a warning, for what the caller
     * did has been done, and it is offered again when this context goes. After a code that loses the context it is not: it may
     * have been taken back all the same, and goes with the context.
     */
    void giveBack(Codes.Call call, String what) {
        int code = settle(call, what);
        if (code != 0 && !Codes.fatal(code)) {
            unreturned.add(call);
        }
    }

    /** As above, for what belongs to the process instead of a context, and needs none: graphs. */
    void giveBackGraph(Codes.Call call, String what) {
        int code = Codes.of(call);
        if (code != 0) {
            warn(code, what, new LastLaunch());
            if (!Codes.fatal(code)) {
                BEYOND.add(call);
            }
        }
    }

    /** Runs a call of a close; its failure is a warning. Returns the code. */
    int settle(Codes.Call call, String what) {
        return settle(call, what, new LastLaunch());
    }

    /** As above; {@code last} may be what failed. */
    int settle(Codes.Call call, String what, LastLaunch last) {
        String[] failed = {what};
        int code = attempt(call, failed);
        if (code != 0) {
            warn(code, failed[0], last);
        }
        return code;
    }

    /** Runs a call in this context, lost or not. Returns the code. */
    int attempt(Codes.Call call) {
        return attempt(call, new String[1]);
    }

    /** As above; {@code failed} is told if it was not the call itself that failed. */
    private int attempt(Codes.Call call, String[] failed) {
        CUcontext callers = new CUcontext();
        int code = Codes.of(() -> JCudaDriver.cuCtxGetCurrent(callers));
        if (code != 0) {
            failed[0] += " came to nothing: cuCtxGetCurrent";
            return code;
        }
        code = callers.equals(handle) ? 0 : current(handle);
        if (code != 0) {
            failed[0] += " came to nothing: cuCtxSetCurrent";
            return code;
        }
        try {
            return Codes.of(call);
        } finally {
            leave(callers);
        }
    }

    private void warn(int code, String what, LastLaunch last) {
        if (lost == null) { // else the code says nothing new
            LOG.log(System.Logger.Level.WARNING, failure(code, what, last).getMessage());
        }
    }

    /** The exception for a code; one that the device does not survive marks it as lost. */
    DeviceException failure(int code, String what) {
        return failure(code, what, new LastLaunch());
    }

    /** As above; {@code last} may be what failed, for queued work reports late. */
    DeviceException failure(int code, String what, LastLaunch last) {
        if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            return outOfMemory(what, 0);
        }
        String text = Failures.text(spec + ": " + what, code);
        if (!Codes.fatal(code)) {
            return new DeviceException(text);
        }
        if (!sync) {
            String suspect = last.toString();
            text += "; rerun with -Dtweedie.sync=true to name the launch"
                    + (suspect.isEmpty() ? "" : " (the last one queued was " + suspect + ")");
        }
        text += "; close this device and open it again, or restart the process if that fails";
        lost = text;
        return new DeviceException(text);
    }

    /** @param asked 0 where it is not known */
    OutOfDeviceMemoryException outOfMemory(String what, long asked) {
        return new OutOfDeviceMemoryException(
                this + ": " + what + " " + Codes.name(CUresult.CUDA_ERROR_OUT_OF_MEMORY), asked, free());
    }

    /** Free bytes, or -1 where the driver does not say: this is part of a message, which must not fail. */
    private long free() {
        long[] free = new long[1];
        long[] total = new long[1];
        return attempt(() -> JCudaDriver.cuMemGetInfo(free, total)) == 0 ? free[0] : -1;
    }

    CUmodule module() {
        return module;
    }

    private void release() {
        unreturned.offer(this::attempt);
        settle(() -> JCudaDriver.cuModuleUnload(module), "cuModuleUnload");
        releasePrimary();
        BEYOND.offer(Codes::of);
    }

    private void releasePrimary() {
        Codes.Call call = () -> JCudaDriver.cuDevicePrimaryCtxRelease(gpu);
        int code = Codes.of(call);
        if (code != 0) {
            warn(code, "cuDevicePrimaryCtxRelease", new LastLaunch());
            BEYOND.add(call);
        }
    }

    @Override
    public String toString() {
        return spec + " (" + name + ")";
    }
}
