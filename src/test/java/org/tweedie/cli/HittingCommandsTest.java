package org.tweedie.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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
import org.tweedie.FirstHittingModel;
import org.tweedie.Samples;
import org.tweedie.device.Device;
import org.tweedie.hitting.HittingSteps;
import org.tweedie.hitting.UnitBall;
import org.tweedie.io.Csv;
import org.tweedie.io.Npy;
import org.tweedie.io.Table;
import org.tweedie.metric.EnergyDistance;
import org.tweedie.metric.Points;
import org.tweedie.train.Dataset;

/** {@code tweedie hitting}: files fitted and sampled, stopped and gone on with, refused. */
class HittingCommandsTest {
    private static final Path DATA = Path.of(System.getProperty("tweedie.data", "../shared/data"));
    private static final String TINY =
            " --device cpu --walk 0.05,0.2,0.02,400 --steps 9 --batch 16 --walks 32 --places 3 --refresh 4 --network mlp:8x1 --ema 0.9 --seed 11";

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path places;
    private static Path levels;
    private static Path earth;
    private static Path kinds;

    @BeforeAll
    static void fit() throws IOException {
        places = Files.writeString(
                shared.resolve("places.csv"), "depth,lon,lat\n9,35.5,31.1\n7,170,-30\n1,-70.25,-33.5\n");
        levels = Files.writeString(shared.resolve("levels.csv"), "colour,size\n2,0\n0,1\n1,1\n2,1\n");
        earth = shared.resolve("earth.safetensors");
        kinds = shared.resolve("kinds.safetensors");
        Cli.run("hitting fit --data " + places + " --columns lat,lon --domain earth" + TINY + " --out " + earth)
                .ok();
        Cli.run("hitting fit --data " + levels + " --domain categories:3,2" + TINY + " --out " + kinds)
                .ok();
    }

    private static Cli.Ran sample(Path model, Path out, String more) {
        return Cli.run("hitting sample --device cpu --model " + model + " --out " + out + " --seed 5 " + more);
    }

    /** Degrees and levels as in the file that was fitted to, times beside them, cut anywhere. */
    @Test
    void samplesAreThoseOfTheLibrary() throws IOException {
        Path out = folder.resolve("s.npy");
        Path part = folder.resolve("part.csv");
        try (Device device = Device.open("cpu")) {
            for (Path file : List.of(earth, kinds)) {
                try (FirstHittingModel model = FirstHittingModel.load(file, device)) {
                    Samples samples = model.sample(30, 5);
                    float[] written = model.domain().write(samples.rows());
                    Map<String, Object> said =
                            sample(file, out, "--count 30 --force --json").json();
                    assertArrayEquals(written, Npy.read(out).data());
                    assertEquals(30L, said.get("rows"));
                    assertEquals(samples.unfinished(), said.get("unfinished"));
                    sample(file, part, "--count 10 --first-index 7 --times --force")
                            .ok();
                    Table timed = Csv.read(part);
                    List<String> names = new ArrayList<>(model.written());
                    names.add("tau");
                    assertEquals(names, timed.names());
                    assertArrayEquals(Arrays.copyOfRange(samples.output("tau"), 7, 17), timed.column(2));
                    for (int i = 0; i < 10; i++) {
                        assertEquals(written[2 * (7 + i)], timed.column(0)[i]);
                        assertEquals(written[2 * (7 + i) + 1], timed.column(1)[i]);
                    }
                }
            }
        }
        assertEquals(List.of("lat", "lon"), Csv.read(fitted(earth)).names());
        for (float level : Csv.read(fitted(kinds)).column(0)) {
            assertTrue(level == 0 || level == 1 || level == 2, "a level, not " + level);
        }
        Path again = folder.resolve("again.csv");
        String line = sample(earth, again, "--count 6 --times --json")
                .json()
                .get("again")
                .toString();
        byte[] first = Files.readAllBytes(again);
        Cli.run(line.substring("tweedie ".length()) + " --force").ok();
        assertArrayEquals(first, Files.readAllBytes(again), line);
    }

    private Path fitted(Path model) throws IOException {
        Path out = folder.resolve(model.getFileName() + ".csv");
        sample(model, out, "--count 40").ok();
        return out;
    }

