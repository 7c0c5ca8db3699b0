package org.tweedie;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Program;
import org.tweedie.execution.Progress;
import org.tweedie.execution.Sampling;
import org.tweedie.score.Field;
import org.tweedie.sde.NoisyScore;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;
import org.tweedie.theory.ScoreSpectrum;
import org.tweedie.train.Dataset;

/**
 * How many dimensions the data have near rows, as a score model sees them: a {@link ScoreSpectrum} a row, of scores at noisy copies of it.
 * Scores are evaluated on the device; the spectra, of order width^3 each, on the host.
 *
 * <p>Immutable: each setting gives a new one. Safe for use by many threads; the model must stay open.
 */
public final class LocalDimension {
    /** The noise when nothing is said. */
    public static final double NOISE = 0.1;

    private static final int DRAWS = 64;

    private final DensitySource source;
    private final double noise;
    private final int draws;
    private final Map<String, GivenRows> given;

    LocalDimension(DensitySource source) {
        this(source, NOISE, draws(source.columns().size()), Map.of());
    }

    private LocalDimension(DensitySource source, double noise, int draws, Map<String, GivenRows> given) {
        this.source = source;
        this.noise = noise;
        this.draws = draws;
        this.given = given;
    }

    /** Under a score that is known, such as {@link org.tweedie.score.GaussianMixtureScore}. */
    public static LocalDimension of(Device device, Sde process, Field score) {
        return new LocalDimension(new ExactScore(device, process, score));
    }

    /** Noisy copies of a row of so many coordinates when nothing is said: 16 a coordinate, at least 64. */
    public static int draws(int width) {
        return (int) Math.min(Integer.MAX_VALUE, Math.max(DRAWS, 16L * width));
    }

    /**
     * At another scale, sigma/alpha in the units in which the model sees the data, standardised columns ({@value #NOISE} when nothing is said): what is
     * thinner counts as flat, rows further apart as points.
     *
     * @throws IllegalArgumentException for noise that the process does not have between its cutoff and its horizon
     */
    public LocalDimension noise(double noise) {
        Sde process = source.process();
        double least = process.noiseToSignal(process.cutoff());
        double most = process.noiseToSignal(process.horizon());
        if (!(noise >= least && noise <= most)) {
            throw new IllegalArgumentException("noise must be from " + (float) least + " to " + (float) most
                    + ", where the score is known, got " + noise);
        }
        return new LocalDimension(source, noise, draws, given);
    }

    /** With so many noisy copies of a row, at least {@value ScoreSpectrum#LEAST_DRAWS} a coordinate ({@link #draws(int)} when nothing is said). */
    public LocalDimension copies(int draws) {
        ScoreSpectrum.requireDraws(draws, source.columns().size());
        return new LocalDimension(source, noise, draws, given);
    }

    /** With rows of a condition, in the units of the data: row i belongs to row i, a single row to all. */
    public LocalDimension given(String name, float[] rows, int width) {
        Map<String, GivenRows> more = new LinkedHashMap<>(given);
        more.put(name, new GivenRows(rows.clone(), width));
        return new LocalDimension(source, noise, draws, Map.copyOf(more));
    }

    /**
     * The spectrum at each row.
     *
     * @param rows row-major, in the units of the data
     * @param seed of the noise, which is another for each row by its place
     */
    public List<ScoreSpectrum> of(float[] rows, long seed) {
        int width = source.requireRows(rows, "rows");
        return source.whileOpen(() -> spectra(rows, width, seed));
    }

    private List<ScoreSpectrum> spectra(float[] rows, int width, long seed) {
        int count = rows.length / width;
        Sde process = source.process();
        double t = process.timeOfNoiseToSignal(noise);
        double sigma = process.sigma(t);
        Map<String, GivenRows> all = source.encoded(given);
        all.put(Dataset.X, source.encodeGiven(Dataset.X, new GivenRows(rows, width)));
        Program program = source.program(new NoisyScore(), new TimeGrid(new double[] {t}), List.of());
        List<ScoreSpectrum> spectra = new ArrayList<>(count);
        double[][] scores = new double[draws][width];
        try (Sampling sampling = Sampling.open(program, source.device(), draws, false, null)) {
            for (int i = 0; i < count; i++) {
                Map<String, GivenRows> one = new HashMap<>();
                for (Map.Entry<String, GivenRows> port : all.entrySet()) {
                    one.put(port.getKey(), row(port.getValue(), i, count));
                }
                sampling.run(
                        seed,
                        (long) i * draws,
                        draws,
                        one,
                        Progress.NONE,
                        new CancelToken(),
                        (at, n, outputs, traces) -> {
                            float[] made = outputs.get(0);
                            for (int r = 0; r < n; r++) {
                                for (int d = 0; d < width; d++) {
                                    scores[(int) at + r][d] = made[r * width + d];
                                }
                            }
                        });
                spectra.add(ScoreSpectrum.of(scores, sigma));
            }
        }
        return spectra;
    }

    /** Row i for all copies. */
    private static GivenRows row(GivenRows rows, int i, int count) {
        if (rows.rows() == 1) {
            return rows;
        }
        if (rows.rows() != count) {
            throw new IllegalArgumentException(
                    "a condition has a row for each of " + count + " rows or one for all, got " + rows.rows());
        }
        int width = rows.width();
        return new GivenRows(Arrays.copyOfRange(rows.values(), i * width, (i + 1) * width), width);
    }
}
