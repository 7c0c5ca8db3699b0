package org.tweedie.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Array;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.kernels.RowSet;
import org.tweedie.testing.EmulatedDriver;
import org.tweedie.testing.TestDevices;

/** What every device promises, on every device present. */
class DeviceContractTest {
    private static final int[] SIZES = {0, 1, 3, 31, 33, 1021, 4097};
    /** More than the two staging halves of a CUDA stream together, and no multiple of them. */
    private static final int LARGE = 700_001;

    static java.util.stream.Stream<org.junit.jupiter.params.provider.Arguments> elements() {
        return TestDevices.times(List.of(Element.values()));
    }

    @ParameterizedTest
    @MethodSource("elements")
    void bringsBackTheBitsThatWereSent(Device device, Element element) {
        RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
        try (Stream stream = device.stream()) {
            for (int size : SIZES) {
                try (DeviceBuffer buffer = device.allocate(element, size)) {
                    assertEquals(size, buffer.count());
                    assertEquals((long) size * element.bytes(), buffer.bytes());
                    Object sent = bits(element, size, random);
                    Object back = array(element, size);
                    stream.upload(sent, 0, buffer, 0, size);
                    stream.download(buffer, 0, back, 0, size);
                    assertTrue(same(sent, back), element + " x " + size);
                    if (size > 3) {
                        stream.upload(sent, 0, buffer, 2, size - 3);
                        stream.download(buffer, 2, back, 1, size - 3);
                        for (int i = 0; i < size - 3; i++) {
                            assertEquals(Array.get(sent, i), Array.get(back, i + 1));
                        }
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("elements")
    void zeroWritesZeroBitsWhereAsked(Device device, Element element) {
        try (Stream stream = device.stream();
                DeviceBuffer buffer = device.allocate(element, 33)) {
            Object ones = array(element, 33);
            for (int i = 0; i < 33; i++) {
                set(ones, i, 1);
            }
            stream.upload(ones, 0, buffer, 0, 33);
            stream.zero(buffer, 5, 11);
            Object back = array(element, 33);
            stream.download(buffer, 0, back, 0, 33);
            Object expected = ones;
            for (int i = 5; i < 16; i++) {
                set(expected, i, 0);
            }
            assertTrue(same(expected, back));
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void largeArraysTravelInPieces(Device device) {
        double[] sent = RandomGenerator.of("L64X128MixRandom").doubles(LARGE).toArray();
        double[] back = new double[LARGE];
        try (Stream stream = device.stream();
                DeviceBuffer a = device.allocate(Element.F64, LARGE);
                DeviceBuffer b = device.allocate(Element.F64, LARGE)) {
            stream.upload(sent, 0, a, 0, LARGE);
            stream.copy(a, 0, b, 0, LARGE);
            // many small ones after a large one: the staging memory goes round
            for (int i = 0; i < 1000; i++) {
                sent[i * 700] = i;
                stream.upload(sent, i * 700, b, i * 700, 1);
            }
            stream.download(b, 0, back, 0, LARGE);
            assertArrayEquals(sent, back);
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void anUploadedArrayMayChangeAtOnce(Device device) {
        try (Stream stream = device.stream();
                DeviceBuffer buffer = device.allocate(Element.I32, 1000)) {
            int[] array = new int[1];
            for (int i = 0; i < 1000; i++) {
                array[0] = i;
                stream.upload(array, 0, buffer, i, 1);
            }
            int[] back = new int[1000];
            stream.download(buffer, 0, back, 0, 1000);
            for (int i = 0; i < 1000; i++) {
                assertEquals(i, back[i]);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("elements")
    void copiesWithPageLockedMemory(Device device, Element element) {
        int size = 1021;
        try (Stream stream = device.stream();
                HostBuffer pinned = device.pinned(element, size);
                HostBuffer other = device.pinned(element, size);
                DeviceBuffer buffer = device.allocate(element, size)) {
            assertEquals(element, pinned.element());
            assertEquals(size, pinned.count());
            assertEquals(ByteOrder.nativeOrder(), pinned.memory().order());
            assertEquals(size * element.bytes(), pinned.memory().capacity());
            for (int i = 0; i < pinned.memory().capacity(); i++) {
                pinned.memory().put(i, (byte) (7 * i + 1));
            }
            stream.uploadAsync(pinned, 0, buffer, 0, size);
            stream.downloadAsync(buffer, 10, other, 20, size - 20);
            stream.synchronize();
            for (int i = 0; i < (size - 20) * element.bytes(); i++) {
                assertEquals(
                        (byte) (7 * (i + 10 * element.bytes()) + 1),
                        other.memory().get(i + 20 * element.bytes()));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aClosedPageLockedBufferIsRefusedAndItsViewHarmless(Device device) {
        try (Stream stream = device.stream();
                DeviceBuffer buffer = device.allocate(Element.F32, 4)) {
            HostBuffer pinned = device.pinned(Element.F32, 4);
            var view = pinned.memory();
            pinned.close();
            pinned.close();
            assertThrows(IllegalStateException.class, pinned::memory);
            assertThrows(IllegalStateException.class, () -> stream.uploadAsync(pinned, 0, buffer, 0, 4));
            view.putFloat(0, 1);
            assertEquals(1, view.getFloat(0));
        }
    }

    private static final List<String> ROWS = List.of("seed", "first", "count", "index", "alive", "iteration");

    /** The struct as the device holds it; the twin keeps it in the RowSet instead, so there it is read back from that. */
    private static long[] assigned(Device device, Stream stream, RowSet rows, DeviceBuffer memory) {
        if (device.kind() == DeviceKind.HOST) {
            return new long[] {rows.seed(), rows.index(0), rows.count(), 0, 0, rows.iteration()};
        }
        long[] words = new long[ROWS.size()];
        stream.download(memory, 0, words, 0, words.length);
        return words;
    }

    private static Arguments assign(
            DeviceBuffer memory, RowSet rows, long seed, long first, long count, long iteration) {
        return new Arguments(RowSet.ASSIGN)
                .struct(memory, rows)
                .i64(seed)
                .i64(first)
                .i64(count)
                .buffer(null)
                .buffer(null)
                .i64(iteration);
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aLaunchGetsItsArguments(Device device) {
        Kernel kernel = device.kernel(RowSet.ASSIGN);
        assertEquals(RowSet.ASSIGN, kernel.entry());
        try (Stream stream = device.stream();
                RowSet rows = RowSet.on(device);
                DeviceBuffer memory = device.allocate(Element.I64, 6)) {
            stream.launch(kernel, LaunchShape.linear(1, 1), assign(memory, rows, -7, 1L << 40, 3, Long.MAX_VALUE));
            assertArrayEquals(
                    new long[] {-7, 1L << 40, 3, 0, 0, Long.MAX_VALUE}, assigned(device, stream, rows, memory));
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aGraphReplaysWhatWasCaptured(Device device) {
        Kernel kernel = device.kernel(RowSet.ASSIGN);
        try (Stream stream = device.stream();
                RowSet rows = RowSet.on(device);
                DeviceBuffer memory = device.allocate(Element.I64, 6);
                DeviceBuffer a = device.allocate(Element.I64, 3);
                DeviceBuffer b = device.allocate(Element.I64, 3)) {
            stream.upload(new long[] {1, 2, 3}, 0, a, 0, 3);
            stream.upload(new long[] {9, 9, 9}, 0, b, 0, 3);
            stream.launch(kernel, LaunchShape.linear(1, 1), assign(memory, rows, 1, 1, 1, 1));
            try (Graph graph = stream.capture(() -> {
                stream.launch(kernel, LaunchShape.linear(1, 1), assign(memory, rows, 5, 6, 7, 8));
                stream.copy(a, 0, b, 1, 2);
                stream.zero(b, 0, 1);
            })) {
                assertEquals(3, graph.size());
                long[] back = new long[3];
                stream.download(b, 0, back, 0, 3);
                assertArrayEquals(new long[] {9, 9, 9}, back, "captured, not run");
                assertEquals(1, assigned(device, stream, rows, memory)[0]);
                for (int replay = 0; replay < 3; replay++) {
                    stream.upload(new long[] {10 + replay, 20, 30}, 0, a, 0, 3);
                    stream.launch(graph);
                    stream.download(b, 0, back, 0, 3);
                    assertArrayEquals(new long[] {0, 10 + replay, 20}, back);
                    assertArrayEquals(new long[] {5, 6, 7, 0, 0, 8}, assigned(device, stream, rows, memory));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void whatCannotBeCapturedIsRefusedAndTheStreamGoesOn(Device device) {
        try (Stream stream = device.stream();
                Event event = device.event();
                HostBuffer pinned = device.pinned(Element.F32, 2);
                DeviceBuffer buffer = device.allocate(Element.F32, 2);
                Graph empty = stream.capture(() -> {})) {
            assertEquals(0, empty.size());
            List<Runnable> refused = List.of(
                    () -> stream.upload(new float[2], 0, buffer, 0, 2),
                    () -> stream.download(buffer, 0, new float[2], 0, 2),
                    () -> stream.uploadAsync(pinned, 0, buffer, 0, 2),
                    () -> stream.downloadAsync(buffer, 0, pinned, 0, 2),
                    () -> stream.record(event),
                    () -> stream.await(event),
                    stream::synchronize,
                    () -> stream.launch(empty),
                    () -> stream.capture(() -> {}));
            for (Runnable operation : refused) {
                IllegalStateException e = assertThrows(IllegalStateException.class, () -> stream.capture(operation));
                assertTrue(e.getMessage().contains("captured"), e.getMessage());
            }
            stream.launch(empty);
            stream.upload(new float[] {1, 2}, 0, buffer, 0, 2);
            float[] back = new float[2];
            stream.download(buffer, 0, back, 0, 2);
            assertArrayEquals(new float[] {1, 2}, back);
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void eventsOrderStreamsAndTellTime(Device device) {
        int size = 100_000;
        int[] sent = RandomGenerator.of("L64X128MixRandom").ints(size).toArray();
        try (Stream one = device.stream();
                Stream two = device.stream();
                Event start = device.event();
                Event end = device.event();
                DeviceBuffer a = device.allocate(Element.I32, size);
                DeviceBuffer b = device.allocate(Element.I32, size)) {
            for (int round = 0; round < 20; round++) {
                sent[round] = round;
                one.record(start);
                one.upload(sent, 0, a, 0, size);
                one.record(end);
                two.await(end);
                two.copy(a, 0, b, 0, size);
                int[] back = new int[size];
                two.download(b, 0, back, 0, size);
                assertArrayEquals(sent, back);
                end.synchronize();
                assertTrue(end.millisecondsSince(start) >= 0);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void badRangesAndTypesAreRefusedBeforeAnythingHappens(Device device) {
        try (Stream stream = device.stream();
                DeviceBuffer five = device.allocate(Element.F32, 5);
                DeviceBuffer ints = device.allocate(Element.I32, 5)) {
            stream.zero(five, 0, 5);
            List<Runnable> bad = List.of(
                    () -> stream.upload(new float[5], 0, five, 1, 5),
                    () -> stream.upload(new float[4], 0, five, 0, 5),
                    () -> stream.upload(new float[5], -1, five, 0, 2),
                    () -> stream.upload(new float[5], 0, five, -1, 2),
                    () -> stream.upload(new float[5], 0, five, 0, -1),
                    () -> stream.upload(new double[5], 0, five, 0, 5),
                    () -> stream.upload(new int[5], 0, five, 0, 5),
                    () -> stream.download(five, 4, new float[5], 0, 2),
                    () -> stream.download(five, 0, new float[1], 0, 2),
                    () -> stream.download(five, 0, new byte[20], 0, 5),
                    () -> stream.copy(five, 0, ints, 0, 5),
                    () -> stream.copy(five, 3, five, 0, 3),
                    () -> stream.copy(five, 0, five, 4, 2),
                    () -> stream.zero(five, 0, 6),
                    () -> stream.zero(five, 3, 3),
                    () -> stream.zero(five, -1, 1),
                    () -> device.allocate(Element.F32, -1),
                    () -> device.pinned(Element.F32, -1));
            for (int i = 0; i < bad.size(); i++) {
                Runnable operation = bad.get(i);
                assertThrows(IllegalArgumentException.class, operation::run, "operation " + i);
            }
            float[] back = {1, 1, 1, 1, 1};
            stream.download(five, 0, back, 0, 5);
            assertArrayEquals(new float[5], back);
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aLaunchWithOtherArgumentsThanTheKernelsIsRefused(Device device) {
        KernelEntry other = KernelEntry.of("rows_assign", (arguments, team) -> {}, KernelEntry.Parameter.F32);
        try (Stream stream = device.stream()) {
            Kernel kernel = device.kernel(RowSet.ASSIGN);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> stream.launch(kernel, LaunchShape.linear(1, 1), new Arguments(RowSet.ASSIGN).buffer(null)));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> stream.launch(kernel, LaunchShape.linear(1, 1), new Arguments(other).f32(1)));
            assertThrows(IllegalArgumentException.class, () -> new Arguments(RowSet.ASSIGN).i32(1));
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void noRoomIsATypedExceptionAndNothingIsLost(Device device) {
        long before = device.allocatedBytes();
        for (long count : new long[] {1L << 50, Long.MAX_VALUE}) {
            OutOfDeviceMemoryException e =
                    assertThrows(OutOfDeviceMemoryException.class, () -> device.allocate(Element.F64, count));
            assertTrue(e.askedBytes() >= 1L << 53, e.getMessage());
            assertTrue(e.freeBytes() > 0, e.getMessage());
            assertTrue(e.getMessage().contains("bytes free"), e.getMessage());
        }
        assertEquals(before, device.allocatedBytes());
        try (DeviceBuffer buffer = device.allocate(Element.F32, 1000)) {
            assertEquals(before + 4000, device.allocatedBytes());
        }
        assertEquals(before, device.allocatedBytes());
        assertTrue(device.memory().free() > 0
                && device.memory().free() <= device.memory().total());
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void useAfterCloseIsRefused(Device device) {
        Stream stream = device.stream();
        DeviceBuffer buffer = device.allocate(Element.F32, 4);
        DeviceBuffer open = device.allocate(Element.F32, 4);
        Graph graph = stream.capture(() -> stream.copy(buffer, 0, open, 0, 4));
        stream.launch(graph);
        buffer.close();
        buffer.close();
        assertThrows(ClosedException.class, () -> stream.upload(new float[4], 0, buffer, 0, 4));
        assertThrows(ClosedException.class, () -> stream.download(buffer, 0, new float[4], 0, 4));
        assertThrows(ClosedException.class, () -> stream.copy(open, 0, buffer, 0, 4));
        assertThrows(ClosedException.class, () -> stream.copy(buffer, 0, open, 0, 4));
        assertThrows(ClosedException.class, () -> stream.zero(buffer, 0, 4));
        assertThrows(ClosedException.class, () -> stream.launch(graph), "a graph that uses a closed buffer");
        RowSet rows = RowSet.on(device);
        rows.close();
        try (DeviceBuffer memory = device.allocate(Element.I64, 6)) {
            memory.close();
            assertThrows(
                    ClosedException.class,
                    () -> stream.launch(
                            device.kernel(RowSet.ASSIGN),
                            LaunchShape.linear(1, 1),
                            new Arguments(RowSet.ASSIGN)
                                    .struct(memory, rows)
                                    .i64(0)
                                    .i64(0)
                                    .i64(0)
                                    .buffer(buffer)
                                    .buffer(null)
                                    .i64(0)));
        }
        graph.close();
        graph.close();
        assertThrows(ClosedException.class, () -> stream.launch(graph), "a closed graph");
        stream.close();
        stream.close();
        assertThrows(ClosedException.class, stream::synchronize);
        assertThrows(ClosedException.class, () -> stream.zero(open, 0, 1));
        assertThrows(
                ClosedException.class,
                () -> stream.launch(
                        device.kernel(RowSet.ASSIGN), LaunchShape.linear(1, 1), assign(open, rows, 0, 0, 0, 0)));
        Event event = device.event();
        event.close();
        try (Stream another = device.stream()) {
            assertThrows(ClosedException.class, () -> another.record(event));
        }
        open.close();
        device.close();
        device.close();
        assertThrows(ClosedException.class, () -> device.allocate(Element.F32, 1));
        assertThrows(ClosedException.class, device::stream);
        assertThrows(ClosedException.class, device::event);
        assertThrows(ClosedException.class, () -> device.pinned(Element.F32, 1));
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void closingTheDeviceReturnsWhatWasForgotten(Device device) {
        DeviceBuffer forgotten = device.allocate(Element.F32, 1000);
        Stream stream = device.stream();
        assertTrue(
                device.allocations().leaks().stream().anyMatch(line -> line.contains("1000 F32")),
                device.allocations().leaks()::toString);
        device.close();
        assertEquals(0, device.allocatedBytes());
        assertEquals(List.of(), device.allocations().leaks());
        assertThrows(IllegalStateException.class, () -> stream.zero(forgotten, 0, 1));
        assertDoesNotThrow(forgotten::close);
        assertDoesNotThrow(stream::close);
    }

    /** A capture under way keeps its stream: it ends as a capture, then the stream is gone, and nothing is left of either. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aStreamClosedWhileItCapturesIsEndedFirst(Device device) {
        if (device.kind() == DeviceKind.EMULATED) {
            EmulatedDriver.required();
        }
        long open = handles(device);
        try (DeviceBuffer buffer = device.allocate(Element.F32, 4)) {
            Stream stream = device.stream();
            assertThrows(
                    ClosedException.class,
                    () -> stream.capture(() -> {
                        stream.zero(buffer, 0, 4);
                        stream.close();
                        stream.zero(buffer, 0, 4);
                    }));
            Stream last = device.stream();
            Graph graph = last.capture(() -> {
                last.zero(buffer, 0, 4);
                last.close();
            });
            graph.close();
            assertThrows(ClosedException.class, last::synchronize);
        }
        assertEquals(open, handles(device), "streams and graphs of the driver");
        assertEquals(List.of(), device.allocations().leaks());
    }

    /** Streams and graphs that the emulated driver has open. */
    private static long handles(Device device) {
        return device.kind() != DeviceKind.EMULATED
                ? 0
                : 1000 * EmulatedDriver.stat("streams") + EmulatedDriver.stat("graphs");
    }

    /** One thread closes while the other copies: each copy either works or throws, and nothing dies. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void closeDuringUseIsSafe(Device device) throws InterruptedException {
        for (int round = 0; round < 50; round++) {
            DeviceBuffer buffer = device.allocate(Element.F32, 256);
            Stream stream = device.stream();
            CountDownLatch running = new CountDownLatch(1);
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            Thread user = new Thread(() -> {
                float[] array = new float[256];
                try {
                    while (true) {
                        stream.upload(array, 0, buffer, 0, 256);
                        stream.zero(buffer, 0, 256);
                        running.countDown();
                    }
                } catch (Throwable e) {
                    thrown.set(e);
                    running.countDown();
                }
            });
            user.start();
            running.await();
            if (round % 2 == 0) {
                buffer.close();
            } else {
                stream.close();
            }
            user.join(10_000);
            assertEquals(
                    ClosedException.class,
                    thrown.get() == null ? null : thrown.get().getClass(),
                    String.valueOf(thrown.get()));
            buffer.close();
            stream.close();
        }
        assertEquals(0, device.allocatedBytes());
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void callerOwnedMemoryAndStreams(Device device) {
        if (device.kind() == DeviceKind.HOST) {
            assertThrows(UnsupportedOperationException.class, () -> device.wrap(256, Element.F32, 1));
            assertThrows(UnsupportedOperationException.class, () -> device.wrapStream(1));
            return;
        }
        try (Stream stream = device.stream();
                DeviceBuffer owner = device.allocate(Element.F32, 10);
                Stream wrapped = device.wrapStream(stream.handle())) {
            assertNotEquals(0, owner.address());
            assertEquals(stream.handle(), wrapped.handle());
            long held = device.allocatedBytes();
            try (DeviceBuffer part = device.wrap(owner.address() + 8, Element.F32, 8)) {
                wrapped.upload(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 0, part, 0, 8);
            }
            assertEquals(held, device.allocatedBytes());
            float[] back = new float[8];
            stream.download(owner, 2, back, 0, 8);
            assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, back);
            assertThrows(IllegalArgumentException.class, () -> device.wrap(0, Element.F32, 1));
            assertThrows(IllegalArgumentException.class, () -> device.wrap(owner.address() + 2, Element.F32, 1));
            assertThrows(IllegalArgumentException.class, () -> device.wrap(owner.address(), Element.F32, -1));
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aHandleOfAnotherDeviceIsRefused(Device device) {
        if (device.kind() == DeviceKind.HOST) {
            return;
        }
        try (Device host = Device.open("cpu:1");
                Stream stream = device.stream();
                Stream hosts = host.stream();
                RowSet rows = RowSet.on(host);
                DeviceBuffer there = host.allocate(Element.F32, 1);
                DeviceBuffer here = device.allocate(Element.F32, 1)) {
            assertThrows(IllegalArgumentException.class, () -> stream.zero(there, 0, 1));
            assertThrows(IllegalArgumentException.class, () -> hosts.zero(here, 0, 1));
            assertThrows(IllegalArgumentException.class, () -> stream.copy(here, 0, there, 0, 1));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> stream.launch(
                            host.kernel(RowSet.ASSIGN), LaunchShape.linear(1, 1), assign(here, rows, 0, 0, 0, 0)));
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void manyThreadsShareADevice(Device device) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        for (int t = 0; t < 8; t++) {
            int mine = t;
            threads.add(new Thread(() -> {
                try (Stream stream = device.stream();
                        RowSet rows = RowSet.on(device);
                        DeviceBuffer memory = device.allocate(Element.I64, 6)) {
                    for (int i = 0; i < 50; i++) {
                        stream.launch(
                                device.kernel(RowSet.ASSIGN),
                                LaunchShape.linear(1, 1),
                                assign(memory, rows, mine, i, 1, 0));
                        long[] words = assigned(device, stream, rows, memory);
                        assertEquals(mine, words[0]);
                        assertEquals(i, words[1]);
                    }
                } catch (Throwable e) {
                    thrown.compareAndSet(null, e);
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join(30_000);
        }
        assertEquals(null, thrown.get());
    }

    private static Object array(Element element, int size) {
        return switch (element) {
            case F32 -> new float[size];
            case F64 -> new double[size];
            case F16, BF16 -> new short[size];
            case I32 -> new int[size];
            case I64 -> new long[size];
            case I8 -> new byte[size];
        };
    }

    /** Any bits but those of NaNs, which a Java array may not keep apart. */
    private static Object bits(Element element, int size, RandomGenerator random) {
        Object array = array(element, size);
        for (int i = 0; i < size; i++) {
            switch (element) {
                case F32 -> Array.setFloat(array, i, random.nextFloat(-1e30f, 1e30f));
                case F64 -> Array.setDouble(array, i, random.nextDouble(-1e300, 1e300));
                default -> set(array, i, (int) random.nextLong());
            }
        }
        return array;
    }

    private static void set(Object array, int i, int value) {
        if (array instanceof float[] a) a[i] = value;
        else if (array instanceof double[] a) a[i] = value;
        else if (array instanceof short[] a) a[i] = (short) value;
        else if (array instanceof int[] a) a[i] = value;
        else if (array instanceof long[] a) a[i] = 0x100000001L * value;
        else ((byte[]) array)[i] = (byte) value;
    }

    private static boolean same(Object a, Object b) {
        return java.util.Objects.deepEquals(a, b);
    }
}
