package org.tweedie.bridge.domain;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.tweedie.kernels.DomainLayout;
import org.tweedie.sde.Spelling;
import org.tweedie.sde.StandardNormal;

/**
 * A factor of a {@link BridgeDomain}: a set in some coordinates, weighted where it is finite. With h(y, v) = E[weight of y + sqrt(v) z; in the set] it knows
 * {@link #pull}, the gradient of ln h. Immutable but for arrays, which nobody may change.
 */
public sealed interface DomainPart {
    /** Coordinates. */
    int width();

    /**
     * Fills {@code into} with grad ln h(y, v) of the coordinates from {@code at}.
     *
     * @param v above 0
     */
    void pull(double[] y, int at, double v, double[] into);

    /** Fills {@code into} with the point of the set nearest to y, over the coordinates from {@code at}; NaN stays NaN. */
    void nearest(double[] y, int at, double[] into);

    /** The set under x to (x - mean)/scale, in the coordinates from {@code at}. */
    DomainPart mapped(double[] means, double[] scales, int at);

    /** The point, or category, nearest to y of a finite set; else -1. */
    default int which(double[] y, int at) {
        return -1;
    }

    /** The same finite set with these logarithms of weights; others have none. */
    default DomainPart weighted(double[] logs) {
        throw new IllegalArgumentException("weights are of finite sets, got " + spec());
    }

    /** The logarithms of the weights of a finite set; empty for others. */
    default double[] logWeights() {
        return new double[0];
    }

    /** Whether its columns may be brought to other units each for itself: one column, or free ones. */
    default boolean scales() {
        return width() == 1;
    }

    /** |point|^2 of each of a finite set; empty for others. */
    default double[] squares() {
        return new double[0];
    }

    /** What {@link org.tweedie.kernels.DomainPull} knows the kind by. */
    int kind();

    /** Points of a finite set; else 0. */
    default int count() {
        return 0;
    }

    /** The numbers that {@link org.tweedie.kernels.DomainPull} reads. */
    float[] numbers();

    /** As users write it. */
    String spec();

    /** All of R^width: nothing pulls. */
    record Free(int width) implements DomainPart {
        public Free {
            requireWidth(width);
        }

        @Override
        public void pull(double[] y, int at, double v, double[] into) {
            Arrays.fill(into, at, at + width, 0);
        }

        @Override
        public void nearest(double[] y, int at, double[] into) {
            System.arraycopy(y, at, into, at, width);
        }

        @Override
        public DomainPart mapped(double[] means, double[] scales, int at) {
            return this;
        }

        @Override
        public int kind() {
            return DomainLayout.FREE;
        }

        @Override
        public float[] numbers() {
            return new float[0];
        }

        @Override
        public boolean scales() {
            return true;
        }

        @Override
        public String spec() {
            return "free:" + width;
        }
    }

    /**
     * A finite set of points e: grad ln h = sum_e w_e (e - y)/v with w the softmax of ln weight - |y - e|^2/(2v).
     *
     * @param points [point][coordinate], finite, at least one
     * @param logWeights one a point
     */
    record Points(double[][] points, double[] logWeights) implements DomainPart {
        public Points {
            if (points.length == 0 || points.length > BridgeDomain.MOST_POINTS) {
                throw new IllegalArgumentException("a finite domain has 1 to " + BridgeDomain.MOST_POINTS
                        + " points in a factor, got " + points.length);
            }
            requireWidth(points[0].length);
            requireWeights(logWeights, points.length);
            points = Arrays.stream(points).map(double[]::clone).toArray(double[][]::new);
            logWeights = logWeights.clone();
            for (double[] point : points) {
                if (point.length != points[0].length
                        || !Arrays.stream(point).allMatch(number -> StrictMath.abs(number) <= 1e9)) {
                    throw new IllegalArgumentException(
                            "points of a finite domain have one width and numbers up to 1e9, got "
                                    + Arrays.toString(point));
                }
            }
            Set<String> different = new HashSet<>();
            for (double[] point : points) {
                if (!different.add(Arrays.toString(point))) {
                    throw new IllegalArgumentException(
                            "points of a finite domain differ, got " + Arrays.toString(point) + " twice");
                }
            }
        }

        @Override
        public int width() {
            return points[0].length;
        }

        @Override
        public void pull(double[] y, int at, double v, double[] into) {
            double[] shares = new double[points.length];
            for (int e = 0; e < points.length; e++) {
                shares[e] = logWeights[e] - square(y, at, e) / (2 * v);
            }
            softmax(shares);
            Arrays.fill(into, at, at + width(), 0);
            for (int e = 0; e < points.length; e++) {
                for (int d = 0; d < width(); d++) {
                    into[at + d] += shares[e] * (points[e][d] - y[at + d]) / v;
                }
            }
        }

        private double square(double[] y, int at, int e) {
            double sum = 0;
            for (int d = 0; d < width(); d++) {
                double apart = y[at + d] - points[e][d];
                sum += apart * apart;
            }
            return sum;
        }

