package org.tweedie;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Program;
import org.tweedie.execution.Progress;
import org.tweedie.execution.Sampling;
import org.tweedie.plan.GivenStart;
import org.tweedie.score.Field;
import org.tweedie.score.Guide;
import org.tweedie.sde.Method;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.UniPc;
import org.tweedie.train.Dataset;

/**
 * The one-to-one map between rows and latent rows that the probability-flow ODE is: a row at the cutoff goes to a row at the horizon and back
 * (Song et al., ICLR 2021, arXiv 2011.13456, section 4.3; Song, Meng, Ermon, ICLR 2021, arXiv 2010.02502, section 5.3). Latent rows are in units
 * of the prior's standard deviation: where the score is that of the data they are standard normal.
 *
 * <p>Immutable: each setting gives a new one. Safe for use by many threads; the model must stay open.
 */
public final class LatentMap {
    private static final int STEPS = 50;
    private static final Method METHOD = new UniPc(3, UniPc.Base.EXPM1, true);
    private static final String START = "start";

    private final DensitySource source;
    private final Method method;
    private final TimeGrid down;
    private final Map<String, GivenRows> given;

    LatentMap(DensitySource source) {
        this(source, METHOD, TimeGrid.uniformLogSnr(source.process(), STEPS), Map.of());
    }

    private LatentMap(DensitySource source, Method method, TimeGrid down, Map<String, GivenRows> given) {
        this.source = source;
        this.method = method;
        this.down = down;
        this.given = given;
        method.plan(source.process(), down.reversed()); // refuses what draws noise
    }

    /** Under a score that is known, such as {@link org.tweedie.score.GaussianMixtureScore}. */
    public static LatentMap of(Device device, Sde process, Field score) {
        return new LatentMap(new ExactScore(device, process, score));
    }

    /**
     * By another deterministic method, in so many steps of equal log-SNR ({@code unipc:3} and {@value #STEPS} when nothing is said).
     *
     * @throws IllegalArgumentException for a method that draws noise
     */
    public LatentMap by(Method method, int steps) {
        return new LatentMap(source, method, TimeGrid.uniformLogSnr(source.process(), steps), given);
    }

    /** With rows of a condition, in the units of the data: row i belongs to row i, a single row to all. */
    public LatentMap given(String name, float[] rows, int width) {
        Map<String, GivenRows> more = new LinkedHashMap<>(given);
        more.put(name, new GivenRows(rows.clone(), width));
        return new LatentMap(source, method, down, Map.copyOf(more));
    }

    /**
     * The latent rows of rows.
     *
     * @param rows row-major, in the units of the data
     * @throws ArithmeticException if a row ran out of steps, where rows choose their own: it would be no latent row
     */
    public float[] encode(float[] rows) {
        int width = source.requireRows(rows, "rows");
        return source.whileOpen(() -> {
            GivenRows start = source.encodeGiven(Dataset.X, new GivenRows(rows, width));
            float[] latents = run(down.reversed(), start, List.of());
            scale(latents, 1 / source.process().priorDeviation());
            return latents;
        });
    }

    /**
     * The rows of latent rows.
     *
     * @param latents row-major, in units of the prior's standard deviation
     * @return in the units of the data
     * @throws ArithmeticException if a row ran out of steps, where rows choose their own
     */
    public float[] decode(float[] latents) {
        int width = source.requireRows(latents, "latent rows");
        return source.whileOpen(() -> {
            float[] start = latents.clone();
            scale(start, source.process().priorDeviation());
            float[] rows = run(down, new GivenRows(start, width), List.of(new Sampler.Rewrite(new GivenStart())));
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
        float[] latents = new float[Math.multiplyExact(from.length, points)];
        for (int w = 0; w < ways; w++) {
            GreatCircle circle = new GreatCircle(first, last, w * width, width);
            for (int p = 0; p < points; p++) {
                circle.at(p / (points - 1.0), latents, (w * points + p) * width);
            }
        }
        return decode(latents);
    }

    private float[] run(TimeGrid grid, GivenRows start, List<Guide> guides) {
        Map<String, GivenRows> all = source.encoded(given);
        all.put(START, start);
        Program program = source.program(method, grid, guides);
        List<String> outputs = Arrays.stream(program.plan().outputs())
                .mapToObj(output -> program.plan().registers().get(output).name())
                .toList();
        int remaining = outputs.indexOf("remaining"); // of methods whose rows choose their steps
        long[] unfinished = {0};
        float[] into = new float[start.values().length];
        try (Sampling sampling = Sampling.open(program, source.device(), start.rows(), false, null)) {
            sampling.run(0, 0, start.rows(), all, Progress.NONE, new CancelToken(), (at, n, ends, traces) -> {
                System.arraycopy(ends.get(0), 0, into, (int) at * start.width(), n * start.width());
                for (int r = 0; remaining >= 0 && r < n; r++) {
                    unfinished[0] += ends.get(remaining)[r] == 0 ? 0 : 1;
                }
            });
        }
        if (unfinished[0] > 0) {
            throw new ArithmeticException(
                    unfinished[0] + " of " + start.rows() + " rows ran out of steps before the end of " + method.spec()
                            + "@" + down.steps() + "; allow more steps, or loosen the tolerance");
        }
        return into;
    }

    private static void scale(float[] rows, double factor) {
        for (int i = 0; i < rows.length; i++) {
            rows[i] = (float) (rows[i] * factor);
        }
    }
}
