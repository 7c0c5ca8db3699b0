package org.tweedie.bridge;

import java.util.Arrays;
import org.tweedie.bridge.GaussianFitting.Noise;

/**
 * Iterated proportional fitting between two laws on one grid of a line, in discrete time: what {@link GaussianFitting} is between normal laws, for any. A step
 * of the chain is a matrix, from each point to the law of the next; a half bridge turns each by Bayes ({@link Noise#EXACT}), or learns its mean alone and keeps
 * the reference's noise ({@link Noise#STEP}), B(y) = E[y + F(x) - F(y) | y], as networks do (De Bortoli, Thornton, Heng and Doucet, NeurIPS 2021, arXiv
 * 2106.01357). Exact to rounding where the steps of the grid are half of (2 gamma)^(1/2) or less and it reaches beyond where the chains go. Keeps a number for
 * each pair of points and step. For one thread.
 */
public final class GridFitting {
    private static final long MOST_NUMBERS = 1L << 26;

    private final GridLaw from;
    private final GridLaw to;
    private final Noise noise;
    private final StepSizes sizes;
    private double[][] means;
    private double[][][] kernels;
    private double[][] masses;
    private int halves;

    /**
     * Starts with the reference from {@code from}.
     *
     * @throws IllegalArgumentException if the laws are not on the same points, or points and steps are too many for memory
     */
    public GridFitting(GridLaw from, GridLaw to, Reference reference, StepSizes sizes, Noise noise) {
        if (!Arrays.equals(from.points(), to.points())) {
            throw new IllegalArgumentException("both laws of a fitting are on the same points, got "
                    + from.points().length + " from " + from.points()[0] + " and " + to.points().length + " from "
                    + to.points()[0] + "; give both the same ends and count");
        }
        int n = from.points().length;
        if ((long) n * n * sizes.count() > MOST_NUMBERS) {
            throw new IllegalArgumentException(n + " points and " + sizes.count()
                    + " steps make more than 2^26 numbers; take fewer points or steps");
        }
        this.from = from;
        this.to = to;
        this.noise = noise;
        this.sizes = sizes;
        means = new double[sizes.count()][n];
        kernels = new double[sizes.count()][][];
        for (int k = 0; k < means.length; k++) {
            double gamma = sizes.gamma(k);
            for (int i = 0; i < n; i++) {
                means[k][i] =
                        reference.factor(gamma) * from.points()[i] + gamma * reference.pull() * reference.centre();
            }
            kernels[k] = normal(means[k], 2 * gamma);
        }
        masses = walk(from.masses());
    }

    /** Half bridges done: after an odd number the chain runs backward, from the second law. */
    public int halves() {
        return halves;
    }

    /** The law after k steps of the chain, in its own order. */
    public GridLaw law(int k) {
        return new GridLaw(from.points(), masses[k]);
    }

    /** The law at the chain's end. */
    public GridLaw end() {
        return law(sizes.count());
    }

    /** The law that {@link #end} is to become. */
    public GridLaw wanted() {
        return halves % 2 == 0 ? to : from;
    }

    /** KL(wanted | end) in nats: with exact noise that of the next chain from this one, which never rises. */
    public double gap() {
        double sum = 0;
        double[] wanted = wanted().masses();
        double[] end = masses[sizes.count()];
        for (int i = 0; i < wanted.length; i++) {
            if (wanted[i] > 0) {
                sum += wanted[i] * StrictMath.log(wanted[i] / end[i]);
            }
        }
        return sum;
    }

    /** Cov(X_0, X_N) of the chain. */
    public double covariance() {
        double[] ends = from.points();
        for (int k = kernels.length - 1; k >= 0; k--) {
            double[] before = new double[ends.length];
            for (int i = 0; i < before.length; i++) {
                for (int j = 0; j < ends.length; j++) {
                    before[i] += kernels[k][i][j] * ends[j];
                }
            }
            ends = before;
        }
        double mean = law(0).mean();
        double sum = 0;
        for (int i = 0; i < ends.length; i++) {
            sum += masses[0][i] * (from.points()[i] - mean) * ends[i];
        }
        return sum;
    }

    /** The mean of step k of the chain, in its own order, from each point. */
    public double[] means(int k) {
        return means[k].clone();
    }

    /** Fits the next half bridge. */
    public void next() {
        int count = sizes.count();
        double[][] nextMeans = new double[count][];
        double[][][] nextKernels = new double[count][][];
        for (int k = count - 1; k >= 0; k--) {
            double[][] back = turned(k);
            int place = count - 1 - k;
            double[] mean = mean(back, noise == Noise.EXACT ? from.points() : means[k]);
            if (noise == Noise.STEP) {
                for (int j = 0; j < mean.length; j++) {
                    mean[j] += from.points()[j] - means[k][j];
                }
            }
            nextMeans[place] = mean;
            nextKernels[place] = noise == Noise.EXACT ? back : normal(mean, 2 * gamma(k));
        }
        double[] start = wanted().masses();
        means = nextMeans;
        kernels = nextKernels;
        masses = walk(start);
        halves++;
    }

    /** The law of the start of step k given its end, by Bayes: [end][start]. */
    private double[][] turned(int k) {
        int n = masses[k].length;
        double[][] back = new double[n][n];
        for (int j = 0; j < n; j++) {
            double reached = masses[k + 1][j];
            if (!(reached > 0)) {
                throw new IllegalStateException("no walk reaches " + from.points()[j]
                        + " in double, so where it came from is not known; take a narrower grid or larger steps");
            }
            for (int i = 0; i < n; i++) {
                back[j][i] = masses[k][i] * kernels[k][i][j] / reached;
            }
        }
        return back;
    }

    private static double[] mean(double[][] kernel, double[] values) {
        double[] mean = new double[kernel.length];
        for (int i = 0; i < mean.length; i++) {
            for (int j = 0; j < values.length; j++) {
                mean[i] += kernel[i][j] * values[j];
            }
        }
        return mean;
    }

    /** From each point the normal law of its mean, on the points. */
    private double[][] normal(double[] mean, double variance) {
        double[][] kernel = new double[mean.length][];
        for (int i = 0; i < mean.length; i++) {
            double centre = mean[i];
            kernel[i] = GridLaw.of(x -> -(x - centre) * (x - centre) / (2 * variance), from.points())
                    .masses();
        }
        return kernel;
    }

    private double[][] walk(double[] start) {
        double[][] laws = new double[kernels.length + 1][start.length];
        laws[0] = start;
        for (int k = 0; k < kernels.length; k++) {
            for (int i = 0; i < start.length; i++) {
                for (int j = 0; j < start.length; j++) {
                    laws[k + 1][j] += laws[k][i] * kernels[k][i][j];
                }
            }
        }
        return laws;
    }

    /** The size of the k-th step in the chain's own order. */
    private double gamma(int k) {
        return sizes.gamma(halves % 2 == 0 ? k : sizes.count() - 1 - k);
    }
}
