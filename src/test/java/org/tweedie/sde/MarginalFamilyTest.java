package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.plan.GivenStart;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Register;

/** One family, the same marginals: with more noise or less, all end in the law at the cutoff. */
class MarginalFamilyTest {
    private static final GaussianMixture DATA = GaussianMixture.gaussian(new double[] {1}, new double[][] {{0.25}});

    /** The step's error is of first order, so that 2 m(2N) - m(N) leaves the second: halving the step again divides that by four. */
    @ParameterizedTest
    @MethodSource("org.tweedie.sde.SdeList#all")
    void momentsAtTheCutoffAreThoseOfTheProcess(Sde sde) {
        GaussianMixture exact = DATA.at(sde, sde.cutoff());
        for (double lambda : new double[] {-0.5, 0, 0.5, 1}) {
            double[] coarse = end(sde, lambda, 1000);
            double[] fine = end(sde, lambda, 2000);
            double[] finest = end(sde, lambda, 4000);
            double[] want = {exact.mean()[0], exact.covariance()[0][0]};
            for (int i = 0; i < 2; i++) {
                double rough = 2 * fine[i] - coarse[i];
                double value = (4 * (2 * finest[i] - fine[i]) - rough) / 3;
                assertEquals(want[i], value, 1e-6, "lambda " + lambda + ", moment " + (i + 1));
            }
        }
    }

    private static double[] end(Sde sde, double lambda, int steps) {
        GaussianMixture start = DATA.at(sde, sde.horizon());
        Moments moments = MomentOracle.after(
                new GivenStart().steer(new MarginalFamily(lambda).plan(sde, TimeGrid.uniformLogSnr(sde, steps))),
                Map.of(Sde.SCORE, DATA.affineScore(sde)),
                Map.of(
                        "start",
                        new Moments(
                                List.of(new Register("start", sde.space(), true)), start.mean(), start.covariance())));
        return new double[] {moments.mean(0)[0], moments.covariance(0)[0][0]};
    }

    @Test
    void itsEndsAreTheReverseSdeAndTheProbabilityFlow() {
        VpSde sde = new VpSde();
        assertEquals(new EulerMaruyama().update(sde, 0.7, 0.6), new MarginalFamily(0).update(sde, 0.7, 0.6));
        assertEquals(new ProbabilityFlowEuler().update(sde, 0.7, 0.6), new MarginalFamily(1).update(sde, 0.7, 0.6));
    }
}
