package org.tweedie.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.tweedie.kernels.LaunchSet;
import org.tweedie.testing.ChildJvm;
import org.tweedie.testing.ChildTests;
import org.tweedie.testing.Depth;
import org.tweedie.testing.EmulatedDriver;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.Suite;

/**
 * Every kernel's own tests, and those of the layers above, with threads in other orders, streams at other moments, and special functions and tensor cores as far from
 * the exact number as a GPU's may be.
 */
@GpuTest
@Tag("emulator")
class KernelTestsInOtherOrdersTest {
    private static final double MOST_BARRIERS = 1e5;
    private static final Suite SUITE = new Suite("emulator-tests");

    @BeforeEach
    void needsIt() {
        EmulatedDriver.required();
        assumeTrue(Depth.now() != Depth.PLAIN, "the launch set stands for them; CI=true runs them");
    }

    @Test
    void theyPass() throws Exception {
        long runs = Depth.of(0, 1, 100);
        long[] sums = new long[3];
        SUITE.cases(runs, number -> {
            String seed = Long.toString(number + 1);
            String random = "random:" + seed;
            Halves result = Halves.of(
                    SanitizersTest.TESTS,
                    half -> ChildJvm.run(
                            EmulatedDriver.library().getParent(),
                            Map.of("TW_EMU_SCHEDULE", random, "TW_EMU_STREAMS", random, "TW_EMU_ROUGH", seed),
                            List.of("-Dtweedie.test.only=last"),
                            ChildTests.class,
                            half));
            String what = "TW_EMU_SCHEDULE=" + random + " TW_EMU_STREAMS=" + random + " TW_EMU_ROUGH=" + seed + "\n";
            result.results().forEach(half -> assertEquals(0, half.exit(), what + half.output()));
            assertTrue(result.number("passed ") > 300, what);
            for (String kernel : LaunchSet.kernels()) {
                assertTrue(result.number("kernel " + kernel + " ") > 0, kernel + " was not launched");
            }
            long launches = result.number("launches ");
            long barriers = result.number("barriers ");
            assertTrue(
                    barriers > 0 && barriers <= MOST_BARRIERS * launches, barriers + " of " + launches + " launches");
            assertTrue(result.number("between ") > 0 && result.number("atOnce ") > 0, "streams at random moments");
            sums[0] += result.number("passed ");
            sums[1] += launches;
            sums[2] += barriers;
        });
        SUITE.reached(sums[0] + " tests of kernels and layers in " + runs
                + " random orders of threads and moments of streams, approximate units as far off as they may be: "
                + sums[1] + " launches, "
                + sums[2] / Math.max(1, sums[1])
                + " thread-barriers each");
    }
}
