package org.tweedie.bridge.filter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.tweedie.bridge.Features;
import org.tweedie.bridge.RegressionBridge;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;
import org.tweedie.testing.Depth;

/**
 * Lorenz' system of 1963 seen through noise, as in Shi et al. (arXiv 2202.13460): filters of 200 rows beside the truth and beside a particle filter of many, which is near
 * the law that all of them look for.
 */
class LorenzFilterTest {
    private static final int ROWS = 200;

    // snippet: lorenz
    /** Steps of 0.1 and noise of deviation 0.01; all three numbers are seen with noise of deviation 2. */
    record Lorenz() implements StateSpaceModel {
        @Override
        public int states() {
            return 3;
        }

        @Override
        public void start(Words words, double[] x) {
            double[] mean = {-5.9, -5.5, 24.6};
            for (int d = 0; d < 3; d++) {
                x[d] = mean[d] + words.normal(d);
            }
        }

        @Override
        public void move(int t, double[] x, Words words, double[] into) {
            double[] moved = runge(runge(x, 0.05), 0.05);
            for (int d = 0; d < 3; d++) {
                into[d] = moved[d] + 0.01 * words.normal(d);
            }
        }

        @Override
        public double[] observe(int t, double[] x, Words words) {
            return new double[] {x[0] + 2 * words.normal(0), x[1] + 2 * words.normal(1), x[2] + 2 * words.normal(2)};
        }

        @Override
        public double logDensity(int t, double[] x, double[] y) { // particle filters alone ask
            double sum = 0;
            for (int d = 0; d < 3; d++) {
                sum -= (y[d] - x[d]) * (y[d] - x[d]) / (2 * 2 * 2);
            }
            return sum;
        }
        // end

        static double[] slope(double[] x) {
            return new double[] {10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8.0 / 3 * x[2]};
        }

        /** A step of Runge and Kutta's fourth order. */
        static double[] runge(double[] x, double h) {
            double[] first = slope(x);
            double[] second = slope(along(x, h / 2, first));
            double[] third = slope(along(x, h / 2, second));
            double[] fourth = slope(along(x, h, third));
            double[] next = new double[3];
            for (int d = 0; d < 3; d++) {
                next[d] = x[d] + h / 6 * (first[d] + 2 * second[d] + 2 * third[d] + fourth[d]);
            }
            return next;
        }

        private static double[] along(double[] x, double h, double[] slope) {
            return new double[] {x[0] + h * slope[0], x[1] + h * slope[1], x[2] + h * slope[2]};
        }
    }

    private final int times = (int) Depth.of(200, 1000, 4000);
    private final double[][] truth = new double[times][];
    private final double[][] seen = new double[times][];

    LorenzFilterTest() {
        StateSpaceModel model = new Lorenz();
        double[] x = new double[3];
        model.start(Philox.words(11, 0, Purpose.PRIOR, 0), x);
        for (int t = 1; t <= times; t++) {
            double[] next = new double[3];
            model.move(t, x, Philox.words(11, 0, Purpose.STEP, t), next);
            x = next;
            truth[t - 1] = x;
            seen[t - 1] = model.observe(t, x, Philox.words(11, 0, Purpose.NOISE, t));
        }
    }

    /** Means of the rows after each observation. */
    private double[][] means(EnsembleFilter filter, int rows) {
        double[][] means = new double[times][];
        Population now = Population.start(new Lorenz(), rows, 5);
        for (int t = 1; t <= times; t++) {
            now = filter.analysed(new Lorenz(), t, now.moved(new Lorenz(), t, 5), seen[t - 1], Philox.part(5, t));
            means[t - 1] = now.mean();
        }
        return means;
    }

    /** At each time of the second half, in the root of the mean square over the three numbers. */
    private double[] errors(double[][] got, double[][] of) {
        double[] errors = new double[times / 2];
        for (int i = 0; i < errors.length; i++) {
            for (int d = 0; d < 3; d++) {
                double apart = got[times / 2 + i][d] - of[times / 2 + i][d];
                errors[i] += apart * apart / 3;
            }
            errors[i] = StrictMath.sqrt(errors[i]);
        }
        return errors;
    }

    /** A mean over times, and its standard error by the means of ten batches: neighbours in time are alike. */
    private record Mean(double value, double error) {
        static Mean of(double[] values) {
            int batches = 10;
            int each = values.length / batches;
            double mean = 0;
            double square = 0;
            for (int b = 0; b < batches; b++) {
                double batch = 0;
                for (int i = 0; i < each; i++) {
                    batch += values[b * each + i] / each;
                }
                mean += batch / batches;
                square += batch * batch / batches;
            }
            return new Mean(mean, StrictMath.sqrt((square - mean * mean) / (batches - 1)));
        }

