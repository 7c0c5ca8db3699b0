package org.tweedie.bridge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.tweedie.bridge.GaussianFitting.Noise;
import org.tweedie.plan.AffineField;
import org.tweedie.plan.Interpreter;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.RowField;
import org.tweedie.plan.Space;
import org.tweedie.rng.Law;
import org.tweedie.sde.TimeGrid;

/** The flow between normal laws, in double: ends, map and density against closed forms, with orders; nothing is sampled but probes. */
class BridgeFlowTest {
    private static final double T = 0.5;

    /** E[X1 | x] or E[X0 | x] give the drifts: a bridge is a mixture of Brownian bridges, f = (E[X1 | x] - x)/(T - t), b = (E[X0 | x] - x)/t. */
    private record Continuous(Gaussian from, Gaussian to, GaussianBridge bridge) {
        Continuous(Gaussian from, Gaussian to) {
            this(from, to, GaussianBridge.brownian(from, to, 2 * T));
        }

        AffineField.Affine drift(Direction direction, double t) {
            double share = Math.min(1, t / T);
            Dense coupling = new Dense(bridge.coupling());
            boolean forward = direction == Direction.FORWARD;
            Dense crossed = forward
                    ? coupling.transposed().times(1 - share).plus(to.spread().times(share))
                    : from.spread().times(1 - share).plus(coupling.times(share));
            Gaussian law = bridge.at(share);
            int n = law.dimension();
            Dense gain = crossed.times(law.spread().inverse());
            double left = forward ? T - t : t;
            Dense matrix = gain.minus(Dense.scalar(n, 1)).times(1 / left);
            double[] pulled = gain.times(law.mean());
            double[] offset = new double[n];
            for (int i = 0; i < n; i++) {
                offset[i] = ((forward ? to : from).mean()[i] - pulled[i]) / left;
            }
            return new AffineField.Affine(matrix.numbers(), offset);
        }

        /** (f - b)/2, at times inside. */
        AffineField.Affine velocity(double t) {
            AffineField.Affine f = drift(Direction.FORWARD, t);
            AffineField.Affine b = drift(Direction.BACKWARD, t);
            double[] offset = new double[f.offset().length];
            for (int i = 0; i < offset.length; i++) {
                offset[i] = (f.offset()[i] - b.offset()[i]) / 2;
            }
            return new AffineField.Affine(
                    new Dense(f.matrix())
                            .minus(new Dense(b.matrix()))
                            .times(0.5)
                            .numbers(),
                    offset);
        }
    }

    /** What networks without error would put out, at the shares of the steps where a direction's steps start. */
    private record Known(int count, Direction direction, Map<Long, AffineField.Affine> at) implements AffineField {
        @Override
        public Affine at(double share) {
            long place = StrictMath.round(share * count);
            Affine affine = at.get(place);
            if (affine == null || StrictMath.abs(share * count - place) > 1e-9) {
                throw new IllegalArgumentException(direction + " was never learned at " + share);
            }
            return affine;
        }

        /** The field with its divergence. */
        RowField divergence() {
            return (from, share, into) -> {
                evaluate(new double[][] {from[0]}, share, new double[][] {into[0]});
                into[1][0] = new Dense(at(share).matrix()).trace();
            };
        }

        /** The field with its derivative along a direction. */
        RowField tangent() {
            return (from, share, into) -> {
                evaluate(new double[][] {from[0]}, share, new double[][] {into[0]});
                System.arraycopy(new Dense(at(share).matrix()).times(from[1]), 0, into[1], 0, into[1].length);
            };
        }
    }

    /** A drift as a network of that matching puts it out. */
    private static AffineField.Affine put(Matching matching, AffineField.Affine drift, double gamma) {
        if (matching == Matching.DRIFT) {
            return drift;
        }
        int n = drift.offset().length;
        double[] offset = drift.offset().clone();
        for (int i = 0; i < n; i++) {
            offset[i] *= gamma;
        }
        return new AffineField.Affine(
                new Dense(drift.matrix()).times(gamma).plus(Dense.scalar(n, 1)).numbers(), offset);
    }

