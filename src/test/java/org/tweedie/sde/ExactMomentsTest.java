package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;

/**
 * End values on Gaussian data with the exact score, N equal steps from 1 to 1e-3 of the linear VP process, from N(0, 1): the table was
 * computed in float64 by independent code, and is reproduced in every digit it prints.
 */
class ExactMomentsTest {
    @ParameterizedTest
    @CsvSource({
        "em, 50, 1, 0.25, 1.01171, 0.25826",
        "em, 200, 1, 0.25, 1.00290, 0.25193",
        "em, 1000, 1, 0.25, 1.00053, 0.25044",
        "em, 1000, 0, 4, 0, 4.00293",
        "pf, 50, 1, 0.25, 1.00287, 0.24593",
        "pf, 200, 1, 0.25, 0.99824, 0.24898",
        "pf, 1000, 1, 0.25, 0.99698, 0.24986",
        "pf, 1000, 0, 4, 0, 3.99558",
        "ancestral, 50, 1, 0.25, 1.02796, 0.24854",
        "ancestral, 200, 1, 0.25, 1.00686, 0.24947",
        "ancestral, 1000, 1, 0.25, 1.00132, 0.24995",
        "ancestral, 1000, 0, 4, 0, 4.00860",
    })
    void tableIsReproduced(String method, int steps, double mean, double variance, double endMean, double endVariance) {
        VpSde sde = new VpSde();
        Plan plan = new MethodSpec(MethodSpec.method(method), steps).plan(sde);
        GaussianMixture data = GaussianMixture.gaussian(new double[] {mean}, new double[][] {{variance}});
        Moments moments = MomentOracle.after(plan, Map.of(Sde.SCORE, data.affineScore(sde)));
        int x = plan.register("x");
        assertEquals(endMean, moments.mean(x)[0], 0.5001e-5);
        assertEquals(endVariance, moments.covariance(x)[0][0], 0.5001e-5);
    }

    @ParameterizedTest
    @CsvSource({"1, 0.25, 0.99995, 0.25008", "0, 4, 0, 3.99967"})
    void exactLawAtTheCutoffIsReproduced(double mean, double variance, double endMean, double endVariance) {
        GaussianMixture end = GaussianMixture.gaussian(new double[] {mean}, new double[][] {{variance}})
                .at(new VpSde(), 1e-3);
        assertEquals(endMean, end.mean()[0], 0.5001e-5);
        assertEquals(endVariance, end.covariance()[0][0], 0.5001e-5);
    }
}
