package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.plan.AffineField;
import org.tweedie.plan.Interpreter;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;
import org.tweedie.sde.NonUniformSde.Block;

/** Blocks that move each at its own speed: every method samples them, with exact scores the exact law comes out at the method's order. */
class NonUniformSdeTest {
    /** Correlated data of four coordinates: across blocks too. */
    private static final double[] MEAN = {1, -2, 0.5, 0};

    private static final double[][] COVARIANCE = {
        {1, 0.4, 0.3, 0.1}, {0.4, 2, -0.5, 0.2}, {0.3, -0.5, 0.7, 0.25}, {0.1, 0.2, 0.25, 0.5}
    };

    /** Three scales that leave at 1/3, 2/3 and 1. */
    static NonUniformSde scales() {
        return new NonUniformSde(List.of(
                block("d1", 2, new LogSnrVpSde(1.0 / 3)),
                block("d2", 1, new LogSnrVpSde(2.0 / 3)),
                block("a", 1, new LogSnrVpSde(1))));
    }

    /** Speeds of their own on one interval. */
    static NonUniformSde speeds() {
        return new NonUniformSde(List.of(block("slow", 1, new VpSde(0.1, 8)), block("fast", 3, new VpSde(0.1, 20))));
    }

    static Block block(String name, int width, Sde sde) {
        return new Block(name, sde.on(Space.euclidean(width)));
    }

    /** The scores of what lives in each interval: those of the Gaussian law of these coordinates, exactly. */
    static Map<String, AffineField> exact(NonUniformSde process) {
        Map<String, AffineField> fields = new HashMap<>();
        for (int i = 0; i < process.intervals(); i++) {
            List<Integer> alive = process.alive(i);
            fields.put(process.field(i), t -> {
                double[][] covariance = law(process, alive, t);
                double[] mean = mean(process, alive, t);
                double[][] matrix = minusInverse(covariance);
                double[] offset = new double[mean.length];
                for (int r = 0; r < offset.length; r++) {
                    for (int c = 0; c < offset.length; c++) {
                        offset[r] -= matrix[r][c] * mean[c];
                    }
                }
                return new AffineField.Affine(matrix, offset);
            });
        }
        return fields;
    }

    private static double[][] minusInverse(double[][] symmetric) {
        SymmetricEigen eigen = SymmetricEigen.of(symmetric);
        double[][] inverse = new double[symmetric.length][symmetric.length];
        for (int i = 0; i < inverse.length; i++) {
            for (int j = 0; j < inverse.length; j++) {
                for (int k = 0; k < inverse.length; k++) {
                    inverse[i][j] -= eigen.vectors()[i][k] * eigen.vectors()[j][k] / eigen.values()[k];
                }
            }
        }
        return inverse;
    }

    private static int[] coordinates(NonUniformSde process, List<Integer> alive) {
        List<Integer> chosen = new ArrayList<>();
        int at = 0;
        for (int b = 0; b < process.blocks().size(); b++) {
            for (int d = 0; d < process.blocks().get(b).width(); d++, at++) {
                if (alive.contains(b)) {
                    chosen.add(at);
                }
            }
        }
        return chosen.stream().mapToInt(Integer::intValue).toArray();
    }

    /** alpha or sigma of each chosen coordinate. */
    private static double[] each(NonUniformSde process, List<Integer> alive, IntToDoubleFunction ofBlock) {
        List<Double> values = new ArrayList<>();
        for (int b : alive) {
            for (int d = 0; d < process.blocks().get(b).width(); d++) {
                values.add(ofBlock.applyAsDouble(b));
            }
        }
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }

    static double[] mean(NonUniformSde process, List<Integer> alive, double t) {
        double[] alpha = each(process, alive, b -> process.blocks().get(b).sde().alpha(t));
        int[] at = coordinates(process, alive);
        double[] mean = new double[at.length];
        for (int i = 0; i < at.length; i++) {
            mean[i] = alpha[i] * MEAN[at[i]];
        }
        return mean;
    }

