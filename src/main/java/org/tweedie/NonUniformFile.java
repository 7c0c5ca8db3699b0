package org.tweedie;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tweedie.device.Device;
import org.tweedie.io.Output;
import org.tweedie.io.ReadLimits;
import org.tweedie.io.Safetensors;
import org.tweedie.io.Tensor;
import org.tweedie.score.Architecture;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;
import org.tweedie.score.Signature;
import org.tweedie.sde.BlockFold;
import org.tweedie.sde.NonUniformSde;
import org.tweedie.sde.Prediction;
import org.tweedie.train.Dataset;
import org.tweedie.train.Encoding;
import org.tweedie.train.HaarPyramid;

/** A {@link NonUniformModel} as a model file: that of {@link ModelFile} with a network for each interval, {@code network.1} nearest to data. */
final class NonUniformFile {
    private static final String PYRAMID = "pyramid";

    private NonUniformFile() {}

    /** Whether a model file is of this kind. */
    static boolean holds(Path path) throws IOException {
        try (Safetensors file = Safetensors.open(path, ReadLimits.defaults())) {
            return NonUniformModel.is(file.metadata().getOrDefault("process", ""));
        }
    }

    static void write(Output output, NonUniformModel model) throws IOException {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(ModelFile.FORMAT, Integer.toString(ModelFile.NEWEST));
        metadata.put("process", model.process().spec());
        model.pyramid().ifPresent(pyramid -> metadata.put(PYRAMID, pyramid.spec()));
        metadata.put(ScoreModel.NETWORK + ".architecture", model.architecture().spec());
        metadata.put(
                ScoreModel.NETWORK + ".prediction",
                model.networks().get(0).prediction().name());
        ModelFile.put(metadata, model.ports(), model.encodings());
        model.provenance().forEach((key, value) -> metadata.put(ModelFile.PROVENANCE + key, value));
        List<Tensor> tensors = new ArrayList<>();
        for (int i = 0; i < model.networks().size(); i++) {
            Parameters parameters = model.networks().get(i).parameters();
            tensors.addAll(ModelFile.tensors(model.fold().network(i), parameters, model.weights(i)));
        }
        Safetensors.write(output, metadata, tensors);
    }

    static NonUniformModel read(Path path, ReadLimits limits, Device device) throws IOException {
        try (Safetensors file = Safetensors.open(path, limits)) {
            ModelFile.Metadata metadata = new ModelFile.Metadata(file.name(), file.metadata());
            metadata.requireFormat();
            metadata.requireScore();
            Map<String, Encoding> encodings = new LinkedHashMap<>();
            List<Dataset.Port> ports = metadata.ports(encodings);
            NonUniformSde process = metadata.parsed("process", NonUniformSde::parse);
            Optional<HaarPyramid> pyramid = file.metadata().containsKey(PYRAMID)
                    ? Optional.of(metadata.parsed(PYRAMID, HaarPyramid::parse))
                    : Optional.empty();
            if (process.space().width() != ports.get(0).width()
                    || (pyramid.isPresent() && !pyramid.get().process().spec().equals(process.spec()))) {
                throw metadata.fault("process", "does not fit the columns or the pyramid");
            }
            Architecture architecture = metadata.parsed(ScoreModel.NETWORK + ".architecture", Architecture::parse);
            Prediction prediction = metadata.parsed(ScoreModel.NETWORK + ".prediction", Prediction::valueOf);
            BlockFold fold = new BlockFold(process, prediction, 1, ScoreModel.NETWORK);
            List<Signature> signatures = new ArrayList<>();
            List<float[]> weights = new ArrayList<>();
            int tensors = 0;
            for (int i = 0; i < process.intervals(); i++) {
                int interval = i;
                Signature signature =
                        metadata.parsed("ports", unused -> NonUniformModel.signature(process, interval, ports));
                signatures.add(signature);
                weights.add(ModelFile.weights(file, fold.network(i), architecture.tensors(signature)));
                tensors += architecture.tensors(signature).size();
            }
            ModelFile.requireCount(file, tensors);
            List<Network> networks = new ArrayList<>();
            try {
                for (int i = 0; i < signatures.size(); i++) {
                    networks.add(
                            ScoreModel.network(architecture, signatures.get(i), prediction, weights.get(i), device));
                }
                return new NonUniformModel(
                        device,
                        process,
                        pyramid,
                        architecture,
                        networks,
                        ports,
                        encodings,
                        metadata.startingWith(ModelFile.PROVENANCE));
            } catch (RuntimeException | Error e) {
                networks.forEach(network -> network.parameters().values().close());
                throw e;
            }
        }
    }
}
