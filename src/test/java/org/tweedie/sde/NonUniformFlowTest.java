package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.plan.AffineField;
import org.tweedie.plan.Interpreter;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;

/** Flows of blocks that move each at its own speed, up to noise and down again, in double: against the closed form, and back at their rows. */
class NonUniformFlowTest {
    private static final double[] MEAN = {1, -2, 0.5, 0.3};
    private static final double[] VARIANCE = {1.5, 0.4, 0.7, 0.25};
    private static final double[] ROW = {0.4, -2.9, 1.1, 0.3};

    static List<NonUniformSde> processes() {
        return NonUniformDensityTest.processes();
    }

    private static Sde ofCoordinate(NonUniformSde process, int d) {
        int end = 0;
        for (NonUniformSde.Block block : process.blocks()) {
            end += block.width();
            if (d < end) {
                return block.sde();
            }
        }
        throw new AssertionError("coordinate " + d);
    }

    private static double variance(Sde sde, int d, double t) {
        return sde.alpha(t) * sde.alpha(t) * VARIANCE[d] + sde.sigma(t) * sde.sigma(t);
    }

    /** Scores of independent coordinates. */
    private static Map<String, AffineField> independent(NonUniformSde process) {
        Map<String, AffineField> fields = new HashMap<>();
        for (String field : process.scores()) {
            int interval = process.scores().indexOf(field);
            fields.put(field, t -> {
                int width = process.width(interval);
                double[][] matrix = new double[width][width];
                double[] offset = new double[width];
                int row = 0;
                int d = 0;
                for (int b = 0; b < process.blocks().size(); b++) {
                    for (int k = 0; k < process.blocks().get(b).width(); k++, d++) {
                        if (process.alive(interval).contains(b)) {
                            Sde sde = ofCoordinate(process, d);
                            matrix[row][row] = -1 / variance(sde, d, t);
                            offset[row] = -matrix[row][row] * sde.alpha(t) * MEAN[d];
                            row++;
                        }
                    }
                }
                return new AffineField.Affine(matrix, offset);
            });
        }
        return fields;
    }

    private static double[] row(Plan plan, Map<String, AffineField> scores, double[] start) {
        return Interpreter.of(plan, scores).row(1, 0, Map.of("start", start)).outputs()[0];
    }

    private static Plan up(NonUniformSde process, Method method, int steps) {
        return process.flow(method, process.grid(GridShape.LOGSNR, steps).reversed());
    }

    private static Plan down(NonUniformSde process, Method method, int steps) {
        return process.flow(method, process.grid(GridShape.LOGSNR, steps));
    }

    /** Each coordinate keeps its place in its own law to the end of its block: alpha m + (x - alpha_0 m) sqrt(variance/variance_0). */
    private static double[] closedForm(NonUniformSde process) {
        double[] latent = new double[ROW.length];
        double first = process.cutoff();
        for (int d = 0; d < latent.length; d++) {
            Sde sde = ofCoordinate(process, d);
            double end = sde.horizon();
            latent[d] = sde.alpha(end) * MEAN[d]
                    + (ROW[d] - sde.alpha(first) * MEAN[d])
                            * Math.sqrt(variance(sde, d, end) / variance(sde, d, first));
        }
        return latent;
    }

    private static double apart(double[] a, double[] b) {
        double most = 0;
        for (int d = 0; d < a.length; d++) {
            most = Math.max(most, Math.abs(a[d] - b[d]) / (1 + Math.abs(a[d])));
        }
        return most;
    }

    @ParameterizedTest
    @MethodSource("processes")
    void independentCoordinatesHaveTheirClosedForm(NonUniformSde process) {
        double[] exact = closedForm(process);
        Map<String, AffineField> scores = independent(process);
        double coarse = apart(exact, row(up(process, new Heun(), 300), scores, ROW));
        double fine = apart(exact, row(up(process, new Heun(), 600), scores, ROW));
        assertEquals(2, Math.log(coarse / fine) / Math.log(2), 0.35, process.spec() + ": " + coarse + ", " + fine);
        assertEquals(0, apart(exact, row(up(process, new UniPc(3), 300), scores, ROW)), 1e-3, process.spec());
        double[] back = row(down(process, new UniPc(3), 300), scores, exact);
        assertEquals(0, apart(ROW, back), 1e-3, process.spec() + " back");
    }

