package org.tweedie.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.tweedie.ConditionalBridge;
import org.tweedie.Likelihood;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.bridge.ConditionalLaw;
import org.tweedie.bridge.Direction;
import org.tweedie.bridge.Features;
import org.tweedie.bridge.StepSizes;
import org.tweedie.device.Device;
import org.tweedie.io.Csv;
import org.tweedie.io.Npy;
import org.tweedie.io.ReadLimits;
import org.tweedie.io.Table;
import org.tweedie.plan.GivenStart;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;
import org.tweedie.score.Mlp;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/** {@code tweedie bridge} of conditional bridges: files fitted and sampled from given observations, stopped and gone on with, refused. */
class ConditionalCommandsTest {
    private static final String SMALL =
            " --device cpu --sizes 4x0.1-0.3 --iterations 2 --steps 9 --batch 16 --walks 32 --refresh 3 --network mlp:8x1 --ema 0.9 --seed 11";

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path pairs;
    private static Path fitted;

    private static String fit(String more) {
        return "bridge fit --from " + pairs + SMALL + more;
    }

    /** x1, x2 standard normal, y1 = x1 + x2 and y2 = x2 with noise of deviation 1. */
    private static Path pairs(Path file, int rows) throws IOException {
        StringBuilder text = new StringBuilder("x1,y1,x2,y2\n");
        for (int i = 0; i < rows; i++) {
            Words words = Philox.words(3, i, Purpose.DATA, 0);
            double x1 = words.normal(0);
            double x2 = words.normal(1);
            text.append(String.format(
                    Locale.ROOT, "%.6g,%.6g,%.6g,%.6g%n", x1, x1 + x2 + words.normal(2), x2, x2 + words.normal(3)));
        }
        return Files.writeString(file, text);
    }

    @BeforeAll
    static void fit() throws IOException {
        pairs = pairs(shared.resolve("pairs.csv"), 60);
        fitted = shared.resolve("fitted.safetensors");
        Cli.run(fit(" --given y1,y2 --law affine --out " + fitted)).ok();
    }

    private static Cli.Ran sample(Path out, String more) {
        return Cli.run("bridge sample --device cpu --model " + fitted + " --out " + out + " --seed 5 " + more);
    }

    /** The same command gives the same bytes, and they are those of the library. */
    @Test
    void theFileIsThatOfTheLibrary() throws IOException {
        Path out = folder.resolve("b.safetensors");
        Path page = folder.resolve("b.html");
        Map<String, Object> said = Cli.run(fit(" --given y1,4 --law affine --json --out " + out + " --report " + page))
                .json();
        assertArrayEquals(Files.readAllBytes(fitted), Files.readAllBytes(out));
        assertEquals(60L, said.get("from"));
        assertEquals("affine", said.get("law"));
        assertEquals(List.of("y1", "y2"), said.get("given"));
        assertEquals(4, ((List<?>) said.get("halves")).size());
        Dataset data = Dataset.of(Table.read(pairs.toString(), List.of(), ReadLimits.defaults()))
                .given("y", "y1", "y2");
        BridgeSpec spec = BridgeSpec.of(StepSizes.symmetric(4, 0.1, 0.3))
                .withIterations(2)
                .withNetwork(Mlp.of(8, 1))
                .withTraining(TrainSpec.steps(9)
                        .withBatch(16)
                        .withRate(2e-3)
                        .withAverage(0.9)
                        .withSeed(11))
                .withCache(32, 3);
        try (Device device = Device.open("cpu");
                ConditionalBridge read = ConditionalBridge.load(out, device);
                ConditionalBridge own = ConditionalBridge.fit(
                        data, ConditionalLaw.regression(data, Features.Basis.affine(), 0), spec, device)) {
            assertEquals(own.halves(), read.halves());
            assertArrayEquals(
                    own.posterior(1, 2).sample(9, 1).rows(),
                    read.posterior(1, 2).sample(9, 1).rows());
        }
        String html = Files.readString(page);
        assertEquals(1, html.split("data:image/png", -1).length - 1, "pairs beside draws");
        assertTrue(html.contains("x2: mean ± deviation of draws") && html.contains("there and back"), "observations");
        assertTrue(html.contains("tweedie bridge fit --from " + pairs), "the command");
        Cli.Ran inspected = Cli.run("inspect " + out).ok();
        for (String part : List.of(
                "process = conditional-bridge",
                "bridge.law = affine",
                "law.weight F64 [2, 2]",
                "rows.pairs F32 [60, 4]")) {
            assertTrue(inspected.out().contains(part), inspected.out());
        }
    }

