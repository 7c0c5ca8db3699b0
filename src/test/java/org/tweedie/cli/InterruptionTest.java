package org.tweedie.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tweedie.io.Npy;

/** Processes of their own: signals, kill -9, and a small heap. */
@EnabledOnOs(OS.LINUX)
class InterruptionTest {
    /** Seconds that a process may take: many times what it needs, so that only a hang fails. */
    private static final long PATIENCE = 120;

    @TempDir
    Path folder;

    private Path data;

    @BeforeEach
    void data() throws IOException {
        StringBuilder rows = new StringBuilder("a,b\n");
        for (int i = 0; i < 200; i++) {
            rows.append(i % 17).append(',').append(i * i % 23).append('\n');
        }
        data = Files.writeString(folder.resolve("data.csv"), rows);
    }

    private record Running(Process process, Path err, Path out) {
        String said() throws IOException {
            return Files.readString(err);
        }

        int end() throws InterruptedException {
            assertTrue(process.waitFor(PATIENCE, TimeUnit.SECONDS), "the process does not end");
            return process.exitValue();
        }

        void signal(String name) throws IOException, InterruptedException {
            assertEquals(
                    0,
                    new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid())
                            .start()
                            .waitFor());
        }

        void awaitSaid(String text) throws IOException, InterruptedException {
            await(() -> said().contains(text), "'" + text + "'");
        }

        void await(Condition condition, String what) throws IOException, InterruptedException {
            for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE);
                    !condition.holds();
                    Thread.sleep(5)) {
                assertTrue(System.nanoTime() < end && process.isAlive(), what + " never came: " + said());
            }
        }
    }

    private interface Condition {
        boolean holds() throws IOException;
    }

    private Running start(String heap, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                heap,
                "-Djava.awt.headless=true",
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(arguments);
        Path err = Files.createTempFile(folder, "err", ".txt");
        Path out = Files.createTempFile(folder, "out", ".txt");
        return new Running(
                new ProcessBuilder(command)
                        .redirectError(err.toFile())
                        .redirectOutput(out.toFile())
                        .start(),
                err,
                out);
    }

    /** Long enough that a signal comes in the middle; checkpoints every 20 steps. */
    private List<String> train(String model, int steps) {
        return new ArrayList<>(List.of(
                "train",
                "--data",
                data.toString(),
                "--out",
                folder.resolve(model).toString(),
                "--device",
                "cpu",
                "--network",
                "mlp:16x2",
                "--steps",
                Integer.toString(steps),
                "--batch",
                "64",
                "--checkpoint-every",
                "20",
                "--seed",
                "3"));
    }

    private static boolean hasCheckpoint(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return false;
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.anyMatch(file -> file.toString().endsWith(".ckpt"));
        }
    }

    private byte[] uninterrupted(int steps) throws IOException, InterruptedException {
        assertEquals(0, start("-Xmx512m", train("whole.safetensors", steps)).end());
        return Files.readAllBytes(folder.resolve("whole.safetensors"));
    }

    /** The first signal ends after a checkpoint, with the command that goes on; that command ends in the very same file. */
    @ParameterizedTest
    @CsvSource({"INT,130", "TERM,143"})
    void aSignalSavesAndThePrintedCommandGoesOnToTheSameBytes(String signal, int code) throws Exception {
        int steps = 3_000;
        Running running = start("-Xmx512m", train("cut.safetensors", steps));
        running.await(() -> hasCheckpoint(folder.resolve("cut.safetensors.checkpoints")), "a checkpoint");
        running.signal(signal);
        assertEquals(code, running.end(), running.said());
        assertFalse(Files.exists(folder.resolve("cut.safetensors")));
        Matcher command = Pattern.compile("go on with: tweedie (train .*)").matcher(running.said());
        assertTrue(command.find(), running.said());
        Matcher step = Pattern.compile("stopped after step (\\d+)").matcher(running.said());
        assertTrue(step.find() && Integer.parseInt(step.group(1)) < steps, running.said());
        assertEquals(0, start("-Xmx512m", List.of(command.group(1).split(" "))).end());
        assertArrayEquals(uninterrupted(steps), Files.readAllBytes(folder.resolve("cut.safetensors")));
    }

    /** Twice at least, at moments that differ, then to the end: the same file as a run that nobody disturbed. */
    @Test
    void killedOutrightItGoesOnToTheSameBytes() throws Exception {
        int steps = 2_000;
        Path checkpoints = folder.resolve("killed.safetensors.checkpoints");
        Running first = start("-Xmx512m", train("killed.safetensors", steps));
        first.await(() -> hasCheckpoint(checkpoints), "a checkpoint");
        first.signal("KILL");
        assertEquals(137, first.end());
        List<String> again = train("killed.safetensors", steps);
        again.addAll(List.of("--resume", checkpoints.toString()));
        Running second = start("-Xmx512m", again);
        Thread.sleep(700); // somewhere in start-up, resume or training
        second.process().destroyForcibly();
        second.end();
        if (!Files.exists(folder.resolve("killed.safetensors"))) {
            assertEquals(0, start("-Xmx512m", again).end());
        }
        assertArrayEquals(uninterrupted(steps), Files.readAllBytes(folder.resolve("killed.safetensors")));
    }

    @Test
    void aSecondSignalEndsAtOnce() throws Exception {
        Running running = start("-Xmx512m", train("twice.safetensors", 1_000_000));
        running.await(() -> hasCheckpoint(folder.resolve("twice.safetensors.checkpoints")), "a checkpoint");
        running.signal("INT");
        running.signal("INT");
        assertEquals(130, running.end());
    }

    /** Rows to NPY in bounded memory: ten million in CI, two million elsewhere; 80 and 16 MB of rows past a heap of 256 MiB with half to spare. */
    @Test
    void samplesStreamThroughASmallHeap() throws Exception {
        assertEquals(0, start("-Xmx256m", train("small.safetensors", 20)).end());
        long count = Boolean.parseBoolean(System.getenv("CI")) ? 10_000_000 : 2_000_000;
        Path out = folder.resolve("many.npy");
        Running running = start(
                "-Xmx256m",
                List.of(
                        "sample",
                        "--model",
                        folder.resolve("small.safetensors").toString(),
                        "--count",
                        Long.toString(count),
                        "--method",
                        "ddim:0@2",
                        "--out",
                        out.toString(),
                        "--device",
                        "cpu"));
        assertEquals(0, running.end(), running.said());
        assertEquals(
                count, Npy.header(out, org.tweedie.io.ReadLimits.defaults()).rows());
        assertEquals(128 + 8 * count, Files.size(out));
    }
}
