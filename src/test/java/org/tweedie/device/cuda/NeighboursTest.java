package org.tweedie.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.testing.Depth;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.TestDevices;

/** Other code in the JVM that uses CUDA by itself, in the very threads that use a shared device. */
@Tag("threads")
@GpuTest
class NeighboursTest {
    private static final int COUNT = 100;

    /** A thread's own context and memory in it: both are as they were after every call of ours. */
    @Test
    void everyThreadKeepsItsContextAndItsMemory() throws InterruptedException {
        long end = System.nanoTime() + Depth.of(500, 5_000, 60_000) * 1_000_000;
        AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
        AtomicLong rounds = new AtomicLong();
        try (Device device = TestDevices.open(TestDevices.specs().get(1))) {
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                int mine = t;
                threads.add(new Thread(() -> {
                    try {
                        neighbour(device, mine, end, rounds);
                    } catch (Throwable e) {
                        thrown.compareAndSet(null, e);
                    }
                }));
            }
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join(120_000);
            }
        }
        assertEquals(null, thrown.get());
        assertTrue(rounds.get() > 8, () -> rounds + " rounds");
    }

    private static void neighbour(Device device, int mine, long end, AtomicLong rounds) {
        CUdevice gpu = new CUdevice();
        check(JCudaDriver.cuDeviceGet(gpu, 0));
        CUcontext own = new CUcontext();
        if (mine % 2 == 0) {
            check(JCudaDriver.cuCtxCreate(own, 0, gpu)); // and it is current
        }
        CUdeviceptr memory = new CUdeviceptr();
        int[] known = new int[COUNT];
        java.util.Arrays.fill(known, mine + 1);
        if (mine % 2 == 0) {
            check(JCudaDriver.cuMemAlloc(memory, 4 * COUNT));
            check(JCudaDriver.cuMemcpyHtoD(memory, Pointer.to(known), 4 * COUNT));
        }
        try (Stream stream = device.stream();
                DeviceBuffer buffer = device.allocate(Element.I32, COUNT)) {
            while (System.nanoTime() < end) {
                stream.upload(known, 0, buffer, 0, COUNT);
                same(own);
                int[] back = new int[COUNT];
                stream.download(buffer, 0, back, 0, COUNT);
                same(own);
                org.junit.jupiter.api.Assertions.assertArrayEquals(known, back);
                if (mine % 2 == 0) {
                    int[] theirs = new int[COUNT];
                    check(JCudaDriver.cuMemcpyDtoH(Pointer.to(theirs), memory, 4 * COUNT));
                    org.junit.jupiter.api.Assertions.assertArrayEquals(known, theirs);
                }
                rounds.incrementAndGet();
            }
        }
        same(own);
        if (mine % 2 == 0) {
            check(JCudaDriver.cuMemFree(memory));
            check(JCudaDriver.cuCtxDestroy(own));
        }
    }

    private static void same(CUcontext own) {
        CUcontext now = new CUcontext();
        check(JCudaDriver.cuCtxGetCurrent(now));
        assertEquals(own, now);
    }

    private static void check(int code) {
        assertEquals(0, code);
    }
}
