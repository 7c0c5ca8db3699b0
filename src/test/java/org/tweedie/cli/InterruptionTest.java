package org.tweedie.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.tweedie.io.Npy;

/** Processes of their own: a second signal, a small heap and a full disk. {@link KilledRunTest} has the signals and kill -9. */
@EnabledOnOs(OS.LINUX)
class InterruptionTest {
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

    private Running start(String heap, List<String> arguments) throws IOException {
        return start(List.of(), heap, arguments);
    }

    private Running start(List<String> within, String heap, List<String> arguments) throws IOException {
        return Running.start(folder, within, List.of(heap, "--add-modules", "jdk.incubator.vector"), arguments);
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
        long peak = 0;
        while (running.process().isAlive()) {
            peak = Math.max(peak, residentMebibytes(running.process().pid()));
            Thread.sleep(5);
        }
        assertEquals(0, running.end(), running.said());
        assertTrue(peak > 0 && peak < 256 + 256, "beside the heap Java has code and stacks: " + peak + " MiB resident");
        assertEquals(
                count, Npy.header(out, org.tweedie.io.ReadLimits.defaults()).rows());
        assertEquals(128 + 8 * count, Files.size(out));
    }

    /** The most that a process had resident so far; 0 once it is gone. */
    private static long residentMebibytes(long pid) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/status"))) {
            return lines.filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024)
                    .findFirst()
                    .orElse(0);
        } catch (IOException | java.io.UncheckedIOException e) {
            return 0;
        }
    }

    /** More rows than the heap holds: the code of memory, one line, nothing left behind. */
    @Test
    void aHeapThatIsFullIsOneLine() throws Exception {
        Map<String, String> before = Cli.snapshot(folder);
        List<String> arguments = train("full.safetensors", 20);
        arguments.set(arguments.indexOf(data.toString()), "moons:9000000"); // 72 MB, and more than once
        Running running = start("-Xmx96m", arguments);
        assertEquals(ExitCode.MEMORY, running.end(), running.said());
        running.saidOneLine("out of memory: Java has at most 96 MiB of heap");
        assertEquals(before, ours(Cli.snapshot(folder)));
    }

    /** A file that cannot be written to its end is not there at all, and the next try goes on. */
    @Test
    void aFileThatMayNotGrowLeavesNoPartOfIt() throws Exception {
        List<String> small = List.of("sh", "-c", "ulimit -f 16; exec \"$0\" \"$@\""); // files of 8 KiB at most
        Map<String, String> before = Cli.snapshot(folder);
        Running training = start(small, "-Xmx256m", train("m.safetensors", 40));
        assertEquals(ExitCode.FAILURE, training.end(), training.said());
        training.saidOneLine("m.safetensors.checkpoints/step-000000000020.ckpt: File too large");
        assertEquals(before, ours(Cli.snapshot(folder)), "no checkpoint was whole, so there is no folder either");

        assertEquals(0, start("-Xmx256m", train("m.safetensors", 40)).end());
        Map<String, String> trained = ours(Cli.snapshot(folder));
        for (String out : List.of("s.npy", "s.csv")) {
            Running sampling = start(small, "-Xmx256m", sample(folder.resolve(out)));
            assertEquals(ExitCode.FAILURE, sampling.end(), sampling.said());
            sampling.saidOneLine(out + ": File too large");
            assertEquals(trained, ours(Cli.snapshot(folder)), out);
        }
    }

    /** The same on a file system that is really full, where this user may make one (in a namespace of its own). */
    @Test
    void aFullFileSystemKeepsNoPartOfAFile() throws Exception {
        Process probe = new ProcessBuilder(
                        "sh", "-c", "unshare -rm sh -c 'mount -t tmpfs -o size=64k none /mnt' 2>/dev/null")
                .start();
        assumeTrue(probe.waitFor() == 0, "no tmpfs can be mounted here");
        assertEquals(0, start("-Xmx256m", train("m.safetensors", 20)).end());
        Path full = Files.createDirectory(folder.resolve("full"));
        Path left = folder.resolve("left.txt");
        List<String> within = List.of(
                "unshare",
                "-rm",
                "bash",
                "-c",
                "mount -t tmpfs -o size=64k none " + full + " && echo kept > " + full
                        + "/other; \"$0\" \"$@\"; code=$?; ls -A " + full + " > " + left + "; exit $code");
        Running sampling = start(within, "-Xmx256m", sample(full.resolve("s.npy")));
        assertEquals(ExitCode.FAILURE, sampling.end(), sampling.said());
        sampling.saidOneLine("s.npy: No space left on device");
        assertEquals("other\n", Files.readString(left));
    }

    private List<String> sample(Path out) {
        return List.of(
                "sample",
                "--model",
                folder.resolve("m.safetensors").toString(),
                "--count",
                "20000",
                "--method",
                "ddim:0@2",
                "--out",
                out.toString(),
                "--device",
                "cpu");
    }

    /** Without what this test itself writes. */
    private static Map<String, String> ours(Map<String, String> files) {
        files.keySet().removeIf(name -> name.matches("(err|out).*\\.txt"));
        return files;
    }
}
