package org.tweedie.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
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
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tweedie.data.BuiltInSet;
import org.tweedie.io.Csv;
import org.tweedie.io.Npy;
import org.tweedie.io.Npz;
import org.tweedie.io.Output;
import org.tweedie.io.ReadLimits;
import org.tweedie.io.Safetensors;
import org.tweedie.io.Table;

/** Every command on small real tables, in this process: what it prints, what it writes, how it ends. */
class CliTest {
    private static final String SMALL = " --device cpu --network mlp:8x2 --steps 4 --batch 16";

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    /** Three columns with a header that needs quotes, a comment, CRLF; depth depends on the others. */
    private static Path table;

    private static Path model;

    @BeforeAll
    static void train() throws IOException {
        table = shared.resolve("quakes.csv");
        float[] rows = BuiltInSet.SPIRAL.rows(3, 0, 120);
        StringBuilder text = new StringBuilder("# a comment\r\nlat,\"lon, deg\",depth\r\n");
        for (int i = 0; i < 120; i++) {
            text.append(String.format(Locale.ROOT, "%.4f,%.4f,%d\r\n", rows[2 * i], 100 + rows[2 * i + 1], i % 2));
        }
        Files.writeString(table, text);
        model = shared.resolve("model.safetensors");
        Cli.run("train --data " + table + " --out " + model + SMALL).ok();
    }

    private static Cli.Ran sample(Path out, String more) {
        return Cli.run("sample --device cpu --model " + model + " --method ddim:0@3 --out " + out + " " + more);
    }

    @Test
    void scalesAndSpeedsAreTrainedSampledAndExplained() throws IOException {
        for (String sde : List.of("nonuniform:2*vp/1*vp:0.1,10", "haar:1,1x2 --columns lat,depth")) {
            Path made = folder.resolve("m" + sde.length() + ".safetensors");
            Cli.run("train --data " + table + " --out " + made + SMALL + " --sde " + sde)
                    .ok();
            Path out = folder.resolve("s" + sde.length() + ".npy");
            Map<String, Object> sampled = Cli.run(
                            "sample --json --device cpu --count 5 --method em@4 --model " + made + " --out " + out)
                    .json();
            assertEquals(5L, sampled.get("rows"));
            Map<String, Object> explained = Cli.run("explain --json --device cpu --method em@4 --model " + made)
                    .json();
            assertEquals(4L, explained.get("evaluations"));
            Cli.run("sample --device cpu --count 2 --model " + made + " --out " + out + ".npy")
                    .ok(); // by the method that such models are sampled by when nothing is said
            assertTrue(Cli.run("explain --device cpu --model " + made)
                    .ok()
                    .out()
                    .lines()
                    .anyMatch("training:"::equals));
            Cli.run("train --dry-run --data " + table + " --out " + made + ".x.safetensors" + SMALL + " --sde " + sde)
                    .ok();
            Cli.run("evaluate --device cpu --method em@4 --model " + made + " --data " + table
                            + (sde.startsWith("haar") ? " --columns lat,depth" : ""))
                    .ok();
            String judged = " --device cpu --model " + made + " --data " + table
                    + (sde.startsWith("haar") ? " --columns lat,depth" : "");
            Path densities = folder.resolve("d" + sde.length() + ".csv");
            Map<String, Object> json = Cli.run("likelihood --json --steps 6 --out " + densities + judged)
                    .json();
            assertEquals(24L, json.get("evaluations"));
            double mean = Files.readAllLines(densities).stream()
                    .skip(1)
                    .mapToDouble(Double::parseDouble)
                    .average()
                    .orElseThrow();
            assertEquals(mean, (double) json.get("meanLogDensity"), 1e-4);
            Cli.run("likelihood --bound chain" + judged).failed(2, "--bound is of models of one speed");
            Path latents = folder.resolve("l" + sde.length() + ".csv");
            Path back = folder.resolve("b" + sde.length() + ".csv");
            Cli.run("latents --out " + latents + judged).ok();
            assertTrue(Files.readAllLines(latents).get(0).startsWith("latent lat,"));
            String again = Cli.run(
                            "latents --decode --out " + back + " --device cpu --model " + made + " --data " + latents)
                    .ok()
                    .out();
            assertTrue(again.contains("rows by unipc:3@100"), again);
            double[] first = numbers(Files.readAllLines(table).get(2)); // behind a comment and the header
            double[] decoded = numbers(Files.readAllLines(back).get(1));
            assertEquals(first[0], decoded[0], 0.01, sde);
            assertEquals(first[2], decoded[decoded.length - 1], 0.01, sde);
            Cli.Ran refused = Cli.run("dimension --out " + densities + ".npy" + judged);
            assertEquals(4, refused.code());
            assertTrue(refused.err().contains("neither local dimension nor bound"), refused.err());
        }
    }

    /** Conditions of blocks and of rows with velocities are dropped and exaggerated as those of others. */
    @ParameterizedTest
    @ValueSource(strings = {"cld", "haar:1,1x2", "nonuniform:1*vp/1*vp:0.1,10"})
    void everyKindOfModelIsGuided(String sde) throws IOException {
        Path made = folder.resolve("m.safetensors");
        Cli.run("train --given depth --drop 0.2 --sde " + sde + " --data " + table + " --out " + made + SMALL)
                .ok();
        Path one = Files.writeString(folder.resolve("one.csv"), "1\n");
        String start = "sample --json --device cpu --method heun@4 --model " + made + " --count 6 --given y=" + one
                + " --out " + folder;
        Cli.run(start + "/plain.npy").ok();
        Cli.run(start + "/same.npy --guidance 1").ok();
        Cli.run(start + "/more.npy --guidance 2,0.1,50").ok();
        assertArrayEquals(
                Files.readAllBytes(folder.resolve("plain.npy")), Files.readAllBytes(folder.resolve("same.npy")));
        assertTrue(Npy.read(folder.resolve("plain.npy")).at(0, 0)
                != Npy.read(folder.resolve("more.npy")).at(0, 0));
        Map<String, Object> explained = Cli.run(
                        "explain --json --device cpu --method heun@4,uniform --guidance 2 --model " + made)
                .json();
        assertEquals(16L, explained.get("evaluations"));
        Cli.run("train --given depth --condition-noise ve:0.01,0.5 --sde " + sde + " --data " + table + " --out "
                        + folder.resolve("n.safetensors") + SMALL)
                .failed(2, "noise");
    }

