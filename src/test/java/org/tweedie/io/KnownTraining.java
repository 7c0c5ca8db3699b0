package org.tweedie.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.tweedie.ScoreModel;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.Precision;
import org.tweedie.score.Mlp;
import org.tweedie.sde.VpSde;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;

/** A training of a few steps of which every checkpoint and the model file are known byte by byte, to be cut off and gone on with. */
final class KnownTraining {
    static final long STEPS = 12;
    private static final long EVERY = 3;
    private static final int KEEP = 2;
    private static final Dataset ROWS = Dataset.of(BuiltInSet.MOONS.rows(1, 0, 50), "u", "v");

    private final Device device;
    private final long seed;
    private final Map<Long, byte[]> checkpoints = new TreeMap<>();
    private final byte[] model;

    /**
     * @param place an empty folder, for the run that nobody disturbs
     */
    KnownTraining(Device device, long seed, Path place) throws IOException {
        this.device = device;
        this.seed = seed;
        run(place, FaultyDisk.none(), 1_000, true, step -> {});
        model = Files.readAllBytes(model(place));
        for (Path file : checkpoints(place)) {
            checkpoints.put(step(file), Files.readAllBytes(file));
        }
        assertEquals(STEPS / EVERY, checkpoints.size());
        assertTrue(checkpoints.get(STEPS).length > 1 << 16, "one write does not hold a checkpoint");
    }

    static Path model(Path folder) {
        return folder.resolve("m.safetensors");
    }

    /** Two folders deep, neither of which is there at first. */
    static Path run(Path folder) {
        return folder.resolve("runs").resolve("m.checkpoints");
    }

    private static long step(Path checkpoint) {
        return Long.parseLong(checkpoint.getFileName().toString().replaceAll("[^0-9]", ""));
    }

    private static List<Path> checkpoints(Path folder) throws IOException {
        if (!Files.isDirectory(run(folder))) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(run(folder))) {
            return files.filter(file -> file.toString().endsWith(".ckpt"))
                    .sorted()
                    .toList();
        }
    }

    /**
     * Goes on from the newest checkpoint in the folder, or starts, and writes the model.
     *
     * @param promised is told of each step whose checkpoint was saved, and of {@code STEPS + 1} when the model was
     */
    void run(Path folder, FileActions disk, LongConsumer promised) throws IOException {
        run(folder, disk, KEEP, true, promised);
    }

    /** The same from step 0, whatever is there; {@code promised} is told 0 when the old checkpoints are gone. */
    void afresh(Path folder, FileActions disk, LongConsumer promised) throws IOException {
        run(folder, disk, KEEP, false, promised);
    }

    private void run(Path folder, FileActions disk, int keep, boolean resume, LongConsumer promised)
            throws IOException {
        TrainSpec spec = TrainSpec.steps(STEPS)
                .withPrecision(Precision.F32)
                .withBatch(16)
                .withSeed(seed)
                .withCheckpointEvery(EVERY);
        try (ScoreModel trained = ScoreModel.create(new VpSde(), Mlp.of(64, 2), ROWS, seed, device)) {
            try (CheckpointDirectory into = CheckpointDirectory.open(run(folder), keep, disk)) {
                if (!resume) {
                    into.clear();
                    promised.accept(0);
                }
                TrainListener listener = new TrainListener() {
                    @Override
                    public void at(Progress progress) {}

                    @Override
                    public void saved(long step, Path file) {
                        promised.accept(step);
                    }
                };
                TrainResult result = trained.train(ROWS, spec, listener, new CancelToken(), into, resume);
                assertEquals(TrainResult.Outcome.FINISHED, result.outcome());
            }
            boolean there = Files.exists(model(folder));
            trained.save(Output.to(model(folder)).force(there).through(disk));
            promised.accept(STEPS + 1);
        }
    }

    /** That everything with a name of ours is whole, and nothing is lost that was promised; gives the step to go on from. */
    long whole(Path folder, long promised) throws IOException {
        for (Path file : checkpoints(folder)) {
            assertArrayEquals(checkpoints.get(step(file)), Files.readAllBytes(file), file + " is not whole");
        }
        if (Files.exists(model(folder))) {
            assertArrayEquals(model, Files.readAllBytes(model(folder)), "the model file is not whole");
        } else {
            assertTrue(promised <= STEPS, "the model file was saved and is lost");
        }
        long found = CheckpointDirectory.newest(run(folder), ReadLimits.defaults(), line -> {
                    throw new AssertionError(line);
                })
                .map(CheckpointDirectory.Found::step)
                .orElse(0L);
        assertTrue(found >= Math.min(STEPS, promised), "step " + promised + " was saved, step " + found + " is left");
        return found;
    }

    /** The last two checkpoints, as the run left them. */
    void leaveCheckpoints(Path folder) throws IOException {
        Files.createDirectories(run(folder));
        for (long step : new long[] {STEPS - EVERY, STEPS}) {
            Files.write(run(folder).resolve(String.format("step-%012d.ckpt", step)), checkpoints.get(step));
        }
    }

    private boolean isOurs(Path checkpoint) throws IOException {
        return java.util.Arrays.equals(checkpoints.get(step(checkpoint)), Files.readAllBytes(checkpoint));
    }

    boolean hasOnlyOurs(Path folder) throws IOException {
        for (Path file : checkpoints(folder)) {
            if (!isOurs(file)) {
                return false;
            }
        }
        return true;
    }

    /** Goes on, undisturbed, to the same bits; in the run's folder no part of a file is left. */
    void goesOnToTheSameBits(Path folder) throws IOException {
        run(folder, FaultyDisk.none(), step -> {});
        assertArrayEquals(
                model, Files.readAllBytes(model(folder)), "other bits than those of a run that nobody disturbed");
        try (Stream<Path> files = Files.list(run(folder))) {
            assertEquals(
                    List.of(),
                    files.map(file -> file.getFileName().toString())
                            .filter(name -> !name.matches("run\\.lock|step-[0-9]{12}\\.ckpt"))
                            .toList());
        }
        for (Path file : checkpoints(folder)) {
            assertTrue(isOurs(file), file.toString());
        }
    }
}
