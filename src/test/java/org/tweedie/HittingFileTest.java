package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.Precision;
import org.tweedie.hitting.HittingDomain;
import org.tweedie.hitting.HittingSpec;
import org.tweedie.hitting.HittingSteps;
import org.tweedie.hitting.UnitBall;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.FileActions;
import org.tweedie.io.MalformedFileException;
import org.tweedie.io.Output;
import org.tweedie.io.Safetensors;
import org.tweedie.io.SafetensorsHeader;
import org.tweedie.io.Tensor;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.score.FormulaField;
import org.tweedie.score.Mlp;
import org.tweedie.sde.VpSde;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;

/** The file of a first-hitting model and its checkpoints: the same bits after them, its numbers walked by hand, and every damaged byte refused. */
class HittingFileTest {
    @TempDir
    Path folder;

    private static HittingSpec spec(long steps) {
        return HittingSpec.standard()
                .withSteps(new HittingSteps(0.05, 0.2, 0.02, 400))
                .withNetwork(Mlp.of(5, 1))
                .withTraining(TrainSpec.steps(steps)
                        .withBatch(16)
                        .withAverage(0.9)
                        .withSeed(11)
                        .withCheckpointEvery(5))
                .withCache(32, 3, 4);
    }

    /** With the products that have the same bits on every device. */
    private static HittingSpec exact(long steps) {
        HittingSpec spec = spec(steps);
        return spec.withTraining(spec.training().withPrecision(Precision.F32));
    }

    /** Rows of each kind, as files have them. */
    private static Dataset rows(String domain) {
        return switch (domain.split(":")[0]) {
            case "ball" -> Dataset.of(new float[] {0.6f, 0.8f, 0, 1, -1, 0}, "x", "y");
            case "cube" -> Dataset.of(new float[] {1, 0, 0, 1, 1, 1}, "a", "b");
            case "categories" -> Dataset.of(new float[] {2, 0, 0, 1, 1, 1}, "colour", "size");
            case "halfspace" -> Dataset.of(new float[] {0.5f, -1, 2, 0}, "u", "v");
            default -> Dataset.of(new float[] {31.1f, 35.5f, -30, 170}, "LATITUDE", "LONGITUDE");
        };
    }

    private static final List<String> DOMAINS =
            List.of("ball:0.25,0", "cube:0.6,0.5", "categories:3,2", "halfspace:2,0.5", "earth");

    private static FirstHittingModel fit(String domain, Device device) {
        return FirstHittingModel.fit(rows(domain), HittingDomain.parse(domain), exact(9), device);
    }

    /** Fitted on any device, saved and read: the bits that the host has, of weights and samples. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void everyDeviceFitsAndReadsTheSameBits(Device device) throws IOException {
        try (Device host = Device.open("cpu:1")) {
            for (String domain : DOMAINS) {
                Path file = folder.resolve(device.kind() + domain.replace(':', '-') + ".safetensors");
                Path again = folder.resolve(device.kind() + domain.replace(':', '-') + "-again.safetensors");
                try (FirstHittingModel there = fit(domain, device);
                        FirstHittingModel here = fit(domain, host)) {
                    Samples samples = there.sample(70, 5);
                    assertArrayEquals(here.sample(70, 5).rows(), samples.rows(), domain);
                    there.save(file);
                    try (FirstHittingModel read = FirstHittingModel.load(file, device)) {
                        Samples same = read.sample(70, 5);
                        assertArrayEquals(samples.rows(), same.rows(), domain);
                        assertArrayEquals(samples.output("tau"), same.output("tau"));
                        assertEquals(samples.columns(), same.columns());
                        assertEquals(rows(domain).columns(), read.written());
                        assertEquals(domain, read.domain().spec());
                        assertEquals(there.steps(), read.steps());
                        assertEquals(there.provenance(), read.provenance());
                        assertEquals(rows(domain).hash(), read.provenance().get("data"));
                        assertEquals(Optional.empty(), read.result());
                        read.save(again);
                    }
                }
                assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(again));
            }
        }
    }

    /** The example of docs/first-hitting.md. */
    @Test
    void theExampleReadsWhatItSaved() throws IOException {
        Path file = folder.resolve("example.safetensors");
        try (Device device = Device.open("cpu");
                FirstHittingModel model = fit("earth", device)) {
            // snippet: file
            model.save(file);
            try (FirstHittingModel read = FirstHittingModel.load(file, device)) {
                Samples same = read.sample(1000, 7); // the bits of model.sample(1000, 7)
                float[] degrees = read.domain().write(same.rows()); // latitude, longitude
                // end
                assertArrayEquals(model.sample(1000, 7).rows(), same.rows());
                assertEquals(2000, degrees.length);
            }
        }
    }

