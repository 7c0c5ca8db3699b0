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
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tweedie.BridgeModel;
import org.tweedie.bridge.domain.BridgeDomain;
import org.tweedie.bridge.domain.BridgeErrorReport;
import org.tweedie.device.Device;
import org.tweedie.io.Csv;
import org.tweedie.io.Npy;
import org.tweedie.io.Table;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.train.Dataset;

/** {@code tweedie domain}: files fitted and sampled, stopped and gone on with, refused. */
class DomainCommandsTest {
    private static final String DOMAIN = "levels:0,1,3 x onehot:2 x interval:0,1 x above:0 x free:1";
    private static final String TINY =
            " --device cpu --walk-steps 4 --steps 9 --batch 16 --walks 32 --refresh 3 --network mlp:8x1 --ema 0.9 --seed 11";

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path homes;
    private static Path model;
    private static Cli.Ran fitted;

    @BeforeAll
    static void fit() throws IOException {
        homes = Files.writeString(shared.resolve("homes.csv"), table(60));
        model = shared.resolve("homes.safetensors");
        fitted = fit(model, "--json");
    }

    private static String table(int rows) {
        StringBuilder text = new StringBuilder("rooms,flat,house,garden,rent,level\n");
        for (int i = 0; i < rows; i++) {
            var words = Philox.words(1, i, Purpose.DATA, 0);
            double u = words.uniform(0);
            boolean flat = words.uniform(1) < u;
            text.append(String.format(
                    Locale.ROOT,
                    "%d,%d,%d,%.4f,%.4f,%.4f%n",
                    u < 0.2 ? 0 : u < 0.5 ? 1 : 3,
                    flat ? 1 : 0,
                    flat ? 0 : 1,
                    words.uniform(2),
                    10 + 3 * u,
                    words.normal(3)));
        }
        return text.toString();
    }

    /** A domain has blanks, so the words are not those of a split line. */
    private static Cli.Ran fit(Path out, String more) {
        List<String> words = new ArrayList<>(List.of("domain", "fit", "--data", homes.toString(), "--domain", DOMAIN));
        words.addAll(List.of((TINY + " --out " + out + " " + more).strip().split(" +")));
        return Cli.runAll(words);
    }

    private static Cli.Ran sample(Path out, String more) {
        return Cli.run("domain sample --device cpu --model " + model + " --out " + out + " --seed 5 " + more);
    }

    @Test
    void samplesAreThoseOfTheLibraryAndInTheDomain() throws IOException {
        Path out = folder.resolve("s.npy");
        Path part = folder.resolve("part.csv");
        try (Device device = Device.open("cpu");
                BridgeModel read = BridgeModel.load(model, device)) {
            float[] rows = read.sample(500, 5).rows();
            sample(out, "--count 500").ok();
            assertArrayEquals(rows, Npy.read(out).data());
            BridgeDomain domain = BridgeDomain.parse(DOMAIN);
            for (int i = 0; i < 500; i++) {
                double[] row = new double[6];
                for (int d = 0; d < 6; d++) {
                    row[d] = rows[6 * i + d];
                }
                assertArrayEquals(row, domain.nearest(row), 0, "row " + i);
            }
            Map<String, Object> said =
                    sample(part, "--count 10 --first-index 7 --json").json();
            assertArrayEquals(Arrays.copyOfRange(rows, 42, 102), Csv.read(part).data());
            assertEquals(
                    List.of("rooms", "flat", "house", "garden", "rent", "level"),
                    Csv.read(part).names());
            byte[] first = Files.readAllBytes(part);
            Cli.run(said.get("again").toString().substring("tweedie ".length()) + " --force")
                    .ok();
            assertArrayEquals(first, Files.readAllBytes(part));
        }
    }

