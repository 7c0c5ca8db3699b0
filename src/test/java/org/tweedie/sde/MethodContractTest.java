package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.plan.CellTable;
import org.tweedie.plan.CellTable.Cell;
import org.tweedie.plan.GivenStart;
import org.tweedie.plan.Interpreter;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;

/** What holds for every method and process: counts, cells, moments of cells, marginals where a method has them. */
class MethodContractTest {
    private static final String PAIRS = "org.tweedie.sde.MethodList#withProcesses";
    private static final int STEPS = 21;

    @ParameterizedTest
    @MethodSource(PAIRS)
    void cellsHaveTheMomentsOfThePlanAndFewRegisters(Method method, Sde sde) {
        Plan score = new MethodSpec(method, STEPS).plan(sde);
        GaussianMixture data = GaussianMixture.gaussian(new double[] {1}, new double[][] {{0.25}});
        CellTable table = CellTable.of(score);
        Moments literal = MomentOracle.after(score, Map.of(Sde.SCORE, data.affineScore(sde)));
        Moments collapsed = MomentOracle.after(table, Map.of(Sde.SCORE, data.affineScore(sde)), Map.of());
        int x = score.register("x");
        assertEquals(literal.mean(x)[0], collapsed.mean(table.outputs()[0])[0], 1e-11);
        assertEquals(literal.covariance(x)[0][0], collapsed.covariance(table.outputs()[0])[0][0], 1e-11);

        Parametrisation edm = Parametrisation.preconditioned(sde, Prediction.DENOISED, 0.5);
        CellTable folded = CellTable.of(edm.fold(Sde.SCORE, "network").steer(score));
        assertEquals(score.evaluations(), folded.evaluations());
        // a fused execution of a network holds at most four; UniPC keeps its x, the network's input and output, and the
        // rows before
        int most = method instanceof UniPc unipc ? Math.max(4, 3 + unipc.order()) : 4;
        assertTrue(folded.registers().size() <= most, "at most " + most + " registers, got " + folded.registers());
        // the start, then one cell, of one mix, an evaluation
        assertEquals(1 + score.evaluations(), folded.cells().size());
        for (Cell cell : folded.cells()) {
            assertTrue(cell.mixes().size() <= 1);
        }
    }

    @ParameterizedTest
    @MethodSource(PAIRS)
    void noEvaluationIsWasted(Method method, Sde sde) {
        CellTable table = CellTable.of(new MethodSpec(method, STEPS).plan(sde));
        for (int i = 0; i < table.cells().size(); ++i) {
            Cell cell = table.cells().get(i);
            if (cell.before().isPresent() && cell.before().get() instanceof Stage.Evaluate evaluate) {
                Set<Integer> read = new HashSet<>();
                cell.mixes().forEach(mix -> Arrays.stream(mix.from()).forEach(read::add));
                assertTrue(read.contains(evaluate.into()[0]), "cell " + i + " evaluates what nothing reads");
            }
        }
    }

    @Test
    void evaluationsAreTheLiterature() {
        VpSde sde = new VpSde();
        assertEquals(20, MethodSpec.parse("unipc:3@20").plan(sde).evaluations());
        Map<String, Integer> counts = Map.of(
                "em@50",
                50,
                "ddim:0@50",
                50,
                "heun@18",
                35,
                "edm:40@18",
                35,
                "dpm2s@20",
                40,
                "dpm2m@20",
                20,
                "pc:0.16@50",
                100,
                "pc:0.16,3@50",
                200,
                "ald:100,0.1@10",
                1000,
                "ei@7",
                7);
        counts.forEach((spec, count) ->
                assertEquals(count, MethodSpec.parse(spec).plan(sde).evaluations(), spec));
    }

    /** With the score of a single point the denoised row never moves: these methods are then exact in any number of steps. */
    @ParameterizedTest
    @MethodSource("org.tweedie.sde.SdeList#all")
    void denoisingMethodsAreExactForOnePoint(Sde sde) {
        GaussianMixture point = GaussianMixture.gaussian(new double[] {0.7}, new double[][] {{0}});
        List<Method> methods = List.of(
                new Ddim(0),
                new Ddim(0.3),
                new Ddim(1),
                new DpmSolver1S(),
                new DpmSolver2S(),
                new DpmSolver2M(),
                new UniPc(1),
                new UniPc(2),
                new UniPc(3),
                new UniPc(3, UniPc.Base.H, false),
                new Heun(),
                new EdmChurn(3));
        List<TimeGrid> grids =
                List.of(TimeGrid.uniform(sde, 1), TimeGrid.karras(sde, 5), TimeGrid.uniformLogSnr(sde, 3));
        for (Method method : methods) {
            // Heun divides what a step leaves by n_s and multiplies it by n_t: over one long step nothing is left of
            // the digits
            // nor with UniPC's third differences
            boolean large = method instanceof Heun
                    || method instanceof EdmChurn
                    || method instanceof UniPc unipc && unipc.order() == 3;
            for (TimeGrid grid : large ? List.of(TimeGrid.karras(sde, 20), TimeGrid.uniformLogSnr(sde, 20)) : grids) {
                Moments end = end(method, sde, grid, point);
                GaussianMixture exact = point.at(sde, sde.cutoff());
                String which = method.spec() + " " + grid;
                assertEquals(exact.mean()[0], end.mean(0)[0], 1e-11, which);
                assertEquals(exact.covariance()[0][0], end.covariance(0)[0][0], 1e-11, which);
            }
        }
    }

