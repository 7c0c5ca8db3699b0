package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.DoubleUnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.statistics.distribution.NormalDistribution;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.io.MalformedFileException;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;
import org.tweedie.score.Evaluator;
import org.tweedie.score.Instant;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.VpSde;

/** What docs/formats.md says of model files: files laid out by hand are read, and compute what its PyTorch module computes. */
class ModelFileFormatTest {
    @TempDir
    Path folder;

    /** The module of docs/formats.md in double: [out][in] weights, h W^T + b. Shares nothing with the package but tensor names. */
    private record Module(
            double[] frequencies,
            double[][][] time,
            double[][][] layer,
            double[][] bias,
            double[][] out,
            double[] outBias,
            DoubleUnaryOperator activation,
            boolean residual) {
        double[] forward(double[] x, double t) {
            int n = frequencies.length;
            double[] features = new double[2 * n];
            for (int k = 0; k < n; k++) {
                features[k] = Math.sin(2 * Math.PI * frequencies[k] * t);
                features[n + k] = Math.cos(2 * Math.PI * frequencies[k] * t);
            }
            double[] h = x;
            for (int l = 0; l < layer.length; l++) {
                double[] next = new double[bias[l].length];
                for (int j = 0; j < next.length; j++) {
                    double sum = bias[l][j] + dot(layer[l][j], h) + dot(time[l][j], features);
                    next[j] = activation.applyAsDouble(sum) + (residual && l > 0 ? h[j] : 0);
                }
                h = next;
            }
            double[] result = new double[outBias.length];
            for (int j = 0; j < result.length; j++) {
                result[j] = outBias[j] + dot(out[j], h);
            }
            return result;
        }

        private static double dot(double[] a, double[] b) {
            double sum = 0;
            for (int i = 0; i < a.length; i++) {
                sum += a[i] * b[i];
            }
            return sum;
        }

        /** E[x0 | x_t] as docs/formats.md has it: EDM's preconditioning for data of variance 1. */
        double[] denoised(double[] x, double alpha, double sigma) {
            double n = sigma / alpha;
            double r = Math.sqrt(alpha * alpha + sigma * sigma);
            double[] in = x.clone();
            for (int d = 0; d < x.length; d++) {
                in[d] = x[d] / r;
            }
            double[] out = forward(in, Math.log(n) / 4);
            double[] x0 = new double[x.length];
            for (int d = 0; d < x.length; d++) {
                x0[d] = x[d] / alpha / (n * n + 1) + n / Math.sqrt(n * n + 1) * out[d];
            }
            return x0;
        }

        /** The tensors in the order of state_dict(): buffers and weights of time, then layer, then out. */
        Map<String, double[][]> state() {
            Map<String, double[][]> state = new LinkedHashMap<>();
            state.put("network.time.frequencies", new double[][] {frequencies});
            for (int l = 0; l < layer.length; l++) {
                state.put("network.time." + l + ".weight", time[l]);
            }
            for (int l = 0; l < layer.length; l++) {
                state.put("network.layer." + l + ".weight", layer[l]);
                state.put("network.layer." + l + ".bias", new double[][] {bias[l]});
            }
            state.put("network.out.weight", out);
            state.put("network.out.bias", new double[][] {outBias});
            return state;
        }
    }

    /** Random weights that are floats. */
    private static Module module(
            long seed,
            int inputs,
            int outputs,
            int width,
            int depth,
            int frequencies,
            String activation,
            boolean residual) {
        Random random = new Random(seed);
        double[][][] time = new double[depth][][];
        double[][][] layer = new double[depth][][];
        double[][] bias = new double[depth][];
        for (int l = 0; l < depth; l++) {
            time[l] = matrix(random, width, 2 * frequencies);
            layer[l] = matrix(random, width, l == 0 ? inputs : width);
            bias[l] = matrix(random, 1, width)[0];
        }
        double[][] out = matrix(random, outputs, width);
        return new Module(
                matrix(random, 1, frequencies)[0],
                time,
                layer,
                bias,
                out,
                matrix(random, 1, outputs)[0],
                ACTIVATIONS.get(activation),
                residual);
    }

