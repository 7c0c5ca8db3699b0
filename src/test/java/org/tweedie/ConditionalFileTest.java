package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
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
import org.tweedie.bridge.BridgeListener;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.bridge.ConditionalLaw;
import org.tweedie.bridge.Features;
import org.tweedie.bridge.LawSpec;
import org.tweedie.bridge.Reference;
import org.tweedie.bridge.StepSizes;
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
import org.tweedie.train.TrainSpec;

/** The file of a conditional bridge: the same bits after it whatever its law, its numbers walked by hand, and every damaged byte refused. */
class ConditionalFileTest {
    private static final List<String> LAWS = List.of("normal", "columns", "affine", "affine:0.1", "radial:5,0.7:0.001");
    private static final float[] SEEN = {0.5f, 1, -1};

    @TempDir
    Path folder;

    /** Two columns to model under two conditions of one and two columns, which tell of the first of them. */
    private static Dataset table() {
        float[] values = new float[5 * 50];
        for (int i = 0; i < 50; i++) {
            for (int j = 0; j < 5; j++) {
                values[5 * i + j] = (float) Philox.words(8, i, Purpose.DATA, 0).normal(j);
            }
            values[5 * i] += values[5 * i + 2] * values[5 * i + 2] - 2 * values[5 * i + 4];
        }
        return Dataset.of(values, "a", "b", "c", "d", "e")
                .given("first obs", "c")
                .given("more", "d", "e");
    }

    private static BridgeSpec spec() {
        return BridgeSpec.of(StepSizes.symmetric(4, 0.1, 0.3))
                .withIterations(1)
                .withNetwork(Mlp.of(5, 1))
                .withTraining(TrainSpec.steps(9).withBatch(16).withAverage(0.9).withSeed(11))
                .withCache(32, 3);
    }

    private static ConditionalBridge fit(String law, Device device) {
        return fit(law, spec(), device);
    }

    private static ConditionalBridge fit(String law, BridgeSpec spec, Device device) {
        Dataset data = table();
        return ConditionalBridge.fit(data, LawSpec.parse(law).law(data), spec, device);
    }

    private static List<float[]> bits(ConditionalBridge bridge) {
        float[] more = {1, -1, 0, 0, 3, 1};
        return List.of(
                bridge.posterior(SEEN).sample(20, 1).rows(),
                bridge.posteriorForwardBackward(SEEN).sample(20, 2).rows(),
                bridge.forward().sample(20, 3).rows(),
                bridge.posterior()
                        .given("first obs", new float[] {0.5f, -1, 2}, 1)
                        .given("more", more, 2)
                        .sample(3, 3)
                        .rows());
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aReadBridgeWalksToTheSameBits(Device device) throws IOException {
        for (String law : LAWS) {
            Path file = folder.resolve(device.kind() + law.replace(':', '-') + ".safetensors");
            Path again = folder.resolve(device.kind() + law.replace(':', '-') + "-again.safetensors");
            try (ConditionalBridge bridge = fit(law, device)) {
                bridge.save(file);
                try (ConditionalBridge read = ConditionalBridge.load(file, device)) {
                    List<float[]> wanted = bits(bridge);
                    List<float[]> got = bits(read);
                    for (int i = 0; i < wanted.size(); i++) {
                        assertArrayEquals(wanted.get(i), got.get(i), law);
                    }
                    assertEquals(bridge.halves(), read.halves());
                    assertEquals(bridge.process(), read.process());
                    assertEquals(bridge.conditions(), read.conditions());
                    assertEquals(bridge.columns(), read.columns());
                    assertEquals(bridge.provenance(), read.provenance());
                    assertEquals(table().hash(), read.provenance().get("from"));
                    assertEquals(Optional.empty(), read.result());
                    read.save(again);
                }
            }
            assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(again), law);
            try (Safetensors opened = Safetensors.open(file)) {
                assertEquals(law, opened.metadata().get("bridge.law"));
            }
        }
    }