    @Test
    void fittingPrintsWhatItCameTo() throws IOException {
        Map<String, Object> said = fitted.ok().json();
        assertEquals(DOMAIN, said.get("domain"));
        assertEquals(60L, said.get("rows"));
        try (Device device = Device.open("cpu");
                BridgeModel read = BridgeModel.load(model, device)) {
            BridgeErrorReport report = read.report(Dataset.of(Csv.read(homes)), 200, 11);
            assertEquals(report.training(), (double) said.get("training"), 1e-12);
            assertEquals(report.discretisation(), (double) said.get("discretisation"), 1e-12);
            assertEquals(0.0, ((Number) said.get("initial")).doubleValue());
            assertEquals(report.bound(), (double) said.get("bound"), 1e-12);
            assertEquals(BridgeModel.violation(read.sample(1000, 11)), (double) said.get("violation"), 1e-12);
        }
        Path again = folder.resolve("again.safetensors");
        String text = fit(again, "--paths 200").ok().out();
        assertArrayEquals(Files.readAllBytes(model), Files.readAllBytes(again), "the same command, the same bytes");
        assertTrue(
                text.contains(String.format(Locale.ROOT, "%.4f left to learn", (double) said.get("training"))), text);
        assertTrue(text.contains("next: tweedie domain sample --model "), text);
        String inspected = Cli.run("inspect " + model).ok().out();
        assertTrue(inspected.contains("  domain = " + DOMAIN), inspected);
        assertTrue(inspected.contains("  domain.base = brownian exponential:3,1"), inspected);
        assertTrue(inspected.contains("  domain.weights F64 [5]"), inspected);
        Path other = folder.resolve("other.safetensors");
        Cli.runAll(List.of(
                        "domain",
                        "fit",
                        "--data=" + homes,
                        "--columns=1,garden",
                        "--domain=levels:0,1,3 x interval:0,1",
                        "--base=ou:0.5 constant:2",
                        "--as-they-are",
                        "--without-shares",
                        "--device=cpu",
                        "--steps=2",
                        "--batch=4",
                        "--walk-steps=3",
                        "--network=mlp:4x1",
                        "--out=" + other))
                .ok();
        try (Device device = Device.open("cpu");
                BridgeModel read = BridgeModel.load(other, device)) {
            assertEquals(List.of("rooms", "garden"), read.columns());
            assertEquals("ou:0.5 constant:2", read.bridge().base().spec());
            assertArrayEquals(new double[] {1, 1}, read.encoding().scales());
            assertArrayEquals(new double[3], read.bridge().domain().logWeights());
        }
    }

    /** Says what fitting would take, and writes nothing: as many parameters as a fitted model's file has of its network. */
    @Test
    void aDryRunWritesNothing() throws IOException {
        Map<String, String> before = Cli.snapshot(folder);
        Path out = folder.resolve("x.safetensors");
        Map<String, Object> said = fit(out, "--dry-run --json").json();
        assertEquals(DOMAIN, said.get("domain"));
        assertEquals(60L, said.get("rows"));
        assertEquals(Cli.numbers(model, "network."), said.get("parameters"));
        assertTrue((long) said.get("deviceBytes") > 4 * 32 * 4 * 18, said.toString());
        assertEquals(
                (double) said.get("seconds"),
                9 * (double) said.get("secondsPerStep"),
                1e-9 * (double) said.get("seconds"));
        Cli.Ran ran = Cli.run(
                        "domain fit --dry-run --data " + homes + " --columns rooms,garden" + TINY + " --out " + out)
                .ok();
        assertTrue(ran.err().contains("the rows look like --domain 'levels:0,1,3 x interval:0,1'"), ran.err());
        for (String line : List.of(
                "data       60 rows of rooms, garden\n",
                "domain     levels:0,1,3 x interval:0,1\n",
                "steps      4 by brownian exponential:3,1\n",
                "network    mlp:8x1, ",
                "time       9 steps of 16 pairs, about ")) {
            assertTrue(ran.out().contains(line), ran.out());
        }
        fit(model, "--dry-run").ok();
        assertEquals(before, Cli.snapshot(folder));
    }

