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
import org.tweedie.plan.Space;
import org.tweedie.score.Architecture;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;
import org.tweedie.score.Signature;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.ProcessSpec;
import org.tweedie.sde.Sde;
import org.tweedie.train.Classes;
import org.tweedie.train.Dataset;
import org.tweedie.train.Encoding;

/** A {@link Classifier} as a model file: that of {@link ModelFile} with a kind and the names of its classes, and without a prediction. */
final class ClassifierFile {
    static final String KIND = "kind";
    private static final String CLASSIFIER = "classifier";
    private static final String CLASSES = "classes";

    private ClassifierFile() {}

    static void write(Output output, Classifier classifier) throws IOException {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(ModelFile.FORMAT, Integer.toString(ModelFile.NEWEST));
        metadata.put(KIND, CLASSIFIER);
        metadata.put("process", classifier.process().spec());
        metadata.put(
                ScoreModel.NETWORK + ".architecture", classifier.architecture().spec());
        ModelFile.put(
                metadata,
                List.of(classifier.port()),
                classifier.encoding().map(of -> Map.of(Dataset.X, of)).orElse(Map.of()));
        List<String> names = classifier.classes();
        metadata.put(CLASSES, Integer.toString(names.size()));
        for (int k = 0; k < names.size(); k++) {
            metadata.put("class." + k, names.get(k));
        }
        classifier.provenance().forEach((key, value) -> metadata.put(ModelFile.PROVENANCE + key, value));
        Safetensors.write(
                output,
                metadata,
                ModelFile.tensors(ScoreModel.NETWORK, classifier.network().parameters(), classifier.weights()));
    }

    static Classifier read(Path path, ReadLimits limits, Device device) throws IOException {
        try (Safetensors file = Safetensors.open(path, limits)) {
            ModelFile.Metadata metadata = new ModelFile.Metadata(file.name(), file.metadata());
            metadata.requireFormat();
            if (!CLASSIFIER.equals(file.metadata().get(KIND))) {
                throw metadata.fault(
                        KIND, "is not classifier: this is a score model; train a classifier with train --classify");
            }
            Map<String, Encoding> encodings = new LinkedHashMap<>();
            List<Dataset.Port> ports = metadata.ports(encodings);
            if (ports.size() != 1) {
                throw metadata.fault("ports", "must be 1 for a classifier, got " + ports.size());
            }
            Sde process = metadata.parsed(
                    "process",
                    spec -> ProcessSpec.parse(spec)
                            .on(Space.euclidean(ports.get(0).width())));
            Architecture architecture = metadata.parsed(ScoreModel.NETWORK + ".architecture", Architecture::parse);
            List<String> names = new ArrayList<>();
            int count = metadata.whole(CLASSES, 2, Classes.MOST);
            for (int k = 0; k < count; k++) {
                names.add(metadata.value("class." + k));
            }
            metadata.parsed(CLASSES, unused -> {
                Classes.requireNames(names);
                return names;
            });
            Signature signature = Classifier.signature(ports.get(0), names);
            List<Parameters.Tensor> tensors = architecture.tensors(signature);
            float[] weights = ModelFile.weights(file, ScoreModel.NETWORK, tensors);
            ModelFile.requireCount(file, tensors.size());
            Network network = ScoreModel.network(architecture, signature, Prediction.DENOISED, weights, device);
            return new Classifier(
                    device,
                    process,
                    architecture,
                    network,
                    ports.get(0),
                    Optional.ofNullable(encodings.get(Dataset.X)),
                    names,
                    metadata.startingWith(ModelFile.PROVENANCE));
        }
    }
}
