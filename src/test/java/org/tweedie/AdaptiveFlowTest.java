package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.execution.Precision;
import org.tweedie.plan.Interpreter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.plan.Time;
import org.tweedie.score.GaussianMixtureScore;
import org.tweedie.score.Mlp;
import org.tweedie.sde.AdaptiveFlow;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.RungeKutta;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.VeSde;
import org.tweedie.sde.VpSde;

/** The probability flow by steps that each row chooses: against a fine fixed-step solution, on all devices, with too few steps. */
class AdaptiveFlowTest {
    private static final Sde SDE = new VpSde().on(Space.euclidean(2));
    private static final GaussianMixture MIXTURE =
            GaussianMixture.round(0.04, new double[] {1, 0.5}, new double[] {-1, 0.2}, new double[] {0.3, -1});
    private static final GaussianMixtureScore SCORE = new GaussianMixtureScore(MIXTURE, SDE);

    /** Classical Runge-Kutta in ln t from T to the cutoff. */
    private static double[] reference(Sde sde, GaussianMixture mixture, double[] start) {
        int steps = 4000;
        double[] x = start.clone();
        double from = Math.log(sde.horizon());
        double h = (Math.log(sde.cutoff()) - from) / steps;
        for (int i = 0; i < steps; i++) {
            double u = from + i * h;
            double[] a = slope(sde, mixture, x, u);
            double[] b = slope(sde, mixture, moved(x, h / 2, a), u + h / 2);
            double[] c = slope(sde, mixture, moved(x, h / 2, b), u + h / 2);
            double[] d = slope(sde, mixture, moved(x, h, c), u + h);
            for (int k = 0; k < x.length; k++) {
                x[k] += h / 6 * (a[k] + 2 * b[k] + 2 * c[k] + d[k]);
            }
        }
        return x;
    }

    private static double[] moved(double[] x, double h, double[] k) {
        double[] y = x.clone();
        for (int i = 0; i < y.length; i++) {
            y[i] += h * k[i];
        }
        return y;
    }

    private static double[] slope(Sde sde, GaussianMixture mixture, double[] x, double u) {
        double t = Math.min(sde.horizon(), Math.exp(u));
        double[] score = mixture.score(sde, x, t);
        double[] k = new double[x.length];
        for (int i = 0; i < k.length; i++) {
            k[i] = t * (sde.drift(t) * x[i] - 0.5 * Math.pow(sde.diffusion(t), 2) * score[i]);
        }
        return k;
    }

