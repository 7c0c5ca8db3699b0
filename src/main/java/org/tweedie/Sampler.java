package org.tweedie;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Precision;
import org.tweedie.execution.Program;
import org.tweedie.execution.Progress;
import org.tweedie.execution.Sampling;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Steering;
import org.tweedie.score.Field;
import org.tweedie.score.Guide;
import org.tweedie.sde.Method;
import org.tweedie.sde.Noising;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;

/**
 * Samples from a model by a method. Sample i is a function of (model, method, seed, i) alone, whatever else is sampled beside
 * it. Immutable: each setting gives a new sampler. Safe for use by many threads, each call with its own scratch; the model
 * must stay open.
 */
public final class Sampler {
    /** What a sampler needs to know of a model. */
    interface Source {
        Device device();

        List<String> columns();

        TimeGrid grid(Method method, int steps);

        Program program(Method method, TimeGrid grid, List<Guide> guides);

        /** The caller's rows, in the units of the data, as the fields expect them. */
        GivenRows encodeGiven(String name, GivenRows rows);

        /** What carries conditions along with the rows; nothing where there are none, or they stay as they are. */
        default Optional<Sde> conditionNoise() {
            return Optional.empty();
        }

        /** The rows of a register back in the units of the data, in place. */
        void decode(String register, float[] rows);

        /** All of a caller's rows, as the fields expect them. */
        default Map<String, GivenRows> encoded(Map<String, GivenRows> given) {
            Map<String, GivenRows> encoded = new LinkedHashMap<>();
            given.forEach((name, rows) -> encoded.put(name, encodeGiven(name, rows)));
            return encoded;
        }

        /**
         * The width of rows, which these numbers must be.
         *
         * @param what as "rows"
         */
        default int requireRows(float[] numbers, String what) {
            int width = columns().size();
            if (numbers.length == 0 || numbers.length % width != 0) {
                throw new IllegalArgumentException(
                        numbers.length + " numbers are no " + what + " of " + width + ", the width of the model");
            }
            return width;
        }

        /** Runs work during which the model is neither trained nor closed. */
        <T> T whileOpen(Supplier<T> work);
    }

    private static final int STEPS = 500;

    private final Source source;
    private final Method method;
    private final int steps;
    private final @Nullable TimeGrid grid;
    private final List<Guide> guides;
    private final Map<String, GivenRows> given;
    private final @Nullable String execution;
    private final Precision precision;
    private final boolean traced;
    private final Progress progress;
    private final CancelToken cancel;

    Sampler(Source source, Method method) {
        this(
                source,
                method,
                STEPS,
                null,
                List.of(),
                Map.of(),
                null,
                Precision.F32,
                false,
                Progress.NONE,
                new CancelToken());
    }

    private Sampler(
            Source source,
            Method method,
            int steps,
            @Nullable TimeGrid grid,
            List<Guide> guides,
            Map<String, GivenRows> given,
            @Nullable String execution,
            Precision precision,
            boolean traced,
            Progress progress,
            CancelToken cancel) {
        this.source = source;
        this.method = method;
        this.steps = steps;
        this.grid = grid;
        this.guides = List.copyOf(guides);
        this.given = Map.copyOf(given);
        this.execution = execution;
        this.precision = precision;
        this.traced = traced;
        this.progress = progress;
        this.cancel = cancel;
    }

    /**
     * Samples by a score that is known, such as {@link org.tweedie.score.GaussianMixtureScore}, instead of a trained model.
     *
     * @param score the field named {@code score} in the method's plan: (x; t) to the gradient of ln p_t at x; with velocities (x, v; t) to that by v; or, with ln p_t itself as a
     *     second output, one wide, the field named {@code density} that {@link org.tweedie.sde.Langevin} with acceptance evaluates
     */
    public static Sampler of(Device device, Noising process, Field score, Method method) {
        return new Sampler(new ExactScore(device, process, score), method);
    }

    Source source() {
        return source;
    }

    Method method() {
        return method;
    }

    /** The times that it goes along. */
    TimeGrid times() {
        return grid == null ? source.grid(method, steps) : grid;
    }

    /** With so many steps of the method's own grid (500 when nothing is said). */
    public Sampler steps(int steps) {
        if (steps < 1) {
            throw new IllegalArgumentException("steps must be positive, got " + steps);
        }
        return new Sampler(source, method, steps, null, guides, given, execution, precision, traced, progress, cancel);
    }

    /** Along these times. */
    public Sampler grid(TimeGrid grid) {
        return new Sampler(
                source, method, grid.steps(), grid, guides, given, execution, precision, traced, progress, cancel);
    }

