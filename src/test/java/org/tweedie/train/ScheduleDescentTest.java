package org.tweedie.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;
import org.tweedie.sde.MonotoneSchedule;

/**
 * The schedule's gradients and where they lead, for Gaussian data and networks whose errors are known. Rows are N(0, M) in each coordinate; a
 * network that takes them for N(0, a) errs, with u = e^gamma, by e = (a^2 + u M)/(a + u)^2 a coordinate; the exact one has a = M.
 */
class ScheduleDescentTest {
    private static final long SEED = 7;

    private static double error(double a, double m, double gamma) {
        double u = Math.exp(gamma);
        return (a * a + u * m) / ((a + u) * (a + u));
    }

    /** What a row of one coordinate costs, its integral by Simpson's rule. */
    private static double cost(DoubleUnaryOperator error, double m, double first, double last) {
        int intervals = 4000;
        double h = (last - first) / intervals;
        double sum = 0;
        for (int i = 0; i <= intervals; i++) {
            double weight = i == 0 || i == intervals ? 1 : i % 2 == 0 ? 2 : 4;
            sum += weight * error.applyAsDouble(first + i * h);
        }
        double variance = 1 / (1 + Math.exp(-last));
        double prior = 0.5 * (variance - 1 - Math.log(variance) + (1 - variance) * m);
        double reconstruction = 0.5 * (error.applyAsDouble(first) + Math.log(2 * Math.PI) + first);
        return reconstruction + 0.5 * sum * h / 3 + prior;
    }

    private static ScheduleDescent.Errors exact(
            MonotoneSchedule schedule, DoubleUnaryOperator error, int d, double m, double[] ways, double[] squares) {
        return new ScheduleDescent.Errors(
                ways,
                squares,
                d * error.applyAsDouble(schedule.first() + ScheduleDescent.NEAR),
                d * error.applyAsDouble(schedule.first() - ScheduleDescent.NEAR),
                d * error.applyAsDouble(schedule.last()),
                d,
                d * m);
    }

    @Test
    void theEndsHaveTheGradientOfTheBound() {
        for (double a : new double[] {0.3, 1, 2, 3.5}) {
            double m = 2;
            DoubleUnaryOperator error = gamma -> error(a, m, gamma);
            MonotoneSchedule schedule = MonotoneSchedule.even(-3, 2);
            double[] gradient = ScheduleDescent.gradient(
                    schedule, exact(schedule, error, 3, m, new double[] {0.5}, new double[] {1}));
            double h = 1e-3;
            // the error's slope at the first end is a difference over 1/8
            assertEquals(3 * (cost(error, m, -3 + h, 2) - cost(error, m, -3 - h, 2)) / (2 * h), gradient[0], 2e-3);
            assertEquals(3 * (cost(error, m, -3, 2 + h) - cost(error, m, -3, 2 - h)) / (2 * h), gradient[1], 1e-6);
        }
    }

    /** The exact network: (1 - e)^2/2 at gamma_0 and -u (M - 1)^2/(2 (1 + u)^2 (M + u)) at gamma_1. */
    @Test
    void anExactNetworkWantsItsEndsFartherAndEverLess() {
        double m = 2;
        MonotoneSchedule schedule = MonotoneSchedule.even(-3, 2);
        double[] gradient = ScheduleDescent.gradient(
                schedule, exact(schedule, gamma -> error(m, m, gamma), 1, m, new double[] {0.5}, new double[] {1}));
        double rest = 1 - error(m, m, -3);
        assertEquals(0.5 * rest * rest, gradient[0], 1e-4);
        double u = Math.exp(2);
        assertEquals(-0.5 * u / ((1 + u) * (1 + u) * (m + u)), gradient[1], 1e-12);
    }

    /** Setting the two derivatives to 0 by hand: u = 2 M - 3 a at the first end, (M (a + 1) - 2 a)/(a + 1 - 2 M) at the last. */
    @Test
    void theEndsGoToTheBoundsOptimum() {
        double m = 2;
        double low = 1.05;
        double high = 3.5;
        DoubleUnaryOperator error = gamma -> error(gamma < 0.7 ? low : high, m, gamma);
        ScheduleDescent descent = new ScheduleDescent(MonotoneSchedule.even(-2, 3));
        for (int k = 0; k < 3000; k++) {
            descent.step(exact(descent.schedule(), error, 2, m, new double[] {0.5}, new double[] {1}), 0.4);
        }
        assertEquals(Math.log(2 * m - 3 * low), descent.schedule().first(), 0.01);
        assertEquals(
                Math.log((m * (high + 1) - 2 * high) / (high + 1 - 2 * m)),
                descent.schedule().last(),
                0.01);
    }

    /** E[l^2] of rows of d coordinates of the exact network of unit data: |error|^2 is e times a chi-square. */
    private static double square(DoubleUnaryOperator slope, DoubleUnaryOperator gamma, int d) {
        int points = 20000;
        double sum = 0;
        for (int i = 0; i < points; i++) {
            double u = (i + 0.5) / points;
            double e = error(1, 1, gamma.applyAsDouble(u));
            sum += 0.25 * Math.pow(slope.applyAsDouble(u) * e, 2) * (d * d + 2 * d) / points;
        }
        return sum;
    }

