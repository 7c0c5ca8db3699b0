package org.tweedie.faults;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import jcuda.driver.CUresult;

/** The codes that driver calls are made to give. */
enum Fault {
    OUT_OF_MEMORY(CUresult.CUDA_ERROR_OUT_OF_MEMORY),
    INVALID_HANDLE(CUresult.CUDA_ERROR_INVALID_HANDLE),
    LAUNCH_FAILED(CUresult.CUDA_ERROR_LAUNCH_FAILED),
    ILLEGAL_ADDRESS(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS),
    LAUNCH_TIMEOUT(CUresult.CUDA_ERROR_LAUNCH_TIMEOUT),
    ECC_UNCORRECTABLE(CUresult.CUDA_ERROR_ECC_UNCORRECTABLE),
    UNKNOWN(CUresult.CUDA_ERROR_UNKNOWN),
    // where they apply
    NOT_PERMITTED(
            CUresult.CUDA_ERROR_NOT_PERMITTED,
            "cuDevicePrimaryCtxRetain",
            "cuModuleLoadData",
            "cuMemHostRegister_v2",
            "cuMemHostAlloc",
            "cuFuncSetAttribute",
            "cuStreamBeginCapture_v2",
            "cuLaunchKernel",
            "cuGraphLaunch"),
    DEVICE_UNAVAILABLE(CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE, "cuDevicePrimaryCtxRetain", "cuCtxSetCurrent"),
    SYSTEM_NOT_READY(CUresult.CUDA_ERROR_SYSTEM_NOT_READY, "cuDeviceGetCount", "cuDevicePrimaryCtxRetain"),
    NO_BINARY_FOR_GPU(CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU, "cuModuleLoadData"),
    NOT_FOUND(CUresult.CUDA_ERROR_NOT_FOUND, "cuModuleGetFunction"),
    CONTEXT_IS_DESTROYED(CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED, "cuCtxSetCurrent", "cuMemFree_v2", "cuLaunchKernel"),
    LAUNCH_OUT_OF_RESOURCES(CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "cuLaunchKernel", "cuGraphLaunch"),
    STREAM_CAPTURE_INVALIDATED(CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "cuStreamEndCapture", "cuLaunchKernel");

    /** After these the context gives nothing else, until it is destroyed. */
    private static final Set<Fault> STICKY =
            EnumSet.of(LAUNCH_FAILED, ILLEGAL_ADDRESS, LAUNCH_TIMEOUT, ECC_UNCORRECTABLE);

    /** These look at nothing but their argument: a context's error does not show in them. */
    private static final Set<String> OF_NO_CONTEXT = Set.of("cuGraphDestroy", "cuGraphExecDestroy");

    final int code;
    private final List<String> only;

    Fault(int code, String... only) {
        this.code = code;
        this.only = List.of(only);
    }

    /** As it must stand in a message. */
    String text() {
        return "CUDA_ERROR_" + name();
    }

    boolean sticky() {
        return STICKY.contains(this);
    }

    /** The codes that a call may plausibly give. */
    static List<Fault> of(String call) {
        List<Fault> plausible = new ArrayList<>();
        for (Fault fault : values()) {
            boolean applies = fault.only.isEmpty() || fault.only.contains(call);
            if (applies && !(fault.sticky() && OF_NO_CONTEXT.contains(call))) {
                plausible.add(fault);
            }
        }
        return plausible;
    }
}
