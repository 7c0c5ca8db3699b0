package org.tweedie;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Program;
import org.tweedie.execution.Progress;
import org.tweedie.execution.Sampling;
import org.tweedie.rng.Law;
import org.tweedie.rng.Philox;
import org.tweedie.score.Differentiable;
import org.tweedie.sde.FlowDensity;
import org.tweedie.sde.Noising;
import org.tweedie.sde.PairFlowDensity;
import org.tweedie.sde.TimeGrid;
import org.tweedie.train.Dataset;

/**
 * Log-densities of rows under a score, by the probability-flow ODE (Song et al., ICLR 2021, arXiv 2011.13456, section 4.3): the density of the
 * process at its cutoff, in the units of the data. Blocks that move each at its own speed leave at their ends, noise that knows nothing of the
 * rest (Batzolis et al., arXiv 2207.09786). Or under a bridge to the normal law, by its own flow, given observations where it knows them. The
 * whole way of all rows stays on the device.
 *
 * <p>The divergence is exact for rows of up to {@value #EXACT} numbers, each of which costs a derivative; for wider ones it is probed
 * (Hutchinson), without bias and with a standard error.
 *
 * <p>Of rows with velocities ({@link org.tweedie.sde.CldSde}) the flow gives ln p(x, v). With v drawn from a law q of velocities given x, the mean of
 * ln p(x, v)/q(v | x) is at most ln p(x): the logarithm of a row is then a lower bound on average (Dockhorn, Vahdat, Kreis, ICLR 2022, arXiv
 * 2112.07068, appendix B.5; {@link PairFlowDensity}). Of K velocities it is ln (1/K) sum of p(x, v_k)/q(v_k | x), a tighter bound that tends to ln p(x)
 * (Burda, Grosse, Salakhutdinov, ICLR 2016, arXiv 1509.00519), or, where the divergence is probed, whose error such weights would count as
 * density, the mean of the K logarithms. Immutable: each setting gives a new one. Safe for use by many threads; the model must
 * stay open.
 */
public final class Likelihood {
    /** Numbers a row up to which the divergence is exact when nothing is said. */
    public static final int EXACT = 16;

    private final FlowSource source;
    private final TimeGrid grid;
    private final Optional<Law> probe;
    private final int probes;
    private final int velocities;
    private final Map<String, GivenRows> given;
    private final @Nullable String execution;

    Likelihood(FlowSource source) {
        this(
                source,
                source.rising(source.flowSteps()),
                source.columns().size() <= EXACT ? Optional.empty() : Optional.of(Law.RADEMACHER),
                1,
                1,
                Map.of(),
                null);
    }

    private Likelihood(
            FlowSource source,
            TimeGrid grid,
            Optional<Law> probe,
            int probes,
            int velocities,
            Map<String, GivenRows> given,
            @Nullable String execution) {
        this.source = source;
        this.grid = grid;
        this.probe = probe;
        this.probes = probes;
        this.velocities = velocities;
        this.given = given;
        this.execution = execution;
    }

    /**
     * Under a score that is known, with its derivative, such as {@link org.tweedie.score.GaussianMixtureScore}; with velocities, that by v, such as
     * {@link org.tweedie.score.PairMixtureScore}.
     */
    public static Likelihood of(Device device, Noising process, Differentiable score) {
        return new Likelihood(new ExactScore(device, process, score));
    }

    /**
     * By so many steps. Under a score: of equal log-SNR, four evaluations each (100 when nothing is said), those of blocks shared among the
     * intervals between ends by their length. Under a bridge: its own where nothing is said, else as many in each
     * of its own where they are a multiple of them; four evaluations each, or up to eight between the times that it learned at.
     */
    public Likelihood steps(int steps) {
        return grid(source.rising(steps));
    }

    /** Along these times, which rise to the horizon; the density is that of the first. */
    public Likelihood grid(TimeGrid grid) {
        source.density(probe, grid);
        return new Likelihood(source, grid, probe, probes, velocities, given, execution);
    }

    /** With the exact divergence: a derivative for each number of a row. */
    public Likelihood exact() {
        return new Likelihood(source, grid, Optional.empty(), 1, velocities, given, execution);
    }

    /**
     * With the divergence probed along random directions, one for the whole way of a row, and averaged over {@code probes} ways.
     *
     * @param law NORMAL or RADEMACHER
     */
    public Likelihood hutchinson(int probes, Law law) {
        if (probes < 1) {
            throw new IllegalArgumentException("probes must be positive, got " + probes);
        }
        return new Likelihood(source, grid, FlowDensity.probed(law).probe(), probes, velocities, given, execution);
    }

