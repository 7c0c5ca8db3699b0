package org.tweedie.bridge.filter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.bridge.Features;
import org.tweedie.bridge.RegressionBridge;
import org.tweedie.bridge.StepSizes;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

/** Filters against Kalman's, which is exact for linear models with normal noise, and against quadrature. */
class EnsembleFilterTest {
    private static final int ROWS = 3000;

    /** Position and velocity; the position is seen with noise of variance 1/2. */
    private static final class Moving implements StateSpaceModel {
        static final double[][] A = {{1, 0.3}, {-0.3, 0.9}};
        static final double[] Q = {0.05, 0.2};
        static final double R = 0.5;

        @Override
        public int states() {
            return 2;
        }

        @Override
        public void start(Words words, double[] x) {
            x[0] = 1 + words.normal(0);
            x[1] = words.normal(1);
        }

        @Override
        public void move(int t, double[] x, Words words, double[] into) {
            for (int d = 0; d < 2; d++) {
                into[d] = A[d][0] * x[0] + A[d][1] * x[1] + StrictMath.sqrt(Q[d]) * words.normal(d);
            }
        }

        @Override
        public double[] observe(int t, double[] x, Words words) {
            return new double[] {x[0] + StrictMath.sqrt(R) * words.normal(0)};
        }

        @Override
        public double logDensity(int t, double[] x, double[] y) {
            return -(y[0] - x[0]) * (y[0] - x[0]) / (2 * R);
        }
    }

    /** Kalman's filter of {@link Moving}: mean and covariance (00, 01, 11) after each observation. */
    private static double[][] kalman(double[][] observations) {
        double[] m = {1, 0};
        double[][] p = {{1, 0}, {0, 1}};
        double[][] all = new double[observations.length][];
        for (int t = 0; t < all.length; t++) {
            double[][] a = Moving.A;
            double[] forecast = {a[0][0] * m[0] + a[0][1] * m[1], a[1][0] * m[0] + a[1][1] * m[1]};
            double[][] s = new double[2][2];
            for (int i = 0; i < 2; i++) {
                for (int j = 0; j < 2; j++) {
                    s[i][j] = i == j ? Moving.Q[i] : 0;
                    for (int k = 0; k < 2; k++) {
                        for (int l = 0; l < 2; l++) {
                            s[i][j] += a[i][k] * p[k][l] * a[j][l];
                        }
                    }
                }
            }
            double seen = s[0][0] + Moving.R;
            for (int i = 0; i < 2; i++) {
                m[i] = forecast[i] + s[i][0] / seen * (observations[t][0] - forecast[0]);
                for (int j = 0; j < 2; j++) {
                    p[i][j] = s[i][j] - s[i][0] * s[j][0] / seen;
                }
            }
            all[t] = new double[] {m[0], m[1], p[0][0], p[0][1], p[1][1]};
        }
        return all;
    }

    static List<EnsembleFilter> filters() {
        return List.of(
                new BootstrapParticle(), new EnsembleKalman(), new BridgeFilter(RegressionBridge.Spec.standard()));
    }

    /**
     * Over twelve seeds means of 3000 rows were off by at most 0.05 deviations (root of the mean square), variances by 0.05 of themselves: most of it is the bridge's, whose
     * regressions each have an error of their own. Five of those are allowed, a false alarm in 10^6. The last observation moves the mean by more than a deviation.
     */
    @ParameterizedTest
    @MethodSource("filters")
    void agreesWithKalman(EnsembleFilter filter) {
        double[][] observations = {{0.3}, {1.4}, {0.2}, {-0.8}};
        double[][] exact = kalman(observations);
        List<Population> got = filter.run(new Moving(), observations, ROWS, 5);
        for (int t = 0; t < exact.length; t++) {
            double[] mean = got.get(t).mean();
            double[][] covariance = got.get(t).covariance();
            double[] e = exact[t];
            assertEquals(e[0], mean[0], 0.25 * StrictMath.sqrt(e[2]), "position at " + t);
            assertEquals(e[1], mean[1], 0.25 * StrictMath.sqrt(e[4]), "velocity at " + t);
            assertEquals(e[2], covariance[0][0], 0.25 * e[2], "variance of position at " + t);
            assertEquals(e[3], covariance[0][1], 0.25 * StrictMath.sqrt(e[2] * e[4]), "covariance at " + t);
            assertEquals(e[4], covariance[1][1], 0.25 * e[4], "variance of velocity at " + t);
        }
        double[] blind = filter.run(new Moving(), new double[][] {{0.3}, {1.4}, {0.2}, {1.7}}, ROWS, 5)
                .get(3)
                .mean();
        assertTrue(StrictMath.abs(blind[0] - exact[3][0]) > StrictMath.sqrt(exact[3][2]), "y is used");
        assertArrayEquals(
                got.get(3).rows()[17],
                filter.run(new Moving(), observations, ROWS, 5).get(3).rows()[17]);
    }

