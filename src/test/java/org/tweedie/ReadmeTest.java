package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.io.Npy;
import org.tweedie.io.Output;
import org.tweedie.io.Table;
import org.tweedie.score.Mlp;
import org.tweedie.sde.EulerMaruyama;
import org.tweedie.sde.VpSde;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/** The README's example, run, and held to the README's text. */
class ReadmeTest {
    @TempDir
    Path folder;

    @Test
    void theExampleRuns() throws Exception {
        Path path = folder.resolve("rows.npy");
        Npy.write(Output.to(path), Table.of(BuiltInSet.CIRCLES.rows(1, 0, 500), 2));
        Samples samples = example("cpu", path, 20, folder.resolve("model.safetensors"));
        assertEquals(10_000, samples.count());
        assertEquals(0, samples.run().nonFinite());
        assertTrue(Files.size(folder.resolve("model.safetensors")) > 100_000);
    }

    private static Samples example(String spec, Path path, int steps, Path file) throws Exception {
        // snippet: quickstart
        try (Device device = Device.open(spec);
                ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(128, 3), 2, 7, device)) {
            model.train(Dataset.of(Npy.read(path)), TrainSpec.steps(steps));
            Samples s = model.sampler(new EulerMaruyama()).steps(500).sample(10_000, 42);
            model.save(file);
            return s;
        }
        // end
    }

    /** The README shows the example as it stands above, but for where it runs and where the file goes. */
    @Test
    @Tag("checkout")
    void theReadmeShowsTheExample() throws Exception {
        String readme = Files.readString(Path.of("README.md"));
        String shown = readme.substring(
                readme.indexOf("```java\n") + 8, readme.indexOf("```", readme.indexOf("```java\n") + 8));
        String source = Files.readString(Path.of("src/test/java/org/tweedie/ReadmeTest.java"));
        String ran = source.substring(
                source.indexOf("// snippet: quickstart\n") + 23,
                source.indexOf("// end", source.indexOf("// snippet: quickstart")));
        assertEquals(
                plain(ran.replace("            return s;\n", "")
                        .replace("model.save(file)", "model.save(Path.of(\"model.safetensors\"))")
                        .replace("Device.open(spec)", "Device.open(\"auto\")")),
                plain(shown));
    }

    private static String plain(String code) {
        return code.lines().map(String::strip).filter(line -> !line.isEmpty()).collect(Collectors.joining("\n"));
    }
}
