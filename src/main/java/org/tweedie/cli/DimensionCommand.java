package org.tweedie.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.DoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.tweedie.LocalDimension;
import org.tweedie.ScoreModel;
import org.tweedie.device.Device;
import org.tweedie.io.Json;
import org.tweedie.io.Output;
import org.tweedie.io.RowWriter;
import org.tweedie.plan.Space;
import org.tweedie.rng.Philox;
import org.tweedie.sde.Sde;
import org.tweedie.sde.VpSde;
import org.tweedie.theory.EmpiricalScore;
import org.tweedie.theory.ScoreSpectrum;
import org.tweedie.train.Dataset;
import org.tweedie.train.Normaliser;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tweedie dimension}. */
@Command(
        name = "dimension",
        mixinStandardHelpOptions = true,
        description =
                "How many dimensions the data have near rows of a file, by the spectrum of the score there: of a model, or of the rows themselves.",
        footer = {"", "Example: tweedie dimension --model quakes.safetensors --data quakes.csv --noise 0.1,0.3"})
final class DimensionCommand implements Callable<Integer> {
    private static final List<String> EXTENSIONS = List.of(".npy", ".npz", ".csv", ".safetensors");
    private static final int MOST_DRAWS = 1_000_000;

    @Option(
            names = "--model",
            paramLabel = "FILE",
            description = "the model file; without it the score is the exact one of the file's own rows")
    private @Nullable Path model;

    @Mixin
    private DataOptions data;

    @Option(
            names = "--noise",
            split = ",",
            paramLabel = "S",
            defaultValue = "0.05,0.1,0.2,0.4",
            description =
                    "scales to look at, in standard deviations of the columns: what is thinner is flat, rows further apart are"
                            + " points; default ${DEFAULT-VALUE}")
    private List<Double> noise = List.of();

    @Option(
            names = "--points",
            paramLabel = "N",
            defaultValue = "100",
            description = "rows to look at, at most, spread over the file; default ${DEFAULT-VALUE}")
    private int points;

