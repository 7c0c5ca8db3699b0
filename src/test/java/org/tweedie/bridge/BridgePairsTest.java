package org.tweedie.bridge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tweedie.bridge.GaussianFitting.Noise;
import org.tweedie.plan.AffineField;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;

/** What walks teach, with exact affine regressions in the place of networks: the whole of fitting by plans, without a sample. */
class BridgePairsTest {
    /** An affine field a step of the chain, by the share of the steps that it is asked at. */
    private record Learned(int count, Map<Long, AffineField.Affine> at) implements AffineField {
        @Override
        public Affine at(double share) {
            Affine affine = at.get(StrictMath.round(share * count));
            if (affine == null) {
                throw new IllegalArgumentException("never learned at " + share);
            }
            return affine;
        }
    }

    private static Moments moments(Gaussian law) {
        return new Moments(
                List.of(new org.tweedie.plan.Register("start", Space.euclidean(law.dimension()), true)),
                law.mean(),
                law.covariance());
    }

    /** The regression of the target on x after each step of a walk: what a network without limits would learn. */
    private static Learned learn(BridgeProcess bridge, BridgePairs pairs, Map<String, Learned> fields, Gaussian start) {
        Plan plan = pairs.plan(bridge);
        int count = bridge.sizes().count();
        Direction learns = pairs.walk().direction().other();
        Map<Long, AffineField.Affine> learned = new HashMap<>();
        for (int j = 0; j < count; j++) {
            Plan cut = new Plan(plan.registers(), plan.steps().subList(0, j + 2), plan.outputs(), plan.trace());
            Moments after = MomentOracle.after(cut, fields, Map.of(BridgeWalk.START, moments(start)));
            int x = plan.register("x");
            int target = plan.register(BridgePairs.TARGET);
            Dense gain = new Dense(after.covariance(target, x)).times(new Dense(after.covariance(x)).inverse());
            double[] offset = gain.times(after.mean(x));
            for (int i = 0; i < offset.length; i++) {
                offset[i] = after.mean(target)[i] - offset[i];
            }
            int place = pairs.walk().direction().place(j, count);
            learned.put(
                    StrictMath.round(learns.starts(place, count) * count),
                    new AffineField.Affine(gain.numbers(), offset));
        }
        return new Learned(count, learned);
    }

    private static void same(Gaussian wanted, Gaussian got, double within) {
        assertArrayEquals(wanted.mean(), got.mean(), within);
        for (int i = 0; i < wanted.dimension(); i++) {
            assertArrayEquals(wanted.covariance()[i], got.covariance()[i], within, "row " + i);
        }
    }

    /** Fitting by plans is exact fitting with the noise of the steps, to rounding: laws, couplings, drifts, for both matchings. */
    @ParameterizedTest
    @CsvSource({
        "1, 20x0.01, ou:1, DRIFT",
        "1, 10x0.001-0.1, brownian, MEAN",
        "1, 8x0.5, brownian, DRIFT",
        "5, 6x0.05-0.2, brownian, DRIFT",
        "5, 6x0.5, brownian, MEAN",
        "5, 6x0.1, ou:2, MEAN",
        "50, 3x0.1, ou:1, DRIFT",
        "50, 2x0.5, brownian, MEAN"
    })
    void fittingByPlansIsExactFitting(int n, String steps, String reference, Matching matching) {
        BridgeProcess bridge =
                new BridgeProcess(Reference.parse(reference), StepSizes.parse(steps), Space.euclidean(n), false);
        Gaussian from = GaussianBridgeTest.law(n, 1, 0);
        Gaussian to = GaussianBridgeTest.law(n, 2, 0.5);
        GaussianFitting exact = new GaussianFitting(from, to, bridge.reference(), bridge.sizes(), Noise.STEP);
        Map<String, Learned> fields = new HashMap<>();
        BridgePairs pairs = BridgePairs.first(matching, false);
        for (int half = 0; half < (n == 50 ? 2 : 5); half++) {
            Direction learns = half % 2 == 0 ? Direction.BACKWARD : Direction.FORWARD;
            fields.put(learns.spec(), learn(bridge, pairs, fields, half % 2 == 0 ? from : to));
            exact.next();
            BridgeWalk walk = new BridgeWalk(learns, Optional.of(matching));
            Plan plan = walk.plan(bridge, walk.grid(bridge));
            Gaussian start = half % 2 == 0 ? to : from;
            Moments after = MomentOracle.after(plan, fields, Map.of(BridgeWalk.START, moments(start)));
            int x = plan.register("x");
            same(exact.end(), new Gaussian(after.mean(x), after.covariance(x)), 1e-8);
            Dense crossed = new Dense(after.covariance(plan.register(BridgeWalk.START), x));
            Dense coupling = half % 2 == 0 ? crossed.transposed() : crossed;
            for (int i = 0; i < n; i++) {
                assertArrayEquals(exact.coupling()[i], coupling.numbers()[i], 1e-8);
            }
            pairs = new BridgePairs(walk, matching, false);
        }
    }