    /** As many rows as ran out of three steps: nearly all; the advice is to fit with more. */
    @Test
    void rowsThatRanOutOfStepsAreTold() throws IOException {
        Path out = folder.resolve("short.safetensors");
        Map<String, Object> said = Cli.run("hitting fit --data " + places + " --columns lat,lon --domain earth"
                        + TINY.replace(",400", ",3") + " --json --out " + out)
                .json();
        assertEquals(3L, said.get("unfinished"));
        assertTrue(!said.containsKey("gainAtLeast"), "nothing is known then");
        String fit = "hitting fit --data " + places + " --columns lat,lon" + TINY.replace(",400", ",3")
                + " --force --out " + out;
        String helps = " bridges to them ran out of steps; give --walk a larger LIMIT";
        Cli.Ran flat = Cli.run(fit + " --domain halfspace:2,1").ok();
        assertTrue(flat.out().contains(helps + ", or divide rows that are far above the size of 1"), flat.out());
        assertTrue(Cli.run(fit + " --domain earth").ok().out().contains(helps + "\n"));
        Cli.Ran ran = sample(out, folder.resolve("s.csv"), "--count 20").ok();
        Matcher rows = Pattern.compile("([0-9]+) of 20 rows ran out of steps before the end of hitting:earth")
                .matcher(ran.err());
        assertTrue(rows.find() && Integer.parseInt(rows.group(1)) >= 15, ran.err());
        assertTrue(ran.err().contains("fit with a larger LIMIT in --walk"), ran.err());
    }

    @Test
    void fittingPrintsWhatItCameTo() throws IOException {
        Path out = folder.resolve("k.safetensors");
        String fit = "hitting fit --data " + levels + " --domain categories:3,2" + TINY + " --out " + out;
        Map<String, Object> said = Cli.run(fit + " --json").json();
        assertArrayEquals(Files.readAllBytes(kinds), Files.readAllBytes(out), "the same command gives the same bytes");
        assertEquals(4L, said.get("rows"));
        assertEquals(0L, said.get("unfinished"));
        assertTrue((double) said.get("nllAtMost") > 0, said.toString());
        assertTrue(said.containsKey("loss"));
        Cli.Ran again = Cli.run(fit + " --force").ok();
        assertTrue(again.out().contains("these rows: at most "), again.out());
        assertTrue(again.out().contains("0 of 4 bridges to them ran out of steps"), again.out());
        Cli.Ran inspected = Cli.run("inspect " + earth).ok();
        assertTrue(inspected.out().contains("process = hitting"), inspected.out());
        assertTrue(inspected.out().contains("hitting.domain = earth"), inspected.out());
        assertTrue(inspected.out().contains("port.1.column.0 = lat"), inspected.out());
    }

    /** Says what fitting would take, and writes nothing: as many parameters as a fitted model's file has of its network. */
    @Test
    void aDryRunWritesNothing() throws IOException {
        Map<String, String> before = Cli.snapshot(folder);
        String fit = "hitting fit --data " + levels + " --domain categories:3,2" + TINY + " --dry-run --out "
                + folder.resolve("x.safetensors");
        Map<String, Object> said = Cli.run(fit + " --json").json();
        assertEquals("categories:3,2", said.get("domain"));
        assertEquals(4L, said.get("rows"));
        assertEquals(Cli.numbers(kinds, "network."), said.get("parameters"));
        assertTrue((long) said.get("deviceBytes") > 4 * 32 * 3 * 12, said.toString());
        assertEquals(
                (double) said.get("seconds"),
                9 * (double) said.get("secondsPerStep"),
                1e-9 * (double) said.get("seconds"));
        String text = Cli.run(fit).ok().out();
        for (String line : List.of(
                "data       4 rows of colour, size\n",
                "domain     categories:3,2\n",
                "steps      0.05,0.2,0.02,400\n",
                "network    mlp:8x1, ",
                "time       9 steps of 16 pairs, about ")) {
            assertTrue(text.contains(line), text);
        }
        assertEquals(before, Cli.snapshot(folder));
    }