    private static Map<String, Known> continuous(Continuous exact, StepSizes sizes, Matching matching) {
        double[] times = sizes.grid().times();
        Map<String, Known> fields = new HashMap<>();
        for (Direction direction : Direction.values()) {
            Map<Long, AffineField.Affine> at = new HashMap<>();
            for (int k = 0; k < sizes.count(); k++) {
                int start = direction == Direction.FORWARD ? k : k + 1;
                at.put((long) start, put(matching, exact.drift(direction, times[start]), sizes.gamma(k)));
            }
            fields.put(direction.spec(), new Known(sizes.count(), direction, at));
        }
        return fields;
    }

    /** The drifts of exact fitting's chains after so many iterations. */
    private static Map<String, Known> fitted(
            Gaussian from, Gaussian to, Reference reference, StepSizes sizes, Noise noise, int iterations) {
        GaussianFitting fitting = new GaussianFitting(from, to, reference, sizes, noise);
        Map<String, Known> fields = new HashMap<>();
        for (int half = 0; half < 2 * iterations; half++) {
            fitting.next();
            Direction direction = Direction.learned(half);
            Map<Long, AffineField.Affine> at = new HashMap<>();
            for (int k = 0; k < sizes.count(); k++) {
                GaussianFitting.Drift drift = fitting.drift(k);
                long start = direction == Direction.FORWARD ? k : sizes.count() - k;
                at.put(start, new AffineField.Affine(drift.matrix(), drift.offset()));
            }
            fields.put(direction.spec(), new Known(sizes.count(), direction, at));
        }
        return fields;
    }

    private static BridgeProcess bridge(int n, StepSizes sizes, boolean normal) {
        return new BridgeProcess(Reference.brownian(), sizes, Space.euclidean(n), normal);
    }

    /** The greatest difference of means and covariances of where the flow takes {@code start} from {@code end}. */
    private static double error(
            Plan plan, Map<String, ? extends AffineField> fields, Gaussian start, Gaussian end, int n) {
        Moments given = new Moments(
                List.of(new Register(BridgeWalk.START, Space.euclidean(n), true)), start.mean(), start.covariance());
        Moments after = MomentOracle.after(plan, fields, Map.of(BridgeWalk.START, given));
        int x = plan.register("x");
        double most = 0;
        for (int i = 0; i < n; i++) {
            most = Math.max(most, Math.abs(after.mean(x)[i] - end.mean()[i]));
            for (int j = 0; j < n; j++) {
                most = Math.max(most, Math.abs(after.covariance(x)[i][j] - end.covariance()[i][j]));
            }
        }
        return most;
    }

    private static double log2(double ratio) {
        return Math.log(ratio) / Math.log(2);
    }

    /** With the drifts of the continuous bridge the flow carries each end to the other, with an error that a half step quarters. */
    @ParameterizedTest
    @CsvSource({"1, DRIFT", "5, DRIFT", "5, MEAN"})
    void carriesEachEndToTheOtherAtOrderTwo(int n, Matching matching) {
        Gaussian from = GaussianBridgeTest.law(n, 1, 0);
        Gaussian to = GaussianBridgeTest.law(n, 2, 0.5);
        for (Direction direction : Direction.values()) {
            boolean forward = direction == Direction.FORWARD;
            double[] errors = new double[2];
            for (int i = 0; i < 2; i++) {
                StepSizes sizes = StepSizes.constant(40 << i, T / (40 << i));
                BridgeProcess bridge = bridge(n, sizes, false);
                BridgeFlow flow = new BridgeFlow(direction, matching);
                Plan plan = flow.plan(bridge, flow.grid(bridge, sizes.count()));
                assertEquals(4 * sizes.count(), plan.evaluations());
                errors[i] = error(
                        plan,
                        continuous(new Continuous(from, to), sizes, matching),
                        forward ? from : to,
                        forward ? to : from,
                        n);
            }
            assertTrue(errors[1] < 2e-3, direction + ": " + errors[1]);
            assertEquals(2, log2(errors[0] / errors[1]), 0.25, direction + ": " + errors[0] + ", " + errors[1]);
        }
    }