    @Test
    void everyCommandSpeaksJson() throws IOException {
        Path made = folder.resolve("m.safetensors");
        Map<String, Object> trained = Cli.run("train --json --data " + table + " --out " + made + SMALL)
                .json();
        assertEquals(made.toString(), trained.get("model"));
        assertEquals(4L, trained.get("steps"));
        assertTrue((double) trained.get("loss") > 0);
        assertArrayEquals(Files.readAllBytes(model), Files.readAllBytes(made), "the same command gives the same bytes");

        Path samples = folder.resolve("s.npy");
        Map<String, Object> sampled = sample(samples, "--count 7 --json").json();
        assertEquals(7L, sampled.get("rows"));
        assertEquals(samples.toString(), sampled.get("file"));

        Map<String, Object> judged = Cli.run("evaluate --json --device cpu --model " + model + " --data " + table
                        + " --count 50 --method ddim:0@3 --metrics mmd,classifier,memorisation")
                .json();
        assertEquals(
                List.of("mmd", "classifier"),
                ((List<?>) judged.get("metrics"))
                        .stream()
                                .map(metric -> ((Map<?, ?>) metric).get("metric"))
                                .toList());
        assertTrue((double) judged.get("classifierPValue") <= 1);
        Map<?, ?> memorised = (Map<?, ?>) judged.get("memorisation");
        assertTrue((double) memorised.get("nearest") > 0 && (double) memorised.get("nearestOfHeldOut") > 0);
        assertTrue(((String) judged.get("rows")).contains("kept from training"), judged.toString());
        assertTrue((double) ((Map<?, ?>) judged.get("squaredEnergyDistance")).get("value") > 0, judged.toString());
        assertEquals(
                List.of("lat", "lon, deg", "depth"),
                ((List<?>) judged.get("columns"))
                        .stream()
                                .map(column -> ((Map<?, ?>) column).get("name"))
                                .toList());

        Map<String, Object> explained = Cli.run("explain --json --device cpu --model " + model + " --method heun@5")
                .json();
        assertEquals("fused", explained.get("execution"));
        assertEquals(9L, explained.get("evaluations"), "two a step, one in the last");

        assertEquals("safetensors", Cli.run("inspect --json " + model).json().get("format"));
        assertEquals(120L, Cli.run("inspect --json " + table).json().get("rows"));
        assertEquals(7L, Cli.run("inspect --json " + samples).json().get("rows"));
        assertEquals(
                "checkpoint",
                Cli.run("inspect --json " + made + ".checkpoints/step-000000000004.ckpt")
                        .json()
                        .get("format"));
        assertEquals(true, Cli.run("doctor --json").json().get("works"));
        assertTrue((long) Cli.run("train --json --dry-run --data " + table + " --out "
                                + folder.resolve("none.safetensors") + SMALL)
                        .json()
                        .get("parameters")
                > 0);
    }

    @Test
    void everyCommandSpeaksToPeople() throws IOException {
        assertTrue(sample(folder.resolve("s.csv"), "--count 3").ok().out().contains("3 rows in"));
        String judged = Cli.run(
                        "evaluate --device cpu --model " + model + " --data " + table + " --count 50 --method ddim:0@3")
                .ok()
                .out();
        assertTrue(
                judged.contains("squared energy distance")
                        && judged.contains("two halves of the real rows")
                        && judged.contains("lon, deg")
                        && judged.contains("W2 of lat")
                        && judged.contains("Sinkhorn divergence")
                        && judged.contains("recall"),
                judged);
        Cli.run("evaluate --device cpu --model " + model + " --data " + table + " --metrics mdm")
                .failed(2, "mdm", "did you mean mmd", "classifier");
        assertTrue(Cli.run("evaluate --device cpu --model " + model + " --data " + table
                        + " --count 50 --method ddim:0@3 --metrics memorisation")
                .ok()
                .out()
                .contains("nearest training row"));
        assertTrue(Cli.run("explain --device cpu --model " + model).ok().out().contains("execution: fused"));
        for (String precision : new String[] {"bf16", "f16x3", "tf32"}) {
            assertTrue(Cli.run("explain --device cpu --precision " + precision + " --model " + model)
                    .ok()
                    .out()
                    .contains("the host multiplies in f32"));
        }
        Cli.run("explain --device cpu --precision f8 --model " + model).failed(2, "f8", "bf16", "f16x3");
        assertTrue(Cli.run("inspect " + model).ok().out().contains("network.architecture = mlp:8x2"));
        assertTrue(Cli.run("inspect " + table).ok().out().contains("120 rows, 3 columns"));
        assertTrue(Cli.run("doctor --device cpu").ok().out().contains("'cpu' works"));
        assertTrue(Cli.run("--version").ok().out().startsWith("tweedie "));
        for (String command : List.of(
                "demo",
                "train",
                "sample",
                "evaluate",
                "likelihood",
                "latents",
                "dimension",
                "bridge",
                "domain",
                "hitting",
                "transport",
                "theory",
                "explain",
                "inspect",
                "doctor",
                "natives")) {
            assertTrue(Cli.run("help").ok().out().contains(command), command);
            assertTrue(Cli.run(command + " --help").ok().out().contains("Usage: tweedie " + command), command);
        }
    }

    /** The mean is that of the rows written; with no probe and with probes it is the same but for their error. */
    @Test
    void likelihoodWritesADensityARow() throws IOException {
        Path out = folder.resolve("densities.csv");
        String command = "likelihood --device cpu --steps 20 --model " + model + " --data " + table;
        Map<String, Object> exact = Cli.run(command + " --json --out " + out).json();
        assertEquals(120L, exact.get("rows"));
        assertEquals(80L, exact.get("evaluations"));
        List<String> lines = Files.readAllLines(out);
        assertEquals("log density", lines.get(0));
        double mean = lines.stream()
                .skip(1)
                .mapToDouble(Double::parseDouble)
                .average()
                .orElseThrow();
        double said = (double) exact.get("meanLogDensity");
        assertEquals(said, mean, 1e-4);
        Map<String, Object> probed = Cli.run(command + " --json --probes 8").json();
        assertEquals(said, (double) probed.get("meanLogDensity"), 0.5);
        assertEquals(640L, probed.get("evaluations"));
        assertTrue(Cli.run(command).ok().out().contains("120 rows: mean log-density"));
        Cli.run(command + " --probes -2").failed(2, "--probes must not be negative, got -2");
        Cli.run(command + " --bin 0").failed(2, "--bin must be positive, got 0");
        Cli.run(command + " --out " + out).failed(2, "--force");
    }

    /** A file says which column is which by its header, where it has the model's names. */
    @Test
    void columnsAreFoundByTheirNames() throws IOException {
        Path turned = folder.resolve("turned.csv");
        Path named = folder.resolve("named.csv");
        Path shifted = folder.resolve("shifted.csv");
        List<String> lines = new ArrayList<>(Files.readAllLines(table));
        lines.removeIf(line -> line.startsWith("#"));
        List<String> rows = lines.subList(1, lines.size());
        Files.write(turned, changed("depth,lat,\"lon, deg\"", rows, new int[] {2, 0, 1}));
        Files.write(named, changed("a,b,c", rows, new int[] {0, 1, 2}));
        Files.write(shifted, changed("lat,depth,time", rows, new int[] {0, 1, 2}));
        for (String command : List.of(
                "likelihood --device cpu --steps 5 --model " + model + " --data ",
                "evaluate --json --device cpu --count 20 --method em@2 --metrics none --model " + model + " --data ")) {
            String said = Cli.run(command + table).ok().out();
            assertEquals(said, Cli.run(command + turned).ok().out(), command);
            Cli.run(command + shifted).failed(2, "[lat, lon, deg, depth], the data's [lat, depth, time]", "--columns");
        }
        Cli.Ran other = Cli.run("likelihood --device cpu --steps 5 --model " + model + " --data " + named);
        assertEquals(
                Cli.run("likelihood --device cpu --steps 5 --model " + model + " --data " + table)
                        .out(),
                other.ok().out(),
                "other names are the model's columns in their order");
    }