    /** x ~ N(0, 1) seen as |x| + N(0, 0.09): two modes, which neither a mean nor a regression on y tells apart. */
    private static final class Folded implements StateSpaceModel {
        @Override
        public int states() {
            return 1;
        }

        @Override
        public void start(Words words, double[] x) {
            x[0] = words.normal(0);
        }

        @Override
        public void move(int t, double[] x, Words words, double[] into) {
            into[0] = x[0];
        }

        @Override
        public double[] observe(int t, double[] x, Words words) {
            return new double[] {StrictMath.abs(x[0]) + 0.3 * words.normal(0)};
        }
    }

    /** Bumps find both modes, which the ensemble Kalman filter cannot: it keeps the law it had. */
    @Test
    void bumpsFindBothModes() {
        double y = 1.4;
        double mass = 0;
        double size = 0;
        double square = 0;
        for (int i = -4000; i <= 4000; i++) { // quadrature
            double x = i / 800.0;
            double error = y - StrictMath.abs(x);
            double p = StrictMath.exp(-x * x / 2 - error * error / 0.18);
            mass += p;
            size += p * StrictMath.abs(x);
            square += p * x * x;
        }
        size /= mass;
        square /= mass;
        RegressionBridge.Spec spec = RegressionBridge.Spec.standard()
                .withSizes(StepSizes.symmetric(20, 0.01, 0.15))
                .withBasis(Features.Basis.radial(60, 0.4), 1e-6);
        double[][] seen = {{y}};
        double[] bridge =
                moments(new BridgeFilter(spec).run(new Folded(), seen, 2000, 3).get(0));
        double[] kalman =
                moments(new EnsembleKalman().run(new Folded(), seen, 2000, 3).get(0));
        String all =
                "exact " + size + " " + (square - size * size) + ", bridge " + List.of(bridge[0], bridge[1], bridge[2]);
        assertEquals(size, bridge[0], 0.1, all);
        assertEquals(square - size * size, bridge[1], 0.1, all);
        assertEquals(0.5, bridge[2], 0.1, all);
        assertTrue(StrictMath.abs(kalman[0] - size) > 0.3, "ensemble Kalman has " + kalman[0]);
    }

    /** Mean and variance of |x|, share above 0. */
    private static double[] moments(Population rows) {
        double size = 0;
        double square = 0;
        double above = 0;
        for (double[] row : rows.rows()) {
            size += StrictMath.abs(row[0]) / rows.rows().length;
            square += row[0] * row[0] / rows.rows().length;
            above += row[0] > 0 ? 1.0 / rows.rows().length : 0;
        }
        return new double[] {size, square - size * size, above};
    }

    @Test
    void saysWhatCannotBeFiltered() {
        double[][] seen = {{1}};
        UnsupportedOperationException density = assertThrows(
                UnsupportedOperationException.class, () -> new BootstrapParticle().run(new Folded(), seen, 10, 1));
        assertTrue(density.getMessage().contains("filter by ensemble Kalman"), density.getMessage());
        assertThrows(IllegalArgumentException.class, () -> new EnsembleKalman().run(new Folded(), seen, 1, 1));
        assertThrows(
                IllegalArgumentException.class,
                () -> RegressionBridge.Spec.standard().withIterations(0));
        double[][] far = {{1e200}};
        assertThrows(IllegalStateException.class, () -> new BootstrapParticle().run(new Moving(), far, 10, 1));
        Words words = Philox.words(1, 0, Purpose.DATA, 0);
        assertEquals(1, new Folded().observe(1, new double[] {2}, words).length);
    }
}