    /** The example of docs/conditional-bridges.md. */
    @Test
    void theExampleReadsWhatItSaved() throws IOException {
        Path file = folder.resolve("example.safetensors");
        try (Device device = Device.open("cpu");
                ConditionalBridge bridge = fit("affine", device)) {
            float[] seen = SEEN;
            // snippet: file
            bridge.save(file);
            try (ConditionalBridge read = ConditionalBridge.load(file, device)) {
                float[] same = read.posterior(seen).sample(500, 7).rows(); // the bits of bridge.posterior(seen)
                // end
                assertArrayEquals(bridge.posterior(seen).sample(500, 7).rows(), same);
            }
        }
    }

    /** A law from Java is that of its spec, and of a radial law with fewer rows than centres the spec says how many there are. */
    @Test
    void aLawOfJavaIsThatOfItsSpec() {
        Dataset data = table();
        double[][] same = new double[2][2];
        double[][] other = new double[2][2];
        ConditionalLaw.regression(data, Features.Basis.radial(70, 0.7), 1e-3)
                .at(new double[] {1, 2, 3}, same[0], same[1]);
        ConditionalLaw law = LawSpec.parse("radial:50,0.7:1e-3").law(data);
        law.at(new double[] {1, 2, 3}, other[0], other[1]);
        assertArrayEquals(same[0], other[0]);
        assertArrayEquals(same[1], other[1]);
    }

    /** The numbers of a row of a tensor, times those of a vector, in double. */
    private static double dot(float[] weights, int row, double[] of) {
        double sum = 0;
        for (int i = 0; i < of.length; i++) {
            sum += (double) weights[row * of.length + i] * of[i];
        }
        return sum;
    }

    /** The network of docs/formats.md with one layer, in double, from the file's tensors alone. */
    private static double[] network(Safetensors file, double[] xy, double t) throws IOException {
        String name = "network.backward";
        float[] frequencies = file.floats(name + ".time.frequencies");
        double[] features = new double[2 * frequencies.length];
        for (int f = 0; f < frequencies.length; f++) {
            features[f] = Math.sin(2 * Math.PI * frequencies[f] * t);
            features[f + frequencies.length] = Math.cos(2 * Math.PI * frequencies[f] * t);
        }
        float[] bias = file.floats(name + ".layer.0.bias");
        double[] hidden = new double[bias.length];
        for (int j = 0; j < hidden.length; j++) {
            double in = bias[j]
                    + dot(file.floats(name + ".layer.0.weight"), j, xy)
                    + dot(file.floats(name + ".time.0.weight"), j, features);
            hidden[j] = in / (1 + Math.exp(-in));
        }
        double[] out = new double[2];
        for (int d = 0; d < out.length; d++) {
            out[d] = file.floats(name + ".out.bias")[d] + dot(file.floats(name + ".out.weight"), d, hidden);
        }
        return out;
    }

    private static double[] numbers(String list) {
        return Arrays.stream(list.split(",")).mapToDouble(Double::parseDouble).toArray();
    }

    /** m(y) as docs/formats.md says it, from the tensors alone. */
    private static double[] mean(Safetensors file, double[] y) throws IOException {
        double[] mean = file.doubles("law.mean");
        if (!file.has("law.weight")) {
            return mean;
        }
        double[] phi = Arrays.copyOf(y, (int) file.entry("law.feature.mean").bytes() / 8);
        if (file.has("law.bump.centre")) {
            double[] variance = file.doubles("law.bump.variance");
            for (int c = 0; c < 5; c++) {
                double square = 0;
                for (int j = 0; j < 3; j++) {
                    square += Math.pow(y[j] - file.doubles("law.bump.centre")[3 * c + j], 2) / variance[j];
                }
                phi[3 + c] = Math.exp(-square / (2 * 3 * 0.7 * 0.7));
            }
        }
        for (int k = 0; k < mean.length; k++) {
            for (int j = 0; j < phi.length; j++) {
                mean[k] += file.doubles("law.weight")[k * phi.length + j]
                        * (phi[j] - file.doubles("law.feature.mean")[j])
                        / file.doubles("law.feature.deviation")[j];
            }
        }
        return mean;
    }