    private static List<String> changed(String header, List<String> rows, int[] from) {
        List<String> lines = new ArrayList<>(List.of(header));
        for (String row : rows) {
            String[] cells = row.split(",");
            lines.add(cells[from[0]] + "," + cells[from[1]] + "," + cells[from[2]]);
        }
        return lines;
    }

    /** What training says comes next can be run, and rows have densities under their conditions. */
    @Test
    void conditionsGoWithEachCommand() throws IOException {
        Path made = folder.resolve("given.safetensors");
        String data = " --data " + table + " --given depth";
        String trained = Cli.run("train --out " + made + data + SMALL + " --drop 0.2")
                .ok()
                .out();
        assertTrue(trained.contains("--model " + made + " --given y=FILE --count"), trained);
        assertTrue(trained.contains("rows of lat, lon, deg, depth, loss"), trained);
        assertEquals(
                120L,
                Cli.run("likelihood --json --device cpu --steps 3 --model " + made + data)
                        .json()
                        .get("rows"));
        Cli.run("likelihood --device cpu --steps 3 --model " + made + " --data " + table)
                .failed(2, "the model has the inputs x: lat, lon, deg; y: depth, the data x: lat, lon, deg, depth;");
        assertTrue(Cli.run("likelihood --device cpu --steps 3 --model " + model + " --data " + one(table))
                .ok()
                .out()
                .contains("1 rows: mean log-density"));
    }

    private Path one(Path data) throws IOException {
        List<String> lines = new ArrayList<>(Files.readAllLines(data));
        lines.removeIf(line -> line.startsWith("#"));
        return Files.write(folder.resolve("one.csv"), lines.subList(0, 2));
    }

    /** There and back again, and ways whose ends are the rows. */
    @Test
    void latentsGoThereAndBack() throws IOException {
        Path latents = folder.resolve("latents.csv");
        Path back = folder.resolve("back.csv");
        Path ways = folder.resolve("ways.csv");
        String command = "latents --device cpu --model " + model;
        Cli.run(command + " --data " + table + " --out " + latents).ok();
        assertTrue(Files.readAllLines(latents).get(0).startsWith("latent "));
        Cli.run(command + " --decode --data " + latents + " --out " + back).ok();
        Cli.run(command + " --between 5 --data " + table + " --out " + ways).ok();
        List<String> rows = new ArrayList<>(Files.readAllLines(table));
        rows.removeIf(line -> line.startsWith("#"));
        List<String> again = Files.readAllLines(back);
        List<String> along = Files.readAllLines(ways);
        assertEquals(rows.size(), again.size());
        assertEquals(1 + (rows.size() - 1) / 2 * 5, along.size());
        double[] first = numbers(rows.get(1));
        for (int c = 0; c < first.length; c++) {
            double scale = 0.02 * (1 + Math.abs(first[c]));
            assertEquals(first[c], numbers(again.get(1))[c], scale);
            assertEquals(first[c], numbers(along.get(1))[c], scale);
            assertEquals(numbers(rows.get(2))[c], numbers(along.get(5))[c], scale);
        }
        String missing = command + " --force --out " + latents + " --data " + table;
        Cli.run(missing + " --decode --between 3").failed(2, "--between takes rows");
        Cli.run(missing + " --method em@5").failed(2, "draws noise");
        Cli.run(missing + " --between 1").failed(2, "got 1 points");
        Cli.run(missing + " --method heun@5,karras").failed(2, "equal log-SNR", "heun@5");
        Cli.run(missing + " --method heun@5,logsnr").ok();
        Cli.run(missing + " --method rk45:1e-3@2").failed(1, "rows ran out of steps", "allow more steps");
        Cli.run(command + " --data " + table + " --out " + latents).failed(2, "--force");
    }

    /** Rows moved by a constant are moved back, whatever their order; with a small epsilon each to one row. */
    @Test
    void transportGivesEachRowItsPlace() throws IOException {
        Path from = folder.resolve("from.csv");
        Path to = folder.resolve("to.csv");
        Path moved = folder.resolve("moved.csv");
        StringBuilder left = new StringBuilder("a,b\n");
        StringBuilder right = new StringBuilder("a,b\n");
        for (int i = 0; i < 30; i++) {
            left.append(i % 6).append(',').append(i / 6).append('\n');
            right.append((29 - i) % 6 + 0.25)
                    .append(',')
                    .append((29 - i) / 6 - 0.5)
                    .append('\n');
        }
        Files.writeString(from, left);
        Files.writeString(to, right);
        String command = "transport --device cpu --from " + from + " --to " + to + " --epsilon 0.1";
        String json = Cli.run(command + " --json --out " + moved).ok().out();
        assertTrue(json.contains("\"from\":30"), json);
        Matcher square = Pattern.compile("\"meanSquare\":([0-9.e-]+)").matcher(json);
        assertTrue(square.find(), json);
        assertEquals(0.3125, Double.parseDouble(square.group(1)), 5e-3); // 1/16 + 1/4
        List<String> lines = Files.readAllLines(moved);
        assertEquals("a,b", lines.get(0));
        for (int i = 0; i < 30; i++) {
            assertEquals(i % 6 + 0.25, numbers(lines.get(i + 1))[0], 0.02);
            assertEquals(i / 6 - 0.5, numbers(lines.get(i + 1))[1], 0.02);
        }
        assertTrue(Cli.run(command + " --rows 12").ok().out().contains("12 rows to 12"));
        Cli.run(command + " --force --draw --out " + moved).ok();
        List<String> rows = Files.readAllLines(to).stream()
                .map(line -> line.replaceAll("\\.0(?=,|$)", ""))
                .toList();
        Files.readAllLines(moved).stream()
                .skip(1)
                .map(line -> line.replaceAll("\\.0(?=,|$)", ""))
                .forEach(line -> assertTrue(rows.contains(line), line));
        Cli.run(command + " --out " + moved).failed(2, "--force");
        Cli.run(command + " --epsilon 1").failed(2, "--epsilon");
        String other = "transport --device cpu --from " + from + " --to " + table;
        Cli.run(other).failed(2, "2 columns and --to 3", "--columns");
        Cli.run(other + " --columns 1,2 --epsilon 100").ok();
        String few = "transport --device cpu --from " + from + " --to moons:1";
        Cli.run(few).failed(2, "--to moons:1 has 1 row");
        Cli.run("transport --device cpu --from moons:9 --to " + from + " --rows 1")
                .failed(2, "--rows must be at least 2");
        Cli.run("transport --device cpu --from moons:9 --to circles:9 --epsilon -1")
                .failed(2, "got -1.0");
        Cli.Ran fine = Cli.run("transport --device cpu --from moons:9 --to circles:9 --epsilon 1e-9");
        fine.failed(1, "take a larger one");
        String least = fine.err().replaceAll("(?s).* at least ([0-9.E-]+).*", "$1");
        Cli.run("transport --device cpu --from moons:9 --to circles:9 --epsilon " + least)
                .ok();
        Path equal = Files.writeString(folder.resolve("equal.csv"), "a,b\n1,1\n1,1\n1,1\n");
        Cli.run("transport --device cpu --from " + equal + " --to " + equal)
                .failed(2, "--epsilon: the median squared distance of the rows is 0.0", "choose one");
        Cli.run("transport --device cpu --from moon:9 --to circles:9").failed(2, "--from moon:9: unknown built-in set");
        Cli.run("transport --device cpu --columns 3 --from " + table + " --to circles:9")
                .failed(2, "--to circles:9: there is no column", "there are 2: x, y");
    }

