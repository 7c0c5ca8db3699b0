package org.tweedie.bench.jcuda;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import jcuda.CudaException;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;
import org.tweedie.device.NativeLibraries;
import org.tweedie.device.NativeLibrary;

/** JCuda as its users write it: one context, one module, one stream; a call that fails throws {@link CudaException}. For one thread. */
final class Gpu implements AutoCloseable {
    private static final int BLOCK = 256;

    final CUdevice device = new CUdevice();
    final CUstream stream = new CUstream();
    private final CUcontext context = new CUcontext();
    private final CUmodule module = new CUmodule();
    private final Map<String, CUfunction> functions = new HashMap<>();
    private final List<CUdeviceptr> memory = new ArrayList<>();

    /** @param image the fat binary of {@code bench/kernels} */
    Gpu(int ordinal, Path image) {
        NativeLibraries.provide(NativeLibrary.DRIVER);
        JCudaDriver.setExceptionsEnabled(true);
        JCudaDriver.cuInit(0);
        JCudaDriver.cuDeviceGet(device, ordinal);
        JCudaDriver.cuDevicePrimaryCtxRetain(context, device);
        JCudaDriver.cuCtxSetCurrent(context);
        JCudaDriver.cuStreamCreate(stream, 0);
        JCudaDriver.cuModuleLoad(module, image.toString());
    }

    String name() {
        byte[] name = new byte[256];
        JCudaDriver.cuDeviceGetName(name, name.length, device);
        return new String(name, java.nio.charset.StandardCharsets.UTF_8)
                .replace("\0", "")
                .strip();
    }

    int attribute(int which) {
        int[] value = new int[1];
        JCudaDriver.cuDeviceGetAttribute(value, which, device);
        return value[0];
    }

    int processors() {
        return attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    }

    int driverVersion() {
        int[] version = new int[1];
        JCudaDriver.cuDriverGetVersion(version);
        return version[0];
    }

    /** Memory that lives until {@link #free}. */
    CUdeviceptr allocate(long bytes) {
        CUdeviceptr pointer = new CUdeviceptr();
        JCudaDriver.cuMemAlloc(pointer, Math.max(16, bytes));
        memory.add(pointer);
        return pointer;
    }

    CUdeviceptr upload(float[] values) {
        CUdeviceptr to = allocate(4L * values.length);
        JCudaDriver.cuMemcpyHtoD(to, Pointer.to(values), 4L * values.length);
        return to;
    }

    CUdeviceptr upload(short[] values) {
        CUdeviceptr to = allocate(2L * values.length);
        JCudaDriver.cuMemcpyHtoD(to, Pointer.to(values), 2L * values.length);
        return to;
    }

    float[] download(CUdeviceptr from, int count) {
        float[] values = new float[count];
        synchronize();
        JCudaDriver.cuMemcpyDtoH(Pointer.to(values), from, 4L * count);
        return values;
    }

    /** Gives back all memory. */
    void free() {
        synchronize();
        memory.forEach(JCudaDriver::cuMemFree);
        memory.clear();
    }

    void synchronize() {
        JCudaDriver.cuStreamSynchronize(stream);
    }

    CUfunction function(String kernel) {
        return functions.computeIfAbsent(kernel, name -> {
            CUfunction function = new CUfunction();
            JCudaDriver.cuModuleGetFunction(function, module, name);
            return function;
        });
    }

    /** The same with leave for so many bytes of dynamic shared memory. */
    CUfunction function(String kernel, int shared) {
        CUfunction function = function(kernel);
        JCudaDriver.cuFuncSetAttribute(
                function, CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, shared);
        return function;
    }

    /** One thread an item. */
    void each(long items, CUfunction kernel, Pointer... arguments) {
        launch((items + BLOCK - 1) / BLOCK, BLOCK, 0, kernel, arguments);
    }

    void launch(long blocks, int threads, int shared, CUfunction kernel, Pointer... arguments) {
        JCudaDriver.cuLaunchKernel(
                kernel, (int) blocks, 1, 1, threads, 1, 1, shared, stream, Pointer.to(arguments), null);
    }

    /**
     * Milliseconds of each run between two events around what is queued: some that are not counted, then as many as fit into the seconds
     * that they may take together, two at least.
     */
    double[] events(int runs, double seconds, Runnable queue) {
        CUevent before = new CUevent();
        CUevent after = new CUevent();
        JCudaDriver.cuEventCreate(before, 0);
        JCudaDriver.cuEventCreate(after, 0);
        try {
            double first = once(before, after, queue);
            if (first < 1000) {
                first = once(before, after, queue);
            }
            double[] milliseconds =
                    new double[(int) Math.max(Math.min(2, runs), Math.min(runs, 1000 * seconds / first))];
            for (int i = 0; i < milliseconds.length; i++) {
                milliseconds[i] = once(before, after, queue);
            }
            return milliseconds;
        } finally {
            JCudaDriver.cuEventDestroy(before);
            JCudaDriver.cuEventDestroy(after);
        }
    }

    private double once(CUevent before, CUevent after, Runnable queue) {
        JCudaDriver.cuEventRecord(before, stream);
        queue.run();
        JCudaDriver.cuEventRecord(after, stream);
        JCudaDriver.cuEventSynchronize(after);
        float[] taken = new float[1];
        JCudaDriver.cuEventElapsedTime(taken, before, after);
        return taken[0];
    }

    @Override
    public void close() {
        free();
        JCudaDriver.cuModuleUnload(module);
        JCudaDriver.cuStreamDestroy(stream);
        JCudaDriver.cuDevicePrimaryCtxRelease(device);
    }
}
