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
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tweedie.Likelihood;
import org.tweedie.Sampler;
import org.tweedie.SchrodingerBridge;
import org.tweedie.bridge.Direction;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.io.Csv;
import org.tweedie.io.Npy;
import org.tweedie.io.Table;
import org.tweedie.metric.EnergyDistance;
import org.tweedie.metric.Points;
import org.tweedie.plan.GivenStart;

/** {@code tweedie bridge}: files fitted and walked, stopped and gone on with, refused. */
class BridgeCommandsTest {
    private static final Path DATA = Path.of(System.getProperty("tweedie.data", "../shared/data"));
    private static final String TINY =
            " --device cpu --sizes 4x0.1-0.3 --iterations 2 --steps 9 --batch 16 --walks 32 --refresh 3 --network mlp:8x1 --ema 0.9 --seed 11";
    private static final String FIT = "bridge fit --from moons:50:1 --to circles:40:2" + TINY;

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path joined;
    private static Path normal;

    @BeforeAll
    static void fit() {
        joined = shared.resolve("joined.safetensors");
        normal = shared.resolve("normal.safetensors");
        Cli.run(FIT + " --out " + joined).ok();
        Cli.run("bridge fit --from moons:50:1 --to normal" + TINY + " --matching mean --without-score --out " + normal)
                .ok();
    }

    private static Cli.Ran sample(Path model, String direction, Path out, String more) {
        return Cli.run("bridge sample --device cpu --model " + model + " --direction " + direction + " --out " + out
                + " --seed 5 " + more);
    }

    @Test
    void samplesAreThoseOfTheLibrary() throws IOException {
        Path out = folder.resolve("s.npy");
        Path part = folder.resolve("part.npy");
        Path start = folder.resolve("start.csv");
        Files.writeString(start, "y,x\n0.25,0.5\n0,-1\n2,2\n"); // chosen by name
        try (Device device = Device.open("cpu")) {
            for (Path file : List.of(joined, normal)) {
                try (SchrodingerBridge bridge = SchrodingerBridge.load(file, device)) {
                    float[] back = bridge.backward().sample(30, 5).rows();
                    sample(file, "backward", out, "--count 30 --force").ok();
                    assertArrayEquals(back, Npy.read(out).data());
                    sample(file, "backward", part, "--count 10 --first-index 7 --force")
                            .ok();
                    assertArrayEquals(
                            Arrays.copyOfRange(back, 14, 34), Npy.read(part).data());
                    Path moved = folder.resolve(file.getFileName() + ".csv");
                    sample(file, "forward", moved, "--given " + start).ok();
                    float[] starts = {0.5f, 0.25f, -1, 0, 2, 2};
                    assertArrayEquals(
                            bridge.forward()
                                    .given("start", starts, 2)
                                    .sample(3, 5)
                                    .rows(),
                            Csv.read(moved).data());
                    assertEquals(List.of("x", "y"), Csv.read(moved).names());
                }
            }
        }
        Path one = Files.writeString(folder.resolve("one.csv"), "x,y\n1,0\n");
        assertEquals(
                1L,
                sample(joined, "forward", folder.resolve("1.csv"), "--json --given " + one)
                        .json()
                        .get("rows"));
        assertEquals(
                2L,
                sample(joined, "forward", folder.resolve("2.csv"), "--json --first-index 1 --given " + start)
                        .json()
                        .get("rows"));
        Map<String, Object> said = sample(joined, "forward", folder.resolve("3.csv"), "--json --count 6 --given " + one)
                .json();
        assertEquals(6L, said.get("rows"), "one row for all");
        String again = said.get("again").toString();
        byte[] first = Files.readAllBytes(folder.resolve("3.csv"));
        Cli.run(again.substring("tweedie ".length()) + " --force").ok();
        assertArrayEquals(first, Files.readAllBytes(folder.resolve("3.csv")), again);
        sample(joined, "backward", folder.resolve("p.png"), "--count 50").ok();
        assertTrue(Files.size(folder.resolve("p.png")) > 100);
    }

