package org.tweedie.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.function.Executable;

/** What the tests of all readers say alike. */
final class Malformed {
    /** Enough for every valid file here, so that a test that allocates by a declared size is caught. */
    static final ReadLimits LIMITS = ReadLimits.defaults().withMemory(16 << 20);

    private Malformed() {}

    /** The reader refuses, naming exactly this file and place and a fault with these words. */
    static void assertMalformed(String file, String place, String fault, Executable read) {
        MalformedFileException e = assertThrows(MalformedFileException.class, read);
        assertEquals(file, e.file(), e.getMessage());
        assertEquals(place, e.place(), e.getMessage());
        assertTrue(e.fault().contains(fault), e.getMessage());
        assertEquals(file + ": " + place + ": " + e.fault(), e.getMessage());
        assertFalse(e.getMessage().chars().anyMatch(c -> c < ' '), "one line: " + e.getMessage());
    }

    static byte[] golden(String name) {
        try (InputStream in = Malformed.class.getResourceAsStream("/io/" + name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The file cut at every byte gives a result or a MalformedFileException. */
    static void cutAtEveryByte(byte[] valid, Consumer<byte[]> read) {
        for (int length = 0; length < valid.length; length++) {
            surviving(Arrays.copyOf(valid, length), read, "cut at " + length);
        }
    }

    /** So does the file with a few bytes changed, moved, removed or repeated, 20,000 times within a minute. */
    static void mutate(byte[] valid, long seed, Consumer<byte[]> read) {
        int[] refused = {0};
        Assertions.assertTimeout(Duration.ofSeconds(60), () -> {
            for (int trial = 0; trial < 20_000; trial++) {
                Random random = new Random(seed * 1_000_003 + trial);
                refused[0] += surviving(mutated(valid, random), read, "seed " + seed + ", trial " + trial) ? 0 : 1;
            }
        });
        assertTrue(refused[0] > 1000, "the mutations hardly reach the checks: " + refused[0] + " of 20000 refused");
    }

    private static byte[] mutated(byte[] valid, Random random) {
        byte[] bytes = valid.clone();
        for (int change = 1 + random.nextInt(3); change > 0 && bytes.length > 0; change--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(6)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt(256);
                case 2 -> bytes[at] = new byte[] {0, -1, 127, -128, '"', '{', '[', ',', '9', '\n'}[random.nextInt(10)];
                case 3 -> bytes = Arrays.copyOf(bytes, at);
                case 4 -> { // repeat a stretch
                    int count = Math.min(bytes.length - at, 1 + random.nextInt(16));
                    byte[] longer = Arrays.copyOf(bytes, bytes.length + count);
                    System.arraycopy(bytes, at, longer, at + count, bytes.length - at);
                    bytes = longer;
                }
                default -> { // wide values where sizes may stand
                    for (int i = at; i < Math.min(bytes.length, at + (random.nextBoolean() ? 4 : 8)); i++) {
                        bytes[i] = (byte) (random.nextInt(4) == 0 ? random.nextInt(256) : 0xff);
                    }
                }
            }
        }
        return bytes;
    }

    private static boolean surviving(byte[] bytes, Consumer<byte[]> read, String what) {
        try {
            read.accept(bytes);
            return true;
        } catch (MalformedFileException expected) {
            assertFalse(expected.getMessage().chars().anyMatch(c -> c < ' '), expected.getMessage());
            return false;
        } catch (RuntimeException | Error e) {
            throw new AssertionError(
                    what + " gave " + e + " for " + java.util.HexFormat.of().formatHex(bytes), e);
        }
    }

    /** Bytes this thread allocates in a call. */
    static long allocated(Executable call) throws Throwable {
        com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        call.execute();
        return threads.getCurrentThreadAllocatedBytes() - before;
    }
}
