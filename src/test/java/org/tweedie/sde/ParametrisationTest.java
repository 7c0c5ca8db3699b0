package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.plan.AffineField;
import org.tweedie.plan.CellTable;
import org.tweedie.plan.GivenInputs;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;

class ParametrisationTest {
    static Stream<Parametrisation> all() {
        return SdeList.all()
                .flatMap(sde -> Stream.of(Prediction.values())
                        .flatMap(prediction -> Stream.of(
                                Parametrisation.plain(sde, prediction),
                                Parametrisation.preconditioned(sde, prediction, 0.5),
                                Parametrisation.preconditioned(sde, prediction, 1),
                                Parametrisation.preconditioned(sde, prediction, 3))));
    }

    static Stream<Arguments> withMethods() {
        return all().flatMap(p ->
                Stream.of("ddim:0.5@20", "dpm2m@10", "edm:5@9", "pc:0.16@30").map(m -> arguments(p, m)));
    }

    /** With x_t = alpha x0 + sigma eps and the target put out, the score is -eps/sigma, whatever x0 and eps are. */
    @ParameterizedTest
    @MethodSource("all")
    void targetGivesTheConditionalScore(Parametrisation p) {
        Sde sde = p.sde();
        for (double t : TimeGrid.uniformLogSnr(sde, 12).times()) {
            double ofX0 = p.skip(t) * sde.alpha(t) + p.gain(t) * p.targetX0(t);
            double ofEps = p.skip(t) * sde.sigma(t) + p.gain(t) * p.targetEps(t);
            assertEquals(0, ofX0, 1e-12 * Math.abs(p.gain(t)));
            assertEquals(-1 / sde.sigma(t), ofEps, 1e-11 / sde.sigma(t));
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void preconditionedInputsAndTargetsHaveVarianceOne(Parametrisation p) {
        if (p.dataScale().isEmpty()) {
            assertEquals(1, p.inputScale(0.5));
            assertEquals(0.5, p.networkTime(0.5));
            return;
        }
        double c = p.dataScale().getAsDouble();
        for (double t : TimeGrid.uniformLogSnr(p.sde(), 12).times()) {
            double input = p.inputScale(t)
                    * p.inputScale(t)
                    * (Math.pow(p.sde().alpha(t) * c, 2) + Math.pow(p.sde().sigma(t), 2));
            assertEquals(1, input, 1e-13);
            assertEquals(1, Math.pow(p.targetX0(t) * c, 2) + Math.pow(p.targetEps(t), 2), 1e-13);
        }
    }

    /** EDM's own letters: c_skip, c_out, c_in, c_noise, weight lambda c_out^2 = 1 (Karras et al. 2022, table 1). */
    @Test
    void denoisedIsEdmOnAnExplodingProcess() {
        VeSde sde = new VeSde(0.002, 80);
        double c = 0.5;
        Parametrisation p = Parametrisation.preconditioned(sde, Prediction.DENOISED, c);
        for (double t : TimeGrid.uniform(sde, 9).times()) {
            double n = sde.sigma(t);
            double skip = c * c / (n * n + c * c);
            double out = n * c / Math.sqrt(n * n + c * c);
            assertEquals(1 / Math.sqrt(n * n + c * c), p.inputScale(t), 1e-13 / c);
            assertEquals(Math.log(n) / 4, p.networkTime(t), 1e-14);
            // score = (D - x)/n^2
            assertEquals((skip - 1) / (n * n), p.skip(t), 1e-9 / (n * n));
            assertEquals(out / (n * n), p.gain(t), 1e-12 * out / (n * n));
            assertEquals(1, p.weight(Weighting.EDM, t), 1e-12);
        }
    }

    /** The network that is exact for Gaussian data gives the same moments whatever it predicts. */
    @ParameterizedTest
    @MethodSource("withMethods")
    void allPredictionsGiveTheSamePlan(Parametrisation line, String method) {
        Sde sde = line.sde().on(Space.euclidean(2));
        Parametrisation p = new Parametrisation(sde, line.prediction(), line.dataScale());
        GaussianMixture data = GaussianMixture.gaussian(new double[] {1, -1}, new double[][] {{0.5, 0.2}, {0.2, 0.3}});
        Plan plan = MethodSpec.parse(method).plan(sde);
        Plan folded = p.fold(Sde.SCORE, "network").steer(plan);
        assertEquals(List.of("network"), folded.fields());
        assertEquals(plan.evaluations(), folded.evaluations());
        Moments expected = MomentOracle.after(plan, Map.of(Sde.SCORE, data.affineScore(sde)));
        CellTable table = CellTable.of(folded);
        Moments actual = MomentOracle.after(table, Map.of("network", exactNetwork(p, data)), Map.of());
        int x = table.outputs()[0];
        for (int i = 0; i < 2; ++i) {
            assertEquals(expected.mean(0)[i], actual.mean(x)[i], 1e-8);
            for (int j = 0; j < 2; ++j) {
                assertEquals(expected.covariance(0)[i][j], actual.covariance(x)[i][j], 1e-8);
            }
        }
    }

    /** out = (score(x; t) - skip x)/gain, as a function of the input and the network's time. */
    private static AffineField exactNetwork(Parametrisation p, GaussianMixture data) {
        AffineField score = data.affineScore(p.sde());
        return level -> {
            double t = p.dataScale().isPresent() ? p.sde().timeOfNoiseToSignal(Math.exp(4 * level)) : level;
            AffineField.Affine affine = score.at(t);
            int n = affine.offset().length;
            double[][] matrix = new double[n][n];
            double[] offset = new double[n];
            for (int i = 0; i < n; ++i) {
                offset[i] = affine.offset()[i] / p.gain(t);
                for (int j = 0; j < n; ++j) {
                    matrix[i][j] = (affine.matrix()[i][j] - (i == j ? p.skip(t) : 0)) / p.gain(t) / p.inputScale(t);
                }
            }
            return new AffineField.Affine(matrix, offset);
        };
    }

    @Test
    void weightsAreTheWeightingInTheUnitsOfTheOutput() {
        SdeList.all()
                .forEach(sde -> DoubleStream.of(0.9 * sde.horizon(), 0.3, 0.01).forEach(t -> {
                    double sigma = sde.sigma(t);
                    double alpha = sde.alpha(t);
                    double g = sde.diffusion(t);
                    assertEquals(1, Parametrisation.plain(sde, Prediction.NOISE).weight(Weighting.SIMPLE, t), 1e-13);
                    assertEquals(
                            sigma * sigma,
                            Parametrisation.plain(sde, Prediction.SCORE).weight(Weighting.SIMPLE, t),
                            1e-13 * sigma * sigma);
                    assertEquals(
                            alpha * alpha / (sigma * sigma),
                            Parametrisation.plain(sde, Prediction.DENOISED).weight(Weighting.SIMPLE, t),
                            1e-12 * alpha * alpha / (sigma * sigma));
                    assertEquals(
                            g * g / (sigma * sigma),
                            Parametrisation.plain(sde, Prediction.NOISE).weight(Weighting.LIKELIHOOD, t),
                            1e-12 * g * g / (sigma * sigma));
                    double n = sigma / alpha;
                    for (double c : new double[] {0.5, 2}) {
                        // (n^2 + c^2)/(n c)^2 on the denoised row is 1 on EDM's output
                        assertEquals(
                                1,
                                Parametrisation.preconditioned(sde, Prediction.DENOISED, c)
                                        .weight(Weighting.EDM, t),
                                1e-12);
                        double onDenoised = (n * n + c * c) / (n * n * c * c);
                        double scoreOfDenoised = alpha / (sigma * sigma);
                        assertEquals(
                                onDenoised,
                                Weighting.EDM.ofScore(sde, t, c) * scoreOfDenoised * scoreOfDenoised,
                                1e-11 * onDenoised);
                    }
                }));
    }

    @Test
    void conditionsPassThroughTheFold() {
        VpSde sde = new VpSde();
        Plan plan = GivenInputs.of(Sde.SCORE, "y", Space.euclidean(3))
                .then(Parametrisation.preconditioned(sde, Prediction.NOISE, 1).fold(Sde.SCORE, "network"))
                .steer(new Ddim(0).plan(sde, TimeGrid.uniform(sde, 2)));
        plan.steps()
                .forEach(step -> step.stages().forEach(stage -> {
                    if (stage instanceof Stage.Evaluate evaluate) {
                        assertEquals("network", evaluate.field());
                        assertEquals(2, evaluate.from().length);
                        assertEquals(
                                "y", plan.registers().get(evaluate.from()[1]).name());
                    }
                }));
        MethodContractTest.assertSays(
                "scale of the data must be positive, got 0.0",
                () -> new Parametrisation(sde, Prediction.NOISE, OptionalDouble.of(0)));
    }
}