    /** Flows both ways, from given rows backward from the normal law too, and densities of rows: those of the library. */
    @Test
    void flowsAndDensitiesAreThoseOfTheLibrary() throws IOException {
        Path out = folder.resolve("flow.npy");
        Path start = Files.writeString(folder.resolve("flow.csv"), "y,x\n0.25,0.5\n0,-1\n2,2\n");
        float[] starts = {0.5f, 0.25f, -1, 0, 2, 2};
        try (Device device = Device.open("cpu")) {
            for (Path file : List.of(joined, normal)) {
                try (SchrodingerBridge bridge = SchrodingerBridge.load(file, device)) {
                    for (Direction direction : Direction.values()) {
                        Sampler flow = bridge.flow(direction);
                        sample(file, direction.spec(), out, "--count 9 --flow --force")
                                .ok();
                        assertArrayEquals(
                                flow.sample(9, 5).rows(), Npy.read(out).data());
                        Map<String, Object> said = sample(
                                        file, direction.spec(), out, "--flow --steps 8 --force --json --given " + start)
                                .json();
                        // rows of circles have columns of the same names
                        float[] wanted = flow.steps(8)
                                .steer(
                                        file == normal && direction == Direction.BACKWARD
                                                ? new GivenStart()
                                                : plan -> plan)
                                .given("start", starts, 2)
                                .sample(3, 5)
                                .rows();
                        assertArrayEquals(wanted, Npy.read(out).data());
                        Cli.run(said.get("again").toString().substring("tweedie ".length()) + " --force")
                                .ok();
                        assertArrayEquals(wanted, Npy.read(out).data(), "again");
                    }
                }
            }
            try (SchrodingerBridge bridge = SchrodingerBridge.load(normal, device)) {
                float[] rows = BuiltInSet.MOONS.rows(3, 0, 20);
                Likelihood.Densities densities = bridge.likelihood().of(rows, 0);
                Cli.Ran ran = Cli.run("likelihood --device cpu --model " + normal + " --data moons:20:3 --json --out "
                        + out + " --force");
                Map<String, Object> said = ran.json();
                assertEquals(densities.mean(), (double) said.get("meanLogDensity"), 1e-12);
                assertEquals(16L, said.get("evaluations"));
                float[] written = Npy.read(out).data();
                for (int r = 0; r < 20; r++) {
                    assertEquals((float) densities.log()[r], written[r]);
                }
                double finer = bridge.likelihood().steps(16).of(rows, 0).mean();
                assertEquals(
                        finer,
                        (double)
                                Cli.run("likelihood --device cpu --steps 16 --json --data moons:20:3 --model " + normal)
                                        .json()
                                        .get("meanLogDensity"),
                        1e-12);
            }
        }
    }

    @Test
    void fittingPrintsWhatItCameTo() throws IOException {
        Path out = folder.resolve("b.safetensors");
        Path page = folder.resolve("b.html");
        Map<String, Object> said =
                Cli.run(FIT + " --json --out " + out + " --report " + page).json();
        assertArrayEquals(Files.readAllBytes(joined), Files.readAllBytes(out), "the same command gives the same bytes");
        assertEquals(50L, said.get("from"));
        assertEquals(40L, said.get("to"));
        List<?> halves = (List<?>) said.get("halves");
        assertEquals(4, halves.size());
        assertEquals("backward", ((Map<?, ?>) halves.get(0)).get("learned"));
        String html = Files.readString(page);
        for (Object half : halves) {
            double distance = (double) ((Map<?, ?>) half).get("distance");
            assertTrue(html.contains(String.format(java.util.Locale.ROOT, "<td>%.5f</td>", distance)), "its distance");
        }
        assertEquals(1, html.split("data:image/gif", -1).length - 1);
        assertEquals(4, html.split("data:image/png", -1).length - 1, "the ends of each half bridge");
        assertTrue(html.contains("tweedie bridge fit --from moons:50:1"), "the command");
        Cli.Ran inspected = Cli.run("inspect " + out).ok();
        assertTrue(inspected.out().contains("bridge.sizes = 4x0.1-0.3"), inspected.out());
        assertTrue(inspected.out().contains("rows.to F32 [40, 2]"), inspected.out());
        for (String columns : List.of("1", "1,2,1")) {
            Path other = folder.resolve("w" + columns.length() + ".safetensors");
            Path table = folder.resolve("t.csv");
            Files.writeString(table, "a,b,c\n1,2,3\n4,5,5\n7,8,1\n");
            Path pageOfOther = folder.resolve("w" + columns.length() + ".html");
            Cli.run("bridge fit --from " + table + (columns.length() == 1 ? " --columns 1" : "") + TINY + " --out "
                            + other + " --report " + pageOfOther)
                    .ok();
            assertTrue(Files.readString(pageOfOther).contains("Trajectories"), "of any width");
        }
    }