    private static double[] numbers(String line) {
        return java.util.Arrays.stream(line.split(","))
                .mapToDouble(Double::parseDouble)
                .toArray();
    }

    /** Each objective trains; its words are checked before anything is read. */
    @Test
    void trainTakesAnObjective() {
        Path made = folder.resolve("sliced.safetensors");
        String command = "train --data " + table + " --out " + made + SMALL;
        Cli.run(command + " --objective sliced-vr:2 --weighting likelihood").ok();
        assertTrue(Cli.run("inspect " + made).ok().out().contains("slices=Optional"));
        assertTrue(Cli.run("inspect " + made).ok().out().contains("weighting=LIKELIHOOD"));
        Cli.run(command + " --objective slice")
                .failed(2, "--objective: unknown objective 'slice'", "did you mean sliced?");
        Cli.run(command + " --weighting best").failed(2, "best", "LIKELIHOOD");
    }

    /** A schedule that learns is in the model's file, and what cannot learn with it is said before anything is read. */
    @Test
    void trainLearnsASchedule() throws IOException {
        Path made = folder.resolve("vdm.safetensors");
        String command = "train --data " + table + " --out " + made + SMALL.replace("--steps 4", "--steps 31");
        Cli.run(command + " --sde vdm:-9,4 --predict noise").ok();
        String told = Cli.run("inspect --json " + made).json().toString();
        assertTrue(told.matches("(?s).*vdm:-[0-9.]+,[0-9.]+,-[0-9.]+,.*") && !told.contains("vdm:-9,4"), told);
        assertTrue(told.contains("NOISE"), told);
        Cli.run("sample --device cpu --model " + made + " --count 7 --method dpm2m@5 --out "
                        + folder.resolve("vdm.csv"))
                .ok();
        Cli.run("likelihood --device cpu --bound continuous --steps 10 --model " + made + " --data " + table)
                .ok();
        Cli.run(command + " --force --sde vdm:-9,4 --process-after 1").ok();
        assertTrue(Cli.run("inspect --json " + made).json().toString().contains("vdm:-9,4"));
        Cli.run(command + " --sde vdm --weighting edm").failed(2, "--weighting: a schedule that learns");
        Cli.run(command + " --sde vdm --objective implicit").failed(2, "--objective: a schedule that learns");
        Cli.run(command + " --process-after 0.5").failed(2, "--process-after: nothing of vp:0.1,20 learns");
        Cli.run(command + " --sde vdm --process-after 2").failed(2, "--process-after: the share of the steps");
        Cli.run(command + " --predict best").failed(2, "best", "VELOCITY");
    }

    /** A process of matrices that learns is in the model's file and sampled by its methods; what it cannot do is said. */
    @Test
    void trainLearnsMatrices() throws IOException {
        Path made = folder.resolve("flexible.safetensors");
        String command = "train --data " + table + " --out " + made + SMALL.replace("--steps 4", "--steps 31");
        Cli.run(command + " --sde flexible").ok();
        String told = Cli.run("inspect --json " + made).json().toString();
        assertTrue(
                told.matches(
                        "(?s).*process=flexible:0.1,20,0.001;[0-9.]+(,[0-9.]+){2};-?[0-9.e-]+(,-?[0-9.e-]+){2},.*"),
                told);
        for (String method : List.of("", " --method em@5", " --method pf@5,quadratic", " --method ei@5")) {
            Cli.run("sample --force --device cpu --model " + made + " --count 7" + method + " --out "
                            + folder.resolve("flexible.csv"))
                    .ok();
        }
        String explained = Cli.run("explain --device cpu --model " + made).ok().out();
        assertTrue(explained.contains("flexible:0.1,20") && explained.contains("ei"), explained);
        assertTrue(
                explained.contains("declined: pairs of a process of matrices are products with those of their times"),
                explained);
        assertTrue(explained.contains("tiles in cache, f32: declined: a network 8 wide"), explained);
        String using = " --device cpu --model " + made + " --data " + table;
        Cli.run("sample --force --device cpu --count 7 --method dpm2m@5,uniform --model " + made + " --out "
                        + folder.resolve("flexible.csv"))
                .failed(2, "sampled by em, ei or pf");
        Cli.run("likelihood" + using).failed(2, "has matrices for coefficients");
        Cli.run("likelihood --bound continuous" + using).failed(2, "has matrices for coefficients");
        Cli.run("latents --out " + folder.resolve("l.csv") + using).failed(2, "has matrices for coefficients");
        Cli.run(command + " --force --sde flexible-noise --process-after 1").ok();
        assertTrue(Cli.run("inspect --json " + made).json().toString().contains("flexible-noise:0.1,20,0.001;1,1,1"));
        Cli.run(command + " --force --sde flexible-drift:0.1,20,1e-3;1,1,1;0.5,0,0 --process-after 1")
                .ok();
        assertTrue(Cli.run("inspect --json " + made)
                .json()
                .toString()
                .contains("flexible-drift:0.1,20,0.001;1,1,1;0.5,0,0"));
        Cli.run(command + " --force --sde flexible --dry-run").ok();
        Cli.run(command + " --sde flexible --predict noise").failed(2, "--predict", "predicts clean rows");
        Cli.run(command + " --sde flexible --weighting edm").failed(2, "--weighting: a process that learns");
        Cli.run(command + " --sde flexible --objective implicit").failed(2, "--objective: a process that learns");
        Cli.run(command + " --sde flexible --drop 0.1").failed(2, "--drop", "conditions as they are");
        Cli.run(command + " --force --sde flexible:0.1,20,1e-3;1,1").failed(2, "cannot go to 3");
        Cli.run("theory --sde flexible").failed(2, "variance-preserving");
    }

