package org.tweedie.theory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.tweedie.sde.ExponentialIntegrator;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.VpSde;

class ManifoldBoundTest {
    private static final ProductLaw POINT = ProductLaw.gaussian(0, 0, 1);
    private static final double W1 = Math.sqrt(2 / Math.PI); // of N(0, 1) from its mean

    /** With beta = 1 all is written down: h/sigma^2 of the last step, e^-T, sqrt(eps), and kappa = diameter^2. */
    @Test
    void theTermsAreThoseOfTheTheorem() {
        double horizon = 3;
        VpSde sde = (VpSde) ProductLaw.ornsteinUhlenbeck(horizon);
        TimeGrid grid = StepSchedule.UNIFORM.grid(sde, 29, 0.1 / horizon);
        double delta = 0.1 / (1 - Math.exp(-0.2));
        ManifoldBound point = ManifoldBound.of(0, sde, grid, horizon, 0.5);
        assertEquals(delta, point.delta(), 1e-9);
        assertEquals(Math.exp(-3), point.start(), 1e-12);
        assertEquals(Math.sqrt(delta) / 0.01, point.steps(), 1e-6);
        assertEquals(0.5 * (1 - Math.exp(-6)) / 0.01, point.score(), 1e-9);
        assertEquals(Math.sqrt(0.1), point.stop(), 1e-12);
        ManifoldBound two = ManifoldBound.of(0.5, sde, grid, horizon, 0);
        assertEquals(0.25, two.kappa(), 1e-12);
        assertEquals(Math.exp(2.5) * point.start(), two.start(), 1e-9);
        assertEquals(0, two.score());
        assertEquals(
                Double.POSITIVE_INFINITY,
                ManifoldBound.of(40, sde, grid, horizon, 0).sum());
    }

    /** A beta that changes: b is the larger of its greatest and the inverse of its least; the theorem's beta is half of VP's. */
    @Test
    void betaIsTakenFromBothEnds() {
        VpSde sde = new VpSde(0.1, 20);
        TimeGrid grid = StepSchedule.UNIFORM.grid(sde, 50, 0.01);
        double least = 0.5 * (0.1 + 0.01 * 19.9);
        ManifoldBound bound = ManifoldBound.of(1, sde, grid, 1, 0);
        double b = Math.max(10, 1 / least);
        assertEquals((1 + b) / 2, bound.kappa(), 1e-9);
        double h = 0.99 / 50;
        double last = h * 0.5 * (0.1 + (0.01 + h) * 19.9) / Math.pow(sde.sigma(0.01), 2);
        assertEquals(last, bound.delta(), 1e-9);
    }

    /** The data are a point of the line, or a coordinate across a plane: what is left at eps is the noise, and falls as its root. */
    @Test
    void whatStoppingCostsFallsAsItsRoot() {
        double[] exact = {0.339705, 0.112276, 0.035665, 0.011283}; // sigma_eps sqrt(2/pi)
        double before = Double.NaN;
        for (int k = 0; k < exact.length; k++) {
            double eps = Math.pow(10, -k - 1);
            VpSde sde = (VpSde) ProductLaw.ornsteinUhlenbeck(8);
            assertEquals(exact[k], W1 * sde.sigma(eps / 8), 1e-6);
            TimeGrid grid = StepSchedule.GEOMETRIC.grid(sde, 4000, eps / 8);
            double measured = W1
                    * Gap.of(POINT, new ExponentialIntegrator(), sde, grid, 0).w2ToData();
            assertEquals(exact[k], measured, 2e-3 * exact[k]); // first order in the steps
            ManifoldBound bound = ManifoldBound.of(0, sde, grid, 8, 0);
            assertEquals(Math.sqrt(2) * W1, measured / bound.stop(), 0.1);
            assertTrue(measured < Math.sqrt(2) * W1 * bound.sum(), "a constant of 1.13 is enough for points");
            if (k > 1) {
                assertEquals(0.5, Math.log10(before / measured), 0.01);
            }
            before = measured;
        }
    }

    /** The deviation that the steps leave follows an affine recursion; numbers of an independent program (linear beta from 0.05 to 10). */
    @Test
    void theStepsLeaveWhatTheirRecursionSays() {
        VpSde sde = new VpSde(0.1, 20);
        assertEquals(0.044643, sde.sigma(1e-2), 1e-6);
        for (int steps : new int[] {100, 1000}) {
            TimeGrid grid = StepSchedule.GEOMETRIC.grid(sde, steps, 1e-2);
            double left =
                    Gap.of(POINT, new ExponentialIntegrator(), sde, grid, 0).w2ToData();
            assertEquals(steps == 100 ? 0.046357 : 0.044812, left, 1e-6);
        }
    }

    @Test
    void badArgumentsAreNamed() {
        VpSde sde = new VpSde();
        TimeGrid whole = StepSchedule.UNIFORM.grid(sde, 10, 0);
        assertThrows(IllegalArgumentException.class, () -> ManifoldBound.of(1, sde, whole, 1, 0));
        TimeGrid stopped = StepSchedule.UNIFORM.grid(sde, 10, 0.1);
        assertThrows(
                IllegalArgumentException.class, () -> ManifoldBound.of(Double.POSITIVE_INFINITY, sde, stopped, 1, 0));
        assertEquals(Double.POSITIVE_INFINITY, ProductLaw.gaussian(0, 1, 2).diameter());
        assertEquals(0, POINT.diameter());
    }
}
