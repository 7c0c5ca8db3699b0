package org.tweedie;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Program;
import org.tweedie.execution.Progress;
import org.tweedie.execution.Sampling;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Field;
import org.tweedie.sde.CldSde;
import org.tweedie.sde.Method;
import org.tweedie.sde.Noising;
import org.tweedie.sde.PairFlowDensity;
import org.tweedie.sde.TimeGrid;
import org.tweedie.train.Dataset;

/**
 * The one-to-one map between rows and latent rows that the probability-flow ODE is: a row at the cutoff goes to a row at the horizon and back
 * (Song et al., ICLR 2021, arXiv 2011.13456, section 4.3; Song, Meng, Ermon, ICLR 2021, arXiv 2010.02502, section 5.3). Latent rows are in units
 * of the prior's standard deviation: where the score is that of the data they are standard normal.
 *
 * <p>Of rows with velocities ({@link CldSde}) the flow moves pairs: a latent row is twice as wide, the position's numbers, then the velocity's. Encoding draws
 * the velocity beside each row, from its law at the cutoff ({@link PairFlowDensity#velocity}), so that other velocities give other latent rows of the same
 * row; decoding gives the row and leaves the velocity away.
 *
 * <p>Of blocks of their own speed a latent row has each block as it is where it becomes noise and leaves, at its own end.
 *
 * <p>Immutable: each setting gives a new one. Safe for use by many threads; the model must stay open.
 */
public final class LatentMap {
    private static final String START = "start";
    private static final String START_VELOCITY = START + "." + CldSde.VELOCITY;

    private final LatentSource source;
    private final Method method;
    private final TimeGrid down;
    private final long seed;
    private final Map<String, GivenRows> given;

    LatentMap(LatentSource source) {
        this(
                source,
                source.latentMethod().method(),
                source.rising(source.latentMethod().steps()).reversed(),
                0,
                Map.of());
    }

    private LatentMap(LatentSource source, Method method, TimeGrid down, long seed, Map<String, GivenRows> given) {
        this.source = source;
        this.method = method;
        this.down = down;
        this.seed = seed;
        this.given = given;
        source.flow(method, down.reversed()); // refuses what draws noise
    }

    /** Under a score that is known, such as {@link org.tweedie.score.GaussianMixtureScore}. */
    public static LatentMap of(Device device, Noising process, Field score) {
        return new LatentMap(new ExactScore(device, process, score));
    }

    /**
     * By another deterministic method, in so many steps of equal log-SNR ({@code unipc:3} and 50 when nothing is said); with velocities, of equal
     * square root of time ({@code heun} and 100); of blocks of their own speed shared among the intervals between ends ({@code unipc:3} and 100).
     *
     * @throws IllegalArgumentException for a method that draws noise
     */
    public LatentMap by(Method method, int steps) {
        return new LatentMap(source, method, source.rising(steps).reversed(), seed, given);
    }

    /** With the velocities of this seed (0 when nothing is said): that of row i is a function of seed and i. Rows alone have none. */
    public LatentMap velocities(long seed) {
        return new LatentMap(source, method, down, seed, given);
    }

    /** The method as users write it, {@code heun@50}. */
    public String method() {
        return method.spec() + "@" + down.steps();
    }

    /** Numbers of a latent row: the width of rows, with velocities twice that. */
    public int latentWidth() {
        return source.columns().size() * (source.drawsVelocities() ? 2 : 1);
    }

    /** With rows of a condition, in the units of the data: row i belongs to row i, a single row to all. */
    public LatentMap given(String name, float[] rows, int width) {
        Map<String, GivenRows> more = new LinkedHashMap<>(given);
        more.put(name, new GivenRows(rows.clone(), width));
        return new LatentMap(source, method, down, seed, Map.copyOf(more));
    }

    /**
     * The latent rows of rows.
     *
     * @param rows row-major, in the units of the data
     * @return rows of {@link #latentWidth} numbers
     * @throws ArithmeticException if a row ran out of steps, where rows choose their own: it would be no latent row
     */
    public float[] encode(float[] rows) {
        int width = source.requireRows(rows, "rows");
        return source.whileOpen(() -> {
            GivenRows start = source.encodeGiven(Dataset.X, new GivenRows(rows, width));
            Map<String, GivenRows> state = new LinkedHashMap<>(Map.of(START, start));
            velocities(start).ifPresent(drawn -> state.put(START_VELOCITY, drawn));
            List<float[]> ends = run(down.reversed(), state, start.rows());
            float[] latents = new float[start.rows() * latentWidth()];
            for (int part = 0; part < ends.size(); part++) {
                int half = part;
                copy(ends.get(part), width, 0, latents, latentWidth(), part * width, d -> 1 / deviation(half, d));
            }
            return latents;
        });
    }

    /** The draws of velocities beside rows in units of the process, where it has them. */
    private Optional<GivenRows> velocities(GivenRows x) {
        return source.velocities().map(sde -> drawn(sde, x));
    }

    private GivenRows drawn(CldSde sde, GivenRows x) {
        double[] law = PairFlowDensity.velocity(sde, sde.cutoff());
        float[] drawn = new float[x.values().length];
        for (int i = 0; i < drawn.length; i++) {
            double z = Philox.words(seed, i / x.width(), Purpose.PRIOR, 0).normal(i % x.width());
            drawn[i] = (float) (law[0] * x.values()[i] + law[1] * z);
        }
        return new GivenRows(drawn, x.width());
    }

