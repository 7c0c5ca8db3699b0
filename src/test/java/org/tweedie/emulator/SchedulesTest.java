package org.tweedie.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.tweedie.device.Device;
import org.tweedie.kernels.LaunchSet;
import org.tweedie.testing.ChildJvm;
import org.tweedie.testing.Depth;
import org.tweedie.testing.EmulatedDriver;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.Suite;
import org.tweedie.testing.TestDevices;

/**
 * Every kernel of every type, its threads and blocks in any order and its streams at any moment: not one bit changes, and those of f32
 * are the host's. {@link PlantedFaultsTest} shows that a fault does change them.
 */
@GpuTest
@Tag("emulator")
class SchedulesTest {
    /** What the emulator can run in a moment: about 0.1 s a launch is ten times this. */
    private static final double MOST_BARRIERS = 1e5;

    private static final Suite SUITE = new Suite("emulator");

    /** Orders that run in this JVM. */
    private static final long HERE = 4;

    /** Orders of two JVMs at once. */
    private static final long CHUNK = 96;

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

    private static Map<String, float[]> results(String spec) {
        try (Device device = TestDevices.open(spec)) {
            return Orders.results(device);
        }
    }

    private static String emulated() {
        return TestDevices.specs().get(1);
    }

    private static long sum(List<Halves> halves, String start) {
        return halves.stream().mapToLong(one -> one.number(start)).sum();
    }

    /** Those numbers in a JVM of their own. */
    private static Callable<ChildJvm.Result> orders(long first, long last) {
        return () -> ChildJvm.run(
                EmulatedDriver.library().getParent(),
                Map.of("TW_EMU_QUIET", "1"),
                List.of(),
                Orders.class,
                Long.toString(first),
                Long.toString(last));
    }

    @Test
    void noOrderOfThreadsAndNoMomentOfStreamsChangesABit() throws Exception {
        List<String> kernels = LaunchSet.kernels();
        Map<String, Long> before = new TreeMap<>();
        kernels.forEach(k -> before.put(k, EmulatedDriver.stat("launches:" + k)));
        long launches = EmulatedDriver.stat("launches");
        long barriers = EmulatedDriver.stat("barriers");
        Map<String, float[]> forward = results(emulated());
        long once = EmulatedDriver.stat("launches") - launches;
        assertEquals("", Orders.difference(results("cpu:1"), forward, false), "the host and the emulated GPU");
        List<String> unreached = new ArrayList<>(kernels);
        unreached.removeIf(k -> EmulatedDriver.stat("launches:" + k) > before.get(k));
        assertEquals(List.of(), unreached, "kernels that the launch set does not reach");

        try (Device device = TestDevices.open(emulated())) {
            assertEquals(
                    "", Orders.difference(forward, Orders.resultsOnFewBlocks(device), true), "many blocks and few");
        }
        long schedules = Depth.of(4, 100, 2000);
        for (long number = 0; number < HERE; number++) {
            String chosen = Orders.choose(number);
            assertEquals("", Orders.difference(forward, results(emulated()), true), chosen);
        }
        List<Halves> elsewhere = new ArrayList<>();
        SUITE.cases((schedules - HERE + CHUNK - 1) / CHUNK, chunk -> {
            long first = HERE + CHUNK * chunk;
            long last = Math.min(schedules, first + CHUNK) - 1;
            long middle = (first + last) / 2;
            Halves halves = Halves.both(orders(first, middle), orders(middle + 1, last));
            for (ChildJvm.Result half : halves.results()) {
                assertEquals(0, half.exit(), half.output());
                assertEquals("", half.line("difference "));
            }
            elsewhere.add(halves);
        });
        launches = EmulatedDriver.stat("launches") - launches + sum(elsewhere, "launches ");
        barriers = EmulatedDriver.stat("barriers") - barriers + sum(elsewhere, "barriers ");
        assertTrue(once >= 300, once + " launches in the launch set");
        double average = (double) barriers / launches;
        assertTrue(average > 0 && average <= MOST_BARRIERS, average + " thread-barriers a launch");
        SUITE.reached(kernels.size() + " kernels in " + once + " launches, the same bits under " + schedules
                + " orders of threads and moments of streams; " + launches + " launches, " + Math.round(average)
                + " thread-barriers each");
    }

    @Test
    void anOrderThatIsNoneIsRefused() {
        assertFalse(EmulatedDriver.schedule("sideways", 1));
        assertFalse(EmulatedDriver.streams("never", 1));
    }
}
