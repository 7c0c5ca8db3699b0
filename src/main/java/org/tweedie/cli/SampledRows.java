package org.tweedie.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.Function;
import org.tweedie.Sampler;
import org.tweedie.Samples;
import org.tweedie.execution.Precision;
import org.tweedie.io.Output;
import org.tweedie.io.Png;
import org.tweedie.io.RowWriter;
import org.tweedie.io.ScatterPicture;
import org.tweedie.io.Sha256;
import org.tweedie.io.Table;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Which samples a command makes, in what numbers, and the file they go to, in bounded memory. */
final class SampledRows {
    private static final List<String> EXTENSIONS = List.of(".npy", ".npz", ".csv", ".safetensors", ".png");
    private static final int MOST_IN_A_PICTURE = 200_000;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description = "file to write: .npy, .npz, .csv, .safetensors, or .png for a picture")
    private Path out;

    @Option(names = "--force", description = "replace the file")
    private boolean force;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "0",
            description = "seed of all samples; default ${DEFAULT-VALUE}")
    private long seed;

    @Option(
            names = "--first-index",
            paramLabel = "I",
            defaultValue = "0",
            description = "number of the first sample; default ${DEFAULT-VALUE}")
    private long first;

    @Option(
            names = "--precision",
            paramLabel = "P",
            defaultValue = "f32",
            description =
                    "numbers that the products of networks are of: f32 has the same bits on every device; f16 and bf16 are faster where a GPU has kernels for the model; "
                            + "f16x3 takes three products of f16 for one of f32's class; tf32 rounds f32 to 11 bits; default ${DEFAULT-VALUE}")
    private String precision;

    @Mixin
    private Printed printed;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    /** Refuses what cannot be, before anything is read. */
    void check(long count) {
        if (count < 1) {
            throw new IllegalArgumentException("--count must be at least 1, got " + count);
        }
        if (first < 0 || first > Long.MAX_VALUE - count) {
            throw new IllegalArgumentException(
                    "--first-index must not be negative and --first-index + --count must stay below 2^63, got " + first
                            + " + " + count);
        }
        Precision.parse(precision);
        Target.requireExtension(out, EXTENSIONS);
    }

    /** The number behind the last sample's. */
    long end(long count) {
        return first + count;
    }

    /** Samples that as many given rows leave: one a row, from the first sample on. */
    long left(int given) {
        return Math.max(1, given - first);
    }

    Output target(Collection<Path> inputs) throws IOException {
        return Target.of(out, force, inputs);
    }

    /**
     * Rows that samples are made from, row i for sample i or one for all.
     *
     * @param option for messages
     * @param columns that the model knows; chosen where the file names them
     * @param what they are to the model, for messages
     */
    Table given(String option, String file, List<String> columns, String what, long count) throws IOException {
        Table rows = DataOptions.file(file, List.of());
        if (rows.names().containsAll(columns)) {
            rows = rows.select(columns);
        }
        if (rows.columns() != columns.size()) {
            throw new IllegalArgumentException(option + ": " + file + " has " + rows.columns()
                    + " columns, the model's " + what + " has " + columns.size() + ": " + String.join(", ", columns));
        }
        if (rows.rows() > 1 && rows.rows() < end(count)) {
            throw new IllegalArgumentException(option + ": " + file + " has " + rows.rows()
                    + " rows; row i belongs to sample i, so " + end(count) + " are needed, or one for all");
        }
        return rows;
    }

    /**
     * What is sampled.
     *
     * @param columns of its rows
     * @param how the method, for people
     * @param model the file that the sampler's model is from
     * @param again the command that does it again, without the options of this class and the count
     * @param rows what is written of samples, as wide as the columns
     * @param longer what to do where rows run out of steps
     */
    record Job(
            Sampler sampler,
            long count,
            List<String> columns,
            String how,
            Path model,
            String again,
            Function<Samples, float[]> rows,
            String longer) {
        /** Of samples as they are. */
        Job(Sampler sampler, long count, List<String> columns, String how, Path model, String again) {
            this(
                    sampler,
                    count,
                    columns,
                    how,
                    model,
                    again,
                    Samples::rows,
                    "allow more behind the @, or loosen the tolerance");
        }
    }

    /** Samples into the file, and prints what it holds. */
    void make(Job job, Output target, StopSignals signals) throws IOException {
        Sampler sampler = job.sampler().precision(Precision.parse(precision)).cancel(signals.token());
        long began = System.nanoTime();
        long unfinished;
        try {
            if (String.valueOf(out.getFileName()).toLowerCase(Locale.ROOT).endsWith(".png")) {
                unfinished = picture(job, sampler, target);
            } else {
                unfinished = stream(job, sampler, target);
            }
        } catch (CancellationException e) {
            throw new Stopped("stopped; " + out + " was not written", signals.code() == 0 ? 130 : signals.code());
        }
        report(job, unfinished, (System.nanoTime() - began) / 1e9);
    }

    private long stream(Job job, Sampler sampler, Output target) throws IOException {
        Map<String, String> metadata = Map.of(
                "model",
                Sha256.of(job.model()),
                "method",
                job.how(),
                "seed",
                Long.toString(seed),
                "first",
                Long.toString(first));
        long[] unfinished = {0};
        ProgressLine line = new ProgressLine(spec.commandLine().getErr(), "sampling");
        try (RowWriter writer = RowWriter.open(target, job.count(), job.columns(), metadata)) {
            sampler
                    .progress((done, total, seconds) -> line.at(done, total, seconds, "rows", done / seconds, ""))
                    .stream(first, job.count(), seed, samples -> {
                if (samples.run().nonFinite() > 0) {
                    throw new ArithmeticException(samples.run().nonFinite() + " of samples "
                            + samples.run().first() + " to " + (samples.run().first() + samples.count() - 1)
                            + " are not finite; use more steps or another method");
                }
                unfinished[0] += samples.unfinished();
                try {
                    writer.write(job.rows().apply(samples), 0, samples.count());
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            writer.finish();
            warn(job, unfinished[0]);
            return unfinished[0];
        } catch (java.io.UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private void warn(Job job, long unfinished) {
        if (unfinished > 0) {
            spec.commandLine()
                    .getErr()
                    .printf(
                            "tweedie: %,d of %,d rows ran out of steps before the end of %s and hold what they got to; %s%n",
                            unfinished, job.count(), job.how(), job.longer());
        }
    }

    private long picture(Job job, Sampler sampler, Output target) throws IOException {
        List<String> columns = job.columns();
        if (columns.size() < 2) {
            throw new IllegalArgumentException(
                    "a picture needs two columns, the model has " + columns + "; write .csv or .npy");
        }
        int shown = (int) Math.min(job.count(), MOST_IN_A_PICTURE);
        if (shown < job.count()) {
            spec.commandLine().getErr().println("tweedie: the picture shows the first " + shown + " rows");
        }
        Samples samples = sampler.sample(first, shown, seed);
        warn(job, samples.unfinished());
        Table rows = Table.of(job.rows().apply(samples), columns.size()).named(columns);
        Png.write(target, ScatterPicture.around(rows, 0, 1, 512).draw(rows, ScatterPicture.Ink.RED));
        return samples.unfinished();
    }

    private void report(Job job, long unfinished, double seconds) throws IOException {
        String hash = Sha256.of(out);
        String again = String.format(
                Locale.ROOT,
                "%s --seed %d --first-index %d --count %d%s --out %s",
                job.again(),
                seed,
                first,
                job.count(),
                precision.equals("f32") ? "" : " --precision " + TrainCommand.quoted(precision),
                TrainCommand.quoted(out.toString()));
        printed.print(
                spec,
                String.format(
                        Locale.ROOT,
                        "%s: %,d rows in %s (%,.0f rows/s), sha256 %s%nmodel sha256 %s%nagain: %s",
                        out,
                        job.count(),
                        ProgressLine.duration(seconds),
                        job.count() / seconds,
                        hash,
                        Sha256.of(job.model()),
                        again),
                json -> json.field("file", out.toString())
                        .field("rows", job.count())
                        .field("unfinished", unfinished)
                        .field("seconds", seconds)
                        .field("rowsPerSecond", job.count() / seconds)
                        .field("sha256", hash)
                        .field("again", again));
    }
}