    @Test
    void samplesAreThoseOfTheLibrary() throws IOException {
        Path seen = Files.writeString(folder.resolve("seen.csv"), "y2,y1\n0.5,1\n"); // chosen by name
        Path each = Files.writeString(folder.resolve("each.csv"), "1,0.5\n-1,2\n0,0\n");
        Path out = folder.resolve("s.npy");
        try (Device device = Device.open("cpu");
                ConditionalBridge bridge = ConditionalBridge.load(fitted, device)) {
            float[] one = bridge.posterior(1, 0.5f).sample(30, 5).rows();
            Cli.Ran ran = sample(out, "--json --count 30 --given y=" + seen);
            String again = ran.json().get("again").toString();
            assertArrayEquals(one, Npy.read(out).data());
            byte[] first = Files.readAllBytes(out);
            Cli.run(again.substring("tweedie ".length()) + " --force").ok();
            assertArrayEquals(first, Files.readAllBytes(out), again);
            sample(out, "--count 10 --first-index 7 --force --direction backward --given y=" + seen)
                    .ok();
            assertArrayEquals(Arrays.copyOfRange(one, 14, 34), Npy.read(out).data());
            Cli.Ran there = sample(out, "--json --there-and-back --count 30 --force --given y=" + seen);
            assertArrayEquals(
                    bridge.posteriorForwardBackward(1, 0.5f).sample(30, 5).rows(),
                    Npy.read(out).data());
            assertTrue(there.json().get("again").toString().contains("--there-and-back"), there.toString());
            Path rows = folder.resolve("rows.csv");
            sample(rows, "--given y=" + each).ok(); // as many as there are observations
            assertArrayEquals(
                    bridge.posterior()
                            .given("y", new float[] {1, 0.5f, -1, 2, 0, 0}, 2)
                            .sample(3, 5)
                            .rows(),
                    Csv.read(rows).data());
            assertEquals(List.of("x1", "x2"), Csv.read(rows).names());
        }
    }

    /** Flows both ways and densities of pairs: those of the library. */
    @Test
    void flowsAndDensitiesAreThoseOfTheLibrary() throws IOException {
        Path seen = Files.writeString(folder.resolve("seen.csv"), "y2,y1\n0.5,1\n");
        Path start = Files.writeString(folder.resolve("start.csv"), "x2,x1\n0.25,0.5\n0,-1\n2,2\n");
        Path latent = folder.resolve("latent.npy");
        Path out = folder.resolve("f.npy");
        float[] starts = {0.5f, 0.25f, -1, 0, 2, 2};
        float[] y = {1, 0.5f};
        try (Device device = Device.open("cpu");
                ConditionalBridge bridge = ConditionalBridge.load(fitted, device)) {
            sample(out, "--flow --count 9 --given y=" + seen).ok();
            assertArrayEquals(
                    bridge.flow(Direction.BACKWARD)
                            .given("y", y, 2)
                            .sample(9, 5)
                            .rows(),
                    Npy.read(out).data());
            Cli.Ran ran = sample(
                    latent,
                    "--flow --steps 8 --direction forward --json --given start=" + start + " --given y=" + seen);
            String again = ran.json().get("again").toString();
            float[] there = bridge.flow(Direction.FORWARD)
                    .steps(8)
                    .given("start", starts, 2)
                    .given("y", y, 2)
                    .sample(3, 5)
                    .rows();
            assertArrayEquals(there, Npy.read(latent).data());
            Cli.run(again.substring("tweedie ".length()) + " --force").ok();
            assertArrayEquals(there, Npy.read(latent).data(), again);
            sample(out, "--flow --steps 8 --force --given start=" + latent + " --given y=" + seen)
                    .ok();
            float[] back = Npy.read(out).data();
            assertArrayEquals(starts, back, 1e-2f, "there and back");
            assertArrayEquals(
                    bridge.flow(Direction.BACKWARD)
                            .steps(8)
                            .steer(new GivenStart())
                            .given("start", there, 2)
                            .given("y", y, 2)
                            .sample(3, 5)
                            .rows(),
                    back);
            Dataset data = Dataset.of(Table.read(pairs.toString(), List.of(), ReadLimits.defaults()))
                    .given("y", "y1", "y2");
            Likelihood likelihood = bridge.likelihood().given("y", data.values("y"), 2);
            Likelihood.Densities densities = likelihood.of(data.values(Dataset.X), 0);
            Path file = folder.resolve("densities.npy");
            Map<String, Object> said = Cli.run("likelihood --device cpu --model " + fitted + " --data " + pairs
                            + " --given y1,y2 --json --out " + file)
                    .json();
            assertEquals(densities.mean(), (double) said.get("meanLogDensity"), 1e-12);
            assertEquals(16L, said.get("evaluations"));
            float[] written = Npy.read(file).data();
            for (int r = 0; r < 60; r++) {
                assertEquals((float) densities.log()[r], written[r]);
            }
            assertEquals(
                    likelihood.steps(16).of(data.values(Dataset.X), 0).mean(),
                    (double) Cli.run("likelihood --device cpu --steps 16 --json --given y1,y2 --data " + pairs
                                    + " --model " + fitted)
                            .json()
                            .get("meanLogDensity"),
                    1e-12);
        }
    }

