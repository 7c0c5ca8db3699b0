package org.tweedie.bridge;

import java.util.Arrays;

/**
 * The Schrödinger bridge of Brownian motion between any two laws on a line, to rounding: the coupling
 *
 * <pre>
 *   P_ij = p_i q_j exp(a_i + b_j - (x_i - y_j)^2 / (2 s))
 * </pre>
 *
 * <p>of the masses p of the first law and q of the second that is nearest in KL to Brownian motion of variance s, and what it makes of the way between
 * them. It has the least {@code sum P (x - y)^2 + epsilon KL(P | p x q)} for epsilon = 2 s. What networks and {@link GaussianBridge} are held to where
 * the ends are not normal.
 *
 * <p>Sinkhorn's iterations (Cuturi 2013; Peyré and Cuturi 2019, chapter 4) in the log domain, the variance halved from the largest cost down to s; then, once the
 * potentials a and b move by less than 20, by factors of a fixed matrix which they take in again before these leave the range of double (Schmitzer
 * 2019): no exponential a pass, and no underflow. They stop where at most {@link #TOLERANCE} of the mass is in wrong rows. Their error falls by about the squared
 * correlation of the ends a pass, so that passes grow as 1/s. All else is the error of the grid, which falls as exp(-c/h) with its steps h: steps of half of the
 * least deviation of the ends, and of s^(1/2), leave 1e-11 of the numbers of two modes or so. Halve them to see.
 *
 * <p>A process with X1 | X0 = x of mean a x + c and variance s has the bridge of the laws of a X0 + c and X1. Immutable.
 */
public final class GridBridge {
    /** The mass that may be in wrong rows. */
    public static final double TOLERANCE = 1e-12;

    private static final int NEAR = 20;
    private static final int MOST_PASSES = 200_000;
    private static final double LARGEST =
            1e7; // squared distance over variance: an exponent's rounding is then below 1e-9
    private static final double FAR = 1e100; // factors that are taken in

    private final GridLaw from;
    private final GridLaw to;
    private final double variance;
    private final double[] a;
    private final double[] b;
    private int passes;

    private GridBridge(GridLaw from, GridLaw to, double variance) {
        this.from = from;
        this.to = to;
        this.variance = variance;
        a = new double[from.points().length];
        b = new double[to.points().length];
        double span = span(from, to);
        for (double scale = StrictMath.max(variance, span * span); ; ) {
            approach(scale);
            if (scale == variance) {
                break;
            }
            double next = StrictMath.max(variance, scale / 2);
            scale(a, scale / next);
            scale(b, scale / next);
            scale = next;
        }
        settle();
    }

    /**
     * Solves for the bridge.
     *
     * @param variance of the motion from one end to the other, positive: 2 T for dX = sqrt(2) dW on [0, T]
     * @throws IllegalArgumentException if the variance is not positive, or below 1e-7 of the squared distance of the farthest points
     * @throws IllegalStateException if 200,000 passes do not settle the potentials, the variance being too small
     */
    public static GridBridge brownian(GridLaw from, GridLaw to, double variance) {
        if (!(variance > 0 && Double.isFinite(variance))) {
            throw new IllegalArgumentException("the reference's variance must be positive, got " + variance
                    + "; without noise there is no bridge, but a transport map");
        }
        double span = span(from, to);
        if (!(variance * LARGEST >= span * span)) {
            throw new IllegalArgumentException("double does not resolve a variance of " + variance
                    + " beside points that lie " + span + " apart; take at least " + span * span / LARGEST);
        }
        return new GridBridge(from, to, variance);
    }

    private static double span(GridLaw from, GridLaw to) {
        return StrictMath.max(from.points()[from.points().length - 1], to.points()[to.points().length - 1])
                - StrictMath.min(from.points()[0], to.points()[0]);
    }

    private static void scale(double[] values, double factor) {
        for (int i = 0; i < values.length; i++) {
            values[i] *= factor;
        }
    }