    /** The mean and variance of x_s given x_t and x0, by conditioning the joint Gaussian of (x_s, x_t). */
    @ParameterizedTest
    @MethodSource("org.tweedie.sde.SdeList#all")
    void ddimOfOneIsThePosteriorOfDdpm(Sde sde) {
        double[] times = TimeGrid.uniformLogSnr(sde, 6).times();
        for (int i = 0; i + 1 < times.length; ++i) {
            double t = times[i];
            double s = times[i + 1];
            double varianceT = sde.sigma(t) * sde.sigma(t);
            double varianceS = sde.sigma(s) * sde.sigma(s);
            double covariance = sde.alpha(t) / sde.alpha(s) * varianceS; // x_t = (alpha_t/alpha_s) x_s + fresh noise
            double gain = covariance / varianceT;
            double posterior = varianceS - gain * covariance;
            // mean = alpha_s x0 + gain (x_t - alpha_t x0), with x0 = (x_t + sigma_t^2 score)/alpha_t
            double ofX0 = sde.alpha(s) - gain * sde.alpha(t);
            OneStep.Update update = new Ddim(1).update(sde, t, s);
            assertEquals(gain + ofX0 / sde.alpha(t), update.x(), 1e-12 * update.x());
            assertEquals(ofX0 * varianceT / sde.alpha(t), update.score(), 1e-11 * Math.abs(update.score()));
            assertEquals(Math.sqrt(posterior), update.noise(), 1e-9 * update.noise());
            if (!(sde instanceof VariancePreserving)) {
                assertEquals(update, new Ancestral().update(sde, t, s));
            }
        }
    }

    @Test
    void ancestralOfAnExplodingProcessIsThePapers() {
        VeSde sde = new VeSde();
        OneStep.Update update = new Ancestral().update(sde, 0.5, 0.4);
        double t = sde.sigma(0.5) * sde.sigma(0.5);
        double s = sde.sigma(0.4) * sde.sigma(0.4);
        assertEquals(1, update.x(), 1e-15);
        assertEquals(t - s, update.score(), 1e-12 * t);
        assertEquals(Math.sqrt(s * (t - s) / t), update.noise(), 1e-12);
    }

    @Test
    void exponentialIntegratorHasItsClosedForms() {
        VpSde vp = new VpSde();
        VeSde ve = new VeSde();
        SubVpSde sub = new SubVpSde();
        double t = 0.7;
        double s = 0.6;
        OneStep.Update update = new ExponentialIntegrator().update(vp, t, s);
        double a = vp.alpha(s) / vp.alpha(t); // e^{half the integral of beta}
        assertEquals(a, update.x(), 1e-13);
        assertEquals(2 * (a - 1), update.score(), 1e-12);
        assertEquals(Math.sqrt(a * a - 1), update.noise(), 1e-12);
        OneStep.Update exploding = new ExponentialIntegrator().update(ve, t, s);
        assertEquals(ve.sigma(t) * ve.sigma(t) - ve.sigma(s) * ve.sigma(s), exploding.score(), 1e-12);
        // sub-VP: alpha_s times the integral of (1 - e^{-2B}) e^{B/2} dB
        double bt = -2 * Math.log(sub.alpha(t));
        double bs = -2 * Math.log(sub.alpha(s));
        double integral =
                2 * (Math.exp(bt / 2) - Math.exp(bs / 2)) + 2.0 / 3 * (Math.exp(-1.5 * bt) - Math.exp(-1.5 * bs));
        assertEquals(
                sub.alpha(s) * integral,
                new ExponentialIntegrator().update(sub, t, s).score(),
                1e-12);
    }

    @Test
    void firstSolverIsDdimOfZero() {
        SdeList.all().forEach(sde -> {
            OneStep.Update ddim = new Ddim(0).update(sde, 0.6, 0.3);
            OneStep.Update solver = new DpmSolver1S().update(sde, 0.6, 0.3);
            assertEquals(ddim.x(), solver.x(), 1e-12 * ddim.x());
            assertEquals(ddim.score(), solver.score(), 1e-12 * Math.abs(ddim.score()));
        });
    }