    /** A run that stops after each few steps and goes on, also to refreshes of the cache between, ends with the bits of one that does not. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aStoppedFitGoesOnToTheSameBits(Device device) throws IOException {
        for (String text : List.of("earth", "categories:3,2")) {
            HittingDomain domain = HittingDomain.parse(text);
            Path kept = folder.resolve(device.kind() + text.replace(':', '-'));
            float[] whole;
            try (FirstHittingModel model = FirstHittingModel.fit(rows(text), domain, spec(23), device)) {
                whole = model.sample(50, 3).rows();
            }
            int runs = 0;
            for (boolean done = false; !done; runs++) {
                CancelToken cancel = new CancelToken();
                TrainListener stopping = new TrainListener() {
                    @Override
                    public void at(Progress progress) {}

                    @Override
                    public void saved(long step, Path file) {
                        cancel.cancel();
                    }
                };
                try (CheckpointDirectory directory = CheckpointDirectory.open(kept, 2, FileActions.disk());
                        FirstHittingModel model = FirstHittingModel.fit(
                                rows(text), domain, spec(23), device, stopping, cancel, directory, true)) {
                    TrainResult result = model.result().orElseThrow();
                    done = result.outcome() == TrainResult.Outcome.FINISHED;
                    assertTrue(runs < 10, "each run goes on");
                    if (done) {
                        assertEquals(23, result.step());
                        assertArrayEquals(whole, model.sample(50, 3).rows());
                    } else {
                        assertTrue(assertThrows(IllegalStateException.class, () -> model.save(folder.resolve("none")))
                                .getMessage()
                                .contains("saved when all its steps are done; stopped after step"));
                    }
                }
            }
            assertTrue(runs >= 4, runs + " runs");
            try (CheckpointDirectory directory = CheckpointDirectory.open(kept, 2, FileActions.disk())) {
                for (HittingSpec other : List.of(
                        spec(23).withDamping(0.3),
                        spec(23).withCache(33, 3, 4),
                        spec(23).withSteps(HittingSteps.of(0.05)))) {
                    assertTrue(assertThrows(
                                    IllegalArgumentException.class,
                                    () -> FirstHittingModel.fit(
                                            rows(text),
                                            domain,
                                            other,
                                            device,
                                            TrainListener.NONE,
                                            new CancelToken(),
                                            directory,
                                            true))
                            .getMessage()
                            .contains("cannot resume"));
                }
            }
        }
    }

    /** The walk that docs/formats.md describes, from the file's tensors, in double: what the file says is what is walked. */
    @Test
    void theTensorsWalkedByHandGiveTheSamples() throws IOException {
        Path path = folder.resolve("m.safetensors");
        try (Device device = Device.open("cpu");
                FirstHittingModel model = fit("ball:0.25,0", device)) {
            model.save(path);
            Samples samples = model.sample(20, 6);
            try (Safetensors file = Safetensors.open(path)) {
                assertEquals("0.05,0.2,0.02,400", file.metadata().get("hitting.steps"));
                for (int row = 0; row < 20; row++) {
                    double[] z = {0.25, 0};
                    double tau = 0;
                    int step = 0;
                    while (1 - Math.hypot(z[0], z[1]) > 0.02) {
                        double far = 1 - Math.hypot(z[0], z[1]);
                        double h = Math.min(0.05, 0.2 * far * far);
                        double[] drift = BridgeFileTest.network(file, "network", z, 0);
                        for (int d = 0; d < 2; d++) {
                            double n = Philox.words(6, row, Purpose.STEP, step).normal(d);
                            z[d] += h * drift[d] + Math.sqrt(h) * n;
                        }
                        tau += h;
                        step++;
                    }
                    double length = Math.hypot(z[0], z[1]);
                    assertEquals(z[0] / length, samples.rows()[2 * row], 1e-3, "row " + row);
                    assertEquals(z[1] / length, samples.rows()[2 * row + 1], 1e-3, "row " + row);
                    assertEquals(tau, samples.output("tau")[row], 1e-3, "row " + row);
                    assertEquals(step, samples.nfe(row));
                }
            }
        }
    }

