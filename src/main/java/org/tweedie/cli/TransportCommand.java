package org.tweedie.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.tweedie.bridge.Gaussian;
import org.tweedie.device.Device;
import org.tweedie.io.Json;
import org.tweedie.io.Output;
import org.tweedie.io.RowWriter;
import org.tweedie.metric.CoupledRows;
import org.tweedie.metric.EntropicTransport;
import org.tweedie.metric.Estimate;
import org.tweedie.metric.MarginalWasserstein;
import org.tweedie.metric.Points;
import org.tweedie.metric.SinkhornDivergence;
import org.tweedie.train.Dataset;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tweedie transport}, which is {@code tweedie bridge transport} too. */
@Command(
        name = "transport",
        mixinStandardHelpOptions = true,
        description =
                "The entropic optimal transport of the rows of one file to those of another: its cost, the Sinkhorn divergence,"
                        + " and where each row goes.",
        footer = {"", "Example: tweedie transport --from moons:2000 --to checkerboard:2000 --out moved.csv"})
final class TransportCommand implements Callable<Integer> {
    private static final List<String> EXTENSIONS = List.of(".npy", ".npz", ".csv", ".safetensors");

    @Option(
            names = "--from",
            required = true,
            paramLabel = "FILE",
            description =
                    "rows that are moved: .csv, .txt, .npy, .npz or file.npz:name; or a built-in set as moons:2000")
    private String from = "";

    @Option(
            names = "--to",
            required = true,
            paramLabel = "FILE",
            description = "rows they are moved to, named likewise")
    private String to = "";

    @Option(
            names = "--columns",
            split = ",",
            paramLabel = "NAME",
            description = "the columns of both to use, by name or number from 1; default all")
    private List<String> columns = List.of();

    @Option(
            names = "--epsilon",
            paramLabel = "E",
            description =
                    "weight of the entropy, in the units of squared distances; default a twentieth of the median squared distance")
    private @Nullable Double epsilon;

    @Option(
            names = "--rows",
            paramLabel = "N",
            defaultValue = "4096",
            description =
                    "the most rows of either file, its first ones; time grows with their square; default ${DEFAULT-VALUE}")
    private int most;

    @Option(
            names = "--normal",
            description =
                    "say beside the plan what the normal laws with the means and covariances of all rows of either file have in closed form;"
                            + " --out then moves all rows of --from as these laws do")
    private boolean normal;