    /** A bound is below the density, and minus the sum of its terms; the chain's is looser. */
    @Test
    void likelihoodBoundsIt() throws IOException {
        String command = "likelihood --device cpu --steps 40 --json --model " + model + " --data " + table;
        double exact = (double) Cli.run(command).json().get("meanLogDensity");
        Map<String, Object> lower =
                Cli.run(command + " --bound continuous --draws 4").json();
        double bound = (double) lower.get("meanBound");
        assertEquals(
                -bound,
                (double) lower.get("prior") + (double) lower.get("diffusion") + (double) lower.get("reconstruction"),
                1e-9);
        assertEquals(164L, lower.get("evaluations"));
        double chain =
                (double) Cli.run(command + " --bound chain --draws 4").json().get("meanBound");
        assertTrue(bound < exact + 0.1 && chain < bound, exact + ", " + bound + ", " + chain);
        double filled =
                (double) Cli.run(command + " --dequantise --bin 0.01").json().get("meanLogDensity");
        assertEquals(exact, filled, 0.1);
        assertNotEquals(exact, filled);
        Cli.run(command + " --bound chain --probes 1").failed(2, "--probes is for the ODE");
        Cli.run(command + " --draws 2").failed(2, "--draws averages a bound");
        Cli.run(command + " --bound chain --draws 0").failed(2, "draws must be positive, got 0");
        Cli.run(command + " --bound tight").failed(2, "tight", "CHAIN, CONTINUOUS");
    }

    @Test
    void theorySaysWhatIsPromisedAndWhatIsSo() throws IOException {
        String said = Cli.run("theory --data gaussian:1,1 --dim 3 --horizon 2 --steps 10 --score-error 0.1")
                .ok()
                .out();
        assertTrue(said.contains("Girsanov, KL, no constant") && said.contains("W2 from the data"), said);
        Map<String, Object> point = Cli.run(
                        "theory --json --data gaussian:0,0 --sde vp:0.1,20 --steps 100 --grid geometric --stop 0.01")
                .json();
        assertEquals(0.046357, (double) ((Map<?, ?>) point.get("measured")).get("w2ToData"), 0.5001e-6);
        Map<String, Object> mixture = Cli.run("theory --json --data mixture:1,0.25 --horizon 2 --steps 10")
                .json();
        double kl = (double) ((Map<?, ?>) mixture.get("measured")).get("kl");
        assertTrue(kl > 0 && kl < (double) ((Map<?, ?>) mixture.get("girsanov")).get("kl"), mixture.toString());
        Cli.run("theory --data mixtur:1,1").failed(2, "mixtur", "did you mean mixture");
        Cli.run("theory --data gaussian:1").failed(2, "gaussian:MEAN,VARIANCE");
        Cli.run("theory --data gaussian:0,0").failed(2, "--stop must be above 0");
        Cli.run("theory --steps 0").failed(2, "--steps must be 1 to");
        Cli.run("theory --sde ve").failed(2, "variance-preserving");
        Cli.run("theory --grid log").failed(2, "unknown grid 'log'");
        Cli.run("theory --accuracy 2").failed(2, "--accuracy must be above 0 and below 1, got 2.0");
        assertTrue(Cli.run("theory --steps 3 --accuracy 1e-12").ok().out().contains(" 2^63 or more steps"));
        Cli.run("theory --score-error 1e9").failed(2, "below 10^6, got 1.0E9");
        Cli.run("theory --horizon 0").failed(2, "horizon must be positive");
        Cli.run("theory --score-error -1").failed(2, "--score-error must be a length");
        Cli.run("theory --dim 0").failed(2, "--dim must be 1");
    }

    /** The example under a command's help must be one that its parser takes. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "demo",
                "train",
                "sample",
                "evaluate",
                "likelihood",
                "latents",
                "dimension",
                "transport",
                "theory",
                "explain",
                "inspect",
                "doctor"
            })
    void theExampleOfTheHelpParses(String command) {
        Matcher example = Pattern.compile("Example: tweedie (.*)")
                .matcher(Cli.run(command + " --help").ok().out().replaceAll("\\n(?!\\n)", " "));
        assertTrue(example.find());
        Main.commandLine().parseArgs(example.group(1).strip().split(" +"));
    }

    @Test
    void headerAndOrderTravel() throws IOException {
        Path out = folder.resolve("samples.csv");
        sample(out, "--count 4").ok();
        assertEquals("lat,\"lon, deg\",depth", Files.readAllLines(out).get(0));
        assertTrue(
                Arrays.stream(floats(Csv.read(out).column(1))).allMatch(lon -> lon > 80 && lon < 120),
                "the normaliser is undone");

        for (String chosen : List.of("depth,lat", "3,1")) {
            Path some = folder.resolve(chosen.length() + ".safetensors");
            Cli.run("train --data " + table + " --columns " + chosen + " --out " + some + SMALL)
                    .ok();
            Path rows = folder.resolve(chosen.length() + ".csv");
            Cli.run("sample --device cpu --model " + some + " --count 2 --out " + rows)
                    .ok();
            assertEquals("depth,lat", Files.readAllLines(rows).get(0));
        }
        Path bare = Files.writeString(folder.resolve("bare.txt"), "1,2\n3,5\n4,4\n");
        Cli.run("train --hold-out 0 --data " + bare + " --out " + folder.resolve("bare.safetensors") + SMALL)
                .ok();
        Cli.run("sample --device cpu --model " + folder.resolve("bare.safetensors") + " --count 2 --out "
                        + folder.resolve("bare.csv"))
                .ok();
        assertEquals("x1,x2", Files.readAllLines(folder.resolve("bare.csv")).get(0));
    }

    /** Where rows choose their own steps, those that ran out are counted in words; the others stay silent. */
    @Test
    void rowsThatRunOutOfStepsAreCounted() {
        Path model = folder.resolve("short.safetensors");
        Cli.run("train --data " + table + " --out " + model + SMALL).ok();
        String sample =
                "sample --device cpu --force --count 5 --model " + model + " --out " + folder.resolve("short.npy");
        String said = Cli.run(sample + " --method rk45:1e-4@3").ok().err();
        assertTrue(said.contains("5 of 5 rows ran out of steps before the end of rk45:1e-4@3"), said);
        assertFalse(Cli.run(sample + " --method rk45:1e-2@400").ok().err().contains("ran out"));
    }

    private static double[] floats(float[] values) {
        double[] wide = new double[values.length];
        Arrays.setAll(wide, i -> values[i]);
        return wide;
    }

    /** Replaced columns are those of the file, found by their names or as they come; solvers and operators are those asked for. */
    @Test
    void whatIsSeenIsKept() throws IOException {
        Path out = folder.resolve("filled.csv");
        String again =
                (String) sample(out, "--count 6 --json --solver replace --operator columns:depth,1 --observe " + table)
                        .json()
                        .get("again");
        assertTrue(again.contains("--observe " + table + " --operator columns:depth,1 --solver replace"), again);
        Table filled = Csv.read(out);
        Table whole = Csv.read(table);
        for (int i = 0; i < 6; i++) {
            assertEquals(whole.at(i, 2), filled.at(i, 2), 1e-5);
            assertEquals(whole.at(i, 0), filled.at(i, 0), 1e-5);
        }
        Path matrix = Files.writeString(folder.resolve("a.csv"), "1,0,0\n0,0,2\n");
        Path seen = Files.writeString(folder.resolve("y.csv"), "0.5,1\n");
        for (String solver : List.of("pigdm", "dps:0.5", "annealed", "ddrm", "dps")) {
            sample(
                            folder.resolve("s.npy"),
                            "--count 4 --force --noise 2 --operator matrix:" + matrix + " --observe " + seen
                                    + " --solver " + solver)
                    .ok();
        }
        Path alone = folder.resolve("exact.npy");
        sample(alone, "--count 4 --operator matrix:" + matrix + " --observe " + seen)
                .ok();
    }

