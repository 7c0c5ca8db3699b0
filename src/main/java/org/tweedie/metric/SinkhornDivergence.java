package org.tweedie.metric;

import java.util.stream.IntStream;

/**
 * The Sinkhorn divergence {@code S = OT(X, Y) - OT(X, X)/2 - OT(Y, Y)/2}, where {@code OT(X, Y)} is the least, over couplings P, of
 * {@code sum P |x - y|^2 + epsilon KL(P | X x Y)}: not negative, 0 exactly where the laws are equal; the squared 2-Wasserstein
 * distance as epsilon falls, an MMD as it grows (Genevay et al. 2018; Feydy et al. 2019).
 *
 * <p>Solved for the potentials in the log domain, epsilon halved from the largest cost down (Schmitzer 2019), until the marginals
 * are off by at most {@link #TOLERANCE} of the mass. The interval is of the central limit theorem by the potentials
 * (del Barrio et al. 2023), for laws that differ; of equal laws S is a small positive number of order 1/rows. Costs
 * rows^2 exponentials a pass and 32 bytes a pair of memory. Immutable.
 *
 * @param epsilon in the units of squared distances
 */
public record SinkhornDivergence(double epsilon) {
    /** The mass that may be in the wrong place when the solver stops. */
    public static final double TOLERANCE = 1e-3;

    private static final int MOST_PASSES = 10_000;
    private static final int WORTH_THREADS = 1 << 19; // pairs: below, a pass is over sooner than threads have met

    public SinkhornDivergence {
        if (!(epsilon > 0 && epsilon < 1e100)) {
            throw new IllegalArgumentException("epsilon must be positive and finite, got " + epsilon
                    + "; a twentieth of the median squared distance is usual");
        }
    }

    /** With epsilon a twentieth of the median squared distance between rows of both samples (of the first 512 of each). */
    public static SinkhornDivergence standard(Points x, Points y) {
        double bandwidth = PairKernel.medianRbf(x, y).bandwidth();
        return new SinkhornDivergence(bandwidth * bandwidth / 20);
    }

    /**
     * The divergence with its interval.
     *
     * @throws IllegalStateException if epsilon is so small beside the costs that 10,000 passes do not settle the potentials
     */
    public Estimate estimate(Points x, Points y) {
        Points.requireComparable(x, y);
        Potentials cross = cross(x, y);
        double[] ownX = own(x);
        double[] ownY = own(y);
        Estimate left = Estimate.ofMean(difference(cross.f(), ownX));
        Estimate right = Estimate.ofMean(difference(cross.g(), ownY));
        double half = Math.hypot(left.high() - left.value(), right.high() - right.value());
        double value = left.value() + right.value();
        return new Estimate(value, value - half, value + half);
    }

    /** {@code OT(X, Y)} itself, with its bias: it is not 0 of equal samples. */
    public double transport(Points x, Points y) {
        Points.requireComparable(x, y);
        Potentials cross = cross(x, y);
        return Estimate.ofMean(cross.f()).value() + Estimate.ofMean(cross.g()).value();
    }

    /** f of the rows of x, g of those of y; at the end OT = mean f + mean g. */
    private record Potentials(double[] f, double[] g) {}

    private Potentials cross(Points x, Points y) {
        double[][] costs = Pairs.squares(x, y);
        double[][] turned = Pairs.squares(y, x);
        double[] g = new double[y.rows()];
        double[] f = softMinimum(costs, g, largest(costs));
        double scale = largest(costs);
        for (int pass = 0; pass < MOST_PASSES; pass++) {
            boolean last = scale <= epsilon;
            g = softMinimum(turned, f, scale);
            double[] next = softMinimum(costs, g, scale);
            if (last && misplaced(f, next, scale) <= TOLERANCE) {
                return new Potentials(next, g);
            }
            f = next;
            scale = Math.max(epsilon, scale / 2);
        }
        throw notSettled();
    }

    /** The one potential of a sample against itself; averaging with the last makes it settle in a few passes. */
    private double[] own(Points x) {
        double[][] costs = Pairs.squares(x, x);
        double[] f = new double[x.rows()];
        double scale = largest(costs);
        for (int pass = 0; pass < MOST_PASSES; pass++) {
            boolean last = scale <= epsilon;
            double[] next = softMinimum(costs, f, scale);
            boolean settled = last && misplaced(f, next, scale) <= TOLERANCE;
            for (int i = 0; i < f.length; i++) {
                f[i] = (f[i] + next[i]) / 2;
            }
            if (settled) {
                return f;
            }
            scale = Math.max(epsilon, scale / 2);
        }
        throw notSettled();
    }

    private IllegalStateException notSettled() {
        return new IllegalStateException("the potentials have not settled in " + MOST_PASSES + " passes: epsilon "
                + epsilon + " is too small beside these distances; take a larger one");
    }

    /** Mass in the wrong rows: row i of the coupling of (f, g) sums to exp((f - next)/scale) / rows. */
    private static double misplaced(double[] f, double[] next, double scale) {
        double sum = 0;
        for (int i = 0; i < f.length; i++) {
            sum += Math.abs(StrictMath.expm1(Math.min(50, (f[i] - next[i]) / scale)));
        }
        return sum / f.length;
    }

    /** {@code -scale ln mean_j exp((g_j - cost_ij)/scale)} for each row i. */
    private static double[] softMinimum(double[][] costs, double[] g, double scale) {
        double[] minimum = new double[costs.length];
        double inverse = 1 / scale;
        IntStream rows = IntStream.range(0, costs.length);
        ((long) costs.length * g.length < WORTH_THREADS ? rows : rows.parallel()).forEach(i -> {
            double[] row = costs[i];
            double top = Double.NEGATIVE_INFINITY;
            for (int j = 0; j < row.length; j++) {
                top = Math.max(top, g[j] - row[j]);
            }
            double sum = 0;
            for (int j = 0; j < row.length; j++) {
                sum += Exponential.of((g[j] - row[j] - top) * inverse);
            }
            minimum[i] = -top - scale * StrictMath.log(sum / row.length);
        });
        return minimum;
    }

    private double largest(double[][] costs) {
        double most = epsilon;
        for (double[] row : costs) {
            for (double cost : row) {
                most = Math.max(most, cost);
            }
        }
        return most;
    }

    private static double[] difference(double[] a, double[] b) {
        double[] difference = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            difference[i] = a[i] - b[i];
        }
        return difference;
    }
}
