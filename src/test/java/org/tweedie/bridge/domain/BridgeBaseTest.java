package org.tweedie.bridge.domain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.sde.Sde;
import org.tweedie.sde.SubVpSde;
import org.tweedie.sde.VeSde;
import org.tweedie.sde.VpSde;

class BridgeBaseTest {
    static List<BridgeBase> bases() {
        return List.of(
                LinearBase.brownian(Clock.constant(1)),
                LinearBase.brownian(Clock.exponential(3, 1)),
                LinearBase.ornsteinUhlenbeck(0.7, Clock.constant(2.5)),
                LinearBase.ornsteinUhlenbeck(
                        1.5, Clock.exponential(3, 0.4)), // 2 pull = decay: the integrand is constant
                LinearBase.ornsteinUhlenbeck(-1.2, Clock.exponential(1, 2)),
                new ReversedBase(new VpSde()),
                new ReversedBase(new SubVpSde()),
                new ReversedBase(new VeSde(0.01, 5, true)));
    }

    /** m' = -h m and v' = -m^2 sigma^2, by central differences: carry and left are those of the process whose drift and rate these are. */
    @ParameterizedTest
    @MethodSource("bases")
    void carryAndVarianceAreThoseOfDriftAndRate(BridgeBase base) {
        for (double t : new double[] {0.1, 0.35, 0.6, 0.9}) {
            double e = 1e-5;
            double m = base.carry(t);
            double slope = (base.carry(t + e) - base.carry(t - e)) / (2 * e);
            assertEquals(-base.drift(t) * m, slope, 1e-6 * (1 + Math.abs(slope)), "m' at " + t);
            double falls = (base.left(t + e) - base.left(t - e)) / (2 * e);
            assertEquals(-m * m * base.rate(t), falls, 1e-6 * Math.abs(falls), "v' at " + t);
        }
        assertEquals(1, base.carry(base.horizon()), 1e-15);
        assertEquals(0, base.left(base.horizon()), 1e-15);
    }

    /** The closed-form mean and variance between two points solve the moment equations of the bridge's own drift. */
    @ParameterizedTest
    @MethodSource("bases")
    void momentsAreThoseOfTheDrift(BridgeBase base) {
        double z0 = -0.4;
        double x = 1.3;
        for (double t : new double[] {0.1, 0.35, 0.6, 0.9}) {
            double e = 1e-5;
            double mean = base.mean(z0, x, t);
            double moves = (base.mean(z0, x, t + e) - base.mean(z0, x, t - e)) / (2 * e);
            assertEquals(base.bridge(x, mean, t), moves, 1e-5 * (1 + Math.abs(moves)), "mean' at " + t);
            double factor = base.bridge(x, 1, t) - base.bridge(x, 0, t);
            double wanted = 2 * factor * base.variance(t) + base.rate(t);
            double spreads = (base.variance(t + e) - base.variance(t - e)) / (2 * e);
            double size = Math.abs(2 * factor * base.variance(t)) + base.rate(t);
            assertEquals(wanted, spreads, 1e-5 * size, "variance' at " + t);
        }
        assertEquals(z0, base.mean(z0, x, 0), 1e-14);
        assertEquals(x, base.mean(z0, x, base.horizon()), 1e-12);
        assertEquals(0, base.variance(0), 1e-15);
        assertEquals(0, base.variance(base.horizon()), 1e-15);
    }

    /** Brownian, by the formula: N(t x, t (1 - t)). */
    @Test
    void theBrownianBridge() {
        BridgeBase base = LinearBase.brownian(Clock.constant(2));
        assertEquals(0.25 * 3 + 0.75 * -1, base.mean(-1, 3, 0.25), 1e-15);
        assertEquals(2 * 0.25 * 0.75, base.variance(0.25), 1e-15);
        assertEquals((3 - 0.5) / 0.75, base.bridge(3, 0.5, 0.25), 1e-14);
        assertEquals(0.4 * -Math.expm1(-1.5), Clock.exponential(3, 0.4).spent(0.5), 1e-15);
    }

    /** From their own starts the bridges of a reversed process are the noising: N(alpha x, sigma^2). */
    @Test
    void reversedBridgesAreTheNoising() {
        for (Sde sde : List.of(new VpSde(), new SubVpSde(), new VeSde(0.01, 5, true), new VeSde(0.02, 50, true))) {
            BridgeBase base = new ReversedBase(sde);
            for (double s : new double[] {0.01, 0.3, 0.7, 1}) {
                assertEquals(sde.alpha(s), base.gain(1 - s), 1e-12, sde.spec() + " mean at " + s);
                assertEquals(sde.sigma(s), base.deviation(1 - s), 1e-12 * sde.sigma(1), sde.spec() + " at " + s);
            }
        }
    }

    /** VE and VP: the drift of bridges averaged over the data that z may come from is the reverse drift -f z + g^2 score, on a mixture of Gaussians. */
    @Test
    void theirMixtureIsTheReverseProcess() {
        double[] weights = {0.3, 0.7};
        double[] means = {-1.5, 2};
        double[] variances = {0.2, 0.6};
        for (Sde sde : List.of(new VpSde(), new VeSde(0.01, 50), new SubVpSde())) {
            BridgeBase base = new ReversedBase(sde);
            for (double s : new double[] {0.05, 0.4, 1}) {
                for (double z : new double[] {-3, -0.2, 0.9, 4}) {
                    double alpha = sde.alpha(s);
                    double noise = sde.sigma(s) * sde.sigma(s);
                    double sum = 0;
                    double score = 0;
                    double origin = 0;
                    for (int k = 0; k < 2; k++) {
                        double v = alpha * alpha * variances[k] + noise;
                        double apart = z - alpha * means[k];
                        double density = weights[k] * Math.exp(-apart * apart / (2 * v)) / Math.sqrt(v);
                        sum += density;
                        score -= density * apart / v;
                        origin += density * (means[k] + alpha * variances[k] / v * apart);
                    }
                    double g = sde.diffusion(s);
                    double reverse = -sde.drift(s) * z + g * g * score / sum;
                    double size = Math.abs(sde.drift(s) * z) + g * g / noise * (alpha * 4 + Math.abs(z));
                    assertEquals(reverse, base.bridge(origin / sum, z, 1 - s), 1e-12 * size, sde.spec() + " " + s);
                }
            }
        }
    }

    @Test
    void refusesWhatIsNoClock() {
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Clock.constant(-1))
                .getMessage()
                .contains("got -1.0"));
        assertThrows(IllegalArgumentException.class, () -> Clock.exponential(0, 1));
        assertThrows(IllegalArgumentException.class, () -> LinearBase.ornsteinUhlenbeck(99, Clock.constant(1)));
        assertEquals(
                "ou:0.5 exponential:3,1",
                LinearBase.ornsteinUhlenbeck(0.5, Clock.exponential(3, 1)).spec());
        assertEquals(
                "brownian constant:1", LinearBase.brownian(Clock.constant(1)).spec());
    }
}
