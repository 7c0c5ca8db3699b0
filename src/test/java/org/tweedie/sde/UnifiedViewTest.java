package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One model seen as DDPM, score and variational diffusion model: what a step costs, in all its published forms (Luo, arXiv 2208.11970,
 * equations 99, 108, 130 and 148; Kingma et al., arXiv 2107.00630, equation 14), and what a network may predict.
 */
class UnifiedViewTest {
    static Stream<Sde> processes() {
        return Stream.of(new VpSde(), VpSde.cosine(), new VpSde(0.05, 12));
    }

    /** A step from t to s of one coordinate, with the truth and a guess of it. */
    private record Case(Sde sde, double s, double t, double x0, double eps, double guess) {
        double noisy() {
            return sde.alpha(t) * x0 + sde.sigma(t) * eps;
        }

        /** E[z_s | z_t, x0] of the chain, in DDPM's letters. */
        double mean(double clean) {
            double ofT = Math.pow(sde.alpha(t), 2);
            double ofS = Math.pow(sde.alpha(s), 2);
            double a = ofT / ofS;
            return (Math.sqrt(a) * (1 - ofS) * noisy() + Math.sqrt(ofS) * (1 - a) * clean) / (1 - ofT);
        }

        double variance() {
            double ofT = Math.pow(sde.alpha(t), 2);
            double ofS = Math.pow(sde.alpha(s), 2);
            return (1 - ofT / ofS) * (1 - ofS) / (1 - ofT);
        }

        double noise(double clean) {
            return (noisy() - sde.alpha(t) * clean) / sde.sigma(t);
        }
    }

    private static List<Case> cases(Sde sde) {
        SplittableRandom random = new SplittableRandom(4);
        return Stream.generate(() -> {
                    double t = 0.1 + 0.8 * random.nextDouble();
                    return new Case(
                            sde,
                            t * (0.2 + 0.7 * random.nextDouble()),
                            t,
                            random.nextGaussian(),
                            random.nextGaussian(),
                            random.nextGaussian());
                })
                .limit(50)
                .toList();
    }

    private static void assertClose(double expected, double got, String what) {
        assertEquals(expected, got, 1e-9 * Math.abs(expected) + 1e-13, what);
    }

    @ParameterizedTest
    @MethodSource("processes")
    void whatAStepCostsIsTheSameInAllLetters(Sde sde) {
        for (Case one : cases(sde)) {
            double kl = Math.pow(one.mean(one.x0) - one.mean(one.guess), 2) / (2 * one.variance());
            double ofT = Math.pow(sde.alpha(one.t), 2);
            double a = ofT / Math.pow(sde.alpha(one.s), 2);
            double clean = Math.pow(one.x0 - one.guess, 2);
            double noise = Math.pow(one.eps - one.noise(one.guess), 2);
            double score = noise / Math.pow(sde.sigma(one.t), 2); // of -eps/sigma
            assertClose(kl, 0.5 * (Math.exp(sde.logSnr(one.s)) - Math.exp(sde.logSnr(one.t))) * clean, "clean row");
            assertClose(kl, Math.pow(1 - a, 2) / (2 * one.variance() * (1 - ofT) * a) * noise, "noise");
            assertClose(kl, Math.pow(1 - a, 2) / (2 * one.variance() * a) * score, "score");
            assertClose(kl, 0.5 * Math.expm1(sde.logSnr(one.s) - sde.logSnr(one.t)) * noise, "log-SNR");
        }
    }

    /** In continuous time gamma' on the noise is g^2 on the score, the weight of the likelihood. */
    @ParameterizedTest
    @MethodSource("processes")
    void theLimitIsTheLikelihoodsWeight(Sde sde) {
        for (Case one : cases(sde)) {
            double h = 1e-5;
            double slope = (sde.logSnr(one.t - h) - sde.logSnr(one.t + h)) / (2 * h);
            double ofScore = Weighting.LIKELIHOOD.ofScore(sde, one.t, 1) / Math.pow(sde.sigma(one.t), 2);
            assertEquals(ofScore, slope, 1e-6 * slope);
        }
    }

    /** Whatever is predicted, plain or preconditioned, the same guess is the same score: Tweedie's formula. */
    @ParameterizedTest
    @MethodSource("processes")
    void everyPredictionIsTheSameScore(Sde sde) {
        for (Case one : cases(sde)) {
            double noise = one.noise(one.guess);
            double score = -noise / sde.sigma(one.t);
            assertClose(
                    sde.alpha(one.t) * one.guess,
                    one.noisy() + Math.pow(sde.sigma(one.t), 2) * score,
                    "Tweedie's formula");
            for (Prediction prediction : Prediction.values()) {
                for (Parametrisation as : List.of(
                        Parametrisation.plain(sde, prediction), Parametrisation.preconditioned(sde, prediction, 0.7))) {
                    double out = as.targetX0(one.t) * one.guess + as.targetEps(one.t) * noise;
                    double back = as.skip(one.t) * one.noisy() + as.gain(one.t) * out;
                    assertEquals(
                            score,
                            back,
                            1e-9 * (1 + Math.abs(one.noisy()) / Math.pow(sde.sigma(one.t), 2)),
                            as.toString());
                }
            }
        }
    }
}
