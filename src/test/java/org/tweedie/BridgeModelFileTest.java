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
import java.util.LinkedHashMap;
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
import org.tweedie.bridge.domain.BridgeDomain;
import org.tweedie.bridge.domain.BridgeErrorReport;
import org.tweedie.bridge.domain.Clock;
import org.tweedie.bridge.domain.DomainSpec;
import org.tweedie.bridge.domain.LinearBase;
import org.tweedie.bridge.domain.ReversedBase;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.FileActions;
import org.tweedie.io.MalformedFileException;
import org.tweedie.io.Output;
import org.tweedie.io.Safetensors;
import org.tweedie.io.SafetensorsHeader;
import org.tweedie.io.Tensor;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Mlp;
import org.tweedie.sde.VpSde;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainSpec;

/** The file of a bridge into a domain: the same bits after it, its numbers walked by hand, and every damaged byte refused. */
class BridgeModelFileTest {
    private static final BridgeDomain DOMAIN = BridgeDomain.parse("levels:0,1,3 x onehot:2 x interval:0,1 x free:1");
    private static final Dataset HOMES = homes(40);

    @TempDir
    Path folder;

    private static Dataset homes(int rows) {
        float[] values = new float[5 * rows];
        for (int i = 0; i < rows; i++) {
            var words = Philox.words(1, i, Purpose.DATA, 0);
            double u = words.uniform(0);
            values[5 * i] = u < 0.2 ? 0 : u < 0.5 ? 1 : 3;
            values[5 * i + (words.uniform(1) < u ? 1 : 2)] = 1;
            values[5 * i + 3] = (float) words.uniform(2);
            values[5 * i + 4] = (float) (10 + 3 * u);
        }
        return Dataset.of(values, "rooms", "flat", "house", "garden", "rent");
    }

    private static DomainSpec spec() {
        return DomainSpec.of()
                .withBase(LinearBase.ornsteinUhlenbeck(0.3, Clock.exponential(3, 0.7)))
                .withSteps(4)
                .withNetwork(Mlp.of(5, 1))
                .withTraining(TrainSpec.steps(9)
                        .withBatch(16)
                        .withRate(0.05)
                        .withAverage(0.9)
                        .withSeed(11))
                .withCache(32, 3);
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aReadModelSamplesTheSameBits(Device device) throws IOException {
        List<DomainSpec> specs = List.of(
                spec(), spec().asTheyAre().withoutShares(), spec().withBase(new ReversedBase(new VpSde(0.1, 5))));
        for (DomainSpec spec : specs) {
            Path file = folder.resolve(device.kind() + "-" + specs.indexOf(spec) + ".safetensors");
            Path again = folder.resolve(device.kind() + "-" + specs.indexOf(spec) + "-again.safetensors");
            try (BridgeModel model = BridgeModel.fit(HOMES, DOMAIN, spec, device)) {
                model.save(file);
                try (BridgeModel read = BridgeModel.load(file, device)) {
                    Samples wanted = model.sample(70, 5);
                    Samples got = read.sample(70, 5);
                    assertArrayEquals(wanted.rows(), got.rows());
                    assertArrayEquals(wanted.output("z"), got.output("z"));
                    assertEquals(HOMES.columns(), read.columns());
                    assertEquals(DOMAIN.spec(), read.domain().spec());
                    assertEquals(4, read.steps());
                    assertEquals(model.bridge().base(), read.bridge().base());
                    assertArrayEquals(
                            model.bridge().domain().logWeights(),
                            read.bridge().domain().logWeights());
                    assertEquals(model.encoding().spec(), read.encoding().spec());
                    assertEquals(model.provenance(), read.provenance());
                    assertEquals(HOMES.hash(), read.provenance().get("data"));
                    assertEquals(Optional.empty(), read.result());
                    assertEquals(model.report(5, 3), read.report(HOMES, 5, 3));
                    assertTrue(assertThrows(IllegalStateException.class, () -> read.report(5, 3))
                            .getMessage()
                            .contains("holds no rows; give those to report on"));
                    read.save(again);
                }
            }
            assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(again));
        }
    }

    /** The example of docs/domain-bridges.md. */
    @Test
    void theExampleReadsWhatItSaved() throws IOException {
        Path file = folder.resolve("example.safetensors");
        Dataset data = HOMES;
        try (Device device = Device.open("cpu");
                BridgeModel model = BridgeModel.fit(data, DOMAIN, spec(), device)) {
            // snippet: file
            model.save(file);
            try (BridgeModel read = BridgeModel.load(file, device)) {
                float[] same = read.sample(1000, 7).rows(); // the bits of model.sample(1000, 7)
                BridgeErrorReport report = read.report(data, 200, 7); // the file holds no rows
                // end
                assertArrayEquals(model.sample(1000, 7).rows(), same);
                assertEquals(model.report(200, 7), report);
            }
        }
    }

