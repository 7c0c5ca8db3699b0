package org.tweedie.device.cuda;

import static jcuda.driver.CUresult.CUDA_ERROR_ASSERT;
import static jcuda.driver.CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED;
import static jcuda.driver.CUresult.CUDA_ERROR_DEINITIALIZED;
import static jcuda.driver.CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE;
import static jcuda.driver.CUresult.CUDA_ERROR_ECC_UNCORRECTABLE;
import static jcuda.driver.CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR;
import static jcuda.driver.CUresult.CUDA_ERROR_ILLEGAL_ADDRESS;
import static jcuda.driver.CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION;
import static jcuda.driver.CUresult.CUDA_ERROR_INVALID_ADDRESS_SPACE;
import static jcuda.driver.CUresult.CUDA_ERROR_INVALID_CONTEXT;
import static jcuda.driver.CUresult.CUDA_ERROR_INVALID_HANDLE;
import static jcuda.driver.CUresult.CUDA_ERROR_INVALID_IMAGE;
import static jcuda.driver.CUresult.CUDA_ERROR_INVALID_PC;
import static jcuda.driver.CUresult.CUDA_ERROR_INVALID_PTX;
import static jcuda.driver.CUresult.CUDA_ERROR_INVALID_VALUE;
import static jcuda.driver.CUresult.CUDA_ERROR_LAUNCH_FAILED;
import static jcuda.driver.CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
import static jcuda.driver.CUresult.CUDA_ERROR_LAUNCH_TIMEOUT;
import static jcuda.driver.CUresult.CUDA_ERROR_MISALIGNED_ADDRESS;
import static jcuda.driver.CUresult.CUDA_ERROR_NOT_FOUND;
import static jcuda.driver.CUresult.CUDA_ERROR_NOT_INITIALIZED;
import static jcuda.driver.CUresult.CUDA_ERROR_NOT_PERMITTED;
import static jcuda.driver.CUresult.CUDA_ERROR_NOT_READY;
import static jcuda.driver.CUresult.CUDA_ERROR_NOT_SUPPORTED;
import static jcuda.driver.CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU;
import static jcuda.driver.CUresult.CUDA_ERROR_NO_DEVICE;
import static jcuda.driver.CUresult.CUDA_ERROR_OUT_OF_MEMORY;
import static jcuda.driver.CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
import static jcuda.driver.CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
import static jcuda.driver.CUresult.CUDA_ERROR_SYSTEM_DRIVER_MISMATCH;
import static jcuda.driver.CUresult.CUDA_ERROR_SYSTEM_NOT_READY;
import static jcuda.driver.CUresult.CUDA_ERROR_UNKNOWN;
import static jcuda.driver.CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION;

import java.util.function.IntFunction;
import jcuda.CudaException;
import jcuda.driver.CUresult;

/** What the driver's return codes mean: their names, which of them a device does not survive, and what to do about each. */
final class Codes {
    private static final int LAST = 1000;

    private Codes() {}

    /** A call of the driver. */
    @FunctionalInterface
    interface Call {
        int code();
    }

    /**
     * Runs one driver call. Another user of JCuda in this JVM may have switched its exceptions on, which is a setting of
     * the process: then the code is read from the exception.
     */
    static int of(Call call) {
        return of(call, CUresult::stringFor, CUDA_ERROR_UNKNOWN);
    }

    /** As {@link #of(Call)}, for a library with other names for its codes. */
    static int of(Call call, IntFunction<String> names, int unknown) {
        try {
            return call.code();
        } catch (CudaException e) {
            return code(e, names, unknown);
        }
    }

    static int code(CudaException e) {
        return code(e, CUresult::stringFor, CUDA_ERROR_UNKNOWN);
    }

    private static int code(CudaException e, IntFunction<String> names, int unknown) {
        for (int code = 1; code < LAST; code++) {
            if (names.apply(code).equals(e.getMessage())) {
                return code;
            }
        }
        return unknown;
    }

    static String name(int code) {
        String name = CUresult.stringFor(code);
        return name.startsWith("CUDA_") ? name : "CUresult " + code;
    }