    /**
     * Of rows with velocities, by so many velocities a row (1 when nothing is said), each of which costs the whole way.
     *
     * @throws IllegalArgumentException where the process moves rows alone
     */
    public Likelihood velocities(int velocities) {
        if (velocities < 1) {
            throw new IllegalArgumentException("velocities must be positive, got " + velocities);
        }
        if (!bounds() && velocities > 1) {
            throw new IllegalArgumentException("rows have velocities under cld and cld-mixed alone; got " + velocities
                    + " velocities for a flow that has none");
        }
        return new Likelihood(source, grid, probe, probes, velocities, given, execution);
    }

    /** Whether what {@link #of} gives is a lower bound of the logarithm, on average over velocities, and not the logarithm itself. */
    public boolean bounds() {
        return source.drawsVelocities();
    }

    /** With rows of a condition, in the units of the data: row i belongs to row i, a single row to all. */
    public Likelihood given(String name, float[] rows, int width) {
        Map<String, GivenRows> more = new LinkedHashMap<>(given);
        more.put(name, new GivenRows(rows.clone(), width));
        return new Likelihood(source, grid, probe, probes, velocities, Map.copyOf(more), execution);
    }

    /** By this execution alone. */
    public Likelihood execution(String name) {
        return new Likelihood(source, grid, probe, probes, velocities, given, name);
    }

    /**
     * The log-densities of rows.
     *
     * @param rows row-major, in the units of the data
     * @param seed of the probes and velocities
     */
    public Densities of(float[] rows, long seed) {
        int width = source.requireRows(rows, "rows");
        return source.whileOpen(() -> densities(rows, width, seed));
    }

    private Densities densities(float[] rows, int width, long seed) {
        int count = rows.length / width;
        Map<String, GivenRows> told = new LinkedHashMap<>(given);
        told.put(Dataset.X, new GivenRows(rows, width));
        Map<String, GivenRows> all = source.encoded(told);
        Program program = source.derivatives(source.density(probe, grid));
        int runs = Math.multiplyExact(probes, velocities);
        LogMeans means = new LogMeans(count, bounds() && probe.isEmpty());
        float[] latents = new float[rows.length];
        String[] how = new String[1];
        try (Sampling sampling = Sampling.open(program, source.device(), count, false, execution)) {
            how[0] = sampling.choice().execution().name();
            for (int p = 0; p < runs; p++) {
                sampling.run(
                        Philox.part(seed, p),
                        0,
                        count,
                        all,
                        Progress.NONE,
                        new CancelToken(),
                        (at, n, outputs, traces) -> {
                            System.arraycopy(outputs.get(0), 0, latents, (int) at * width, n * width);
                            for (int r = (int) at; r < at + n; r++) {
                                means.take(r, outputs.get(1)[r - (int) at] + prior(latents, r, width));
                            }
                        });
            }
        }
        double[] log = new double[count];
        double[] errors = new double[count];
        for (int r = 0; r < count; r++) {
            log[r] = means.mean(r, runs)
                    + source.logVolume(grid)
                    + source.logDeterminant(Arrays.copyOfRange(rows, r * width, (r + 1) * width), r, given);
            errors[r] = probe.isEmpty() && !bounds() ? 0 : means.error(r, runs);
        }
        return new Densities(log, errors, latents, width, how[0], program.plan().evaluations() * runs);
    }

    /** ln of the prior's density of a latent row. */
    private double prior(float[] latents, int row, int width) {
        double square = 0;
        double logDeviations = 0;
        for (int d = 0; d < width; d++) {
            double deviation = source.priorDeviation(d);
            double z = latents[row * width + d] / deviation;
            square += z * z;
            logDeviations += StrictMath.log(deviation);
        }
        return -0.5 * square - logDeviations - width * 0.5 * StrictMath.log(2 * Math.PI);
    }

    /**
     * Log-densities of rows. Immutable but for its arrays, which nobody may change while threads share them.
     *
     * @param log natural logarithm of each row's density, in the units of the data; with velocities a bound of it
     * @param errors the standard error of each, over its probes and velocities: 0 where the divergence is exact and there are no velocities, NaN
     *     where there was one of each
     * @param latents the row at the horizon that each row comes from, of blocks each at its own end; of several velocities, by the last
     * @param width of a row
     * @param execution that made them
     * @param nfe evaluations of networks, a row
     */
    public record Densities(double[] log, double[] errors, float[] latents, int width, String execution, int nfe)
            implements LogDensities {}
}