    @Test
    void whatCannotBeIsOneLine() throws IOException {
        Path out = folder.resolve("x.safetensors");
        Path csv = folder.resolve("x.csv");
        Path table = Files.writeString(folder.resolve("t.csv"), "a,b,c\n1,2,3\n4,5,6\n7,8,8\n");
        Map<String, String> before = Cli.snapshot(folder);
        Cli.run("bridge").failed(2, "which command? There are fit, sample, transport");
        Cli.run("bridge ft").failed(2, "unknown command 'ft'; did you mean fit");
        String fit = "bridge fit --from moons:50 --device cpu --out " + out;
        Cli.run(fit + " --sizes 0x1").failed(2, "--sizes: a bridge takes 1 to 10000 steps, got 0");
        Cli.run(fit + " --reference brwnian").failed(2, "--reference: unknown reference", "did you mean brownian?");
        Cli.run(fit + " --reference ou:1,2").failed(2, "centre at 0");
        Cli.run(fit + " --reference ou:0.01 --to circles:50").failed(2, "leaps over the centre");
        Cli.run(fit + " --iterations 0").failed(2, "--iterations: iterations must be 1 to 100000, got 0");
        Cli.run(fit + " --matching men").failed(2, "--matching: unknown matching 'men'; did you mean mean?");
        Cli.run(fit + " --walks 0").failed(2, "--walks: cached walks");
        Cli.run(fit + " --refresh 0").failed(2, "--refresh: steps between two refreshes must be positive, got 0");
        Cli.run(fit + " --network mlp:0x1").failed(2, "--network");
        Cli.run(fit + " --lr 2").failed(2, "--lr: learning rate");
        Cli.run(fit + " --to " + table)
                .failed(2, "has 2 columns (x, y) and --to " + table + " 3 (", "both with --columns and --to-columns");
        Cli.run(fit + " --to normel").failed(2, "--to normel: unknown built-in set", "did you mean normal?");
        Cli.run(fit + " --to moons:x").failed(2, "--to moons:x: a built-in set is written NAME:ROWS");
        Cli.run(fit + " --columns x --to " + table).failed(2, "--to " + table + ": there is no column", "there are 3");
        Cli.run(fit + " --to-columns 1,2").failed(2, "--to-columns: the normal law has the columns of --from");
        Cli.run(fit + " --to none.csv").failed(4, "none.csv");
        Cli.run(fit + " --report x.htm").failed(2, "--report x.htm", "did you mean .html?");
        Cli.run(fit + " --resume " + folder.resolve("none")).failed(2, "is no directory of checkpoints");
        Cli.run(fit + " --to circles:50 --as-they-are --sizes 2x1e-9").failed(2, "the horizon is too short");
        Cli.run(FIT + " --out " + joined).failed(2, "--force");
        String sample = "bridge sample --device cpu --out " + csv + " --model ";
        Cli.run(sample + joined + " --direction forward").failed(2, "--count: say how many rows to sample");
        Cli.run(sample + joined + " --direction up --count 1").failed(2, "--direction: unknown direction 'up'");
        Cli.run(sample + joined + " --direction forwad --count 1").failed(2, "did you mean forward?", "known: forward");
        Cli.run(sample + joined + " --direction forward --count 0").failed(2, "--count must be at least 1, got 0");
        Cli.run(sample + joined + " --direction forward --given " + table).failed(2, "3 columns", "start has 2: x, y");
        Cli.run(sample + joined + " --direction forward --columns x").failed(2, "unknown option '--columns'");
        Path two = Files.writeString(folder.resolve("two.csv"), "1,2\n3,4\n");
        Cli.run(sample + joined + " --direction forward --count 5 --given " + two)
                .failed(2, "5 are needed");
        Cli.run(sample + normal + " --direction backward --given " + two).failed(2, "leave it out");
        Files.delete(two);
        Path model = shared.resolve("model.safetensors");
        Cli.run("train --data moons:50 --device cpu --network mlp:8x1 --steps 2 --batch 8 --force --out " + model)
                .ok();
        Cli.run(sample + model + " --direction forward --count 1").failed(4, "is a score model, not a bridge");
        Cli.run(fit + " --resume " + model + ".checkpoints")
                .failed(2, "cannot resume: the checkpoint is not of a bridge's fit");
        for (String other : List.of(
                "sample --count 1 --out " + csv,
                "evaluate --data moons:50",
                "latents --data moons:50 --out " + csv,
                "explain")) {
            Cli.run(other + " --device cpu --model " + joined).failed(4, "which has no score");
        }
        String likelihood = "likelihood --device cpu --data moons:50 --model ";
        Cli.run(likelihood + joined).failed(2, "the density of its second end is not known", "bridge fit --to normal");
        Cli.run(likelihood + normal + " --bound chain").failed(2, "--bound is of score models");
        Cli.run(likelihood.replace("moons:50", table.toString()) + normal)
                .failed(2, "first end has the columns [x, y]", "choose with --columns");
        Cli.run(likelihood + normal + " --steps 0")
                .failed(2, "steps of a flow must be positive and at most 1000000, got 0");
        Cli.run(sample + joined + " --direction forward --count 1 --steps 8").failed(2, "--steps is of the flow");
        Cli.run(sample + joined + " --direction forward --count 1 --flow --steps 0")
                .failed(2, "steps must be positive, got 0");
        byte[] bytes = Files.readAllBytes(joined);
        bytes[bytes.length - 5] ^= 1;
        Path damaged = Files.write(folder.resolve("damaged.safetensors"), bytes);
        Cli.run(sample + damaged + " --direction forward --count 1").failed(4, "the file was damaged or changed");
        Files.delete(damaged);
        assertEquals(before, Cli.snapshot(folder), "nothing is left behind");
    }

