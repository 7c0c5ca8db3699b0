package org.tweedie.theory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tweedie.sde.EulerMaruyama;
import org.tweedie.sde.ExponentialIntegrator;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.Sde;
import org.tweedie.sde.VariancePreserving;
import org.tweedie.sde.VpSde;

class TheoryTest {
    private static final ExponentialIntegrator EI = new ExponentialIntegrator();

    private static GaussianMixture normal(double mean, double variance) {
        return GaussianMixture.gaussian(new double[] {mean}, new double[][] {{variance}});
    }

    private static Gap gap(ProductLaw data, double horizon, int steps, double bias) {
        Sde sde = ProductLaw.ornsteinUhlenbeck(horizon);
        return Gap.of(data, EI, sde, StepSchedule.UNIFORM.grid(sde, steps, 0), bias);
    }

    private static GirsanovBound bound(ProductLaw data, double horizon, int steps, double scoreError) {
        VariancePreserving sde = (VariancePreserving) ProductLaw.ornsteinUhlenbeck(horizon);
        return GirsanovBound.of(data, sde, StepSchedule.UNIFORM.grid(sde, steps, 0), scoreError);
    }

    @Test
    void distancesOnTheLineAreThoseOfGaussians() {
        LineDensity p = LineDensity.around(normal(0, 1), normal(2, 2.25), 4000);
        LineDensity q = LineDensity.on(p, normal(2, 2.25));
        assertEquals(Gap.klOfGaussians(0, 1, 2, 2.25), p.kl(q), 1e-12);
        assertEquals(4.25, p.squaredTransport(q), 1e-5);
        double overlap = Math.sqrt(2 * 1.5 / 3.25) * Math.exp(-4 / (4 * 3.25));
        assertEquals(overlap, p.overlap(q), 1e-12);
        LineDensity shifted = LineDensity.on(p, normal(1, 1));
        assertEquals(0.38292492254802624, p.totalVariation(shifted), 1e-5); // 2 Phi(1/2) - 1
        assertEquals(0.5 * (0.25 - 1 - Math.log(0.25) + 4), Gap.klOfGaussians(3, 0.25, 1, 1), 1e-15);
    }

    /** A mixture of twice the same Gaussian is that Gaussian: the density on the line agrees with the exact moments. */
    @Test
    void theLineAndTheMomentsAgree() {
        for (double bias : new double[] {0, 0.3}) {
            Gap moments = gap(ProductLaw.gaussian(0, 0.25, 3), 2, 20, bias);
            Gap line = gap(ProductLaw.mixture(0, 0.25, 3), 2, 20, bias);
            assertEquals(moments.kl(), line.kl(), 1e-9);
            assertEquals(moments.w2(), line.w2(), 1e-5);
            assertEquals(moments.leastTv(), line.leastTv(), 1e-7);
            assertEquals(moments.mostTv(), line.mostTv(), 1e-7);
            GirsanovBound one = bound(ProductLaw.gaussian(0, 0.25, 3), 2, 20, bias);
            GirsanovBound other = bound(ProductLaw.mixture(0, 0.25, 3), 2, 20, bias);
            assertEquals(one.kl(), other.kl(), 1e-9);
        }
    }

    /** The bound of paths falls as h, the gap of the ends as h^2: halving h halves the one and quarters the other. */
    @Test
    void stepsCostWhatTheTheorySays() {
        for (ProductLaw data : List.of(ProductLaw.gaussian(0.5, 0.25, 1), ProductLaw.mixture(1, 0.5, 1))) {
            GirsanovBound coarse = bound(data, 6, 200, 0);
            GirsanovBound fine = bound(data, 6, 400, 0);
            assertEquals(1, Math.log(coarse.steps() / fine.steps()) / Math.log(2), 0.06);
            Gap coarseGap = gap(data, 6, 200, 0);
            Gap fineGap = gap(data, 6, 400, 0);
            assertEquals(2, Math.log(coarseGap.kl() / fineGap.kl()) / Math.log(2), 0.1);
        }
    }