    /** So it does by exact fitting's drifts in discrete time; by those with the noise of the steps, which networks learn and which are off by O(gamma), at order one. */
    @ParameterizedTest
    @CsvSource({
        "1, brownian, EXACT, 25, 2",
        "5, ou:2, EXACT, 25, 2",
        "1, brownian, STEP, 25, 1",
        "5, brownian, STEP, 25, 1",
        "5, ou:2, STEP, 25, 1"
    })
    void carriesEachEndToTheOtherByFittedDrifts(int n, String spec, Noise noise, int iterations, double order) {
        Reference reference = Reference.parse(spec);
        Gaussian from = GaussianBridgeTest.law(n, 1, 0);
        Gaussian to = GaussianBridgeTest.law(n, 2, 0.5);
        for (Direction direction : Direction.values()) {
            boolean forward = direction == Direction.FORWARD;
            double[] errors = new double[2];
            for (int i = 0; i < 2; i++) {
                StepSizes sizes = StepSizes.constant(20 << i, T / (20 << i));
                BridgeProcess bridge = new BridgeProcess(reference, sizes, Space.euclidean(n), false);
                BridgeFlow flow = new BridgeFlow(direction, Matching.DRIFT);
                errors[i] = error(
                        flow.plan(bridge, flow.grid(bridge, sizes.count())),
                        fitted(from, to, reference, sizes, noise, iterations),
                        forward ? from : to,
                        forward ? to : from,
                        n);
            }
            assertTrue(errors[1] < 0.06, direction + ": " + errors[1]);
            assertEquals(order, log2(errors[0] / errors[1]), 0.25, direction + ": " + errors[0] + ", " + errors[1]);
        }
    }

    /** dx/dt = (f - b)/2 by the classical Runge-Kutta method in small steps, away from the ends by a hair, where one drift has no value in this form. */
    private static double[] integrated(Continuous exact, double[] start) {
        double[] x = start.clone();
        int steps = 1000;
        double first = 1e-7;
        double h = (T - 2 * first) / steps;
        for (int i = 0; i < steps; i++) {
            double t = first + i * h;
            double[] a = at(exact, t, x, x, 0);
            double[] b = at(exact, t + h / 2, x, a, h / 2);
            double[] c = at(exact, t + h / 2, x, b, h / 2);
            double[] d = at(exact, t + h, x, c, h);
            for (int k = 0; k < x.length; k++) {
                x[k] += h / 6 * (a[k] + 2 * b[k] + 2 * c[k] + d[k]);
            }
        }
        return x;
    }

    private static double[] at(Continuous exact, double t, double[] x, double[] slope, double h) {
        double[] y = x.clone();
        for (int k = 0; h != 0 && k < y.length; k++) {
            y[k] += h * slope[k];
        }
        AffineField.Affine v = exact.velocity(t);
        double[] moved = new Dense(v.matrix()).times(y);
        for (int k = 0; k < y.length; k++) {
            moved[k] += v.offset()[k];
        }
        return moved;
    }

    /** The map itself: on a line the one that keeps order, else that of the equation integrated on its own; there and back is where it began. */
    @ParameterizedTest
    @EnumSource(Matching.class)
    void mapsRowsAsTheContinuousFlow(Matching matching) {
        for (int n : new int[] {1, 3}) {
            Gaussian from = GaussianBridgeTest.law(n, 3, 0);
            Gaussian to = GaussianBridgeTest.law(n, 4, 1);
            Continuous exact = new Continuous(from, to);
            double[] x = {0.9, -0.4, 0.3};
            double[] start = java.util.Arrays.copyOf(x, n);
            double[] wanted = integrated(exact, start);
            if (n == 1) {
                double stretch = Math.sqrt(to.covariance()[0][0] / from.covariance()[0][0]);
                assertEquals(to.mean()[0] + stretch * (x[0] - from.mean()[0]), wanted[0], 1e-5);
            }
            double[] errors = new double[2];
            double[] returns = new double[2];
            for (int i = 0; i < 2; i++) {
                StepSizes sizes = StepSizes.constant(50 << i, T / (50 << i));
                BridgeProcess bridge = bridge(n, sizes, false);
                Map<String, Known> fields = continuous(exact, sizes, matching);
                double[] there = run(bridge, new BridgeFlow(Direction.FORWARD, matching), fields, start, 1);
                double[] back = run(bridge, new BridgeFlow(Direction.BACKWARD, matching), fields, there, 1);
                for (int k = 0; k < n; k++) {
                    errors[i] = Math.max(errors[i], Math.abs(there[k] - wanted[k]));
                    returns[i] = Math.max(returns[i], Math.abs(back[k] - start[k]));
                }
            }
            assertTrue(errors[1] < 1e-3, n + ": " + errors[1]);
            assertEquals(2, log2(errors[0] / errors[1]), 0.3, n + ": " + errors[0] + ", " + errors[1]);
            assertTrue(returns[1] < 1e-3 && returns[1] < returns[0] / 3.4, returns[0] + ", " + returns[1]);
        }
    }