    /** Dropped and noised conditions are remembered by the model file, and judged and guided without more being said. */
    @Test
    void conditionsAreDroppedAndExaggerated() throws IOException {
        Path dropped = folder.resolve("d.safetensors");
        Cli.run("train --given depth --drop 0.2 --condition-noise ve:0.01,0.5 --data " + table + " --out " + dropped
                        + SMALL)
                .ok();
        Path one = Files.writeString(folder.resolve("one.csv"), "1\n");
        String start =
                "sample --device cpu --method ddim:0@3 --model " + dropped + " --count 6 --given y=" + one + " --out ";
        Path plain = folder.resolve("plain.npy");
        Path same = folder.resolve("same.npy");
        Path more = folder.resolve("more.npy");
        Cli.run(start + plain).ok();
        Cli.run(start + same + " --guidance 1").ok();
        Map<String, Object> guided =
                Cli.run(start + more + " --json --guidance 2,0.1,50").json();
        assertTrue(((String) guided.get("again")).contains(" --guidance 2,0.1,50 "), guided.toString());
        assertArrayEquals(Files.readAllBytes(plain), Files.readAllBytes(same));
        assertTrue(Npy.read(plain).at(0, 0) != Npy.read(more).at(0, 0));
        Path along = folder.resolve("along.npy");
        String again = (String)
                Cli.run(start + along + " --json --condition-path").json().get("again");
        assertTrue(again.contains(" --condition-path "), again);
        assertFalse(Arrays.equals(Files.readAllBytes(plain), Files.readAllBytes(along)));
        assertTrue(Cli.run("explain --device cpu --condition-path --model " + dropped)
                .ok()
                .out()
                .contains("+condition-path on "));
        assertTrue(
                Cli.run("evaluate --device cpu --model " + dropped + " --given depth --method ddim:0@3 --data " + table)
                        .ok()
                        .out()
                        .contains("lat"));
    }

    /** Noise of conditions that shrinks is asked for, remembered as what it comes to, and goes on to the same bits. */
    @Test
    void noiseOfConditionsShrinks() throws IOException {
        String start = "train --given depth --condition-noise ve:0.01,3..ve:0.01,0.5@3 --checkpoint-every 2 --data "
                + table + SMALL + " --out ";
        Path whole = folder.resolve("whole.safetensors");
        Path again = folder.resolve("again.safetensors");
        Cli.run(start + whole).ok();
        assertTrue(Cli.run("inspect " + whole).ok().out().contains("conditions.noise = ve:0.01,0.5"));
        Files.delete(folder.resolve("whole.safetensors.checkpoints/step-000000000004.ckpt"));
        Cli.run(start + again + " --resume " + folder.resolve("whole.safetensors.checkpoints"))
                .ok();
        assertArrayEquals(Files.readAllBytes(whole), Files.readAllBytes(again));
        Path other = folder.resolve("other.safetensors");
        Cli.run(start.replace("@3", "@2") + other).ok();
        assertFalse(Arrays.equals(Files.readAllBytes(whole), Files.readAllBytes(other)), "the steps count");
    }

    /** A classifier of a column's numbers, or of files, guides the model that it was made for. */
    @Test
    void classifiersAreTrainedAndGuide() throws IOException {
        Path scores = folder.resolve("scores.safetensors");
        Cli.run("train --columns 1,2 --data " + table + " --out " + scores + SMALL)
                .ok();
        Path kinds = folder.resolve("kinds.safetensors");
        String start = "train --data " + table + SMALL + " --for " + scores + " --classify depth --out ";
        Map<String, Object> made =
                Cli.run(start + kinds + " --checkpoint-every 2 --json").json();
        assertEquals(List.of("0", "1"), made.get("classes"));
        assertEquals(4L, made.get("steps"));
        assertTrue((double) made.get("accuracy") >= 0 && (double) made.get("accuracy") <= 1, made.toString());
        Cli.Ran inspected = Cli.run("inspect " + kinds).ok();
        assertTrue(
                inspected.out().contains("kind = classifier") && inspected.out().contains("class.1 = 1"));
        Path same = folder.resolve("same.safetensors");
        Files.delete(folder.resolve("kinds.safetensors.checkpoints/step-000000000004.ckpt"));
        String people = Cli.run(start + same + " --checkpoint-every 2 --resume "
                        + folder.resolve("kinds.safetensors.checkpoints"))
                .ok()
                .out();
        assertTrue(people.contains("tells 0, 1 apart, trained on ") && people.contains("are told right"), people);
        assertTrue(people.contains("--guidance classifier:" + same + ",0,1 "), "what to do next: " + people);
        assertArrayEquals(Files.readAllBytes(kinds), Files.readAllBytes(same), "resumed to the same bytes");
        assertTrue(Cli.run(start + "x.safetensors --dry-run").ok().out().contains("parameters"));

        String sample = "sample --json --device cpu --method ddim:0@3 --count 5 --model " + scores + " --out ";
        Path plain = folder.resolve("plain.npy");
        Path none = folder.resolve("none.npy");
        Path toward = folder.resolve("toward.npy");
        Cli.run(sample + plain).ok();
        Cli.run(sample + none + " --guidance classifier:" + kinds + ",1,0").ok();
        String again = (String) Cli.run(sample + toward + " --guidance classifier:" + kinds + ",1,40")
                .json()
                .get("again");
        assertArrayEquals(
                Npy.read(plain).data(), Npy.read(none).data(), 1e-3f, "of no weight: the same but for rounding");
        assertFalse(Arrays.equals(Files.readAllBytes(plain), Files.readAllBytes(toward)));
        assertTrue(again.contains(" --guidance classifier:" + kinds + ",1,40 "), again);
        Map<String, Object> explained = Cli.run("explain --json --device cpu --method ddim:0@3 --model " + scores
                        + " --guidance classifier:" + kinds + ",1,2")
                .json();
        assertEquals(6L, explained.get("evaluations"), "the score and the classifier");

        Path calm = Files.writeString(folder.resolve("calm.csv"), "lat,lon\n1,2\n3,4\n5,5\n");
        Path storm = Files.writeString(folder.resolve("storm.csv"), "lat,lon\n7,2\n9,4\n8,5\n");
        Path weather = folder.resolve("weather.safetensors");
        String files = "train --hold-out 0" + SMALL + " --for " + scores + " --data " + calm + " --against " + storm;
        assertEquals(
                List.of("calm", "storm"),
                Cli.run(files + " --json --out " + weather).json().get("classes"));
        Cli.run(sample + folder.resolve("calm.npy") + " --guidance classifier:" + weather + ",storm,1")
                .ok();
        Cli.run(sample + folder.resolve("no.npy") + " --guidance classifier:" + weather + ",strom,1")
                .failed(2, "unknown class 'strom'; did you mean storm?");
        Cli.run(sample + folder.resolve("no.npy") + " --guidance classifier:" + scores + ",storm,1")
                .failed(4, "is not classifier: this is a score model");
        Cli.run("sample --device cpu --count 5 --model " + kinds + " --out " + folder.resolve("no.npy"))
                .failed(4, "is classifier, not a score model");
        Cli.run("sample --device cpu --method ddim:0@3 --count 5 --model " + model + " --out "
                        + folder.resolve("no.npy") + " --guidance classifier:" + kinds + ",1,1")
                .failed(2, "rows of 2 numbers, the model's have 3");
        Path other = folder.resolve("other.safetensors");
        Cli.run("train --columns 1,2 --sde ve --data " + table + " --out " + other + SMALL)
                .ok();
        Cli.run("sample --device cpu --method ddim:0@3 --count 5 --model " + other + " --out "
                        + folder.resolve("no.npy") + " --guidance classifier:" + kinds + ",1,1")
                .failed(2, "noised by vp:0.1,20", "noised by ve:0.01,50", "train a classifier for this model");
        Cli.run(files + " --out no.safetensors --against " + folder + "/deep/storm.csv")
                .failed(4, "does not exist");
    }

