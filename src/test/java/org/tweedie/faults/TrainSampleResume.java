package org.tweedie.faults;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.LongStream;
import org.tweedie.Sampler;
import org.tweedie.Samples;
import org.tweedie.ScoreModel;
import org.tweedie.device.Arguments;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Event;
import org.tweedie.device.HostBuffer;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.Precision;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.FileActions;
import org.tweedie.io.Output;
import org.tweedie.kernels.RowSet;
import org.tweedie.score.Mlp;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.TimeSampling;
import org.tweedie.sde.VpSde;
import org.tweedie.sde.Weighting;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;

/**
 * What users do, small: a training run that stops half-way, another that resumes it, the model saved and read again, and samples
 * by graph, by number and step by step; and the rest of what a device offers. Together it reaches every driver call of the library.
 */
final class TrainSampleResume implements Scenario {
    private static final int STEPS = 4;
    private static final int ROWS = 80;
    private static final FileActions DISK = QuickDisk.actions();
    private static final Dataset DATA = data();
    private static final TrainSpec SPEC =
            // uniform times: the table of the others costs more than all the rest
            TrainSpec.steps(STEPS)
                    .withPrecision(Precision.F32)
                    .withBatch(16)
                    .withCheckpointEvery(2)
                    .withSeed(3)
                    .withWeighting(Weighting.EDM, TimeSampling.UNIFORM, true);

    private static Dataset data() {
        float[] rows = new float[3 * 40];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = (i * 37 % 101) / 101f;
        }
        return Dataset.of(rows, "a", "b", "c").given("y", "c");
    }

    private static ScoreModel model(Device device) {
        return ScoreModel.create(new VpSde(), Mlp.of(8, 2), DATA, 5, device);
    }

    @Override
    public void run(Device device, Path directory, Bits bits) throws IOException {
        Path file = directory.resolve("model.safetensors");
        device.memory();
        try (ScoreModel model = model(device)) {
            train(model, directory, 2);
        }
        try (ScoreModel model = model(device)) {
            train(model, directory, STEPS + 1);
            bits.add(model.weights());
            model.save(new Output(file, true, DISK));
        }
        bits.add(Files.readAllBytes(file));
        try (ScoreModel model =
                model(device)) { // by blocks that wait for each other, where the device has such kernels
            model.train(DATA, SPEC.withSteps(1).withPrecision(Precision.BF16));
            bits.add(model.weights());
        }
        try (ScoreModel model = ScoreModel.load(file, device)) {
            sample(model, bits);
        }
        copies(device, bits);
    }

    private static void train(ScoreModel model, Path directory, long stopAfter) throws IOException {
        CancelToken cancel = new CancelToken();
        TrainListener stop = new TrainListener() {
            @Override
            public void at(Progress progress) {}

            @Override
            public void saved(long step, Path saved) {
                if (step >= stopAfter) {
                    cancel.cancel();
                }
            }
        };
        try (CheckpointDirectory checkpoints = CheckpointDirectory.open(directory.resolve("checkpoints"), 2, DISK)) {
            TrainResult result = model.train(DATA, SPEC, stop, cancel, checkpoints, true);
            if (result.outcome() == TrainResult.Outcome.NOT_FINITE) {
                throw new IllegalStateException(result.message());
            }
        }
    }

    private static void sample(ScoreModel model, Bits bits) {
        Sampler sampler = model.sampler(MethodSpec.parse("dpm2m@3"));
        float[] conditions = new float[ROWS];
        for (int i = 0; i < ROWS; i++) {
            conditions[i] = i % 3;
        }
        bits.add(sampler.given("y", conditions, 1)
                .execution("graph")
                .sample(ROWS, 7)
                .rows());
        bits.add(sampler.given("y", new float[] {1}, 1)
                .sample(LongStream.range(0, ROWS / 2).map(i -> 5 * i).toArray(), 7)
                .rows());
        Samples traced = model.sampler(MethodSpec.parse("em@2"))
                .given("y", new float[] {1}, 1)
                .traced()
                .sample(ROWS / 2, 7);
        traced.traces().get("x").forEach(bits::add);
    }

    /** Page-locked copies, two streams and their events, and a launch with more shared memory than usual. */
    private static void copies(Device device, Bits bits) {
        int count = 64;
        try (Stream one = device.stream();
                Stream two = device.stream();
                Event began = device.event();
                Event copied = device.event();
                HostBuffer memory = device.pinned(Element.F32, count);
                DeviceBuffer from = device.allocate(Element.F32, count);
                DeviceBuffer into = device.allocate(Element.F32, count);
                RowSet rows = RowSet.on(device)) {
            for (int i = 0; i < count; i++) {
                memory.memory().putFloat(4 * i, i);
            }
            one.record(began);
            one.uploadAsync(memory, 0, from, 0, count);
            one.record(copied);
            two.await(copied);
            two.zero(into, 0, count);
            two.copy(from, 0, into, 8, count - 8);
            two.launch(
                    device.kernel(RowSet.ASSIGN),
                    LaunchShape.blocks(1, 1, 1, 100_000),
                    rows.into(new Arguments(RowSet.ASSIGN))
                            .i64(0)
                            .i64(0)
                            .i64(1)
                            .buffer(null)
                            .buffer(null)
                            .i64(0));
            two.downloadAsync(into, 0, memory, 0, count);
            two.synchronize();
            copied.synchronize();
            if (!(copied.millisecondsSince(began) >= 0)) {
                throw new IllegalStateException("a copy took less than no time");
            }
            float[] values = new float[count];
            ByteBuffer bytes = memory.memory();
            bytes.asFloatBuffer().get(values);
            bits.add(values);
        }
    }
}
