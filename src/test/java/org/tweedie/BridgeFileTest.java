package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.bridge.BridgeListener;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.bridge.Direction;
import org.tweedie.bridge.Matching;
import org.tweedie.bridge.Reference;
import org.tweedie.bridge.StepSizes;
import org.tweedie.data.BuiltInSet;
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

/** The file of a bridge: the same bits both ways after it, its numbers walked by hand, and every damaged byte refused. */
class BridgeFileTest {
    private static final Dataset MOONS = Dataset.of(BuiltInSet.MOONS.rows(1, 0, 50), "x", "y");
    private static final Dataset CIRCLES = Dataset.of(BuiltInSet.CIRCLES.rows(2, 0, 40), "u", "v");
    private static final float[] STARTS = {0.5f, 0.25f, -1, 0, 2, 2};

    @TempDir
    Path folder;

    private static BridgeSpec spec() {
        return BridgeSpec.of(StepSizes.symmetric(4, 0.1, 0.3))
                .withIterations(2)
                .withNetwork(Mlp.of(5, 1))
                .withTraining(TrainSpec.steps(9).withBatch(16).withAverage(0.9).withSeed(11))
                .withCache(32, 3);
    }

    private static SchrodingerBridge fit(boolean normal, BridgeSpec spec, Device device) {
        return normal
                ? SchrodingerBridge.fitToNormal(MOONS, Reference.ornsteinUhlenbeck(3), spec, device)
                : SchrodingerBridge.fit(MOONS, CIRCLES, Reference.brownian(), spec, device);
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aReadBridgeWalksToTheSameBits(Device device) throws IOException {
        for (boolean normal : new boolean[] {false, true}) {
            Path file = folder.resolve(device.kind() + "-" + normal + ".safetensors");
            Path again = folder.resolve(device.kind() + "-" + normal + "-again.safetensors");
            try (SchrodingerBridge bridge = fit(normal, spec().withMatching(Matching.MEAN), device)) {
                bridge.save(file);
                try (SchrodingerBridge read = SchrodingerBridge.load(file, device)) {
                    for (Direction direction : Direction.values()) {
                        assertArrayEquals(
                                bridge.way(direction).sample(70, 5).rows(),
                                read.way(direction).sample(70, 5).rows());
                        assertEquals(bridge.columns(direction), read.columns(direction));
                    }
                    assertArrayEquals(
                            bridge.forward()
                                    .given("start", STARTS, 2)
                                    .sample(3, 6)
                                    .rows(),
                            read.forward()
                                    .given("start", STARTS, 2)
                                    .sample(3, 6)
                                    .rows());
                    assertEquals(bridge.halves(), read.halves());
                    assertEquals(bridge.process(), read.process());
                    assertEquals(bridge.encoding(), read.encoding());
                    assertEquals(bridge.provenance(), read.provenance());
                    assertEquals(MOONS.hash(), read.provenance().get("from"));
                    assertEquals(Optional.empty(), read.result());
                    read.save(again);
                }
            }
            assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(again));
        }
    }

