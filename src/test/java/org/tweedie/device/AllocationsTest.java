package org.tweedie.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A forgotten close is reported, with the stack of the allocation where that was asked for, and its memory comes back. */
class AllocationsTest {
    private final List<LogRecord> records = new CopyOnWriteArrayList<>();
    private final Logger logger = Logger.getLogger("org.tweedie.device");
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord record) {
            records.add(record);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeEach
    void listen() {
        logger.addHandler(handler);
        logger.setUseParentHandlers(false);
    }

    @AfterEach
    void stop() {
        logger.removeHandler(handler);
        logger.setUseParentHandlers(true);
        System.clearProperty("tweedie.leaks");
    }

    private static boolean madeHere(Throwable stack) {
        return Arrays.stream(stack.getStackTrace())
                .anyMatch(frame -> frame.getClassName().equals(AllocationsTest.class.getName()));
    }

    private static DeviceBuffer forget(Device device) {
        return device.allocate(Element.F32, 123);
    }

    private static Device reopened(Device device) {
        return Device.open(device.spec()); // the property is read when a device is opened
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void closingADeviceReportsWhatIsOpenWithItsStack(Device given) {
        System.setProperty("tweedie.leaks", "true");
        Device device = reopened(given);
        try (DeviceBuffer closed = device.allocate(Element.F32, 7)) {
            assertEquals(7, closed.count());
        }
        DeviceBuffer forgotten = forget(device);
        device.close();
        assertEquals(123, forgotten.count());
        assertEquals(1, records.size(), records::toString);
        assertTrue(
                records.get(0).getMessage().contains("123 F32"), records.get(0).getMessage());
        assertNotNull(records.get(0).getThrown());
        assertTrue(madeHere(records.get(0).getThrown()));
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void withoutStacksTheReportSaysHowToGetThem(Device device) {
        DeviceBuffer forgotten = forget(device);
        device.close();
        assertEquals(123, forgotten.count());
        assertEquals(1, records.size());
        assertTrue(records.get(0).getMessage().contains("-Dtweedie.leaks=true"));
        assertNull(records.get(0).getThrown());
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void anUnreachableBufferIsReportedAndReturned(Device given) throws InterruptedException {
        System.setProperty("tweedie.leaks", "true");
        try (Device device = reopened(given)) {
            forget(device);
            assertEquals(492, device.allocatedBytes());
            for (int i = 0; i < 200 && device.allocatedBytes() > 0; i++) {
                System.gc();
                Thread.sleep(10);
            }
            assertEquals(0, device.allocatedBytes());
            assertEquals(1, device.allocations().unreachable());
            assertEquals(1, records.size());
            assertTrue(
                    records.get(0).getMessage().contains("no longer reachable"),
                    records.get(0).getMessage());
            assertTrue(madeHere(records.get(0).getThrown()));
        }
        assertEquals(1, records.size(), "not reported again");
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void whatWasClosedIsNotReported(Device device) throws InterruptedException {
        for (int i = 0; i < 100; i++) {
            forget(device).close();
        }
        System.gc();
        Thread.sleep(50);
        device.close();
        assertEquals(List.of(), records);
    }

    @Test
    void aLongListOfLeaksIsCutShort() {
        Device device = Device.open("cpu:1");
        List<DeviceBuffer> forgotten = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            forgotten.add(device.allocate(Element.F32, i));
        }
        assertEquals(50, device.allocations().leaks().size());
        assertTrue(device.allocations().leaks().get(0).contains(" 0 F32"), "oldest first");
        device.close();
        assertEquals(21, records.size());
        assertTrue(records.get(20).getMessage().endsWith("and 30 more"));
        assertEquals(50, forgotten.size());
    }

    @Test
    void aTicketFreesOnce() {
        Allocations allocations = new Allocations("test");
        AtomicInteger freed = new AtomicInteger();
        Object handle = new Object();
        Allocations.Ticket ticket = allocations.opened(handle, "a thing", 10, freed::incrementAndGet);
        assertEquals(10, allocations.bytes());
        ticket.close();
        ticket.close();
        allocations.closeAll();
        assertEquals(1, freed.get());
        assertEquals(0, allocations.bytes());
        assertFalse(allocations.leaks().contains("a thing"));
        assertNotNull(handle);
    }
}
