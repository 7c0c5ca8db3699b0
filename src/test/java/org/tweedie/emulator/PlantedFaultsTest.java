package org.tweedie.emulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tweedie.device.Arguments;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceException;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Add;
import org.tweedie.kernels.RowSet;
import org.tweedie.testing.EmulatedDriver;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.TestDevices;

/**
 * Faults planted in kernels and launches, through the device layer: what the rig must see, and does. {@link MutantsTest} plants them in our
 * own kernels.
 */
@GpuTest
@Tag("emulator")
class PlantedFaultsTest {
    private static final int ORDERS = 12;

    private long launches;

    @BeforeEach
    void needsIt() {
        EmulatedDriver.required();
        launches = EmulatedDriver.stat("launches");
    }

    @AfterEach
    void somethingRan() {
        if (EmulatedDriver.present()) {
            EmulatedDriver.reset();
            assertTrue(EmulatedDriver.stat("launches") > launches, "the emulated GPU ran nothing");
        }
    }

    private String reported = "";

    private <T> T onDevice(Function<Stream, T> work) {
        try (Device device = TestDevices.open(TestDevices.specs().get(1));
                Stream stream = device.stream()) {
            return work.apply(stream);
        }
    }

    /** Keeps the report of a fault and repairs the context, so that what the test holds can be given back. */
    private <T> T faulty(Supplier<T> work) {
        try {
            return work.get();
        } catch (DeviceException e) {
            reported = EmulatedDriver.report();
            EmulatedDriver.reset();
            throw e;
        }
    }

    /** What a kernel leaves in 64 zeros. */
    private List<Integer> run(KernelEntry entry, LaunchShape shape, UnaryOperator<Arguments> more) {
        return onDevice(stream -> {
            try (DeviceBuffer buffer = stream.device().allocate(Element.I32, 64)) {
                stream.zero(buffer, 0, 64);
                return faulty(() -> {
                    stream.launch(
                            stream.device().kernel(entry), shape, more.apply(new Arguments(entry).buffer(buffer)));
                    int[] values = new int[64];
                    stream.download(buffer, 0, values, 0, 64);
                    return Arrays.stream(values).boxed().toList();
                });
            }
        });
    }

    /** The results that {@link #ORDERS} orders of threads give; one where the order does not matter. */
    private Set<List<Integer>> inEveryOrder(KernelEntry entry, LaunchShape shape) {
        Set<List<Integer>> results = new HashSet<>();
        for (int number = 0; number < ORDERS; number++) {
            Orders.choose(number);
            results.add(run(entry, shape, arguments -> arguments));
        }
        return results;
    }

    @Test
    void aMissingBarrierIsSeen() {
        assertTrue(inEveryOrder(Planted.NO_BARRIER, LaunchShape.linear(64, 64)).size() > 2);
        assertTrue(inEveryOrder(Planted.NO_SYNCWARP, LaunchShape.linear(32, 32)).size() > 2);
    }

    @Test
    void aBarrierThatIsThereIsNotMissed() {
        for (int number = 0; number < ORDERS; number++) {
            Orders.choose(number);
            int sum = onDevice(stream -> {
                try (DeviceBuffer in = stream.device().allocate(Element.I32, 64);
                        DeviceBuffer sums = stream.device().allocate(Element.I32, 1)) {
                    int[] values = new int[64];
                    Arrays.setAll(values, i -> i * i);
                    stream.upload(values, 0, in, 0, 64);
                    stream.launch(
                            stream.device().kernel(Planted.BLOCK_SUM),
                            LaunchShape.blocks(1, 1, 64, 256),
                            new Arguments(Planted.BLOCK_SUM)
                                    .buffer(in)
                                    .buffer(sums)
                                    .i32(64));
                    int[] got = new int[1];
                    stream.download(sums, 0, got, 0, 1);
                    return got[0];
                }
            });
            assertEquals(63 * 64 * 127 / 6, sum);
        }
    }

    @Test
    void aRaceBetweenBlocksIsSeen() {
        assertTrue(
                inEveryOrder(Planted.LAST_WRITER, LaunchShape.linear(8 * 32, 32))
                                .size()
                        > 1,
                "who writes last");
        assertTrue(
                inEveryOrder(Planted.LOST_UPDATE, LaunchShape.linear(8 * 32, 32))
                                .size()
                        > 1,
                "an update is lost");
    }

    /** The launch or the next wait must fail with that code, and the report say why; nothing may stay behind. */
    private void fails(String code, String words, Runnable work) {
        long before = EmulatedDriver.stat("bytes");
        DeviceException thrown = assertThrows(DeviceException.class, work::run);
        assertTrue(String.valueOf(thrown.getMessage()).contains(code), thrown.getMessage());
        assertTrue(reported.contains(words), reported);
        assertEquals(before, EmulatedDriver.stat("bytes"));
    }

    @Test
    void divergenceIsSeen() {
        fails(
                "CUDA_ERROR_LAUNCH_FAILED",
                "different barriers",
                () -> run(Planted.TWO_BARRIERS, LaunchShape.linear(64, 64), arguments -> arguments));
    }

    @ParameterizedTest
    @ValueSource(longs = {64, -1, 127, 1L << 30, -(1L << 36), 1L << 44})
    void aStoreOutOfBoundsIsSeen(long element) {
        fails(
                "CUDA_ERROR_ILLEGAL_ADDRESS",
                Math.abs(element) <= 128 ? "of allocation #" : "an access at 0x",
                () -> run(
                        Planted.WRITE_AT,
                        LaunchShape.linear(1, 1),
                        a -> a.i64(element).i32(1)));
    }

