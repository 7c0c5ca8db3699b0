package org.tweedie.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.Consumer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.tweedie.device.Arguments;
import org.tweedie.device.CudaStatus;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceException;
import org.tweedie.device.Element;
import org.tweedie.device.Event;
import org.tweedie.device.Graph;
import org.tweedie.device.HostBuffer;
import org.tweedie.device.Kernel;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.OutOfDeviceMemoryException;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.TestDevices;

/** What only a CUDA device promises: contexts, codes, limits. */
@GpuTest
class CudaDeviceTest {
    private Device device;

    @BeforeEach
    void open() {
        device = TestDevices.open(TestDevices.specs().get(1));
    }

    @AfterEach
    void close() {
        device.close();
    }

    private static CUcontext current() {
        CUcontext context = new CUcontext();
        assertEquals(0, JCudaDriver.cuCtxGetCurrent(context));
        return context;
    }

    /** Every kind of call that a caller can make. */
    private static void everything(Device device) {
        try (Stream stream = device.stream();
                Event event = device.event();
                RowSet rows = RowSet.on(device);
                HostBuffer pinned = device.pinned(Element.F32, 4);
                DeviceBuffer buffer = device.allocate(Element.F32, 4);
                DeviceBuffer other = device.allocate(Element.F32, 4)) {
            device.memory();
            stream.upload(new float[4], 0, buffer, 0, 4);
            stream.uploadAsync(pinned, 0, buffer, 0, 4);
            rows.assign(stream, 1, 2, 3);
            stream.copy(buffer, 0, other, 0, 4);
            stream.zero(buffer, 0, 4);
            stream.record(event);
            stream.await(event);
            event.synchronize();
            try (Graph graph = stream.capture(() -> stream.zero(buffer, 0, 4))) {
                stream.launch(graph);
            }
            stream.downloadAsync(buffer, 0, pinned, 0, 4);
            stream.download(buffer, 0, new float[4], 0, 4);
            stream.synchronize();
            assertThrows(IllegalArgumentException.class, () -> stream.zero(buffer, 0, 5));
            assertThrows(OutOfDeviceMemoryException.class, () -> device.allocate(Element.F32, 1L << 50));
        }
    }

    @Test
    void aThreadWithoutAContextStaysWithout() throws InterruptedException {
        boolean[] without = new boolean[2];
        Thread thread = new Thread(() -> {
            without[0] = current().equals(new CUcontext());
            everything(device);
            without[1] = current().equals(new CUcontext());
        });
        thread.start();
        thread.join();
        assertArrayEquals(new boolean[] {true, true}, without);
    }

    @Test
    void theCallersContextComesBack() throws InterruptedException {
        CUcontext[] contexts = new CUcontext[2];
        Thread thread = new Thread(() -> {
            contexts[0] = new CUcontext();
            assertEquals(0, JCudaDriver.cuCtxCreate(contexts[0], 0, gpu()));
            everything(device);
            contexts[1] = current();
            JCudaDriver.cuCtxDestroy(contexts[0]);
        });
        thread.start();
        thread.join();
        assertEquals(contexts[0], contexts[1]);
        assertNotEquals(new CUcontext(), contexts[0]);
    }

    private static CUdevice gpu() {
        CUdevice gpu = new CUdevice();
        assertEquals(0, JCudaDriver.cuDeviceGet(gpu, 0));
        return gpu;
    }

    @Test
    void thePrimaryContextIsSharedWithOtherUsersOfCuda() {
        CUcontext primary = new CUcontext();
        assertEquals(0, JCudaDriver.cuDevicePrimaryCtxRetain(primary, gpu()));
        assertEquals(0, JCudaDriver.cuCtxSetCurrent(primary));
        try {
            everything(device);
            assertEquals(primary, current());
        } finally {
            JCudaDriver.cuCtxSetCurrent(new CUcontext());
            JCudaDriver.cuDevicePrimaryCtxRelease(gpu());
        }
    }

    @Test
    void jcudasSwitchOfExceptionsMayBeOnOrOff() {
        JCudaDriver.setExceptionsEnabled(true);
        try {
            everything(device);
        } finally {
            JCudaDriver.setExceptionsEnabled(false);
        }
    }

    @Test
    void kernelsAreBoundOnceAndHeldToTheirParameters() {
        assertSame(device.kernel(RowSet.ASSIGN), device.kernel(RowSet.ASSIGN));
        KernelEntry other = KernelEntry.of("rows_assign", (arguments, team) -> {}, Parameter.F32);
        assertThrows(IllegalArgumentException.class, () -> device.kernel(other));
        KernelEntry missing = KernelEntry.of("no_such_kernel", (arguments, team) -> {});
        DeviceException e = assertThrows(DeviceException.class, () -> device.kernel(missing));
        assertTrue(
                e.getMessage().contains("no_such_kernel")
                        && e.getMessage().contains("CUDA_ERROR_NOT_FOUND")
                        && e.getMessage().contains("rebuild"),
                e.getMessage());
        assertTrue(device.kernel(RowSet.ASSIGN).resources().mostThreads() > 0);
    }

