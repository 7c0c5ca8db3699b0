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
import org.tweedie.device.Stream;
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
 * A bridge as one safetensors file (docs/formats.md): tensors {@code network.forward.<layer>} and {@code network.backward.<layer>} as in a model
 * file, {@code rows.x} and {@code rows.to} of the ends, encoded; in the metadata the rest, and a hash of it all.
 */
final class BridgeFile {
    /** The {@code process} of the metadata. */
    static final String PROCESS = "bridge";

    private static final String REFERENCE = "bridge.reference";
    private static final String SIZES = "bridge.sizes";
    private static final String MATCHING = "bridge.matching";
    private static final String HALF = "bridge.half.";
    private static final String HALVES = "bridge.halves";
    private static final String ARCHITECTURE = ScoreModel.NETWORK + ".architecture";
    private static final String TO = "to";
    private static final String ROWS = "rows.";
    private static final String HASH = "tweedie.sha256";

    private BridgeFile() {}

    static void write(Output output, SchrodingerBridge.Parts bridge, Map<Direction, Network> networks, Device device)
            throws IOException {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(ModelFile.FORMAT, Integer.toString(ModelFile.NEWEST));
        metadata.put("process", PROCESS);
        metadata.put(REFERENCE, bridge.process().reference().spec());
        metadata.put(SIZES, bridge.process().sizes().spec());
        metadata.put(MATCHING, bridge.matching().spec());
        metadata.put(ARCHITECTURE, bridge.network().spec());
        metadata.put(HALVES, Integer.toString(bridge.halves().size()));
        for (int i = 0; i < bridge.halves().size(); i++) {
            HalfBridge half = bridge.halves().get(i);
            metadata.put(HALF + i, half.loss() + " " + half.distance());
        }
        List<Dataset.Port> ports = new ArrayList<>();
        List<Tensor> tensors = new ArrayList<>();
        add(Dataset.X, bridge.from(), ports, tensors);
        bridge.to().ifPresent(rows -> add(TO, rows, ports, tensors));
        ModelFile.put(metadata, ports, Map.of(Dataset.X, bridge.encoding()));
        bridge.provenance().forEach((key, value) -> metadata.put(ModelFile.PROVENANCE + key, value));
        networks.forEach((direction, network) ->
                tensors.addAll(ModelFile.tensors(name(direction), network.parameters(), weights(network, device))));
        metadata.put(HASH, Safetensors.hash(metadata, tensors));
        Safetensors.write(output, metadata, tensors);
    }

    private static void add(String end, Dataset rows, List<Dataset.Port> ports, List<Tensor> tensors) {
        ports.add(new Dataset.Port(end, rows.columns()));
        tensors.add(Tensor.f32(ROWS + end, rows.values(), rows.rows(), rows.width()));
    }

    private static String name(Direction direction) {
        return ScoreModel.NETWORK + "." + direction.spec();
    }

    private static float[] weights(Network network, Device device) {
        float[] weights = new float[Math.toIntExact(network.parameters().count())];
        try (Stream stream = device.stream()) {
            stream.download(network.parameters().values(), 0, weights, 0, weights.length);
        }
        return weights;
    }

    static SchrodingerBridge read(Path path, ReadLimits limits, Device device) throws IOException {
        try (Safetensors file = Safetensors.open(path, limits)) {
            ModelFile.Metadata metadata = new ModelFile.Metadata(file.name(), file.metadata());
            metadata.requireFormat();
            if (!metadata.value("process").equals(PROCESS)) {
                throw metadata.fault(
                        "process",
                        "is " + metadata.value("process")
                                + ": this is a score model, not a bridge; sample it by tweedie sample, or Model.load");
            }
            if (!metadata.value(HASH).equals(file.hashWithout(HASH))) {
                throw metadata.fault(HASH, "is not the hash of the rest: the file was damaged or changed");
            }
            SchrodingerBridge.Parts parts = parts(file, metadata);
            List<Parameters.Tensor> tensors = parts.network()
                    .tensors(Signature.over(parts.process().space().width()));
            ModelFile.requireCount(file, 2 * tensors.size() + (parts.to().isPresent() ? 2 : 1));
            Closing owned = new Closing();
            try {
                Map<Direction, Network> networks = new EnumMap<>(Direction.class);
                for (Direction direction : Direction.values()) {
                    Network network = ScoreModel.network(
                            parts.network(),
                            Signature.over(parts.process().space().width()),
                            Prediction.VELOCITY,
                            ModelFile.weights(file, name(direction), tensors),
                            device);
                    owned.add(network.parameters().values());
                    networks.put(direction, network);
                }
                return new SchrodingerBridge(parts, networks, Optional.empty(), owned, device);
            } catch (IOException | RuntimeException | Error e) {
                owned.close();
                throw e;
            }
        }
    }

    private static SchrodingerBridge.Parts parts(Safetensors file, ModelFile.Metadata metadata) throws IOException {
        Map<String, Encoding> encodings = new LinkedHashMap<>();
        List<Dataset.Port> ports = metadata.ports(encodings);
        if (!(encodings.get(Dataset.X) instanceof Normaliser encoding)) {
            throw metadata.fault("port.0.encoding", "must standardise");
        }
        int width = encoding.width();
        if (ports.size() > 2
                || ports.size() == 2
                        && (!ports.get(1).name().equals(TO) || ports.get(1).width() != width)) {
            throw metadata.fault("ports", "are no two ends of as many columns");
        }
        boolean normal = ports.size() == 1;
        Reference reference = metadata.parsed(REFERENCE, Reference::parse);
        BridgeProcess process = metadata.parsed(
                SIZES, sizes -> new BridgeProcess(reference, StepSizes.parse(sizes), Space.euclidean(width), normal));
        return new SchrodingerBridge.Parts(
                process,
                metadata.parsed(MATCHING, Matching::parse),
                metadata.parsed(ARCHITECTURE, Architecture::parse),
                encoding,
                rows(file, metadata, ports.get(0)),
                normal ? Optional.empty() : Optional.of(rows(file, metadata, ports.get(1))),
                halves(metadata),
                metadata.startingWith(ModelFile.PROVENANCE));
    }

    private static Dataset rows(Safetensors file, ModelFile.Metadata metadata, Dataset.Port end) throws IOException {
        SafetensorsHeader.Entry entry = file.entry(ROWS + end.name());
        List<Long> shape = entry.shape();
        if (shape.size() != 2 || shape.get(0) < 1 || shape.get(1) != end.width()) {
            throw new MalformedFileException(
                    file.name(),
                    "tensor '" + entry.name() + "'",
                    "has shape " + shape + ", rows of " + end.width() + " columns are needed");
        }
        float[] values = file.floats(entry.name());
        try {
            return Dataset.of(new Table(values, Math.toIntExact(shape.get(0)), end.width(), end.columns()));
        } catch (IllegalArgumentException e) {
            throw new MalformedFileException(
                    file.name(), "tensor '" + entry.name() + "'", String.valueOf(e.getMessage()));
        }
    }

    private static List<HalfBridge> halves(ModelFile.Metadata metadata) {
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
