package org.tweedie.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.opentest4j.TestAbortedException;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.ReadLimits;
import org.tweedie.testing.Depth;
import org.tweedie.testing.Suite;

/**
 * Training processes that are stopped at random moments, each several times, and gone on with: always to the file, byte by byte, of a
 * run that nobody disturbed.
 */
@Tag("crashes")
@EnabledOnOs(OS.LINUX)
class KilledRunTest {
    private static final long STEPS = 600;
    private static final long EVERY = 10;

    /** Beyond this step no hit is meant, for the run could be over before it comes. */
    private static final long LAST = 560;

    /** How often one run is hit, once in each of as many equal parts of its steps. */
    private static int hits(Blow blow) {
        return (int) Depth.of(blow == Blow.KILL ? 2 : 1, 6, 6);
    }

    /** Starts faster than the default, and its steps take longer. */
    private static final List<String> JAVA = List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

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

    /** How a run is stopped, and the code that its process ends with. */
    enum Blow {
        KILL(137),
        INT(130),
        TERM(143);

        final int code;

        Blow(int code) {
            this.code = code;
        }
    }

    private List<String> train(Path place) {
        return List.of(
                "train",
                "--data",
                data.toString(),
                "--out",
                model(place).toString(),
                "--device",
                "cpu:1",
                "--network",
                "mlp:16x2",
                "--steps",
                Long.toString(STEPS),
                "--batch",
                "64",
                "--checkpoint-every",
                Long.toString(EVERY),
                "--seed",
                "3");
    }

    private static Path model(Path place) {
        return place.resolve("m.safetensors");
    }

    private static Path checkpoints(Path place) {
        return place.resolve("m.safetensors.checkpoints");
    }

    private Running start(List<String> arguments) throws IOException {
        return Running.start(folder, List.of(), JAVA, arguments);
    }

