package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.Samples;
import org.tweedie.ScoreModel;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.execution.Precision;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.score.Mlp;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/** The examples of docs/extending.md, held to the contract that every process and method of the package is held to. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExtendingTest {
    // snippet: straight
    /** Straight lines from data to noise, alpha = 1 - t and sigma = t (Lipman et al., 2210.02747; Liu et al., 2209.03003). */
    record Straight(double cutoff, Space space) implements Sde {
        @Override
        public double horizon() {
            return 0.99;
        }

        @Override
        public double alpha(double t) {
            return 1 - t;
        }

        @Override
        public double sigma(double t) {
            return t;
        }

        @Override
        public double drift(double t) {
            return -1 / (1 - t); // (ln alpha)'
        }

        @Override
        public double diffusion(double t) {
            return StrictMath.sqrt(2 * t / (1 - t)); // g^2 = (sigma^2)' - 2 f sigma^2
        }

        @Override
        public double priorDeviation() {
            return 1;
        }

        @Override
        public double timeOfLogSnr(double logSnr) {
            return 1 / (1 + StrictMath.exp(logSnr / 2));
        }

        @Override
        public Straight on(Space other) {
            return new Straight(cutoff, other);
        }

        @Override
        public String spec() {
            return "straight";
        }
    }
    // end

    // snippet: noisy
    /** dX = (f X - (1 + a^2)/2 g^2 score) dt + a g dW by Euler: a = 0 is the probability flow, a = 1 the reverse SDE (2204.13902). */
    record Noisy(double a) implements OneStep {
        @Override
        public Update update(Sde sde, double t, double s) {
            double h = t - s;
            double g = sde.diffusion(t);
            return new Update(1 - sde.drift(t) * h, (1 + a * a) / 2 * g * g * h, a * g * StrictMath.sqrt(h));
        }

        @Override
        public boolean stochastic() {
            return a > 0;
        }

        @Override
        public String spec() {
            return "noisy:" + a;
        }
    }
    // end

    // snippet: midpoint
    /** The probability flow by the midpoint rule: two evaluations a step, order 2. */
    record Midpoint() implements Method {
        @Override
        public Plan plan(Noising process, TimeGrid grid) {
            Sde sde = (Sde) process;
            Plan.Writer plan = Plan.writer();
            int x = plan.register("x", sde.space());
            int middle = plan.register("middle", sde.space());
            int score = plan.register("score", sde.space());
            plan.step(sde.horizon(), sde.horizon());
            sde.prior(plan, x);
            for (int i = 0; i < grid.steps(); i++) {
                double t = grid.t(i);
                double h = grid.t(i) - grid.s(i);
                double m = t - h / 2;
                plan.step(t, grid.s(i));
                plan.evaluate(Sde.SCORE, t, x, score)
                        .set(middle, 1 - sde.drift(t) * h / 2, x, slope(sde, t) * h / 2, score);
                plan.evaluate(Sde.SCORE, m, middle, score)
                        .set(x, 1, x, -sde.drift(m) * h, middle, slope(sde, m) * h, score);
            }
            return plan.plan(x);
        }

        private static double slope(Sde sde, double t) {
            return 0.5 * sde.diffusion(t) * sde.diffusion(t);
        }

        @Override
        public String spec() {
            return "midpoint";
        }
    }
    // end

    private static final Sde STRAIGHT = new Straight(1e-3, Space.euclidean(1));

    Stream<Method> methods() {
        return Stream.of(new Noisy(0), new Noisy(0.5), new Noisy(1), new Midpoint());
    }

    @Test
    void theProcessKeepsTheContract() {
        SdeContractTest contract = new SdeContractTest();
        contract.driftIsTheSlopeOfLogAlpha(STRAIGHT);
        contract.varianceGrowsByDriftAndDiffusion(STRAIGHT);
        contract.logSnrFallsAndIsInverted(STRAIGHT);
        contract.dataIsUntouchedAtZero(STRAIGHT);
        contract.priorIsNearTheLawOfStandardDataAtTheHorizon(STRAIGHT);
    }

    /** The methods that the package has know the new process at once. */
    @ParameterizedTest
    @MethodSource("org.tweedie.sde.MethodList#all")
    void everyMethodKnowsTheProcess(Method method) {
        if (method instanceof Ancestral) {
            return; // its rule for a step is DDPM's, and the posterior's elsewhere: held with the processes it is for
        }
        new MethodContractTest().cellsHaveTheMomentsOfThePlanAndFewRegisters(method, STRAIGHT);
    }

    @ParameterizedTest
    @MethodSource("methods")
    void theMethodsKeepTheContract(Method method) {
        Stream.concat(SdeList.all(), Stream.of(STRAIGHT)).forEach(sde -> {
            new MethodContractTest().cellsHaveTheMomentsOfThePlanAndFewRegisters(method, sde);
            new MethodContractTest().noEvaluationIsWasted(method, sde);
        });
    }

    @Test
    void theMethodsHaveTheirOrder() {
        for (Sde sde : List.of(new VpSde(), VpSde.cosine(), new SubVpSde(), STRAIGHT)) {
            assertEquals(1, order(new Noisy(0), sde), 0.1, sde.spec());
            assertEquals(1, order(new Noisy(0.5), sde), 0.1, sde.spec());
        }
        for (Sde sde : List.of(
                new VpSde(),
                VpSde.cosine(),
                new SubVpSde())) { // on straight lines the second-order error vanishes here
            assertEquals(2, order(new Midpoint(), sde), 0.1, sde.spec());
        }
    }

    /** How often halving the step halves the error of mean and variance, from the method's own limit on a fine grid. */
    private static double order(Method method, Sde sde) {
        double[] limit = end(method, sde, 12_800);
        double coarse = apart(end(method, sde, 400), limit);
        double fine = apart(end(method, sde, 800), limit);
        return Math.log(coarse / fine) / Math.log(2);
    }

    private static double apart(double[] a, double[] b) {
        return Math.hypot(a[0] - b[0], a[1] - b[1]);
    }

    private static double[] end(Method method, Sde sde, int steps) {
        GaussianMixture data = GaussianMixture.gaussian(new double[] {1}, new double[][] {{0.25}});
        Plan plan = method.plan(sde, TimeGrid.uniformLogSnr(sde, steps));
        Moments moments = MomentOracle.after(plan, Map.of(Sde.SCORE, data.affineScore(sde)));
        int x = plan.register("x");
        return new double[] {moments.mean(x)[0], moments.covariance(x)[0][0]};
    }

    /** A process and a method of one's own train and sample on a device without another line. */
    @Test
    void bothTrainAndSample() {
        try (Device device = Device.open("cpu:1");
                ScoreModel model = ScoreModel.create(STRAIGHT, Mlp.of(16, 2), 2, 7, device)) {
            Dataset data = Dataset.of(BuiltInSet.MOONS.rows(1, 0, 500), "east", "north");
            // snippet: own
            model.train(data, TrainSpec.steps(200).withPrecision(Precision.F32).withBatch(128));
            Samples samples = model.sampler(new Noisy(0.5))
                    .grid(TimeGrid.uniformLogSnr(model.sde(), 40))
                    .sample(200, 42);
            // end
            assertEquals("noisy:0.5@40", samples.run().method());
            assertEquals("fused", samples.run().execution());
            assertEquals(0, samples.run().nonFinite());
            double sum = 0;
            for (float value : samples.rows()) {
                sum += value * value;
            }
            assertTrue(sum / 400 < 4, "the rows have the size of the data, " + sum / 400);
            assertEquals(
                    40,
                    model.sampler(new Midpoint()).steps(20).sample(3, 1).run().nfe());
        }
    }
}