    /** The keys and tensors are those that the page lists. */
    @Tag("checkout")
    @Test
    void thePageListsWhatTheFileHolds() throws IOException {
        String page = Files.readString(Path.of("docs/formats.md"));
        String section = page.substring(
                page.indexOf("## The first-hitting file"), page.indexOf("## The file of a bridge into a domain"));
        TreeSet<String> listed = new TreeSet<>();
        Matcher row = Pattern.compile("(?m)^\\| (`[^|]+`) \\|").matcher(section);
        while (row.find()) {
            Matcher name = Pattern.compile("`([^`]+)`").matcher(row.group(1));
            while (name.find()) {
                listed.add(name.group(1));
            }
        }
        TreeSet<String> there = new TreeSet<>();
        Path path = folder.resolve("m.safetensors");
        try (Device device = Device.open("cpu");
                FirstHittingModel model = fit("categories:3,2", device)) {
            model.save(path);
        }
        try (Safetensors file = Safetensors.open(path)) {
            file.metadata()
                    .keySet()
                    .forEach(key -> there.add(
                            key.replaceFirst("(?<=^provenance\\.).*", "*").replaceFirst("^port\\..*", "port...")));
            file.tensors().forEach(tensor -> there.add(tensor.name().replaceFirst("(?<=^network\\.).*", "*")));
        }
        assertEquals(there, listed);
    }

    @Test
    void everyDamagedByteIsRefused() throws IOException {
        Path path = folder.resolve("m.safetensors");
        try (Device device = Device.open("cpu");
                FirstHittingModel model = fit("categories:3,2", device)) {
            model.save(path);
            byte[] whole = Files.readAllBytes(path);
            Path damaged = folder.resolve("damaged.safetensors");
            long held = device.allocatedBytes();
            for (int at = 0; at < whole.length; at++) {
                byte[] bytes = whole.clone();
                bytes[at] ^= (byte) (1 << at % 8);
                Files.write(damaged, bytes);
                int place = at;
                assertThrows(
                        MalformedFileException.class,
                        () -> FirstHittingModel.load(damaged, device),
                        () -> "byte " + place + " of " + whole.length);
            }
            for (int length : new int[] {0, 7, 8, 100, whole.length - 4, whole.length - 1}) {
                Files.write(damaged, Arrays.copyOf(whole, length));
                assertThrows(MalformedFileException.class, () -> FirstHittingModel.load(damaged, device));
            }
            Files.write(damaged, Arrays.copyOf(whole, whole.length + 4));
            assertThrows(MalformedFileException.class, () -> FirstHittingModel.load(damaged, device));
            assertEquals(held, device.allocatedBytes(), "nothing is held of what was refused");
            FirstHittingModel.load(path, device).close();
        }
    }