    /** The walk that docs/formats.md describes, from the file's tensors, in double: what the file says is what is walked. */
    @Test
    void theTensorsWalkedByHandGiveTheSamples() throws IOException {
        double[] gammas = {0.1, 0.3, 0.3, 0.1};
        for (String law : List.of("columns", "affine:0.1", "radial:5,0.7:0.001")) {
            Path path = folder.resolve(law.replace(':', '-') + ".safetensors");
            try (Device device = Device.open("cpu");
                    ConditionalBridge bridge = fit(law, device)) {
                bridge.save(path);
                float[] ends = bridge.posterior(SEEN).sample(3, 6).rows();
                try (Safetensors file = Safetensors.open(path)) {
                    double[] y = {SEEN[0], SEEN[1], SEEN[2]};
                    double[] mean = mean(file, y);
                    double[] deviation = file.doubles("law.deviation");
                    double[] xy = new double[5];
                    String[] first = file.metadata().get("port.1.encoding").split("[:;]");
                    String[] more = file.metadata().get("port.2.encoding").split("[:;]");
                    xy[2] = (y[0] - numbers(first[1])[0]) / numbers(first[2])[0];
                    for (int j = 0; j < 2; j++) {
                        xy[3 + j] = (y[1 + j] - numbers(more[1])[j]) / numbers(more[2])[j];
                    }
                    for (int row = 0; row < 3; row++) {
                        for (int d = 0; d < 2; d++) {
                            xy[d] = Philox.words(6, row, Purpose.PRIOR, 0).normal(d);
                        }
                        for (int j = 0; j < 4; j++) {
                            double[] drift = network(file, xy, (4 - j) / 4.0);
                            for (int d = 0; d < 2; d++) {
                                double z = Philox.words(6, row, Purpose.STEP, j).normal(d);
                                xy[d] += gammas[3 - j] * drift[d] + Math.sqrt(2 * gammas[3 - j]) * z;
                            }
                        }
                        for (int d = 0; d < 2; d++) {
                            assertEquals(mean[d] + deviation[d] * xy[d], ends[2 * row + d], 1e-4, law + " row " + row);
                        }
                    }
                    Dataset data = table();
                    double[] of = new double[3];
                    for (int j = 0; j < 3; j++) {
                        of[j] = data.values()[5 + 2 + j];
                    }
                    float[] kept = file.floats("rows.pairs");
                    assertEquals((data.values()[5] - mean(file, of)[0]) / deviation[0], kept[5], 1e-5, "u of row 1");
                }
            }
        }
    }

    /** The keys and tensors are those that the page lists. */
    @Tag("checkout")
    @Test
    void thePageListsWhatTheFileHolds() throws IOException {
        String page = Files.readString(Path.of("docs/formats.md"));
        String section =
                page.substring(page.indexOf("### Of a conditional bridge"), page.indexOf("## The first-hitting file"));
        TreeSet<String> listed = new TreeSet<>();
        Matcher row = Pattern.compile("(?m)^\\| (`[^|]+`) \\|").matcher(section);
        while (row.find()) {
            Matcher name = Pattern.compile("`([^`]+)`").matcher(row.group(1));
            while (name.find()) {
                listed.add(name.group(1));
            }
        }
        Path joined = folder.resolve("joined.safetensors");
        Path path = folder.resolve("b.safetensors");
        try (Device device = Device.open("cpu");
                ConditionalBridge bridge = fit("radial:5,0.7", device);
                SchrodingerBridge without = joined(device)) {
            bridge.save(path);
            without.save(joined);
        }
        TreeSet<String> there = names(path);
        assertTrue(there.removeAll(names(joined)), "what both kinds hold is listed above");
        assertEquals(there, listed);
    }

