package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.plan.AffineField;
import org.tweedie.plan.Interpreter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.RowField;
import org.tweedie.plan.Space;
import org.tweedie.rng.StandardLaw;

/** Densities of blocks that move each at its own speed, in double, with the exact scores of Gaussian rows: those of the closed form. */
class NonUniformDensityTest {
    private static final double[] ROW = {0.4, -2.9, 1.1, 0.3};

    /** Scales that are noise at their ends but for 3e-7 of them, so that a block that leaves costs nothing that shows. */
    private static NonUniformSde scales() {
        return new NonUniformSde(List.of(
                NonUniformSdeTest.block("d1", 2, scale(1.0 / 3)),
                NonUniformSdeTest.block("d2", 1, scale(2.0 / 3)),
                NonUniformSdeTest.block("a", 1, scale(1))));
    }

    private static Sde scale(double end) {
        return new LogSnrVpSde(10, -30, end, 1e-3, Space.euclidean(1));
    }

    static List<NonUniformSde> processes() {
        return List.of(
                scales(),
                NonUniformSdeTest.speeds(),
                new NonUniformSde(List.of(
                        NonUniformSdeTest.block("late", 1, new VpSde(0.1, 20)),
                        NonUniformSdeTest.block("exploding", 1, new VeSde(0.01, 10)),
                        NonUniformSdeTest.block("early", 2, scale(0.5)))));
    }

    private static Map<String, RowField> fields(NonUniformSde process) {
        Map<String, RowField> fields = new HashMap<>();
        Map<String, AffineField> scores = NonUniformSdeTest.exact(process);
        for (int i = 0; i < process.intervals(); i++) {
            AffineField score = scores.get(process.field(i));
            Map<Double, AffineField.Affine> known = new HashMap<>();
            AffineField exact = t -> known.computeIfAbsent(t, score::at);
            List<Integer> widths = process.widths(i);
            int blocks = widths.size();
            fields.put(FlowDensity.divergence(process.field(i)), (from, t, into) -> {
                AffineField.Affine affine = exact.at(t);
                scores(affine, from, 0, blocks, into, 0, true);
                for (int b = 0, d = 0; b < blocks; b++) {
                    into[blocks + b][0] = 0;
                    for (int end = d + widths.get(b); d < end; d++) {
                        into[blocks + b][0] += affine.matrix()[d][d];
                    }
                }
            });
            fields.put(FlowDensity.tangent(process.field(i)), (from, t, into) -> {
                AffineField.Affine affine = exact.at(t);
                scores(affine, from, 0, blocks, into, 0, true);
                scores(affine, from, blocks, blocks, into, blocks, false);
            });
        }
        return fields;
    }

    private static void scores(
            AffineField.Affine affine, double[][] from, int at, int blocks, double[][] into, int put, boolean whole) {
        int row = 0;
        for (int b = 0; b < blocks; b++) {
            for (int d = 0; d < from[at + b].length; d++, row++) {
                double sum = whole ? affine.offset()[row] : 0;
                int column = 0;
                for (int c = 0; c < blocks; c++) {
                    for (double x : from[at + c]) {
                        sum += affine.matrix()[row][column++] * x;
                    }
                }
                into[put + b][d] = sum;
            }
        }
    }

    /** ln N(x; mean, covariance). */
    private static double normal(double[] x, double[] mean, double[][] covariance) {
        SymmetricEigen eigen = SymmetricEigen.of(covariance);
        double log = 0;
        for (int k = 0; k < x.length; k++) {
            double along = 0;
            for (int i = 0; i < x.length; i++) {
                along += eigen.vectors()[i][k] * (x[i] - mean[i]);
            }
            double variance = eigen.values()[k];
            log -= 0.5 * (along * along / variance + Math.log(2 * Math.PI * variance));
        }
        return log;
    }

    private static double exact(NonUniformSde process) {
        double first = process.cutoff();
        return normal(
                ROW,
                NonUniformSdeTest.mean(process, process.alive(0), first),
                NonUniformSdeTest.law(process, process.alive(0), first));
    }

    /** ln p at the cutoff: of the blocks that leave the normal law, of what is there at the horizon the exact one. */
    private static double log(FlowDensity density, NonUniformSde process, int steps, long index) {
        return log(interpreter(density, process, steps), process, steps, index);
    }

    private static Interpreter interpreter(FlowDensity density, NonUniformSde process, int steps) {
        return Interpreter.of(
                density.plan(process, process.grid(GridShape.LOGSNR, steps).reversed()), fields(process));
    }

