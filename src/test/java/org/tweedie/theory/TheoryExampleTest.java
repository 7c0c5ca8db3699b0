package org.tweedie.theory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.tweedie.sde.CldSde;
import org.tweedie.sde.ExponentialIntegrator;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.VariancePreserving;
import org.tweedie.sde.VpSde;

/** The example and the numbers of docs/theory.md. */
class TheoryExampleTest {
    @Test
    void theExampleGivesTheNumbersOfThePage() {
        // snippet: theory
        ProductLaw data = ProductLaw.mixture(2, 0.25, 1);
        VariancePreserving sde = new VpSde(6, 6); // dX = -X dt + sqrt(2) dW over T = 3, in the clock t/T
        TimeGrid grid = StepSchedule.UNIFORM.grid(sde, 60, 0);
        GirsanovBound promised = GirsanovBound.of(data, sde, grid, 0.1);
        Gap measured = Gap.of(data, new ExponentialIntegrator(), sde, grid, 0.1);
        ConvergenceBudget budget = ConvergenceBudget.ddpm(4, 10, 3, 0.1);
        ManifoldBound manifold =
                ManifoldBound.of(2, sde, StepSchedule.GEOMETRIC.grid(sde, 60, 0.1), 3, 0); // data of diameter 2
        // end
        assertEquals(1.6139e-05, promised.start(), 0.5001e-9);
        assertEquals(2.1432e-01, promised.steps(), 0.5001e-5);
        assertEquals(3.0000e-02, promised.score(), 0.5001e-6);
        assertEquals(3.4952e-01, promised.totalVariation(), 0.5001e-5);
        assertEquals(3.5015e-02, measured.kl(), 0.5001e-6);
        assertEquals(1.0042e-01, measured.leastTv(), 0.5001e-5);
        assertTrue(budget.steps() > 1000);
    }

    @Test
    void theExampleOfVelocitiesKeepsItsPromise() {
        TimeGrid grid = StepSchedule.UNIFORM.grid(CldSde.unit(8), 200, 0);
        // snippet: velocities
        PairTheory theory = PairTheory.of(ProductLaw.gaussian(1, 0.25, 10), CldSde.unit(8), grid, 0.1);
        double promised = theory.bound().kl();
        double measured = theory.kl();
        // end
        assertTrue(measured > 0 && measured < promised, theory.toString());
    }
}
