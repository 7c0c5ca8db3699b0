package org.tweedie.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.tweedie.ScoreModel;
import org.tweedie.device.Arguments;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceException;
import org.tweedie.device.DeviceUnavailableException;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.OutOfDeviceMemoryException;
import org.tweedie.device.Stream;
import org.tweedie.execution.Precision;
import org.tweedie.score.Mlp;
import org.tweedie.sde.VpSde;
import org.tweedie.testing.EmulatedDriver;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.TestDevices;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/** The emulated driver under unmodified JCuda, and under our device layer: it runs kernels, and says what is wrong with them. */
@GpuTest
class EmulatedDriverTest {
    private static final KernelEntry TWO_BARRIERS =
            KernelEntry.of("selftest_two_barriers", (arguments, team) -> {}, Parameter.POINTER);
    private static final KernelEntry WRITE_AT = KernelEntry.of(
            "selftest_write_at", (arguments, team) -> {}, Parameter.POINTER, Parameter.I64, Parameter.I32);

    @BeforeEach
    void needsIt() {
        EmulatedDriver.required();
    }

    @AfterEach
    void reset() {
        if (EmulatedDriver.present()) {
            EmulatedDriver.reset();
        }
    }

    private static void ok(int code) {
        assertEquals("CUDA_SUCCESS", CUresult.stringFor(code));
    }