    /**
     * E|s(X_t) - s(X_r)|^2 of Gaussian data by variances and covariances alone, 1/C_t + 1/C_r - 2 e^-(t - r)/C_t with C = 1 + (v - 1) e^-2r, integrated over each step by
     * Simpson's rule; of N(0, 1) a step costs 2 (h - 1 + e^-h).
     */
    @Test
    void stepsOfGaussiansCostTheirClosedForm() {
        double h = 0.3;
        int steps = 10;
        assertEquals(
                steps * 2 * (h - 1 + Math.exp(-h)),
                bound(ProductLaw.gaussian(0, 1, 1), 3, steps, 0).steps(),
                1e-12);
        double sum = 0;
        for (int k = 0; k < steps; k++) {
            double t = h * (k + 1);
            double last = 1 - 0.75 * Math.exp(-2 * t);
            int parts = 400;
            for (int i = 0; i <= parts; i++) {
                double r = t - h + h * i / parts;
                double now = 1 - 0.75 * Math.exp(-2 * r);
                double apart = 1 / last + 1 / now - 2 * Math.exp(r - t) / last;
                sum += (i == 0 || i == parts ? 1 : i % 2 == 1 ? 4 : 2) * apart * h / parts / 3;
            }
        }
        assertEquals(
                3 * sum, bound(ProductLaw.gaussian(2, 0.25, 3), 3, steps, 0).steps(), 1e-7 * sum);
    }

    @Test
    void theStartIsForgottenAtTheRateOfTheProcess() {
        double three = bound(ProductLaw.gaussian(1, 1, 1), 3, 10, 0).start();
        double four = bound(ProductLaw.gaussian(1, 1, 1), 4, 10, 0).start();
        assertEquals(0.5 * Math.exp(-6), three, 1e-12); // KL(N(e^-T, 1) | N(0, 1))
        assertEquals(Math.exp(-2), four / three, 1e-9);
        Gap near = gap(ProductLaw.gaussian(1, 1, 1), 3, 2000, 0);
        assertTrue(near.kl() <= three && near.kl() > 0, near.toString());
    }

    /** A constant b costs at most T |b|^2, and the ends are off by a quarter of what grows as b. */
    @Test
    void aBiasOfTheScoreCostsItsSquareTimesTheHorizon() {
        ProductLaw data = ProductLaw.gaussian(0, 1, 4);
        assertEquals(5 * 0.09, bound(data, 5, 50, 0.3).score(), 1e-12);
        assertEquals(5 * 0.09, GirsanovBound.from(0).accumulate(2, 0.09, 5).kl(), 1e-15);
        double small = gap(data, 5, 500, 0.01).kl() - gap(data, 5, 500, 0).kl();
        double large = gap(data, 5, 500, 0.02).kl() - gap(data, 5, 500, 0).kl();
        assertEquals(4, large / small, 0.01);
    }

    @ParameterizedTest
    @CsvSource({"0,4", "0.5,0.25", "2,0.1", "0,1"})
    void whatIsMeasuredIsWithinWhatIsPromised(double mean, double variance) {
        for (ProductLaw data : List.of(
                ProductLaw.gaussian(mean, variance, 1),
                ProductLaw.gaussian(mean, variance, 7),
                ProductLaw.mixture(mean, variance, 1))) {
            for (int steps : new int[] {5, 40}) {
                for (double error : new double[] {0, 0.5}) {
                    Gap gap = gap(data, 2, steps, error / Math.sqrt(data.dimension()));
                    GirsanovBound bound = bound(data, 2, steps, error);
                    assertTrue(gap.kl() >= -1e-12 && gap.kl() <= bound.kl() + 1e-12, gap + " " + bound);
                    assertTrue(gap.leastTv() <= bound.totalVariation() + 1e-9, gap + " " + bound);
                    assertTrue(gap.leastTv() <= gap.mostTv());
                }
            }
        }
    }

    /** Data on a line in the plane: the normal coordinate ends with deviation sigma at the end, and W1 = sigma sqrt(2/pi). */
    @ParameterizedTest
    @CsvSource({"1e-1, 0.339705", "1e-2, 0.112276", "1e-3, 0.035665", "1e-4, 0.011283"})
    void stoppingEarlyCostsTheNoiseLeft(double end, double w1) {
        Sde sde = ProductLaw.ornsteinUhlenbeck(1);
        assertEquals(w1, sde.sigma(end) * Math.sqrt(2 / Math.PI), 0.5001e-6);
    }

    @ParameterizedTest
    @CsvSource({"100, 0.046357", "1000, 0.044812"})
    void theNormalCoordinateFollowsItsRecursion(int steps, double deviation) {
        Sde sde = new VpSde(0.1, 20);
        Gap gap = Gap.of(ProductLaw.gaussian(0, 0, 1), EI, sde, StepSchedule.GEOMETRIC.grid(sde, steps, 1e-2), 0);
        assertEquals(deviation, gap.w2ToData(), 0.5001e-6);
        assertEquals(0.044643, sde.sigma(1e-2), 0.5001e-6);
    }

