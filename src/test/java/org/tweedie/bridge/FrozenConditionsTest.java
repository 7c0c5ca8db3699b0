package org.tweedie.bridge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
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
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Step;
import org.tweedie.score.Signature;

/** Conditional fitting by plans, with exact affine regressions on (x, y) in the place of networks: it is, y by y, exact fitting. */
class FrozenConditionsTest {
    private record Learned(int count, Map<Long, AffineField.Affine> at) implements AffineField {
        @Override
        public Affine at(double share) {
            return java.util.Objects.requireNonNull(at.get(StrictMath.round(share * count)));
        }
    }

    private static FrozenConditions conditions(int n) {
        return new FrozenConditions(List.of(new Signature.Port("y", Space.euclidean(n))));
    }

    private static Moments moments(double[] mean, double[][] covariance) {
        return new Moments(List.of(new Register("given", Space.euclidean(mean.length), true)), mean, covariance);
    }

    private static Moments moments(Gaussian law) {
        return moments(law.mean(), law.covariance());
    }

    /** A plan whose y, given as independent of the start, is start + error: y of the joint law p(x, y). */
    private static Plan observed(Plan plan) {
        int y = plan.register("y");
        int start = plan.register(BridgeWalk.START);
        List<Register> registers = new ArrayList<>(plan.registers());
        registers.set(y, new Register("y", registers.get(y).space(), false));
        registers.add(new Register("error", registers.get(y).space(), true));
        List<Step> steps = new ArrayList<>(plan.steps());
        List<Stage> stages = new ArrayList<>(steps.get(0).stages());
        stages.add(new Stage.Combine(new int[] {y}, new double[][] {{1, 1}}, new int[] {start, registers.size() - 1}));
        steps.set(0, new Step(steps.get(0).t(), steps.get(0).s(), stages, Optional.empty()));
        return new Plan(registers, steps, plan.outputs(), plan.trace());
    }

    /** The regression of the target on x and y after each step. */
    private static Learned learn(
            BridgeProcess bridge, BridgePairs pairs, Map<String, Learned> fields, Map<String, Moments> given) {
        int n = bridge.space().width();
        Plan plan = conditions(n).steer(pairs.plan(bridge));
        if (pairs.walk().direction() == Direction.FORWARD) {
            plan = observed(plan);
        }
        int count = bridge.sizes().count();
        Map<Long, AffineField.Affine> learned = new HashMap<>();
        for (int j = 0; j < count; j++) {
            Plan cut = new Plan(plan.registers(), plan.steps().subList(0, j + 2), plan.outputs(), plan.trace());
            Moments after = MomentOracle.after(cut, fields, given);
            int[] from = {plan.register("x"), plan.register("y")};
            int target = plan.register(BridgePairs.TARGET);
            double[][] joint = new double[2 * n][2 * n];
            double[][] gain = new double[n][2 * n];
            for (int r = 0; r < 2 * n; r++) {
                for (int c = 0; c < 2 * n; c++) {
                    joint[r][c] = after.covariance(from[r / n], from[c / n])[r % n][c % n];
                }
            }
            Dense precision = new Dense(joint).inverse();
            double[] offset = after.mean(target).clone();
            for (int i = 0; i < n; i++) {
                for (int c = 0; c < 2 * n; c++) {
                    for (int r = 0; r < 2 * n; r++) {
                        gain[i][c] += after.covariance(target, from[r / n])[i][r % n] * precision.at(r, c);
                    }
                    offset[i] -= gain[i][c] * after.mean(from[c / n])[c % n];
                }
            }
            int place = pairs.walk().direction().place(j, count);
            long at = StrictMath.round(pairs.walk().direction().other().starts(place, count) * count);
            learned.put(at, new AffineField.Affine(gain, offset));
        }
        return new Learned(count, learned);
    }

    /** p(x | y) of x ~ prior, y = x + N(0, noise). */
    static Gaussian posterior(Gaussian prior, Gaussian noise, double[] y) {
        Dense gain = prior.spread().times(prior.spread().plus(noise.spread()).inverse());
        double[] apart = y.clone();
        for (int i = 0; i < y.length; i++) {
            apart[i] -= prior.mean()[i];
        }
        double[] mean = gain.times(apart);
        for (int i = 0; i < y.length; i++) {
            mean[i] += prior.mean()[i];
        }
        Dense left = prior.spread().minus(gain.times(prior.spread()));
        return new Gaussian(mean, left.symmetric().numbers());
    }

    private static void same(Gaussian wanted, Moments after, int x) {
        assertArrayEquals(wanted.mean(), after.mean(x), 1e-8);
        for (int i = 0; i < wanted.dimension(); i++) {
            assertArrayEquals(wanted.covariance()[i], after.covariance(x)[i], 1e-8, "row " + i);
        }
    }