    /** The C++ tests: barriers, divergence, collectives, memory, limits, streams, graphs, faults. */
    @Test
    void theSelfTestPasses() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        EmulatedDriver.library().resolveSibling("selftest").toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), output);
        assertEquals(0, process.exitValue(), output);
        assertTrue(output.contains(" 0 failures"), output);
    }

    /** JCuda alone, as any other user of it in the JVM would call it. */
    @Test
    void plainJCudaRunsAKernel() {
        ok(JCudaDriver.cuInit(0));
        CUdevice device = new CUdevice();
        ok(JCudaDriver.cuDeviceGet(device, 0));
        byte[] name = new byte[64];
        ok(JCudaDriver.cuDeviceGetName(name, name.length, device));
        assertEquals("Tweedie emulated GPU", new String(name, StandardCharsets.US_ASCII).trim());
        CUcontext context = new CUcontext();
        ok(JCudaDriver.cuDevicePrimaryCtxRetain(context, device));
        ok(JCudaDriver.cuCtxPushCurrent(context));
        try {
            CUmodule module = new CUmodule();
            ok(JCudaDriver.cuModuleLoadData(module, new byte[] {1, 2, 3}));
            CUfunction sum = new CUfunction();
            ok(JCudaDriver.cuModuleGetFunction(sum, module, "selftest_block_sum"));
            assertEquals(
                    CUresult.CUDA_ERROR_NOT_FOUND,
                    JCudaDriver.cuModuleGetFunction(new CUfunction(), module, "no_such_kernel"));
            int[] values = new int[1000];
            Arrays.setAll(values, i -> i);
            CUdeviceptr in = new CUdeviceptr();
            CUdeviceptr out = new CUdeviceptr();
            ok(JCudaDriver.cuMemAlloc(in, 4000));
            ok(JCudaDriver.cuMemAlloc(out, 16));
            ok(JCudaDriver.cuMemcpyHtoD(in, Pointer.to(values), 4000));
            Pointer arguments = Pointer.to(Pointer.to(in), Pointer.to(out), Pointer.to(new int[] {1000}));
            ok(JCudaDriver.cuLaunchKernel(sum, 4, 1, 1, 256, 1, 1, 1024, null, arguments, null));
            int[] sums = new int[4];
            ok(JCudaDriver.cuMemcpyDtoH(Pointer.to(sums), out, 16));
            int[] expected = new int[4];
            for (int value : values) {
                expected[value / 256] += value;
            }
            assertArrayEquals(expected, sums);
            assertEquals(
                    CUresult.CUDA_ERROR_INVALID_VALUE,
                    JCudaDriver.cuLaunchKernel(sum, 1, 1, 1, 1025, 1, 1, 0, null, arguments, null));
            ok(JCudaDriver.cuMemFree(in));
            ok(JCudaDriver.cuMemFree(out));
            assertEquals(CUresult.CUDA_ERROR_INVALID_VALUE, JCudaDriver.cuMemFree(out));
            ok(JCudaDriver.cuModuleUnload(module));
            // exported, and not emulated: a code and not the death of the JVM
            assertEquals(CUresult.CUDA_ERROR_NOT_SUPPORTED, JCudaDriver.cuMemAllocManaged(new CUdeviceptr(), 16, 1));
        } finally {
            ok(JCudaDriver.cuCtxPopCurrent(new CUcontext()));
            ok(JCudaDriver.cuDevicePrimaryCtxRelease(device));
        }
    }

    /** The launch must fail with that code, and the driver's report must say why; nothing may stay behind. */
    private static void fails(
            KernelEntry entry, int threads, UnaryOperator<Arguments> more, String code, String words) {
        long before = EmulatedDriver.stat("bytes");
        try (Device device = TestDevices.open(TestDevices.specs().get(1));
                Stream stream = device.stream();
                DeviceBuffer buffer = device.allocate(Element.I32, 64)) {
            DeviceException thrown = assertThrows(DeviceException.class, () -> {
                stream.launch(
                        device.kernel(entry),
                        LaunchShape.linear(threads, threads),
                        more.apply(new Arguments(entry).buffer(buffer)));
                stream.synchronize();
            });
            assertTrue(thrown.getMessage().contains(entry.name()), thrown.getMessage());
            assertTrue(thrown.getMessage().contains(code), thrown.getMessage());
            assertTrue(EmulatedDriver.report().contains(words), EmulatedDriver.report());
            EmulatedDriver.reset();
        }
        assertEquals(before, EmulatedDriver.stat("bytes"));
    }

    @Test
    void whatIsWrongInAKernelIsAnExceptionThatNamesIt() {
        fails(TWO_BARRIERS, 64, arguments -> arguments, "CUDA_ERROR_LAUNCH_FAILED", "barriers.cu");
        fails(
                WRITE_AT,
                1,
                arguments -> arguments.i64(64).i32(1),
                "CUDA_ERROR_ILLEGAL_ADDRESS",
                "past the end of allocation");
        // far outside: a hardware fault, which the JVM survives
        fails(WRITE_AT, 1, arguments -> arguments.i64(1L << 36).i32(1), "CUDA_ERROR_ILLEGAL_ADDRESS", "an access at");
        fails(WRITE_AT, 1, arguments -> arguments.i64(1L << 44).i32(1), "CUDA_ERROR_ILLEGAL_ADDRESS", "an access at");
    }

    @Test
    void memoryIsPoisoned() {
        try (Device device = TestDevices.open(TestDevices.specs().get(1));
                Stream stream = device.stream();
                DeviceBuffer buffer = device.allocate(Element.F32, 64)) {
            stream.launch(
                    device.kernel(WRITE_AT),
                    LaunchShape.linear(1, 1),
                    new Arguments(WRITE_AT).buffer(buffer).i64(63).i32(0));
            float[] values = new float[64];
            stream.download(buffer, 0, values, 0, 64);
            assertEquals(0, values[63]);
            assertTrue(Float.isNaN(values[62]));
        }
    }

    /** The JVM's own faults (null checks, stack overflow, safepoints) still reach it while the emulator's handlers are there. */
    @Test
    void theJvmKeepsItsSignals() {
        int caught = 0;
        for (int i = 0; i < 50_000; i++) {
            try {
                Object nothing = i % 2 == 0 ? null : "x";
                nothing.hashCode();
            } catch (NullPointerException e) {
                caught++;
            }
        }
        assertEquals(25_000, caught);
        assertThrows(StackOverflowError.class, () -> deeper(0));
    }

    private static int deeper(int depth) {
        return deeper(depth + 1) + 1;
    }

    @Test
    void everythingIsFreed() {
        String[] counters = {"bytes", "allocations", "hostBytes", "streams", "events", "graphs", "execs"};
        long[] before = Arrays.stream(counters).mapToLong(EmulatedDriver::stat).toArray();
        try (Device device = TestDevices.open(TestDevices.specs().get(1));
                Stream stream = device.stream();
                DeviceBuffer buffer = device.allocate(Element.F32, 1000)) {
            assertEquals(before[0] + 4000, EmulatedDriver.stat("bytes"));
            assertNotEquals(before[3], EmulatedDriver.stat("streams"));
            stream.upload(new float[1000], 0, buffer, 0, 1000);
            stream.capture(() -> stream.zero(buffer, 0, 1000)).close();
        }
        assertArrayEquals(
                before, Arrays.stream(counters).mapToLong(EmulatedDriver::stat).toArray());
    }

    @Test
    void aFaultAtADriverCallIsItsException() {
        long before = EmulatedDriver.stat("bytes");
        try (Device device = TestDevices.open(TestDevices.specs().get(1))) {
            EmulatedDriver.fail("cuMemAlloc_v2", 1, CUresult.CUDA_ERROR_OUT_OF_MEMORY, false);
            assertThrows(OutOfDeviceMemoryException.class, () -> device.allocate(Element.F32, 10));
            device.allocate(Element.F32, 10).close();
        }
        assertEquals(before, EmulatedDriver.stat("bytes"));
    }

    /** What the driver does not take back is offered again, though the context lives on with another device's. */
    @Test
    void whatTheDriverDoesNotTakeBackIsOfferedAgain() {
        String[] counters = {"bytes", "hostBytes", "streams", "events", "graphs", "execs", "modules", "contexts"};
        String[] calls = {
            "cuMemFree_v2",
            "cuMemFreeHost",
            "cuEventDestroy_v2",
            "cuStreamDestroy_v2",
            "cuGraphDestroy",
            "cuGraphExecDestroy",
            "cuCtxSetCurrent"
        };
        try (Device keeper = TestDevices.open(TestDevices.specs().get(1))) {
            for (String call : calls) {
                long[] before =
                        Arrays.stream(counters).mapToLong(EmulatedDriver::stat).toArray();
                long injected = EmulatedDriver.stat("injected");
                Device device = TestDevices.open(TestDevices.specs().get(1));
                Stream stream = device.stream();
                DeviceBuffer buffer = device.allocate(Element.F32, 10);
                stream.upload(new float[10], 0, buffer, 0, 10);
                EmulatedDriver.fail(call, call.equals("cuCtxSetCurrent") ? 30 : 1, CUresult.CUDA_ERROR_UNKNOWN, true);
                try {
                    stream.capture(() -> stream.zero(buffer, 0, 10)).close();
                    for (int i = 0; i < 10; i++) {
                        stream.zero(buffer, 0, 10);
                    }
                } catch (DeviceException e) {
                    assertEquals("cuCtxSetCurrent", call, e.getMessage());
                }
                stream.close();
                buffer.close();
                assertTrue(EmulatedDriver.stat("injected") > injected, call);
                EmulatedDriver.reset();
                device.close();
                assertArrayEquals(
                        before,
                        Arrays.stream(counters).mapToLong(EmulatedDriver::stat).toArray(),
                        call);
                JCudaDriver.cuCtxSetCurrent(new CUcontext());
            }
            assertTrue(keeper.memory().free() > 0);
        }
    }

    /** The message of one failure asks the driver for more, which may fail too. */
    @Test
    void aFailureWhileAFailureIsDescribedDoesNotHideIt() {
        try (Device device = TestDevices.open(TestDevices.specs().get(1))) {
            EmulatedDriver.fail("cuCtxGetCurrent", 1, CUresult.CUDA_ERROR_OUT_OF_MEMORY, true);
            OutOfDeviceMemoryException thrown =
                    assertThrows(OutOfDeviceMemoryException.class, () -> device.allocate(Element.F32, 10));
            assertTrue(
                    thrown.getMessage()
                            .contains("cuCtxGetCurrent CUDA_ERROR_OUT_OF_MEMORY: out of memory, free bytes unknown"),
                    thrown.getMessage());
            assertEquals(-1, thrown.freeBytes());
            EmulatedDriver.reset();
            device.allocate(Element.F32, 10).close();
        }
    }

    /** A GPU that does not open leaves the host to carry on, when it was not asked for by name. */
    @Test
    void aGpuThatDoesNotOpenLeavesTheHost() {
        String gpu = TestDevices.specs().get(1);
        EmulatedDriver.fail("cuModuleLoadData", 1, CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU, false);
        try (Device device = Device.open("auto")) {
            assertEquals("HOST", device.kind().name());
        }
        // a driver older than the compiler says the second
        for (int code : new int[] {CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU, CUresult.CUDA_ERROR_INVALID_IMAGE}) {
            EmulatedDriver.fail("cuModuleLoadData", 1, code, false);
            DeviceUnavailableException thrown = assertThrows(DeviceUnavailableException.class, () -> Device.open(gpu));
            assertTrue(thrown.getMessage().contains("cuModuleLoadData of "), thrown.getMessage());
            String text = CUresult.stringFor(code) + "; the kernels were not compiled";
            assertTrue(thrown.getMessage().contains(text), thrown.getMessage());
        }
    }

    /** Weights that may be half new and half old are not sampled from. */
    @Test
    void aModelThatFailedWhileItTookNewWeightsSaysSo() {
        Dataset data = Dataset.of(new float[] {1, 2, 3, 4, 5, 6}, "a", "b");
        TrainSpec spec = TrainSpec.steps(2).withPrecision(Precision.F32).withBatch(4);
        try (Device device = TestDevices.open(TestDevices.specs().get(1))) {
            long copies = EmulatedDriver.stat("cuMemcpyDtoDAsync_v2");
            try (ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(8, 1), data, 1, device)) {
                model.train(data, spec);
                copies = EmulatedDriver.stat("cuMemcpyDtoDAsync_v2") - copies;
            }
            for (boolean last : new boolean[] {false, true}) {
                try (ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(8, 1), data, 1, device)) {
                    float[] weights = model.weights();
                    EmulatedDriver.fail("cuMemcpyDtoDAsync_v2", last ? copies : 1, CUresult.CUDA_ERROR_UNKNOWN, false);
                    assertThrows(DeviceException.class, () -> model.train(data, spec));
                    if (last) {
                        String said = assertThrows(IllegalStateException.class, model::weights)
                                .getMessage();
                        assertTrue(said.contains("may be of two kinds"), said);
                    } else {
                        assertArrayEquals(weights, model.weights());
                        model.train(data, spec);
                    }
                }
            }
        }
    }

    @Test
    void theLibraryIsTheOneTheTestsWereTold() {
        assertTrue(Files.isRegularFile(EmulatedDriver.library()), () -> EmulatedDriver.library() + " is missing");
        assertEquals(-1, EmulatedDriver.stat("no such counter"));
        assertTrue(EmulatedDriver.kernels().contains("rows_assign\n"));
    }
}