        static Mean less(double[] values, double[] than) {
            double[] apart = values.clone();
            for (int i = 0; i < apart.length; i++) {
                apart[i] -= than[i];
            }
            return of(apart);
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%.3f (%.3f)", value, error);
        }
    }

    /** Bumps as wide as two deviations, with a penalty that 200 rows can bear. */
    private static EnsembleFilter bridge(int bumps) {
        return new BridgeFilter(RegressionBridge.Spec.standard().withBasis(Features.Basis.radial(bumps, 2), 1e-2));
    }

    /** The example of the documentation: after fifty observations the truth is within four deviations of the rows, in every number. */
    @Test
    void anEnsembleFollows() {
        double[][] observations = Arrays.copyOf(seen, 50);
        // snippet: filter
        RegressionBridge.Spec spec = RegressionBridge.Spec.standard().withBasis(Features.Basis.radial(10, 2), 1e-2);
        List<Population> states = new BridgeFilter(spec).run(new Lorenz(), observations, 200, 5);
        double[] now = states.get(states.size() - 1).mean(); // of 200 rows, given all that was seen
        // end
        double[][] covariance = states.get(49).covariance();
        for (int d = 0; d < 3; d++) {
            assertEquals(truth[49][d], now[d], 4 * StrictMath.sqrt(covariance[d][d]));
            assertTrue(covariance[d][d] < 2, "the rows draw together: " + covariance[d][d]);
        }
    }

    /** At rest where it is known to be, and Runge and Kutta's error falls sixteenfold with half the step. */
    @Test
    void theSystemIsLorenz() {
        double rest = StrictMath.sqrt(8.0 / 3 * 27);
        for (double slope : Lorenz.slope(new double[] {-rest, -rest, 27})) {
            assertEquals(0, slope, 1e-12);
        }
        double[] apart = new double[3];
        for (int k = 0; k < 3; k++) {
            double[] x = {-5.9, -5.5, 24.6};
            double[] exact = x;
            for (int i = 0; i < 8 << k; i++) {
                x = Lorenz.runge(x, 0.2 / (8 << k));
            }
            for (int i = 0; i < 1024; i++) {
                exact = Lorenz.runge(exact, 0.2 / 1024);
            }
            apart[k] = StrictMath.abs(x[0] - exact[0]);
        }
        assertEquals(16, apart[1] / apart[2], 3);
    }

    /**
     * What is seen is off by 2 (8/(3 pi))^(1/2) = 1.84 in the mean. Filters of 200 rows follow the truth to a third of that, where as many particles lose it: few survive an
     * observation, and noise of 0.01 does not part those that are alike. A table is printed; over 4000 times with {@code -Dtweedie.long=true}.
     */
    @Test
    void bridgesFollowTheSystem() {
        double[][] many = means(new BootstrapParticle(), 20_000);
        double[] kalman = errors(means(new EnsembleKalman(), ROWS), truth);
        Map<String, EnsembleFilter> filters = new LinkedHashMap<>();
        filters.put("particles", new BootstrapParticle());
        filters.put("ensemble Kalman", new EnsembleKalman());
        filters.put("bridge, affine", new BridgeFilter(RegressionBridge.Spec.standard()));
        filters.put("bridge, 10 bumps", bridge(10));
        if (Depth.now() == Depth.LONG) {
            filters.put("bridge, 40 bumps", bridge(40));
        }
        double observed = Mean.of(errors(seen, truth)).value;
        double best = Mean.of(errors(many, truth)).value;
        StringBuilder table = new StringBuilder(String.format(
                Locale.ROOT,
                "Lorenz, %d times: observations off by %.3f, 20000 particles by %.3f%n",
                times,
                observed,
                best));
        Map<String, Mean> off = new LinkedHashMap<>();
        filters.forEach((name, filter) -> {
            double[][] got = means(filter, ROWS);
            double[] errors = errors(got, truth);
            off.put(name, Mean.of(errors));
            table.append(String.format(
                    Locale.ROOT,
                    "%-16s off by %s, from 20000 particles by %s, more than ensemble Kalman by %s%n",
                    name,
                    Mean.of(errors),
                    Mean.of(errors(got, many)),
                    Mean.less(errors, kalman)));
        });
        System.out.print(table);
        assertEquals(1.84, observed, 0.2, table.toString());
        off.forEach((name, mean) -> assertTrue(
                name.equals("particles") ? mean.value > 1.5 : mean.value > 0.9 * best && mean.value < 0.45 * observed,
                name + " in " + table));
    }
}