    /** What is behind the hash is checked too: a file that says something else, with the hash of that. */
    @Test
    void whatDoesNotFitIsRefusedByName() throws IOException {
        Path path = folder.resolve("m.safetensors");
        try (Device device = Device.open("cpu");
                FirstHittingModel model = fit("categories:3,2", device)) {
            model.save(path);
            long held = device.allocatedBytes();
            refused(path, Map.of("tweedie.format", "2"), "use a newer Tweedie", device);
            refused(path, Map.of("hitting.domain", "bal:3"), "did you mean ball?", device);
            refused(path, Map.of("hitting.domain", "categories:3,3"), "are not the columns of categories:3,3", device);
            refused(path, Map.of("hitting.domain", "cube:5"), "are not the columns of cube:5", device);
            refused(path, Map.of("hitting.domain", "ball:2000000000"), "100000 is the most", device);
            refused(path, Map.of("hitting.steps", "0"), "longest step must be above 0", device);
            refused(path, Map.of("port.1", "y"), "are not the columns of", device);
            refused(path, Map.of("ports", "1"), "are not the columns of", device);
            refused(path, Map.of("port.1.columns", "1"), "are not the columns of", device);
            refused(path, Map.of("network.architecture", "mlp:6x1"), "the architecture needs", device);
            assertEquals(held, device.allocatedBytes(), "nothing is held of what was refused");
        }
    }

    private void refused(Path path, Map<String, String> facts, String why, Device device) throws IOException {
        Path changed = folder.resolve("changed.safetensors");
        Map<String, String> metadata;
        List<Tensor> tensors = new ArrayList<>();
        try (Safetensors file = Safetensors.open(path)) {
            metadata = new HashMap<>(file.metadata());
            for (SafetensorsHeader.Entry entry : file.tensors()) {
                tensors.add(new Tensor(
                        entry.name(), entry.dtype(), entry.shape(), ByteBuffer.wrap(file.bytes(entry.name()))));
            }
        }
        metadata.putAll(facts);
        metadata.remove("tweedie.sha256");
        metadata.put("tweedie.sha256", Safetensors.hash(metadata, tensors));
        Safetensors.write(Output.to(changed).replacing(), metadata, tensors);
        String message = assertThrows(MalformedFileException.class, () -> FirstHittingModel.load(changed, device), why)
                .getMessage();
        assertTrue(message.contains(why), message);
    }

    @Test
    void otherFilesAreNotTakenForIt() throws IOException {
        Path hitting = folder.resolve("h.safetensors");
        Path score = folder.resolve("s.safetensors");
        try (Device device = Device.open("cpu");
                FirstHittingModel model = fit("cube:0.6,0.5", device);
                ScoreModel other = ScoreModel.create(new VpSde(), Mlp.of(5, 1), rows("cube"), 1, device)) {
            model.save(hitting);
            other.save(score);
            assertSays(
                    "not a first-hitting model; sample it by tweedie sample",
                    () -> FirstHittingModel.load(score, device));
            assertSays("sample it by tweedie hitting sample, or", () -> Model.load(hitting, device));
            assertSays("sample it by tweedie hitting sample, or", () -> SchrodingerBridge.load(hitting, device));
        }
    }

    private interface Reading {
        void run() throws IOException;
    }

    private static void assertSays(String what, Reading read) {
        String message = assertThrows(MalformedFileException.class, read::run).getMessage();
        assertTrue(message.contains(what), message);
    }

    @Test
    void aDriftOfTheCallersOwnHasNoFile() {
        FormulaWriter f = Formula.writer("none");
        f.output(f.input(2).times(0.5));
        try (Device device = Device.open("cpu");
                FirstHittingModel known = FirstHittingModel.of(
                        UnitBall.of(2), new FormulaField(f.formula()), HittingSteps.standard(), device);
                FirstHittingModel base = FirstHittingModel.base(UnitBall.of(2), HittingSteps.standard(), device)) {
            for (FirstHittingModel model : List.of(known, base)) {
                String message = assertThrows(
                                IllegalStateException.class, () -> model.save(folder.resolve("m.safetensors")))
                        .getMessage();
                assertTrue(message.contains("make it again by of or base, or fit a model"), message);
                assertEquals(Map.of(), model.provenance());
            }
            assertTrue(Files.notExists(folder.resolve("m.safetensors")));
        }
    }
}