    @Test
    void churnOfZeroIsHeun() {
        GaussianMixture data = GaussianMixture.gaussian(new double[] {1}, new double[][] {{0.25}});
        for (Sde sde : SdeList.all().toList()) {
            TimeGrid grid = GridShape.KARRAS.grid(sde, 12);
            assertEquals(
                    end(new Heun(), sde, grid, data).covariance(0)[0][0],
                    end(new EdmChurn(0), sde, grid, data).covariance(0)[0][0]);
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.sde.SdeList#all")
    void deterministicMethodsEncodeAndDecode(Sde sde) {
        GaussianMixture data = GaussianMixture.round(0.3, new double[] {1}, new double[] {-0.5});
        for (Method method : List.of(new Heun(), new DpmSolver2S(), new DpmSolver2M(), new UniPc(2), new UniPc(3))) {
            TimeGrid down = TimeGrid.uniformLogSnr(sde, 200);
            Interpreter encoder =
                    Interpreter.of(CellTable.of(method.plan(sde, down.reversed())), Map.of(Sde.SCORE, data.score(sde)));
            Interpreter decoder = Interpreter.of(
                    CellTable.of(new GivenStart().steer(method.plan(sde, down))), Map.of(Sde.SCORE, data.score(sde)));
            for (double x : new double[] {-1, 0.2, 1.3}) {
                double[] latent =
                        encoder.row(0, 0, Map.of("start", new double[] {x})).outputs()[0];
                double[] back = decoder.row(0, 0, Map.of("start", latent)).outputs()[0];
                assertEquals(x, back[0], 3e-3, method.spec());
            }
        }
    }

    @Test
    void aGridThatStartsBelowTheHorizonStartsFromTheCallersRows() {
        Plan plan = new EulerMaruyama().plan(new VpSde(), new TimeGrid(new double[] {0.5, 0.25, 0.001}));
        assertTrue(plan.registers().contains(new Register("start", Space.euclidean(1), true)));
        assertEquals(2, plan.evaluations());
    }

    @Test
    void finalDenoisingIsTheConditionalMean() {
        VpSde sde = new VpSde();
        GaussianMixture data = GaussianMixture.gaussian(new double[] {1}, new double[][] {{0.25}});
        Plan plan = new FinalDenoising(sde)
                .steer(MethodSpec.parse("ddim:0@400,logsnr").plan(sde));
        Moments moments = MomentOracle.after(CellTable.of(plan), Map.of(Sde.SCORE, data.affineScore(sde)), Map.of());
        double a = sde.alpha(1e-3);
        double s = sde.sigma(1e-3);
        double shrunk = Math.pow(0.25 * a, 2) / (0.25 * a * a + s * s); // var E[x0 | x_t]
        assertEquals(shrunk, moments.covariance(0)[0][0], 0.004);
        assertEquals(401, plan.evaluations());
    }

    @Test
    void whatAMethodCannotDoIsSaid() {
        VpSde sde = new VpSde();
        TimeGrid up = TimeGrid.uniform(sde, 5).reversed();
        assertSays("its grid must fall; to encode", () -> new EulerMaruyama().plan(sde, up));
        assertSays("past the horizon 1.0 of vp:0.1,20", () -> new Heun().plan(sde, new TimeGrid(new double[] {2, 1})));
        assertSays("cannot start at time 0", () -> new Heun().plan(sde, new TimeGrid(new double[] {0, 1})));
        assertSays(
                "too long for DDPM's discretisation",
                () -> MethodSpec.parse("ancestral@10").plan(sde));
        assertSays(
                "needs noise at its last level",
                () -> new AnnealedLangevin().plan(sde, TimeGrid.uniform(sde, 3).toZero()));
        assertSays("eta must lie between 0 and 1, got 1.5", () -> new Ddim(1.5));
        assertSays("order of UniPC must be 1, 2 or 3, got 4", () -> new UniPc(4));
        assertSays("lambda must be at most 1, got 1.5", () -> new MarginalFamily(1.5));
        assertSays("churn must be at least 0", () -> new EdmChurn(-1));
        assertSays("0 <= least <= most", () -> new EdmChurn(1, 2, 1, 1));
        assertSays("inflation must be positive", () -> new EdmChurn(1, 0, 1, 0));
        assertSays("target ratio must be positive, got 0.0", () -> new PredictorCorrector(0));
        assertSays("corrections must be at least 1", () -> new PredictorCorrector(0.1, 0, new EulerMaruyama()));
        assertSays("steps a level", () -> new AnnealedLangevin(0, 1));
        assertSays("Langevin step must lie between 0 and 2 (times sigma^2), got 2.0", () -> new AnnealedLangevin(1, 2));
        assertSays("noise rates must satisfy", () -> new VpSde(0, 20));
        assertSays("noise levels must satisfy", () -> new VeSde(1, 1));
        assertSays(
                "cutoff must lie between 0 and the horizon 1.0, got 2.0",
                () -> new VpSde(0.1, 20, 2, Space.euclidean(1)));
    }

    static void assertSays(String what, Executable call) {
        IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class, call);
        assertTrue(thrown.getMessage().contains(what), thrown.getMessage());
    }

    /** Moments of the table's registers at the end of a grid, from the exact law at its start. */
    private static Moments end(Method method, Sde sde, TimeGrid grid, GaussianMixture data) {
        Plan plan = new GivenStart().steer(method.plan(sde, grid));
        GaussianMixture start = data.at(sde, sde.horizon());
        Moments moments = MomentOracle.after(
                plan,
                Map.of(Sde.SCORE, data.affineScore(sde)),
                Map.of(
                        "start",
                        new Moments(
                                List.of(new Register("start", sde.space(), true)), start.mean(), start.covariance())));
        assertArrayEquals(new int[] {0}, plan.outputs());
        return moments;
    }
}
