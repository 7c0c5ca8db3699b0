package org.tweedie.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.tweedie.io.Malformed.LIMITS;
import static org.tweedie.io.Malformed.assertMalformed;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
    @TempDir
    Path folder;

    private byte[] valid;

    private static Checkpoint example() {
        return new Checkpoint()
                .put("weights", new float[] {1, -2, Float.NaN})
                .put("step", 7L, -1L)
                .put("settings", Map.of("seed", "42 \"ü\""))
                .put("empty", new byte[0]);
    }

    private static void read(byte[] bytes) {
        CheckpointFile.read("c.ckpt", bytes, LIMITS);
    }

    @BeforeEach
    void write() throws IOException {
        Path file = folder.resolve("c.ckpt");
        CheckpointFile.write(Output.to(file), example());
        valid = Files.readAllBytes(file);
        Files.delete(file);
    }

    /** The whole hash made right again, so that the check behind it is reached. */
    private byte[] resealed(byte[] bytes) throws Exception {
        byte[] body = Arrays.copyOf(bytes, bytes.length - 32);
        System.arraycopy(MessageDigest.getInstance("SHA-256").digest(body), 0, bytes, body.length, 32);
        return bytes;
    }

    @Test
    void doublesComeBackToTheBit() throws IOException {
        double[] values = {
            -0.0, Double.MIN_VALUE, 0.1, Double.NEGATIVE_INFINITY, Double.longBitsToDouble(0x7ff8_dead_beef_0001L)
        };
        Path file = folder.resolve("doubles.ckpt");
        CheckpointFile.write(Output.to(file), new Checkpoint().put("state", values));
        Checkpoint back = CheckpointFile.read("c.ckpt", Files.readAllBytes(file), LIMITS);
        double[] got = back.doubles("state", values.length);
        for (int i = 0; i < values.length; i++) {
            assertEquals(Double.doubleToRawLongBits(values[i]), Double.doubleToRawLongBits(got[i]));
        }
        assertMalformed("c.ckpt", "section state", "has 40 bytes, expected 48", () -> back.doubles("state", 6));
    }

    @Test
    void comesBack() {
        Checkpoint back = CheckpointFile.read("c.ckpt", valid, LIMITS);
        assertEquals(
                List.of("weights", "step", "settings", "empty"),
                List.copyOf(back.sections().keySet()));
        assertArrayEquals(new float[] {1, -2, Float.NaN}, back.floats("weights", 3));
        assertArrayEquals(new long[] {7, -1}, back.longs("step", 2));
        assertEquals(Map.of("seed", "42 \"ü\""), back.fields("settings"));
        assertTrue(back.has("empty"));
        assertMalformed("c.ckpt", "section weights", "has 12 bytes, expected 16", () -> back.floats("weights", 4));
        assertMalformed("c.ckpt", "section bias", "is absent", () -> back.bytes("bias"));
        assertMalformed("c.ckpt", "section weights", "", () -> back.fields("weights"));
        assertThrows(IllegalArgumentException.class, () -> back.put("step", 1L));
        assertThrows(IllegalArgumentException.class, () -> back.put("a b", 1L));
    }

    /** The layout of the class comment, byte by byte, for one section. */
    @Test
    void hasTheDocumentedBytes() throws Exception {
        Path file = folder.resolve("one.ckpt");
        CheckpointFile.write(Output.to(file), new Checkpoint().put("ab", new byte[] {5, 6}));
        ByteBuffer expected = ByteBuffer.allocate(24 + 2 + 2 + 8 + 32 + 2 + 32).order(ByteOrder.LITTLE_ENDIAN);
        expected.put(new byte[] {(byte) 0x89, 'T', 'W', 'D', 13, 10, 26, 10})
                .putInt(1)
                .putInt(1)
                .putLong(102);
        expected.putShort((short) 2).put((byte) 'a').put((byte) 'b').putLong(2);
        expected.put(MessageDigest.getInstance("SHA-256").digest(new byte[] {5, 6}))
                .put((byte) 5)
                .put((byte) 6);
        assertArrayEquals(resealed(expected.array()), Files.readAllBytes(file));
    }

    @Test
    void refusesEveryDamage() throws Exception {
        assertMalformed("c.ckpt", "header", "not a checkpoint: 55 bytes", () -> read(new byte[55]));
        byte[] magic = valid.clone();
        magic[4] = 10; // line ends converted on the way
        assertMalformed("c.ckpt", "header", "does not start with", () -> read(magic));
        byte[] newer = valid.clone();
        newer[8] = 3;
        assertMalformed(
                "c.ckpt",
                "header",
                "format version 3, this program reads up to 1; use a newer Tweedie",
                () -> read(newer));
        byte[] crowded = valid.clone();
        crowded[14] = 1;
        assertMalformed("c.ckpt", "header", "65540 sections, above the limit of 10000", () -> read(crowded));
        assertMalformed(
                "c.ckpt",
                "header",
                valid.length + " bytes announced, the file has " + (valid.length + 1),
                () -> read(Arrays.copyOf(valid, valid.length + 1)));
        byte[] renamed = valid.clone();
        renamed[26] = ' ';
        assertMalformed("c.ckpt", "section 1", "is malformed or occurs twice", () -> read(renamed));
        byte[] nameless = valid.clone();
        nameless[24] = 0;
        assertMalformed("c.ckpt", "section 1", "name of 0 characters", () -> read(nameless));
        byte[] longer = valid.clone();
        longer[33]++;
        assertMalformed("c.ckpt", "sections", "bytes announced, the file has", () -> read(longer));
        byte[] huge = valid.clone();
        huge[40] = 1;
        long spent = assertAllocation(
                () -> assertMalformed("c.ckpt", "section weights", "the file ends before", () -> read(huge)));
        assertTrue(spent < 1 << 20, spent + " bytes allocated");
        byte[] section = valid.clone();
        section[valid.length - 33] ^= 1; // last byte of the settings
        assertMalformed("c.ckpt", "section settings", "its SHA-256 differs", () -> read(section));
        byte[] whole = valid.clone();
        whole[valid.length - 1] ^= 1;
        assertMalformed("c.ckpt", "file", "its SHA-256 differs", () -> read(whole));
        assertMalformed(
                "c.ckpt",
                "sections",
                "above the memory budget of 8 bytes",
                () -> CheckpointFile.read("c.ckpt", valid, LIMITS.withMemory(8)));
    }

    private static long assertAllocation(org.junit.jupiter.api.function.Executable call) {
        try {
            return Malformed.allocated(call);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void survivesDamageAndAcceptsNone() {
        Malformed.cutAtEveryByte(valid, CheckpointTest::read);
        Malformed.mutate(valid, 1, CheckpointTest::read);
        for (int bit = 0; bit < 8 * valid.length; bit++) {
            byte[] flipped = valid.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertThrows(MalformedFileException.class, () -> read(flipped));
        }
    }

    private List<String> names(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.equals("run.lock"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void theNewestGoodOneIsFoundAndTheRestIsNamed() throws Exception {
        Path run = folder.resolve("deep/run");
        List<String> skipped = new ArrayList<>();
        try (CheckpointDirectory directory = CheckpointDirectory.open(run, 3, FileActions.disk())) {
            assertEquals(Optional.empty(), directory.newest(LIMITS, skipped::add));
            for (long step : new long[] {100, 200, 300, 400}) {
                directory.save(step, new Checkpoint().put("step", step));
            }
            assertEquals(
                    List.of("step-000000000200.ckpt", "step-000000000300.ckpt", "step-000000000400.ckpt"), names(run));
            Files.write(run.resolve("step-000000000400.ckpt"), new byte[60]);
            Path tail = run.resolve("step-000000000300.ckpt");
            Files.write(tail, Arrays.copyOf(Files.readAllBytes(tail), 70));
            CheckpointDirectory.Found found =
                    directory.newest(LIMITS, skipped::add).orElseThrow();
            assertEquals(200, found.step());
            assertArrayEquals(new long[] {200}, found.checkpoint().longs("step", 1));
            assertEquals(2, skipped.size());
            assertTrue(
                    skipped.get(0)
                            .startsWith(
                                    "skipped " + run.resolve("step-000000000400.ckpt") + ": header: not a checkpoint"),
                    skipped.get(0));
            directory.save(250, new Checkpoint().put("step", 250L)); // those passed over go
            assertEquals(List.of("step-000000000200.ckpt", "step-000000000250.ckpt"), names(run));
            Files.write(run.resolve("step-000000000200.ckpt"), new byte[1]);
            Files.write(run.resolve("step-000000000250.ckpt"), new byte[2]);
            assertMalformed(
                    run.resolve("step-000000000250.ckpt").toString(),
                    "header",
                    "2 bytes",
                    () -> directory.newest(LIMITS, line -> {}));
        }
    }

    @Test
    void whatAKilledRunLeftIsCleared() throws Exception {
        Files.write(folder.resolve("step-000000000001.ckpt.tmp-99"), new byte[5]);
        Files.write(folder.resolve("step-000000000001.ckpt.tmp-99-2"), new byte[5]);
        Files.write(folder.resolve("mine.tmp-99"), new byte[5]);
        CheckpointDirectory.open(folder, 1, FileActions.disk()).close();
        assertEquals(List.of("mine.tmp-99"), names(folder));
    }

    @Test
    void everyFailureOfASaveLeavesACheckpoint() throws Exception {
        Path run = folder.resolve("run");
        int calls;
        FaultyDisk counting = new FaultyDisk(0);
        try (CheckpointDirectory directory = CheckpointDirectory.open(run, 1, counting)) {
            directory.save(1, example());
            calls = counting.calls();
            directory.save(2, example());
            assertTrue(counting.calls() > calls + 6);
        }
        for (int failing = 1; failing <= counting.calls() + 1; failing++) {
            FaultyDisk disk = new FaultyDisk(failing);
            Path fresh = folder.resolve("run" + failing);
            long saved = 0;
            try (CheckpointDirectory directory = CheckpointDirectory.open(fresh, 1, disk)) {
                for (long step = 1; step <= 2; step++) {
                    directory.save(step, example());
                    saved = step;
                }
            } catch (IOException | java.io.UncheckedIOException expected) {
                assertTrue(failing <= counting.calls());
            }
            long kept = CheckpointDirectory.newest(fresh, LIMITS, line -> {
                        throw new AssertionError(line);
                    })
                    .map(CheckpointDirectory.Found::step)
                    .orElse(0L);
            assertTrue(kept >= saved, "call " + failing + ": saved " + saved + ", found " + kept);
        }
    }

    @Test
    void oneDirectoryServesOneRun() throws Exception {
        try (CheckpointDirectory held = CheckpointDirectory.open(folder, 1, FileActions.disk())) {
            String message = assertThrows(
                            IllegalArgumentException.class,
                            () -> CheckpointDirectory.open(folder, 1, FileActions.disk()))
                    .getMessage();
            assertEquals(
                    folder + " is in use by another run (process "
                            + ProcessHandle.current().pid() + "); wait for it or choose another directory",
                    message);
            held.save(1, example());
        }
        CheckpointDirectory.open(folder, 1, FileActions.disk()).close();
        assertThrows(IllegalArgumentException.class, () -> CheckpointDirectory.open(folder, 0, FileActions.disk()));
        Path file = Files.write(folder.resolve("file"), new byte[1]);
        assertThrows(IllegalArgumentException.class, () -> CheckpointDirectory.open(file, 1, FileActions.disk()));
    }

    /** Holds the directory until killed. */
    static final class Holder {
        public static void main(String[] arguments) throws Exception {
            RunLock.acquire(Path.of(arguments[0]), FileActions.disk());
            System.out.println("held");
            Thread.sleep(60_000);
        }
    }

    @Test
    void theLockEndsWithItsProcess() throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process other = new ProcessBuilder(
                        java,
                        "-Xshare:auto",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Holder.class.getName(),
                        folder.toString())
                .redirectError(new File("/dev/null"))
                .start();
        try {
            assertEquals("held", other.inputReader().readLine());
            String message = assertThrows(
                            IllegalArgumentException.class, () -> RunLock.acquire(folder, FileActions.disk()))
                    .getMessage();
            assertTrue(message.contains("(process " + other.pid() + ")"), message);
        } finally {
            other.destroyForcibly().waitFor();
        }
        RunLock.acquire(folder, FileActions.disk()).close();
    }
}