    @Test
    void whatCannotBeIsOneLine() throws IOException {
        Path out = folder.resolve("x.safetensors");
        Path csv = folder.resolve("x.csv");
        Path table = Files.writeString(folder.resolve("t.csv"), "a,b\n0,1\n1,0.5\n");
        Path swapped = Files.writeString(folder.resolve("w.csv"), "a,b\n10,20\n170,35\n");
        Map<String, String> before = Cli.snapshot(folder);
        Cli.run("hitting").failed(2, "which command? There are fit, sample");
        Cli.run("hitting ft").failed(2, "unknown command 'ft'; did you mean fit");
        String fit = "hitting fit --device cpu --out " + out + " --data " + table;
        Cli.run(fit).failed(2, "--domain");
        Cli.run(fit + " --domain eart").failed(2, "--domain: unknown domain 'eart'; did you mean earth?");
        Cli.run(fit + " --domain cube").failed(2, "--domain: 'cube' has 0 numbers; say ball:DIMENSION");
        Cli.run(fit + " --domain cube:3").failed(2, "--domain cube:3 has 3 columns in a file", "2: a, b", "--columns");
        Cli.run(fit + " --domain cube:2").failed(2, "row 2 is no row of zeros and ones, it holds 0.5 in column 2");
        Cli.run(fit + " --domain ball:2").failed(2, "row 2 is no unit vector, its length is 1.1", "[1.0, 0.5]");
        Cli.run(fit + " --domain categories:2,2")
                .failed(2, "row 2 has the level 0.5 of category 2, whose levels are 0 to 1");
        Cli.run("hitting fit --device cpu --domain earth --out " + out + " --data " + swapped)
                .failed(2, "row 2 is no place on the earth: latitude 170.0, longitude 35.0", "from -90 to 90");
        String good = fit + " --columns a --domain cube:1";
        Cli.run(good + " --walk 0").failed(2, "--walk: the longest step must be above 0");
        Cli.run(good + " --walk 1,2,3,4,5").failed(2, "--walk: '1,2,3,4,5' has 5 numbers");
        Cli.run(good + " --walks 0").failed(2, "--walks: cached walks");
        Cli.run(good + " --places 0").failed(2, "--places: places kept of a walk must be 1 to 256, got 0");
        Cli.run(good + " --refresh 0").failed(2, "--refresh: steps between two refreshes must be positive, got 0");
        Cli.run(good + " --damping -1").failed(2, "--damping: the distance of damping");
        Cli.run(good + " --network mlp:0x1").failed(2, "--network");
        Cli.run(good + " --steps 0").failed(2, "--steps");
        Cli.run(good + " --resume " + folder.resolve("none")).failed(2, "is no directory of checkpoints");
        Cli.run(good.replace(table.toString(), "none.csv")).failed(4, "none.csv");
        Cli.run("hitting fit --data " + places + " --columns lat,lon --domain earth" + TINY + " --out " + earth)
                .failed(2, "--force");
        String sample = "hitting sample --device cpu --out " + csv + " --model ";
        Cli.run(sample + earth).failed(2, "--count");
        Cli.run(sample + earth + " --count 0").failed(2, "--count must be at least 1, got 0");
        for (String other : List.of(
                "sample --count 1 --out " + csv,
                "evaluate --data moons:50",
                "likelihood --data moons:50",
                "bridge sample --direction forward --count 1 --out " + csv,
                "explain")) {
            Cli.run(other + " --device cpu --model " + earth).failed(4, "sample it by tweedie hitting sample, or");
        }
        byte[] bytes = Files.readAllBytes(earth);
        bytes[bytes.length - 5] ^= 1;
        Path damaged = Files.write(folder.resolve("damaged.safetensors"), bytes);
        Cli.run(sample + damaged + " --count 1").failed(4, "the file was damaged or changed");
        Files.delete(damaged);
        assertEquals(before, Cli.snapshot(folder), "nothing is left behind");
    }

    @ParameterizedTest
    @ValueSource(strings = {"hitting", "hitting fit", "hitting sample"})
    void theExampleOfTheHelpParses(String command) {
        Matcher example = Pattern.compile("Example: tweedie (.*)")
                .matcher(Cli.run(command + " --help").ok().out().replaceAll("\\n(?!\\n)", " "));
        assertTrue(example.find());
        Main.commandLine().parseArgs(example.group(1).strip().split(" +"));
    }