    @Option(
            names = "--draws",
            paramLabel = "K",
            description = "noisy copies of a row, at least 8 a column; default 16 a column, at least 64")
    private @Nullable Integer draws;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "0",
            description = "seed of the noise; default ${DEFAULT-VALUE}")
    private long seed;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "write number and dimensions of each row that was looked at: .npy, .npz, .csv, .safetensors")
    private @Nullable Path out;

    @Option(names = "--force", description = "replace the file")
    private boolean force;

    @Mixin
    private DeviceOption device;

    @Mixin
    private Printed printed;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        for (double scale : noise) {
            if (!(scale >= 1e-4 && scale <= 100)) {
                throw new IllegalArgumentException("--noise must be from 0.0001 to 100, got " + scale);
            }
        }
        if (points < 1) {
            throw new IllegalArgumentException("--points must be positive, got " + points);
        }
        if (draws != null && draws > MOST_DRAWS) {
            throw new IllegalArgumentException("--draws must be at most " + MOST_DRAWS + ", got " + draws);
        }
        if (model == null && !device.spec.equals("auto")) {
            throw new IllegalArgumentException(
                    "--device is for a model; the score of rows is computed on the host: leave it away, or give --model");
        }
        Output target = null;
        if (out != null) {
            Target.requireExtension(out, EXTENSIONS);
            Path rows = DataOptions.path(data.data);
            target = Target.of(out, force, model == null ? List.of(rows) : List.of(model, rows));
        }
        Dataset rows = data.read();
        int width = rows.port(Dataset.X).width();
        int copies = draws == null ? LocalDimension.draws(width) : draws;
        ScoreSpectrum.requireDraws(copies, width);
        int[] looked = spread(rows.rows());
        Map<Double, List<ScoreSpectrum>> spectra =
                model == null ? ofRows(rows, looked, copies) : ofModel(model, rows, looked, copies);
        if (target != null) {
            write(target, looked, spectra);
        }
        printed.print(spec, text(looked.length, copies, spectra), json -> fields(json, looked.length, copies, spectra));
        return ExitCode.OK;
    }

    /** Numbers of the rows to look at, from 0, evenly spread. */
    private int[] spread(int rows) {
        int count = Math.min(points, rows);
        return IntStream.range(0, count)
                .map(i -> (int) ((long) i * rows / count))
                .toArray();
    }

    private static float[] select(float[] rows, int width, int[] looked) {
        float[] selected = new float[looked.length * width];
        for (int i = 0; i < looked.length; i++) {
            System.arraycopy(rows, looked[i] * width, selected, i * width, width);
        }
        return selected;
    }

    private Map<Double, List<ScoreSpectrum>> ofModel(Path file, Dataset read, int[] looked, int copies)
            throws IOException {
        try (Device opened = device.open(spec.commandLine().getErr());
                ScoreModel loaded = ScoreModel.load(file, opened)) {
            Dataset rows = ModelMatch.matched(loaded, read);
            LocalDimension local = loaded.localDimension().copies(copies);
            for (Dataset.Port port : loaded.conditions()) {
                local = local.given(port.name(), select(rows.values(port.name()), port.width(), looked), port.width());
            }
            LocalDimension under = local;
            float[] x = select(rows.values(Dataset.X), loaded.columns().size(), looked);
            return each(scale -> under.noise(scale).of(x, seed));
        }
    }

    /** Under the exact score of the rows, in standardised columns. */
    private Map<Double, List<ScoreSpectrum>> ofRows(Dataset rows, int[] looked, int copies) {
        if (rows.ports().size() > 1) {
            throw new IllegalArgumentException(
                    "--given is for a model; the score of rows has no conditions: leave it away, or give --model");
        }
        int width = rows.width();
        float[] values = rows.values(Dataset.X);
        Normaliser.fit(rows, Dataset.X).normaliser().encode(values, values, rows.rows());
        double[][] all = new double[rows.rows()][width];
        for (int i = 0; i < all.length; i++) {
            for (int d = 0; d < width; d++) {
                all[i][d] = values[i * width + d];
            }
        }
        Sde sde = new VpSde().on(Space.euclidean(width));
        EmpiricalScore score = EmpiricalScore.of(all, sde);
        return each(scale -> {
            double t = sde.timeOfNoiseToSignal(scale);
            return IntStream.range(0, looked.length)
                    .parallel()
                    .mapToObj(i -> ScoreSpectrum.at(score, sde, all[looked[i]], t, copies, Philox.part(seed, i)))
                    .toList();
        });
    }

    private Map<Double, List<ScoreSpectrum>> each(DoubleFunction<List<ScoreSpectrum>> at) {
        Map<Double, List<ScoreSpectrum>> spectra = new LinkedHashMap<>();
        noise.forEach(scale -> spectra.computeIfAbsent(scale, at::apply));
        return spectra;
    }

    /** How many rows have each dimension. */
    private static Map<Integer, Long> counts(List<ScoreSpectrum> spectra) {
        return spectra.stream()
                .collect(Collectors.groupingBy(ScoreSpectrum::dimension, TreeMap::new, Collectors.counting()));
    }

    private static double meanDimension(List<ScoreSpectrum> spectra) {
        return spectra.stream().mapToInt(ScoreSpectrum::dimension).average().orElseThrow();
    }

    private static double meanGap(List<ScoreSpectrum> spectra) {
        return spectra.stream().mapToDouble(ScoreSpectrum::gap).average().orElseThrow();
    }

    private String text(int looked, int copies, Map<Double, List<ScoreSpectrum>> spectra) {
        return Printed.lines(lines -> {
            lines.printf(
                    Locale.ROOT,
                    "%,d rows, %,d noisy copies of each, columns standardised; score of %s%n",
                    looked,
                    copies,
                    model == null ? "the rows themselves" : model);
            lines.printf(Locale.ROOT, "%-8s %-10s %-6s %s%n", "noise", "dimension", "gap", "dimension: share of rows");
            spectra.forEach((scale, each) -> lines.printf(
                    Locale.ROOT,
                    "%-8s %-10.2f %-6.2f %s%n",
                    scale,
                    meanDimension(each),
                    meanGap(each),
                    counts(each).entrySet().stream()
                            .map(count -> String.format(
                                    Locale.ROOT, "%d: %.0f %%", count.getKey(), 100.0 * count.getValue() / looked))
                            .collect(Collectors.joining(", "))));
        });
    }

    private static void fields(Json json, int looked, int copies, Map<Double, List<ScoreSpectrum>> spectra) {
        json.field("points", looked).field("draws", copies).array("scales");
        spectra.forEach((scale, each) -> {
            json.object()
                    .field("noise", scale)
                    .field("dimension", meanDimension(each))
                    .field("gap", meanGap(each))
                    .array("rows");
            counts(each)
                    .forEach((dimension, count) -> json.object()
                            .field("dimension", dimension)
                            .field("rows", count)
                            .end());
            json.end().end();
        });
        json.end();
    }

    private void write(Output target, int[] looked, Map<Double, List<ScoreSpectrum>> spectra) throws IOException {
        List<String> columns = new ArrayList<>(List.of("row"));
        spectra.keySet().forEach(scale -> columns.add("dimension at noise " + scale));
        float[] table = new float[looked.length * columns.size()];
        for (int i = 0; i < looked.length; i++) {
            int at = i * columns.size();
            table[at++] = looked[i] + 1;
            for (List<ScoreSpectrum> each : spectra.values()) {
                table[at++] = each.get(i).dimension();
            }
        }
        Map<String, String> metadata = Map.of("data", data.data, "seed", Long.toString(seed));
        try (RowWriter writer = RowWriter.open(target, looked.length, columns, metadata)) {
            writer.write(table, 0, looked.length);
            writer.finish();
        }
    }
}