    @Test
    void conditionsAreGivenByName() throws IOException {
        Path conditional = folder.resolve("c.safetensors");
        Cli.run("train --given depth --data " + table + " --out " + conditional + SMALL)
                .ok();
        String start = "sample --device cpu --method ddim:0@3 --model " + conditional + " --count 6 ";
        Path whole = folder.resolve("whole.csv");
        Cli.run(start + "--given y=" + table + " --out " + whole)
                .ok(); // all columns are there; the condition is found by its name
        assertEquals("lat,\"lon, deg\"", Files.readAllLines(whole).get(0));

        Path alone = Files.writeString(folder.resolve("y.csv"), "0\n1\n0\n1\n0\n1\n"); // depth is i % 2
        Path same = folder.resolve("same.csv");
        Cli.run(start + "--given y=" + alone + " --out " + same).ok();
        assertEquals(Files.readString(whole), Files.readString(same));

        Path one = Files.writeString(folder.resolve("one.csv"), "1\n");
        Cli.run(start + "--given y=" + one + " --out " + folder.resolve("ones.npy"))
                .ok();
        Table ones = Npy.read(folder.resolve("ones.npy"));
        Table mixed = Csv.read(whole);
        for (int i = 0; i < 6; i++) {
            assertEquals(i % 2 == 1, ones.at(i, 0) == mixed.at(i, 0), "row " + i + " has condition " + i % 2);
        }
        assertTrue(Cli.run("evaluate --device cpu --model " + conditional + " --given depth --method ddim:0@3 --data "
                        + table)
                .ok()
                .out()
                .contains("lat"));
        Map<String, Object> numbered = Cli.run(
                        "train --json --given 3 --data " + table + " --out " + folder.resolve("n.safetensors") + SMALL)
                .json();
        assertEquals(4L, numbered.get("steps"));
        assertArrayEquals(
                Files.readAllBytes(conditional),
                Files.readAllBytes(folder.resolve("n.safetensors")),
                "depth is column 3");
    }

    @Test
    void anArrayOfAnNpzIsChosenByName() throws IOException {
        Path npz = folder.resolve("two.npz");
        float[] rows = BuiltInSet.MOONS.rows(0, 0, 40);
        Npz.write(Output.to(npz), Map.of("a", Table.of(new float[] {1, 2, 3}, 1), "moons", Table.of(rows, 2)));
        Cli.run("train --data " + npz + ":moons --out " + folder.resolve("m.safetensors") + SMALL)
                .ok();
        Npy.write(Output.to(folder.resolve("moons.npy")), Table.of(rows, 2));
        Cli.run("train --data " + folder.resolve("moons.npy") + " --out " + folder.resolve("n.safetensors") + SMALL)
                .ok();
        assertArrayEquals(
                Files.readAllBytes(folder.resolve("m.safetensors")),
                Files.readAllBytes(folder.resolve("n.safetensors")));
        Cli.run("train --data " + npz + " --out " + folder.resolve("o.safetensors") + SMALL)
                .failed(ExitCode.USAGE, "two.npz", "choose one", "moons");
        assertTrue(Cli.run("inspect " + npz + ":moons").ok().out().contains("40 rows, 2 columns"));
    }

    @Test
    void builtInSetsAreData() throws IOException {
        Path made = folder.resolve("m.safetensors");
        assertEquals(
                500L,
                Cli.run("train --json --hold-out 0 --data spiral:500 --out " + made + SMALL)
                        .json()
                        .get("rows"));
        Cli.run("train --hold-out 0 --data spiral:500:0 --out " + folder.resolve("same.safetensors") + SMALL)
                .ok();
        Cli.run("train --hold-out 0 --data spiral:500:8 --out " + folder.resolve("other.safetensors") + SMALL)
                .ok();
        assertArrayEquals(Files.readAllBytes(made), Files.readAllBytes(folder.resolve("same.safetensors")));
        assertFalse(Arrays.equals(Files.readAllBytes(made), Files.readAllBytes(folder.resolve("other.safetensors"))));
    }

    /** first-index and count cut the rows of one endless table, in every format. */
    @ParameterizedTest
    @ValueSource(strings = {"npy", "npz", "csv", "safetensors"})
    void piecesAreThePiecesOfTheWhole(String format) throws IOException {
        Path whole = folder.resolve("whole." + format);
        Path piece = folder.resolve("piece." + format);
        sample(whole, "--seed 9 --count 1100").ok();
        sample(piece, "--seed 9 --first-index 1017 --count 31").ok();
        assertArrayEquals(Arrays.copyOfRange(rows(whole), 3 * 1017, 3 * 1048), rows(piece));
        sample(folder.resolve("other." + format), "--seed 10 --first-index 1017 --count 31")
                .ok();
        assertFalse(Arrays.equals(rows(piece), rows(folder.resolve("other." + format))));
        Path last = folder.resolve("last." + format);
        sample(last, "--first-index " + (Long.MAX_VALUE - 2) + " --count 2").ok();
        assertEquals(6, rows(last).length);
    }

    private static float[] rows(Path file) throws IOException {
        if (file.toString().endsWith(".safetensors")) {
            try (Safetensors opened = Safetensors.open(file)) {
                return opened.floats("samples");
            }
        }
        return Table.read(file.toString(), List.of(), ReadLimits.defaults()).data();
    }

    @Test
    void aPictureIsAnOutputToo() throws IOException {
        Path picture = folder.resolve("p.png");
        sample(picture, "--count 50").ok();
        assertArrayEquals(new byte[] {(byte) 0x89, 'P', 'N', 'G'}, Arrays.copyOf(Files.readAllBytes(picture), 4));
    }

    /** The command that sample prints gives the same bytes again, conditions and device included. */
    @Test
    void thePrintedCommandRepeatsTheSamples() throws IOException {
        Path conditional = folder.resolve("it's conditional.safetensors");
        Cli.runAll(words("train|--given|depth|--data|" + table + "|--out|" + conditional
                        + "|--device|cpu|--network|mlp:8x2|--steps|2"))
                .ok();
        Path out = folder.resolve("s.npy");
        Cli.Ran ran = Cli.runAll(words("sample|--json|--model|" + conditional + "|--given|y=" + table
                + "|--method|em@3|--seed|5|--first-index|7|--count|9|--device|cpu:1|--out|" + out));
        String again = (String) ran.json().get("again");
        byte[] first = Files.readAllBytes(out);
        Files.delete(out);
        Cli.runAll(shell(again)).ok();
        assertArrayEquals(first, Files.readAllBytes(out));
    }

