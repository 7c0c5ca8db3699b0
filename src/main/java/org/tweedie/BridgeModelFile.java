package org.tweedie;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tweedie.bridge.domain.BridgeBase;
import org.tweedie.bridge.domain.BridgeDomain;
import org.tweedie.bridge.domain.DomainBridge;
import org.tweedie.bridge.domain.DomainFitting;
import org.tweedie.bridge.domain.DomainPart;
import org.tweedie.device.Device;
import org.tweedie.io.Output;
import org.tweedie.io.ReadLimits;
import org.tweedie.io.Safetensors;
import org.tweedie.io.Tensor;
import org.tweedie.score.Architecture;
import org.tweedie.score.Network;
import org.tweedie.score.Parameters;
import org.tweedie.score.Signature;
import org.tweedie.sde.Prediction;
import org.tweedie.train.Dataset;
import org.tweedie.train.Encoding;
import org.tweedie.train.Normaliser;

/**
 * A bridge into a domain as one safetensors file (docs/formats.md): the network as in a model file, {@code domain.weights} of the points of finite factors; in the
 * metadata the domain in the units of the data, the base, the steps, and a hash of it all. Rows of data are not part of it.
 */
final class BridgeModelFile {
    private static final String DOMAIN = "domain";
    private static final String BASE = "domain.base";
    private static final String STEPS = "domain.steps";
    private static final String WEIGHTS = "domain.weights";
    private static final String ARCHITECTURE = ScoreModel.NETWORK + ".architecture";

    private BridgeModelFile() {}

    static void write(Output output, BridgeModel.Parts model, Network network, Device device) throws IOException {
        Map<String, String> metadata = SealedFile.DOMAIN.metadata();
        metadata.put(DOMAIN, model.domain().spec());
        metadata.put(BASE, model.bridge().base().spec());
        metadata.put(STEPS, Integer.toString(model.steps()));
        metadata.put(ARCHITECTURE, model.network().spec());
        ModelFile.put(
                metadata, List.of(new Dataset.Port(Dataset.X, model.columns())), Map.of(Dataset.X, model.encoding()));
        model.provenance().forEach((key, value) -> metadata.put(ModelFile.PROVENANCE + key, value));
        List<Tensor> tensors = new ArrayList<>(
                ModelFile.tensors(ScoreModel.NETWORK, network.parameters(), ModelFile.weights(network, device)));
        double[] logs = model.bridge().domain().logWeights();
        if (logs.length > 0) {
            tensors.add(Tensor.f64(WEIGHTS, logs, logs.length));
        }
        SealedFile.write(output, metadata, tensors);
    }

    static BridgeModel read(Path path, ReadLimits limits, Device device) throws IOException {
        try (Safetensors file = Safetensors.open(path, limits)) {
            ModelFile.Metadata metadata = SealedFile.DOMAIN.of(file);
            BridgeModel.Parts parts = parts(file, metadata);
            Signature signature = DomainFitting.signature(parts.domain());
            List<Parameters.Tensor> tensors = parts.network().tensors(signature);
            ModelFile.requireCount(
                    file, tensors.size() + (parts.bridge().domain().logWeights().length > 0 ? 1 : 0));
            float[] weights = ModelFile.weights(file, ScoreModel.NETWORK, tensors);
            Network network = ScoreModel.network(parts.network(), signature, Prediction.VELOCITY, weights, device);
            return new BridgeModel(parts, network, Optional.empty(), Optional.empty(), device);
        }
    }

    private static BridgeModel.Parts parts(Safetensors file, ModelFile.Metadata metadata) throws IOException {
        BridgeDomain domain = metadata.parsed(DOMAIN, BridgeDomain::parse);
        Map<String, Encoding> encodings = new LinkedHashMap<>();
        List<Dataset.Port> ports = metadata.ports(encodings);
        if (ports.size() != 1 || ports.get(0).width() != domain.width()) {
            throw metadata.fault(
                    "ports", "must be 1, as wide as the domain, whose width is " + domain.width() + ", got " + ports);
        }
        if (!(encodings.get(Dataset.X) instanceof Normaliser encoding) || !keeps(encoding, domain)) {
            throw metadata.fault(
                    "port.0.encoding",
                    "must standardise, and leave the columns of one-hot factors and of points as they are");
        }
        BridgeBase base = metadata.parsed(BASE, BridgeBase::parse);
        BridgeDomain mapped = metadata.parsed(DOMAIN, unused -> domain.mapped(encoding.means(), encoding.scales()));
        double[] logs = mapped.logWeights().length == 0 ? new double[0] : file.doubles(WEIGHTS);
        BridgeDomain weighted = metadata.parsed(DOMAIN, unused -> mapped.weighted(logs));
        return new BridgeModel.Parts(
                domain,
                new DomainBridge(base, weighted),
                metadata.whole(STEPS, 2, 10_000),
                metadata.parsed(ARCHITECTURE, Architecture::parse),
                encoding,
                ports.get(0).columns(),
                metadata.startingWith(ModelFile.PROVENANCE));
    }

    /** Whether columns that have one unit keep it. */
    private static boolean keeps(Normaliser encoding, BridgeDomain domain) {
        boolean kept = true;
        int at = 0;
        for (DomainPart part : domain.parts()) {
            for (int d = at; d < at + part.width(); d++) {
                kept &= part.scales() || encoding.means()[d] == 0 && encoding.scales()[d] == 1;
            }
            at += part.width();
        }
        return kept;
    }
}
