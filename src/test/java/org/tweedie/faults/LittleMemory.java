package org.tweedie.faults;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.LongStream;
import org.tweedie.Sampler;
import org.tweedie.ScoreModel;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.OutOfDeviceMemoryException;
import org.tweedie.execution.Precision;
import org.tweedie.score.Mlp;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.TimeSampling;
import org.tweedie.sde.VpSde;
import org.tweedie.sde.Weighting;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/**
 * A process whose GPU has little memory, and less where a command says so: {@code sample FREE}, {@code numbers FREE}, {@code trace
 * FREE}, {@code train FREE}, with the bytes that are left for it. Answers {@code bits DIGEST split TIMES} or {@code full NEEDED FREE
 * MESSAGE}; and {@code leak BYTES} where not all was given back.
 */
final class LittleMemory {
    private static final int ROWS = 1500;
    private static final List<String> LOGGED = new ArrayList<>();
    private static final Logger LOGGER = Logger.getLogger("org.tweedie");
    private static final Dataset DATA = data();
    private static final TrainSpec SPEC = TrainSpec.steps(2)
            .withPrecision(Precision.F32)
            .withBatch(256)
            .withWeighting(Weighting.EDM, TimeSampling.UNIFORM, true);

    private LittleMemory() {}

    private static Dataset data() {
        float[] rows = new float[3 * 64];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = (i * 37 % 101) / 101f;
        }
        return Dataset.of(rows, "a", "b", "c").given("y", "c");
    }

    private interface Work {
        void run(Bits bits);
    }

    public static void main(String[] arguments) throws IOException {
        LOGGER.setUseParentHandlers(false);
        LOGGER.addHandler(new Handler() {
            @Override
            public void publish(LogRecord record) {
                LOGGED.add(record.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        });
        PrintStream answers = System.out;
        try (BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
                Device device = Device.open("cuda:0");
                ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(64, 2), DATA, 5, device)) {
            model.train(DATA, SPEC);
            for (String line = commands.readLine(); line != null; line = commands.readLine()) {
                String[] part = line.split(" ");
                answers.println(answer(device, model, part[0], Long.parseLong(part[1])));
                answers.flush();
            }
        }
    }

    private static String answer(Device device, ScoreModel model, String what, long free) {
        ScoreModel fresh = ScoreModel.create(new VpSde(), Mlp.of(64, 2), DATA, 5, device);
        Sampler sampler = model.sampler(MethodSpec.parse("dpm2m@2")).given("y", new float[] {1}, 1);
        Work work = switch (what) {
            case "sample" -> bits -> bits.add(sampler.sample(ROWS, 7).rows());
            case "numbers" ->
                bits -> bits.add(
                        sampler.sample(LongStream.range(0, ROWS).map(i -> 3 * i).toArray(), 7)
                                .rows());
            case "trace" ->
                bits -> sampler.traced().sample(ROWS, 7).traces().get("x").forEach(bits::add);
            case "train" ->
                bits -> {
                    fresh.train(DATA, SPEC);
                    bits.add(fresh.weights());
                };
            default -> throw new IllegalArgumentException(what);
        };
        LOGGED.clear();
        try (fresh;
                DeviceBuffer rest = device.allocate(Element.I8, device.memory().free() - free)) {
            long before = device.allocatedBytes();
            String answer;
            try {
                Bits bits = new Bits();
                work.run(bits);
                answer = "bits " + bits.text() + " split " + LOGGED.size();
            } catch (OutOfDeviceMemoryException e) {
                answer = "full " + e.askedBytes() + " " + e.freeBytes() + " " + e.getMessage();
            }
            long kept = device.allocatedBytes() - before;
            return kept == 0 ? answer : "leak " + kept + " after " + answer;
        }
    }
}