    /** Ten times the tolerance, about ten times the error, over three decades; and the error is of the tolerance's size. */
    @ParameterizedTest
    @EnumSource(RungeKutta.class)
    void theErrorIsProportionalToTheTolerance(RungeKutta pair) {
        for (Sde sde : new Sde[] {SDE, new VeSde(0.01, 50).on(Space.euclidean(2))}) {
            int rows = 12;
            double[][] exact = new double[rows][];
            Interpreter starts = Interpreter.of(
                    new AdaptiveFlow(pair, 1)
                            .plan(sde, TimeGrid.uniform(sde, 1))
                            .traced("x"),
                    Map.of(Sde.SCORE, MIXTURE.score(sde)));
            for (int i = 0; i < rows; i++) {
                exact[i] = reference(sde, MIXTURE, starts.row(3, i).trace()[0][0]);
            }
            double[] tolerances = {1e-2, 1e-3, 1e-4, 1e-5};
            double[] errors = new double[4];
            int[] nfe = new int[4];
            for (int j = 0; j < 4; j++) {
                Plan plan = new AdaptiveFlow(pair, tolerances[j]).plan(sde, TimeGrid.uniform(sde, 2000));
                Interpreter interpreter = Interpreter.of(plan, Map.of(Sde.SCORE, MIXTURE.score(sde)));
                for (int i = 0; i < rows; i++) {
                    Interpreter.Row row = interpreter.row(3, i);
                    assertEquals(0, row.outputs()[2][0], "time remaining");
                    assertEquals(row.evaluations(), row.outputs()[1][0]);
                    nfe[j] += row.evaluations();
                    for (int d = 0; d < 2; d++) {
                        errors[j] += Math.pow(row.outputs()[0][d] - exact[i][d], 2) / (2 * rows);
                    }
                }
                errors[j] = Math.sqrt(errors[j]);
            }
            String what =
                    pair + " " + sde.spec() + " errors " + Arrays.toString(errors) + " nfe " + Arrays.toString(nfe);
            assertEquals(1, Math.log(errors[0] / errors[3]) / Math.log(1e3), 0.25, what);
            for (int j = 0; j < 4; j++) {
                assertTrue(errors[j] < 20 * tolerances[j], what);
                assertTrue(j == 0 || nfe[j] > nfe[j - 1], what);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void everyDeviceAndPieceGivesTheSameBits(Device device) {
        for (RungeKutta pair : RungeKutta.values()) {
            AdaptiveFlow method = new AdaptiveFlow(pair, 1e-3);
            try (Device host = Device.open("cpu")) {
                Samples here = Sampler.of(host, SDE, SCORE, method)
                        .steps(400)
                        .execution("stepwise")
                        .sample(1200, 5);
                assertEquals(0, here.unfinished());
                Sampler there = Sampler.of(device, SDE, SCORE, method).steps(400);
                same(here, there.execution("graph").sample(1200, 5));
                Samples part = there.execution("stepwise").sample(700, 500, 5);
                assertArrayEquals(Arrays.copyOfRange(here.rows(), 1400, 2400), part.rows());
            }
        }
    }

    /** Through a network, preconditioned or not: its input, its time and the score are formulas of each row's own time. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void networksGiveTheSameBitsOnEveryDevice(Device device) {
        try (Device host = Device.open("cpu");
                ScoreModel here = ScoreModel.create(new VpSde(), Mlp.of(16, 2), 2, 7, host);
                ScoreModel there = ScoreModel.create(new VpSde(), Mlp.of(16, 2), 2, 7, device)) {
            MethodSpec spec = MethodSpec.parse("rk23:0.01@100");
            Samples one = here.sampler(spec).sample(70, 4);
            assertTrue(one.run().nfe() > 4 && one.unfinished() == 0);
            same(one, there.sampler(spec).sample(70, 4));
        }
    }

    /** A warp a row, where rows are wide; and with 16-bit products where a device has them for a time per row. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void wideRowsAndNarrowNumbers(Device device) {
        Sde wide = new VpSde().on(Space.euclidean(70));
        GaussianMixtureScore score = new GaussianMixtureScore(GaussianMixture.round(0.3, new double[70]), wide);
        try (Device host = Device.open("cpu");
                ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(16, 2), 2, 7, device)) {
            for (String spec : new String[] {"rk45:0.01", "ggf:0.05"}) {
                Samples here = Sampler.of(host, wide, score, MethodSpec.method(spec))
                        .steps(300)
                        .sample(9, 5);
                assertEquals(0, here.unfinished());
                same(
                        here,
                        Sampler.of(device, wide, score, MethodSpec.method(spec))
                                .steps(300)
                                .sample(9, 5));
                Sampler sampler = model.sampler(MethodSpec.parse(spec + "@300"));
                float[] exact = sampler.sample(20, 4).rows();
                float[] rough = sampler.precision(Precision.F16).sample(20, 4).rows();
                if (spec.startsWith("rk45")) {
                    assertArrayEquals(exact, rough, 0.2f);
                }
            }
        }
    }

    private static void same(Samples one, Samples other) {
        assertArrayEquals(one.rows(), other.rows());
        assertArrayEquals(one.output("nfe"), other.output("nfe"));
        assertArrayEquals(one.output("remaining"), other.output("remaining"));
        assertEquals(one.run().nfe(), other.run().nfe());
    }

    /** The device in 32 bits ends where the reference in double does, within the tolerance's own error. */
    @Test
    void rowsInSingleEndWhereTheReferenceDoes() {
        try (Device host = Device.open("cpu")) {
            Samples samples = Sampler.of(host, SDE, SCORE, new AdaptiveFlow(RungeKutta.DORMAND_PRINCE, 1e-5))
                    .steps(400)
                    .sample(20, 3);
            Plan starts = new AdaptiveFlow(RungeKutta.DORMAND_PRINCE, 1)
                    .plan(SDE, TimeGrid.uniform(SDE, 1))
                    .traced("x");
            Interpreter interpreter = Interpreter.of(starts, Map.of(Sde.SCORE, MIXTURE.score(SDE)));
            double sum = 0;
            for (int i = 0; i < 20; i++) {
                double[] exact = reference(SDE, MIXTURE, interpreter.row(3, i).trace()[0][0]);
                for (int d = 0; d < 2; d++) {
                    sum += Math.pow(exact[d] - samples.rows()[2 * i + d], 2) / 40;
                }
            }
            assertTrue(Math.sqrt(sum) < 2e-4, "root mean square error " + Math.sqrt(sum));
        }
    }

    /** Rows that run out say so; what they cost is what they were allowed: one evaluation, then three an attempt. */
    @Test
    void rowsThatRunOutSaySo() {
        try (Device host = Device.open("cpu")) {
            // snippet: adaptive
            Samples samples = Sampler.of(host, SDE, SCORE, new AdaptiveFlow(RungeKutta.BOGACKI_SHAMPINE, 1e-3))
                    .steps(10)
                    .sample(200, 1);
            long unfinished = samples.unfinished(); // rows that were not done after 10 attempts
            float[] stillToGo = samples.output("remaining"); // in time, 0 for rows that are done
            int cost = samples.nfe(0); // evaluations of row 0; samples.run().nfe() is the most of any row
            // end
            assertTrue(unfinished > 50 && unfinished < 200, unfinished + " of 200");
            assertTrue(cost <= 31, "cost " + cost);
            assertEquals(31, samples.run().nfe());
            int late = 0;
            for (int i = 0; i < 200; i++) {
                assertTrue(stillToGo[i] >= 0 && stillToGo[i] < 1);
                assertTrue(stillToGo[i] == 0 || samples.nfe(i) == 31);
                late += stillToGo[i] > 0 ? 1 : 0;
            }
            assertEquals(unfinished, late);
            Samples all = Sampler.of(host, SDE, SCORE, new AdaptiveFlow(RungeKutta.BOGACKI_SHAMPINE, 1e-3))
                    .steps(400)
                    .sample(200, 1);
            assertEquals(0, all.unfinished());
            assertTrue(all.run().nfe() > 31 && all.nfe(3) <= all.run().nfe());
        }
    }

    /** One attempt more at a time: a row that a refused attempt leaves is where it was, later with a shorter step it goes on. */
    @Test
    void aRefusedAttemptLeavesTheRowWhereItWas() {
        GaussianMixture sharp = GaussianMixture.round(1e-4, new double[] {1, 0}, new double[] {-1, 0});
        double[] before = {Double.NaN, Double.NaN, 2};
        int refused = 0;
        for (int most = 1; most < 120; most++) {
            Plan plan = new AdaptiveFlow(RungeKutta.BOGACKI_SHAMPINE, 1e-2).plan(SDE, TimeGrid.uniform(SDE, most));
            double[][] out = Interpreter.of(plan, Map.of(Sde.SCORE, sharp.score(SDE)))
                    .row(8, 1)
                    .outputs();
            double[] now = {out[0][0], out[0][1], out[2][0]};
            if (now[2] == before[2] && now[2] > 0) {
                assertArrayEquals(before, now);
                refused++;
            } else {
                assertTrue(now[2] < before[2] || now[2] == 0, "time goes on");
            }
            before = now;
        }
        assertTrue(refused > 0, "no attempt was refused");
        assertEquals(0, before[2]);
    }

    @Test
    void rowsThatAreNoNumbersStopSoon() {
        Plan plan = new AdaptiveFlow(RungeKutta.DORMAND_PRINCE, 1e-3).plan(SDE, TimeGrid.uniform(SDE, 100_000));
        Interpreter.Row row = Interpreter.of(plan, Map.of(Sde.SCORE, (org.tweedie.plan.RowField)
                        (from, t, into) -> Arrays.fill(into[0], t < 0.5 ? Double.NaN : 0)))
                .row(0, 0);
        assertTrue(row.evaluations() < 600, row.evaluations() + " evaluations");
        assertTrue(row.outputs()[2][0] > 0.4);
    }

    @Test
    void rowsAreEncodedAndDecoded() {
        try (Device host = Device.open("cpu")) {
            float[] rows = {0.9f, 0.4f, -1.1f, 0.3f, 0.2f, -0.8f};
            Sampler sampler = Sampler.of(host, SDE, SCORE, new AdaptiveFlow(RungeKutta.DORMAND_PRINCE, 1e-5));
            TimeGrid down = TimeGrid.uniform(SDE, 500);
            Samples latent =
                    sampler.grid(down.reversed()).given("start", rows, 2).sample(3, 0);
            assertEquals(0, latent.unfinished());
            Samples back = sampler.grid(down)
                    .steer(new org.tweedie.plan.GivenStart())
                    .given("start", latent.rows(), 2)
                    .sample(3, 0);
            assertArrayEquals(rows, back.rows(), 1e-3f);
        }
    }

    /** A network's input, time and output at each row's own time, from tables, are those of the single time. */
    @ParameterizedTest
    @MethodSource("org.tweedie.sde.SdeList#all")
    void networksAreFoldedAtARowsOwnTime(Sde sde) {
        GaussianMixture mixture = GaussianMixture.round(0.3, new double[] {0.4}, new double[] {-0.7});
        for (Prediction prediction : Prediction.values()) {
            for (boolean edm : new boolean[] {false, true}) {
                Parametrisation by = edm
                        ? Parametrisation.preconditioned(sde, prediction, 0.5)
                        : Parametrisation.plain(sde, prediction);
                for (double u : new double[] {0, 0.1, 0.37, 0.5, 0.81, 1}) {
                    double t = sde.cutoff() * Math.pow(sde.horizon() / sde.cutoff(), u);
                    Plan.Writer w = Plan.writer();
                    int start = w.given("start", sde.space());
                    int when = w.given("t", Space.euclidean(1));
                    int score = w.register("score", sde.space());
                    w.step(1, 1).evaluate(Sde.SCORE, new int[] {start}, Time.of(when), score);
                    Plan folded = by.fold(Sde.SCORE, "network").steer(w.plan(score));
                    double[] told = new double[1];
                    Interpreter interpreter =
                            Interpreter.of(folded, Map.of("network", (org.tweedie.plan.RowField) (from, time, into) -> {
                                told[0] = time;
                                double x = from[0][0] / by.inputScale(t);
                                double exact = mixture.score(sde, new double[] {x}, t)[0];
                                into[0][0] = (exact - by.skip(t) * x) / by.gain(t);
                            }));
                    double x = 0.3 * sde.alpha(t) + 0.6 * sde.sigma(t);
                    double[] got = interpreter.row(0, 0, Map.of("start", new double[] {x}, "t", new double[] {t}))
                            .outputs()[0];
                    double exact = mixture.score(sde, new double[] {x}, t)[0];
                    // what the score divides by sigma keeps the rounding of x
                    double scale = Math.abs(exact) + Math.abs(by.skip(t) * x) + 1;
                    assertEquals(exact, got[0], 1e-5 * scale, prediction + (edm ? " edm" : "") + " at " + t);
                    assertEquals(by.networkTime(t), told[0], 1e-5 * Math.max(Math.abs(by.networkTime(t)), 1e-2));
                }
            }
        }
    }

    @Test
    void whatCannotBeIsSaid() {
        assertSays(
                "relative tolerance must lie between 1.0E-6 and 1, got 0.0",
                () -> new AdaptiveFlow(RungeKutta.DORMAND_PRINCE, 0));
        assertSays(
                "relative tolerance must lie between 1.0E-6 and 1, got 1.0E-9",
                () -> MethodSpec.parse("rk45:1e-9@100"));
        assertSays("absolute tolerance must be positive, got -1.0", () -> MethodSpec.parse("rk45:1e-3,-1@100"));
        assertSays(
                "0.0 is below the cutoff 0.001",
                () -> MethodSpec.parse("rk45@100,karras").plan(SDE));
        assertSays(
                "needs a way to go",
                () -> new AdaptiveFlow(RungeKutta.DORMAND_PRINCE, 1e-3).plan(SDE, new TimeGrid(new double[] {1})));
    }

    private static void assertSays(String what, Executable call) {
        String message = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(message.contains(what), message);
    }
}