    /** Of every law; one of x column and one of y, as they are. */
    @Test
    void lawsAndWidths() throws IOException {
        for (String law : List.of("normal", "columns", "affine:0.1", "radial:7,1.5", "radial:7,1.5:0.01")) {
            Path out = folder.resolve(law.replace(':', '-') + ".safetensors");
            Path page = folder.resolve(law.replace(':', '-') + ".html");
            Map<String, Object> said = Cli.run(fit(" --columns x2,y2 --given y2 --as-they-are --law " + law
                            + " --json --out " + out + " --report " + page))
                    .json();
            assertEquals(law.equals("radial:7,1.5") ? law + ":1e-6" : law, said.get("law"));
            assertTrue(Files.readString(page).contains("Draws of x2"), law);
        }
    }

    /** Says what fitting would take, of both kinds, and writes nothing. */
    @Test
    void aDryRunWritesNothing() throws IOException {
        Map<String, String> before = Cli.snapshot(folder);
        Path out = folder.resolve("x.safetensors");
        Path page = folder.resolve("x.html");
        long weights = 2L
                * Mlp.of(8, 1)
                        .tensors(org.tweedie.score.Signature.over(
                                2, new org.tweedie.score.Signature.Port("y", org.tweedie.plan.Space.euclidean(2))))
                        .stream()
                        .filter(tensor -> !tensor.name().endsWith("frequencies"))
                        .mapToLong(org.tweedie.score.Parameters.Tensor::count)
                        .sum();
        String more = " --dry-run --out " + out + " --report " + page;
        Map<String, Object> said =
                Cli.run(fit(" --given y1,y2 --law radial:3,1 --json" + more)).json();
        assertEquals("radial:3,1:1e-6", said.get("law"));
        assertEquals(4L, said.get("halves"));
        assertTrue((long) said.get("parameters") >= weights, said + " at least " + weights);
        assertTrue((long) said.get("deviceBytes") > 4 * 32 * 4 * 4, said.toString());
        assertEquals(
                (double) said.get("seconds"),
                4 * 9 * (double) said.get("secondsPerStep"),
                1e-9 * (double) said.get("seconds"));
        assertTrue(Cli.run(fit(" --given y1,y2" + more)).ok().out().contains("60 rows of x1, x2 given y1, y2"), "text");
        assertTrue(
                Cli.run("bridge fit --from moons:50:1 --to circles:40:2" + SMALL + more)
                        .ok()
                        .out()
                        .contains("4 half bridges of 9 steps of 16 pairs"),
                "of the other kind");
        assertEquals(before, Cli.snapshot(folder));
    }