    private static double[][] matrix(Random random, int out, int in) {
        double[][] weights = new double[out][in];
        for (double[] row : weights) {
            for (int i = 0; i < in; i++) {
                row[i] = (float) (random.nextGaussian() / Math.sqrt(in));
            }
        }
        return weights;
    }

    private static final Map<String, DoubleUnaryOperator> ACTIVATIONS = Map.of(
            "silu", x -> x / (1 + Math.exp(-x)),
            "sin", Math::sin,
            "tanh", Math::tanh,
            "relu", x -> Math.max(x, 0),
            "softplus", x -> Math.log1p(Math.exp(x)),
            "gelu", x -> x * NormalDistribution.of(0, 1).cumulativeProbability(x),
            "identity", x -> x);

    /** A safetensors file made by hand: length, JSON, then the tensors as little-endian F32 or F64, row-major. */
    private static byte[] file(Map<String, String> metadata, Map<String, double[][]> tensors, boolean wide) {
        StringBuilder json = new StringBuilder("{\"__metadata__\":{");
        json.append(metadata.entrySet().stream()
                .map(e -> '"' + e.getKey() + "\":\"" + e.getValue() + '"')
                .collect(Collectors.joining(",")));
        json.append('}');
        ByteBuffer data = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
        tensors.forEach((name, rows) -> {
            int begin = data.position();
            boolean vector = name.endsWith(".bias") || name.endsWith(".frequencies");
            for (double[] row : rows) {
                for (double value : row) {
                    if (wide) {
                        data.putDouble(value);
                    } else {
                        data.putFloat((float) value);
                    }
                }
            }
            json.append(",\"")
                    .append(name)
                    .append("\":{\"dtype\":\"")
                    .append(wide ? "F64" : "F32")
                    .append("\",\"shape\":[")
                    .append(vector ? "" : rows.length + ",")
                    .append(rows[0].length)
                    .append("],\"data_offsets\":[")
                    .append(begin)
                    .append(',')
                    .append(data.position())
                    .append("]}");
        });
        byte[] header = json.append('}').toString().getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + header.length + data.position())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header)
                .put(data.flip())
                .array();
    }

    private static Map<String, String> metadata(String architecture, int columns) {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("tweedie.format", "1");
        metadata.put("process", "vp:0.1,20");
        metadata.put("network.architecture", architecture);
        metadata.put("network.prediction", "DENOISED");
        metadata.put("ports", "1");
        metadata.put("port.0", "x");
        metadata.put("port.0.columns", Integer.toString(columns));
        for (int c = 0; c < columns; c++) {
            metadata.put("port.0.column." + c, "column " + c);
        }
        return metadata;
    }

    private ScoreModel load(byte[] bytes, Device device) throws Exception {
        return ScoreModel.load(Files.write(folder.resolve("made.safetensors"), bytes), device);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "mlp:16x3|silu|16|3|16|false",
                "mlp:7x2,gelu,residual,gaussian:3:1.5|gelu|7|2|3|true",
                "mlp:5x1,tanh,sinusoidal:4:1000:10000|tanh|5|1|4|false",
                "mlp:33x2,relu,fourier:2:0.5:1|relu|33|2|2|false",
                "mlp:9x3,softplus,residual|softplus|9|3|16|true",
                "mlp:9x2,sin|sin|9|2|16|false",
                "mlp:3x2,identity|identity|3|2|16|false",
            })
    void aFileLaidOutByHandComputesTheModule(
            String spec, String activation, int width, int depth, int frequencies, boolean residual) throws Exception {
        Module module = module(11, 2, 2, width, depth, frequencies, activation, residual);
        Map<String, double[][]> shuffled = new LinkedHashMap<>();
        List<String> names = new ArrayList<>(module.state().keySet());
        Collections.reverse(names); // the order in the file is free
        names.forEach(name -> shuffled.put(name, module.state().get(name)));
        try (Device device = Device.open("cpu:1")) {
            float[] weights;
            try (ScoreModel model = load(file(metadata(spec, 2), module.state(), false), device)) {
                weights = model.weights();
                assertEquals(List.of("column 0", "column 1"), model.columns());
                assertForward(module, model, 2, new double[0]);
                model.save(folder.resolve("again.safetensors"));
            }
            try (ScoreModel wide = load(file(metadata(spec, 2), shuffled, true), device)) {
                assertArrayEquals(weights, wide.weights(), "64-bit floats that are floats are read exactly");
            }
            assertTensors(module, Files.readAllBytes(folder.resolve("again.safetensors")));
        }
    }

    /** The network's rows against the module, for one time and for a time a row; f32 rounding is allowed 2^-24 a term, generously. */
    private static void assertForward(Module module, ScoreModel model, int width, double[] given) {
        Random random = new Random(5);
        int rows = 5;
        float[] x = new float[rows * width];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        float t = 0.37f;
        float[] got = evaluate(model, x, t, given);
        for (int r = 0; r < rows; r++) {
            double[] row = new double[width + given.length];
            for (int d = 0; d < width; d++) {
                row[d] = x[r * width + d];
            }
            System.arraycopy(given, 0, row, width, given.length);
            double[] expected = module.forward(row, t);
            for (int d = 0; d < width; d++) {
                assertEquals(
                        expected[d],
                        got[r * width + d],
                        2e-5 * (1 + Math.abs(expected[d])),
                        "row " + r + ", column " + d);
            }
        }
    }

    /** The network's output for rows of x, one condition for all. */
    private static float[] evaluate(ScoreModel model, float[] x, float t, double[] given) {
        int width = model.columns().size();
        int rows = x.length / width;
        float[] got = new float[x.length];
        Device device = model.device();
        try (org.tweedie.device.Stream stream = device.stream();
                RowSet set = RowSet.on(device);
                DeviceBuffer in = device.allocate(Element.F32, x.length);
                DeviceBuffer out = device.allocate(Element.F32, x.length);
                DeviceBuffer condition = device.allocate(Element.F32, Math.max(1, given.length));
                Evaluator evaluator = model.network().open(device, rows)) {
            set.assign(stream, 0, 0, rows);
            stream.upload(x, 0, in, 0, x.length);
            List<View> from = new ArrayList<>(List.of(View.rows(in, width)));
            if (given.length > 0) {
                float[] narrow = new float[given.length];
                for (int i = 0; i < given.length; i++) {
                    narrow[i] = (float) given[i];
                }
                stream.upload(narrow, 0, condition, 0, narrow.length);
                from.add(View.shared(condition, 0, given.length));
            }
            evaluator.evaluate(stream, set, from, Instant.at(t), List.of(View.rows(out, width)));
            stream.download(out, 0, got, 0, got.length);
        }
        return got;
    }

    /** Names, shapes and numbers of a file, read here without the reader. */
    private static void assertTensors(Module module, byte[] bytes) {
        String header = header(bytes);
        ByteBuffer data = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int start = 8 + (int) data.getLong(0);
        Matcher tensor = Pattern.compile("\"(network\\.[a-z0-9.]+)\":"
                        + "\\{\"dtype\":\"F32\",\"shape\":\\[([0-9,]+)],\"data_offsets\":\\[(\\d+),(\\d+)]}")
                .matcher(header);
        Map<String, double[][]> expected = new TreeMap<>(module.state());
        while (tensor.find()) {
            double[][] rows = expected.remove(tensor.group(1));
            boolean vector =
                    tensor.group(1).endsWith(".bias") || tensor.group(1).endsWith(".frequencies");
            assertEquals((vector ? "" : rows.length + ",") + rows[0].length, tensor.group(2), tensor.group(1));
            int at = start + Integer.parseInt(tensor.group(3));
            for (double[] row : rows) {
                for (double value : row) {
                    assertEquals((float) value, data.getFloat(at), tensor.group(1));
                    at += 4;
                }
            }
            assertEquals(start + Integer.parseInt(tensor.group(4)), at);
        }
        assertEquals(Map.of(), expected, "tensors that the file lacks");
    }

    private static String header(byte[] bytes) {
        int length = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        return new String(bytes, 8, length, StandardCharsets.UTF_8).strip();
    }

    /** A file that PyTorch wrote, with what PyTorch computed: model/make_golden.py runs the module of docs/formats.md. */
    @Test
    void aFileOfPyTorchGivesPyTorchsNumbers() throws Exception {
        byte[] bytes = resource("from-torch.safetensors");
        String text = new String(resource("from-torch.txt"), StandardCharsets.UTF_8);
        List<String> lines = text.lines().filter(line -> !line.startsWith("#")).toList();
        try (Device device = Device.open("cpu:1");
                ScoreModel model = load(bytes, device)) {
            assertEquals(
                    "mlp:8x2,gelu,residual,fourier:4:0.25:2",
                    model.architecture().spec());
            for (String line : lines) {
                double[] n = Stream.of(line.split(" "))
                        .mapToDouble(Double::parseDouble)
                        .toArray();
                float[] got =
                        evaluate(model, new float[] {(float) n[1], (float) n[2]}, (float) n[0], new double[] {n[3]});
                assertEquals(n[4], got[0], 2e-6, line);
                assertEquals(n[5], got[1], 2e-6, line);
            }
        }
        assertEquals(16, lines.size());
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = ModelFileFormatTest.class.getResourceAsStream("/model/" + name)) {
            return Objects.requireNonNull(in, name).readAllBytes();
        }
    }

    /** Conditions stand beside x in the first layer, in the order of the ports, and are standardised by their own encoding. */
    @Test
    void conditionsAreColumnsBesideX() throws Exception {
        Module module = module(3, 3, 1, 8, 2, 16, "silu", false);
        Map<String, String> metadata = metadata("mlp:8x2", 1);
        metadata.put("ports", "2");
        metadata.put("port.1", "y");
        metadata.put("port.1.columns", "2");
        metadata.put("port.1.column.0", "kind");
        metadata.put("port.1.column.1", "depth");
        metadata.put("port.1.encoding", "standardise:1.0,2.0;0.5,4.0");
        try (Device device = Device.open("cpu:1");
                ScoreModel model = load(file(metadata, module.state(), false), device)) {
            assertEquals(List.of("kind", "depth"), model.ports().get(1).columns());
            assertForward(module, model, 1, new double[] {0.5, -1.25});
            float[] samples = model.sampler(MethodSpec.parse("ddim:0@6"))
                    .given("y", new float[] {1.25f, -3}, 2)
                    .sample(3, 8)
                    .rows();
            for (int i = 0; i < 3; i++) {
                assertEquals(
                        ddim(module, new double[] {1}, new double[] {0}, 6, 8, i, new double[] {0.5, -1.25})[0],
                        samples[i],
                        1e-3);
            }
        }
    }

    /** The way from noise to rows as a reader of docs/formats.md would write it, beside the sampler's. */
    @Test
    void samplesAreThoseOfTheDocumentedFormulas() throws Exception {
        Module module = module(7, 2, 2, 16, 2, 16, "silu", false);
        Map<String, String> metadata = metadata("mlp:16x2", 2);
        metadata.put("port.0.encoding", "standardise:10.0,-3.0;2.0,0.25");
        try (Device device = Device.open("cpu:1");
                ScoreModel model = load(file(metadata, module.state(), false), device)) {
            float[] samples =
                    model.sampler(MethodSpec.parse("ddim:0@10")).sample(20, 42).rows();
            for (int i = 0; i < 20; i++) {
                double[] expected =
                        ddim(module, new double[] {2, 0.25}, new double[] {10, -3}, 10, 42, i, new double[0]);
                assertEquals(expected[0], samples[2 * i], 2e-3 * 2);
                assertEquals(expected[1], samples[2 * i + 1], 2e-3 * 0.25);
            }
        }
    }

    /** DDIM (Song, Meng, Ermon, 2010.02502) over equal steps of time from 1 to 0.001 of the process vp:0.1,20. */
    private static double[] ddim(
            Module module, double[] scale, double[] mean, int steps, long seed, long index, double[] given) {
        Words words = Philox.words(seed, index, Purpose.PRIOR, 0);
        double[] x = new double[scale.length];
        for (int d = 0; d < x.length; d++) {
            x[d] = words.normal(d);
        }
        Module conditioned = given.length == 0 ? module : beside(module, given);
        for (int k = 0; k < steps; k++) {
            double t = 1 + k * (1e-3 - 1) / steps;
            double s = 1 + (k + 1) * (1e-3 - 1) / steps;
            double[] x0 = conditioned.denoised(x, alpha(t), sigma(t));
            for (int d = 0; d < x.length; d++) {
                x[d] = alpha(s) * x0[d] + sigma(s) * (x[d] - alpha(t) * x0[d]) / sigma(t);
            }
        }
        for (int d = 0; d < x.length; d++) {
            x[d] = x[d] * scale[d] + mean[d];
        }
        return x;
    }

    /** The module with its conditions filled in: their share of the first layer is a bias. */
    private static Module beside(Module module, double[] given) {
        double[][][] layer = module.layer.clone();
        double[][] bias = module.bias.clone();
        int width = module.layer[0][0].length - given.length;
        layer[0] = new double[module.layer[0].length][];
        bias[0] = module.bias[0].clone();
        for (int j = 0; j < layer[0].length; j++) {
            layer[0][j] = java.util.Arrays.copyOf(module.layer[0][j], width);
            for (int i = 0; i < given.length; i++) {
                bias[0][j] += module.layer[0][j][width + i] * given[i];
            }
        }
        return new Module(
                module.frequencies,
                module.time,
                layer,
                bias,
                module.out,
                module.outBias,
                module.activation,
                module.residual);
    }

    private static double alpha(double t) {
        return Math.exp(-0.5 * (0.1 * t + 0.5 * (20 - 0.1) * t * t));
    }

    private static double sigma(double t) {
        return Math.sqrt(1 - alpha(t) * alpha(t));
    }

    /** The table of docs/formats.md: score and denoised row from the output, for each prediction, as model files use it. */
    @Test
    void predictionsTranslateAsDocumented() {
        VpSde vp = new VpSde();
        for (double t : new double[] {1e-3, 0.2, 0.9}) {
            double a = alpha(t);
            double s = sigma(t);
            Map<Prediction, double[]> skipAndGain = Map.of(
                    Prediction.NOISE, new double[] {0, -1 / s},
                    Prediction.DENOISED, new double[] {-1 / (a * a + s * s), a / (s * Math.sqrt(a * a + s * s))},
                    Prediction.SCORE, new double[] {0, 1 / s},
                    Prediction.VELOCITY, new double[] {-1 / (a * a + s * s), -a / (s * Math.sqrt(a * a + s * s))});
            skipAndGain.forEach((prediction, expected) -> {
                Parametrisation p = Parametrisation.preconditioned(vp, prediction, 1);
                assertEquals(expected[0], p.skip(t), 1e-9 * (1 + Math.abs(expected[0])), prediction + " at " + t);
                assertEquals(expected[1], p.gain(t), 1e-9 * Math.abs(expected[1]), prediction + " at " + t);
                assertEquals(1 / Math.sqrt(a * a + s * s), p.inputScale(t), 1e-12);
                assertEquals(Math.log(s / a) / 4, p.networkTime(t), 1e-9);
            });
        }
    }

    /** The header printed in docs/formats.md is the header of that model's file, every key of it. */
    @Test
    @Tag("checkout")
    void theHeaderIsTheOneOfThePage() throws Exception {
        Matcher block = Pattern.compile("```json\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(Path.of("docs/formats.md")));
        assertTrue(block.find(), "docs/formats.md shows a header");
        String shown = block.group(1).lines().map(String::strip).collect(Collectors.joining());
        Map<String, double[][]> tensors =
                module(1, 2, 2, 3, 1, 1, "silu", false).state();
        Map<String, String> metadata = metadata("mlp:3x1,fourier:1:0.5:0.5", 2);
        metadata.put("port.0.column.0", "east");
        metadata.put("port.0.column.1", "north");
        metadata.put("port.0.encoding", "standardise:10.0,-3.0;2.0,0.25");
        metadata.put("provenance.seed", "7");
        try (Device device = Device.open("cpu:1");
                ScoreModel model = load(file(metadata, tensors, false), device)) {
            model.save(folder.resolve("saved.safetensors"));
        }
        assertEquals(shown, header(Files.readAllBytes(folder.resolve("saved.safetensors"))));
    }

    static Stream<org.junit.jupiter.params.provider.Arguments> faults() {
        interface Change {
            void to(Map<String, String> metadata, Map<String, double[][]> tensors);
        }
        Map<String, Change> changes = new LinkedHashMap<>();
        changes.put(
                "metadata 'tweedie.format'|is missing; is this a Tweedie model?", (m, t) -> m.remove("tweedie.format"));
        changes.put(
                "metadata 'tweedie.format'|reads up to 1; use a newer Tweedie", (m, t) -> m.put("tweedie.format", "2"));
        changes.put("metadata 'process'|unknown process", (m, t) -> m.put("process", "brown"));
        changes.put("metadata 'network.architecture'|unknown network", (m, t) -> m.put("network.architecture", "unet"));
        changes.put("metadata 'network.prediction'|No enum constant", (m, t) -> m.put("network.prediction", "EPS"));
        changes.put("metadata 'port.0'|must be 'x'", (m, t) -> m.put("port.0", "y"));
        changes.put("metadata 'port.0.column.1'|is missing", (m, t) -> m.remove("port.0.column.1"));
        changes.put(
                "metadata 'port.0.encoding'|is 1 wide, its port 2",
                (m, t) -> m.put("port.0.encoding", "standardise:0.0;1.0"));
        changes.put(
                "metadata 'port.0.encoding'|scales must be positive",
                (m, t) -> m.put("port.0.encoding", "standardise:0.0,0.0;1.0,0.0"));
        changes.put(
                "tensor 'network.out.weight'|has shape [3, 2], the architecture needs [2, 3]",
                (m, t) -> t.put("network.out.weight", new double[3][2]));
        changes.put("tensor \"network.out.bias\"|is absent", (m, t) -> t.remove("network.out.bias"));
        changes.put(
                "header|holds 7 tensors, the architecture needs 6",
                (m, t) -> t.put("network.more.bias", new double[1][1]));
        changes.put(
                "tensor 'network.out.bias'|holds NaN",
                (m, t) -> t.put("network.out.bias", new double[][] {{0, Double.NaN}}));
        return changes.entrySet().stream().map(change -> {
            Map<String, String> metadata = metadata("mlp:3x1,fourier:1:0.5:0.5", 2);
            Map<String, double[][]> tensors =
                    module(1, 2, 2, 3, 1, 1, "silu", false).state();
            change.getValue().to(metadata, tensors);
            return org.junit.jupiter.params.provider.Arguments.of(change.getKey(), file(metadata, tensors, false));
        });
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("faults")
    void aFileThatIsNoModelSaysWhere(String placeAndFault, byte[] bytes) {
        String[] said = placeAndFault.split("\\|");
        try (Device device = Device.open("cpu:1")) {
            String message = assertThrows(MalformedFileException.class, () -> load(bytes, device))
                    .getMessage();
            assertTrue(message.contains(said[0]) && message.contains(said[1]), message);
            assertEquals(0, device.allocatedBytes(), "nothing is left on the device");
        }
    }
}