    /** With the plan rewritten; several are applied in the order in which they were added. */
    public Sampler steer(Steering rewrite) {
        return steer(new Rewrite(rewrite));
    }

    /** Steered by what is known of the rows, as by {@link org.tweedie.inverse.PseudoInverseGuidance}; in the order in which they were added. */
    public Sampler steer(Guide guide) {
        List<Guide> more = new ArrayList<>(guides);
        more.add(guide);
        return new Sampler(source, method, steps, grid, more, given, execution, precision, traced, progress, cancel);
    }

    /** A rewrite that needs to know nothing of what it steers. */
    record Rewrite(Steering steering) implements Guide {
        @Override
        public Guided on(Target target) {
            return guided();
        }

        Guided guided() {
            return new Guided(steering);
        }

        @Override
        public String spec() {
            return "";
        }
    }

    /**
     * With the conditions y of a model of noised ones ({@link org.tweedie.train.Conditioning#noised}) along one path a row: the first y_t is drawn, and each other
     * follows from y and the one before ({@link org.tweedie.sde.NoisedPath}); evaluations at one time share theirs. Without this y_t is drawn afresh for each evaluation. Other models
     * refuse to sample so.
     */
    public Sampler conditionPath() {
        return guides.stream().anyMatch(OnePath.class::isInstance) ? this : steer(new OnePath());
    }

    /** Says that conditions come along one path; a model sees to it. */
    record OnePath() implements Guide {
        @Override
        public Guided on(Target target) {
            throw new IllegalStateException("what carries no conditions along refuses this before");
        }

        @Override
        public String spec() {
            return "condition-path";
        }
    }

    /**
     * With rows for a given register, in the units of the data: row i belongs to sample i, a single row to all.
     *
     * @param rows row-major
     */
    public Sampler given(String name, float[] rows, int width) {
        Map<String, GivenRows> more = new LinkedHashMap<>(given);
        more.put(name, new GivenRows(rows.clone(), width));
        return new Sampler(source, method, steps, grid, guides, more, execution, precision, traced, progress, cancel);
    }

    /**
     * Allowing a network's products of 16-bit numbers, where an execution has them: many times faster on a GPU, and the samples are then those of
     * f32 within the rounding of 16 bits (of 22, with F16X3), not in their bits. Without this every execution and device gives the same bits. What has no such
     * execution runs in f32; {@link #explain} says which, and why.
     */
    public Sampler precision(Precision precision) {
        return new Sampler(source, method, steps, grid, guides, given, execution, precision, traced, progress, cancel);
    }

    /** By this execution alone: {@code fused}, {@code graph} or {@code stepwise}; with a precision below f32 also {@code fused-fast},
     * {@code fused-16bit}, {@code graph-16bit} or {@code stepwise-16bit}. */
    public Sampler execution(String name) {
        return new Sampler(source, method, steps, grid, guides, given, name, precision, traced, progress, cancel);
    }

    /** Keeping the state after every step. */
    public Sampler traced() {
        return new Sampler(source, method, steps, grid, guides, given, execution, precision, true, progress, cancel);
    }

    /** Telling how far a call is. */
    public Sampler progress(Progress progress) {
        return new Sampler(source, method, steps, grid, guides, given, execution, precision, traced, progress, cancel);
    }

    /** Stopping at the next safe point, with a {@link java.util.concurrent.CancellationException}, once the token says so. */
    public Sampler cancel(CancelToken cancel) {
        return new Sampler(source, method, steps, grid, guides, given, execution, precision, traced, progress, cancel);
    }

    /** Samples 0 to {@code count - 1} of a seed. */
    public Samples sample(int count, long seed) {
        return sample(0, count, seed);
    }

    /** Samples {@code first} to {@code first + count - 1} of a seed: the very rows that one big call would give. */
    public Samples sample(long first, int count, long seed) {
        requireCount(count);
        return gather(
                new Gathering(seed, first, count),
                (sampling, into) -> sampling.run(seed, first, count, source.encoded(given), progress, cancel, into));
    }

    /** The samples with these numbers, in this order. */
    public Samples sample(long[] indices, long seed) {
        return gather(
                new Gathering(seed, indices.length == 0 ? 0 : indices[0], indices.length),
                (sampling, into) -> sampling.run(seed, indices, source.encoded(given), progress, cancel, into));
    }

    private Samples gather(Gathering gathering, BiConsumer<Sampling, Sampling.Sink> run) {
        return source.whileOpen(() -> {
            try (Sampling sampling = open(gathering.count)) {
                gathering.by(sampling);
                run.accept(sampling, gathering);
                return gathering.samples();
            }
        });
    }

