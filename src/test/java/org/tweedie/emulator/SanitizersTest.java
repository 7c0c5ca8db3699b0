package org.tweedie.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tweedie.kernels.LaunchSet;
import org.tweedie.testing.ChildJvm;
import org.tweedie.testing.ChildTests;
import org.tweedie.testing.Depth;
import org.tweedie.testing.EmulatedDriver;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.Suite;

/** Every kernel in a JVM under AddressSanitizer and UBSan, which end the process at their first finding. */
@GpuTest
@Tag("emulator")
@Tag("checkout")
class SanitizersTest {
    private static final int LEAST_LAUNCHES = 300;

    /** The tests' threads and streams, which go forward and at once in plain tests, at random in {@link KernelTestsInOtherOrdersTest}. */
    private static final Map<String, String> BACKWARD = Map.of("TW_EMU_SCHEDULE", "reverse", "TW_EMU_STREAMS", "late");

    /** The tests of every kernel, and the layers above that launch them in earnest. */
    static final String[] TESTS = {
        "org.tweedie.kernels.DomainPullTest",
        "org.tweedie.kernels.ElementwiseTest",
        "org.tweedie.kernels.FillTest",
        "org.tweedie.kernels.LinearTest",
        "org.tweedie.kernels.MixedLinearTest",
        "org.tweedie.kernels.PackedLinearTest",
        "org.tweedie.kernels.TileLinearTest",
        "org.tweedie.kernels.SixteenBitLayersTest",
        "org.tweedie.kernels.MixtureScoreTest",
        "org.tweedie.kernels.PairsTest",
        "org.tweedie.kernels.PerturbTest",
        "org.tweedie.kernels.RowFormulaTest",
        "org.tweedie.kernels.SortedTest",
        "org.tweedie.kernels.StepCellTest",
        "org.tweedie.kernels.TrainKernelsTest",
        "org.tweedie.kernels.TrainMlpTest",
        "org.tweedie.kernels.TrainStepsTest",
        "org.tweedie.kernels.TrajectoryMlpTest",
        "org.tweedie.execution.TrajectorySdeTest",
        "org.tweedie.device.DeviceContractTest",
        "org.tweedie.device.cuda.ToolkitLibrariesTest",
        "org.tweedie.execution.ExecutionTest",
        "org.tweedie.execution.UntilTest",
        "org.tweedie.execution.FusedMlpTest",
        "org.tweedie.execution.SixteenBitExecutionTest",
        "org.tweedie.score.MlpTest",
        "org.tweedie.score.TangentTest",
        "org.tweedie.ScoreModelTest",
    };

    @BeforeEach
    void needsIt() {
        EmulatedDriver.required();
    }

    private static void clean(ChildJvm.Result result) {
        assertFalse(result.output().contains("Sanitizer"), result.output());
        assertFalse(result.output().contains("runtime error:"), result.output());
        assertEquals(0, result.exit(), result.output());
    }

    @Test
    void everyKernelIsClean() throws Exception {
        Path driver = DriverBuild.sanitized();
        boolean all = Depth.now() != Depth.PLAIN;
        Halves result = all
                ? Halves.of(TESTS, half -> DriverBuild.runSanitized(driver, BACKWARD, ChildTests.class, half))
                : new Halves(List.of(DriverBuild.runSanitized(driver, Map.of(), Orders.class, "1", "1")));
        result.results().forEach(SanitizersTest::clean);
        long launches = result.number("launches ");
        assertTrue(launches >= LEAST_LAUNCHES, launches + " launches");
        List<String> kernels = LaunchSet.kernels();
        assertTrue(!kernels.isEmpty());
        for (String kernel : kernels) {
            assertTrue(result.number("kernel " + kernel + " ") > 0, kernel + " was not launched");
        }
        long tests = all ? result.number("passed ") : 0;
        assertTrue(!all || tests > 300, tests + " tests passed");
        assertTrue(!all || result.number("atWait ") > 0, "streams late");
        if (!all) {
            assertEquals("", result.results().get(0).line("difference "));
        }
        new Suite("emulator")
                .reached("sanitized: " + launches + " launches of " + kernels.size() + " kernels"
                        + (all ? " by " + tests + " tests, threads in reverse and streams late" : "")
                        + " in JVMs under AddressSanitizer and UBSan, no finding");
    }

    /** The driver's own tests in C++, under the sanitizers. */
    @Test
    void theSelfTestIsClean() throws Exception {
        Path driver = DriverBuild.sanitized();
        Process process = new ProcessBuilder(
                        driver.resolve("selftest").toAbsolutePath().toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int exit = process.waitFor();
        clean(new ChildJvm.Result(exit, output));
        assertTrue(output.contains(" 0 failures"), output);
    }

    /** The sanitizers see what is planted: else their silence says nothing. */
    @ParameterizedTest
    @CsvSource({
        "past, AddressSanitizer",
        "before, AddressSanitizer",
        "freed, CUDA_ERROR_ILLEGAL_ADDRESS", // unmapped: the driver's own handler is first
        "shared, out of bounds",
        "overflow, signed integer overflow",
        "shift, shift exponent"
    })
    void whatIsPlantedIsFound(String planted, String words) throws Exception {
        assumeTrue(
                Depth.now() != Depth.PLAIN || planted.equals("past") || planted.equals("overflow"),
                "one for each sanitizer will do; CI=true runs all");
        ChildJvm.Result result =
                DriverBuild.runSanitized(DriverBuild.sanitized(), Map.of(), PlantedProgram.class, planted);
        assertNotEquals(0, result.exit(), result.output());
        assertTrue(result.output().contains(words), result.output());
        assertFalse(result.output().contains("survived"), result.output());
    }

    @Test
    void theSameProgramWithoutAFaultEndsWell() throws Exception {
        ChildJvm.Result result =
                DriverBuild.runSanitized(DriverBuild.sanitized(), Map.of(), PlantedProgram.class, "nothing");
        clean(result);
        assertTrue(result.output().contains("survived"), result.output());
    }
}
