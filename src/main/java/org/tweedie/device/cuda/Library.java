package org.tweedie.device.cuda;

import java.util.Optional;
import java.util.function.IntFunction;
import jcuda.jcublas.cublasStatus;
import jcuda.jcurand.curandStatus;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.DeviceException;
import org.tweedie.device.DeviceUnavailableException;
import org.tweedie.device.NativeLibraries;
import org.tweedie.device.NativeLibrary;
import org.tweedie.device.Stream;

/** A library of the CUDA toolkit that may or may not be installed. Looked for once, and only when asked for. */
enum Library {
    CUBLAS(
            "cuBLAS",
            NativeLibrary.CUBLAS,
            "jcuda.jcublas.JCublas2",
            "libcublas.so.12",
            "install it from the CUDA 12 toolkit, or put its folder on LD_LIBRARY_PATH; beside CUDA 13 the library that "
                    + "native/cublas13 makes does; nothing in Tweedie needs it",
            cublasStatus::stringFor,
            cublasStatus.CUBLAS_STATUS_ALLOC_FAILED),
    CURAND(
            "cuRAND",
            NativeLibrary.CURAND,
            "jcuda.jcurand.JCurand",
            "libcurand.so.10",
            "install it from the CUDA 12 or 13 toolkit, or put its folder on LD_LIBRARY_PATH; nothing in Tweedie needs it",
            curandStatus::stringFor,
            curandStatus.CURAND_STATUS_ALLOCATION_FAILED);

    private static final int UNKNOWN = 999;

    private final String called;
    private final NativeLibrary binding;
    private final String bindingClass;
    private final String needed;
    private final String remedy;
    private final IntFunction<String> names;
    private final int noMemory;
    private @Nullable Optional<String> reason;

    Library(
            String called,
            NativeLibrary binding,
            String bindingClass,
            String needed,
            String remedy,
            IntFunction<String> names,
            int noMemory) {
        this.called = called;
        this.binding = binding;
        this.bindingClass = bindingClass;
        this.needed = needed;
        this.remedy = remedy;
        this.names = names;
        this.noMemory = noMemory;
    }

    /** Why it cannot be used; empty where it can. */
    synchronized Optional<String> unavailable() {
        Optional<String> known = reason;
        if (known == null) {
            known = find();
            reason = known;
        }
        return known;
    }

    private Optional<String> find() {
        Optional<String> driver = CudaProbe.status().reason();
        if (driver.isPresent()) {
            return driver;
        }
        try {
            NativeLibraries.provide(binding);
            Class.forName(bindingClass);
            return Optional.empty();
        } catch (DeviceUnavailableException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        } catch (ClassNotFoundException e) {
            return Optional.of(bindingClass + " is not on the class path");
        } catch (LinkageError e) {
            return Optional.of(NativeFailure.reason(e, needed, called + " is not installed", remedy));
        }
    }

    /** The stream as ours, with the library ready for it. */
    CudaStream on(Stream stream) {
        if (!(stream instanceof CudaStream mine)) {
            throw new DeviceUnavailableException(
                    called + " needs a CUDA device, not " + stream.device().spec());
        }
        Optional<String> without = unavailable();
        if (without.isPresent()) {
            throw new DeviceUnavailableException(called + " cannot be used: " + without.get());
        }
        return mine;
    }

    int code(Codes.Call call) {
        return Codes.of(call, names, UNKNOWN);
    }

    /** Throws for a code other than 0. */
    void check(Context context, int code, String what) {
        if (code == noMemory) {
            throw context.failure(jcuda.driver.CUresult.CUDA_ERROR_OUT_OF_MEMORY, what);
        }
        if (code != 0) {
            throw new DeviceException(context.spec + ": " + what + " " + names.apply(code)
                    + (context.sync ? "" : "; rerun with -Dtweedie.sync=true, for an earlier launch may be the cause"));
        }
    }
}