    /** A_t C A_t + S_t^2, A and S diagonal: the closed form of the marginal. */
    static double[][] law(NonUniformSde process, List<Integer> alive, double t) {
        double[] alpha = each(process, alive, b -> process.blocks().get(b).sde().alpha(t));
        double[] sigma = each(process, alive, b -> process.blocks().get(b).sde().sigma(t));
        int[] at = coordinates(process, alive);
        double[][] law = new double[at.length][at.length];
        for (int i = 0; i < at.length; i++) {
            for (int j = 0; j < at.length; j++) {
                law[i][j] = alpha[i] * alpha[j] * COVARIANCE[at[i]][at[j]] + (i == j ? sigma[i] * sigma[i] : 0);
            }
        }
        return law;
    }

    static Stream<Method> methods() {
        return Stream.of(
                new EulerMaruyama(),
                new ReverseDiffusion(),
                new Ancestral(),
                new ExponentialIntegrator(),
                new ProbabilityFlowEuler(),
                new MarginalFamily(0.5),
                new Ddim(0),
                new Ddim(1),
                new DpmSolver1S(),
                new DpmSolver2M(),
                new DpmSolver2S(),
                new Heun(),
                new UniPc(2),
                new PredictorCorrector(0.1));
    }

    @ParameterizedTest
    @MethodSource("methods")
    void everyMethodReachesTheLawOfEveryScale(Method method) {
        // the start and each scale that joins is N(0, I), not quite the law there: alpha^2 of 5e-5
        double coarse = error(method, scales(), 240);
        double fine = error(method, scales(), 480);
        assertTrue(fine < 0.3, () -> method.spec() + ": " + fine);
        assertTrue(fine < 0.6 * coarse || fine < 0.012, () -> method.spec() + ": " + coarse + " then " + fine);
    }

    @Test
    void ordersOfConvergenceAreThoseOfOneRegister() {
        // against the finest run, so that what is left of the data at T does not count
        assertEquals(1, order(new Ddim(0), scales()), 0.15);
        assertEquals(1, order(new EulerMaruyama(), speeds()), 0.15);
        assertEquals(2, order(new Heun(), scales()), 0.25);
        assertEquals(2, order(new DpmSolver2M(), speeds()), 0.25);
    }

    private static double order(Method method, NonUniformSde process) {
        double[][] finest = after(method, process, 6400);
        double coarse = distance(after(method, process, 200), finest);
        double fine = distance(after(method, process, 400), finest);
        return Math.log(coarse / fine) / Math.log(2);
    }

