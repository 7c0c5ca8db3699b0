package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tweedie.plan.AffineField;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Plan;

class PredictProjectTest {
    /** Final variances for data N(0, 0.25), exact score and the best linear projector, computed in float64 by independent code. */
    @ParameterizedTest
    @CsvSource({
        "10, 0.117, 0.124, 0.148, 0.184",
        "20, 0.220, 0.212, 0.196, 0.184",
        "100, 0.2507, 0.231, 0.194, 0.166",
        "1000, 0.2503, 0.228, 0.187, 0.157",
    })
    void tableIsReproduced(int steps, double none, double one, double four, double eight) {
        double[] expected = {none, one, four, eight};
        double[] amounts = {0, 1, 4, 8};
        for (int k = 0; k < amounts.length; k++) {
            assertEquals(expected[k], variance(steps, amounts[k]), steps >= 100 && k == 0 ? 0.5001e-4 : 0.5001e-3);
        }
    }

    private static double variance(int steps, double amount) {
        VpSde sde = new VpSde(0.1, 20);
        TimeGrid grid = TimeGrid.uniform(sde, steps);
        double h = grid.t(0) - grid.s(0);
        GaussianMixture data = GaussianMixture.gaussian(new double[] {0}, new double[][] {{0.25}});
        AffineField projector = s -> {
            double t = s + h;
            double b = sde.beta(t) / 2;
            double marginal = 0.25 * sde.alpha(t) * sde.alpha(t) + sde.sigma(t) * sde.sigma(t);
            double predicted = 1 + b * h * (1 - 2 / marginal);
            double c = (sde.alpha(s) * sde.alpha(t) * 0.25 / (predicted * marginal) - 1) / (1 + Math.sqrt(b) / 2);
            return new AffineField.Affine(new double[][] {{c}}, new double[] {0});
        };
        Plan plan = new PredictProject(amount).plan(sde, grid);
        return MomentOracle.after(plan, Map.of(Sde.SCORE, data.affineScore(sde), PredictProject.PROJECTOR, projector))
                .covariance(plan.register("x"))[0][0];
    }

    @Test
    void otherProcessesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new PredictProject(-1));
        VeSde ve = (VeSde) ProcessSpec.parse("ve");
        assertThrows(IllegalArgumentException.class, () -> new PredictProject(1).plan(ve, TimeGrid.uniform(ve, 10)));
    }
}
