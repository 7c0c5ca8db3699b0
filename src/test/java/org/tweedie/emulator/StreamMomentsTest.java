package org.tweedie.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.tweedie.device.Arguments;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Event;
import org.tweedie.device.Graph;
import org.tweedie.device.HostBuffer;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.testing.Depth;
import org.tweedie.testing.EmulatedDriver;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.Suite;
import org.tweedie.testing.TestDevices;

/**
 * Copies, launches and graphs run at random legal moments: what lacks a wait gives more than one result over the seeds, what has
 * its waits gives one.
 */
@GpuTest
@Tag("emulator")
class StreamMomentsTest {
    private static final long SEEDS = Depth.of(40, 400, 4000);

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

    /** The results over all seeds. */
    private static Set<Float> results(Function<Device, Float> program) {
        Set<Float> results = new TreeSet<>();
        try (Device device = TestDevices.open(TestDevices.specs().get(1))) {
            for (long seed = 1; seed <= SEEDS; seed++) {
                assertTrue(EmulatedDriver.streams("random", seed));
                results.add(program.apply(device));
            }
        }
        return results;
    }

    private static void put(HostBuffer buffer, float value) {
        buffer.memory().putFloat(0, value);
    }

    private static float get(HostBuffer buffer) {
        return buffer.memory().getFloat(0);
    }

    private static float read(Stream stream, DeviceBuffer buffer) {
        float[] value = new float[1];
        stream.download(buffer, 0, value, 0, 1);
        return value[0];
    }

    private static void addOne(Stream stream, DeviceBuffer buffer) {
        stream.launch(
                stream.device().kernel(Planted.ADD_ONE),
                LaunchShape.linear(1, 32),
                new Arguments(Planted.ADD_ONE).buffer(buffer).i64(1));
    }

    /** Host memory is read when the copy runs: whoever writes to it too early is found out. */
    @Test
    void hostMemoryIsReadAtTheMomentOfTheCopy() {
        for (boolean waits : new boolean[] {false, true}) {
            Set<Float> seen = results(device -> {
                try (Stream stream = device.stream();
                        HostBuffer pinned = device.pinned(Element.F32, 1);
                        DeviceBuffer buffer = device.allocate(Element.F32, 1)) {
                    put(pinned, 1);
                    stream.uploadAsync(pinned, 0, buffer, 0, 1);
                    if (waits) {
                        stream.synchronize();
                    }
                    put(pinned, 2);
                    device.memory();
                    put(pinned, 3);
                    return read(stream, buffer);
                }
            });
            assertEquals(waits ? Set.of(1f) : Set.of(1f, 2f, 3f), seen);
        }
    }

    @Test
    void hostMemoryIsWrittenAtTheMomentOfTheCopy() {
        for (boolean waits : new boolean[] {false, true}) {
            Set<Float> seen = results(device -> {
                try (Stream stream = device.stream();
                        HostBuffer pinned = device.pinned(Element.F32, 1);
                        DeviceBuffer buffer = device.allocate(Element.F32, 1)) {
                    stream.zero(buffer, 0, 1);
                    addOne(stream, buffer);
                    put(pinned, -1);
                    stream.downloadAsync(buffer, 0, pinned, 0, 1);
                    if (waits) {
                        stream.synchronize();
                    }
                    float got = get(pinned);
                    stream.synchronize();
                    return got;
                }
            });
            assertEquals(waits ? Set.of(1f) : Set.of(-1f, 1f), seen);
        }
    }

    @Test
    void twoStreamsAreOrderedByEventsOnly() {
        for (boolean waits : new boolean[] {false, true}) {
            Set<Float> seen = results(device -> {
                try (Stream makes = device.stream();
                        Stream takes = device.stream();
                        Event made = device.event();
                        DeviceBuffer from = device.allocate(Element.F32, 1);
                        DeviceBuffer into = device.allocate(Element.F32, 1)) {
                    makes.zero(from, 0, 1);
                    makes.synchronize();
                    for (int i = 0; i < 3; i++) {
                        addOne(makes, from);
                    }
                    makes.record(made);
                    if (waits) {
                        takes.await(made);
                    }
                    takes.copy(from, 0, into, 0, 1);
                    float got = read(takes, into);
                    makes.synchronize();
                    return got;
                }
            });
            assertTrue(waits ? seen.equals(Set.of(3f)) : seen.size() >= 3 && seen.contains(3f), seen.toString());
        }
    }

    /** A replay may be found at any of its operations. */
    @Test
    void graphsRunAtRandomMomentsToo() {
        for (boolean waits : new boolean[] {false, true}) {
            Set<Float> seen = results(device -> {
                try (Stream stream = device.stream();
                        Stream other = device.stream();
                        DeviceBuffer buffer = device.allocate(Element.F32, 1);
                        Graph graph = stream.capture(() -> {
                            stream.zero(buffer, 0, 1);
                            addOne(stream, buffer);
                            addOne(stream, buffer);
                            addOne(stream, buffer);
                        })) {
                    stream.launch(graph);
                    stream.synchronize();
                    stream.launch(graph);
                    if (waits) {
                        stream.synchronize();
                    }
                    float got = read(other, buffer);
                    stream.synchronize();
                    return got;
                }
            });
            assertTrue(waits ? seen.equals(Set.of(3f)) : seen.containsAll(Set.of(0f, 1f, 2f, 3f)), seen.toString());
        }
    }

    @Test
    void operationsRunAtEveryKindOfMoment() {
        long[] before = {EmulatedDriver.stat("atOnce"), EmulatedDriver.stat("between"), EmulatedDriver.stat("atWait")};
        Set<Float> seen = results(device -> {
            try (Stream stream = device.stream();
                    DeviceBuffer buffer = device.allocate(Element.F32, 1)) {
                stream.zero(buffer, 0, 1);
                for (int i = 0; i < 10; i++) {
                    addOne(stream, buffer);
                }
                return read(stream, buffer);
            }
        });
        assertEquals(Set.of(10f), seen);
        long once = EmulatedDriver.stat("atOnce") - before[0];
        long between = EmulatedDriver.stat("between") - before[1];
        long waited = EmulatedDriver.stat("atWait") - before[2];
        assertTrue(once > SEEDS && between > SEEDS && waited > SEEDS, once + " " + between + " " + waited);
        new Suite("emulator")
                .reached(SEEDS + " seeds of moments: " + once + " operations ran at once, " + between
                        + " at a later call, " + waited + " when waited for; six missing waits seen");
    }
}
