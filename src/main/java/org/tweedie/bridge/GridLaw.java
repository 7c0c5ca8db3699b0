package org.tweedie.bridge;

import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.tweedie.sde.GaussianMixture;

/**
 * A law on a line as masses at rising points. A density takes equal steps h, mass in proportion to the density at each: for smooth densities that
 * fall to nothing before the ends all moments are then exact up to a remainder that falls faster than any power of h, for a normal law of
 * deviation d about 2 exp(-2 pi^2 d^2/h^2): 1e-8 where h is d, below rounding where h is 2 d/3. Rows of a file are a law too, each a point. Immutable but
 * for its arrays, which nobody may change while threads share them.
 *
 * @param points at most 1e15 in size, each above the one before
 * @param masses one for each point, at least 0; scaled to a sum of 1
 */
public record GridLaw(double[] points, double[] masses) {
    /** Points at most; what two laws are coupled by has a number for every pair of their points. */
    public static final int MOST = 4096;

    private static final double LARGEST = 1e15;
    private static final double REACH = 9; // deviations: beyond them lies 2e-19 of a normal law

    /** @throws IllegalArgumentException naming what is out of range */
    public GridLaw {
        points = points.clone();
        masses = masses.clone();
        if (points.length < 1 || points.length > MOST || masses.length != points.length) {
            throw new IllegalArgumentException("a law on a line has 1 to " + MOST + " points, a mass for each, got "
                    + points.length + " points and " + masses.length + " masses");
        }
        double sum = 0;
        for (int i = 0; i < points.length; i++) {
            if (!(StrictMath.abs(points[i]) <= LARGEST) || i > 0 && !(points[i] > points[i - 1])) {
                throw new IllegalArgumentException(
                        "points are at most 1e15 in size and each is above the one before, got " + points[i] + " at "
                                + i);
            }
            if (!(masses[i] >= 0)) {
                throw new IllegalArgumentException("masses are at least 0, got " + masses[i] + " at " + points[i]);
            }
            sum += masses[i];
        }
        if (!(sum > 0 && sum < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("masses add up to a positive number, got " + sum);
        }
        for (int i = 0; i < masses.length; i++) {
            masses[i] /= sum;
        }
    }

    /**
     * A density, at equal steps from {@code low} to {@code high}.
     *
     * @param logDensity ln of it, up to a constant; minus infinity where it is 0
     */
    public static GridLaw of(DoubleUnaryOperator logDensity, double low, double high, int count) {
        if (!(low < high && high - low < Double.POSITIVE_INFINITY) || count < 2 || count > MOST) {
            throw new IllegalArgumentException("a grid goes from a lower to a higher number by 2 to " + MOST
                    + " points, got " + low + " to " + high + " by " + count);
        }
        double[] points = IntStream.range(0, count)
                .mapToDouble(i -> low + (high - low) * i / (count - 1))
                .toArray();
        return of(logDensity, points);
    }

    /** Masses at points in proportion to a density there. */
    static GridLaw of(DoubleUnaryOperator logDensity, double[] points) {
        double[] masses = new double[points.length];
        double most = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < masses.length; i++) {
            masses[i] = logDensity.applyAsDouble(points[i]);
            most = StrictMath.max(most, masses[i]);
        }
        for (int i = 0; i < masses.length; i++) {
            masses[i] = StrictMath.exp(masses[i] - most);
        }
        return new GridLaw(points, masses);
    }

    /** A mixture of normal laws on a line, at equal steps from {@code low} to {@code high}. */
    public static GridLaw of(GaussianMixture law, double low, double high, int count) {
        requireLine(law);
        return of(x -> law.logDensity(new double[] {x}), low, high, count);
    }

    /** A mixture of normal laws on a line, at equal steps as far as nine deviations beyond every component. */
    public static GridLaw of(GaussianMixture law, int count) {
        requireLine(law);
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (int k = 0; k < law.components(); k++) {
            double reach = REACH * StrictMath.sqrt(law.covariance(k)[0][0]);
            low = StrictMath.min(low, law.mean(k)[0] - reach);
            high = StrictMath.max(high, law.mean(k)[0] + reach);
        }
        return of(law, low, high, count);
    }

    private static void requireLine(GaussianMixture law) {
        if (law.dimension() != 1) {
            throw new IllegalArgumentException("a grid is on a line, got a law of " + law.dimension() + " dimensions");
        }
    }

    public double mean() {
        double sum = 0;
        for (int i = 0; i < points.length; i++) {
            sum += masses[i] * points[i];
        }
        return sum;
    }

    public double variance() {
        double mean = mean();
        double sum = 0;
        for (int i = 0; i < points.length; i++) {
            sum += masses[i] * (points[i] - mean) * (points[i] - mean);
        }
        return sum;
    }
}