    @Test
    void whatCannotBeIsOneLine() throws IOException {
        Path csv = folder.resolve("x.csv");
        Path seen = Files.writeString(folder.resolve("seen.csv"), "1,0.5\n");
        Path wide = Files.writeString(folder.resolve("wide.csv"), "1,0.5,2\n");
        Path joined = shared.resolve("joined.safetensors");
        Cli.run("bridge fit --from moons:50:1 --to circles:40:2 --force" + SMALL + " --out " + joined)
                .ok();
        Map<String, String> before = Cli.snapshot(folder);
        String out = " --out " + folder.resolve("x.safetensors");
        Cli.run(fit(" --given z" + out)).failed(2, "--given: there is no column 'z'; there are x1, y1, x2, y2");
        Cli.run(fit(" --given x1,x2,y1,y2" + out)).failed(2, "no column would be left to model");
        Cli.run(fit(" --law affine" + out)).failed(2, "--law: only a conditional bridge", "--given");
        Cli.run(fit(" --given y1 --to moons:50" + out)).failed(2, "--to: a conditional bridge");
        Cli.run(fit(" --given y1 --to-columns 1" + out)).failed(2, "--to-columns");
        Cli.run(fit(" --given y1 --law afine" + out)).failed(2, "--law: unknown law 'afine'; did you mean affine?");
        Cli.run(fit(" --given y1 --law affine:-1" + out)).failed(2, "--law: the penalty of a law must be 0 or more");
        Cli.run(fit(" --given y1 --law radial:0,1" + out)).failed(2, "--law: radial features have a centre");
        Cli.run(fit(" --given y1 --law radial:5000,1" + out)).failed(2, "--law: a law that a file holds has at most");
        Cli.run(fit(" --given y1 --law columns:1" + out)).failed(2, "--law: 'columns:1' is no law; say normal");
        Path twice = Files.writeString(folder.resolve("twice.csv"), "x,y,z\n1,2,2\n2,1,1\n4,4,4\n");
        Cli.run("bridge fit --from " + twice + SMALL + " --given y,z --law affine" + out)
                .failed(2, "--law: column 2 of 2 is a sum of those before it");
        Files.delete(twice);
        Cli.run(fit(" --given y1,y2 --out " + fitted)).failed(2, "--force");
        sample(csv, "--count 3").failed(2, "the bridge needs the condition 'y' (y1, y2); pass --given y=FILE");
        sample(csv, "").failed(2, "--count: say how many rows");
        sample(csv, "--given " + seen).failed(2, "is named with its condition; pass --given y=" + seen);
        sample(csv, "--given z=" + seen).failed(2, "unknown condition 'z'");
        sample(csv, "--given y=" + wide).failed(2, "has 3 columns, the model's 'y' has 2: y1, y2");
        sample(csv, "--given y=" + seen + " --given y=" + seen).failed(2, "--given y is there twice");
        sample(csv, "--direction forward --given y=" + seen).failed(2, "--direction forward: a conditional bridge");
        sample(csv, "--direction forward --flow --given y=" + seen)
                .failed(2, "--direction forward: the flow forward moves rows", "pass --given start=FILE (x1, x2)");
        sample(csv, "--flow --there-and-back --given y=" + seen).failed(2, "--there-and-back walks", "leave one away");
        sample(csv, "--steps 8 --given y=" + seen).failed(2, "--steps is of the flow");
        sample(csv, "--flow --steps 0 --given y=" + seen).failed(2, "steps must be positive, got 0");
        sample(csv, "--flow --given start=" + wide + " --given y=" + seen)
                .failed(2, "--given start: " + wide + " has 3 columns, the model's start has 2: x1, x2");
        sample(csv, "--flow --count 3").failed(2, "the bridge needs the condition 'y' (y1, y2)");
        sample(csv, "--given start=" + seen + " --given y=" + seen).failed(2, "unknown condition 'start'");
        String likelihood = "likelihood --device cpu --model " + fitted + " --data " + pairs;
        Cli.run(likelihood).failed(2, "the bridge has the inputs x: x1, x2; y: y1, y2, the data x: x1, y1, x2, y2");
        Cli.run(likelihood + " --given y1").failed(2, "the bridge's 'x' has the columns [x1, x2]");
        Cli.run(likelihood + " --given y1,y2 --bound chain").failed(2, "--bound is of score models");
        Cli.run(likelihood + " --given y1,y2 --steps 0").failed(2, "steps of a flow must be positive");
        sample(csv, "--given y=" + folder.resolve("none.csv")).failed(4, "none.csv");
        String other = "bridge sample --device cpu --out " + csv + " --model " + joined;
        Cli.run(other + " --count 1").failed(2, "--direction: say which way");
        Cli.run(other + " --direction forward --there-and-back --count 1").failed(2, "--there-and-back: this bridge");
        Cli.run(other + " --direction forward --given y=" + seen).failed(2, "this bridge has no conditions");
        Cli.run(other + " --direction forward --given " + seen + " --given " + seen)
                .failed(2, "pass one --given FILE");
        for (String command : List.of("sample --count 1 --out " + csv, "explain")) {
            Cli.run(command + " --device cpu --model " + fitted).failed(4, "which has no score");
        }
        byte[] bytes = Files.readAllBytes(fitted);
        bytes[bytes.length - 5] ^= 1;
        Path damaged = Files.write(folder.resolve("damaged.safetensors"), bytes);
        Cli.run("bridge sample --device cpu --out " + csv + " --model " + damaged + " --given y=" + seen)
                .failed(4, "the file was damaged or changed");
        Files.delete(damaged);
        assertEquals(before, Cli.snapshot(folder), "nothing is left behind");
    }