    /** Ctrl-C in the midst of training; the command that is printed goes on to the file of a run that nobody stopped. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aStoppedFitGoesOnToTheSameFile() throws Exception {
        String fit = "hitting fit --data " + levels + " --domain categories:3,2 --device cpu --walk 0.02 --steps 4000"
                + " --batch 32 --walks 64 --refresh 20 --network mlp:8x1 --checkpoint-every 50 --out ";
        Path whole = folder.resolve("whole.safetensors");
        Path stopped = folder.resolve("stopped.safetensors");
        Cli.run(fit + whole).ok();
        Running running = Running.start(
                folder,
                List.of(),
                List.of("-Xmx256m", "--add-modules", "jdk.incubator.vector", "-XX:TieredStopAtLevel=1"),
                new ArrayList<>(List.of((fit + stopped).split(" "))));
        Path checkpoints = Path.of(stopped + ".checkpoints");
        running.await(() -> BridgeCommandsTest.beyond(checkpoints, 99), "a checkpoint");
        running.signal("INT");
        assertEquals(130, running.end(), running.said());
        assertTrue(Files.notExists(stopped));
        Matcher again =
                Pattern.compile("of 4000; go on with: tweedie (hitting fit .*)").matcher(running.said());
        assertTrue(again.find(), running.said());
        Cli.Ran resumed = Cli.run(again.group(1)).ok();
        assertArrayEquals(Files.readAllBytes(whole), Files.readAllBytes(stopped), resumed.toString());
        Cli.run(fit + stopped).failed(2, "--force");
    }

    /** Earthquakes: what is sampled is nearer to rows held out than rows spread evenly over the sphere are, by far. */
    @Test
    void learnsWhereTheEarthQuakes() throws IOException {
        Path quakes = DATA.resolve("earth/quakes_all.csv");
        assumeTrue(Files.exists(quakes), () -> "no " + quakes + "; -Dtweedie.data says where the data are");
        Table all = Csv.read(quakes);
        StringBuilder learned = new StringBuilder("lat,lon\n");
        List<Float> held = new ArrayList<>();
        for (int i = 0; i < all.rows(); i++) {
            float latitude = all.data()[2 * i];
            float longitude = all.data()[2 * i + 1];
            if (i % 5 == 0) {
                held.addAll(List.of(latitude, longitude));
            } else {
                learned.append(latitude).append(',').append(longitude).append('\n');
            }
        }
        Path data = Files.writeString(folder.resolve("learned.csv"), learned);
        Path model = folder.resolve("quakes.safetensors");
        Path out = folder.resolve("sampled.csv");
        Map<String, Object> said = Cli.run("hitting fit --device cpu --data " + data
                        + " --domain earth --network mlp:64x2 --steps 1500 --batch 256 --json --out " + model)
                .json();
        Cli.run("hitting sample --device cpu --count 2000 --model " + model + " --out " + out)
                .ok();
        UnitBall earth = UnitBall.earth();
        float[] truth = new float[held.size()];
        for (int i = 0; i < truth.length; i++) {
            truth[i] = held.get(i);
        }
        Points rows = new Points(earth.read(truth), 3);
        double distance =
                EnergyDistance.squared(new Points(earth.read(Csv.read(out).data()), 3), rows);
        try (Device device = Device.open("cpu");
                FirstHittingModel even = FirstHittingModel.base(earth, HittingSteps.standard(), device)) {
            double base = EnergyDistance.squared(new Points(even.sample(2000, 1).rows(), 3), rows);
            assertTrue(distance < base / 20, distance + " of " + base);
            try (FirstHittingModel fitted = FirstHittingModel.load(model, device)) {
                double gain = 0;
                float[] bounds = fitted.bounds(Dataset.of(truth, "lat", "lon"), 1);
                for (float bound : bounds) {
                    gain += bound / bounds.length;
                }
                String told = String.format(
                        Locale.ROOT,
                        "squared energy distance %.5f, of even rows %.5f; nats above even rows at least %.3f, held out %.3f",
                        distance,
                        base,
                        said.get("gainAtLeast"),
                        gain);
                System.out.println("earthquakes: " + told);
                assertTrue(gain > 0.5 && (double) said.get("gainAtLeast") > 0.5, told);
            }
        }
        assertEquals(0L, said.get("unfinished"));
    }
}
