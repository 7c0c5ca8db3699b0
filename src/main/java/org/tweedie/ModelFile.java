package org.tweedie;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tweedie.device.Device;
import org.tweedie.device.Stream;
import org.tweedie.io.MalformedFileException;
import org.tweedie.io.Output;
import org.tweedie.io.ReadLimits;
import org.tweedie.io.Safetensors;
import org.tweedie.io.SafetensorsHeader;
import org.tweedie.io.Tensor;
import org.tweedie.plan.Space;
import org.tweedie.score.Architecture;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;
import org.tweedie.score.Signature;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.ProcessSpec;
import org.tweedie.sde.Sde;
import org.tweedie.train.Dataset;
import org.tweedie.train.Encoding;

/**
 * A model as one safetensors file (docs/formats.md): tensors {@code network.<layer>.weight} laid out as PyTorch's, and in the
 * metadata the process, the architecture, the ports with their columns, the encodings and the provenance.
 */
final class ModelFile {
    static final String FORMAT = "tweedie.format";
    static final int NEWEST = 1;
    static final String PROVENANCE = "provenance.";
    private static final String CONDITION_NOISE = "conditions.noise";
    private static final int MOST_COLUMNS = 100_000;

    private ModelFile() {}

    static void write(Output output, ScoreModel model) throws IOException {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(FORMAT, Integer.toString(NEWEST));
        metadata.put("process", model.process().spec());
        metadata.put(ScoreModel.NETWORK + ".architecture", model.architecture().spec());
        metadata.put(
                ScoreModel.NETWORK + ".prediction", model.network().prediction().name());
        put(metadata, model.ports(), model.encodings());
        model.conditionNoise().ifPresent(noise -> metadata.put(CONDITION_NOISE, noise.spec()));
        model.provenance().forEach((key, value) -> metadata.put(PROVENANCE + key, value));
        Safetensors.write(
                output, metadata, tensors(ScoreModel.NETWORK, model.network().parameters(), model.weights()));
    }

    /** The weights of a network on a device. */
    static float[] weights(Network network, Device device) {
        float[] weights = new float[Math.toIntExact(network.parameters().count())];
        try (Stream stream = device.stream()) {
            stream.download(network.parameters().values(), 0, weights, 0, weights.length);
        }
        return weights;
    }

    /** The ports with their columns and encodings. */
    static void put(Map<String, String> metadata, List<Dataset.Port> ports, Map<String, Encoding> encodings) {
        metadata.put("ports", Integer.toString(ports.size()));
        for (int i = 0; i < ports.size(); i++) {
            Dataset.Port port = ports.get(i);
            metadata.put("port." + i, port.name());
            metadata.put("port." + i + ".columns", Integer.toString(port.width()));
            for (int c = 0; c < port.width(); c++) {
                metadata.put("port." + i + ".column." + c, port.columns().get(c));
            }
            Encoding encoding = encodings.get(port.name());
            if (encoding != null) {
                metadata.put("port." + i + ".encoding", encoding.spec());
            }
        }
    }

    /** The tensors of a network of that name. */
    static List<Tensor> tensors(String network, Parameters parameters, float[] weights) {
        List<Tensor> tensors = new ArrayList<>();
        for (Parameters.Tensor tensor : parameters.tensors()) {
            String name = network + "." + tensor.name();
            float[] values = transposed(weights, (int) tensor.offset(), tensor.in(), tensor.out());
            tensors.add(
                    tensor.vector()
                            ? Tensor.f32(name, values, values.length)
                            : Tensor.f32(name, values, tensor.out(), tensor.in()));
        }
        return tensors;
    }

    /** The [out][in] of a [in][out] matrix at a place. */
    private static float[] transposed(float[] values, int at, int in, int out) {
        float[] turned = new float[in * out];
        for (int i = 0; i < in; i++) {
            for (int j = 0; j < out; j++) {
                turned[j * in + i] = values[at + i * out + j];
            }
        }
        return turned;
    }

    static ScoreModel read(Path path, ReadLimits limits, Device device) throws IOException {
        try (Safetensors file = Safetensors.open(path, limits)) {
            Metadata metadata = new Metadata(file.name(), file.metadata());
            metadata.requireFormat();
            SealedFile.refuse(metadata);
            metadata.requireScore();
            Map<String, Encoding> encodings = new LinkedHashMap<>();
            List<Dataset.Port> ports = metadata.ports(encodings);
            if (NonUniformModel.is(metadata.value("process"))) {
                throw metadata.fault(
                        "process",
                        "is of blocks that move each at its own speed: read it by Model.load;"
                                + " it is sampled and has a likelihood and latent rows, but neither local dimension nor bound");
            }
            ModelKind kind = metadata.parsed(
                    "process",
                    spec -> ModelKind.of(ProcessSpec.process(spec)
                            .on(Space.euclidean(ports.get(0).width()))));
            Architecture architecture = metadata.parsed(ScoreModel.NETWORK + ".architecture", Architecture::parse);
            Prediction prediction = metadata.parsed(ScoreModel.NETWORK + ".prediction", Prediction::valueOf);
            if (!kind.reads(prediction)) {
                throw metadata.fault(
                        ScoreModel.NETWORK + ".prediction",
                        "must be " + kind.prediction() + " for this process, got " + prediction);
            }
            Signature signature = metadata.parsed("ports", unused -> ScoreModel.signature(kind, ports));
            List<Parameters.Tensor> tensors = architecture.tensors(signature);
            float[] weights = weights(file, ScoreModel.NETWORK, tensors);
            requireCount(file, tensors.size());
            Network network = ScoreModel.network(architecture, signature, prediction, weights, device);
            Optional<Sde> noise = file.metadata().containsKey(CONDITION_NOISE)
                    ? Optional.of(metadata.parsed(CONDITION_NOISE, ProcessSpec::parse))
                    : Optional.empty();
            return new ScoreModel(
                    device, kind, architecture, network, ports, encodings, noise, metadata.startingWith(PROVENANCE));
        }
    }