    private static double[] run(
            BridgeProcess bridge, BridgeFlow flow, Map<String, Known> fields, double[] start, int cuts) {
        Plan plan = flow.plan(bridge, flow.grid(bridge, cuts * bridge.sizes().count()));
        return Interpreter.of(plan, fields)
                .row(1, 0, Map.of(BridgeWalk.START, start))
                .outputs()[0];
    }

    /** Finer steps end at the flow of drifts joined by lines: the rest of Heun's error goes, and with it most of the way back's. */
    @Test
    void finerStepsEndAtTheFlowOfTheNetworks() {
        Gaussian from = GaussianBridgeTest.law(2, 5, 0);
        Gaussian to = GaussianBridgeTest.law(2, 6, 1);
        StepSizes sizes = StepSizes.symmetric(10, 0.02, 0.08); // 0.5
        BridgeProcess bridge = bridge(2, sizes, false);
        Map<String, Known> fields = continuous(new Continuous(from, to), sizes, Matching.DRIFT);
        double[] start = {0.5, -0.8};
        double[] limit = run(bridge, new BridgeFlow(Direction.FORWARD, Matching.DRIFT), fields, start, 256);
        double[] errors = new double[3];
        double[] returns = new double[3];
        for (int i = 0; i < 3; i++) {
            double[] there = run(bridge, new BridgeFlow(Direction.FORWARD, Matching.DRIFT), fields, start, 1 << i);
            double[] back = run(bridge, new BridgeFlow(Direction.BACKWARD, Matching.DRIFT), fields, there, 1 << i);
            errors[i] = Math.hypot(there[0] - limit[0], there[1] - limit[1]);
            returns[i] = Math.hypot(back[0] - start[0], back[1] - start[1]);
        }
        assertEquals(2, log2(errors[1] / errors[2]), 0.3, errors[1] + ", " + errors[2]);
        assertTrue(returns[2] < returns[1] / 3.4 && returns[1] < returns[0] / 3.4, returns[0] + ", " + returns[2]);
        assertArrayEquals(
                limit,
                run(bridge, new BridgeFlow(Direction.FORWARD, Matching.DRIFT), fields, start, 128),
                1e-5,
                "one flow, however fine the steps");
    }

    /** The density of the first law, from that of the second, at order two; by the trace, and by probes without bias. */
    @ParameterizedTest
    @EnumSource(Matching.class)
    void givesTheDensityOfTheFirstEnd(Matching matching) {
        int n = 3;
        Gaussian from = GaussianBridgeTest.law(n, 7, 0.3);
        Gaussian to = Gaussian.of(1, 0, 0, 0);
        Continuous exact = new Continuous(from, to);
        double[] x = {0.9, -0.4, 0.3};
        double wanted = log(from, x);
        double[] errors = new double[2];
        for (int i = 0; i < 2; i++) {
            StepSizes sizes = StepSizes.constant(50 << i, T / (50 << i));
            errors[i] = Math.abs(densities(exact, sizes, matching, Optional.empty(), x, 1)[0] - wanted);
        }
        assertTrue(errors[1] < 2e-3, errors[0] + ", " + errors[1]);
        assertEquals(2, log2(errors[0] / errors[1]), 0.3, errors[0] + ", " + errors[1]);
        StepSizes sizes = StepSizes.constant(50, T / 50);
        double trace = densities(exact, sizes, matching, Optional.empty(), x, 1)[0];
        for (Law law : new Law[] {Law.NORMAL, Law.RADEMACHER}) {
            int rows = 400;
            double sum = 0;
            double squares = 0;
            for (double log : densities(exact, sizes, matching, Optional.of(law), x, rows)) {
                double apart = log - trace;
                sum += apart / rows;
                squares += apart * apart / rows;
            }
            assertTrue(squares > 1e-4, "probes scatter");
            assertEquals(0, sum, 4 * Math.sqrt(squares / rows), law + ": mean difference");
        }
    }