    private static double log(Interpreter interpreter, NonUniformSde process, int steps, long index) {
        Interpreter.Row row = interpreter.row(11, index, Map.of("x", ROW));
        assertEquals(4 * steps, row.evaluations());
        double[] latent = row.outputs()[0];
        double log = row.outputs()[1][0];
        int last = process.intervals() - 1;
        double[] left = new double[process.width(last)];
        int at = 0;
        int next = 0;
        for (int b = 0; b < process.blocks().size(); b++) {
            Sde sde = process.blocks().get(b).sde();
            for (int d = 0; d < process.blocks().get(b).width(); d++, at++) {
                log += Math.log(sde.alpha(sde.horizon()) / sde.alpha(process.cutoff()));
                if (process.alive(last).contains(b)) {
                    left[next++] = latent[at];
                } else {
                    log -= 0.5 * (latent[at] * latent[at] + Math.log(2 * Math.PI));
                }
            }
        }
        return log
                + normal(
                        left,
                        NonUniformSdeTest.mean(process, process.alive(last), process.horizon()),
                        NonUniformSdeTest.law(process, process.alive(last), process.horizon()));
    }

    @ParameterizedTest
    @MethodSource("processes")
    void theDensityIsThatOfTheClosedForm(NonUniformSde process) {
        assertEquals(exact(process), log(FlowDensity.exact(), process, 600, 0), 1e-4, process.spec());
    }

    /** Against a finer run: what a block that leaves takes with it does not fall with the step. */
    @ParameterizedTest
    @MethodSource("processes")
    void theErrorFallsWithTheFourthPowerOfTheStep(NonUniformSde process) {
        double finest = log(FlowDensity.exact(), process, 2400, 0);
        double coarse = Math.abs(log(FlowDensity.exact(), process, 240, 0) - finest);
        double fine = Math.abs(log(FlowDensity.exact(), process, 480, 0) - finest);
        double order = Math.log(coarse / fine) / Math.log(2);
        assertEquals(4, order, 0.35, process.spec() + ": errors " + coarse + " and " + fine);
    }

    /** The mean over probes is the exact trace's, within 4 standard errors. */
    @ParameterizedTest
    @EnumSource(names = {"NORMAL", "RADEMACHER"})
    void probesAreRightOnAverage(StandardLaw law) {
        for (NonUniformSde process : processes()) {
            int probes = 400;
            Interpreter interpreter = interpreter(FlowDensity.probed(law), process, 20);
            double sum = 0;
            double squares = 0;
            for (int i = 0; i < probes; i++) {
                double log = log(interpreter, process, 20, i);
                sum += log;
                squares += log * log;
            }
            double mean = sum / probes;
            double error = Math.sqrt((squares / probes - mean * mean) / probes);
            assertTrue(error > 0.001, "the probes differ: " + error);
            assertEquals(log(FlowDensity.exact(), process, 20, 0), mean, 4 * error, process.spec());
        }
    }

    @Test
    void oneBlockHasThePlanOfItsProcess() {
        Sde sde = new VpSde().on(Space.euclidean(2));
        NonUniformSde single = new NonUniformSde(List.of(new NonUniformSde.Block("x", sde)));
        TimeGrid grid = TimeGrid.uniformLogSnr(sde, 7).reversed();
        assertEquals(grid, single.grid(GridShape.LOGSNR, 7).reversed());
        Plan ours = FlowDensity.exact().plan(single, grid);
        Plan theirs = FlowDensity.exact().plan(sde, grid);
        assertEquals(theirs.registers(), ours.registers());
        RowField field = (from, t, into) -> {
            into[0][0] = -from[0][0];
            into[0][1] = -0.5 * from[0][1];
            into[1][0] = -1.5;
        };
        double[][] a = Interpreter.of(ours, Map.of(FlowDensity.DIVERGENCE, field))
                .row(1, 0, Map.of("x", new double[] {1, 2}))
                .outputs();
        double[][] b = Interpreter.of(theirs, Map.of(FlowDensity.DIVERGENCE, field))
                .row(1, 0, Map.of("x", new double[] {1, 2}))
                .outputs();
        assertArrayEquals(b[0], a[0]);
        assertArrayEquals(b[1], a[1]);
    }

    @Test
    void gridsThatPassOverAnEndAreRefused() {
        NonUniformSde process = scales();
        TimeGrid falls = process.grid(GridShape.LOGSNR, 9);
        TimeGrid over = TimeGrid.uniform(process, 10).reversed();
        TimeGrid late = new TimeGrid(new double[] {0.5, 2.0 / 3, 1});
        for (TimeGrid grid : List.of(falls, over, late)) {
            String refused = assertThrows(
                            IllegalArgumentException.class,
                            () -> FlowDensity.exact().plan(process, grid))
                    .getMessage();
            assertTrue(refused.contains("reversed()"), refused);
        }
    }
}