    private static double distance(double[][] a, double[][] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < a.length; j++) {
                sum += Math.pow(a[i][j] - b[i][j], 2);
            }
        }
        return Math.sqrt(sum);
    }

    private static double[][] after(Method method, NonUniformSde process, int steps) {
        Plan plan = process.plan(method, process.grid(GridShape.LOGSNR, steps));
        Moments moments = MomentOracle.after(plan, exact(process));
        return moments.covariance(plan.register("x"));
    }

    private static double error(Method method, NonUniformSde process, int steps) {
        List<Integer> all = process.alive(0);
        return distance(after(method, process, steps), law(process, all, process.cutoff()));
    }

    @Test
    void theScoreOfAnIntervalIsOfWhatLivesThere() {
        NonUniformSde process = scales();
        assertEquals(3, process.intervals());
        assertEquals(List.of(0, 1, 2), process.alive(0));
        assertEquals(List.of(2), process.alive(2));
        Plan plan = new MethodSpec(new Heun(), 31, GridShape.UNIFORM).plan(process);
        Map<String, Integer> asked = new HashMap<>();
        long numbers = 0;
        for (var step : plan.steps()) {
            for (Stage stage : step.stages()) {
                if (stage instanceof Stage.Evaluate evaluate) {
                    asked.merge(evaluate.field(), 1, Integer::sum);
                    assertTrue(evaluate.t().at() <= process.end(2));
                    int interval = Integer.parseInt(evaluate.field().substring("score.".length())) - 1;
                    assertTrue(evaluate.t().at() <= process.end(interval)
                            && evaluate.t().at() >= process.start(interval));
                    int width = 0;
                    for (int r : evaluate.from()) {
                        width += plan.registers().get(r).width();
                    }
                    assertEquals(process.width(interval), width);
                    numbers += width;
                }
            }
        }
        // 31 steps: 10 to 1/3, 21 to 2/3, 31; two evaluations each. Of 4 coordinates, 4, 2 and 1 live.
        assertEquals(Map.of("score.3", 20, "score.2", 22, "score.1", 20), asked);
        assertEquals(20 + 2 * 22 + 4 * 20, numbers); // of 4 * 62 = 248 that one speed for all would take: 0.58
        assertEquals(62, plan.evaluations());
    }

    @Test
    void oneBlockIsThePlanOfItsProcess() {
        Sde sde = new VpSde().on(Space.euclidean(2));
        NonUniformSde single = new NonUniformSde(List.of(new Block("x", sde)));
        MethodSpec spec = MethodSpec.parse("dpm2m@7");
        Plan ours = spec.plan(single);
        Plan theirs = spec.plan(sde);
        assertEquals(theirs.registers(), ours.registers());
        assertEquals(spec.grid(sde), spec.grid(single));
        GaussianMixture data = GaussianMixture.gaussian(new double[] {1, -2}, new double[][] {{0.5, 0.3}, {0.3, 4}});
        Map<String, AffineField> score = Map.of(Sde.SCORE, data.affineScore(sde));
        for (long index = 0; index < 3; index++) {
            assertArrayEquals(
                    Interpreter.of(theirs, score).row(5, index).outputs()[0],
                    Interpreter.of(ours, score).row(5, index).outputs()[0]);
        }
    }

    @Test
    void blocksOfOneSpeedDrawNoiseOfTheirOwn() {
        NonUniformSde twice = new NonUniformSde(List.of(block("a", 1, new VpSde()), block("b", 1, new VpSde())));
        Plan plan = twice.plan(new EulerMaruyama(), twice.grid(GridShape.UNIFORM, 50));
        GaussianMixture data = GaussianMixture.gaussian(new double[] {0, 0}, new double[][] {{1, 0}, {0, 1}});
        Moments moments =
                MomentOracle.after(plan, Map.of(Sde.SCORE, data.affineScore(new VpSde().on(Space.euclidean(2)))));
        assertEquals(0, moments.covariance(plan.register("x"))[0][1], 1e-12);
    }

    @Test
    void gridsStepOnEveryEnd() {
        NonUniformSde process = scales();
        for (GridShape shape : GridShape.values()) {
            for (int steps : new int[] {3, 4, 7, 100}) {
                TimeGrid grid = process.grid(shape, steps);
                assertEquals(steps, grid.steps());
                for (int i = 0; i < 3; i++) {
                    double end = process.end(i);
                    assertTrue(java.util.Arrays.stream(grid.times()).anyMatch(t -> t == end), shape + " " + grid);
                }
                assertEquals(process.cutoff(), grid.times()[steps]);
            }
        }
        assertEquals(0.2, process.timeOfLogSnr(0, process.logSnr(0, 0.2)), 1e-12);
        assertThrows(IllegalArgumentException.class, () -> process.grid(GridShape.UNIFORM, 2));
        assertThrows(
                IllegalArgumentException.class,
                () -> process.plan(new EulerMaruyama(), TimeGrid.uniform(process, 10))); // not on 1/3
    }

    @Test
    void methodsThatDoNotKeepCommonTimesAreRefused() {
        NonUniformSde process = speeds();
        for (String method : List.of("rk45:1e-3@100", "edm:10@20")) {
            IllegalArgumentException refused = assertThrows(
                    IllegalArgumentException.class,
                    () -> MethodSpec.parse(method).plan(process),
                    method);
            assertTrue(refused.getMessage().contains("take em"), refused.getMessage());
        }
    }

    @Test
    void specsAreReadBack() {
        for (String spec : List.of(
                "nonuniform:2*vp:0.1,20/1*vp:0.1,10", "nonuniform:4*vp-logsnr:10,-10,0.5/4*vp-logsnr:10,-10,1")) {
            assertEquals(spec, NonUniformSde.parse(spec).spec());
        }
        for (String wrong : List.of(
                "nonuniform:", "nonuniform:vp", "nonuniform:0*vp", "nonuniform:2*vq", "nonuniform:1*vp/", "vp")) {
            assertThrows(IllegalArgumentException.class, () -> NonUniformSde.parse(wrong), wrong);
        }
        assertThrows(
                IllegalArgumentException.class,
                () -> NonUniformSde.parse("nonuniform:1*vp-logsnr:10,-10,0.5/1*vp:0.1,20,0.6"));
    }
}
