package org.tweedie;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tweedie.device.Device;
import org.tweedie.io.Output;
import org.tweedie.io.ReadLimits;
import org.tweedie.io.Tensor;
import org.tweedie.score.Signature;
import org.tweedie.train.Dataset;
import org.tweedie.train.Normaliser;

/** The file of a bridge between two ends: {@link BridgeFile} with tensors {@code rows.x} and {@code rows.to} of them, the latter where it is not normal. */
final class JoinedFile {
    private static final String TO = "to";

    private JoinedFile() {}

    static void write(Output output, FittedHalves fitted, Normaliser encoding, Dataset from, Optional<Dataset> to)
            throws IOException {
        List<Dataset.Port> ports = new ArrayList<>(from.ports());
        List<Tensor> tensors = new ArrayList<>(List.of(BridgeFile.tensor(Dataset.X, from)));
        to.ifPresent(rows -> {
            ports.add(new Dataset.Port(TO, rows.columns()));
            tensors.add(BridgeFile.tensor(TO, rows));
        });
        BridgeFile.write(output, SealedFile.BRIDGE, fitted, ports, Map.of(Dataset.X, encoding), Map.of(), tensors);
    }

    static SchrodingerBridge read(Path path, ReadLimits limits, Device device) throws IOException {
        return BridgeFile.read(path, limits, SealedFile.BRIDGE, opened -> {
            List<Dataset.Port> ports = opened.ports();
            Normaliser encoding = opened.normaliser(0);
            int width = encoding.width();
            if (ports.size() > 2
                    || ports.size() == 2
                            && (!ports.get(1).name().equals(TO) || ports.get(1).width() != width)) {
                throw opened.metadata().fault("ports", "are no two ends of as many columns");
            }
            Dataset from = opened.rows(Dataset.X, ports.get(0).columns());
            Optional<Dataset> to = ports.size() == 1
                    ? Optional.empty()
                    : Optional.of(opened.rows(TO, ports.get(1).columns()));
            FittedHalves fitted = opened.halves(Signature.over(width), to.isEmpty(), ports.size(), device);
            return new SchrodingerBridge(fitted, encoding, from, to);
        });
    }
}