    private static TreeSet<String> names(Path path) throws IOException {
        TreeSet<String> names = new TreeSet<>();
        try (Safetensors file = Safetensors.open(path)) {
            file.metadata().keySet().stream()
                    .filter(key -> !key.startsWith("port."))
                    .forEach(names::add);
            file.tensors().forEach(tensor -> names.add(tensor.name()));
        }
        return names;
    }

    private static SchrodingerBridge joined(Device device) {
        return SchrodingerBridge.fitToNormal(
                Dataset.of(new float[] {1, 2, 3, 5, 5, 4}, "a", "b"), Reference.ornsteinUhlenbeck(1), spec(), device);
    }

    @Test
    void everyDamagedByteIsRefused() throws IOException {
        Path path = folder.resolve("b.safetensors");
        try (Device device = Device.open("cpu");
                ConditionalBridge bridge =
                        fit("radial:2,1", spec().withNetwork(Mlp.parse("mlp:2x1,fourier:1:0.25:8")), device)) {
            bridge.save(path);
            byte[] whole = Files.readAllBytes(path);
            Path damaged = folder.resolve("damaged.safetensors");
            for (int at = 0; at < whole.length; at++) {
                byte[] bytes = whole.clone();
                bytes[at] ^= (byte) (1 << at % 8);
                Files.write(damaged, bytes);
                int place = at;
                assertThrows(
                        MalformedFileException.class,
                        () -> ConditionalBridge.load(damaged, device),
                        () -> "byte " + place + " of " + whole.length);
            }
            for (int length : new int[] {0, 7, 8, 100, whole.length - 4, whole.length - 1}) {
                Files.write(damaged, Arrays.copyOf(whole, length));
                assertThrows(MalformedFileException.class, () -> ConditionalBridge.load(damaged, device));
            }
            Files.write(damaged, Arrays.copyOf(whole, whole.length + 4));
            assertThrows(MalformedFileException.class, () -> ConditionalBridge.load(damaged, device));
            ConditionalBridge.load(path, device).close();
        }
    }

    /** What is behind the hash is checked too: a file that says something else, with the hash of that. */
    @Test
    void whatDoesNotFitIsRefusedByName() throws IOException {
        Path path = folder.resolve("b.safetensors");
        try (Device device = Device.open("cpu");
                ConditionalBridge bridge = fit("radial:2,1", device)) {
            bridge.save(path);
            long held = device.allocatedBytes();
            refused(path, Map.of("bridge.law", "radal:2,1"), List.of(), "did you mean radial?", device);
            refused(path, Map.of("bridge.law", "radial:3,1:1e-6"), List.of(), "the law needs [2, 6]", device);
            refused(path, Map.of("bridge.law", "affine"), List.of(), "the law needs [2, 3]", device);
            refused(path, Map.of("bridge.law", "normal"), List.of(), "the architecture needs", device);
            refused(path, Map.of("ports", "1"), List.of(), "are no conditions beside x", device);
            refused(path, Map.of("port.1", "start"), List.of(), "cannot be called 'start'", device);
            refused(path, Map.of("port.2", "first obs"), List.of(), "a name of its own", device);
            refused(path, Map.of("port.1.encoding", "standardise:1,1;1,1"), List.of(), "is 2 wide, its port 1", device);
            refused(path, Map.of("network.architecture", "mlp:6x1"), List.of(), "the architecture needs", device);
            refused(
                    path,
                    Map.of(),
                    List.of(Tensor.f64("law.deviation", new double[] {1, 0}, 2)),
                    "got 0.0 in 'deviation'",
                    device);
            refused(
                    path,
                    Map.of(),
                    List.of(Tensor.f64("law.mean", new double[] {1, Double.NaN}, 2)),
                    "got NaN in 'mean'",
                    device);
            refused(path, Map.of(), List.of(Tensor.f32("rows.pairs", new float[8], 2, 4)), "rows of 5 columns", device);
            assertEquals(held, device.allocatedBytes(), "nothing is held of what was refused");
        }
    }

