package org.tweedie;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.tweedie.bridge.FittedLaw;
import org.tweedie.bridge.FrozenConditions;
import org.tweedie.bridge.LawSpec;
import org.tweedie.device.Device;
import org.tweedie.io.MalformedFileException;
import org.tweedie.io.Output;
import org.tweedie.io.ReadLimits;
import org.tweedie.io.SafetensorsHeader;
import org.tweedie.io.Tensor;
import org.tweedie.train.Dataset;
import org.tweedie.train.Normaliser;

/**
 * The file of a conditional bridge: {@link BridgeFile} with the law's spec, its numbers as tensors {@code law.<name>} in double, and the pairs as {@code rows.pairs},
 * u and encoded conditions side by side.
 */
final class ConditionalFile {
    private static final String LAW = "bridge.law";
    private static final String NUMBERS = "law.";
    private static final String PAIRS = "pairs";

    private ConditionalFile() {}

    static void write(
            Output output, FittedHalves fitted, FittedLaw law, Map<String, Normaliser> encodings, Dataset pairs)
            throws IOException {
        List<Tensor> tensors = new ArrayList<>(List.of(BridgeFile.tensor(PAIRS, pairs)));
        Map<String, double[]> numbers = law.numbers();
        shapes(law.spec(), pairs.ports())
                .forEach((name, shape) ->
                        tensors.add(Tensor.f64(NUMBERS + name, Objects.requireNonNull(numbers.get(name)), shape)));
        BridgeFile.write(
                output,
                SealedFile.CONDITIONAL_BRIDGE,
                fitted,
                pairs.ports(),
                encodings,
                Map.of(LAW, law.spec().spec()),
                tensors);
    }

    private static Map<String, long[]> shapes(LawSpec law, List<Dataset.Port> ports) {
        int x = ports.get(0).width();
        return law.shapes(x, ports.stream().mapToInt(Dataset.Port::width).sum() - x);
    }

    static ConditionalBridge read(Path path, ReadLimits limits, Device device) throws IOException {
        return BridgeFile.read(path, limits, SealedFile.CONDITIONAL_BRIDGE, opened -> {
            List<Dataset.Port> ports = opened.ports();
            if (ports.size() < 2) {
                throw opened.metadata().fault("ports", "are no conditions beside x");
            }
            Map<String, Normaliser> encodings = new LinkedHashMap<>();
            for (int i = 1; i < ports.size(); i++) {
                encodings.put(ports.get(i).name(), opened.normaliser(i));
            }
            LawSpec spec = opened.metadata().parsed(LAW, LawSpec::parse);
            Dataset pairs = pairs(opened);
            FrozenConditions conditions = opened.metadata().parsed("ports", unused -> FrozenConditions.of(pairs));
            Map<String, long[]> shapes = shapes(spec, ports);
            Map<String, double[]> numbers = numbers(opened, shapes);
            int x = ports.get(0).width();
            FittedLaw law = opened.metadata().parsed(LAW, unused -> FittedLaw.of(spec, x, pairs.width() - x, numbers));
            FittedHalves fitted = opened.halves(conditions.signature(x), true, 1 + shapes.size(), device);
            return new ConditionalBridge(fitted, new ConditionalUnits(x, law, encodings, conditions), pairs);
        });
    }

    private static Dataset pairs(BridgeFile opened) throws IOException {
        List<String> columns =
                opened.ports().stream().flatMap(port -> port.columns().stream()).toList();
        Dataset all = opened.rows(PAIRS, columns);
        return opened.metadata().parsed("ports", unused -> {
            Dataset pairs = all;
            for (Dataset.Port port : opened.ports().subList(1, opened.ports().size())) {
                pairs = pairs.given(port.name(), port.columns().toArray(String[]::new));
            }
            return pairs;
        });
    }

    private static Map<String, double[]> numbers(BridgeFile opened, Map<String, long[]> shapes) throws IOException {
        Map<String, double[]> numbers = new LinkedHashMap<>();
        for (Map.Entry<String, long[]> wanted : shapes.entrySet()) {
            SafetensorsHeader.Entry entry = opened.file().entry(NUMBERS + wanted.getKey());
            List<Long> shape = Arrays.stream(wanted.getValue()).boxed().toList();
            if (!entry.shape().equals(shape)) {
                throw new MalformedFileException(
                        opened.file().name(),
                        "tensor '" + entry.name() + "'",
                        "has shape " + entry.shape() + ", the law needs " + shape);
            }
            numbers.put(wanted.getKey(), opened.file().doubles(entry.name()));
        }
        return numbers;
    }
}
