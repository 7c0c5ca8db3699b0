package org.tweedie;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tweedie.device.Device;
import org.tweedie.hitting.HittingDomain;
import org.tweedie.hitting.HittingFitting;
import org.tweedie.hitting.HittingSteps;
import org.tweedie.io.Output;
import org.tweedie.io.ReadLimits;
import org.tweedie.io.Safetensors;
import org.tweedie.score.Architecture;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;
import org.tweedie.score.Signature;
import org.tweedie.train.Dataset;

/** A {@link FirstHittingModel} as one safetensors file (docs/formats.md): tensors {@code network.<layer>} as in a model file; in the metadata the rest, and a hash of it all. */
final class HittingFile {
    private static final String DOMAIN = "hitting.domain";
    private static final String STEPS = "hitting.steps";
    private static final String ARCHITECTURE = ScoreModel.NETWORK + ".architecture";
    /** The port of rows as files have them, where that is not as walks end at them. */
    private static final String WRITTEN = "written";

    private HittingFile() {}

    static void write(
            Output output,
            HittingDomain domain,
            HittingSteps steps,
            FirstHittingModel.Columns columns,
            FirstHittingModel.Learned learned,
            Device device)
            throws IOException {
        Map<String, String> metadata = SealedFile.FIRST_HITTING.metadata();
        metadata.put(DOMAIN, domain.spec());
        metadata.put(STEPS, steps.spec());
        metadata.put(ARCHITECTURE, learned.architecture().spec());
        List<Dataset.Port> ports = new ArrayList<>();
        ports.add(new Dataset.Port(Dataset.X, columns.ends()));
        if (domain.written() != domain.ends().width()) {
            ports.add(new Dataset.Port(WRITTEN, columns.written()));
        }
        ModelFile.put(metadata, ports, Map.of());
        learned.provenance().forEach((key, value) -> metadata.put(ModelFile.PROVENANCE + key, value));
        Network network = learned.network();
        SealedFile.write(
                output,
                metadata,
                ModelFile.tensors(ScoreModel.NETWORK, network.parameters(), ModelFile.weights(network, device)));
    }

    static FirstHittingModel read(Path path, ReadLimits limits, Device device) throws IOException {
        try (Safetensors file = Safetensors.open(path, limits)) {
            ModelFile.Metadata metadata = SealedFile.FIRST_HITTING.of(file);
            HittingDomain domain = metadata.parsed(DOMAIN, HittingDomain::parse);
            HittingSteps steps = metadata.parsed(STEPS, HittingSteps::parse);
            FirstHittingModel.Columns columns = columns(metadata, domain);
            Architecture architecture = metadata.parsed(ARCHITECTURE, Architecture::parse);
            Signature signature = HittingFitting.signature(domain);
            List<Parameters.Tensor> tensors = architecture.tensors(signature);
            float[] weights = ModelFile.weights(file, ScoreModel.NETWORK, tensors);
            ModelFile.requireCount(file, tensors.size());
            Network network =
                    ScoreModel.network(architecture, signature, HittingFitting.prediction(domain), weights, device);
            return FirstHittingModel.learned(
                    device,
                    domain,
                    steps,
                    columns,
                    new FirstHittingModel.Learned(architecture, network, metadata.startingWith(ModelFile.PROVENANCE)),
                    Optional.empty());
        }
    }

    private static FirstHittingModel.Columns columns(ModelFile.Metadata metadata, HittingDomain domain)
            throws IOException {
        List<Dataset.Port> ports = metadata.ports(new LinkedHashMap<>());
        int width = domain.ends().width();
        boolean alike = domain.written() == width;
        boolean fit = ports.size() == (alike ? 1 : 2) && ports.get(0).width() == width;
        if (!fit
                || !alike
                        && (!ports.get(1).name().equals(WRITTEN) || ports.get(1).width() != domain.written())) {
            throw metadata.fault("ports", "are not the columns of " + domain.spec());
        }
        return new FirstHittingModel.Columns(
                ports.get(0).columns(), ports.get(ports.size() - 1).columns());
    }
}