    @Test
    void aDomainIsGuessed() throws IOException {
        assertEquals(DOMAIN, guess(homes.toString()));
        assertEquals("levels:0,1,3 x interval:0,1", guess(homes + " --columns rooms,4"));
        String text = Cli.run("domain guess --data " + homes).ok().out();
        assertTrue(text.contains("  onehot:2  flat, house\n"), text);
        assertTrue(text.endsWith("--domain '" + DOMAIN + "'\n"), text);
        assertEquals("free:2", guess("moons:200"));
        StringBuilder rows = new StringBuilder("a,b,c,d,e,f,g,h\n");
        for (int i = 0;
                i < 40;
                i++) { // two and four categories, one of them of no row; a constant; numbers that all differ
            rows.append(String.format(
                    Locale.ROOT,
                    "%d,%d,0,%d,%d,%d,7,%d%n",
                    i % 2,
                    1 - i % 2,
                    i % 3 == 0 ? 1 : 0,
                    i % 3 == 1 ? 1 : 0,
                    i % 3 == 2 ? 1 : 0,
                    -i));
        }
        Path table = Files.writeString(folder.resolve("t.csv"), rows);
        assertEquals("onehot:2 x onehot:4 x levels:7 x free:1", guess(table.toString()));
        assertEquals("levels:0,1^2", guess(table + " --columns a,d"));
        Path out = folder.resolve("g.safetensors");
        Cli.Ran ran = Cli.run("domain fit --data " + table + " --columns a,b,g" + TINY + " --out " + out)
                .ok();
        assertTrue(ran.err().contains("the rows look like --domain 'onehot:2 x levels:7'"), ran.err());
    }

    private static String guess(String data) throws IOException {
        return Cli.run("domain guess --json --data " + data)
                .json()
                .get("domain")
                .toString();
    }

    @Test
    void whatCannotBeIsOneLine() throws IOException {
        Path out = folder.resolve("x.safetensors");
        Path csv = folder.resolve("x.csv");
        Path table = Files.writeString(folder.resolve("t.csv"), "a,b\n1,0.25\n0,0.5\n2,1\n");
        Path damaged = shared.resolve("damaged.safetensors");
        Path score = shared.resolve("score.safetensors");
        Map<String, String> before = Cli.snapshot(folder);
        Cli.run("domain").failed(2, "which command? There are fit, sample, guess");
        Cli.run("domain ft").failed(2, "unknown command 'ft'; did you mean fit");
        String fit = "domain fit --device cpu --data " + table + " --out " + out + " --domain ";
        Cli.run(fit + "levls:0,1").failed(2, "--domain: unknown factor 'levls'; did you mean levels?");
        Cli.run(fit + "free:2^0").failed(2, "--domain: a factor is there at least once");
        Cli.run(fit + "levels:0,1,2").failed(2, "the domain is 1 wide, the rows 2: [a, b]");
        Cli.run(fit + "levels:0,1^2")
                .failed(2, "row 1, column 'b' is 0.25, outside the domain, whose nearest point has 0", "widen");
        Cli.run(fit + "interval:0,1^2")
                .failed(2, "row 3, column 'a' is 2, outside the domain, whose nearest point has 1");
        Cli.run(fit + "free:2 --base brwnian").failed(2, "--base: unknown base 'brwnian'; did you mean brownian?");
        Cli.run(fit + "free:2 --walk-steps 1").failed(2, "--walk-steps: a bridge takes 2 to 10000 steps, got 1");
        Cli.run(fit + "free:2 --walks 0").failed(2, "--walks: cached walks");
        Cli.run(fit + "free:2 --refresh 0").failed(2, "--refresh: steps between two refreshes must be positive, got 0");
        Cli.run(fit + "free:2 --network mlp:0x1").failed(2, "--network");
        Cli.run(fit + "free:2 --lr 2").failed(2, "--lr: learning rate");
        Cli.run(fit + "free:2 --paths 0").failed(2, "--paths must be positive, got 0");
        Cli.run(fit + "free:2 --resume " + folder.resolve("none")).failed(2, "is no directory of checkpoints");
        Cli.run("domain fit --domain free:1 --data none.csv --out " + out).failed(4, "none.csv");
        Cli.run("domain fit --domain free:2 --data " + table + " --out " + csv)
                .failed(2, "unknown extension '.csv'; known: .safetensors");
        fit(model, "").failed(2, "--force");
        Cli.run("domain guess --data none.csv").failed(4, "none.csv");
        String sample = "domain sample --device cpu --out " + csv + " --model ";
        Cli.run(sample + model + " --count 0").failed(2, "--count must be at least 1, got 0");
        Cli.run(sample + folder.resolve("none.safetensors") + " --count 1").failed(4, "none.safetensors");
        Cli.run("train --data moons:50 --device cpu --network mlp:8x1 --steps 2 --batch 8 --force --out " + score)
                .ok();
        Cli.run(sample + score + " --count 1").failed(4, "this is a score model, not a bridge into a domain");
        for (String other : List.of(
                "sample --count 1 --out " + csv, "evaluate --data moons:50", "likelihood --data moons:50", "explain")) {
            Cli.run(other + " --device cpu --model " + model)
                    .failed(4, "is a bridge into a domain, which has no score: sample it by tweedie domain sample");
        }
        Cli.run("bridge sample --device cpu --direction forward --count 1 --out " + csv + " --model " + model)
                .failed(4, "sample it by tweedie domain sample");
        byte[] bytes = Files.readAllBytes(model);
        bytes[bytes.length - 5] ^= 1;
        Files.write(damaged, bytes);
        Cli.run(sample + damaged + " --count 1").failed(4, "the file was damaged or changed");
        assertEquals(before, Cli.snapshot(folder), "nothing is left behind");
    }

