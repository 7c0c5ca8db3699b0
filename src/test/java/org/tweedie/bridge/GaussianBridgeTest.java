package org.tweedie.bridge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tweedie.bridge.GaussianFitting.Noise;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

/** Closed forms against each other: the static bridge, exact fitting, and known iterates. */
class GaussianBridgeTest {
    /** A law whose covariance is full, with eigenvalues from 1/4 to about 2. */
    static Gaussian law(int n, long seed, double shift) {
        Words words = Philox.words(seed, n, Purpose.INIT, 0);
        double[] mean = new double[n];
        double[][] half = new double[n][n];
        for (int i = 0; i < n; i++) {
            mean[i] = shift + 0.3 * words.normal(i);
            for (int j = 0; j < n; j++) {
                half[i][j] = words.normal(n + i * n + j) / StrictMath.sqrt(2.0 * n);
            }
        }
        Dense factor = new Dense(half);
        Dense spread = factor.times(factor.transposed()).plus(Dense.scalar(n, 0.25));
        return new Gaussian(mean, spread.symmetric().numbers());
    }

    private static void near(double[][] wanted, double[][] got, double within) {
        for (int i = 0; i < wanted.length; i++) {
            assertArrayEquals(wanted[i], got[i], within, "row " + i);
        }
    }

    /** The coupling in one dimension, 1-D formula: (sqrt(4 v0 v1 + s^2) - s)/2. */
    @ParameterizedTest
    @CsvSource({"0.25, 1, 0.4", "2, 3, 0.01", "1, 1, 20"})
    void isTheKnownCouplingOfALine(double v0, double v1, double s) {
        double coupling = GaussianBridge.brownian(Gaussian.of(v0, 0), Gaussian.of(v1, 5), s)
                .coupling()[0][0];
        assertEquals((StrictMath.sqrt(4 * v0 * v1 + s * s) - s) / 2, coupling, 1e-12);
    }

    /** The optimal coupling's conditional precision of X1 given X0 adds 1/s to a function of X1 alone, so off-diagonal precision is I/s exactly. */
    @ParameterizedTest
    @CsvSource({"1, 0.4", "5, 0.1", "5, 3", "50, 0.4", "50, 10"})
    void itsPrecisionCouplesTheEndsAsTheReferenceDoes(int n, double s) {
        Gaussian from = law(n, 1, 0);
        Gaussian to = law(n, 2, 1);
        Dense coupling = new Dense(GaussianBridge.brownian(from, to, s).coupling());
        // blocks of the joint precision: -S0^-1 C (S1 - C' S0^-1 C)^-1 = -I/s
        Dense pulled = from.spread().inverse().times(coupling);
        Dense left = to.spread().minus(coupling.transposed().times(pulled)).symmetric();
        near(Dense.scalar(n, 1 / s).numbers(), pulled.times(left.inverse()).numbers(), 1e-9 / s);
    }

    /** Fitting with the noise that is left, in discrete time, ends at the closed form of its own reference exactly, whatever the steps. */
    @ParameterizedTest
    @CsvSource({
        "1, 20x0.01, brownian",
        "1, 20x0.05, ou:1",
        "5, 10x0.02-0.1, brownian",
        "5, 8x0.1, ou:2,0.5",
        "50, 4x0.2, ou:1"
    })
    void exactFittingEndsAtTheClosedForm(int n, String steps, String process) {
        StepSizes sizes = StepSizes.parse(steps);
        Reference reference = Reference.parse(process);
        double factor = 1;
        double noise = 0;
        for (int k = 0; k < sizes.count(); k++) {
            double a = reference.factor(sizes.gamma(k));
            factor *= a;
            noise = a * a * noise + 2 * sizes.gamma(k);
        }
        Gaussian from = law(n, 3, 0);
        Gaussian to = law(n, 4, 0.5);
        GaussianFitting fitting = new GaussianFitting(from, to, reference, sizes, Noise.EXACT);
        double before = Double.POSITIVE_INFINITY;
        for (int half = 0; half < 60; half++) {
            double gap = fitting.gap();
            assertTrue(gap <= before + 1e-12, "KL rises from " + before + " to " + gap + " at half bridge " + half);
            before = gap;
            fitting.next();
        }
        assertEquals(0, fitting.gap(), 1e-9);
        near(GaussianBridge.linear(from, to, factor, noise).coupling(), fitting.coupling(), 1e-6);
    }