    private static List<String> words(String line) {
        return List.of(line.split("\\|"));
    }

    /** What a shell makes of a printed command, without its first word. */
    static List<String> shell(String command) {
        Matcher word = Pattern.compile("(?:[^\\s']|'[^']*')+").matcher(command.replace("'\\''", "\u0001"));
        List<String> words = new java.util.ArrayList<>();
        while (word.find()) {
            words.add(word.group().replace("'", "").replace("\u0001", "'"));
        }
        assertEquals("tweedie", words.remove(0));
        return words;
    }

    @Test
    void aDryRunWritesNothing() throws IOException {
        Map<String, String> before = Cli.snapshot(folder);
        String said = Cli.run("train --dry-run --data " + table + " --out " + folder.resolve("m.safetensors") + SMALL)
                .ok()
                .out();
        for (String word : List.of("110 rows", "parameters", "bytes", "4 steps of 16 rows", "ms a step")) {
            assertTrue(said.contains(word), said);
        }
        assertEquals(before, Cli.snapshot(folder));
    }

    @Test
    void nothingIsReplacedWithoutForce() throws IOException {
        Path out = folder.resolve("s.npy");
        sample(out, "--count 3").ok();
        byte[] first = Files.readAllBytes(out);
        sample(out, "--count 4").failed(ExitCode.USAGE, out.toString(), "--force");
        assertArrayEquals(first, Files.readAllBytes(out));
        sample(out, "--count 4 --force").ok();
        assertNotEquals(first.length, Files.size(out));

        Path made = folder.resolve("m.safetensors");
        Cli.run("train --data " + table + " --out " + made + SMALL).ok();
        byte[] trained = Files.readAllBytes(made);
        Cli.run("train --seed 1 --data " + table + " --out " + made + SMALL)
                .failed(ExitCode.USAGE, made.toString(), "--force");
        assertArrayEquals(trained, Files.readAllBytes(made));
        Files.delete(made); // its checkpoints are an earlier run's
        Cli.run("train --seed 1 --data " + table + " --out " + made + SMALL)
                .failed(ExitCode.USAGE, ".checkpoints", "--resume", "--force");
        Cli.run("train --seed 1 --force --data " + table + " --out " + made + SMALL)
                .ok();
        assertFalse(Arrays.equals(trained, Files.readAllBytes(made)));
    }

    @Test
    void aConstantColumnIsReportedAndKept() throws IOException {
        StringBuilder text = new StringBuilder("moving,still\n");
        for (int i = 0; i < 40; i++) {
            text.append(i % 7).append(",5\n");
        }
        Path constant = Files.writeString(folder.resolve("constant.csv"), text);
        Cli.Ran ran = Cli.run("train --data " + constant + " --out " + folder.resolve("m.safetensors") + SMALL)
                .ok();
        assertTrue(ran.err().contains("constant columns keep scale 1: still"), ran.err());
        assertFalse(ran.err().contains("moving"), ran.err());
    }

    @Test
    void aByteOrderMarkIsAccepted() throws IOException {
        Path marked = Files.writeString(folder.resolve("bom.csv"), "\ufeffa,b\r\n1,2\r\n2,3\r\n4,1\r\n");
        Cli.run("train --hold-out 0 --data " + marked + " --columns a --out " + folder.resolve("m.safetensors") + SMALL)
                .ok();
    }

    @ParameterizedTest
    @CsvSource({"cpu, 0", "cpu:3, 0", "auto, 0", "cuda:4000, 3"})
    void doctorTriesTheDeviceAskedFor(String device, int code) {
        Cli.Ran ran = Cli.run("doctor --device " + device);
        assertEquals(code, ran.code(), ran.toString());
        assertTrue(ran.out().contains(code == 0 ? "works" : "does not work"), ran.out());
        assertEquals("", ran.err());
    }

    /** All of the demo, with three steps of training: its files, its report, and the commands in the report, run again. */
    @Test
    void theDemoWritesItsFilesAndItsCommandsRepeatThem() throws IOException {
        Path out = folder.resolve("a demo");
        Cli.Ran ran = Cli.runAll(words("demo|--steps|3|--seed|2|--set|circles|--device|cpu|--out|" + out))
                .ok();
        assertTrue(ran.out().contains("squared energy distance") && ran.out().contains("report.html"), ran.out());
        Map<String, String> first = Cli.snapshot(out);
        assertEquals(1 + DemoFiles.NAMES.size(), first.size(), first.toString());
        assertTrue(first.keySet().containsAll(DemoFiles.NAMES), first.toString());
        assertEquals(10_000, Npy.read(out.resolve("samples.npy")).rows());
        assertArrayEquals(
                Npy.read(out.resolve("samples.npy")).data(),
                Csv.read(out.resolve("samples.csv")).data());
        assertEquals("x,y", Files.readAllLines(out.resolve("samples.csv")).get(0));

        String report = Files.readString(out.resolve("report.html"));
        String fetching =
                report.replaceAll("<meta[^>]*>", "").replaceAll("data:[^\"]*", "data:"); // the policy, and bytes
        assertFalse(
                Pattern.compile("(src|href|url\\()\\s*=?\\s*[\"']?(?!data:|#)[a-z./]", Pattern.CASE_INSENSITIVE)
                        .matcher(fetching)
                        .find(),
                "nothing is fetched");
        assertFalse(
                report.replace("http://www.w3.org/2000/svg", "").matches("(?s).*https?://.*"),
                "no address of another machine");
        assertTrue(report.contains("src=\"data:image/png;base64,")
                && report.contains("src=\"data:image/gif;base64,")
                && report.contains("<svg"));
        for (String word : List.of("Provenance", "Throughput", "squared energy distance", "rows/s", "Training loss")) {
            assertTrue(report.contains(word), word);
        }

        List<String> commands = Pattern.compile("tweedie (?:demo|train|sample|evaluate|explain) [^<\\n]+")
                .matcher(report)
                .results()
                .map(found ->
                        found.group().replace("&#39;", "'").replace("&lt;", "<").replace("&amp;", "&"))
                .toList();
        assertEquals(5, commands.size(), commands.toString());
        for (String command : commands) {
            assertEquals(0, Cli.runAll(shell(command)).code(), command);
        }
        Map<String, String> second = Cli.snapshot(out);
        assertEquals(first.get("model.safetensors"), second.get("again.safetensors"), "train repeats the model");
        assertEquals(first.get("samples.npy"), second.get("again.npy"), "sample repeats the samples");
        for (String name : DemoFiles.NAMES) {
            if (!name.equals("report.html")) { // it tells how long things took
                assertEquals(first.get(name), second.get(name), "demo repeats " + name);
            }
        }
    }
}
