package org.tweedie.theory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.tweedie.sde.CldSde;
import org.tweedie.sde.TimeGrid;

/** Positions with velocities on Gaussian data: bounds hold, and everything scales as the theorems say. */
class PairTheoryTest {
    private static PairTheory theory(ProductLaw data, double horizon, int steps, double error) {
        return theory(data, CldSde.unit(horizon), steps, error);
    }

    private static PairTheory theory(ProductLaw data, CldSde sde, int steps, double error) {
        double[] times = new double[steps + 1];
        for (int i = 0; i <= steps; i++) {
            times[i] = 1 - (double) i / steps;
        }
        return PairTheory.of(data, sde, new TimeGrid(times), error);
    }

    /** The bound has no unknown constant; neither a mass, nor a slow start of the velocities changes that. */
    @Test
    void theBoundHolds() {
        for (double variance : new double[] {0.25, 1, 3}) {
            for (double error : new double[] {0, 0.1}) {
                ProductLaw data = ProductLaw.gaussian(1, variance, 2);
                for (CldSde sde :
                        new CldSde[] {CldSde.unit(2), CldSde.unit(6), new CldSde(), new CldSde(3, 0.5, 0.3)}) {
                    for (int steps : new int[] {20, 200}) {
                        PairTheory theory = theory(data, sde, steps, error);
                        assertTrue(theory.kl() <= theory.bound().kl(), theory.toString());
                        assertTrue(theory.klOfPositions() <= theory.kl() + 1e-12, theory.toString());
                        assertTrue(theory.bound().steps() > 0, theory.toString());
                    }
                }
            }
        }
    }

    /** The part of the steps falls as h. */
    @Test
    void theStepsPartFallsAsTheStep() {
        ProductLaw data = ProductLaw.gaussian(1, 0.25, 1);
        double coarse = theory(data, 3, 400, 0).bound().steps();
        double fine = theory(data, 3, 800, 0).bound().steps();
        assertEquals(2, coarse / fine, 0.02);
        double wide = theory(data, 12, 1000, 0).kl(); // nothing but the steps is left at so long a horizon
        double half = theory(data, 12, 2000, 0).kl();
        assertEquals(4, wide / half, 0.1); // the ends' gap falls as its square
    }

    /** Constant errors of the score: 1/2 integral of 4 |b|^2 dt = 2 |b|^2 T in the units of Chen et al. */
    @Test
    void aBiasedScoreCostsItsSquareTimesTheHorizon() {
        ProductLaw data = ProductLaw.gaussian(0, 0.5, 1);
        assertEquals(2 * 0.04 * 3, theory(data, 3, 50, 0.2).bound().score(), 1e-12);
        double small = theory(data, 8, 4000, 0.01).kl();
        double large = theory(data, 8, 4000, 0.02).kl();
        assertEquals(4, large / small, 0.05);
    }

    /** No better than rows alone in the dimension: both are linear in it, at equal steps, already of N(0, I). */
    @Test
    void isLinearInTheDimension() {
        PairTheory one = theory(ProductLaw.gaussian(0, 1, 1), 4, 40, 0);
        PairTheory many = theory(ProductLaw.gaussian(0, 1, 50), 4, 40, 0);
        assertEquals(50 * one.kl(), many.kl(), 1e-12 * many.kl());
        assertEquals(
                50 * one.bound().kl(), many.bound().kl(), 1e-12 * many.bound().kl());
        assertEquals(0, one.bound().start(), 1e-12); // N(0, I) with its velocities is the prior
        assertEquals(0, one.klToPrior() + one.fisherToPrior(), 1e-12);
        assertTrue(one.kl() > 1e-8, "the steps alone are wrong by " + one.kl());
    }

    /** On N(0, 1) the score is -v and the frozen error is E|v_t - v_tk|^2 = 2 (1 - e^-h (1 - h)): the integral in closed form. */
    @Test
    void isKnownOnTheStandardNormal() {
        double horizon = 2;
        int steps = 10;
        double h = horizon / steps;
        // 2 * integral over r in [0, h] of 2 (1 - e^-r (1 - r)) dr, which is 4 (h - h e^-h)
        double exact = steps * 4 * (h - h * StrictMath.exp(-h));
        assertEquals(
                exact,
                theory(ProductLaw.gaussian(0, 1, 1), horizon, steps, 0).bound().steps(),
                1e-12);
    }

    /** The start decays with the horizon as e^(-2T) but for a power of T; terms are those of rows with KL + FI. */
    @Test
    void theStartDecays() {
        ProductLaw data = ProductLaw.gaussian(1, 0.25, 1);
        double near = theory(data, 8, 10, 0).bound().start();
        double far = theory(data, 10, 10, 0).bound().start();
        double slope = StrictMath.log(near / far) / 2;
        assertTrue(slope > 1.6 && slope < 2, "rate " + slope);
        PairTheory theory = theory(data, 3, 100, 0.1);
        assertEquals(Gap.klOfGaussians(1, 0.25, 0, 1), theory.klToPrior(), 1e-12);
        assertEquals(1 + 2.25, theory.fisherToPrior(), 1e-12); // E|(x - 1)/0.25 - x|^2 of N(1, 0.25)
        ConvergenceBudget.Terms terms = theory.terms(1, 1.2, 3, 0.03, 0.1);
        assertEquals(
                StrictMath.sqrt(theory.klToPrior() + theory.fisherToPrior()) * StrictMath.exp(-3),
                terms.start(),
                1e-12);
        assertThrows(IllegalArgumentException.class, () -> theory(ProductLaw.mixture(1, 0.25, 1), 3, 10, 0));
    }
}