    @ParameterizedTest
    @ValueSource(strings = {"domain", "domain fit", "domain sample", "domain guess"})
    void theExampleOfTheHelpParses(String command) {
        Matcher example = Pattern.compile("Example: tweedie (.*)")
                .matcher(Cli.run(command + " --help").ok().out().replaceAll("\\n(?!\\n)", " "));
        assertTrue(example.find());
        Main.commandLine().parseArgs(example.group(1).strip().split(" +"));
    }

    /** Ctrl-C in the midst; the command that is printed goes on to the file of a run that nobody stopped. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aStoppedFitGoesOnToTheSameFile() throws Exception {
        Path whole = folder.resolve("whole.safetensors");
        Path stopped = folder.resolve("stopped.safetensors");
        String fit =
                "domain fit --data " + homes + " --columns rooms,garden --domain levels:0,1,3xINTERVAL --device cpu"
                        + " --walk-steps 5 --steps 3000 --batch 32 --walks 64 --refresh 20 --network mlp:8x1 --checkpoint-every 50 --out ";
        Cli.runAll(words(fit + whole)).ok();
        Running running = Running.start(
                folder,
                List.of(),
                List.of("-Xmx256m", "--add-modules", "jdk.incubator.vector", "-XX:TieredStopAtLevel=1"),
                words(fit + stopped));
        Path checkpoints = Path.of(stopped + ".checkpoints");
        running.await(
                () -> Files.isDirectory(checkpoints)
                        && checkpoints.toFile().list((in, name) -> name.endsWith(".ckpt")).length > 0,
                "a checkpoint");
        running.signal("INT");
        assertEquals(130, running.end(), running.said());
        assertTrue(Files.notExists(stopped));
        Matcher again =
                Pattern.compile("of 3000; go on with: tweedie (domain fit .*)").matcher(running.said());
        assertTrue(again.find(), running.said());
        List<String> typed = new ArrayList<>();
        for (Matcher word = Pattern.compile("'([^']*)'|(\\S+)").matcher(again.group(1)); word.find(); ) {
            typed.add(word.group(1) != null ? word.group(1) : word.group(2));
        }
        Cli.Ran resumed = Cli.runAll(typed).ok();
        assertArrayEquals(Files.readAllBytes(whole), Files.readAllBytes(stopped), resumed.toString());
        Cli.runAll(words(fit + stopped)).failed(2, "--force");
    }

    private static List<String> words(String line) {
        return new ArrayList<>(Arrays.stream(line.split(" "))
                .map(word -> word.replace("xINTERVAL", " x interval:0,1"))
                .toList());
    }

    /** What {@code domain guess} says of a table is a domain that its rows are in. */
    @Test
    void theGuessHoldsTheRows() throws IOException {
        Table table = Csv.read(homes);
        BridgeDomain domain = BridgeDomain.guess(Dataset.of(table));
        for (int r = 0; r < table.rows(); r++) {
            double[] row = new double[6];
            for (int d = 0; d < 6; d++) {
                row[d] = table.data()[6 * r + d];
            }
            double[] nearest = domain.nearest(row);
            for (int d = 0; d < 6; d++) {
                assertEquals((float) row[d], (float) nearest[d]);
            }
        }
    }
}
