package org.tweedie;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Program;
import org.tweedie.execution.Progress;
import org.tweedie.execution.Sampling;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;
import org.tweedie.score.Field;
import org.tweedie.sde.EvidenceBound;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;
import org.tweedie.train.Dataset;

/**
 * Lower bounds of the log-density that a score model gives rows, read as a variational diffusion model (Kingma et al., NeurIPS 2021, arXiv
 * 2107.00630): a row is drawn from the prior, denoised step by step, and at the cutoff put out with the noise that is left,
 * N(E[x | x_cutoff], (sigma/alpha)^2 I). The bound (ELBO) of a row is minus the sum of
 *
 * <pre>
 * prior           KL(N(alpha_T x, sigma_T^2 I) || prior)
 * diffusion       what the steps cost, in discrete or in continuous time ({@link EvidenceBound})
 * reconstruction  -E log N(x; E[x | x_cutoff], (sigma/alpha)^2 I)
 * </pre>
 *
 * Needs no derivative of the score, unlike {@link Likelihood}; estimates it without bias, with a standard error from several draws. The whole
 * way of all rows stays on the device. Immutable: each setting gives a new one. Safe for use by many threads; the model must stay open.
 */
public final class VariationalBound {
    private static final int STEPS = 500;

    private final DensitySource source;
    private final TimeGrid grid;
    private final boolean continuous;
    private final int draws;
    private final Map<String, GivenRows> given;
    private final @Nullable String execution;

    VariationalBound(DensitySource source) {
        this(source, source.rising(STEPS), true, 1, Map.of(), null);
    }

    private VariationalBound(
            DensitySource source,
            TimeGrid grid,
            boolean continuous,
            int draws,
            Map<String, GivenRows> given,
            @Nullable String execution) {
        source.process(); // refuses what is none of rows alone
        this.source = source;
        this.grid = grid;
        this.continuous = continuous;
        this.draws = draws;
        this.given = given;
        this.execution = execution;
    }

    /** Under a score that is known, such as {@link org.tweedie.score.GaussianMixtureScore}. */
    public static VariationalBound of(Device device, Sde process, Field score) {
        return new VariationalBound(new ExactScore(device, process, score));
    }

    /** Of the chain with so many steps of equal log-SNR: a looser bound, which tightens as they grow. */
    public VariationalBound discrete(int steps) {
        return new VariationalBound(source, source.rising(steps), false, draws, given, execution);
    }

    /** Of the chain with the steps between these times, which rise to the horizon. */
    public VariationalBound discrete(TimeGrid grid) {
        EvidenceBound.discrete().plan(source.process(), grid);
        return new VariationalBound(source, grid, false, draws, given, execution);
    }

    /** In continuous time, its integral estimated with a time in each of so many strata of equal log-SNR (500 when nothing is said). */
    public VariationalBound continuous(int strata) {
        return new VariationalBound(source, source.rising(strata), true, draws, given, execution);
    }

    /** Averaged over so many draws of all noise and, in continuous time, of the times, which the rows share (1 when nothing is said). */
    public VariationalBound draws(int draws) {
        if (draws < 1) {
            throw new IllegalArgumentException("draws must be positive, got " + draws);
        }
        return new VariationalBound(source, grid, continuous, draws, given, execution);
    }

    /** With rows of a condition, in the units of the data: row i belongs to row i, a single row to all. */
    public VariationalBound given(String name, float[] rows, int width) {
        Map<String, GivenRows> more = new LinkedHashMap<>(given);
        more.put(name, new GivenRows(rows.clone(), width));
        return new VariationalBound(source, grid, continuous, draws, Map.copyOf(more), execution);
    }

    /** By this execution alone. */
    public VariationalBound execution(String name) {
        return new VariationalBound(source, grid, continuous, draws, given, name);
    }

    /**
     * The bounds of rows.
     *
     * @param rows row-major, in the units of the data
     * @param seed of noise and times
     */
    public Bounds of(float[] rows, long seed) {
        int width = source.requireRows(rows, "rows");
        return source.whileOpen(() -> bounds(rows, width, seed));
    }