    /** The example of docs/bridges.md. */
    @Test
    void theExampleReadsWhatItSaved() throws IOException {
        Path file = folder.resolve("example.safetensors");
        try (Device device = Device.open("cpu");
                SchrodingerBridge bridge = fit(false, spec(), device)) {
            // snippet: file
            bridge.save(file);
            try (SchrodingerBridge read = SchrodingerBridge.load(file, device)) {
                float[] same = read.forward().sample(500, 7).rows(); // the bits of bridge.forward().sample(500, 7)
                // end
                assertArrayEquals(bridge.forward().sample(500, 7).rows(), same);
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

    /** The network of docs/formats.md with one layer, in double, from the file's tensors alone. */
    static double[] network(Safetensors file, String name, double[] x, double t) throws IOException {
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
                    + dot(file.floats(name + ".layer.0.weight"), j, x)
                    + dot(file.floats(name + ".time.0.weight"), j, features);
            hidden[j] = in / (1 + Math.exp(-in));
        }
        double[] out = new double[x.length];
        for (int d = 0; d < out.length; d++) {
            out[d] = file.floats(name + ".out.bias")[d] + dot(file.floats(name + ".out.weight"), d, hidden);
        }
        return out;
    }

    /** The walk that docs/formats.md describes, from the file's tensors, in double: what the file says is what is walked. */
    @ParameterizedTest
    @EnumSource(Direction.class)
    void theTensorsWalkedByHandGiveTheSamples(Direction direction) throws IOException {
        Path path = folder.resolve("b.safetensors");
        double[] gammas = {0.1, 0.3, 0.3, 0.1};
        try (Device device = Device.open("cpu");
                SchrodingerBridge bridge = fit(false, spec(), device)) {
            bridge.save(path);
            float[] ends =
                    bridge.way(direction).given("start", STARTS, 2).sample(3, 6).rows();
            try (Safetensors file = Safetensors.open(path)) {
                String[] encoding = file.metadata().get("port.0.encoding").split("[:;]");
                double[] means = numbers(encoding[1]);
                double[] scales = numbers(encoding[2]);
                for (int row = 0; row < 3; row++) {
                    double[] x = new double[2];
                    for (int d = 0; d < 2; d++) {
                        x[d] = (STARTS[2 * row + d] - means[d]) / scales[d];
                    }
                    for (int j = 0; j < 4; j++) {
                        boolean forth = direction == Direction.FORWARD;
                        double gamma = gammas[forth ? j : 3 - j];
                        double t = (forth ? j : 4 - j) / 4.0;
                        double[] drift = network(file, "network." + direction.spec(), x, t);
                        for (int d = 0; d < 2; d++) {
                            double z = Philox.words(6, row, Purpose.STEP, j).normal(d);
                            x[d] += gamma * drift[d] + Math.sqrt(2 * gamma) * z;
                        }
                    }
                    for (int d = 0; d < 2; d++) {
                        assertEquals(x[d] * scales[d] + means[d], ends[2 * row + d], 1e-4, direction + " row " + row);
                    }
                }
                float[] kept = file.floats("rows.x");
                assertEquals((MOONS.values()[3] - means[1]) / scales[1], kept[3], 1e-6);
            }
        }
    }

    private static double[] numbers(String list) {
        return Arrays.stream(list.split(",")).mapToDouble(Double::parseDouble).toArray();
    }

    /** The keys and tensors are those that the page lists. */
    @Tag("checkout")
    @Test
    void thePageListsWhatTheFileHolds() throws IOException {
        String page = Files.readString(Path.of("docs/formats.md"));
        String section =
                page.substring(page.indexOf("## The bridge file"), page.indexOf("### Of a conditional bridge"));
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
                SchrodingerBridge bridge = fit(false, spec(), device)) {
            bridge.save(path);
        }
        try (Safetensors file = Safetensors.open(path)) {
            file.metadata()
                    .keySet()
                    .forEach(key -> there.add(key.replaceFirst("(?<=^provenance\\.).*", "*")
                            .replaceFirst("(?<=^bridge\\.half\\.)[0-9]+", "K")
                            .replaceFirst("^port\\..*", "port...")));
            file.tensors()
                    .forEach(tensor ->
                            there.add(tensor.name().replaceFirst("^(network\\.(?:forward|backward)\\.).*", "$1*")));
        }
        assertEquals(there, listed);
    }

    @Test
    void everyDamagedByteIsRefused() throws IOException {
        Path path = folder.resolve("b.safetensors");
        try (Device device = Device.open("cpu");
                SchrodingerBridge bridge = fit(true, spec(), device)) {
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
                        () -> SchrodingerBridge.load(damaged, device),
                        () -> "byte " + place + " of " + whole.length);
            }
            for (int length : new int[] {0, 7, 8, 100, whole.length - 4, whole.length - 1}) {
                Files.write(damaged, Arrays.copyOf(whole, length));
                assertThrows(MalformedFileException.class, () -> SchrodingerBridge.load(damaged, device));
            }
            Files.write(damaged, Arrays.copyOf(whole, whole.length + 4));
            assertThrows(MalformedFileException.class, () -> SchrodingerBridge.load(damaged, device));
            SchrodingerBridge.load(path, device).close();
        }
    }

    /** What is behind the hash is checked too: a file that says something else, with the hash of that. */
    @Test
    void whatDoesNotFitIsRefusedByName() throws IOException {
        Path path = folder.resolve("b.safetensors");
        try (Device device = Device.open("cpu");
                SchrodingerBridge bridge = fit(false, spec(), device)) {
            bridge.save(path);
            long held = device.allocatedBytes();
            refused(path, Map.of("tweedie.format", "2"), List.of(), "use a newer Tweedie", device);
            refused(path, Map.of("bridge.sizes", "4x0"), List.of(), "step sizes", device);
            refused(path, Map.of("bridge.reference", "ou:0.2"), List.of(), "leaps over the centre", device);
            refused(path, Map.of("bridge.matching", "drft"), List.of(), "did you mean drift?", device);
            refused(path, Map.of("bridge.halves", "1"), List.of(), "must be 2 to 200000", device);
            refused(path, Map.of("bridge.halves", "5"), List.of(), "is missing", device);
            refused(path, Map.of("bridge.half.0", "1"), List.of(), "a loss and a distance", device);
            refused(path, Map.of("port.0.encoding", "standardise:1;1"), List.of(), "is 1 wide, its port 2", device);
            refused(path, Map.of("port.1", "y"), List.of(), "are no two ends of as many columns", device);
            refused(path, Map.of("ports", "1"), List.of(), "holds ", device);
            refused(path, Map.of("port.1.column.0", "v"), List.of(), "column names must differ", device);
            refused(path, Map.of("network.architecture", "mlp:6x1"), List.of(), "the architecture needs", device);
            float[] rows = new float[10];
            refused(path, Map.of(), List.of(Tensor.f32("rows.x", rows, 10)), "has shape [10]", device);
            rows[3] = Float.NaN;
            refused(path, Map.of(), List.of(Tensor.f32("rows.x", rows, 5, 2)), "row 2, column 'y' is NaN", device);
            assertEquals(held, device.allocatedBytes(), "nothing is held of what was refused");
        }
    }

    private void refused(Path path, Map<String, String> facts, List<Tensor> other, String why, Device device)
            throws IOException {
        Path changed = folder.resolve("changed.safetensors");
        Map<String, String> metadata;
        List<Tensor> tensors = new java.util.ArrayList<>(other);
        try (Safetensors file = Safetensors.open(path)) {
            metadata = new java.util.HashMap<>(file.metadata());
            for (SafetensorsHeader.Entry entry : file.tensors()) {
                if (other.stream().noneMatch(tensor -> tensor.name().equals(entry.name()))) {
                    tensors.add(new Tensor(
                            entry.name(),
                            entry.dtype(),
                            entry.shape(),
                            java.nio.ByteBuffer.wrap(file.bytes(entry.name()))));
                }
            }
        }
        metadata.putAll(facts);
        metadata.remove("tweedie.sha256");
        metadata.put("tweedie.sha256", Safetensors.hash(metadata, tensors));
        Safetensors.write(Output.to(changed).replacing(), metadata, tensors);
        String message = assertThrows(MalformedFileException.class, () -> SchrodingerBridge.load(changed, device), why)
                .getMessage();
        assertTrue(message.contains(why), message);
    }

    @Test
    void aModelAndABridgeAreNotTakenForEachOther() throws IOException {
        Path bridge = folder.resolve("b.safetensors");
        Path model = folder.resolve("m.safetensors");
        try (Device device = Device.open("cpu");
                SchrodingerBridge fitted = fit(true, spec().withIterations(1), device);
                ScoreModel score = ScoreModel.create(new VpSde(), Mlp.of(5, 1), MOONS, 1, device)) {
            fitted.save(bridge);
            score.save(model);
            String one = assertThrows(MalformedFileException.class, () -> SchrodingerBridge.load(model, device))
                    .getMessage();
            assertTrue(one.contains("is a score model, not a bridge"), one);
            String other = assertThrows(MalformedFileException.class, () -> Model.load(bridge, device))
                    .getMessage();
            assertTrue(other.contains("which has no score") && other.contains("tweedie bridge sample"), other);
        }
    }

    @Test
    void aStoppedBridgeIsNotSaved() throws IOException {
        CancelToken cancel = new CancelToken();
        cancel.cancel();
        try (Device device = Device.open("cpu");
                CheckpointDirectory kept = CheckpointDirectory.open(folder.resolve("kept"), 2, FileActions.disk());
                SchrodingerBridge bridge = SchrodingerBridge.fit(
                        MOONS,
                        Optional.of(CIRCLES),
                        Reference.brownian(),
                        spec(),
                        device,
                        BridgeListener.NONE,
                        cancel,
                        kept,
                        false)) {
            Path file = folder.resolve("b.safetensors");
            assertTrue(assertThrows(IllegalStateException.class, () -> bridge.save(file))
                    .getMessage()
                    .contains("when all its half bridges are fitted"));
            assertTrue(Files.notExists(file));
        }
    }
}