    @Test
    void aStoreBehindASharedArrayIsSeen() {
        fails(
                "CUDA_ERROR_ILLEGAL_ADDRESS",
                "shared array small",
                () -> run(Planted.SHARED_OVERRUN, LaunchShape.linear(1, 1), a -> a.i32(1)));
    }

    /** What was never written is NaN, and so is every sum of it. */
    @Test
    void anUninitialisedReadIsSeen() {
        for (int written : new int[] {63, 64}) {
            float total = onDevice(stream -> {
                try (DeviceBuffer in = stream.device().allocate(Element.F32, 64);
                        DeviceBuffer out = stream.device().allocate(Element.F32, 1)) {
                    float[] ones = new float[64];
                    Arrays.fill(ones, 1);
                    stream.upload(ones, 0, in, 0, written);
                    stream.launch(
                            stream.device().kernel(Planted.TOTAL),
                            LaunchShape.linear(1, 1),
                            new Arguments(Planted.TOTAL).buffer(in).i32(64).buffer(out));
                    float[] got = new float[1];
                    stream.download(out, 0, got, 0, 1);
                    return got[0];
                }
            });
            assertEquals(written == 64 ? 64 : Float.NaN, total);
        }
    }

    /** Freed memory is not there any more, and memory that comes again holds nothing of what it held. */
    @Test
    void aReadOfFreedMemoryIsSeen() {
        fails(
                "CUDA_ERROR_ILLEGAL_ADDRESS",
                "an access at",
                () -> onDevice(stream -> {
                    long address;
                    try (DeviceBuffer gone = stream.device().allocate(Element.F32, 64)) {
                        address = gone.address();
                    }
                    try (DeviceBuffer out = stream.device().allocate(Element.F32, 1)) {
                        return faulty(() -> {
                            stream.launch(
                                    stream.device().kernel(Planted.TOTAL),
                                    LaunchShape.linear(1, 1),
                                    new Arguments(Planted.TOTAL)
                                            .buffer(stream.device().wrap(address, Element.F32, 64))
                                            .i32(64)
                                            .buffer(out));
                            stream.synchronize();
                            return 0;
                        });
                    }
                }));
    }

    /** Two kinds exchanged, or one missing: the declaration is not what was compiled, and a launch finds no memory behind a number. */
    @Test
    void argumentsOfTwoKindsInTheWrongOrderAreSeen() {
        anUninitialisedReadIsSeen(); // the right order is well
        KernelEntry tooFew = Planted.entry("selftest_total", Parameter.POINTER, Parameter.I32);
        assertNotEquals(EmulatedDriver.parameters("selftest_total"), Orders.letters(tooFew));
        KernelEntry wrong = Planted.entry("selftest_total", Parameter.I32, Parameter.POINTER, Parameter.POINTER);
        assertNotEquals(EmulatedDriver.parameters("selftest_total"), Orders.letters(wrong));
        assertEquals(EmulatedDriver.parameters("selftest_total"), Orders.letters(Planted.TOTAL));
        fails(
                "CUDA_ERROR_ILLEGAL_ADDRESS",
                "selftest_total: argument 1 is 0x40",
                () -> onDevice(stream -> {
                    try (DeviceBuffer in = stream.device().allocate(Element.F32, 64);
                            DeviceBuffer out = stream.device().allocate(Element.F32, 1)) {
                        return faulty(() -> {
                            stream.launch(
                                    stream.device().kernel(wrong),
                                    LaunchShape.linear(1, 1),
                                    new Arguments(wrong).i32(64).buffer(in).buffer(out));
                            stream.synchronize();
                            return 0;
                        });
                    }
                }));
    }

    /** Two of one kind exchanged: no type tells, but the result is not the twin's. */
    @Test
    void argumentsOfOneKindInTheWrongOrderAreSeen() {
        float[] right = add("cpu:1", false);
        assertArrayEquals(right, add(TestDevices.specs().get(1), false));
        assertFalse(Arrays.equals(right, add(TestDevices.specs().get(1), true)));
    }

    /** a + b of 3 rows of 2, b with a gap; strides of a and b exchanged where {@code wrong}. */
    private static float[] add(String spec, boolean wrong) {
        try (Device device = TestDevices.open(spec);
                Stream stream = device.stream();
                RowSet rows = RowSet.on(device);
                DeviceBuffer a = device.allocate(Element.F32, 9);
                DeviceBuffer b = device.allocate(Element.F32, 9);
                DeviceBuffer out = device.allocate(Element.F32, 6)) {
            stream.upload(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9}, 0, a, 0, 9);
            stream.upload(new float[] {10, 20, 0, 30, 40, 0, 50, 60, 0}, 0, b, 0, 9);
            rows.assign(stream, 1, 0, 3);
            Arguments arguments = new Arguments(Add.ROWS).buffer(a).buffer(b).buffer(out);
            rows.into(arguments).i32(2).i32(wrong ? 3 : 2).i32(wrong ? 2 : 3).i32(2);
            stream.launch(device.kernel(Add.ROWS), LaunchShape.linear(6, 32), arguments);
            float[] got = new float[6];
            stream.download(out, 0, got, 0, 6);
            return got;
        }
    }
}
