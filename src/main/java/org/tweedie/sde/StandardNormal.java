package org.tweedie.sde;

/** The standard normal law in double. Stateless. */
public final class StandardNormal {
    private StandardNormal() {}

    public static double density(double x) {
        return StrictMath.exp(-0.5 * x * x) / StrictMath.sqrt(2 * Math.PI);
    }

    /** Marsaglia's series near 0, the continued fraction of Mills' ratio in the tails. */
    static double distribution(double x) {
        double size = StrictMath.abs(x);
        if (size < 5) {
            double term = x;
            double sum = x;
            for (int k = 3; StrictMath.abs(term) > 1e-18 * StrictMath.abs(sum); k += 2) {
                term *= x * x / k;
                sum += term;
            }
            return 0.5 + density(x) * sum;
        }
        double fraction = size;
        for (int k = 60; k >= 1; --k) {
            fraction = size + k / fraction;
        }
        double tail = density(size) / fraction;
        return x < 0 ? tail : 1 - tail;
    }

    /** Mills' ratio P(X > a)/density(a), for a of at least 0; near 1/a far out, where both underflow. */
    public static double mills(double a) {
        if (a < 1) {
            return distribution(-a) / density(a);
        }
        double fraction = a;
        for (int k = 200; k >= 1; --k) {
            fraction = a + k / fraction;
        }
        return 1 / fraction;
    }

    /** The inverse of {@link #distribution}, by Newton's steps on its logarithm, which is concave: from the left they rise to it. */
    static double quantile(double p) {
        if (p <= 0 || p >= 1) {
            return p <= 0 ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        } else if (p > 0.5) {
            return -quantile(1 - p);
        }
        double x = -StrictMath.sqrt(-2 * StrictMath.log(p)); // there the distribution is at most p/2
        double step = 1;
        for (int i = 0; i < 100 && StrictMath.abs(step) > 1e-15 * StrictMath.max(1, StrictMath.abs(x)); ++i) {
            double below = distribution(x);
            step = StrictMath.log(below / p) * below / density(x);
            x -= step;
        }
        return x;
    }
}