    @Test
    void theWayLearnsToVaryLeast() {
        int d = 2;
        int rows = 256;
        double first = -8;
        double last = 6;
        ScheduleDescent descent = new ScheduleDescent(MonotoneSchedule.even(first, last));
        for (int k = 0; k < 600; k++) {
            MonotoneSchedule schedule = descent.schedule();
            double[] ways = new double[rows];
            double[] squares = new double[rows];
            double shift = Philox.words(SEED, k, Purpose.TIME, 0).uniform(0);
            for (int r = 0; r < rows; r++) {
                ways[r] = (r + shift) / rows;
                Words words = Philox.words(SEED, (long) k * rows + r, Purpose.NOISE, 0);
                squares[r] = error(1, 1, schedule.gamma(ways[r]))
                        * (words.normal(0) * words.normal(0) + words.normal(1) * words.normal(1));
            }
            // ends at rest: no gradient of theirs, for M and errors that make it 0
            double signal = 1 / (1 + Math.exp(last));
            descent.step(
                    new ScheduleDescent.Errors(ways, squares, d, d, signal * d, d, d),
                    0.05 * (1 + Math.cos(Math.PI * k / 600)));
        }
        MonotoneSchedule learned = descent.schedule();
        assertEquals(first, learned.first(), 1e-9);
        assertEquals(last, learned.last(), 1e-9);
        // the least is that of a density of gamma proportional to the root of E|error|^4, here to e = 1/(1 + e^gamma)
        double whole = (last - Math.log1p(Math.exp(last))) - (first - Math.log1p(Math.exp(first)));
        double least = 0.25 * whole * whole * (d * d + 2 * d);
        double ours = square(learned::slope, learned::gamma, d);
        double line = square(u -> last - first, u -> first + (last - first) * u, d);
        double from = Math.atan(Math.exp(first / 2));
        double to = Math.atan(Math.exp(last / 2));
        DoubleUnaryOperator cosine = u -> 2 * Math.log(Math.tan(from + u * (to - from)));
        double ofCosine = square(u -> 2 * (to - from) / sine(from + u * (to - from)), cosine, d);
        assertTrue(ours < 1.02 * least, () -> ours + " beside the least, " + least);
        assertTrue(ours < 0.75 * line && ours < 0.75 * ofCosine, () -> ours + " of " + line + ", " + ofCosine);
    }

    private static double sine(double angle) {
        return Math.sin(angle) * Math.cos(angle);
    }

    /** The mean of the loss is half the integral of e over gamma, in closed form, along every way between the same ends. */
    @Test
    void theMeanOfTheLossKnowsNoWay() {
        for (MonotoneSchedule schedule : new MonotoneSchedule[] {
            MonotoneSchedule.even(-8, 6), new MonotoneSchedule(-8, 6, -1, 1.5, 0.3, 0.4, 2.9, 0.81)
        }) {
            int rows = 20_000;
            double sum = 0;
            double squares = 0;
            for (int r = 0; r < rows; r++) {
                double u = Philox.words(SEED, r, Purpose.TIME, 1).uniform(0);
                double z = Philox.words(SEED, r, Purpose.NOISE, 1).normal(0);
                double loss = 0.5 * schedule.slope(u) * error(2, 2, schedule.gamma(u)) * z * z;
                sum += loss / rows;
                squares += loss * loss / rows;
            }
            double expected = 0.5 * (14 - Math.log((2 + Math.exp(6)) / (2 + Math.exp(-8))));
            assertEquals(expected, sum, 4 * Math.sqrt((squares - sum * sum) / rows), schedule.toString());
        }
    }

    /** The gradient of ln E[l^2], l = gamma'(u) q(gamma(u))/2 with a q of its own, over a fine grid of u: that of differences, along every number between the ends. */
    @Test
    void theWayHasTheGradientOfTheSecondMoment() {
        double[] numbers = {-4, 3, 0.3, 1.1, 0.35, -0.4, 1.6, 0.7};
        double[] gradient = ScheduleDescent.gradient(
                new MonotoneSchedule(numbers), new ScheduleDescent.Errors(WAYS, squares(numbers), 1, 1, 1, 1, 1));
        for (int i = 2; i < numbers.length; i++) {
            double[] up = numbers.clone();
            double[] down = numbers.clone();
            up[i] += 1e-5;
            down[i] -= 1e-5;
            double slope = (secondMoment(up) - secondMoment(down)) / 2e-5;
            assertEquals(slope, gradient[i], 1e-4 * (1 + Math.abs(slope)), "number " + i);
        }
    }

    private static final double[] WAYS = java.util.stream.IntStream.range(0, 20_000)
            .mapToDouble(i -> (i + 0.5) / 20_000)
            .toArray();

    private static double[] squares(double[] numbers) {
        MonotoneSchedule schedule = new MonotoneSchedule(numbers);
        return java.util.Arrays.stream(WAYS)
                .map(u -> 0.2 + Math.exp(-0.4 * schedule.gamma(u)))
                .toArray();
    }

    private static double secondMoment(double[] numbers) {
        MonotoneSchedule schedule = new MonotoneSchedule(numbers);
        double[] squares = squares(numbers);
        double sum = 0;
        for (int r = 0; r < WAYS.length; r++) {
            sum += Math.pow(0.5 * schedule.slope(WAYS[r]) * squares[r], 2) / WAYS.length;
        }
        return Math.log(sum);
    }
}
