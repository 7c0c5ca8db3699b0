package org.tweedie.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tweedie.device.Device;
import org.tweedie.io.PowerLoss.Landing;
import org.tweedie.testing.Depth;
import org.tweedie.testing.Suite;

/** The power goes at any moment, and what was not forced arrives in any order or not at all; or a change to the disk fails or tears. */
@Tag("crashes")
@EnabledOnOs({OS.LINUX, OS.MAC})
class PowerLossTest {
    private static final byte[] OLD = {7, 7, 7};
    private static final Random NO_COIN = new Random(0);

    @TempDir
    Path folder;

    private final Device device = Device.open("cpu:1");
    private int made;

    @AfterEach
    void close() {
        device.close();
    }

    private Path fresh() throws IOException {
        return Files.createDirectory(folder.resolve("disk" + made++));
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    /** Something that is done to a disk, and what must hold whenever it is cut off. */
    private interface Scenario {
        void prepare(Path root) throws IOException;

        /** @param promised is told, in rising numbers, of what must not be lost from now on */
        void act(Path root, FileActions disk, LongConsumer promised) throws IOException;

        /**
         * What must hold for a disk that was left, and that the work can be done there now.
         *
         * @param promised the highest number that was told, -1 for none
         * @param coin for further cuts while the work goes on; null for none
         */
        void check(Path left, long promised, Random coin) throws IOException;
    }

    /** One file, new or in the place of an old one. */
    private record OneFile(Written.Saving writer, boolean replacing, byte[] whole) implements Scenario {
        OneFile(Written.Saving writer, boolean replacing, Path place) throws IOException {
            this(writer, replacing, bytes(writer, place.resolve("whole")));
        }

        private static byte[] bytes(Written.Saving writer, Path file) throws IOException {
            writer.save(Output.to(file).replacing().through(FaultyDisk.none()));
            return Files.readAllBytes(file);
        }

        private static Path target(Path root) {
            return root.resolve("target");
        }

        @Override
        public void prepare(Path root) throws IOException {
            if (replacing) {
                Files.write(target(root), OLD);
            }
        }

        @Override
        public void act(Path root, FileActions disk, LongConsumer promised) throws IOException {
            writer.save(Output.to(target(root)).force(replacing).through(disk));
            promised.accept(1);
        }

        @Override
        public void check(Path left, long promised, Random coin) throws IOException {
            boolean there = Files.exists(target(left));
            assertTrue(there || !replacing && promised < 1, "neither the old file nor the new one");
            if (there) {
                byte[] found = Files.readAllBytes(target(left));
                if (promised < 1 && replacing && found.length == OLD.length) {
                    assertArrayEquals(OLD, found);
                } else {
                    assertArrayEquals(whole, found, "the new file is not whole");
                    assertTrue(RecordedDisk.readable(target(left)), "the new file has another mode");
                }
            }
            writer.save(Output.to(target(left)).replacing().through(FaultyDisk.none()));
            assertArrayEquals(whole, Files.readAllBytes(target(left)));
            Predicate<String> ignored = name -> name.matches("target|target\\.tmp-[0-9]+(-[0-9]+)?");
            assertEquals(
                    List.of(), names(left).stream().filter(ignored.negate()).toList());
        }
    }

    /** A training into folders that are not there yet, gone on with after each cut. */
    private record Train(KnownTraining training) implements Scenario {
        @Override
        public void prepare(Path root) {}

        @Override
        public void act(Path root, FileActions disk, LongConsumer promised) throws IOException {
            training.run(root, disk, promised);
        }

        @Override
        public void check(Path left, long promised, Random coin) throws IOException {
            long found = training.whole(left, promised);
            if (coin != null && coin.nextBoolean()) {
                Recording again = Recording.of(this, left, disk -> disk);
                int cut = coin.nextInt(again.disk().told().size() + 1);
                Path next = Files.createDirectory(left.resolveSibling(left.getFileName() + "-again"));
                new PowerLoss(again.disk(), cut).write(next, Landing.RANDOM, coin);
                check(next, Math.max(found, again.promised(cut)), coin);
                remove(next);
            } else {
                training.goesOnToTheSameBits(left);
            }
        }
    }

    /** A training that starts afresh where checkpoints of another one lie: those are there, or the new ones are. */
    private record Restart(KnownTraining training, KnownTraining before) implements Scenario {
        @Override
        public void prepare(Path root) throws IOException {
            before.leaveCheckpoints(root);
        }

        @Override
        public void act(Path root, FileActions disk, LongConsumer promised) throws IOException {
            training.afresh(root, disk, promised);
        }

        @Override
        public void check(Path left, long promised, Random coin) throws IOException {
            if (promised < 0 && !training.hasOnlyOurs(left)) {
                assertTrue(before.hasOnlyOurs(left), "a checkpoint is not whole");
                training.afresh(left, FaultyDisk.none(), step -> {});
                return;
            }
            training.whole(left, promised);
            training.goesOnToTheSameBits(left);
        }
    }

    /** What a scenario told the disk, and behind which step it promised what. */
    private record Recording(Scenario scenario, RecordedDisk disk, TreeMap<Integer, Long> promises) {
        interface Seen {
            FileActions through(FileActions disk);
        }

        /** @param seen the disk as the scenario sees it */
        static Recording of(Scenario scenario, Path root, Seen seen) throws IOException {
            RecordedDisk disk = new RecordedDisk(root);
            TreeMap<Integer, Long> promises = new TreeMap<>();
            scenario.act(
                    root, seen.through(disk), number -> promises.put(disk.told().size(), number));
            return new Recording(scenario, disk, promises);
        }

        long promised(int cut) {
            Map.Entry<Integer, Long> last = promises.floorEntry(cut);
            return last == null ? -1 : last.getValue();
        }

        int cuts() {
            return disk.told().size() + 1;
        }
    }

    private Recording record(Scenario scenario, Recording.Seen seen) throws IOException {
        Path root = fresh();
        scenario.prepare(root);
        return Recording.of(scenario, root, seen);
    }

    /** Cuts one recording once; gives how much was not forced at that moment. */
    private int cut(Recording recording, int cut, Landing landing, long seed) throws IOException {
        Path left = fresh();
        Random coin = coin(seed);
        PowerLoss loss = new PowerLoss(recording.disk(), cut);
        try {
            loss.write(left, landing, coin);
            recording.scenario().check(left, recording.promised(cut), landing == Landing.RANDOM ? coin : null);
        } catch (AssertionError | MalformedFileException | IllegalArgumentException e) {
            throw new AssertionError(
                    recording.scenario().getClass().getSimpleName() + ", cut behind " + cut + " of "
                            + (recording.cuts() - 1) + " steps, " + landing + ", seed " + seed + ": " + e.getMessage(),
                    e);
        }
        remove(left);
        return loss.loose();
    }

    private KnownTraining training(long seed) throws IOException {
        return new KnownTraining(device, seed, fresh());
    }

    private List<Scenario> scenarios() throws IOException {
        List<Scenario> all = new ArrayList<>();
        KnownTraining training = training(3);
        all.add(new Train(training));
        all.add(new Restart(training, training(4)));
        for (Written format : Written.values()) {
            for (boolean replacing : new boolean[] {false, true}) {
                all.add(new OneFile(format::save, replacing, fresh()));
            }
        }
        return all;
    }

    /** Every moment of every scenario in each extreme, then by coins: as many disks as the depth wants. */
    @Test
    void whateverArrivedOldOrNewIsWholeAndTrainingGoesOnToTheSameBits() throws Exception {
        List<Recording> recordings = new ArrayList<>();
        for (Scenario scenario : scenarios()) {
            recordings.add(record(scenario, disk -> disk));
        }
        int cuts = recordings.stream().mapToInt(Recording::cuts).sum();
        Landing[] landings = Landing.values();
        long count = Depth.of(cuts / 3, (long) landings.length * cuts, 5_000);
        long[] loose = new long[2];
        Suite suite = new Suite("crashes-disk");
        suite.cases(count, number -> {
            // each moment with each extreme before the coins have their turn; where that is too much, as many of both
            // as there is room for
            long round = Depth.now() == Depth.PLAIN ? number % landings.length : number / cuts;
            int at = spread(number, cuts);
            int scenario = 0;
            while (at >= recordings.get(scenario).cuts()) {
                at -= recordings.get(scenario++).cuts();
            }
            Landing landing = landings[(int) Math.min(round, landings.length - 1)];
            loose[0]++;
            loose[1] += cut(recordings.get(scenario), at, landing, number) > 0 ? 1 : 0;
        });
        assertTrue(loose[1] >= loose[0] / 3, loose[1] + " of " + loose[0] + " cuts had anything left to lose");
        suite.reached(String.format(
                "%,d disks after a power loss (%d moments of %d scenarios), %,d of them with changes that nothing was forced behind",
                loose[0], cuts, recordings.size(), loose[1]));
    }

    /** Runs through 0 to size - 1, any few of them far apart. */
    private static int spread(long number, int size) {
        return (int) (number * 2_654_435_761L % size); // a prime
    }

    private static Random coin(long seed) {
        return new Random(seed * 0x9e3779b97f4a7c15L); // the first words of neighbouring seeds are alike
    }

    /** A disk that was told everything and lost nothing is the real one. */
    @Test
    void theRecordingIsWhatHappened() throws Exception {
        for (Scenario scenario : scenarios()) {
            Path root = fresh();
            scenario.prepare(root);
            Recording recording = Recording.of(scenario, root, disk -> disk);
            Path left = fresh();
            new PowerLoss(recording.disk(), recording.cuts() - 1).write(left, Landing.EVERYTHING, NO_COIN);
            assertEquals(files(root), files(left));
            Path before = fresh();
            scenario.prepare(before);
            Path start = fresh();
            new PowerLoss(recording.disk(), 0).write(start, Landing.EVERYTHING, NO_COIN);
            assertEquals(files(before), files(start));
        }
    }

    private static Map<String, String> files(Path root) throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(root)) {
            for (Path path : all.toList()) {
                files.put(
                        root.relativize(path).toString(),
                        Files.isDirectory(path) ? "folder" : RecordedDisk.readable(path) + " " + Sha256.of(path));
            }
        }
        return files;
    }

    /** A disk that does not do what it is told. */
    private static FileActions without(FileActions disk, String action, Predicate<Object> on) {
        return (FileActions) Proxy.newProxyInstance(
                FileActions.class.getClassLoader(), new Class<?>[] {FileActions.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals(action) && on.test(arguments[0])) {
                        return null;
                    }
                    try {
                        return method.invoke(disk, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    /** How many of a recording's moments and landings are refused. */
    private int caught(Recording recording, int rounds) throws IOException {
        int caught = 0;
        for (int cut = 0; cut < recording.cuts(); cut++) {
            for (int round = 0; round < rounds; round++) {
                Landing landing = Landing.values()[Math.min(round, Landing.values().length - 1)];
                try {
                    cut(recording, cut, landing, round);
                } catch (AssertionError e) {
                    caught++;
                }
            }
        }
        return caught;
    }

    /** Writers with one fault each, of those that are made again and again. */
    private enum Planted {
        NONE {
            @Override
            void end(FileActions disk, FileChannel channel, Path temporary, Path target) throws IOException {
                disk.write(channel, bytes(), 0);
                disk.publish(temporary);
                disk.force(channel);
                disk.close(channel);
                disk.replace(temporary, target);
                disk.forceDirectory(target.getParent());
            }
        },
        FORCES_NO_FILE {
            @Override
            void end(FileActions disk, FileChannel channel, Path temporary, Path target) throws IOException {
                NONE.end(without(disk, "force", file -> true), channel, temporary, target);
            }
        },
        FORCES_NO_FOLDER {
            @Override
            void end(FileActions disk, FileChannel channel, Path temporary, Path target) throws IOException {
                NONE.end(without(disk, "forceDirectory", file -> true), channel, temporary, target);
            }
        },
        RENAMES_BEFORE_WRITING {
            @Override
            void end(FileActions disk, FileChannel channel, Path temporary, Path target) throws IOException {
                disk.replace(temporary, target);
                disk.write(channel, bytes(), 0);
                disk.publish(target);
                disk.force(channel);
                disk.close(channel);
                disk.forceDirectory(target.getParent());
            }
        },
        RENAMES_BEFORE_FORCING {
            @Override
            void end(FileActions disk, FileChannel channel, Path temporary, Path target) throws IOException {
                disk.write(channel, bytes(), 0);
                disk.publish(temporary);
                disk.replace(temporary, target);
                disk.force(channel);
                disk.close(channel);
                disk.forceDirectory(target.getParent());
            }
        },
        WRITES_AFTER_FORCING {
            @Override
            void end(FileActions disk, FileChannel channel, Path temporary, Path target) throws IOException {
                byte[] all = bytes().array();
                disk.publish(temporary);
                disk.write(channel, ByteBuffer.wrap(all, 16, all.length - 16), 16);
                disk.force(channel);
                disk.write(channel, ByteBuffer.wrap(all, 0, 16), 0); // a header filled in late
                disk.close(channel);
                disk.replace(temporary, target);
                disk.forceDirectory(target.getParent());
            }
        },
        PUBLISHES_AFTER_FORCING {
            @Override
            void end(FileActions disk, FileChannel channel, Path temporary, Path target) throws IOException {
                disk.write(channel, bytes(), 0);
                disk.force(channel);
                disk.publish(temporary);
                disk.close(channel);
                disk.replace(temporary, target);
                disk.forceDirectory(target.getParent());
            }
        },
        REMOVES_THE_OLD_FILE_FIRST {
            @Override
            void end(FileActions disk, FileChannel channel, Path temporary, Path target) throws IOException {
                disk.delete(target);
                NONE.end(disk, channel, temporary, target);
            }
        };

        /** From an open, empty temporary file to the end. */
        abstract void end(FileActions disk, FileChannel channel, Path temporary, Path target) throws IOException;

        static ByteBuffer bytes() {
            byte[] bytes = new byte[1_000];
            new Random(5).nextBytes(bytes);
            return ByteBuffer.wrap(bytes);
        }

        void save(Output output) throws IOException {
            Path temporary = output.path().resolveSibling(output.path().getFileName() + ".tmp-1");
            Files.deleteIfExists(temporary);
            end(output.actions(), output.actions().create(temporary), temporary, output.path());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aWriterWithAFaultIsCaught(Planted planted) throws Exception {
        Scenario scenario = new OneFile(planted::save, true, fresh());
        int caught = caught(record(scenario, disk -> disk), 7);
        if (planted == Planted.NONE) {
            assertEquals(0, caught);
        } else {
            assertTrue(caught > 0, planted + " was not caught");
        }
    }

    /** The same for what training does: each force that it orders is needed. */
    @ParameterizedTest
    @EnumSource
    void aTrainingThatForgetsAForceIsCaught(Forgotten forgotten) throws Exception {
        Train train = new Train(training(3));
        Path root = fresh();
        Recording recording =
                Recording.of(train, root, disk -> without(disk, forgotten.action, on -> forgotten.of(on, root)));
        assertThrows(AssertionError.class, () -> {
            for (int cut = recording.cuts() - 1; cut >= 0; cut--) {
                for (Landing landing : Landing.values()) {
                    cut(recording, cut, landing, cut);
                }
            }
        });
    }

    private enum Forgotten {
        FILE("force"),
        CHECKPOINTS("forceDirectory"),
        /** The folder of the checkpoints was made by the run: its own name has to be kept, too. */
        FOLDER_ABOVE("forceDirectory"),
        FOLDER_ABOVE_THAT("forceDirectory");

        final String action;

        Forgotten(String action) {
            this.action = action;
        }

        boolean of(Object on, Path root) {
            Path checkpoints = KnownTraining.run(root);
            return switch (this) {
                case FILE -> true;
                case CHECKPOINTS -> on.equals(checkpoints);
                case FOLDER_ABOVE -> on.equals(checkpoints.getParent());
                case FOLDER_ABOVE_THAT -> on.equals(root);
            };
        }
    }

    /** The k-th change fails, once or from then on, and a write that fails is torn: the same must hold, and going on works. */
    @Test
    void whicheverChangeFailsOldOrNewIsWholeAndTrainingGoesOnToTheSameBits() throws Exception {
        List<Scenario> scenarios = scenarios();
        List<Integer> calls = new ArrayList<>();
        for (Scenario scenario : scenarios) {
            Path root = fresh();
            scenario.prepare(root);
            FaultyDisk counting = FaultyDisk.none();
            scenario.act(root, counting, number -> {});
            calls.add(counting.calls());
        }
        int all = calls.stream().mapToInt(Integer::intValue).sum();
        long count = Depth.of(all / 6, 2L * all, 2_000);
        long[] forever = new long[2];
        Suite suite = new Suite("crashes-faults");
        suite.cases(count, number -> {
            Random coin = coin(number);
            int at = spread(number, all);
            int scenario = 0;
            while (at >= calls.get(scenario)) {
                at -= calls.get(scenario++);
            }
            boolean later = coin.nextBoolean();
            fail(scenarios.get(scenario), at + 1, later, coin.nextDouble());
            forever[later ? 1 : 0]++;
        });
        suite.reached(String.format(
                "%,d failures of a write, force, rename, close or delete (%,d once, %,d from then on), of %,d calls",
                forever[0] + forever[1], forever[0], forever[1], all));
    }

    private void fail(Scenario scenario, int failing, boolean forever, double torn) throws IOException {
        Path root = fresh();
        scenario.prepare(root);
        FaultyDisk disk = new FaultyDisk(failing, forever, torn);
        long[] promised = {-1};
        try {
            try {
                scenario.act(root, disk, number -> promised[0] = number);
            } catch (IOException expected) {
                assertTrue(disk.failed(), () -> "without a fault: " + expected);
            }
            assertTrue(disk.failed(), "call " + failing + " was not reached");
            scenario.check(root, promised[0], null);
        } catch (AssertionError | MalformedFileException | IllegalArgumentException e) {
            throw new AssertionError(
                    scenario.getClass().getSimpleName() + ", call " + failing + (forever ? " and all later" : "")
                            + " failed, torn at " + torn + ": " + e.getMessage(),
                    e);
        }
        remove(root);
    }
}