    /** The iterates of an independent implementation in float64 (NumPy): N(0.5, 1/4) to N(0, 1), 20 steps of 0.01, towards the prior. */
    @Test
    void hasTheKnownIterates() {
        GaussianFitting fitting = new GaussianFitting(
                Gaussian.of(0.25, 0.5),
                Gaussian.of(1, 0),
                Reference.ornsteinUhlenbeck(1),
                StepSizes.constant(20, 0.01),
                Noise.EXACT);
        double[] known = {
            0.499935, 0.333654, 0.874294, 0.265445, 0.973068, 0.253100, Double.NaN, Double.NaN, 0.998857, 0.250129
        };
        for (int half = 0; half < known.length; half++) {
            if (!Double.isNaN(known[half])) {
                assertEquals(known[half], fitting.end().covariance()[0][0], 6e-7, "half bridge " + half);
            }
            fitting.next();
        }
        for (int half = 0; half < 40; half++) {
            fitting.next();
        }
        assertEquals(0.336401, fitting.coupling()[0][0], 6e-7);
    }

    /** The same between data: N(-1, 1/4) to N(1, 1), 20 steps of 0.05. */
    @Test
    void hasTheKnownIteratesBetweenData() {
        GaussianFitting fitting = new GaussianFitting(
                Gaussian.of(0.25, -1),
                Gaussian.of(1, 1),
                Reference.ornsteinUhlenbeck(1, 1),
                StepSizes.constant(20, 0.05),
                Noise.EXACT);
        assertEquals(0.925962, fitting.end().covariance()[0][0], 6e-7);
        fitting.next();
        fitting.next();
        assertEquals(0.999897, fitting.end().covariance()[0][0], 6e-7);
    }

    @ParameterizedTest
    @CsvSource({"-1, 0.25, 1, 0.05, 0.096529", "-0.1, 1, 0.1, 0.01, 0.817092"})
    void hasTheKnownLimits(double m0, double v0, double m1, double gamma, double coupling) {
        GaussianFitting fitting = new GaussianFitting(
                Gaussian.of(v0, m0),
                Gaussian.of(1, m1),
                Reference.ornsteinUhlenbeck(m1, 1),
                StepSizes.constant(20, gamma),
                Noise.EXACT);
        for (int half = 0; half < 60; half++) {
            fitting.next();
        }
        assertEquals(coupling, fitting.coupling()[0][0], 6e-7);
        assertEquals(m0, fitting.law(20 * (fitting.halves() % 2)).mean()[0], 1e-9);
    }

    /** What networks learn has the noise of the step: after as many half bridges all laws are those of exact fitting up to an error of order gamma. */
    @ParameterizedTest
    @ValueSource(ints = {1, 5})
    void theSchemeOfNetworksIsOfOrderOne(int n) {
        Gaussian from = law(n, 5, 0);
        Gaussian to = law(n, 6, 1);
        double coarse = error(from, to, 80);
        double fine = error(from, to, 160);
        assertEquals(1, StrictMath.log(coarse / fine) / StrictMath.log(2), 0.15, coarse + " then " + fine);
    }

    private static double error(Gaussian from, Gaussian to, int steps) {
        StepSizes sizes = StepSizes.constant(steps, 1.0 / steps);
        GaussianFitting exact = new GaussianFitting(from, to, Reference.brownian(), sizes, Noise.EXACT);
        GaussianFitting scheme = new GaussianFitting(from, to, Reference.brownian(), sizes, Noise.STEP);
        for (int half = 0; half < 6; half++) {
            exact.next();
            scheme.next();
        }
        double worst = 0;
        for (int i = 0; i < from.dimension(); i++) {
            worst = apart(worst, scheme.end().mean()[i], exact.end().mean()[i]);
            worst = apart(
                    worst, scheme.law(steps / 2).mean()[i], exact.law(steps / 2).mean()[i]);
            for (int j = 0; j < from.dimension(); j++) {
                worst = apart(worst, scheme.coupling()[i][j], exact.coupling()[i][j]);
                worst = apart(
                        worst, scheme.end().covariance()[i][j], exact.end().covariance()[i][j]);
                worst = apart(
                        worst,
                        scheme.law(steps / 2).covariance()[i][j],
                        exact.law(steps / 2).covariance()[i][j]);
            }
        }
        return worst;
    }