    /**
     * Writes samples {@code first} to {@code first + count - 1} into the caller's array.
     *
     * @param into rows x width from {@code at}
     * @return how they were made
     */
    public Samples.Run sampleInto(float[] into, int at, long first, int count, long seed) {
        requireCount(count);
        int width = source.columns().size();
        if (at < 0 || (long) count * width > into.length - at) {
            throw new IllegalArgumentException(
                    count + " rows of " + width + " numbers do not fit from " + at + " of an array of " + into.length);
        }
        int[] next = {at};
        Samples.Run[] last = new Samples.Run[1];
        long began = System.nanoTime();
        long[] bad = {0};
        int[] nfe = {0};
        stream(first, count, seed, samples -> {
            System.arraycopy(samples.rows(), 0, into, next[0], samples.rows().length);
            next[0] += samples.rows().length;
            bad[0] += samples.run().nonFinite();
            nfe[0] = Math.max(nfe[0], samples.run().nfe());
            last[0] = samples.run();
        });
        Samples.Run run = last[0];
        return run == null
                ? new Samples.Run(name(), seed, first, 0, 0, "", source.device().name(), 0, 0)
                : new Samples.Run(
                        run.method(),
                        seed,
                        first,
                        count,
                        nfe[0],
                        run.execution(),
                        run.device(),
                        (System.nanoTime() - began) / 1e6,
                        bad[0]);
    }

    /** Hands samples on in pieces as they are made, in order, in bounded memory. */
    public void stream(long first, long count, long seed, Consumer<Samples> consumer) {
        if (count < 0) {
            throw new IllegalArgumentException("count must not be negative, got " + count);
        }
        source.whileOpen(() -> {
            try (Sampling sampling = open(count)) {
                long[] mark = {System.nanoTime()};
                sampling.run(
                        seed, first, count, source.encoded(given), progress, cancel, (at, rows, outputs, traces) -> {
                            Gathering piece = new Gathering(seed, first + at, rows);
                            piece.began = mark[0];
                            piece.by(sampling);
                            piece.rows(0, rows, outputs, traces);
                            consumer.accept(piece.samples());
                            mark[0] = System.nanoTime();
                        });
            }
            return true;
        });
    }

    /** Samples as an iterator of pieces of {@code piece} rows, each made when it is asked for. Holds nothing between calls. */
    public Iterator<Samples> iterate(long first, long count, int piece, long seed) {
        requireCount(piece);
        if (count < 0 || piece == 0) {
            throw new IllegalArgumentException(
                    "count must not be negative and a piece must hold a row, got " + count + " and " + piece);
        }
        return new Iterator<>() {
            private long done;

            @Override
            public boolean hasNext() {
                return done < count;
            }

            @Override
            public Samples next() {
                if (!hasNext()) {
                    throw new NoSuchElementException("all " + count + " samples were given");
                }
                Samples samples = sample(first + done, (int) Math.min(piece, count - done), seed);
                done += samples.count();
                return samples;
            }
        };
    }

    /** The plan in numbers, the execution chosen, and what each of the others said. */
    public Explanation explain() {
        return source.whileOpen(() -> {
            Program program = program();
            Sampling.Choice choice = Sampling.choose(program, source.device(), traced, execution);
            Map<String, String> reasons = new LinkedHashMap<>();
            choice.offers()
                    .forEach((name, offer) -> reasons.put(name, (offer.taken() ? "" : "declined: ") + offer.reason()));
            return new Explanation(
                    name(),
                    source.device().name(),
                    program.plan().steps().size(),
                    Math.toIntExact(Math.min(Integer.MAX_VALUE, program.plan().mostEvaluations())),
                    program.table().cells().size(),
                    choice.execution().name(),
                    reasons);
        });
    }

    /**
     * What a sampler will do. Immutable.
     *
     * @param steps of the plan, the draw of the start included
     * @param evaluations of fields, a sample; where rows choose their own steps, at most
     * @param cells after draws and combines have collapsed
     * @param execution that is chosen
     * @param reasons what each execution said, the fastest first
     */
    public record Explanation(
            String method,
            String device,
            int steps,
            int evaluations,
            int cells,
            String execution,
            Map<String, String> reasons) {
        @Override
        public String toString() {
            StringBuilder text = new StringBuilder();
            text.append(method)
                    .append(" on ")
                    .append(device)
                    .append(": ")
                    .append(steps)
                    .append(" steps, ")
                    .append(evaluations)
                    .append(" evaluations a sample, ")
                    .append(cells)
                    .append(" cells\nexecution: ")
                    .append(execution);
            reasons.forEach((name, reason) ->
                    text.append("\n  ").append(name).append(": ").append(reason));
            return text.toString();
        }
    }