    @Test
    void aShapeThatTheKernelCannotHaveIsRefusedWithItsLimits() {
        Kernel kernel = device.kernel(RowSet.ASSIGN);
        Consumer<LaunchShape> launch = shape -> {
            try (Stream stream = device.stream();
                    DeviceBuffer memory = device.allocate(Element.I64, 6)) {
                Arguments arguments = new Arguments(RowSet.ASSIGN).buffer(memory);
                stream.launch(
                        kernel,
                        shape,
                        arguments.i64(1).i64(2).i64(3).buffer(null).buffer(null).i64(4));
                long[] words = new long[6];
                stream.download(memory, 0, words, 0, 6);
                assertArrayEquals(new long[] {1, 2, 3, 0, 0, 4}, words);
            }
        };
        int most = kernel.resources().mostThreads();
        if (most < 1024) {
            LaunchShape tooMany = LaunchShape.linear(1, most + 1);
            String message = assertThrows(IllegalArgumentException.class, () -> launch.accept(tooMany))
                    .getMessage();
            assertTrue(message.contains("rows_assign <<<") && message.contains("at most " + most), message);
        }
        launch.accept(LaunchShape.blocks(1, 1, 32, 48 * 1024));
        launch.accept(LaunchShape.blocks(1, 1, 32, 64 * 1024)); // more than the usual limit: lifted once, in silence
        LaunchShape tooMuch = LaunchShape.blocks(1, 1, 32, 1 << 20);
        String message = assertThrows(IllegalArgumentException.class, () -> launch.accept(tooMuch))
                .getMessage();
        assertTrue(message.contains("1048576 bytes of shared memory"), message);
    }

    @Test
    void theStatusAgreesWithTheDevice() {
        CudaStatus status = CudaStatus.probe();
        assertTrue(status.reason().isEmpty());
        assertTrue(status.driverVersion() >= 12_000);
        CudaStatus.Gpu gpu = status.gpus().get(status.firstUsable().orElseThrow());
        assertEquals(device.name(), gpu.name());
        assertEquals(device.kind(), gpu.kind());
        assertEquals(device.memory().total(), gpu.memory(), 0.05 * gpu.memory());
        assertTrue(gpu.major() >= 8);
        try (Device auto = Device.open("auto")) {
            assertEquals(device.spec(), auto.spec());
        }
    }

    @Test
    void aGraphOutlivesTheHandlesThatMadeIt() throws InterruptedException {
        try (Stream stream = device.stream()) {
            DeviceBuffer kept = device.allocate(Element.I32, 1000);
            Graph graph = capture(stream, kept);
            for (int i = 0; i < 5; i++) {
                System.gc();
                Thread.sleep(10);
            }
            int[] back = new int[1000];
            stream.launch(graph);
            stream.download(kept, 0, back, 0, 1000);
            assertEquals(7, back[999]);
            assertEquals(0, device.allocations().unreachable(), "the graph keeps what it reads");
            graph.close();
            kept.close();
        }
    }

    /** The graph copies from a buffer that nobody else refers to any more. */
    private Graph capture(Stream stream, DeviceBuffer into) {
        DeviceBuffer from = device.allocate(Element.I32, 1000);
        int[] sevens = new int[1000];
        java.util.Arrays.fill(sevens, 7);
        stream.upload(sevens, 0, from, 0, 1000);
        return stream.capture(() -> stream.copy(from, 0, into, 0, 1000));
    }

    @Test
    void aCaptureThatThrowsLeavesNothingBehind() {
        try (Stream stream = device.stream();
                DeviceBuffer buffer = device.allocate(Element.F32, 4)) {
            IllegalStateException thrown = assertThrows(
                    IllegalStateException.class,
                    () -> stream.capture(() -> {
                        stream.zero(buffer, 0, 4);
                        throw new IllegalStateException("mine");
                    }));
            assertEquals("mine", thrown.getMessage());
            everything(device);
            stream.zero(buffer, 0, 4);
            stream.synchronize();
        }
        assertFalse(device.allocations().leaks().stream().anyMatch(line -> line.contains("graph")));
    }

    @Test
    void devicesThatDoNotExistSaySo() {
        assertTrue(assertThrows(DeviceException.class, () -> Device.open("cuda:99"))
                .getMessage()
                .contains("cuda:99 does not exist"));
        assertThrows(IllegalArgumentException.class, () -> Device.open("cuda:x"));
        assertThrows(IllegalArgumentException.class, () -> Device.open("cuda:-1"));
    }
}
