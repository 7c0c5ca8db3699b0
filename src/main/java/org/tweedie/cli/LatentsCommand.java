package org.tweedie.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.tweedie.LatentMap;
import org.tweedie.ScoreModel;
import org.tweedie.device.Device;
import org.tweedie.io.Output;
import org.tweedie.io.RowWriter;
import org.tweedie.io.Sha256;
import org.tweedie.sde.GridShape;
import org.tweedie.sde.MethodSpec;
import org.tweedie.train.Dataset;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tweedie latents}. */
@Command(
        name = "latents",
        mixinStandardHelpOptions = true,
        description = "Latent rows of a file's rows under a model, rows of latent rows, or the ways between rows.",
        footer = {"", "Example: tweedie latents --model quakes.safetensors --data quakes.csv --out latents.npy"})
final class LatentsCommand implements Callable<Integer> {
    private static final List<String> EXTENSIONS = List.of(".npy", ".npz", ".csv", ".safetensors");

    @Option(names = "--model", required = true, paramLabel = "FILE", description = "the model file")
    private Path model;

    @Mixin
    private DataOptions data;

    @Option(names = "--decode", description = "the file's rows are latent ones, give the rows they stand for")
    private boolean decode;

    @Option(
            names = "--between",
            paramLabel = "POINTS",
            description =
                    "rows on the ways from the first row to the second, from the third to the fourth, ..., ends included")
    private @Nullable Integer between;

    @Option(
            names = "--method",
            paramLabel = "SPEC",
            defaultValue = "unipc:3@50",
            description = "deterministic method@steps, of equal log-SNR; default ${DEFAULT-VALUE}")
    private String method;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description = "file to write: .npy, .npz, .csv, .safetensors")
    private Path out;

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
        if (decode && between != null) {
            throw new IllegalArgumentException("--between takes rows, not latent ones; leave --decode away");
        }
        MethodSpec by = MethodSpec.parse(method);
        if (method.indexOf(',', method.indexOf('@')) >= 0 && by.shape() != GridShape.LOGSNR) {
            throw new IllegalArgumentException("--method " + method
                    + ": latent rows go by steps of equal log-SNR; leave the grid out: "
                    + by.method().spec() + "@"
                    + by.steps());
        }
        Target.requireExtension(out, EXTENSIONS);
        Output target = Target.of(out, force, List.of(model, DataOptions.path(data.data)));
        Dataset read = data.read();
        try (Device opened = device.open(spec.commandLine().getErr());
                ScoreModel loaded = ScoreModel.load(model, opened)) {
            Dataset rows = ModelMatch.matched(loaded, read);
            LatentMap map = under(loaded, rows).by(by.method(), by.steps());
            float[] given = rows.values(Dataset.X);
            float[] made = decode
                    ? map.decode(given)
                    : between == null ? map.encode(given) : ways(map, given, loaded, between);
            int width = loaded.columns().size();
            write(target, made, width, loaded);
            int count = made.length / width;
            printed.print(
                    spec,
                    String.format(Locale.ROOT, "%s: %,d %s by %s", out, count, what(), by.spec()),
                    json -> json.field("out", out.toString()).field("rows", count));
        }
        return ExitCode.OK;
    }

    private String what() {
        return decode ? "rows" : between == null ? "latent rows" : "rows on ways";
    }

    /** Each row under its own condition. */
    private static LatentMap under(ScoreModel loaded, Dataset rows) {
        LatentMap map = loaded.latentMap();
        for (Dataset.Port port : loaded.conditions()) {
            map = map.given(port.name(), rows.values(port.name()), port.width());
        }
        return map;
    }

    private static float[] ways(LatentMap map, float[] rows, ScoreModel loaded, int points) {
        int width = loaded.columns().size();
        int count = rows.length / width;
        if (count % 2 != 0) {
            throw new IllegalArgumentException("--between joins rows two by two, got " + count + " rows");
        }
        float[] from = new float[rows.length / 2];
        float[] to = new float[rows.length / 2];
        for (int i = 0; i < count; i++) {
            System.arraycopy(rows, i * width, i % 2 == 0 ? from : to, i / 2 * width, width);
        }
        return map.between(from, to, points);
    }

    private void write(Output target, float[] made, int width, ScoreModel loaded) throws IOException {
        List<String> columns = new ArrayList<>(loaded.columns());
        if (!decode && between == null) {
            columns.replaceAll(column -> "latent " + column);
        }
        Map<String, String> metadata = Map.of("model", Sha256.of(model), "method", method);
        try (RowWriter writer = RowWriter.open(target, made.length / width, columns, metadata)) {
            writer.write(made, 0, made.length / width);
            writer.finish();
        }
    }
}
