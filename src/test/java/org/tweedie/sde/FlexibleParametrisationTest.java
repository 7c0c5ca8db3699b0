package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.tweedie.sde.MethodContractTest.assertSays;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.Program;
import org.tweedie.execution.Progress;
import org.tweedie.execution.Sampling;
import org.tweedie.plan.Interpreter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.RowField;
import org.tweedie.plan.Space;
import org.tweedie.score.GaussianMixtureScore;

/** What a network of a process of matrices learns: with the best output the score is the exact one; with R = I and omega = 0 it is VP's. */
class FlexibleParametrisationTest {
    /** The target of x0 and eps, by the matrix that pairs are made by. */
    static double[] target(FlexibleMoment at, double[] x0, double[] eps) {
        double[][] pairs = at.pairs();
        double[] target = new double[x0.length];
        for (int j = 0; j < target.length; j++) {
            for (int i = 0; i < x0.length; i++) {
                target[j] += pairs[i][j] * x0[i] + pairs[x0.length + i][j] * eps[i];
            }
        }
        return target;
    }

    private static final double[][] DATA = {{1.5, 0.6, 0}, {0.6, 0.4, -0.1}, {0, -0.1, 0.9}};

    private static double[][] times(double[][] a, double[][] b) {
        return SquareMatrix.product(a, b);
    }

    /** The columns of a linear map. */
    private interface Linear {
        double[] of(double[] x);
    }

    private static double[][] matrix(Linear map) {
        double[][] matrix = new double[3][3];
        for (int j = 0; j < 3; j++) {
            double[] one = new double[3];
            one[j] = 1;
            double[] column = map.of(one);
            for (int i = 0; i < 3; i++) {
                matrix[i][j] = column[i];
            }
        }
        return matrix;
    }

    /** For N(0, C) rows the least squares of target on x is Cov(target, x) Cov(x)^-1 x; its score is -(E C E' + Sigma)^-1 x. */
    @Test
    void theBestOutputOfGaussianRowsIsTheirScore() {
        for (long seed = 0; seed < 6; seed++) {
            FlexibleSde sde = FlexibleSdeTest.some(3, seed);
            FlexibleParametrisation p = new FlexibleParametrisation(sde);
            for (double t : new double[] {1e-3, 0.05, 0.3, 1}) {
                FlexibleMoment at = p.at(t);
                double[][] e = sde.transition(sde.clock(t));
                double[][] law = SquareMatrix.sum(
                        1, times(times(e, DATA), SquareMatrix.transposed(e)), 1, sde.covariance(sde.clock(t)));
                double[][] lower = SquareMatrix.inverseLower(SquareMatrix.cholesky(law));
                double[][] precision = times(SquareMatrix.transposed(lower), lower);
                double[][] ofX0 = matrix(x -> target(at, x, new double[3]));
                double[][] ofEps = matrix(eps -> target(at, new double[3], eps));
                double[][] clean = matrix(x -> at.noisy(x, new double[3]));
                double[][] noise = matrix(eps -> at.noisy(new double[3], eps));
                double[][] cross = SquareMatrix.sum(
                        1,
                        times(times(ofX0, DATA), SquareMatrix.transposed(clean)),
                        1,
                        times(ofEps, SquareMatrix.transposed(noise)));
                double[][] best = times(cross, precision);
                for (int i = 0; i < 3; i++) {
                    for (int j = 0; j < 3; j++) {
                        double score = at.gain(i) * best[i][j] - (i == j ? 1 : 0);
                        assertEquals(-precision[i][j], score, 1e-9 * (1 + Math.abs(precision[i][j])), sde + " at " + t);
                    }
                }
                // rows of N(0, I) have targets whose variance is 1 in the mean
                double variance = 0;
                for (int i = 0; i < 9; i++) {
                    variance += (Math.pow(ofX0[i / 3][i % 3], 2) + Math.pow(ofEps[i / 3][i % 3], 2)) / 3;
                }
                assertEquals(1, variance, 1e-9, sde + " at " + t);
            }
        }
    }

    @Test
    void withoutMatricesItIsVps() {
        FlexibleSde plain = FlexibleSde.standard(3);
        VpSde vp = new VpSde().on(Space.euclidean(3));
        FlexibleParametrisation p = new FlexibleParametrisation(plain);
        Parametrisation theirs = Parametrisation.preconditioned(vp, Prediction.DENOISED, 1);
        double[] x0 = {0.3, -2, 1};
        double[] eps = {1.1, 0.4, -0.7};
        for (double t : new double[] {1e-3, 0.1, 0.5, 1}) {
            assertEquals(theirs.networkTime(t), p.networkTime(t));
            assertEquals(theirs.gain(t), p.at(t).gain(1), 1e-12 * theirs.gain(t));
            for (int i = 0; i < 3; i++) {
                double target = theirs.targetX0(t) * x0[i] + theirs.targetEps(t) * eps[i];
                assertEquals(target, target(p.at(t), x0, eps)[i], 1e-12);
            }
            assertEquals(
                    0.5 * vp.beta(t) * theirs.gain(t) * theirs.gain(t),
                    p.at(t).weight(),
                    1e-9 * p.at(t).weight());
        }
        TimeGrid grid = TimeGrid.uniform(vp, 5);
        for (OneStep method : List.of(new EulerMaruyama(), new ProbabilityFlowEuler(), new ExponentialIntegrator())) {
            assertEquals(
                    theirs.fold(Sde.SCORE, "network")
                            .steer(method.plan(vp, grid))
                            .toString(),
                    p.fold(Sde.SCORE, "network").steer(method.plan(plain, grid)).toString());
        }
    }