    /** Steps of Brownian motion are exact, so that fitting with the noise that is left has the continuous bridge's means, covariances and coupling at every step. */
    @ParameterizedTest
    @CsvSource({"1, 0.1", "1, 1", "1, 10", "5, 0.2", "5, 1", "5, 10", "50, 1", "50, 10"})
    void exactFittingHasTheLawsOfTheContinuousBridge(int n, double s) {
        Gaussian from = law(n, 9, 0);
        Gaussian to = law(n, 10, 1);
        StepSizes sizes = new StepSizes(new double[] {s / 10, s / 4, s / 20, s / 10}); // half of s in all
        GaussianFitting fitting = new GaussianFitting(from, to, Reference.brownian(), sizes, Noise.EXACT);
        for (int half = 0; half % 2 == 1 || fitting.gap() > 1e-14 && half < 400; half++) {
            fitting.next();
        }
        GaussianBridge closed = GaussianBridge.brownian(from, to, s);
        near(closed.coupling(), fitting.coupling(), 1e-6);
        double[] times = sizes.grid().times();
        for (int k = 0; k <= 4; k++) {
            Gaussian wanted = closed.at(times[k] / sizes.horizon());
            near(wanted.covariance(), fitting.law(k).covariance(), 1e-6);
            assertArrayEquals(wanted.mean(), fitting.law(k).mean(), 1e-6, "step " + k);
        }
    }

    /** Euler's steps of Ornstein and Uhlenbeck's process are not, and come to the closed form of its own law as gamma falls: half of it, half the distance. */
    @ParameterizedTest
    @CsvSource({"1, 1, 0.6", "1, 3, 2", "5, 1, 1", "50, 1, 1.5"})
    void eulersStepsComeToTheContinuousCoupling(int n, double variance, double horizon) {
        Gaussian from = law(n, 11, 0);
        Gaussian to = law(n, 12, 0.5);
        double pull = 1 / variance;
        double noise = -StrictMath.expm1(-2 * pull * horizon) * variance;
        double[][] closed = GaussianBridge.linear(from, to, StrictMath.exp(-pull * horizon), noise)
                .coupling();
        double[] error = new double[2];
        for (int fine = 0; fine < 2; fine++) {
            int steps = (n == 50 ? 5 : 20) << fine;
            GaussianFitting fitting = new GaussianFitting(
                    from,
                    to,
                    Reference.ornsteinUhlenbeck(variance),
                    StepSizes.constant(steps, horizon / steps),
                    Noise.EXACT);
            while (fitting.gap() > 1e-10) {
                fitting.next();
            }
            error[fine] = worst(0, closed, fitting.coupling());
        }
        assertEquals(2, error[0] / error[1], 0.05, error[0] + " then " + error[1]);
        assertTrue(error[1] < 2 * pull * horizon / (n == 50 ? 10 : 40), "above a bound of order gamma: " + error[1]);
    }

    /** What networks learn, after six half bridges: means, covariances, coupling come to those of the continuous bridge as gamma falls. */
    @ParameterizedTest
    @CsvSource({"1, 1, 40", "1, 2, 40", "5, 1.5, 40", "5, 2, 40", "50, 2, 8"})
    void theSchemeOfNetworksComesToTheContinuousBridge(int n, double horizon, int steps) {
        Gaussian from = law(n, 5, 0);
        Gaussian to = law(n, 6, 1);
        double coarse = fromClosed(from, to, horizon, steps);
        double fine = fromClosed(from, to, horizon, 2 * steps);
        assertEquals(2, coarse / fine, 0.35, coarse + " then " + fine);
        assertTrue(fine < 2 * horizon / steps, "above a bound of order gamma: " + fine);
    }

    private static double fromClosed(Gaussian from, Gaussian to, double horizon, int steps) {
        StepSizes sizes = StepSizes.constant(steps, horizon / steps);
        GaussianFitting scheme = new GaussianFitting(from, to, Reference.brownian(), sizes, Noise.STEP);
        for (int half = 0; half < 6; half++) {
            scheme.next();
        }
        GaussianBridge closed = GaussianBridge.brownian(from, to, 2 * horizon);
        double worst = worst(0, closed.coupling(), scheme.coupling());
        for (int k = 0; k <= steps; k += steps / 2) {
            Gaussian wanted = closed.at(k / (double) steps);
            worst = worst(worst, wanted.covariance(), scheme.law(k).covariance());
            worst = worst(worst, new double[][] {wanted.mean()}, new double[][] {
                scheme.law(k).mean()
            });
        }
        return worst;
    }

    private static double worst(double worst, double[][] wanted, double[][] got) {
        for (int i = 0; i < wanted.length; i++) {
            for (int j = 0; j < wanted[i].length; j++) {
                worst = apart(worst, wanted[i][j], got[i][j]);
            }
        }
        return worst;
    }

    private static double apart(double worst, double a, double b) {
        return StrictMath.max(worst, StrictMath.abs(a - b));
    }

