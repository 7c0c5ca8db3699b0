package org.tweedie.device.cuda;

import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN;

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

    final int ordinal;
    final String name;
    final DeviceKind kind;
    final String spec;
    /** Most dynamic and static shared bytes a block may have together. */
    final int mostShared;
    /** {@code -Dtweedie.sync=true}: wait after each launch, so that an error names its launch. */
    final boolean sync = Boolean.getBoolean("tweedie.sync");
    /** Each open handle is inside; the last one out releases the context. */
    final Guard guard;

    final Allocations allocations;

    private final CUdevice gpu = new CUdevice();
    private final CUcontext handle = new CUcontext();
    private final CUmodule module = new CUmodule();
    private volatile @Nullable String lost;

    private Context(Gpu found) {
        this.ordinal = found.ordinal();
        this.name = found.name();
        this.kind = found.kind();
        this.spec = "cuda:" + ordinal;
        this.allocations = new Allocations(spec);
        byte[] image = KernelImage.load(kind);
        start(Codes.of(() -> JCudaDriver.cuDeviceGet(gpu, ordinal)), "cuDeviceGet");
        this.mostShared = CudaProbe.attribute(gpu, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
        start(Codes.of(() -> JCudaDriver.cuDevicePrimaryCtxRetain(handle, gpu)), "cuDevicePrimaryCtxRetain");
        boolean loaded = false;
        try {
            CUcontext callers = enter();
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
                JCudaDriver.cuDevicePrimaryCtxRelease(gpu);
            }
        }
        this.guard = new Guard("device " + spec, this::release);
    }

    static Context open(int ordinal) {
        CudaProbe.requireDriver(ordinal);
        int[] count = new int[1];
        int code = Codes.of(() -> JCudaDriver.cuDeviceGetCount(count));
        if (code != 0 || ordinal >= count[0]) {
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

    /** Makes this context current, and returns the caller's for {@link #leave}. Cheap where it is current already. */
    CUcontext enter() {
        String cause = lost;
        if (cause != null) {
            throw new DeviceException(spec + " was lost: " + cause);
        }
        return swap();
    }

    private CUcontext swap() {
        CUcontext callers = new CUcontext();
        int code = Codes.of(() -> JCudaDriver.cuCtxGetCurrent(callers));
        if (code == 0 && !callers.equals(handle)) {
            code = Codes.of(() -> JCudaDriver.cuCtxSetCurrent(handle));
        }
        if (code != 0) {
            throw failure(code, "cuCtxSetCurrent");
        }
        return callers;
    }

    /** Gives the thread back the context that it came with. */
    void leave(CUcontext callers) {
        if (!callers.equals(handle)) {
            int code = Codes.of(() -> JCudaDriver.cuCtxSetCurrent(callers));
            if (code != 0) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        failure(code, "restoring the caller's context").getMessage());
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
                throw outOfMemory(bytes);
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
            release(call, what);
        } finally {
            guard.exit();
        }
    }

    /** Returns a resource; tried on a lost device too, where the code says nothing new. */
    void release(Codes.Call call, String what) {
        CUcontext callers;
        try {
            callers = swap();
        } catch (DeviceException e) {
            LOG.log(System.Logger.Level.DEBUG, e.getMessage());
            return;
        }
        try {
            int code = Codes.of(call);
            if (code != 0 && lost == null) {
                LOG.log(System.Logger.Level.WARNING, failure(code, what).getMessage());
            }
        } finally {
            leave(callers);
        }
    }

    /** The exception for a code; one that the device does not survive marks it as lost. */
    DeviceException failure(int code, String what) {
        return failure(code, what, new LastLaunch());
    }

    /** As above; {@code last} may be what failed, for queued work reports late. */
    DeviceException failure(int code, String what, LastLaunch last) {
        if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            return new OutOfDeviceMemoryException(this + ": " + what, 0, free());
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
        lost = text + "; close this device and open it again, or restart the process if that fails";
        return new DeviceException(lost);
    }

    OutOfDeviceMemoryException outOfMemory(long asked) {
        return new OutOfDeviceMemoryException(spec + " (" + name + ")", asked, free());
    }

    private long free() {
        long[] free = new long[1];
        long[] total = new long[1];
        CUcontext callers = swap();
        try {
            return Codes.of(() -> JCudaDriver.cuMemGetInfo(free, total)) == 0 ? free[0] : 0;
        } finally {
            leave(callers);
        }
    }

    CUmodule module() {
        return module;
    }

    private void release() {
        release(() -> JCudaDriver.cuModuleUnload(module), "cuModuleUnload");
        int code = Codes.of(() -> JCudaDriver.cuDevicePrimaryCtxRelease(gpu));
        if (code != 0 && lost == null) {
            LOG.log(System.Logger.Level.WARNING, Failures.text(spec + ": cuDevicePrimaryCtxRelease", code));
        }
    }

    @Override
    public String toString() {
        return spec + " (" + name + ")";
    }
}