    /** Where nothing of a row is left, its target is a number all the same. */
    @Test
    void aRateThatLeavesNothingLeavesNumbers() {
        FlexibleSde sde = FlexibleSde.standard(2).with(new double[] {1000, 900}, new double[1]);
        FlexibleMoment at = new FlexibleParametrisation(sde).at(1);
        for (double target : target(at, new double[] {1, -1}, new double[] {1, 1})) {
            assertTrue(Double.isFinite(target), () -> "target " + target);
        }
        assertEquals(0, at.weight(), 1e-100);
    }

    /** Every sampler of a process of matrices, folded or not, in f32 on each device beside its plan in double. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void everyDeviceSamplesAsTheInterpreter(Device device) {
        VpSde vp = new VpSde().on(Space.euclidean(3));
        GaussianMixture mixture = new GaussianMixture(
                new double[] {0.4, 0.6}, new double[][] {{1, 0, -1}, {-0.5, 0.3, 0.8}}, new double[][][] {
                    {{0.3, 0, 0}, {0, 0.5, 0}, {0, 0, 0.2}}, {{0.6, 0, 0}, {0, 0.1, 0}, {0, 0, 0.4}}
                });
        GaussianMixtureScore field = new GaussianMixtureScore(mixture, vp);
        RowField exact = mixture.score(vp);
        for (FlexibleSde sde : List.of(
                FlexibleSdeTest.some(3, 4),
                FlexibleSde.standard(3).with(new double[] {1.3, 1.3, 1.3}, new double[] {0.4, -0.6, 0.2}))) {
            TimeGrid grid = TimeGrid.quadratic(sde, 9);
            for (OneStep method :
                    List.of(new EulerMaruyama(), new ProbabilityFlowEuler(), new ExponentialIntegrator())) {
                Plan straight = method.plan(sde, grid);
                Plan folded = new FlexibleParametrisation(sde)
                        .fold(Sde.SCORE, "network")
                        .steer(straight);
                assertSamples(device, straight, Map.of(Sde.SCORE, field), Map.of(Sde.SCORE, exact));
                // the network is told ln(sigma/alpha)/4, for the mixture some time as any other
                RowField told = (from, t, into) -> exact.evaluate(from, 0.5 + 0.1 * t, into);
                Interpreter.Row row =
                        Interpreter.of(folded, Map.of("network", told)).row(7, 2);
                double[] by = unfolded(straight, sde, told).row(7, 2).outputs()[0];
                for (int i = 0; i < 3; i++) {
                    assertEquals(by[i], row.outputs()[0][i], 1e-9 * (1 + Math.abs(by[i])), method.spec());
                }
            }
        }
    }

    /** The plan with a score made of the network's output by hand. */
    private static Interpreter unfolded(Plan plan, FlexibleSde sde, RowField network) {
        FlexibleParametrisation p = new FlexibleParametrisation(sde);
        RowField score = (from, t, into) -> {
            network.evaluate(from, p.networkTime(t), into);
            FlexibleMoment at = p.at(t);
            for (int i = 0; i < 3; i++) {
                into[0][i] = at.gain(i) * into[0][i] - from[0][i];
            }
        };
        return Interpreter.of(plan, Map.of(Sde.SCORE, score));
    }

    private static void assertSamples(
            Device device, Plan plan, Map<String, GaussianMixtureScore> fields, Map<String, RowField> exact) {
        Interpreter interpreter = Interpreter.of(plan, exact);
        int[] seen = new int[1];
        try (Sampling sampling = Sampling.open(Program.of(plan, Map.copyOf(fields)), device, 33, false, "graph")) {
            sampling.run(3, 0, 33, Map.of(), Progress.NONE, new CancelToken(), (done, rows, outputs, traces) -> {
                for (int r = 0; r < rows; r++) {
                    double[] expected = interpreter.row(3, done + r).outputs()[0];
                    for (int d = 0; d < 3; d++) {
                        assertEquals(expected[d], outputs.get(0)[3 * r + d], 3e-4 * (1 + Math.abs(expected[d])));
                    }
                }
                seen[0] += rows;
            });
        }
        assertEquals(33, seen[0]);
    }

    @Test
    void specsAreReadAgain() {
        for (String spec : List.of(
                "flexible:0.1,20,0.001;1",
                "flexible-drift:0.1,20,0.001;1,1;0.3",
                "flexible-noise:0.2,9,0.01;1.2,0.7",
                "flexible:0.1,20,0.001;1.25,0.5,2;0.5,-1,0.25")) {
            assertEquals(spec, ProcessSpec.process(spec).spec());
            assertEquals(ProcessSpec.process(spec), ProcessSpec.process(spec));
        }
        assertEquals(FlexibleSde.standard(3), ProcessSpec.process("flexible").on(Space.euclidean(3)));
        assertEquals(
                "flexible-noise:0.2,9,0.001;1,1",
                ProcessSpec.process("flexible-noise:0.2,9")
                        .on(Space.euclidean(2))
                        .spec());
        assertSays("1 numbers of its clock", () -> ProcessSpec.process("flexible:3"));
        assertSays("parts after", () -> ProcessSpec.process("flexible:0.1,20;1;;"));
        assertSays("'x' in", () -> ProcessSpec.process("flexible:0.1,20;x"));
        assertSays("has matrices for coefficients", () -> ProcessSpec.parse("flexible"));
        assertSays("1 to 64 coordinates", () -> ProcessSpec.process("flexible").on(Space.euclidean(1 << 30)));
        assertSays("did you mean flexible?", () -> ProcessSpec.process("flexibel"));
    }
}