    /** Passes in the log domain until they move no potential by 20. */
    private void approach(double scale) {
        double moved;
        do {
            moved = update(a, from, to, b, scale);
            moved = StrictMath.max(moved, update(b, to, from, a, scale));
            count(moved);
        } while (moved > NEAR);
    }

    /** a_i = -ln sum_j q_j exp(b_j - (x_i - y_j)^2/(2 s)); how far the farthest has moved. */
    private static double update(double[] mine, GridLaw here, GridLaw there, double[] other, double scale) {
        double moved = 0;
        Tilted tilted = new Tilted(there, other);
        for (int i = 0; i < mine.length; i++) {
            double now = -tilted.at(here.points()[i], scale).log();
            moved = StrictMath.max(moved, StrictMath.abs(now - mine[i]));
            mine[i] = now;
        }
        return moved;
    }

    /** Passes by factors u, v of the matrix exp(a_i + b_j - c_ij), which a and b take in when the factors are far from 1. */
    private void settle() {
        int n = a.length;
        int m = b.length;
        double[] p = from.masses();
        double[] q = to.masses();
        while (true) {
            double[][] density = new double[n][m];
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < m; j++) {
                    density[i][j] = density(i, j);
                }
            }
            double[] u = new double[n];
            double[] v = new double[m];
            Arrays.fill(u, 1);
            Arrays.fill(v, 1);
            double most = 1;
            double misplaced = Double.POSITIVE_INFINITY;
            while (!(misplaced <= TOLERANCE) && most < FAR) {
                misplaced = 0;
                double[] down = new double[m];
                for (int i = 0; i < n; i++) {
                    double[] row = density[i];
                    double sum = 0;
                    for (int j = 0; j < m; j++) {
                        sum += row[j] * (q[j] * v[j]);
                    }
                    misplaced += p[i] * StrictMath.abs(u[i] * sum - 1);
                    u[i] = 1 / sum;
                    most = StrictMath.max(most, StrictMath.max(sum, u[i]));
                    double mass = p[i] * u[i];
                    for (int j = 0; j < m; j++) {
                        down[j] += row[j] * mass;
                    }
                }
                for (int j = 0; j < m; j++) {
                    v[j] = 1 / down[j];
                    most = StrictMath.max(most, StrictMath.max(down[j], v[j]));
                }
                count(misplaced);
            }
            add(a, u);
            add(b, v);
            if (misplaced <= TOLERANCE) {
                return;
            }
        }
    }

    private static void add(double[] potential, double[] factor) {
        for (int i = 0; i < potential.length; i++) {
            potential[i] += StrictMath.log(factor[i]);
        }
    }

    private void count(double off) {
        if (++passes > MOST_PASSES) {
            throw new IllegalStateException("the potentials have not settled in " + MOST_PASSES
                    + " passes, off by " + off + ": the variance " + variance
                    + " is too small beside these laws; take a larger one");
        }
    }

    /** The law at the first end. */
    public GridLaw from() {
        return from;
    }

    /** The law at the second end. */
    public GridLaw to() {
        return to;
    }

    /** a, in nats, of each point of the first law. */
    public double[] fromPotential() {
        return a.clone();
    }

    /** b, in nats, of each point of the second law. */
    public double[] toPotential() {
        return b.clone();
    }

    /** The mass that goes from point i of the first law to point j of the second. */
    public double mass(int i, int j) {
        return from.masses()[i] * to.masses()[j] * density(i, j);
    }

    private double density(int i, int j) {
        double apart = from.points()[i] - to.points()[j];
        return StrictMath.exp(a[i] + b[j] - apart * apart / (2 * variance));
    }

    private interface OfPair {
        double at(double x, double y);
    }

    private double mean(OfPair value) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            double row = 0;
            for (int j = 0; j < b.length; j++) {
                row += to.masses()[j] * density(i, j) * value.at(from.points()[i], to.points()[j]);
            }
            sum += from.masses()[i] * row;
        }
        return sum;
    }

    /** Cov(X0, X1). */
    public double covariance() {
        double here = from.mean();
        double there = to.mean();
        return mean((x, y) -> (x - here) * (y - there));
    }

    /** E (X0 - X1)^2; its root is above the 2-Wasserstein distance, which it nears as the variance falls. */
    public double meanSquare() {
        return mean((x, y) -> (x - y) * (x - y));
    }

    /** KL(P | p x q) in nats: what one end says of the other. */
    public double information() {
        return (cost() - meanSquare()) / (2 * variance);
    }

    /** The least {@code sum P (x - y)^2 + epsilon KL(P | p x q)}, epsilon = 2 s. */
    public double cost() {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += from.masses()[i] * a[i];
        }
        for (int j = 0; j < b.length; j++) {
            sum += to.masses()[j] * b[j];
        }
        return 2 * variance * sum;
    }

    /**
     * The drift of the bridge, by the h-transform: b in dX = b du + s^(1/2) dW, u the share of the way gone, is
     * {@code (E[end | X = x] - x)/(1 - u)}. In the time t = T u of a chain of horizon T it is b/T.
     *
     * @param direction which end the process goes to
     * @param gone share of the way that lies behind the process, in [0, 1); near to 1 beside the points' distance squared over s the points are seen
     */
    public double drift(Direction direction, double gone, double x) {
        if (!(gone >= 0 && gone < 1)) {
            throw new IllegalArgumentException("a share of the way that is gone is in [0, 1), got " + gone);
        }
        return (end(direction).at(x, variance * (1 - gone)).mean() - x) / (1 - gone);
    }

    private Tilted end(Direction direction) {
        return direction == Direction.FORWARD ? new Tilted(to, b) : new Tilted(from, a);
    }

    /** E X at a share of the way. */
    public double mean(double share) {
        requireShare(share);
        return (1 - share) * from.mean() + share * to.mean();
    }

    /** Var X at a share of the way, in [0, 1]: 0 is the first end. */
    public double variance(double share) {
        requireShare(share);
        double rest = 1 - share;
        return rest * rest * from.variance()
                + share * share * to.variance()
                + 2 * rest * share * covariance()
                + rest * share * variance;
    }

    /**
     * ln of the density of X at a share of the way.
     *
     * @param share in (0, 1), so far from either that the points' distance is below the noise between them and it
     */
    public double logDensity(double share, double x) {
        if (!(share > 0 && share < 1)) {
            throw new IllegalArgumentException("a density on the way is at a share in (0, 1), got " + share);
        }
        // N(x; x_i, s u) N(y_j; x, s (1 - u)) = N(y_j; x_i, s) times the density of the way between them
        return end(Direction.BACKWARD).at(x, variance * share).log()
                + end(Direction.FORWARD).at(x, variance * (1 - share)).log()
                - 0.5 * StrictMath.log(2 * Math.PI * variance * share * (1 - share));
    }

    private static void requireShare(double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("a share of the way is in [0, 1], got " + share);
        }
    }

    /** ln sum_j q_j exp(b_j - (x - y_j)^2/(2 s)), and the mean of y under its terms. */
    private record Sum(double log, double mean) {}

    /** Masses q_j exp(b_j). */
    private record Tilted(double[] points, double[] logs) {
        Tilted(GridLaw law, double[] potential) {
            this(law.points(), new double[potential.length]);
            for (int j = 0; j < logs.length; j++) {
                logs[j] = potential[j] + StrictMath.log(law.masses()[j]);
            }
        }

        Sum at(double x, double scale) {
            double[] terms = new double[logs.length];
            double most = Double.NEGATIVE_INFINITY;
            for (int j = 0; j < terms.length; j++) {
                terms[j] = logs[j] - (x - points[j]) * (x - points[j]) / (2 * scale);
                most = StrictMath.max(most, terms[j]);
            }
            double sum = 0;
            double first = 0;
            for (int j = 0; j < terms.length; j++) {
                double term = StrictMath.exp(terms[j] - most);
                sum += term;
                first += term * points[j];
            }
            return new Sum(most + StrictMath.log(sum), first / sum);
        }
    }
}