    /** sum over inputs of a row of weights, in double. */
    private static double dot(float[] weights, int row, double[] of) {
        double sum = 0;
        for (int i = 0; i < of.length; i++) {
            sum += (double) weights[row * of.length + i] * of[i];
        }
        return sum;
    }

    /** The network of docs/formats.md with one layer, in double, from the file's tensors alone; z and end are its inputs, side by side. */
    private static double[] network(Safetensors file, double[] z, double[] end, double t) throws IOException {
        double[] inputs = Arrays.copyOf(z, z.length + end.length);
        System.arraycopy(end, 0, inputs, z.length, end.length);
        float[] frequencies = file.floats("network.time.frequencies");
        double[] features = new double[2 * frequencies.length];
        for (int f = 0; f < frequencies.length; f++) {
            features[f] = Math.sin(2 * Math.PI * frequencies[f] * t);
            features[f + frequencies.length] = Math.cos(2 * Math.PI * frequencies[f] * t);
        }
        float[] bias = file.floats("network.layer.0.bias");
        double[] hidden = new double[bias.length];
        for (int j = 0; j < hidden.length; j++) {
            double in = bias[j]
                    + dot(file.floats("network.layer.0.weight"), j, inputs)
                    + dot(file.floats("network.time.0.weight"), j, features);
            hidden[j] = in / (1 + Math.exp(-in));
        }
        double[] out = new double[z.length];
        for (int d = 0; d < out.length; d++) {
            out[d] = file.floats("network.out.bias")[d] + dot(file.floats("network.out.weight"), d, hidden);
        }
        return out;
    }

    /** The walk that docs/formats.md describes, from the file alone, in double, with the moments of ou:0.3 exponential:3,0.7 written out. */
    @Test
    void theFileWalkedByHandGivesTheSamples() throws IOException {
        Path path = folder.resolve("b.safetensors");
        try (Device device = Device.open("cpu");
                BridgeModel model = BridgeModel.fit(HOMES, DOMAIN, spec(), device)) {
            model.save(path);
            Samples samples = model.sample(12, 6);
            try (Safetensors file = Safetensors.open(path)) {
                assertEquals("ou:0.3 exponential:3,0.7", file.metadata().get("domain.base"));
                assertEquals("4", file.metadata().get("domain.steps"));
                String[] encoding = file.metadata().get("port.0.encoding").split("[:;]");
                double[] means = numbers(encoding[1]);
                double[] scales = numbers(encoding[2]);
                double[] logs = file.doubles("domain.weights");
                assertEquals(5, logs.length); // three levels, two categories
                for (int row = 0; row < 12; row++) {
                    double[] z = new double[5];
                    for (int j = 0; j < 4; j++) {
                        double t = 1 - (1 - j / 4.0) * (1 - j / 4.0);
                        double s = 1 - (1 - (j + 1) / 4.0) * (1 - (j + 1) / 4.0);
                        double m = Math.exp(-0.3 * (1 - t));
                        double then = Math.exp(-0.3 * (1 - s));
                        double v = left(t);
                        double dv = v - left(s);
                        double[] y = new double[5];
                        double[] pull = new double[5];
                        double[] end = new double[5];
                        for (int d = 0; d < 5; d++) {
                            y[d] = m * z[d];
                        }
                        double[] levels = new double[3];
                        for (int e = 0; e < 3; e++) {
                            levels[e] = (new double[] {0, 1, 3}[e] - means[0]) / scales[0];
                        }
                        pull[0] = (mean(levels, new double[] {logs[0], logs[1], logs[2]}, y[0], v) - y[0]) / v;
                        double odds = 1 / (1 + Math.exp(logs[4] - logs[3] + (y[2] - y[1]) / v));
                        pull[1] = (odds - y[1]) / v;
                        pull[2] = (1 - odds - y[2]) / v;
                        pull[3] = cut(-means[3] / scales[3], (1 - means[3]) / scales[3], y[3], v);
                        for (int d = 0; d < 5; d++) {
                            end[d] = y[d] + v * pull[d];
                        }
                        double[] g = network(file, z, end, t);
                        for (int d = 0; d < 5; d++) {
                            double noise = Philox.words(6, row, Purpose.STEP, j).normal(d);
                            z[d] = (y[d] + dv * (pull[d] + g[d] / Math.sqrt(v)) + Math.sqrt(dv) * noise) / then;
                        }
                    }
                    for (int d = 0; d < 5; d++) {
                        assertEquals(
                                z[d] * scales[d] + means[d], samples.output("z")[5 * row + d], 1e-4, row + ", " + d);
                    }
                    double x = samples.rows()[5 * row];
                    double last = samples.output("z")[5 * row];
                    assertEquals(last < 0.5 ? 0 : last < 2 ? 1 : 3, x, 0);
                    assertEquals(samples.output("z")[5 * row + 4], samples.rows()[5 * row + 4]);
                }
            }
        }
    }