    /** Refuses a file with more tensors than its networks have. */
    static void requireCount(Safetensors file, int tensors) throws IOException {
        if (file.tensors().size() != tensors) {
            throw new MalformedFileException(
                    file.name(),
                    "header",
                    "holds " + file.tensors().size() + " tensors, the architecture needs " + tensors);
        }
    }

    /** The weights of a network of that name. */
    static float[] weights(Safetensors file, String network, List<Parameters.Tensor> tensors) throws IOException {
        long count = Parameters.count(tensors);
        if (count > Integer.MAX_VALUE - 8) {
            throw new MalformedFileException(
                    file.name(), "metadata", "the architecture has " + count + " weights, above the 2^31 of one array");
        }
        for (Parameters.Tensor tensor : tensors) { // before anything is allocated: a file can hold only what it says
            SafetensorsHeader.Entry entry = file.entry(network + "." + tensor.name());
            List<Long> shape =
                    tensor.vector() ? List.of(tensor.count()) : List.of((long) tensor.out(), (long) tensor.in());
            if (!entry.shape().equals(shape)) {
                throw new MalformedFileException(
                        file.name(),
                        "tensor '" + entry.name() + "'",
                        "has shape " + entry.shape() + ", the architecture needs " + shape);
            }
        }
        float[] weights = new float[(int) count];
        for (Parameters.Tensor tensor : tensors) {
            String name = network + "." + tensor.name();
            float[] values = file.floats(name);
            for (float value : values) {
                if (!Float.isFinite(value)) {
                    throw new MalformedFileException(
                            file.name(), "tensor '" + name + "'", "holds " + value + "; weights are finite");
                }
            }
            float[] turned = transposed(values, 0, tensor.out(), tensor.in());
            System.arraycopy(turned, 0, weights, (int) tensor.offset(), turned.length);
        }
        return weights;
    }

    /** Metadata with errors that name file and key. */
    record Metadata(String file, Map<String, String> values) {
        interface Parse<T> {
            T of(String text);
        }

        MalformedFileException fault(String key, String fault) {
            return new MalformedFileException(file, "metadata '" + key + "'", fault);
        }

        String value(String key) {
            String value = values.get(key);
            if (value == null) {
                throw fault(key, "is missing; is this a Tweedie model?");
            }
            return value;
        }

        <T> T parsed(String key, Parse<T> parse) {
            String text = value(key);
            try {
                return parse.of(text);
            } catch (IllegalArgumentException e) {
                throw fault(key, String.valueOf(e.getMessage()));
            }
        }

        int whole(String key, int least, int most) {
            int number = parsed(key, Integer::parseInt);
            if (number < least || number > most) {
                throw fault(key, "must be " + least + " to " + most + ", got " + number);
            }
            return number;
        }

        void requireFormat() {
            int format = whole(FORMAT, 1, Integer.MAX_VALUE);
            if (format > NEWEST) {
                throw fault(
                        FORMAT,
                        "is " + format + ", this version (" + Tweedie.version() + ") reads up to " + NEWEST
                                + "; use a newer Tweedie");
            }
        }

        /** Refuses a file that says of another kind than a score model's, which says of none. */
        void requireScore() {
            if (values.containsKey(ClassifierFile.KIND)) {
                throw fault(
                        ClassifierFile.KIND,
                        "is " + values.get(ClassifierFile.KIND) + ", not a score model; a classifier guides one: "
                                + "sample --model MODEL --guidance classifier:FILE,CLASS,WEIGHT");
            }
        }

        /** The ports, and the encodings of those that have one. */
        List<Dataset.Port> ports(Map<String, Encoding> encodings) {
            List<Dataset.Port> ports = new ArrayList<>();
            int count = whole("ports", 1, 1000);
            for (int i = 0; i < count; i++) {
                Dataset.Port port = port(i);
                ports.add(port);
                String key = "port." + i + ".encoding";
                if (values.containsKey(key)) {
                    Encoding encoding = parsed(key, Encoding::parse);
                    if (encoding.width() != port.width()) {
                        throw fault(key, "is " + encoding.width() + " wide, its port " + port.width());
                    }
                    encodings.put(port.name(), encoding);
                }
            }
            return ports;
        }

        Dataset.Port port(int i) {
            List<String> columns = new ArrayList<>();
            int width = whole("port." + i + ".columns", 1, MOST_COLUMNS);
            for (int c = 0; c < width; c++) {
                columns.add(value("port." + i + ".column." + c));
            }
            String name = value("port." + i);
            if (i == 0 && !name.equals(Dataset.X)) {
                throw fault("port.0", "must be '" + Dataset.X + "', got '" + name + "'");
            }
            return new Dataset.Port(name, columns);
        }

        Map<String, String> startingWith(String prefix) {
            Map<String, String> chosen = new LinkedHashMap<>();
            values.forEach((key, value) -> {
                if (key.startsWith(prefix)) {
                    chosen.put(key.substring(prefix.length()), value);
                }
            });
            return chosen;
        }
    }
}