    /** The prior's standard deviation of a coordinate, of its position or, part 1, of its velocity. */
    private double deviation(int part, int coordinate) {
        return part == 0
                ? source.priorDeviation(coordinate)
                : StrictMath.sqrt(source.velocities().orElseThrow().mass());
    }

    /**
     * The rows of latent rows.
     *
     * @param latents row-major, {@link #latentWidth} numbers each, in units of the prior's standard deviation
     * @return in the units of the data
     * @throws ArithmeticException if a row ran out of steps, where rows choose their own
     */
    public float[] decode(float[] latents) {
        int wide = latentWidth();
        if (latents.length == 0 || latents.length % wide != 0) {
            throw new IllegalArgumentException(latents.length + " numbers are no latent rows of " + wide
                    + (source.drawsVelocities()
                            ? ", a position and a velocity of the model's width"
                            : ", the width of the model"));
        }
        int count = latents.length / wide;
        int width = source.columns().size();
        return source.whileOpen(() -> {
            Map<String, GivenRows> state = new LinkedHashMap<>();
            for (int part = 0; part < wide / width; part++) {
                int half = part;
                float[] start = new float[count * width];
                copy(latents, wide, part * width, start, width, 0, d -> deviation(half, d));
                state.put(part == 0 ? START : START_VELOCITY, new GivenRows(start, width));
            }
            float[] rows = run(down, state, count).get(0);
            source.decode(Dataset.X, rows);
            return rows;
        });
    }

    /**
     * Rows on the way from each of some rows to another: their latent rows are joined by great circles, along which standard normal rows keep
     * their length, and decoded. A condition's row serves all.
     *
     * @param from row-major, in the units of the data
     * @param to as many rows
     * @param points rows a way, the first near {@code from}, the last near {@code to}: at least 2
     * @return the ways one after the other
     */
    public float[] between(float[] from, float[] to, int points) {
        int width = source.requireRows(from, "rows");
        if (to.length != from.length) {
            throw new IllegalArgumentException("ways go from rows to as many, got " + from.length / width + " rows and "
                    + to.length + " numbers of width " + width);
        }
        if (points < 2) {
            throw new IllegalArgumentException("a way has at least its 2 ends, got " + points + " points");
        }
        for (Map.Entry<String, GivenRows> condition : given.entrySet()) {
            if (condition.getValue().rows() > 1) {
                throw new IllegalArgumentException("a way has one condition for all its rows, got "
                        + condition.getValue().rows() + " rows of '" + condition.getKey() + "'");
            }
        }
        float[] first = encode(from);
        float[] last = encode(to);
        int ways = from.length / width;
        int wide = latentWidth();
        float[] latents = new float[Math.multiplyExact(first.length, points)];
        for (int w = 0; w < ways; w++) {
            GreatCircle circle = new GreatCircle(first, last, w * wide, wide);
            for (int p = 0; p < points; p++) {
                circle.at(p / (points - 1.0), latents, (w * points + p) * wide);
            }
        }
        return decode(latents);
    }

    /** The outputs of all rows, positions first. */
    private List<float[]> run(TimeGrid grid, Map<String, GivenRows> state, int count) {
        Map<String, GivenRows> all = source.encoded(given);
        all.putAll(state);
        Program program = source.scored(source.flow(method, grid));
        int width = source.columns().size();
        List<float[]> into = new ArrayList<>();
        for (int part = 0; part < state.size(); part++) {
            into.add(new float[count * width]);
        }
        List<String> names = Arrays.stream(program.plan().outputs())
                .mapToObj(output -> program.plan().registers().get(output).name())
                .toList();
        int remaining = names.indexOf("remaining"); // of methods whose rows choose their steps
        long[] unfinished = {0};
        try (Sampling sampling = Sampling.open(program, source.device(), count, false, null)) {
            sampling.run(0, 0, count, all, Progress.NONE, new CancelToken(), (at, n, outputs, traces) -> {
                for (int part = 0; part < into.size(); part++) {
                    System.arraycopy(outputs.get(part), 0, into.get(part), (int) at * width, n * width);
                }
                for (int r = 0; remaining >= 0 && r < n; r++) {
                    unfinished[0] += outputs.get(remaining)[r] == 0 ? 0 : 1;
                }
            });
        }
        if (unfinished[0] > 0) {
            throw new ArithmeticException(unfinished[0] + " of " + count + " rows ran out of steps before the end of "
                    + method.spec() + "@" + down.steps() + "; allow more steps, or loosen the tolerance");
        }
        return into;
    }

    /** Copies the columns of rows from a place in each on, times a factor each, as many as fit the narrower. */
    private static void copy(
            float[] from, int width, int at, float[] into, int wide, int place, IntToDoubleFunction factor) {
        int columns = Math.min(width, wide);
        for (int r = 0; r < from.length / width; r++) {
            for (int d = 0; d < columns; d++) {
                into[r * wide + place + d] = (float) (from[r * width + at + d] * factor.applyAsDouble(d));
            }
        }
    }
}
