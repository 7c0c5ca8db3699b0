package org.tweedie.fuzz;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tweedie.BridgeModel;
import org.tweedie.Classifier;
import org.tweedie.ConditionalBridge;
import org.tweedie.FirstHittingModel;
import org.tweedie.SchrodingerBridge;
import org.tweedie.ScoreModel;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.bridge.LawSpec;
import org.tweedie.bridge.Reference;
import org.tweedie.bridge.StepSizes;
import org.tweedie.bridge.domain.BridgeDomain;
import org.tweedie.bridge.domain.DomainSpec;
import org.tweedie.device.Device;
import org.tweedie.hitting.Categories;
import org.tweedie.hitting.HittingSpec;
import org.tweedie.hitting.HittingSteps;
import org.tweedie.io.Checkpoint;
import org.tweedie.io.CheckpointFile;
import org.tweedie.io.CsvWriter;
import org.tweedie.io.Npy;
import org.tweedie.io.Npz;
import org.tweedie.io.Output;
import org.tweedie.io.Safetensors;
import org.tweedie.io.Table;
import org.tweedie.io.Tensor;
import org.tweedie.score.Mlp;
import org.tweedie.sde.VpSde;
import org.tweedie.train.Classes;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/** What fuzzing starts from: files that our writers and NumPy wrote, and the inputs of src/test/resources/fuzz. */
final class Corpus {
    private Corpus() {}

    /** Inputs that are as they should be. */
    static List<byte[]> valid(Parser parser, Path scratch) throws IOException {
        Table table = new Table(new float[] {1, -2.5f, 3e9f, 4, 0, 1e-9f}, 3, 2, List.of("a", "b"));
        return switch (parser) {
            case SAFETENSORS ->
                List.of(
                        Safetensors.encode(
                                Map.of("a", "b", "ü", "\uD83D\uDE00"),
                                List.of(
                                        Tensor.f32("w", new float[] {1, 2, 3, 4}, 2, 2),
                                        Tensor.f64("d", new double[] {1, 2}, 2),
                                        Tensor.i64("i", new long[] {7}, 1, 1, 1))),
                        Safetensors.encode(Map.of(), List.of()),
                        golden("reference.safetensors"));
            case NPY -> {
                List<byte[]> all = new ArrayList<>(goldens(".npy"));
                all.add(written(scratch, output -> Npy.write(output, table)));
                yield all;
            }
            case NPZ -> {
                List<byte[]> all = new ArrayList<>(goldens(".npz"));
                all.add(written(scratch, output -> Npz.write(output, Map.of("a", table))));
                all.add(written(
                        scratch, output -> Npz.write(output, new LinkedHashMap<>(Map.of("a", table, "b.c", table)))));
                yield all;
            }
            case CSV ->
                List.of(
                        written(scratch, output -> {
                            try (var writer = CsvWriter.open(output, table.rows(), table.names())) {
                                writer.write(table.data(), 0, table.rows());
                                writer.finish();
                            }
                        }),
                        text("\ufeff# comment\r\n\"a\",\"b \"\"c\"\"\"\r\n\r\n1,\"2\"\r\n-.5e-3,+1E+2\r\n"),
                        text("1;2\n3;4"),
                        text("a;b\n1;2\n"));
            case CHECKPOINT ->
                List.of(
                        written(
                                scratch,
                                output -> CheckpointFile.write(
                                        output,
                                        new Checkpoint()
                                                .put("weights", new float[] {1, 2, 3})
                                                .put("step", 7L)
                                                .put("settings", Map.of("seed", "42 \"ü\"", "b", ""))
                                                .put("empty", new byte[0]))),
                        written(scratch, output -> CheckpointFile.write(output, new Checkpoint())));
            case MODEL ->
                List.of(
                        model(scratch, "mlp:2x1"),
                        model(scratch, "mlp:3x2,tanh,residual,fourier:2:0.25:8"),
                        classifier(scratch),
                        bridge(scratch, false),
                        bridge(scratch, true),
                        conditional(scratch, "affine"),
                        conditional(scratch, "radial:2,1"),
                        hitting(scratch),
                        domain(scratch));
            case SPECS, CLI -> List.of();
        };
    }

    private static byte[] model(Path scratch, String network) throws IOException {
        try (Device device = Device.open("cpu:1");
                ScoreModel model = ScoreModel.create(
                        new VpSde(),
                        Mlp.parse(network),
                        Dataset.of(new Table(new float[] {1, 2, 3, 4, 5, 7}, 2, 3, List.of("a", "b", "c")))
                                .given("y", "c"),
                        1,
                        device)) {
            return written(scratch, model::save);
        }
    }

    private static byte[] classifier(Path scratch) throws IOException {
        Classes classes = Classes.of(
                Dataset.of(new Table(new float[] {1, 2, 0, 4, 5, 1}, 2, 3, List.of("a", "b", "kind"))), "kind");
        try (Device device = Device.open("cpu:1");
                Classifier classifier = Classifier.create(new VpSde(), Mlp.of(2, 1), classes, 1, device)) {
            return written(scratch, classifier::save);
        }
    }

    private static BridgeSpec small() {
        return BridgeSpec.of(StepSizes.constant(2, 0.25))
                .withIterations(1)
                .withNetwork(Mlp.parse("mlp:2x1,fourier:1:0.25:8"))
                .withTraining(TrainSpec.steps(1).withBatch(2))
                .withCache(2, 1);
    }