    /** Blocks of correlated rows leave as N(0, I) but for 3e-7 of them, and know nothing of each other there. */
    @Test
    void latentRowsOfGaussianRowsAreStandardNormal() {
        NonUniformSde process = processes().get(0);
        List<Integer> all = process.alive(0);
        double first = process.cutoff();
        Plan plan = up(process, new Heun(), 1600);
        Moments given = new Moments(
                List.of(new Register("given", Space.euclidean(4), true)),
                NonUniformSdeTest.mean(process, all, first),
                NonUniformSdeTest.law(process, all, first));
        Moments latent = MomentOracle.after(plan, NonUniformSdeTest.exact(process), Map.of("start", given));
        int x = plan.register("x");
        for (int i = 0; i < 4; i++) {
            assertEquals(0, latent.mean(x)[i], 1e-3);
            for (int j = 0; j < 4; j++) {
                assertEquals(i == j ? 1 : 0, latent.covariance(x)[i][j], 2e-3, i + ", " + j);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("processes")
    void goingUpAndDownComesBackByOrderTwo(NonUniformSde process) {
        Map<String, AffineField> scores = NonUniformSdeTest.exact(process);
        double[] errors = new double[2];
        for (int k = 0; k < 2; k++) {
            int steps = k == 0 ? 200 : 400;
            double[] latent = row(up(process, new Heun(), steps), scores, ROW);
            errors[k] = apart(ROW, row(down(process, new Heun(), steps), scores, latent));
        }
        assertTrue(errors[1] < 0.35 * errors[0] && errors[1] < 0.02, process.spec() + ": " + Arrays.toString(errors));
    }

    /** A plan down is the sampler's own, but for its start. */
    @Test
    void aBlockThatJoinsStartsFromTheRow() {
        NonUniformSde process = NonUniformSdeTest.scales();
        TimeGrid grid = process.grid(GridShape.UNIFORM, 9);
        Plan drawn = process.plan(new Ddim(0), grid);
        Plan given = process.flow(new Ddim(0), grid);
        assertEquals(drawn.evaluations(), given.evaluations());
        Map<String, AffineField> scores = NonUniformSdeTest.exact(process);
        double[] once = row(given, scores, ROW);
        double[] other = ROW.clone();
        other[0] += 1; // joins last
        assertTrue(apart(once, row(given, scores, other)) > 0.01);
        assertArrayEquals(
                row(up(process, new Ddim(0), 9), scores, ROW),
                row(process.plan(new Ddim(0), process.grid(GridShape.LOGSNR, 9).reversed()), scores, ROW));
        NonUniformSde single = new NonUniformSde(List.of(new NonUniformSde.Block("x", new VpSde())));
        Plan one = single.flow(new Ddim(0), single.grid(GridShape.UNIFORM, 3));
        assertTrue(one.registers().get(one.register("start")).given());
    }

    @Test
    void gridsThatMissAnEndAndMethodsThatDrawAreRefused() {
        NonUniformSde process = NonUniformSdeTest.scales();
        assertThrows(
                IllegalArgumentException.class,
                () -> process.flow(
                        new EulerMaruyama(), process.grid(GridShape.UNIFORM, 9).reversed()));
        for (double[] times : new double[][] {{0.1, 0.5, 1}, {0.4, 2.0 / 3, 1}}) {
            String message = assertThrows(
                            IllegalArgumentException.class, () -> process.flow(new Ddim(0), new TimeGrid(times)))
                    .getMessage();
            assertTrue(message.contains("where block 'd1' leaves"), message);
        }
        double[] part = row(
                process.flow(new Ddim(0), new TimeGrid(new double[] {0.01, 0.1, 0.2})),
                NonUniformSdeTest.exact(process),
                ROW);
        assertEquals(4, part.length, "a way that ends before any block does");
    }
}