        @Override
        public int which(double[] y, int at) {
            int best = -1;
            double least = Double.POSITIVE_INFINITY;
            for (int e = 0; e < points.length; e++) {
                double square = square(y, at, e);
                if (square < least) {
                    least = square;
                    best = e;
                }
            }
            return best;
        }

        @Override
        public void nearest(double[] y, int at, double[] into) {
            int best = which(y, at);
            for (int d = 0; d < width(); d++) {
                into[at + d] = best < 0 ? Double.NaN : points[best][d];
            }
        }

        @Override
        public DomainPart weighted(double[] logs) {
            return new Points(points, logs);
        }

        @Override
        public double[] squares() {
            return Arrays.stream(points)
                    .mapToDouble(point ->
                            Arrays.stream(point).map(number -> number * number).sum())
                    .toArray();
        }

        @Override
        public DomainPart mapped(double[] means, double[] scales, int at) {
            double[][] mapped = new double[points.length][width()];
            for (int e = 0; e < points.length; e++) {
                for (int d = 0; d < width(); d++) {
                    mapped[e][d] = (points[e][d] - means[at + d]) / scales[at + d];
                }
            }
            return new Points(mapped, logWeights);
        }

        @Override
        public int kind() {
            return DomainLayout.POINTS;
        }

        @Override
        public int count() {
            return points.length;
        }

        @Override
        public float[] numbers() {
            int each = width() + 1;
            float[] numbers = new float[Math.multiplyExact(points.length, each)];
            for (int e = 0; e < points.length; e++) {
                numbers[e * each] = (float) logWeights[e];
                for (int d = 0; d < width(); d++) {
                    numbers[e * each + 1 + d] = (float) points[e][d];
                }
            }
            return numbers;
        }

        /** {@code levels:-1,0,2}, or {@code points:0,0;1,1}; weights are not part of it. */
        @Override
        public String spec() {
            return (width() == 1 ? "levels:" : "points:")
                    + Arrays.stream(points)
                            .map(point -> Arrays.stream(point)
                                    .mapToObj(Spelling::number)
                                    .collect(Collectors.joining(",")))
                            .collect(Collectors.joining(width() == 1 ? "," : ";"));
        }
    }

    /**
     * The corners e_1 to e_k of the simplex, one category each: grad ln h = (w - y)/v with w the softmax of ln weight + y/v. As {@link Points}, in k operations instead
     * of k^2.
     *
     * @param logWeights one a category, at least 2
     */
    record OneHot(double[] logWeights) implements DomainPart {
        public OneHot {
            requireCategories(logWeights.length);
            requireWeights(logWeights, logWeights.length);
            logWeights = logWeights.clone();
        }

        /** Of k categories that weigh the same. */
        static OneHot of(int k) {
            requireCategories(k);
            return new OneHot(new double[k]);
        }

        private static void requireCategories(int k) {
            if (k < 2 || k > BridgeDomain.MOST_POINTS) {
                throw new IllegalArgumentException(
                        "a one-hot factor has 2 to " + BridgeDomain.MOST_POINTS + " categories, got " + k);
            }
        }

        @Override
        public int width() {
            return logWeights.length;
        }

        @Override
        public void pull(double[] y, int at, double v, double[] into) {
            double[] shares = new double[width()];
            for (int e = 0; e < width(); e++) {
                shares[e] = logWeights[e] + y[at + e] / v;
            }
            softmax(shares);
            for (int e = 0; e < width(); e++) {
                into[at + e] = (shares[e] - y[at + e]) / v;
            }
        }

        @Override
        public int which(double[] y, int at) {
            int best = 0;
            double sum = 0;
            for (int e = 0; e < width(); e++) {
                sum += y[at + e];
                best = y[at + e] > y[at + best] ? e : best;
            }
            return Double.isFinite(sum) ? best : -1;
        }

        @Override
        public void nearest(double[] y, int at, double[] into) {
            int best = which(y, at);
            for (int e = 0; e < width(); e++) {
                into[at + e] = best < 0 ? Double.NaN : e == best ? 1 : 0;
            }
        }

        @Override
        public DomainPart weighted(double[] logs) {
            return new OneHot(logs);
        }

        @Override
        public double[] squares() {
            double[] ones = new double[width()];
            Arrays.fill(ones, 1);
            return ones;
        }

        @Override
        public DomainPart mapped(double[] means, double[] scales, int at) {
            double[][] corners = new double[width()][width()];
            boolean same = true;
            for (int e = 0; e < width(); e++) {
                corners[e][e] = 1;
                same &= means[at + e] == 0 && scales[at + e] == 1;
            }
            return same ? this : new Points(corners, logWeights).mapped(means, scales, at);
        }

        @Override
        public int kind() {
            return DomainLayout.ONE_HOT;
        }

        @Override
        public float[] numbers() {
            float[] numbers = new float[width()];
            for (int e = 0; e < numbers.length; e++) {
                numbers[e] = (float) logWeights[e];
            }
            return numbers;
        }

        @Override
        public String spec() {
            return "onehot:" + width();
        }
    }