    private Bounds bounds(float[] rows, int width, long seed) {
        int count = rows.length / width;
        Map<String, GivenRows> all = source.encoded(given);
        GivenRows encoded = source.encodeGiven(Dataset.X, new GivenRows(rows, width));
        all.put(Dataset.X, encoded);
        Tally tally = new Tally(count);
        for (int d = 0; d < draws; d++) {
            tally.take(draw(all, count, seed, d));
        }
        double[] log = new double[count];
        double[] errors = new double[count];
        double[] sums = new double[3];
        for (int r = 0; r < count; r++) {
            double prior = prior(encoded.values(), r, width);
            double left = left(width);
            double volume = source.logDeterminant(Arrays.copyOfRange(rows, r * width, (r + 1) * width), r, given);
            log[r] = volume - prior - left - tally.mean(r);
            errors[r] = tally.error(r);
            sums[0] += prior / count;
            sums[1] += tally.diffusion[r] / draws / count;
            sums[2] += (left - volume + tally.reconstruction[r] / draws) / count;
        }
        return new Bounds(log, errors, width, sums[0], sums[1], sums[2], tally.execution, (grid.steps() + 1) * draws);
    }

    /** One draw of all rows: (diffusion, reconstruction) of each. */
    private Draw draw(Map<String, GivenRows> all, int count, long seed, int d) {
        Program program = source.program(new EvidenceBound(shares(seed, d)), grid, List.of());
        double[] diffusion = new double[count];
        double[] reconstruction = new double[count];
        try (Sampling sampling = Sampling.open(program, source.device(), count, false, execution)) {
            sampling.run(
                    Philox.part(seed, d), 0, count, all, Progress.NONE, new CancelToken(), (at, n, outputs, traces) -> {
                        for (int r = 0; r < n; r++) {
                            diffusion[(int) at + r] = outputs.get(0)[r];
                            reconstruction[(int) at + r] = outputs.get(1)[r];
                        }
                    });
            return new Draw(
                    diffusion, reconstruction, sampling.choice().execution().name());
        }
    }

    private double[] shares(long seed, int d) {
        if (!continuous) {
            return new double[0];
        }
        Words words = Philox.words(seed, d, Purpose.TIME, 0);
        double[] shares = new double[grid.steps()];
        for (int i = 0; i < shares.length; i++) {
            shares[i] = words.uniform(i);
        }
        return shares;
    }

    /** KL(N(alpha x, sigma^2 I) || N(0, P^2 I)) at the horizon. */
    private double prior(float[] encoded, int row, int width) {
        Sde process = source.process();
        double alpha = process.alpha(process.horizon());
        double sigma = process.sigma(process.horizon());
        double of = process.priorDeviation();
        double square = 0;
        for (int i = 0; i < width; i++) {
            double x = encoded[row * width + i];
            square += x * x;
        }
        double ratio = sigma * sigma / (of * of);
        return 0.5 * (width * (ratio - 1 - StrictMath.log(ratio)) + alpha * alpha * square / (of * of));
    }

    /** What reconstruction costs beside the error: the volume of the noise that is left at the cutoff. */
    private double left(int width) {
        double noise = source.process().noiseToSignal(grid.t(0));
        return width * (0.5 * StrictMath.log(2 * Math.PI) + StrictMath.log(noise));
    }

    /** Of one draw, a number a row. */
    private record Draw(double[] diffusion, double[] reconstruction, String execution) {}

    /** Sums over draws, a row each. */
    private static final class Tally {
        private final double[] diffusion;
        private final double[] reconstruction;
        private final double[] mean;
        private final double[] apart;
        private String execution = "";
        private int draws;

        Tally(int rows) {
            diffusion = new double[rows];
            reconstruction = new double[rows];
            mean = new double[rows];
            apart = new double[rows];
        }

        void take(Draw draw) {
            draws++;
            execution = draw.execution;
            for (int r = 0; r < mean.length; r++) {
                diffusion[r] += draw.diffusion[r];
                reconstruction[r] += draw.reconstruction[r];
                double cost = draw.diffusion[r] + draw.reconstruction[r];
                double off = cost - mean[r];
                mean[r] += off / draws;
                apart[r] += off * (cost - mean[r]);
            }
        }

        double mean(int row) {
            return mean[row];
        }

        double error(int row) {
            return draws == 1 ? Double.NaN : Math.sqrt(apart[row] / (draws - 1.0) / draws);
        }
    }

    /**
     * Lower bounds of the log-densities of rows, as estimated. Immutable but for its arrays, which nobody may change while threads share them.
     *
     * @param log the bound of each row's log-density, in nats, in the units of the data
     * @param errors the standard error of each over its draws; NaN where there was one draw
     * @param width of a row
     * @param prior mean over the rows of what the prior costs, in nats
     * @param diffusion mean of what the steps cost
     * @param reconstruction mean of what the last step costs, with the volume of the encoding: {@code mean()} is minus the sum of the three
     * @param execution that made them
     * @param nfe evaluations of the score, a row
     */
    public record Bounds(
            double[] log,
            double[] errors,
            int width,
            double prior,
            double diffusion,
            double reconstruction,
            String execution,
            int nfe)
            implements LogDensities {}
}