    /** Ctrl-C in the midst of a half bridge; the command that is printed goes on to the file of a run that nobody stopped. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aStoppedFitGoesOnToTheSameFile() throws Exception {
        String fit = "bridge fit --from " + pairs
                + " --given y1,y2 --law radial:9,1 --device cpu --sizes 4x0.1-0.3 --iterations 2"
                + " --steps 1500 --batch 32 --walks 64 --refresh 20 --network mlp:8x1 --checkpoint-every 50 --out ";
        Path whole = folder.resolve("whole.safetensors");
        Path stopped = folder.resolve("stopped.safetensors");
        Cli.run(fit + whole).ok();
        Running running = Running.start(
                folder,
                List.of(),
                List.of("-Xmx256m", "--add-modules", "jdk.incubator.vector", "-XX:TieredStopAtLevel=1"),
                new ArrayList<>(List.of((fit + stopped).split(" "))));
        Path checkpoints = Path.of(stopped + ".checkpoints");
        running.await(() -> beyond(checkpoints, 1600), "a checkpoint of the second half bridge");
        running.signal("INT");
        assertEquals(130, running.end(), running.said());
        assertTrue(Files.notExists(stopped));
        Matcher again = Pattern.compile("of half bridge [2-4] of 4; go on with: tweedie (bridge fit .*)")
                .matcher(running.said());
        assertTrue(again.find(), running.said());
        Cli.run(again.group(1).replace("radial:9,1", "radial:8,1")).failed(2, "cannot resume: the bridge is another");
        Cli.Ran resumed = Cli.run(again.group(1)).ok();
        assertArrayEquals(Files.readAllBytes(whole), Files.readAllBytes(stopped), resumed.toString());
    }

    private static boolean beyond(Path checkpoints, long step) throws IOException {
        if (!Files.isDirectory(checkpoints)) {
            return false;
        }
        try (Stream<Path> files = Files.list(checkpoints)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.matches("step-[0-9]+\\.ckpt"))
                    .anyMatch(name -> Long.parseLong(name.replaceAll("[^0-9]", "")) > step);
        }
    }

    /**
     * The posterior of normals from the shell: with A = ((1, 1), (0, 1)), mean A'(A A' + I)^-1 y = (0.2, 0.6) at y = (1, 1), and variances 0.6 and 0.4. Of 4000 rows
     * sampling alone is off by 0.05 in a mean and 0.05 in a variance once in 10^4; steps of gamma widen u by a part of about gamma, 0.04 of 0.6; the rest is left to the network.
     */
    @Test
    void theShellDrawsAKnownPosterior() throws IOException {
        Path many = pairs(folder.resolve("many.csv"), 4000);
        Path bridge = folder.resolve("b.safetensors");
        Path seen = Files.writeString(folder.resolve("seen.csv"), "y1,y2\n1,1\n");
        Cli.run("bridge fit --device cpu --from " + many + " --given y1,y2 --law affine --sizes 16x0.01-0.06"
                        + " --iterations 1 --steps 600 --batch 256 --network mlp:16x1 --lr 5e-3 --ema 0.98 --out "
                        + bridge)
                .ok();
        for (String how : List.of("", " --there-and-back")) {
            Path out = folder.resolve("rows" + how.length() + ".npy");
            Cli.run("bridge sample --device cpu --model " + bridge + " --count 4000 --given y=" + seen + how + " --out "
                            + out)
                    .ok();
            float[] rows = Npy.read(out).data();
            double[] mean = {0.2, 0.6};
            double[] variance = {0.6, 0.4};
            for (int c = 0; c < 2; c++) {
                double sum = 0;
                double square = 0;
                for (int i = c; i < rows.length; i += 2) {
                    sum += rows[i] / 4000;
                    square += rows[i] * rows[i] / 4000;
                }
                assertEquals(mean[c], sum, 0.12, how + " mean of x" + (c + 1));
                assertEquals(variance[c], square - sum * sum, 0.12, how + " variance of x" + (c + 1));
            }
        }
    }
}