    private static List<String> names(Path place) throws IOException {
        if (!Files.isDirectory(place)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(place)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    /** The step of the newest name that a checkpoint has; 0 for none. */
    private static long newest(Path place) throws IOException {
        return names(checkpoints(place)).stream()
                .filter(name -> name.matches("step-[0-9]+\\.ckpt"))
                .mapToLong(name -> Long.parseLong(name.replaceAll("[^0-9]", "")))
                .max()
                .orElse(0);
    }

    /** What the blows of this JVM hit. */
    private static final class Hits {
        final long[] thirds = new long[3];
        long inSave;
        long inStart;
        long late;

        long all() {
            return thirds[0] + thirds[1] + thirds[2] + inStart;
        }

        void at(long step) {
            thirds[(int) Math.min(2, 3 * step / STEPS)]++;
        }

        /** Of many hits at random moments a part is in each third of the steps. */
        void areSpread() {
            assertTrue(Depth.now() != Depth.CI || all() >= 20, this::toString);
            for (long third : thirds) {
                assertTrue(all() < 10 || third >= all() / 6, this::toString);
            }
        }

        @Override
        public String toString() {
            return String.format(
                    "%d hits: %d, %d and %d in each third of the steps, %d of them in the midst of a save; %d while starting; %d came too late",
                    all(), thirds[0], thirds[1], thirds[2], inSave, inStart, late);
        }
    }

    @ParameterizedTest
    @EnumSource
    void stoppedAtAnyMomentItGoesOnToTheSameBytes(Blow blow) throws Exception {
        // in this JVM, which has the Vector API; the processes do not
        Path whole = Files.createDirectory(folder.resolve("whole"));
        Cli.runAll(train(whole)).ok();
        byte[] expected = Files.readAllBytes(model(whole));
        long runs = Depth.of(1, 4, 36);
        Hits hits = new Hits();
        Suite suite = new Suite("crashes-" + blow.name().toLowerCase(Locale.ROOT));
        try {
            suite.cases(runs, number -> run(blow, number, expected, hits));
        } catch (TestAbortedException e) { // the time is up; what was reached counts
            report(suite, blow, hits);
            throw e;
        }
        report(suite, blow, hits);
    }

    private static void report(Suite suite, Blow blow, Hits hits) {
        hits.areSpread();
        suite.reached("SIG" + blow + ", runs of " + STEPS + " steps: " + hits);
    }

    /** One run from its start to its end, hit on the way. */
    private void run(Blow blow, long number, byte[] expected, Hits hits) throws Exception {
        Random coin = new Random((3 * number + blow.ordinal()) * 0x9e3779b97f4a7c15L);
        Path place = Files.createDirectory(folder.resolve(blow.name() + number));
        List<String> go = train(place);
        List<String> told = new ArrayList<>();
        try {
            if (blow == Blow.KILL && number % 3 == 2) {
                go = hitStart(place, coin, told);
                hits.inStart++;
            }
            int count = hits(blow);
            for (int part = 0; part < count && !Files.exists(model(place)); part++) {
                double share = coin.nextDouble();
                long from = newest(place);
                long target = (long) (LAST * (part + share) / count);
                if (target <= from) { // a busy machine hits late: what is left of the steps is parted anew
                    target = from + 1 + (long) ((LAST - from) * share / (count - part));
                }
                if (from < LAST) {
                    go = hit(blow, go, place, target, coin, hits, told);
                }
            }
            if (!Files.exists(model(place))) {
                Running last = start(go);
                assertEquals(0, last.end(), last.said());
                assertEquals(-1, last.said().indexOf("skipped"), "a checkpoint was not whole");
            }
            assertArrayEquals(
                    expected, Files.readAllBytes(model(place)), "other bytes than a run that nobody disturbed");
            assertEquals(STEPS, whole(place));
            assertEquals(
                    List.of(),
                    names(checkpoints(place)).stream()
                            .filter(name -> !name.matches("run\\.lock|step-[0-9]{12}\\.ckpt"))
                            .toList(),
                    "parts of files are left");
        } catch (AssertionError e) {
            throw new AssertionError(blow + ", run " + number + ", " + told + ": " + e.getMessage(), e);
        }
        remove(place);
    }

    private List<String> resumed(Path place) {
        List<String> again = new ArrayList<>(train(place));
        if (Files.isDirectory(checkpoints(place))) {
            again.addAll(List.of("--resume", checkpoints(place).toString()));
        }
        return again;
    }

    /** While Java starts, data are read, or the first steps done. */
    private List<String> hitStart(Path place, Random coin, List<String> told) throws Exception {
        Running running = start(train(place));
        Thread.sleep(coin.nextInt(600));
        running.process().destroyForcibly();
        running.end();
        told.add("start: step " + whole(place));
        return resumed(place);
    }

    /** Hits a process once its checkpoints have come to a step, and a little later; gives the command that goes on. */
    private List<String> hit(
            Blow blow, List<String> go, Path place, long target, Random coin, Hits hits, List<String> told)
            throws Exception {
        long before = whole(place);
        Running running = start(go);
        running.comes(() -> newest(place) >= target || Files.exists(model(place)));
        Thread.sleep(coin.nextInt(20)); // a save and the steps to the next one take about as long
        long seen = newest(place);
        if (blow == Blow.KILL) {
            running.process().destroyForcibly();
        } else {
            running.signal(blow.name());
        }
        int code = running.end();
        if (Files.exists(model(place))) { // the run was over before it was hit
            hits.late++;
            assertTrue(hits.late <= 1 + hits.all() / 2, "most runs are over before they are hit");
            return go;
        }
        assertEquals(blow.code, code, running.said());
        assertTrue(
                names(place).stream().allMatch(name -> name.startsWith("m.safetensors")), () -> "litter in " + place);
        boolean inSave = names(checkpoints(place)).stream().anyMatch(name -> name.contains(".tmp-"));
        long kept = whole(place);
        assertTrue(kept >= seen && seen >= before, "step " + seen + " was saved, step " + kept + " is left");
        long step = blow == Blow.KILL ? kept : stopped(running, kept);
        told.add("step " + step + (inSave ? " in a save" : ""));
        hits.at(step);
        hits.inSave += inSave ? 1 : 0;
        assertTrue(blow == Blow.KILL || !inSave, "a part of a checkpoint is left");
        return blow == Blow.KILL ? resumed(place) : printed(running);
    }

    /** The newest checkpoint, which must be whole, as every other; 0 for none. */
    private static long whole(Path place) throws IOException {
        return CheckpointDirectory.newest(checkpoints(place), ReadLimits.defaults(), line -> {
                    throw new AssertionError(line);
                })
                .map(CheckpointDirectory.Found::step)
                .orElse(0L);
    }

    /** The step that a signal stopped behind, which is the step of the checkpoint. */
    private static long stopped(Running running, long kept) throws IOException {
        Matcher step = Pattern.compile("stopped after step (\\d+) of " + STEPS).matcher(running.said());
        assertTrue(step.find(), running.said());
        assertEquals(kept, Long.parseLong(step.group(1)), "the checkpoint is not of the step that was said");
        return kept;
    }

    private static List<String> printed(Running running) throws IOException {
        Matcher command = Pattern.compile("go on with: tweedie (train .*)").matcher(running.said());
        assertTrue(command.find(), running.said());
        return List.of(command.group(1).split(" "));
    }

    private static void remove(Path place) throws IOException {
        try (Stream<Path> all = Files.walk(place)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