    private void refused(Path path, Map<String, String> facts, List<Tensor> other, String why, Device device)
            throws IOException {
        Path changed = folder.resolve("changed.safetensors");
        Map<String, String> metadata;
        List<Tensor> tensors = new ArrayList<>(other);
        try (Safetensors file = Safetensors.open(path)) {
            metadata = new HashMap<>(file.metadata());
            for (SafetensorsHeader.Entry entry : file.tensors()) {
                if (other.stream().noneMatch(tensor -> tensor.name().equals(entry.name()))) {
                    tensors.add(new Tensor(
                            entry.name(), entry.dtype(), entry.shape(), ByteBuffer.wrap(file.bytes(entry.name()))));
                }
            }
        }
        metadata.putAll(facts);
        metadata.remove("tweedie.sha256");
        metadata.put("tweedie.sha256", Safetensors.hash(metadata, tensors));
        Safetensors.write(Output.to(changed).replacing(), metadata, tensors);
        String message = assertThrows(MalformedFileException.class, () -> ConditionalBridge.load(changed, device), why)
                .getMessage();
        assertTrue(message.contains(why), message);
    }

    @Test
    void kindsAreNotTakenForEachOther() throws IOException {
        Path conditional = folder.resolve("c.safetensors");
        Path joined = folder.resolve("b.safetensors");
        Path model = folder.resolve("m.safetensors");
        try (Device device = Device.open("cpu");
                ConditionalBridge bridge = fit("affine", device);
                SchrodingerBridge without = joined(device);
                ScoreModel score = ScoreModel.create(new VpSde(), Mlp.of(5, 1), table(), 1, device)) {
            bridge.save(conditional);
            without.save(joined);
            score.save(model);
            says("is a conditional bridge", () -> SchrodingerBridge.load(conditional, device));
            says("is a bridge without conditions", () -> ConditionalBridge.load(joined, device));
            says("is a score model, not a", () -> ConditionalBridge.load(model, device));
            says("is a score model, not a", () -> Bridge.load(model, device));
            says("which has no score", () -> Model.load(conditional, device));
            try (Bridge one = Bridge.load(conditional, device);
                    Bridge other = Bridge.load(joined, device)) {
                assertInstanceOf(ConditionalBridge.class, one);
                assertInstanceOf(SchrodingerBridge.class, other);
            }
        }
    }

    private static void says(String part, org.junit.jupiter.api.function.Executable loading) {
        String message =
                assertThrows(MalformedFileException.class, loading, part).getMessage();
        assertTrue(message.contains(part), message);
    }

    /** A law that no spec spells, and a part of a fit, are not saved; nothing is written. */
    @Test
    void whatNoFileHoldsIsNotSaved() throws IOException {
        Path file = folder.resolve("b.safetensors");
        Dataset data = table();
        try (Device device = Device.open("cpu")) {
            for (ConditionalLaw law : List.<ConditionalLaw>of(
                    (y, mean, deviation) -> Arrays.fill(deviation, 2),
                    ConditionalLaw.regression(data, inputs -> input -> new double[] {input[0] * input[0]}, 0))) {
                try (ConditionalBridge bridge = ConditionalBridge.fit(data, law, spec(), device)) {
                    String said = assertThrows(IllegalArgumentException.class, () -> bridge.save(file))
                            .getMessage();
                    assertTrue(said.contains("normal, columns, affine") && said.contains("caller's own"), said);
                }
            }
            CancelToken cancel = new CancelToken();
            cancel.cancel();
            try (CheckpointDirectory kept = CheckpointDirectory.open(folder.resolve("kept"), 2, FileActions.disk());
                    ConditionalBridge bridge = ConditionalBridge.fit(
                            data,
                            ConditionalLaw.standard(),
                            Reference.ornsteinUhlenbeck(1),
                            spec(),
                            device,
                            BridgeListener.NONE,
                            cancel,
                            kept,
                            false)) {
                assertTrue(assertThrows(IllegalStateException.class, () -> bridge.save(file))
                        .getMessage()
                        .contains("when all its half bridges are fitted"));
            }
        }
        assertTrue(Files.notExists(file));
    }
}