    /** The variance left of ou:0.3 exponential:3,0.7: the integral of e^(-0.6(1-u)) 2.1 e^(-3u) from t to 1. */
    private static double left(double t) {
        return 2.1 * Math.exp(-0.6) * (Math.exp(-2.4 * t) - Math.exp(-2.4)) / 2.4;
    }

    private static double mean(double[] points, double[] logs, double y, double v) {
        double sum = 0;
        double all = 0;
        for (int e = 0; e < points.length; e++) {
            double weight = Math.exp(logs[e] - (y - points[e]) * (y - points[e]) / (2 * v));
            sum += weight * points[e];
            all += weight;
        }
        return sum / all;
    }

    /** The slope of the logarithm of the probability of an interval, by the midpoint rule over it. */
    private static double cut(double from, double to, double y, double v) {
        double first = 0;
        double all = 0;
        double nearest = Math.max(from, Math.min(to, y));
        for (int i = 0; i < 20_000; i++) {
            double x = from + (i + 0.5) * (to - from) / 20_000;
            double density = Math.exp(((y - nearest) * (y - nearest) - (x - y) * (x - y)) / (2 * v));
            first += density * (x - y) / v;
            all += density;
        }
        return first / all;
    }

    private static double[] numbers(String list) {
        return Arrays.stream(list.split(",")).mapToDouble(Double::parseDouble).toArray();
    }

    /** The keys and tensors are those that the page lists. */
    @Tag("checkout")
    @Test
    void thePageListsWhatTheFileHolds() throws IOException {
        String page = Files.readString(Path.of("docs/formats.md"));
        int from = page.indexOf("## The file of a bridge into a domain");
        String section = page.substring(from, page.indexOf("\n## ", from));
        TreeSet<String> listed = new TreeSet<>();
        Matcher row = Pattern.compile("(?m)^\\| (`[^|]+`) \\|").matcher(section);
        while (row.find()) {
            Matcher name = Pattern.compile("`([^`]+)`").matcher(row.group(1));
            while (name.find()) {
                listed.add(name.group(1));
            }
        }
        TreeSet<String> there = new TreeSet<>();
        Path path = folder.resolve("b.safetensors");
        try (Device device = Device.open("cpu");
                BridgeModel model = BridgeModel.fit(HOMES, DOMAIN, spec(), device)) {
            model.save(path);
        }
        try (Safetensors file = Safetensors.open(path)) {
            file.metadata()
                    .keySet()
                    .forEach(key -> there.add(
                            key.replaceFirst("(?<=^provenance\\.).*", "*").replaceFirst("^port\\..*", "port...")));
            file.tensors().forEach(tensor -> there.add(tensor.name().replaceFirst("^network\\..*", "network.*")));
        }
        assertEquals(there, listed);
    }

    @Test
    void everyDamagedByteIsRefused() throws IOException {
        Path path = folder.resolve("b.safetensors");
        try (Device device = Device.open("cpu");
                BridgeModel model = BridgeModel.fit(
                        HOMES, DOMAIN, spec().withNetwork(Mlp.parse("mlp:2x1,fourier:1:0.25:8")), device)) {
            model.save(path);
            byte[] whole = Files.readAllBytes(path);
            Path damaged = folder.resolve("damaged.safetensors");
            for (int at = 0; at < whole.length; at++) {
                byte[] bytes = whole.clone();
                bytes[at] ^= (byte) (1 << at % 8);
                Files.write(damaged, bytes);
                int place = at;
                assertThrows(
                        MalformedFileException.class,
                        () -> BridgeModel.load(damaged, device),
                        () -> "byte " + place + " of " + whole.length);
            }
            for (int length : new int[] {0, 7, 8, 100, whole.length - 4, whole.length - 1}) {
                Files.write(damaged, Arrays.copyOf(whole, length));
                assertThrows(MalformedFileException.class, () -> BridgeModel.load(damaged, device));
            }
            Files.write(damaged, Arrays.copyOf(whole, whole.length + 4));
            assertThrows(MalformedFileException.class, () -> BridgeModel.load(damaged, device));
            BridgeModel.load(path, device).close();
        }
    }

