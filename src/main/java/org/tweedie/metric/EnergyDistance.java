package org.tweedie.metric;

/**
 * The squared energy distance {@code 2 E|X - Y| - E|X - X'| - E|Y - Y'|} (Székely and Rizzo 2013), zero exactly where the laws
 * are equal. Estimated without bias (pairs of distinct rows), so that equal laws give values around 0, some of them negative.
 * Costs (n + m)^2 distances in time and 4 bytes each in memory for the interval; at most {@link #MOST_ROWS} rows a sample are
 * used, the first ones. Stateless.
 */
public final class EnergyDistance {
    /** Rows of a sample beyond these are left out. */
    public static final int MOST_ROWS = 2048;

    private EnergyDistance() {}

    /** The squared distance. */
    public static double squared(Points x, Points y) {
        Points.requireComparable(x, y);
        Points a = head(x);
        Points b = head(y);
        return 2 * between(a, b) - within(a) - within(b);
    }

    /** The squared distance with its interval. */
    public static Estimate estimate(Points x, Points y, long seed) {
        Points.requireComparable(x, y);
        Points a = head(x);
        Points b = head(y);
        float[] cross = distances(a, b);
        float[] own = distances(a, a);
        float[] other = distances(b, b);
        double value = squared(a, b);
        return Bootstrap.interval(
                value,
                Double.NEGATIVE_INFINITY,
                a.rows(),
                b.rows(),
                seed,
                (u, v) -> 2 * mean(cross, u, v) - distinct(own, u) - distinct(other, v));
    }

    private static Points head(Points points) {
        return points.rows() <= MOST_ROWS ? points : points.slice(0, MOST_ROWS);
    }

    private static double between(Points x, Points y) {
        double sum = 0;
        for (int i = 0; i < x.rows(); i++) {
            double row = 0;
            for (int j = 0; j < y.rows(); j++) {
                row += distance(x, i, y, j);
            }
            sum += row;
        }
        return sum / ((double) x.rows() * y.rows());
    }

    private static double within(Points x) {
        double sum = 0;
        for (int i = 0; i < x.rows(); i++) {
            double row = 0;
            for (int j = 0; j < i; j++) {
                row += distance(x, i, x, j);
            }
            sum += row;
        }
        return 2 * sum / ((double) x.rows() * (x.rows() - 1));
    }

    private static double distance(Points x, int i, Points y, int j) {
        int width = x.width();
        double sum = 0;
        for (int d = 0; d < width; d++) {
            double difference = (double) x.values()[i * width + d] - y.values()[j * width + d];
            sum += difference * difference;
        }
        return Math.sqrt(sum);
    }

    private static float[] distances(Points x, Points y) {
        float[] all = new float[Math.multiplyExact(x.rows(), y.rows())];
        for (int i = 0; i < x.rows(); i++) {
            for (int j = 0; j < y.rows(); j++) {
                all[i * y.rows() + j] = (float) distance(x, i, y, j);
            }
        }
        return all;
    }

    private static double mean(float[] distances, int[] u, int[] v) {
        double sum = 0;
        for (int i = 0; i < u.length; i++) {
            if (u[i] != 0) {
                sum += u[i] * dot(distances, i * v.length, v);
            }
        }
        return sum / ((double) u.length * v.length);
    }

    /** The mean over pairs of different rows: a row drawn twice is no pair with itself. */
    private static double distinct(float[] distances, int[] u) {
        double sum = 0;
        double pairs = (double) u.length * u.length;
        for (int i = 0; i < u.length; i++) {
            if (u[i] != 0) {
                sum += u[i] * dot(distances, i * u.length, u);
                pairs -= (double) u[i] * u[i];
            }
        }
        return sum / pairs;
    }

    private static double dot(float[] distances, int at, int[] counts) {
        double sum = 0;
        for (int j = 0; j < counts.length; j++) {
            sum += distances[at + j] * (double) counts[j];
        }
        return sum;
    }
}
