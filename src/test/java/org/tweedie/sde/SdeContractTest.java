package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;

/** Four functions of time that agree with each other: two identities, and the inverse of the log-SNR. */
class SdeContractTest {
    private static final String LIST = "org.tweedie.sde.SdeList#all";

    @ParameterizedTest
    @MethodSource(LIST)
    void driftIsTheSlopeOfLogAlpha(Sde sde) {
        for (double t : times(sde)) {
            double slope = slope(r -> StrictMath.log(sde.alpha(r)), t);
            assertEquals(sde.drift(t), slope, 1e-8 * (1 + Math.abs(slope)), () -> sde.spec() + " at " + t);
        }
    }

    @ParameterizedTest
    @MethodSource(LIST)
    void varianceGrowsByDriftAndDiffusion(Sde sde) {
        for (double t : times(sde)) {
            double variance = sde.sigma(t) * sde.sigma(t);
            double slope = slope(r -> sde.sigma(r) * sde.sigma(r), t);
            double identity = 2 * sde.drift(t) * variance + sde.diffusion(t) * sde.diffusion(t);
            assertEquals(
                    identity,
                    slope,
                    1e-8 * (Math.abs(slope) + sde.diffusion(t) * sde.diffusion(t)),
                    () -> sde.spec() + " at " + t);
        }
    }

    @ParameterizedTest
    @MethodSource(LIST)
    void logSnrFallsAndIsInverted(Sde sde) {
        double before = Double.POSITIVE_INFINITY;
        for (double t : times(sde)) {
            double logSnr = sde.logSnr(t);
            assertTrue(logSnr < before, () -> sde.spec() + " at " + t);
            before = logSnr;
            assertEquals(t, sde.timeOfLogSnr(logSnr), 1e-11 * t + 1e-15, () -> sde.spec() + " at " + t);
            assertEquals(t, sde.timeOfNoiseToSignal(sde.noiseToSignal(t)), 1e-11 * t + 1e-15);
        }
    }

    @ParameterizedTest
    @MethodSource(LIST)
    void dataIsUntouchedAtZero(Sde sde) {
        if (sde instanceof LogSnrVpSde line) { // its line ends above infinity
            double left = 1 / (1 + Math.exp(line.logSnr(0)));
            assertEquals(left, Math.pow(sde.sigma(0), 2), 1e-15);
            assertEquals(1 - left, Math.pow(sde.alpha(0), 2), 1e-15);
            assertTrue(left < 5e-5);
            return;
        }
        assertEquals(1, sde.alpha(0), 1e-15);
        boolean blurred = sde instanceof VeSde ve && !ve.exact();
        assertEquals(blurred ? ((VeSde) sde).least() : 0, sde.sigma(0), 1e-15);
    }

    @ParameterizedTest
    @MethodSource(LIST)
    void priorIsNearTheLawOfStandardDataAtTheHorizon(Sde process) {
        Sde sde = process.on(Space.euclidean(3));
        Plan.Writer plan = Plan.writer().step(1, 1);
        int x = plan.register("x", sde.space());
        sde.prior(plan, x);
        Moments moments = MomentOracle.after(plan.plan(x), Map.of());
        double sigma = sde.sigma(sde.horizon());
        double alpha = sde.alpha(sde.horizon());
        for (int i = 0; i < 3; ++i) {
            assertEquals(0, moments.mean(x)[i]);
            assertEquals(sigma * sigma + alpha * alpha, moments.covariance(x)[i][i], 0.3 * sigma * sigma, sde.spec());
        }
        assertEquals(process.spec(), sde.spec());
    }

    @Test
    void valuesOfTheLiteratureAreReproduced() {
        VpSde vp = new VpSde();
        assertAll(
                () -> assertEquals(6.5716e-3, vp.alpha(1), 5e-8),
                () -> assertEquals(0.010485, vp.sigma(1e-3), 5e-7),
                () -> assertEquals(1.000e-3, vp.sigma(1e-5), 5e-7),
                () -> assertEquals(50, new VeSde().sigma(1), 1e-12),
                () -> assertEquals(2500 - 1e-4, Math.pow(new VeSde(0.01, 50, true).sigma(1), 2), 1e-9));
    }

    /** Times from the cutoff to T, equally spaced in ln t: derivatives are taken inside. */
    private static double[] times(Sde sde) {
        double[] times = new double[41];
        for (int i = 0; i < times.length; ++i) {
            times[i] = sde.cutoff() * Math.pow(sde.horizon() / sde.cutoff(), i / 40.0);
        }
        times[40] = sde.horizon();
        return times;
    }

    /** Eight-point central difference with a step small beside t and beside the way to 1, where alpha may vanish: good to 1e-9. */
    private static double slope(DoubleUnaryOperator f, double t) {
        double h = 0.01 * t * Math.min(1, 1.01 - t);
        double[] weights = {4.0 / 5, -1.0 / 5, 4.0 / 105, -1.0 / 280};
        double sum = 0;
        for (int k = 1; k <= 4; ++k) {
            sum += weights[k - 1] * (f.applyAsDouble(t + k * h) - f.applyAsDouble(t - k * h));
        }
        return sum / h;
    }
}
