package org.tweedie;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tweedie.bridge.BridgeProcess;
import org.tweedie.bridge.Direction;
import org.tweedie.bridge.HalfBridge;
import org.tweedie.bridge.Matching;
import org.tweedie.bridge.Reference;
import org.tweedie.bridge.StepSizes;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.io.MalformedFileException;
import org.tweedie.io.Output;
import org.tweedie.io.ReadLimits;
import org.tweedie.io.Safetensors;
import org.tweedie.io.SafetensorsHeader;
import org.tweedie.io.Table;
import org.tweedie.io.Tensor;
import org.tweedie.plan.Space;
import org.tweedie.score.Architecture;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;
import org.tweedie.score.Signature;
import org.tweedie.sde.Prediction;
import org.tweedie.train.Dataset;
import org.tweedie.train.Encoding;
import org.tweedie.train.Normaliser;

/**
 * What files of bridges have in common (docs/formats.md): tensors {@code network.forward.<layer>} and {@code network.backward.<layer>} as in a model file, rows
 * that walks start from, encoded; in the metadata the rest, and a hash of it all.
 *
 * @param encodings of the ports that have one
 */
record BridgeFile(
        Safetensors file, ModelFile.Metadata metadata, List<Dataset.Port> ports, Map<String, Encoding> encodings) {
    private static final String REFERENCE = "bridge.reference";
    private static final String SIZES = "bridge.sizes";
    private static final String MATCHING = "bridge.matching";
    private static final String HALF = "bridge.half.";
    private static final String HALVES = "bridge.halves";
    private static final String ARCHITECTURE = ScoreModel.NETWORK + ".architecture";
    private static final String ROWS = "rows.";

    /** What is read of an open file. */
    interface Reading<B> {
        B of(BridgeFile opened) throws IOException;
    }

    /**
     * Writes a file.
     *
     * @param facts and tensors that this kind has more
     */
    static void write(
            Output output,
            SealedFile kind,
            FittedHalves fitted,
            List<Dataset.Port> ports,
            Map<String, Normaliser> encodings,
            Map<String, String> facts,
            List<Tensor> more)
            throws IOException {
        Map<String, String> metadata = kind.metadata();
        metadata.put(REFERENCE, fitted.process().reference().spec());
        metadata.put(SIZES, fitted.process().sizes().spec());
        metadata.put(MATCHING, fitted.matching().spec());
        metadata.put(ARCHITECTURE, fitted.architecture().spec());
        metadata.put(HALVES, Integer.toString(fitted.done().size()));
        for (int i = 0; i < fitted.done().size(); i++) {
            HalfBridge half = fitted.done().get(i);
            metadata.put(HALF + i, half.loss() + " " + half.distance());
        }
        ModelFile.put(metadata, ports, Map.copyOf(encodings));
        metadata.putAll(facts);
        fitted.provenance().forEach((key, value) -> metadata.put(ModelFile.PROVENANCE + key, value));
        List<Tensor> tensors = new ArrayList<>(more);
        fitted.networks()
                .forEach((direction, network) -> tensors.addAll(ModelFile.tensors(
                        name(direction), network.parameters(), ModelFile.weights(network, fitted.device()))));
        SealedFile.write(output, metadata, tensors);
    }

    /** The rows of a file, by the name that {@link #rows} reads them by. */
    static Tensor tensor(String name, Dataset rows) {
        return Tensor.f32(ROWS + name, rows.values(), rows.rows(), rows.width());
    }

    private static String name(Direction direction) {
        return ScoreModel.NETWORK + "." + direction.spec();
    }

    /** Reads a file of a kind, whose hash is checked first. */
    static <B> B read(Path path, ReadLimits limits, SealedFile kind, Reading<B> reading) throws IOException {
        try (Safetensors file = Safetensors.open(path, limits)) {
            ModelFile.Metadata metadata = kind.of(file);
            Map<String, Encoding> encodings = new LinkedHashMap<>();
            List<Dataset.Port> ports = metadata.ports(encodings);
            return reading.of(new BridgeFile(file, metadata, ports, encodings));
        }
    }

    /** How a port is standardised. */
    Normaliser normaliser(int port) {
        if (!(encodings.get(ports.get(port).name()) instanceof Normaliser encoding)) {
            throw metadata.fault("port." + port + ".encoding", "must standardise");
        }
        return encoding;
    }

    /** Rows of these columns. */
    Dataset rows(String name, List<String> columns) throws IOException {
        SafetensorsHeader.Entry entry = file.entry(ROWS + name);
        List<Long> shape = entry.shape();
        if (shape.size() != 2 || shape.get(0) < 1 || shape.get(1) != columns.size()) {
            throw new MalformedFileException(
                    file.name(),
                    "tensor '" + entry.name() + "'",
                    "has shape " + shape + ", rows of " + columns.size() + " columns are needed");
        }
        float[] values = file.floats(entry.name());
        try {
            return Dataset.of(new Table(values, Math.toIntExact(shape.get(0)), columns.size(), columns));
        } catch (IllegalArgumentException e) {
            throw new MalformedFileException(
                    file.name(), "tensor '" + entry.name() + "'", String.valueOf(e.getMessage()));
        }
    }

    /**
     * The chains and networks; what comes last of a file, for its caller to close.
     *
     * @param normal whether the second end is
     * @param more tensors than those of the networks
     */
    FittedHalves halves(Signature signature, boolean normal, int more, Device device) throws IOException {
        Reference reference = metadata.parsed(REFERENCE, Reference::parse);
        Space space = signature.into().get(0).space();
        BridgeProcess process = metadata.parsed(
                SIZES,
                sizes -> new BridgeProcess(reference, StepSizes.parse(sizes), Space.euclidean(space.width()), normal));
        Matching matching = metadata.parsed(MATCHING, Matching::parse);
        Architecture architecture = metadata.parsed(ARCHITECTURE, Architecture::parse);
        List<HalfBridge> done = done();
        List<Parameters.Tensor> tensors = architecture.tensors(signature);
        ModelFile.requireCount(file, 2 * tensors.size() + more);
        Closing owned = new Closing();
        try {
            Map<Direction, Network> networks = new EnumMap<>(Direction.class);
            for (Direction direction : Direction.values()) {
                Network network = ScoreModel.network(
                        architecture,
                        signature,
                        Prediction.VELOCITY,
                        ModelFile.weights(file, name(direction), tensors),
                        device);
                owned.add(network.parameters().values());
                networks.put(direction, network);
            }
            return new FittedHalves(
                    process,
                    matching,
                    architecture,
                    networks,
                    done,
                    Optional.empty(),
                    metadata.startingWith(ModelFile.PROVENANCE),
                    owned,
                    device);
        } catch (IOException | RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private List<HalfBridge> done() {
        int count = metadata.whole(HALVES, 2, 200_000);
        List<HalfBridge> halves = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Direction learned = Direction.learned(i);
            halves.add(metadata.parsed(HALF + i, text -> half(learned, text)));
        }
        return halves;
    }

    private static HalfBridge half(Direction learned, String text) {
        String[] facts = text.split(" ", -1);
        if (facts.length != 2) {
            throw new IllegalArgumentException("a half bridge has a loss and a distance, got '" + text + "'");
        }
        return new HalfBridge(learned, Double.parseDouble(facts[0]), Double.parseDouble(facts[1]));
    }
}
