package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.execution.Precision;
import org.tweedie.kernels.Adam;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Architecture;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.ProcessSpec;
import org.tweedie.sde.TimeSampling;
import org.tweedie.sde.VeSde;
import org.tweedie.sde.Weighting;
import org.tweedie.train.Conditioning;
import org.tweedie.train.Dataset;
import org.tweedie.train.ProcessLearning;
import org.tweedie.train.TrainSpec;

/** What docs/reproducibility.md promises and no other test holds: the counter it prints, and a model made again from its own file. */
class ReproducibilityTest {
    private static final TrainSpec SETTINGS = new TrainSpec(
            9,
            37,
            0.003,
            TrainSpec.Schedule.CONSTANT,
            4,
            0.95,
            0.5,
            new Adam.Rule(0.8, 0.99, 1e-7, 0.01),
            Weighting.SIMPLE,
            TimeSampling.UNIFORM,
            false,
            -5,
            2,
            Optional.of(Precision.F32),
            Optional.empty(),
            Conditioning.CLEAN,
            ProcessLearning.STANDARD);

    private static final String NETWORK = "mlp:12x2,tanh,gaussian:5:2";

    @TempDir
    Path folder;

    private static int[] words(long seed, long index, Purpose purpose, int ordinal, int attempt, int quad) {
        int[] word = new int[4];
        // snippet: counter
        int key0 = (int) seed;
        int key1 = (int) (seed >>> 32);
        int counter0 = (int) index;
        int counter1 = (int) (index >>> 32);
        int counter2 = purpose.code() << 24 | ordinal;
        int counter3 = attempt << 24 | quad; // quad q has coordinates 4q to 4q + 3
        Philox.block(counter0, counter1, counter2, counter3, key0, key1, word, 0);
        // end
        return word;
    }

    /** The example of the page: every number of it. */
    @Test
    @Tag("checkout")
    void thePagesExampleIsRight() throws Exception {
        int[] word = words(42, 7, Purpose.STEP, 3, 0, 0);
        double[] z = new double[4];
        for (int d = 0; d < 4; d++) {
            z[d] = Philox.words(42, 7, Purpose.STEP, 3).normal(d);
        }
        double radius = Math.sqrt(-2 * Math.log(((word[0] & 0xffffffffL) + 0.5) * 0x1p-32));
        double angle = 2 * Math.PI * (word[1] & 0xffffffffL) * 0x1p-32;
        assertEquals(radius * Math.cos(angle), z[0], 1e-12);
        assertEquals(radius * Math.sin(angle), z[1], 1e-12);
        double[] u = new double[4];
        for (int d = 0; d < 4; d++) {
            u[d] = ((word[d] >>> 9) + 0.5) * 0x1p-23;
        }
        String shown = String.format(Locale.ROOT, "words    %08x %08x %08x %08x\n", word[0], word[1], word[2], word[3])
                + String.format(Locale.ROOT, "normals  %.6f %.6f %.6f %.6f\n", z[0], z[1], z[2], z[3])
                + String.format(Locale.ROOT, "uniforms %.6f %.6f %.6f %.6f\n", u[0], u[1], u[2], u[3]);
        String page = Files.readString(Path.of("docs/reproducibility.md"));
        assertTrue(page.contains(shown), () -> "the page should show\n" + shown);
    }

    /** The codes of the page's table are the purposes' own. */
    @Test
    @Tag("checkout")
    void thePagesTableHasEveryPurpose() throws Exception {
        String page = Files.readString(Path.of("docs/reproducibility.md"));
        for (Purpose purpose : Purpose.values()) {
            assertTrue(
                    page.contains("| " + purpose.code() + " | `" + purpose + "` |"),
                    purpose + " has code " + purpose.code());
        }
    }

    /** Process, network, seed and settings are in the file; with the data they make the same weights and the same samples. */
    @Test
    void aModelIsMadeAgainFromWhatItsFileSays() throws Exception {
        Dataset data = Dataset.of(BuiltInSet.PINWHEEL.rows(3, 0, 211), "east", "north");
        float[] weights;
        float[] samples;
        try (Device device = Device.open("cpu:2");
                ScoreModel model =
                        ScoreModel.create(new VeSde(0.02, 30), Architecture.parse(NETWORK), data, 77, device)) {
            model.train(data, SETTINGS);
            weights = model.weights();
            samples =
                    model.sampler(MethodSpec.parse("em@7,karras")).sample(50, 9).rows();
            model.save(folder.resolve("model.safetensors"));
        }
        try (Device device = Device.open("cpu:1");
                ScoreModel found = ScoreModel.load(folder.resolve("model.safetensors"), device)) {
            Map<String, String> said = found.provenance();
            assertEquals(data.hash(), said.get("data"));
            assertEquals("211", said.get("rows"));
            assertEquals("9", said.get("steps"));
            TrainSpec settings = settings(said.get("settings"));
            assertEquals(SETTINGS.withCheckpointEvery(1), settings, "all that decides a bit");
            try (ScoreModel again = ScoreModel.create(
                    ProcessSpec.parse(found.process().spec()),
                    Architecture.parse(found.architecture().spec()),
                    data,
                    Long.parseLong(said.get("seed")),
                    device)) {
                again.train(data, settings);
                assertArrayEquals(weights, again.weights());
                assertArrayEquals(
                        samples,
                        again.sampler(MethodSpec.parse("em@7,karras"))
                                .sample(50, 9)
                                .rows());
                again.train(data, settings);
                assertEquals("9 steps on " + data.hash(), again.provenance().get("continues"));
                assertFalse(again.provenance().containsKey("seed"), "its weights are not those of a seed any more");
            }
        }
    }

    /** As a person reads them out of the file. */
    private static TrainSpec settings(String text) {
        Adam.Rule rule =
                new Adam.Rule(real(text, "beta1"), real(text, "beta2"), real(text, "epsilon"), real(text, "decay"));
        return new TrainSpec(
                whole(text, "steps"),
                (int) whole(text, "batch"),
                real(text, "rate"),
                TrainSpec.Schedule.valueOf(value(text, "schedule")),
                whole(text, "warmup"),
                real(text, "average"),
                real(text, "clip"),
                rule,
                Weighting.valueOf(value(text, "weighting")),
                TimeSampling.valueOf(value(text, "sampling")),
                Boolean.parseBoolean(value(text, "evenTimes")),
                whole(text, "seed"),
                whole(text, "checkpointEvery"),
                Optional.of(Precision.F32),
                Optional.empty(),
                Conditioning.CLEAN,
                ProcessLearning.STANDARD);
    }

    private static long whole(String settings, String name) {
        return Long.parseLong(value(settings, name));
    }

    private static double real(String settings, String name) {
        return Double.parseDouble(value(settings, name));
    }

    private static String value(String settings, String name) {
        Matcher found = Pattern.compile("[\\[ ]" + name + "=([^,\\]]+)").matcher(settings);
        assertTrue(found.find(), () -> name + " in " + settings);
        return found.group(1);
    }
}