    private static byte[] conditional(Path scratch, String law) throws IOException {
        Dataset pairs = Dataset.of(new float[] {1, 2, 3, 5, 5, 4, 2, 1, 0}, "a", "b", "c")
                .given("y", "c");
        try (Device device = Device.open("cpu:1");
                ConditionalBridge bridge =
                        ConditionalBridge.fit(pairs, LawSpec.parse(law).law(pairs), small(), device)) {
            return written(scratch, bridge::save);
        }
    }

    private static byte[] bridge(Path scratch, boolean normal) throws IOException {
        Dataset rows = Dataset.of(new float[] {1, 2, 3, 5, 5, 4}, "a", "b");
        BridgeSpec spec = small();
        try (Device device = Device.open("cpu:1");
                SchrodingerBridge bridge = normal
                        ? SchrodingerBridge.fitToNormal(rows, Reference.ornsteinUhlenbeck(1), spec, device)
                        : SchrodingerBridge.fit(
                                rows,
                                Dataset.of(new float[] {2, 1, 0, 3}, "c", "d"),
                                Reference.brownian(),
                                spec,
                                device)) {
            return written(scratch, bridge::save);
        }
    }

    private static byte[] hitting(Path scratch) throws IOException {
        HittingSpec spec = HittingSpec.standard()
                .withSteps(HittingSteps.parse("0.1,0.2,0.05,100"))
                .withNetwork(Mlp.parse("mlp:2x1,fourier:1:0.25:8"))
                .withTraining(TrainSpec.steps(1).withBatch(2))
                .withCache(2, 1, 1);
        try (Device device = Device.open("cpu:1");
                FirstHittingModel model = FirstHittingModel.fit(
                        Dataset.of(new float[] {0, 1}, "level"), Categories.of(2), spec, device)) {
            return written(scratch, model::save);
        }
    }

    private static byte[] domain(Path scratch) throws IOException {
        DomainSpec spec = DomainSpec.of()
                .withSteps(2)
                .withNetwork(Mlp.parse("mlp:2x1,fourier:1:0.25:8"))
                .withTraining(TrainSpec.steps(1).withBatch(2))
                .withCache(2, 1);
        try (Device device = Device.open("cpu:1");
                BridgeModel model = BridgeModel.fit(
                        Dataset.of(new float[] {1, 0, 0.5f, 0, 1, 0.25f}, "a", "b", "c"),
                        BridgeDomain.parse("onehot:2 x interval:0,1"),
                        spec,
                        device)) {
            return written(scratch, model::save);
        }
    }

    private interface Writing {
        void to(Output output) throws IOException;
    }

    private static byte[] written(Path scratch, Writing writing) throws IOException {
        Path file = scratch.resolve("seed");
        writing.to(Output.to(file));
        byte[] bytes = Files.readAllBytes(file);
        Files.delete(file);
        return bytes;
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Files that NumPy and safetensors wrote, among them some that are refused. */
    private static List<byte[]> goldens(String extension) throws IOException {
        List<byte[]> all = new ArrayList<>();
        try (var files = Files.list(Path.of("src/test/resources/io"))) {
            for (Path file : files.filter(file -> file.toString().endsWith(extension))
                    .sorted()
                    .toList()) {
                all.add(Files.readAllBytes(file));
            }
        }
        return all;
    }

    private static byte[] golden(String name) {
        try (InputStream in = Corpus.class.getResourceAsStream("/io/" + name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Inputs that once were findings, or that lead where chance rarely does: the lines of {@code fuzz/PARSER.txt}, each in Base64 as
     * jazzer prints it, or after {@code "} as text with {@code \n} for a line's end, then a blank and what it is for.
     */
    static List<byte[]> kept(Parser parser) throws IOException {
        try (InputStream in = Corpus.class.getResourceAsStream("/fuzz/" + parser.spec() + ".txt")) {
            if (in == null) {
                return List.of();
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(Corpus::line)
                    .toList();
        }
    }

    private static byte[] line(String line) {
        return line.startsWith("\"")
                ? text(line.substring(1, line.lastIndexOf('"')).translateEscapes())
                : Base64.getDecoder().decode(line.substring(0, (line + " ").indexOf(' ')));
    }

    static List<byte[]> all(Parser parser, Path scratch) throws IOException {
        List<byte[]> all = new ArrayList<>(valid(parser, scratch));
        all.addAll(kept(parser));
        all.add(new byte[0]);
        return all;
    }

    /** The files that command lines name. */
    static void putFilesFor(Path folder) throws IOException {
        Files.writeString(folder.resolve("good.csv"), "a,b,c\n1,2,0\n3,4,1\n5,7,0\n7,8,1\n9,9,0\n2,3,1\n");
        Files.writeString(folder.resolve("bad.csv"), "a,b,c\n1,2\n");
        Files.write(folder.resolve("model.safetensors"), model(folder, "mlp:2x1"));
        Files.write(folder.resolve("bridge.safetensors"), bridge(folder, false));
        Files.write(folder.resolve("conditional.safetensors"), conditional(folder, "columns"));
        Files.write(folder.resolve("hitting.safetensors"), hitting(folder));
    }
}