    /** De Bruijn's identity: dKL(p_t | N(0, 1))/dt = -E|grad log (p_t / N(0, 1))|^2 = -(J - 2 + E x^2). */
    @ParameterizedTest
    @CsvSource({"0.1, -2.819092", "0.5, -0.932862", "1, -0.315971"})
    void informationFallsByTheRelativeFisherInformation(double t, double rate) {
        Sde sde = ProductLaw.ornsteinUhlenbeck(2);
        for (ProductLaw data : List.of(ProductLaw.gaussian(1.5, 0.25, 1), ProductLaw.mixture(1.5, 0.25, 1))) {
            double u = t / 2;
            double slope = (data.klToNormal(sde, u + 1e-5) - data.klToNormal(sde, u - 1e-5)) / 2e-5 / 2;
            GaussianMixture law = data.at(sde, u);
            double mean = law.mean()[0];
            double fisher = data.fisher(sde, u) - 2 + law.covariance()[0][0] + mean * mean;
            assertEquals(-fisher, slope, 1e-6);
            if (data.gaussian()) {
                assertEquals(rate, slope, 1e-6);
            }
        }
    }

    @Test
    void constantsOfTheDataAreClosedForms() {
        Sde sde = ProductLaw.ornsteinUhlenbeck(5);
        assertEquals(4, ProductLaw.gaussian(1, 0.25, 3).lipschitz(sde, 0), 1e-12);
        assertEquals(32, ProductLaw.mixture(1.5, 0.25, 1).lipschitz(sde, 0), 1e-3); // m^2/v^2 - 1/v, at 0
        assertEquals(3 * 1.25, ProductLaw.gaussian(1, 0.25, 3).secondMoment(), 1e-12);
    }

    @Test
    void theBudgetMakesEachTermAtMostEpsilon() {
        for (ProductLaw data : List.of(ProductLaw.gaussian(1, 0.25, 10), ProductLaw.mixture(1.5, 0.25, 4))) {
            double l = data.lipschitz(ProductLaw.ornsteinUhlenbeck(5), 0);
            double m2 = Math.sqrt(data.secondMoment());
            ConvergenceBudget budget = ConvergenceBudget.ddpm(l, data.dimension(), m2, 0.1);
            ConvergenceBudget.Terms terms = budget.terms();
            double most = 0.1 * (1 + 1e-9);
            assertTrue(terms.start() <= most && terms.steps() <= most && terms.score() <= most, budget.toString());
            assertTrue(terms.steps() > 0.09, "no more steps than it takes: " + budget);
            double kl = 0.5 * (l * data.dimension() + m2 * m2 - 2 * data.dimension());
            assertTrue(data.klToNormal() <= kl, "the logarithmic Sobolev inequality");
        }
        double many = ConvergenceBudget.ddpm(1, 1_000_000, 1000, 0.5).steps();
        double more = ConvergenceBudget.ddpm(1, 4_000_000, 2000, 0.5).steps();
        assertEquals(4, more / many, 0.3); // N grows as d, but for a logarithm
    }

    @Test
    void badQuestionsAreRefused() {
        Sde sde = ProductLaw.ornsteinUhlenbeck(2);
        assertThrows(IllegalArgumentException.class, () -> ProductLaw.ornsteinUhlenbeck(0));
        assertThrows(IllegalArgumentException.class, () -> ProductLaw.gaussian(0, -1, 1));
        assertThrows(IllegalArgumentException.class, () -> ProductLaw.gaussian(0, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> StepSchedule.GEOMETRIC.grid(sde, 10, 0));
        assertThrows(IllegalArgumentException.class, () -> ConvergenceBudget.ddpm(1, 1, 1, 1));
        assertThrows(IllegalArgumentException.class, () -> GirsanovBound.from(0).accumulate(1, -1, 1));
        assertTrue(assertThrows(
                        IllegalArgumentException.class,
                        () -> Gap.of(
                                ProductLaw.mixture(1, 1, 1),
                                new EulerMaruyama(),
                                sde,
                                StepSchedule.GEOMETRIC.grid(sde, 100, 1e-6),
                                0))
                .getMessage()
                .contains("too fine"));
    }
}