    /** What is behind the hash is checked too: a file that says something else, with the hash of that. */
    @Test
    void whatDoesNotFitIsRefusedByName() throws IOException {
        Path path = folder.resolve("b.safetensors");
        try (Device device = Device.open("cpu");
                BridgeModel model = BridgeModel.fit(HOMES, DOMAIN, spec(), device)) {
            model.save(path);
            long held = device.allocatedBytes();
            refused(path, Map.of("tweedie.format", "2"), "", "use a newer Tweedie", device);
            refused(path, Map.of("domain", "levls:0,1"), "", "did you mean levels?", device);
            refused(path, Map.of("domain", "free:4"), "", "as wide as the domain, whose width is 4", device);
            refused(path, Map.of("domain", "levels:0,1 x onehot:2 x free:2"), "", "have 4 points, got 5", device);
            refused(path, Map.of("domain", "free:5"), "", "tensors, the architecture needs", device);
            refused(path, Map.of("domain", "onehot:5"), "", "leave the columns of one-hot factors", device);
            refused(path, Map.of("domain.base", "ou:0.3"), "", "unknown clock ''", device);
            refused(path, Map.of("domain.steps", "1"), "", "must be 2 to 10000, got 1", device);
            refused(path, Map.of("network.architecture", "mlp:6x1"), "", "the architecture needs", device);
            refused(path, Map.of("port.0.encoding", "standardise:1;1"), "", "is 1 wide, its port 5", device);
            refused(path, Map.of("port.0.encoding", "haar:1,1x5"), "", "port.0.encoding", device);
            refused(
                    path,
                    Map.of("port.0.encoding", "standardise:0,0,0,0,0;1e-300,1,1,1,1"),
                    "",
                    "numbers up to 1e9",
                    device);
            refused(path, Map.of(), "domain.weights", "is absent", device);
            refused(path, Map.of(), "network.out.bias", "tensors, the architecture needs", device);
            assertEquals(held, device.allocatedBytes());
        }
    }

    /** @param without a tensor that is left out */
    private void refused(Path whole, Map<String, String> facts, String without, String why, Device device)
            throws IOException {
        Path changed = folder.resolve("changed.safetensors");
        Map<String, String> metadata;
        List<Tensor> tensors = new ArrayList<>();
        try (Safetensors file = Safetensors.open(whole)) {
            metadata = new LinkedHashMap<>(file.metadata());
            for (SafetensorsHeader.Entry entry : file.tensors()) {
                if (!entry.name().equals(without)) {
                    tensors.add(new Tensor(
                            entry.name(), entry.dtype(), entry.shape(), ByteBuffer.wrap(file.bytes(entry.name()))));
                }
            }
        }
        metadata.putAll(facts);
        metadata.remove("tweedie.sha256");
        metadata.put("tweedie.sha256", Safetensors.hash(metadata, tensors));
        Safetensors.write(Output.to(changed).replacing(), metadata, tensors);
        String message = assertThrows(MalformedFileException.class, () -> BridgeModel.load(changed, device), why)
                .getMessage();
        assertTrue(message.contains(why), message);
    }

    @Test
    void filesAreNotTakenForEachOther() throws IOException {
        Path domain = folder.resolve("d.safetensors");
        Path model = folder.resolve("m.safetensors");
        try (Device device = Device.open("cpu");
                BridgeModel fitted = BridgeModel.fit(HOMES, DOMAIN, spec(), device);
                ScoreModel score = ScoreModel.create(new VpSde(), Mlp.of(5, 1), HOMES, 1, device)) {
            fitted.save(domain);
            score.save(model);
            String one = assertThrows(MalformedFileException.class, () -> BridgeModel.load(model, device))
                    .getMessage();
            assertTrue(one.contains("not a bridge into a domain"), one);
            String other = assertThrows(MalformedFileException.class, () -> Model.load(domain, device))
                    .getMessage();
            assertTrue(other.contains("has no score: sample it by tweedie domain sample"), other);
            String third = assertThrows(MalformedFileException.class, () -> SchrodingerBridge.load(domain, device))
                    .getMessage();
            assertTrue(third.contains("sample it by tweedie domain sample"), third);
        }
    }

    @Test
    void aStoppedModelIsNotSaved() throws IOException {
        CancelToken cancel = new CancelToken();
        cancel.cancel();
        try (Device device = Device.open("cpu");
                CheckpointDirectory kept = CheckpointDirectory.open(folder.resolve("kept"), 2, FileActions.disk());
                BridgeModel model =
                        BridgeModel.fit(HOMES, DOMAIN, spec(), device, TrainListener.NONE, cancel, kept, false)) {
            Path file = folder.resolve("b.safetensors");
            assertTrue(assertThrows(IllegalStateException.class, () -> model.save(file))
                    .getMessage()
                    .contains("when its training is done"));
            assertTrue(Files.notExists(file));
        }
    }
}