    /** True where the context is of no more use after the code. */
    static boolean fatal(int code) {
        return switch (code) {
            case CUDA_ERROR_ILLEGAL_ADDRESS,
                    CUDA_ERROR_LAUNCH_FAILED,
                    CUDA_ERROR_LAUNCH_TIMEOUT,
                    CUDA_ERROR_ECC_UNCORRECTABLE,
                    CUDA_ERROR_MISALIGNED_ADDRESS,
                    CUDA_ERROR_HARDWARE_STACK_ERROR,
                    CUDA_ERROR_ILLEGAL_INSTRUCTION,
                    CUDA_ERROR_INVALID_ADDRESS_SPACE,
                    CUDA_ERROR_INVALID_PC,
                    CUDA_ERROR_ASSERT,
                    CUDA_ERROR_CONTEXT_IS_DESTROYED,
                    CUDA_ERROR_DEINITIALIZED -> true;
            default -> false;
        };
    }

    /** What to do about a code. */
    static String remedy(int code) {
        return switch (code) {
            case CUDA_ERROR_OUT_OF_MEMORY -> "use a smaller batch or chunk";
            case CUDA_ERROR_NO_DEVICE, CUDA_ERROR_DEVICE_UNAVAILABLE -> "check nvidia-smi and CUDA_VISIBLE_DEVICES";
            case CUDA_ERROR_NO_BINARY_FOR_GPU,
                    CUDA_ERROR_INVALID_IMAGE, // what a driver says of code from a newer CUDA than its own
                    CUDA_ERROR_INVALID_PTX,
                    CUDA_ERROR_UNSUPPORTED_PTX_VERSION ->
                "the kernels were not compiled for this GPU and driver; update the driver (CUDA 13 asks for 580 or newer), or"
                        + " rebuild with nvcc for this GPU";
            case CUDA_ERROR_SYSTEM_DRIVER_MISMATCH ->
                "libcuda.so.1 and the kernel module are of different versions; reboot or reinstall the driver";
            case CUDA_ERROR_NOT_FOUND -> "kernels and classes are of different builds; rebuild with mvn package";
            case CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES -> "use fewer threads a block or less shared memory";
            case CUDA_ERROR_NOT_READY -> "synchronize first";
            case CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, CUDA_ERROR_STREAM_CAPTURE_INVALIDATED ->
                "only launches, copies between buffers and zeroing can be captured";
            case CUDA_ERROR_INVALID_HANDLE, CUDA_ERROR_INVALID_CONTEXT ->
                "has other code in this process destroyed it, or reset the GPU? close this device and open it again";
            case CUDA_ERROR_CONTEXT_IS_DESTROYED -> "other code in this process has destroyed it, or reset the GPU";
            case CUDA_ERROR_NOT_PERMITTED ->
                "the driver does not allow this here: look at the GPU's compute mode, at MPS, at"
                        + " ulimit -l, and at the rights of the container";
            case CUDA_ERROR_NOT_SUPPORTED -> "this GPU or driver cannot do it; update the driver, or use another GPU";
            case CUDA_ERROR_INVALID_VALUE ->
                "this is a fault of Tweedie or of a kernel's caller; please report it with this line";
            case CUDA_ERROR_SYSTEM_NOT_READY, CUDA_ERROR_NOT_INITIALIZED ->
                "the driver's services are not up yet (fabric manager, persistence daemon); try again";
            case CUDA_ERROR_ILLEGAL_ADDRESS,
                    CUDA_ERROR_MISALIGNED_ADDRESS,
                    CUDA_ERROR_INVALID_ADDRESS_SPACE,
                    CUDA_ERROR_INVALID_PC,
                    CUDA_ERROR_ILLEGAL_INSTRUCTION,
                    CUDA_ERROR_HARDWARE_STACK_ERROR,
                    CUDA_ERROR_ASSERT,
                    CUDA_ERROR_LAUNCH_FAILED -> "a kernel failed; compute-sanitizer finds the place";
            case CUDA_ERROR_LAUNCH_TIMEOUT ->
                "the GPU also drives a display that limits run time; use smaller launches or another GPU";
            case CUDA_ERROR_ECC_UNCORRECTABLE -> "the GPU's memory is failing; check nvidia-smi -q -d ECC";
            default -> "look for the driver's own words in dmesg and nvidia-smi -q";
        };
    }
}
