package org.tweedie.device.cuda;

import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import jcuda.runtime.cudaStream_t;
import org.tweedie.device.NativeLibraries;
import org.tweedie.device.NativeLibrary;

/** Calls of JCublas, in a JVM of their own; prints the status of each. */
public final class ForwardedCalls {
    private ForwardedCalls() {}

    public static void main(String[] arguments) {
        NativeLibraries.provide(NativeLibrary.CUBLAS);
        cublasHandle handle = new cublasHandle();
        Pointer a = at(0x1000);
        Pointer b = at(0x2000);
        Pointer c = at(0x3000);
        Pointer alpha = Pointer.to(new float[] {1.5f});
        Pointer beta = Pointer.to(new float[] {-2.5f});
        status("cublasCreate", JCublas2.cublasCreate(handle));
        status("cublasSetStream", JCublas2.cublasSetStream(handle, new cudaStream_t()));
        status("cublasSetWorkspace", JCublas2.cublasSetWorkspace(handle, a, 1L << 33));
        status("cublasSetMathMode", JCublas2.cublasSetMathMode(handle, 16));
        for (int times = 0; times < 2; times++) { // looked up, then known
            status("cublasSgemm", JCublas2.cublasSgemm(handle, 1, 0, 11, 12, 13, alpha, a, 14, b, 15, beta, c, 16));
            status(
                    "cublasGemmEx",
                    JCublas2.cublasGemmEx_new(
                            handle, 0, 1, 21, 22, 23, alpha, a, 2, 24, b, 14, 25, beta, c, 0, 26, 68, -1));
        }
        status("cublasSnrm2", JCublas2.cublasSnrm2(handle, 4, a, 1, alpha));
        status("cublasDestroy", JCublas2.cublasDestroy(handle));
    }

    private static Pointer at(long address) {
        return new CUdeviceptr().withByteOffset(address);
    }

    private static void status(String call, int status) {
        System.out.println(call + " gave " + status);
    }
}