    /** For every y the walks under that y are those of exact fitting between p(x | y) and N(0, I), half bridge by half bridge. */
    @ParameterizedTest
    @CsvSource({
        "1, 20x0.05, ou:1, DRIFT, false",
        "1, 10x0.001-0.1, brownian, MEAN, false",
        "1, 20x0.05, ou:1, DRIFT, true",
        "3, 6x0.1, ou:1, DRIFT, true"
    })
    void fittingIsExactFittingForEveryObservation(
            int n, String steps, String reference, Matching matching, boolean byScore) {
        BridgeProcess bridge =
                new BridgeProcess(Reference.parse(reference), StepSizes.parse(steps), Space.euclidean(n), true);
        Gaussian prior = n == 1 ? Gaussian.of(1, 0) : GaussianBridgeTest.law(n, 1, 0.3);
        Gaussian noise = n == 1 ? Gaussian.of(1, 0) : Gaussian.of(0.5, new double[n]);
        Gaussian normal = Gaussian.of(1, new double[n]);
        Gaussian marginal = new Gaussian(
                prior.mean(), prior.spread().plus(noise.spread()).symmetric().numbers());
        Map<String, Moments> data = Map.of(BridgeWalk.START, moments(prior), "error", moments(noise));
        Map<String, Moments> observations = Map.of("y", moments(marginal));
        double[][] asked = new double[3][n];
        List<GaussianFitting> exact = new ArrayList<>();
        for (int o = 0; o < asked.length; o++) {
            for (int i = 0; i < n; i++) {
                asked[o][i] = o - 0.7 * i;
            }
            exact.add(new GaussianFitting(
                    posterior(prior, noise, asked[o]), normal, bridge.reference(), bridge.sizes(), Noise.STEP));
        }
        assertEquals(
                0.5,
                n == 1
                        ? exact.get(1).wanted().covariance()[0][0]
                                * posterior(prior, noise, asked[1]).mean()[0]
                        : 0.5,
                1e-12); // y = 1: N(1/2, 1/2)
        Map<String, Learned> fields = new HashMap<>();
        BridgePairs pairs = BridgePairs.first(matching, byScore);
        for (int half = 0; half < 5; half++) {
            Direction learns = half % 2 == 0 ? Direction.BACKWARD : Direction.FORWARD;
            fields.put(learns.spec(), learn(bridge, pairs, fields, half % 2 == 0 ? data : observations));
            BridgeWalk walk = new BridgeWalk(learns, Optional.of(matching));
            Plan plan = conditions(n).steer(walk.plan(bridge, walk.grid(bridge)));
            for (int o = 0; o < asked.length; o++) {
                exact.get(o).next();
                Map<String, Moments> given = new HashMap<>();
                given.put("y", moments(asked[o], new double[n][n]));
                given.put(BridgeWalk.START, moments(posterior(prior, noise, asked[o])));
                same(exact.get(o).end(), MomentOracle.after(plan, fields, given), plan.register("x"));
            }
            pairs = new BridgePairs(walk, matching, false);
        }
        thereAndBack(bridge, matching, fields, exact.get(0).end(), asked);
    }

    /** There with y = a and back with y = b: a start of N(m, S) ends as the affine chains of a and of b, one after the other, take it. */
    private static void thereAndBack(
            BridgeProcess bridge, Matching matching, Map<String, Learned> fields, Gaussian start, double[][] asked) {
        int n = start.dimension();
        Plan both = new ThereAndBack(matching, conditions(n))
                .plan(bridge, bridge.sizes().grid());
        BridgeWalk there = new BridgeWalk(Direction.FORWARD, Optional.of(matching));
        Plan forward = conditions(n).steer(there.plan(bridge, there.grid(bridge)));
        Moments middle = MomentOracle.after(
                forward, fields, Map.of(BridgeWalk.START, moments(start), "y", moments(asked[2], new double[n][n])));
        int x = forward.register("x");
        BridgeProcess given = new BridgeProcess(bridge.reference(), bridge.sizes(), bridge.space(), false);
        BridgeWalk back = new BridgeWalk(Direction.BACKWARD, Optional.of(matching));
        Plan backward = conditions(n).steer(back.plan(given, back.grid(given)));
        Moments end = MomentOracle.after(
                backward,
                fields,
                Map.of(
                        BridgeWalk.START,
                        moments(middle.mean(x), middle.covariance(x)),
                        "y",
                        moments(asked[0], new double[n][n])));
        Moments at = MomentOracle.after(
                both,
                fields,
                Map.of(
                        BridgeWalk.START,
                        moments(start),
                        "own.y",
                        moments(asked[2], new double[n][n]),
                        "y",
                        moments(asked[0], new double[n][n])));
        same(new Gaussian(end.mean(x), end.covariance(x)), at, both.register("x"));
        assertEquals(2 * bridge.sizes().count(), both.evaluations());
    }

    @Test
    void refusesNamesOfTheWalksOwn() {
        IllegalArgumentException taken = assertThrows(
                IllegalArgumentException.class,
                () -> new FrozenConditions(List.of(new Signature.Port("noise", Space.euclidean(1)))));
        assertTrue(taken.getMessage().contains("cannot be called 'noise'"), taken.getMessage());
    }
}