    /**
     * One coordinate between two bounds, either of which may be infinite: grad ln h = (phi(alpha) - phi(beta))/(sqrt(v) (Phi(beta) - Phi(alpha))) with alpha = (a - y)/sqrt(v) and
     * beta = (b - y)/sqrt(v). Far outside numerator and denominator underflow, so both are divided by the greater density and Mills' ratio R does the rest:
     * (1 - q)/(R(alpha) - q R(beta)), q = e^(-(beta - alpha)(alpha + beta)/2). Where the interval is narrow beside sqrt(v) both cancel: there it is
     * (E[end] - y)/v, by Gauss-Legendre quadrature of the end's law in the interval.
     */
    record Interval(double from, double to) implements DomainPart {
        /** Gauss and Legendre's nodes above 0 of eight, and their weights. */
        private static final double[] NODES = {
            0.1834346424956498, 0.5255324099163290, 0.7966664774136267, 0.9602898564975363
        };

        private static final double[] WEIGHTS = {
            0.3626837833783620, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763
        };

        public Interval {
            boolean sizes = (StrictMath.abs(from) <= 1e9 || from == Double.NEGATIVE_INFINITY)
                    && (StrictMath.abs(to) <= 1e9 || to == Double.POSITIVE_INFINITY);
            if (!(from < to) || !sizes || Double.isInfinite(from) && Double.isInfinite(to)) {
                throw new IllegalArgumentException(
                        "an interval has bounds of up to 1e9 from the lesser to the greater, one of them perhaps infinite, got "
                                + from + " to " + to);
            }
        }

        @Override
        public int width() {
            return 1;
        }

        @Override
        public void pull(double[] y, int at, double v, double[] into) {
            double root = StrictMath.sqrt(v);
            double low = (from - y[at]) / root;
            double high = (to - y[at]) / root;
            double wide = (to - from) / root;
            double middle = (low + high) / 2;
            if (wide < 1 && StrictMath.abs(wide * middle) < 0.5) {
                into[at] = narrow(middle, wide / 2) / root;
            } else if (low > 0) {
                into[at] = outside(low, high, wide * middle) / root;
            } else if (high < 0) {
                into[at] = -outside(-high, -low, -wide * middle) / root;
            } else {
                double inside = 1 - tail(-low) - tail(high);
                into[at] = (StandardNormal.density(low) - StandardNormal.density(high)) / inside / root;
            }
        }

        private static double tail(double a) {
            return Double.isInfinite(a) ? 0 : StandardNormal.mills(a) * StandardNormal.density(a);
        }

        private static double outside(double low, double high, double exponent) {
            double q = Double.isInfinite(high) ? 0 : StrictMath.exp(-exponent);
            return (1 - q) / (StandardNormal.mills(low) - (q == 0 ? 0 : q * StandardNormal.mills(high)));
        }

        /** c + E[u] where u in [-r, r] has density e^(-c u - u^2/2). */
        private static double narrow(double c, double r) {
            double first = 0;
            double all = 0;
            for (int i = 0; i < NODES.length; i++) {
                double u = r * NODES[i];
                double gauss = WEIGHTS[i] * StrictMath.exp(-0.5 * u * u);
                first -= gauss * u * 2 * StrictMath.sinh(c * u);
                all += gauss * 2 * StrictMath.cosh(c * u);
            }
            return c + first / all;
        }

        @Override
        public void nearest(double[] y, int at, double[] into) {
            into[at] = y[at] < from ? from : y[at] > to ? to : y[at];
        }

        @Override
        public DomainPart mapped(double[] means, double[] scales, int at) {
            return new Interval((from - means[at]) / scales[at], (to - means[at]) / scales[at]);
        }

        @Override
        public int kind() {
            return DomainLayout.INTERVAL;
        }

        @Override
        public float[] numbers() {
            return new float[] {(float) from, (float) to};
        }

        /** {@code interval:0,1}, {@code above:0} or {@code below:0}. */
        @Override
        public String spec() {
            if (Double.isInfinite(to)) {
                return "above:" + Spelling.number(from);
            }
            return Double.isInfinite(from)
                    ? "below:" + Spelling.number(to)
                    : "interval:" + Spelling.number(from) + "," + Spelling.number(to);
        }
    }

    private static void requireWidth(int width) {
        if (width < 1 || width > BridgeDomain.MOST_POINTS) {
            throw new IllegalArgumentException(
                    "a factor of a domain has 1 to " + BridgeDomain.MOST_POINTS + " coordinates, got " + width);
        }
    }

    private static void requireWeights(double[] logWeights, int points) {
        if (logWeights.length != points) {
            throw new IllegalArgumentException(
                    "a finite domain has a weight a point, got " + logWeights.length + " for " + points);
        }
        for (double weight : logWeights) {
            if (!(StrictMath.abs(weight) <= 1e4)) {
                throw new IllegalArgumentException(
                        "logarithms of weights must be finite and within 1e4 of 0, got " + weight);
            }
        }
    }

    private static void softmax(double[] logs) {
        double most = Arrays.stream(logs).max().orElse(0);
        double sum = 0;
        for (int e = 0; e < logs.length; e++) {
            logs[e] = StrictMath.exp(logs[e] - most);
            sum += logs[e];
        }
        for (int e = 0; e < logs.length; e++) {
            logs[e] /= sum;
        }
    }
}