    private String name() {
        StringBuilder name = new StringBuilder(method.spec()).append('@').append(steps);
        guides.stream()
                .map(Guide::spec)
                .filter(spec -> !spec.isEmpty())
                .forEach(spec -> name.append('+').append(spec));
        return name.toString();
    }

    private Program program() {
        if (guides.stream().anyMatch(OnePath.class::isInstance)
                && source.conditionNoise().isEmpty()) {
            throw new IllegalArgumentException(
                    "one path of conditions is of models whose conditions are noised, and this"
                            + " one has them clean or has none; leave the path away, or train with --condition-noise,"
                            + " Conditioning.noised");
        }
        Program program = source.program(method, grid == null ? source.grid(method, steps) : grid, guides);
        return (traced ? Program.of(traced(program.plan()), program.fields()) : program).with(precision);
    }

    private static Plan traced(Plan plan) {
        return plan.trace().length > 0 ? plan : plan.traced("x");
    }

    private Sampling open(long rows) {
        return Sampling.open(program(), source.device(), rows, traced, execution);
    }

    private static void requireCount(int count) {
        if (count < 0) {
            throw new IllegalArgumentException("count must not be negative, got " + count);
        }
    }

    /** Collects the rows of a call. */
    private final class Gathering implements Sampling.Sink {
        private final long seed;
        private final long first;
        private final int count;
        private final Map<String, float[]> outputs = new LinkedHashMap<>();
        private final Map<String, List<float[]>> traces = new LinkedHashMap<>();
        private long began = System.nanoTime();
        private @Nullable Sampling sampling;
        private long nonFinite;

        Gathering(long seed, long first, int count) {
            this.seed = seed;
            this.first = first;
            this.count = count;
        }

        void by(Sampling opened) {
            sampling = opened;
            Program program = opened.program();
            for (var register : program.outputs()) {
                outputs.put(
                        register.name(),
                        new float[Math.multiplyExact(count, register.space().width())]);
            }
            if (traced) {
                for (var register : program.traced()) {
                    List<float[]> steps = new ArrayList<>();
                    for (int step = 0; step < program.plan().steps().size(); step++) {
                        steps.add(
                                new float
                                        [Math.multiplyExact(
                                                count, register.space().width())]);
                    }
                    traces.put(plain(register.name()), steps);
                }
            }
        }

        @Override
        public void rows(long at, int rows, List<float[]> pieces, List<float[]> tracePieces) {
            int next = 0;
            for (Map.Entry<String, float[]> output : outputs.entrySet()) {
                float[] piece = pieces.get(next++);
                source.decode(output.getKey(), piece);
                nonFinite += next == 1 ? nonFiniteRows(piece, piece.length / Math.max(1, rows)) : 0;
                System.arraycopy(
                        piece,
                        0,
                        output.getValue(),
                        Math.toIntExact(at * (piece.length / Math.max(1, rows))),
                        piece.length);
            }
            next = 0;
            for (Map.Entry<String, List<float[]>> trace : traces.entrySet()) {
                float[] piece = tracePieces.get(next++);
                source.decode(trace.getKey(), piece);
                int length = piece.length / trace.getValue().size();
                for (int step = 0; step < trace.getValue().size(); step++) {
                    System.arraycopy(
                            piece,
                            step * length,
                            trace.getValue().get(step),
                            Math.toIntExact(at * (length / Math.max(1, rows))),
                            length);
                }
            }
        }

        /** The plan's count, or the most that a row counted itself. */
        private int nfe(Plan plan) {
            float[] each = outputs.get("nfe");
            if (each == null) {
                return plan.evaluations();
            }
            float most = 0;
            for (float one : each) {
                most = Math.max(most, one);
            }
            return (int) most;
        }

        Samples samples() {
            Sampling by = java.util.Objects.requireNonNull(sampling);
            return new Samples(
                    source.columns(),
                    outputs,
                    traces,
                    new Samples.Run(
                            name(),
                            seed,
                            first,
                            count,
                            nfe(by.program().plan()),
                            by.choice().execution().name(),
                            source.device().name(),
                            (System.nanoTime() - began) / 1e6,
                            nonFinite));
        }
    }

    /** The plan's name of a register that the table may have renamed for the trace. */
    private static String plain(String name) {
        return name.endsWith("@end") ? name.substring(0, name.length() - 4) : name;
    }

    private static long nonFiniteRows(float[] rows, int width) {
        long bad = 0;
        for (int r = 0; r < rows.length / Math.max(1, width); r++) {
            for (int d = 0; d < width; d++) {
                if (!Float.isFinite(rows[r * width + d])) {
                    bad++;
                    break;
                }
            }
        }
        return bad;
    }
}
