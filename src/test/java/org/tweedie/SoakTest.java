package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.tweedie.testing.Depth;
import org.tweedie.testing.OtherJava;
import org.tweedie.testing.Suite;
import org.tweedie.testing.TestDevices;

/** Thousands of cycles of open, run and close in one process: memory, on the device and off it, stays as it was after warm-up. */
@Tag("soak")
@EnabledOnOs(OS.LINUX)
class SoakTest {
    /** The heap is all touched at the start and never grows; one compiler and one malloc arena, so that little else does. */
    private static final List<String> JVM = List.of(
            "-Xms96m",
            "-Xmx96m",
            "-XX:+AlwaysPreTouch",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:ReservedCodeCacheSize=32m",
            "-Dtweedie.simd=plain");

    /** What a run said, from the end of its warm-up on. */
    private record Curve(List<long[]> points) {
        static Curve of(String spec, long cycles, String planted) throws Exception {
            List<long[]> points = new ArrayList<>();
            for (String line :
                    OtherJava.run(OtherJava.own(), JVM, Soak.class, 5400, spec, Long.toString(cycles), planted)) {
                if (line.matches("\\d+ \\d+ \\d+")) {
                    points.add(Arrays.stream(line.split(" "))
                            .mapToLong(Long::parseLong)
                            .toArray());
                }
            }
            assertEquals(cycles, points.get(points.size() - 1)[0], "cycles done");
            return new Curve(points);
        }

        /** Resident KiB: the median of the points between two parts of the run. */
        long resident(double from, double to) {
            long[] part = points.subList((int) (from * points.size()), (int) (to * points.size())).stream()
                    .mapToLong(point -> point[1])
                    .sorted()
                    .toArray();
            return part[part.length / 2];
        }

        /** By how much memory grew from after the warm-up to the end, as a part of it. */
        double growth() {
            return (double) resident(0.8, 1) / resident(0.4, 0.6) - 1;
        }

        /** Whether what is open on the device is the same at every point. */
        boolean evenOnDevice() {
            return points.stream().mapToLong(point -> point[2]).distinct().count() == 1;
        }
    }

    @Test
    void memoryStaysFlat() throws Exception {
        long cycles = Depth.of(200, 10_000, 100_000);
        List<String> said = new ArrayList<>();
        for (String spec : TestDevices.specs()) {
            TestDevices.open(spec).close();
            Curve curve = Curve.of(spec.equals("cpu") ? "cpu:2" : spec, cycles, "nothing");
            String text = String.format(
                    Locale.ROOT,
                    "%s %d cycles, %.1f MiB, grown by %.2f %%",
                    spec,
                    cycles,
                    curve.resident(0.8, 1) / 1024.0,
                    100 * curve.growth());
            assertTrue(curve.evenOnDevice(), text);
            // two hundred cycles are all warm-up: classes load and compile; ten thousand are not
            assertTrue(curve.growth() < (Depth.now() == Depth.PLAIN ? 0.05 : 0.01), text);
            said.add(text);
        }
        new Suite("soak").reached(String.join("; ", said) + "; device bytes and handles the same after each");
    }

    /** The measure bites: memory that is kept is seen, on the device and off it. */
    @Test
    void whatIsKeptIsSeen() throws Exception {
        List<String> specs = TestDevices.specs();
        String spec = specs.get(specs.size() - 1);
        assertTrue(!Curve.of(spec, 200, "device").evenOnDevice(), "a forgotten buffer");
        if (Depth.now() != Depth.PLAIN) {
            double growth = Curve.of("cpu:2", 1_000, "native").growth();
            assertTrue(growth > 0.01, "20 KB a cycle outside of the heap made it grow by but " + growth);
        }
    }
}