    /** One implementation, two names. */
    @Test
    void transportHasTwoNames() {
        String arguments = "transport --device cpu --from moons:60 --to circles:50 --epsilon 0.1";
        assertEquals(
                Cli.run(arguments).ok().out(),
                Cli.run("bridge " + arguments).ok().out());
    }

    @ParameterizedTest
    @ValueSource(strings = {"bridge", "bridge fit", "bridge sample", "bridge transport"})
    void theExamplesOfTheHelpParse(String command) {
        String[] examples = Cli.run(command + " --help")
                .ok()
                .out()
                .replaceAll("\\n(?!\\n)", " ")
                .split("Example: tweedie ");
        assertTrue(examples.length > 1, command);
        for (String example : List.of(examples).subList(1, examples.length)) {
            Main.commandLine().parseArgs(example.strip().split(" +"));
        }
    }

    /** Ctrl-C in the midst of a half bridge; the command that is printed goes on to the file of a run that nobody stopped. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aStoppedFitGoesOnToTheSameFile() throws Exception {
        String fit = "bridge fit --from moons:50:1 --to circles:40:2 --device cpu --sizes 4x0.1-0.3 --iterations 2"
                + " --steps 1500 --batch 32 --walks 64 --refresh 20 --network mlp:8x1 --checkpoint-every 50 --out ";
        Path whole = folder.resolve("whole.safetensors");
        Path stopped = folder.resolve("stopped.safetensors");
        Path page = folder.resolve("stopped.html");
        Cli.run(fit + whole).ok();
        Running running = Running.start(
                folder,
                List.of(),
                List.of("-Xmx256m", "--add-modules", "jdk.incubator.vector", "-XX:TieredStopAtLevel=1"),
                new ArrayList<>(List.of((fit + stopped + " --report " + page).split(" "))));
        Path checkpoints = Path.of(stopped + ".checkpoints");
        running.await(() -> beyond(checkpoints, 1600), "a checkpoint of the second half bridge");
        running.signal("INT");
        assertEquals(130, running.end(), running.said());
        assertTrue(Files.notExists(stopped) && Files.notExists(page));
        Matcher again = Pattern.compile("of half bridge [2-4] of 4; go on with: tweedie (bridge fit .*)")
                .matcher(running.said());
        assertTrue(again.find(), running.said());
        Cli.Ran resumed = Cli.run(again.group(1)).ok();
        assertArrayEquals(Files.readAllBytes(whole), Files.readAllBytes(stopped), resumed.toString());
        assertTrue(Files.readString(page).contains("were fitted before this run went on"));
        Cli.run(fit + stopped).failed(2, "--force");
    }

    static boolean beyond(Path checkpoints, long step) throws IOException {
        if (!Files.isDirectory(checkpoints)) {
            return false;
        }
        try (Stream<Path> files = Files.list(checkpoints)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.matches("step-[0-9]+\\.ckpt"))
                    .anyMatch(name -> Long.parseLong(name.replaceAll("[^0-9]", "")) > step);
        }
    }

    /** Earthquakes become eruptions, and the way back leads near to where they were. */
    @Test
    void joinsWhereTheEarthMoves() throws IOException {
        Path quakes = DATA.resolve("earth/quakes_all.csv");
        Path eruptions = DATA.resolve("earth/volerup.csv");
        assumeTrue(
                Files.exists(quakes) && Files.exists(eruptions),
                () -> "no " + quakes + "; -Dtweedie.data says where the data are");
        Path bridge = folder.resolve("b.safetensors");
        Cli.run("bridge fit --device cpu --from " + quakes + " --to " + eruptions
                        + " --sizes 20x0.002-0.01 --iterations 2 --steps 500 --network mlp:32x2 --lr 5e-3 --out "
                        + bridge)
                .ok();
        Path drawn = folder.resolve("drawn.csv");
        sample(bridge, "forward", drawn, "--count 1000").ok();
        Table from = Csv.read(quakes);
        Table to = Csv.read(eruptions);
        assertEquals(to.names(), Csv.read(drawn).names());
        double apart = distance(from, to);
        double after = distance(Csv.read(drawn), to);
        assertTrue(after < apart / 3, "squared energy distance " + apart + " became " + after);
        Path there = folder.resolve("there.csv");
        Path back = folder.resolve("back.csv");
        sample(bridge, "forward", there, "--given " + quakes + " --count 1000").ok();
        sample(bridge, "backward", back, "--given " + there).ok();
        assertEquals(from.names(), Csv.read(back).names());
        double again = meanSquare(from, Csv.read(back), 0);
        double others = meanSquare(from, Csv.read(back), 3000);
        assertTrue(again < others / 2, "mean squared degrees from the start " + again + ", from others' " + others);
    }

    private static double distance(Table one, Table other) {
        return EnergyDistance.squared(new Points(one.data(), 2), new Points(other.data(), 2));
    }

    /** Between rows and those of a table from the row {@code first} on. */
    private static double meanSquare(Table table, Table rows, int first) {
        double sum = 0;
        for (int i = 0; i < rows.data().length; i++) {
            double apart = rows.data()[i] - table.data()[2 * first + i];
            sum += apart * apart / rows.rows();
        }
        return sum;
    }
}
