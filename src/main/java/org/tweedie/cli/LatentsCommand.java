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
import org.tweedie.Model;
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

    @Option(
            names = "--decode",
            description = "take the rows of --data for latent rows, and write the rows that they stand for")
    private boolean decode;

    @Option(
            names = "--between",
            paramLabel = "POINTS",
            description =
                    "rows to write on the way from the first row of --data to the second, from the third to the fourth, ..., ends"
                            + " included")
    private @Nullable Integer between;

    @Option(
            names = "--method",
            paramLabel = "SPEC",
            description =
                    "a deterministic method@steps, in steps of equal log-SNR, of a cld model of equal square root of time;"
                            + " default unipc:3@50, of a cld model heun@100, of blocks or scales unipc:3@100")
    private @Nullable String method;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "0",
            description = "seed of the velocities that a cld model has beside the rows; default ${DEFAULT-VALUE}")
    private long seed;

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
        MethodSpec by = method == null ? null : MethodSpec.parse(method);
        if (method != null
                && by != null
                && method.indexOf(',', method.indexOf('@')) >= 0
                && by.shape() != GridShape.LOGSNR) {
            throw new IllegalArgumentException("--method " + method
                    + ": latent rows go by steps of equal log-SNR; leave the grid out: "
                    + by.method().spec() + "@"
                    + by.steps());
        }
        Target.requireExtension(out, EXTENSIONS);
        Output target = Target.of(out, force, List.of(model, DataOptions.path(data.data)));
        Dataset read = data.read();
        try (Device opened = device.open(spec.commandLine().getErr());
                Model loaded = Model.load(model, opened)) {
            LatentMap latents = loaded.latentMap().velocities(seed);
            Dataset rows =
                    decode ? ModelMatch.latents(loaded, read, latents.latentWidth()) : ModelMatch.matched(loaded, read);
            LatentMap own = under(latents, loaded, rows);
            LatentMap map = by == null ? own : own.by(by.method(), by.steps());
            float[] given = rows.values(Dataset.X);
            float[] made = decode
                    ? map.decode(given)
                    : between == null ? map.encode(given) : ways(map, given, loaded, between);
            List<String> columns = columns(loaded, map);
            int count = made.length / columns.size();
            write(target, made, columns, map);
            printed.print(
                    spec,
                    String.format(Locale.ROOT, "%s: %,d %s by %s", out, count, what(), map.method()),
                    json -> json.field("out", out.toString()).field("rows", count));
        }
        return ExitCode.OK;
    }

    private String what() {
        return decode ? "rows" : between == null ? "latent rows" : "rows on ways";
    }

    /** Each row under its own condition. */
    private static LatentMap under(LatentMap latents, Model loaded, Dataset rows) {
        LatentMap map = latents;
        for (Dataset.Port port : loaded.conditions()) {
            map = map.given(port.name(), rows.values(port.name()), port.width());
        }
        return map;
    }

    private static float[] ways(LatentMap map, float[] rows, Model loaded, int points) {
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

    private List<String> columns(Model loaded, LatentMap map) {
        List<String> columns = new ArrayList<>(loaded.columns());
        if (!decode && between == null) {
            if (map.latentWidth() > columns.size()) {
                loaded.columns().forEach(column -> columns.add("velocity " + column));
            }
            columns.replaceAll(column -> "latent " + column);
        }
        return columns;
    }

    private void write(Output target, float[] made, List<String> columns, LatentMap map) throws IOException {
        Map<String, String> metadata = Map.of("model", Sha256.of(model), "method", map.method());
        int count = made.length / columns.size();
        try (RowWriter writer = RowWriter.open(target, count, columns, metadata)) {
            writer.write(made, 0, count);
            writer.finish();
        }
    }
}