    /** The first iteration is score-based generative modelling with this schedule: drift -f + 2 score, whichever target teaches it. */
    @ParameterizedTest
    @CsvSource({"1, 20x0.01, ou:1", "5, 6x0.05-0.2, brownian", "5, 6x0.1, ou:2"})
    void theFirstIterationIsScoreBasedModelling(int n, String steps, String spec) {
        Reference reference = Reference.parse(spec);
        BridgeProcess bridge = new BridgeProcess(reference, StepSizes.parse(steps), Space.euclidean(n), false);
        Gaussian from = GaussianBridgeTest.law(n, 3, 0.2);
        int count = bridge.sizes().count();
        for (boolean byScore : new boolean[] {false, true}) {
            Learned learned = learn(bridge, BridgePairs.first(Matching.DRIFT, byScore), Map.of(), from);
            double alpha = 1;
            double variance = 0;
            for (int k = 0; k < count; k++) {
                double factor = reference.factor(bridge.sizes().gamma(k));
                alpha *= factor;
                variance = factor * factor * variance + 2 * bridge.sizes().gamma(k);
                // score of N(alpha m, alpha^2 S + variance I): -(alpha^2 S + variance I)^-1 (x - alpha m)
                Dense precision = from.spread()
                        .times(alpha * alpha)
                        .plus(Dense.scalar(n, variance))
                        .inverse();
                Dense matrix = Dense.scalar(n, reference.pull()).minus(precision.times(2));
                double[] pulled = precision.times(from.mean());
                AffineField.Affine got = learned.at((k + 1.0) / count);
                for (int i = 0; i < n; i++) {
                    assertArrayEquals(matrix.numbers()[i], got.matrix()[i], 1e-8, "score " + byScore + ", step " + k);
                    assertEquals(2 * alpha * pulled[i], got.offset()[i], 1e-8);
                }
            }
        }
    }

    /** Targets by score have less variance: that of x given x_0 and y has gone. */
    @Test
    void targetsByScoreHaveLessVariance() {
        BridgeProcess bridge =
                new BridgeProcess(Reference.brownian(), StepSizes.constant(20, 0.05), Space.euclidean(1), false);
        double[] variance = new double[2];
        for (int i = 0; i < 2; i++) {
            Plan plan = BridgePairs.first(Matching.DRIFT, i == 1).plan(bridge);
            Moments after = MomentOracle.after(plan, Map.of(), Map.of(BridgeWalk.START, moments(Gaussian.of(1, 0))));
            variance[i] = after.covariance(plan.register(BridgePairs.TARGET))[0][0];
        }
        assertEquals(2 / 0.05, variance[0], 1e-9); // sqrt(2/gamma) z
        assertEquals(2, variance[1], 1e-9); // 2 z/sigma, sigma^2 = 2 T
    }

    @Test
    void aWalkDrawsANormalEnd() {
        BridgeProcess bridge =
                new BridgeProcess(Reference.ornsteinUhlenbeck(1), StepSizes.constant(4, 0.1), Space.euclidean(3), true);
        BridgeWalk back = new BridgeWalk(Direction.BACKWARD, Optional.of(Matching.DRIFT));
        Plan plan = back.plan(bridge, back.grid(bridge));
        assertEquals(
                0,
                plan.registers().stream().filter(register -> register.given()).count());
        assertEquals(4, plan.evaluations());
        assertArrayEquals(
                new double[] {1, 0.75, 0.5, 0.25},
                plan.steps().stream()
                        .flatMap(step -> step.stages().stream())
                        .filter(org.tweedie.plan.Stage.Evaluate.class::isInstance)
                        .mapToDouble(stage ->
                                ((org.tweedie.plan.Stage.Evaluate) stage).t().at())
                        .toArray());
        BridgeWalk there = new BridgeWalk(Direction.FORWARD, Optional.empty());
        assertEquals(0, there.plan(bridge, there.grid(bridge)).evaluations());
        assertEquals(
                2 * 4, new BridgePairs(back, Matching.MEAN, false).plan(bridge).evaluations());
    }

    @Test
    void refusesWhatIsNoBridge() {
        Space line = Space.euclidean(1);
        StepSizes sizes = StepSizes.constant(4, 0.1);
        assertThrows(
                IllegalArgumentException.class, () -> new BridgeProcess(Reference.parse("ou:1,2"), sizes, line, true));
        assertThrows(
                IllegalArgumentException.class, () -> new BridgeProcess(Reference.parse("ou:0.1"), sizes, line, true));
        BridgeWalk walk = new BridgeWalk(Direction.FORWARD, Optional.of(Matching.DRIFT));
        assertThrows(IllegalArgumentException.class, () -> new BridgePairs(walk, Matching.DRIFT, true));
        assertThrows(IllegalArgumentException.class, () -> new BridgeWalk(Direction.BACKWARD, Optional.empty()));
        BridgeProcess bridge = new BridgeProcess(Reference.brownian(), sizes, line, true);
        assertThrows(
                IllegalArgumentException.class,
                () -> walk.plan(bridge, sizes.grid().reversed()));
        assertThrows(IllegalArgumentException.class, () -> walk.plan(new org.tweedie.sde.VpSde(), sizes.grid()));
        assertEquals("mean", Matching.parse("mean").spec());
        assertThrows(IllegalArgumentException.class, () -> Matching.parse("men"));
        assertEquals(
                Arrays.asList("forward", "backward"),
                Arrays.stream(Direction.values()).map(Direction::spec).toList());
    }
}