    private static double log(Gaussian law, double[] x) {
        double[] apart = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            apart[i] = x[i] - law.mean()[i];
        }
        double[] pulled = law.spread().inverse().times(apart);
        double square = 0;
        for (int i = 0; i < x.length; i++) {
            square += apart[i] * pulled[i];
        }
        return -0.5 * (square + x.length * Math.log(2 * Math.PI) + law.spread().logDeterminant());
    }

    /** Log-densities under the flow of the first rows of a seed, all of which are x: they differ by their probes. */
    private static double[] densities(
            Continuous exact, StepSizes sizes, Matching matching, Optional<Law> probe, double[] x, int rows) {
        BridgeProcess bridge = bridge(x.length, sizes, true);
        Plan plan = new BridgeFlowDensity(matching, probe).plan(bridge, sizes.grid());
        Map<String, RowField> fields = new HashMap<>();
        continuous(exact, sizes, matching).forEach((name, known) -> {
            fields.put(name + BridgeFlowDensity.DIVERGENCE, known.divergence());
            fields.put(name + BridgeFlowDensity.TANGENT, known.tangent());
        });
        Interpreter interpreter = Interpreter.of(plan, fields);
        double[] log = new double[rows];
        for (int i = 0; i < rows; i++) {
            Interpreter.Row row = interpreter.row(5, i, Map.of("x", x));
            log[i] = log(exact.to(), row.outputs()[0]) + row.outputs()[1][0];
        }
        return log;
    }

    /** p(x | y) of a joint normal law whose last numbers are y. */
    private static Gaussian conditional(Gaussian joint, double[] y) {
        int n = joint.dimension() - y.length;
        double[][] xx = new double[n][n];
        double[][] xy = new double[n][y.length];
        double[][] yy = new double[y.length][y.length];
        double[] apart = new double[y.length];
        for (int i = 0; i < joint.dimension(); i++) {
            for (int j = 0; j < joint.dimension(); j++) {
                double c = joint.covariance()[i][j];
                if (i < n && j < n) {
                    xx[i][j] = c;
                } else if (i < n) {
                    xy[i][j - n] = c;
                } else if (j >= n) {
                    yy[i - n][j - n] = c;
                }
            }
        }
        for (int j = 0; j < y.length; j++) {
            apart[j] = y[j] - joint.mean()[n + j];
        }
        double[][] gain = new double[n][y.length];
        Dense precision = new Dense(yy).inverse();
        double[] mean = new double[n];
        double[][] left = new double[n][n];
        for (int i = 0; i < n; i++) {
            mean[i] = joint.mean()[i];
            for (int j = 0; j < y.length; j++) {
                for (int k = 0; k < y.length; k++) {
                    gain[i][j] += xy[i][k] * precision.at(k, j);
                }
                mean[i] += gain[i][j] * apart[j];
            }
        }
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                left[i][j] = xx[i][j];
                for (int k = 0; k < y.length; k++) {
                    left[i][j] -= gain[i][k] * xy[j][k];
                }
            }
        }
        return new Gaussian(mean, new Dense(left).symmetric().numbers());
    }

    /** A field of x and y: the drift of the bridge from p(x | y), affine in both. Known at y = 0, then at each unit vector. */
    private record Observing(List<Known> at) {
        private AffineField.Affine affine(double share, double[] y) {
            double[][] matrix = at.get(0).at(share).matrix();
            double[] zero = at.get(0).at(share).offset();
            double[] offset = zero.clone();
            for (int j = 0; j < y.length; j++) {
                double[] unit = at.get(1 + j).at(share).offset();
                for (int i = 0; i < offset.length; i++) {
                    offset[i] += y[j] * (unit[i] - zero[i]);
                }
            }
            return new AffineField.Affine(matrix, offset);
        }

        private void mean(double[] x, double[] y, double share, double[] into) {
            AffineField.Affine affine = affine(share, y);
            double[] moved = new Dense(affine.matrix()).times(x);
            for (int i = 0; i < into.length; i++) {
                into[i] = moved[i] + affine.offset()[i];
            }
        }

        RowField field() {
            return (from, share, into) -> mean(from[0], from[1], share, into[0]);
        }

        RowField divergence() {
            return (from, share, into) -> {
                mean(from[0], from[1], share, into[0]);
                into[1][0] = new Dense(affine(share, from[1]).matrix()).trace();
            };
        }

        RowField tangent() {
            return (from, share, into) -> {
                mean(from[0], from[2], share, into[0]);
                double[] along = new Dense(affine(share, from[2]).matrix()).times(from[1]);
                System.arraycopy(along, 0, into[1], 0, along.length);
            };
        }
    }

    /**
     * With the drifts of the bridges from p(x | y) to the normal law, for all y at once, the flow under y gives ln p(x | y) of a joint normal law, at order two: by the
     * trace, and by probes as much as by the trace in the mean. Forward it is a map to N(0, I) that the flow backward under the same y undoes.
     */
    @ParameterizedTest
    @EnumSource(Matching.class)
    void givesTheDensityUnderEveryObservation(Matching matching) {
        int n = 3;
        Gaussian joint = GaussianBridgeTest.law(n + 2, 8, 0.4);
        FrozenConditions conditions =
                new FrozenConditions(List.of(new org.tweedie.score.Signature.Port("y", Space.euclidean(2))));
        double[] x = {0.9, -0.4, 0.3};
        for (double[] y : new double[][] {{0, 0}, {1.5, -0.7}, {-1, 2}}) {
            Gaussian posterior = conditional(joint, y);
            double[] errors = new double[2];
            double[] returns = new double[2];
            for (int i = 0; i < 2; i++) {
                StepSizes sizes = StepSizes.constant(50 << i, T / (50 << i));
                BridgeProcess bridge = bridge(n, sizes, true);
                Map<String, RowField> fields = observing(joint, 2, sizes, matching);
                Plan density =
                        conditions.steer(new BridgeFlowDensity(matching, Optional.empty()).plan(bridge, sizes.grid()));
                double[][] put = Interpreter.of(density, fields)
                        .row(5, 0, Map.of("x", x, "y", y))
                        .outputs();
                Gaussian normal = Gaussian.of(1, new double[n]);
                double log = log(normal, put[0]) + put[1][0];
                errors[i] = Math.abs(log - log(posterior, x));
                Plan forward = conditions.steer(new BridgeFlow(Direction.FORWARD, matching).plan(bridge, sizes.grid()));
                double[] there = Interpreter.of(forward, fields)
                        .row(5, 0, Map.of(BridgeWalk.START, x, "y", y))
                        .outputs()[0];
                assertArrayEquals(put[0], there, 1e-12, "the flow's own latent row");
                Plan backward = new org.tweedie.plan.GivenStart()
                        .steer(conditions.steer(new BridgeFlow(Direction.BACKWARD, matching)
                                .plan(bridge, sizes.grid().reversed())));
                double[] back = Interpreter.of(backward, fields)
                        .row(5, 0, Map.of(BridgeWalk.START, there, "y", y))
                        .outputs()[0];
                for (int k = 0; k < n; k++) {
                    returns[i] = Math.max(returns[i], Math.abs(back[k] - x[k]));
                }
                if (i == 0) {
                    probesAgree(conditions, bridge, fields, matching, x, y, log);
                }
            }
            assertTrue(errors[1] < 4e-3, errors[0] + ", " + errors[1]);
            assertEquals(2, log2(errors[0] / errors[1]), 0.3, errors[0] + ", " + errors[1]);
            assertTrue(returns[1] < 1e-3 && returns[1] < returns[0] / 3.4, returns[0] + ", " + returns[1]);
        }
    }

    private static Map<String, RowField> observing(Gaussian joint, int seen, StepSizes sizes, Matching matching) {
        Gaussian normal = Gaussian.of(1, new double[joint.dimension() - seen]);
        List<Map<String, Known>> known = new java.util.ArrayList<>();
        for (int j = -1; j < seen; j++) {
            double[] y = new double[seen];
            if (j >= 0) {
                y[j] = 1;
            }
            known.add(continuous(new Continuous(conditional(joint, y), normal), sizes, matching));
        }
        Map<String, RowField> fields = new HashMap<>();
        for (Direction direction : Direction.values()) {
            Observing of = new Observing(
                    known.stream().map(at -> at.get(direction.spec())).toList());
            fields.put(direction.spec(), of.field());
            fields.put(direction.spec() + BridgeFlowDensity.DIVERGENCE, of.divergence());
            fields.put(direction.spec() + BridgeFlowDensity.TANGENT, of.tangent());
        }
        return fields;
    }

    /** The mean over probes is the trace's, within four standard errors. */
    private static void probesAgree(
            FrozenConditions conditions,
            BridgeProcess bridge,
            Map<String, RowField> fields,
            Matching matching,
            double[] x,
            double[] y,
            double log) {
        Plan plan = conditions.steer(new BridgeFlowDensity(matching, Optional.of(Law.RADEMACHER))
                .plan(bridge, bridge.sizes().grid()));
        Interpreter interpreter = Interpreter.of(plan, fields);
        Gaussian normal = Gaussian.of(1, new double[x.length]);
        int probes = 200;
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < probes; i++) {
            double[][] put = interpreter.row(5, i, Map.of("x", x, "y", y)).outputs();
            double apart = log(normal, put[0]) + put[1][0] - log;
            sum += apart / probes;
            squares += apart * apart / probes;
        }
        assertTrue(squares > 1e-6, "probes scatter");
        assertEquals(0, sum, 4 * Math.sqrt(squares / probes), "mean difference");
    }

    @Test
    void cutsStepsEvenly() {
        StepSizes sizes = StepSizes.symmetric(4, 0.1, 0.3);
        BridgeProcess bridge = bridge(1, sizes, true);
        BridgeFlow flow = new BridgeFlow(Direction.FORWARD, Matching.DRIFT);
        assertEquals(sizes.grid(), flow.grid(bridge, 4), "its own grid, to the bit");
        double[] fine = flow.grid(bridge, 12).times();
        for (int k = 0; k <= 4; k++) {
            assertEquals(sizes.grid().times()[k], fine[3 * k]);
        }
        assertArrayEquals(new double[] {0, 0.4, 0.8}, flow.grid(bridge, 2).times(), 1e-15);
        Plan plan = flow.plan(bridge, flow.grid(bridge, 12));
        // two fields at the 4 + 4 ends of steps on nodes; between them each is joined of two, but where it is known at
        // one end alone
        assertEquals(2 * 12 * 2 + 2 * 8 * 2 - 2 * 4, plan.evaluations());
        Plan back = new BridgeFlow(Direction.BACKWARD, Matching.DRIFT)
                .plan(bridge, sizes.grid().reversed());
        assertEquals(0, back.registers().stream().filter(Register::given).count(), "a normal end is drawn");
    }

    @Test
    void refusesWhatIsNoFlow() {
        StepSizes sizes = StepSizes.constant(4, 0.1);
        BridgeProcess bridge = bridge(1, sizes, true);
        BridgeFlow flow = new BridgeFlow(Direction.FORWARD, Matching.DRIFT);
        assertEquals("flow:forward", flow.spec());
        assertThrows(
                IllegalArgumentException.class,
                () -> flow.plan(bridge, sizes.grid().reversed()));
        assertThrows(IllegalArgumentException.class, () -> flow.plan(bridge, new TimeGrid(new double[] {0, 0.2})));
        assertThrows(IllegalArgumentException.class, () -> flow.plan(new org.tweedie.sde.VpSde(), sizes.grid()));
        assertThrows(IllegalArgumentException.class, () -> flow.grid(bridge, 0));
        assertThrows(
                IllegalArgumentException.class, () -> new BridgeFlowDensity(Matching.DRIFT, Optional.of(Law.UNIFORM)));
        BridgeFlowDensity density = new BridgeFlowDensity(Matching.DRIFT, Optional.empty());
        assertThrows(
                IllegalArgumentException.class,
                () -> density.plan(bridge, sizes.grid().reversed()));
    }
}