    @Option(
            names = "--draw",
            description =
                    "give each row one of the rows it goes to (with --normal: of the points), drawn, instead of their mean (the barycentric projection)")
    private boolean draw;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "0",
            description = "seed of --draw; default ${DEFAULT-VALUE}")
    private long seed;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "file to write where the rows of --from go, in their order: .npy, .npz, .csv, .safetensors")
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
        if (most < 2) {
            throw new IllegalArgumentException("--rows must be at least 2, got " + most);
        }
        Output target = null;
        if (out != null) {
            Target.requireExtension(out, EXTENSIONS);
            target = Target.of(out, force, List.of(DataOptions.path(from), DataOptions.path(to)));
        }
        Dataset start = read("--from", from);
        Dataset end = read("--to", to);
        if (start.width() != end.width()) {
            throw new IllegalArgumentException("--from has " + start.width() + " columns and --to " + end.width()
                    + "; choose as many of both with --columns");
        }
        Points x = points(start);
        Points y = points(end);
        Optional<Gaussian[]> laws = normal
                ? Optional.of(new Gaussian[] {law("--from", from, start), law("--to", to, end)})
                : Optional.empty();
        SinkhornDivergence divergence = epsilon == null
                ? TrainCommand.named("--epsilon", () -> SinkhornDivergence.standard(x, y))
                : new SinkhornDivergence(epsilon);
        try (Device opened = device.open(spec.commandLine().getErr())) {
            EntropicTransport plan = EntropicTransport.solve(x, y, divergence.epsilon(), opened);
            CoupledRows rows = CoupledRows.of(plan, seed);
            Estimate apart = divergence.estimate(plan, opened);
            Optional<Estimate> exact = x.width() == 1
                    ? Optional.of(MarginalWasserstein.estimate(x, y, 2, seed).get(0))
                    : Optional.empty();
            Optional<NormalTransport> closed = laws.map(both -> new NormalTransport(both[0], both[1], plan.epsilon()));
            if (target != null) {
                Points moved = closed.isPresent()
                        ? closed.get().moved(start, draw, seed)
                        : draw ? drawn(y, rows.partners()) : rows.means();
                write(target, start, moved);
            }
            String text = text(plan, rows, apart, exact)
                    + closed.map(NormalTransport::text).orElse("")
                    + written();
            printed.print(spec, text, json -> {
                json.field("epsilon", plan.epsilon())
                        .field("from", x.rows())
                        .field("to", y.rows())
                        .field("cost", plan.cost())
                        .field("meanSquare", rows.meanSquare())
                        .field("information", rows.information())
                        .field("misplaced", plan.misplaced());
                write(json, "divergence", apart);
                exact.ifPresent(distance -> write(json, "exact", distance));
                closed.ifPresent(one -> one.write(json));
            });
        }
        return ExitCode.OK;
    }

    private static void write(Json json, String name, Estimate estimate) {
        json.object(name)
                .field("value", estimate.value())
                .field("low", estimate.low())
                .field("high", estimate.high())
                .end();
    }

    private static Gaussian law(String option, String name, Dataset rows) {
        try {
            return Gaussian.ofRows(rows.values(Dataset.X), rows.width());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "--normal: " + option + " " + name + ": " + e.getMessage() + " (--columns)", e);
        }
    }

    private Dataset read(String option, String name) throws IOException {
        Dataset rows = DataOptions.read(option, name, columns, List.of(), List.of());
        if (rows.rows() < 2) {
            throw new IllegalArgumentException(option + " " + name + " has " + rows.rows()
                    + " row; a transport needs two at least on either side");
        }
        return rows;
    }

    private Points points(Dataset rows) {
        return new Points(rows.values(Dataset.X), rows.width()).first(most);
    }

    private static Points drawn(Points y, int[] partners) {
        int width = y.width();
        float[] rows = new float[partners.length * width];
        for (int i = 0; i < partners.length; i++) {
            System.arraycopy(y.values(), partners[i] * width, rows, i * width, width);
        }
        return new Points(rows, width);
    }

    private void write(Output target, Dataset start, Points moved) throws IOException {
        Map<String, String> metadata = Map.of("from", from, "to", to);
        try (RowWriter writer = RowWriter.open(target, moved.rows(), start.columns(), metadata)) {
            writer.write(moved.values(), 0, moved.rows());
            writer.finish();
        }
    }

    private String text(EntropicTransport plan, CoupledRows rows, Estimate apart, Optional<Estimate> exact) {
        return Printed.lines(lines -> {
            lines.printf(
                    Locale.ROOT,
                    "%,d rows to %,d, epsilon %.6g%n",
                    plan.x().rows(),
                    plan.y().rows(),
                    plan.epsilon());
            lines.printf(
                    Locale.ROOT,
                    "cost          %.6g = mean squared distance %.6g + epsilon * information %.6g nats%n",
                    plan.cost(),
                    rows.meanSquare(),
                    rows.information());
            lines.printf(Locale.ROOT, "root of mean squared distance %.6g%n", Math.sqrt(rows.meanSquare()));
            lines.printf(Locale.ROOT, "divergence    %s with 95 %% interval%n", apart);
            lines.printf(Locale.ROOT, "mass in wrong rows %.2g%n", plan.misplaced());
            exact.ifPresent(distance ->
                    lines.printf(Locale.ROOT, "exact W2      %s with 95 %% interval, by sorting%n", distance));
        });
    }

    private String written() {
        if (out == null) {
            return "";
        }
        String where = normal ? "points where the normal laws send each row" : "rows that each row goes to";
        return out + ": " + (draw ? "one of the " : "the mean of the ") + where + System.lineSeparator();
    }
}