    /** Fitting walks on as it began: a bridge that is run there and back again starts as it did. */
    @Test
    void goingBackReturnsToTheStart() {
        Gaussian from = law(5, 7, 0);
        Gaussian to = law(5, 8, 1);
        GaussianFitting fitting =
                new GaussianFitting(from, to, Reference.brownian(), StepSizes.constant(20, 0.02), Noise.EXACT);
        for (int half = 0; half < 81; half++) {
            fitting.next();
        }
        double[][] backward = fitting.coupling();
        near(from.covariance(), fitting.end().covariance(), 1e-9);
        assertArrayEquals(from.mean(), fitting.end().mean(), 1e-9);
        Gaussian onTheWay = fitting.law(7);
        fitting.next();
        near(backward, fitting.coupling(), 1e-9);
        near(onTheWay.covariance(), fitting.law(13).covariance(), 1e-9);
    }

    @ParameterizedTest
    @ValueSource(strings = {"20x0.01", "30x0.001-0.1", "0.1,0.2,0.3", "1x0.5", "5x1e-5-0.2"})
    void stepsAreReadAsTheyAreWritten(String spec) {
        assertEquals(spec, StepSizes.parse(spec).spec());
    }

    @Test
    void stepsAreThePapers() {
        assertArrayEquals(
                new double[] {1, 2, 3, 3, 2, 1}, StepSizes.symmetric(6, 1, 3).gammas(), 1e-15);
        assertArrayEquals(
                new double[] {1, 2, 3, 2, 1}, StepSizes.symmetric(5, 1, 3).gammas(), 1e-15);
        assertEquals(9, StepSizes.symmetric(5, 1, 3).horizon(), 1e-12);
        assertEquals(9, StepSizes.symmetric(5, 1, 3).grid().times()[5], 1e-12);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0x0.1 | a bridge takes 1 to 10000 steps, got 0",
                "20x0 | must be positive and at most 1e6, got 0",
                "20x-0.1 | must be positive and at most 1e6, got -0.1",
                "20xa | 'a' in '20xa' is not a number",
                "1.5x1 | '1.5' in '1.5x1' is not a whole number"
            })
    void refusesSteps(String spec, String why) {
        String message = assertThrows(IllegalArgumentException.class, () -> StepSizes.parse(spec))
                .getMessage();
        assertTrue(message.contains(why), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"brownian", "ou:1", "ou:2.5", "ou:1,0.5"})
    void referencesAreReadAsTheyAreWritten(String spec) {
        assertEquals(spec, Reference.parse(spec).spec());
        assertEquals(Reference.ornsteinUhlenbeck(1), Reference.parse("ou"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ou:0 | must be positive, got 0.0",
                "ou:-1 | must be positive, got -1.0",
                "brownian:1 | 'brownian:1' has 1 numbers",
                "brownan | did you mean brownian?",
                "ou:1,2,3 | has 3 numbers"
            })
    void refusesReferences(String spec, String why) {
        String message = assertThrows(IllegalArgumentException.class, () -> Reference.parse(spec))
                .getMessage();
        assertTrue(message.contains(why), message);
    }

    @Test
    void refusesLawsThatAreNone() {
        Gaussian line = Gaussian.of(1, 0);
        Gaussian plane = Gaussian.of(1, 0, 0);
        assertThrows(IllegalArgumentException.class, () -> GaussianBridge.brownian(line, plane, 1));
        assertThrows(IllegalArgumentException.class, () -> GaussianBridge.brownian(line, line, 0));
        assertThrows(IllegalArgumentException.class, () -> GaussianBridge.linear(line, line, 0, 1));
        assertThrows(IllegalArgumentException.class, () -> Gaussian.of(0, 0));
        assertThrows(IllegalArgumentException.class, () -> new Gaussian(new double[1], new double[2][2]));
        assertThrows(
                IllegalArgumentException.class, () -> new Gaussian(new double[2], new double[][] {{1, 0.5}, {0.4, 1}}));
        assertThrows(
                IllegalArgumentException.class, () -> new Gaussian(new double[2], new double[][] {{1, 2}, {2, 1}}));
        assertThrows(
                IllegalArgumentException.class,
                () -> GaussianBridge.linear(line, line, 0.5, 1).at(0.5));
        assertThrows(
                IllegalArgumentException.class,
                () -> GaussianBridge.brownian(line, line, 1).at(1.5));
        assertThrows(
                IllegalArgumentException.class,
                () -> GaussianBridge.linear(line, line, 0.5, 1).cost());
        assertThrows(
                IllegalArgumentException.class,
                () -> GaussianBridge.brownian(line, line, 1).mean(new double[2]));
    }
}
