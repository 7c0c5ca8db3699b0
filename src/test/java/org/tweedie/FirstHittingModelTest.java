package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.Stream;
import org.tweedie.execution.CancelToken;
import org.tweedie.hitting.Categories;
import org.tweedie.hitting.Cube;
import org.tweedie.hitting.HalfSpace;
import org.tweedie.hitting.HittingDomain;
import org.tweedie.hitting.HittingSpec;
import org.tweedie.hitting.HittingSteps;
import org.tweedie.hitting.UnitBall;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;
import org.tweedie.score.Evaluator;
import org.tweedie.score.Field;
import org.tweedie.score.FormulaField;
import org.tweedie.score.Instant;
import org.tweedie.score.Mlp;
import org.tweedie.score.Signature;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;

/** Walks that hit: harmonic measures and mean times in closed form, exact drifts that give the law of the data, bits, idle rows. */
class FirstHittingModelTest {
    /** Standard errors that a moment may be off by: missed once in 150,000 seeds; seeds are fixed. */
    private static final double WIDE = 4.5;

    /** Mean and its standard error. */
    private static double[] mean(int count, IntToDoubleFunction number) {
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < count; i++) {
            double x = number.applyAsDouble(i);
            sum += x / count;
            squares += x * x / count;
        }
        return new double[] {sum, Math.sqrt((squares - sum * sum) / count)};
    }

    private static void assertMean(double expected, double bias, int count, IntToDoubleFunction number, String what) {
        double[] mean = mean(count, number);
        assertEquals(expected, mean[0], WIDE * mean[1] + bias, what);
    }

    /** The unit formula: from z a walk in the ball hits y with E y = z, E y_1^2 = (1 - |z|^2)/d + z_1^2, after a mean time (1 - |z|^2)/d. */
    @Test
    void theBallIsHitWithHarmonicMeasure() {
        int count = 8000;
        try (Device device = Device.open("cpu");
                FirstHittingModel walk =
                        FirstHittingModel.base(UnitBall.from(0.5, 0, 0), HittingSteps.of(0.01), device)) {
            Samples samples = walk.sample(count, 5);
            float[] y = samples.rows();
            float[] tau = samples.output("tau");
            assertEquals(0, samples.unfinished());
            for (int i = 0; i < count; i++) {
                double square = 0;
                for (int d = 0; d < 3; d++) {
                    square += y[3 * i + d] * y[3 * i + d];
                }
                assertEquals(1, square, 1e-6, "row " + i + " is on the sphere");
            }
            // a martingale: steps add no bias but that of the projection, at most the tolerance
            assertMean(0.5, 1e-3, count, i -> y[3 * i], "y1");
            assertMean(0, 1e-3, count, i -> y[3 * i + 1], "y2");
            assertMean(0.5, 2e-3, count, i -> y[3 * i] * y[3 * i], "y1^2");
            assertMean(0.25, 1e-3, count, i -> y[3 * i + 2] * y[3 * i + 2], "y3^2");
            assertMean(0.25, 1e-3, count, i -> tau[i], "tau");
        }
    }

    /** From x a coordinate ends at 1 with probability x after x (1 - x); those that end at 1 take (1 - x^2)/3. The rest of a step is O(h). */
    @Test
    void aWallIsHitInItsShareAndTime() {
        int count = 20_000;
        double h = 0.002;
        double x = 0.3;
        try (Device device = Device.open("cpu");
                FirstHittingModel walk = FirstHittingModel.base(Cube.from(x), HittingSteps.of(h), device)) {
            Samples samples = walk.sample(count, 6);
            float[] y = samples.rows();
            float[] tau = samples.output("tau");
            assertEquals(0, samples.unfinished());
            assertMean(x, 0, count, i -> y[i], "P(1)");
            assertMean(x * (1 - x), h / 2, count, i -> tau[i], "tau");
            int[] ones = java.util.stream.IntStream.range(0, count)
                    .filter(i -> y[i] == 1)
                    .toArray();
            int[] zeros = java.util.stream.IntStream.range(0, count)
                    .filter(i -> y[i] == 0)
                    .toArray();
            assertEquals(count, ones.length + zeros.length);
            assertMean((1 - x * x) / 3, h, ones.length, i -> tau[ones[i]], "tau of 1");
            assertMean((1 - (1 - x) * (1 - x)) / 3, h, zeros.length, i -> tau[zeros[i]], "tau of 0");
        }
    }

    /**
     * The drift whose walk ends with the law of von Mises and Fisher about (0, 0, 1): grad ln H, with the harmonic H = sum (2l + 1) i_l(k)/i_0(k) S_l(z), S_l = |z|^l
     * P_l(z_3/|z|) of s = z_3 and q = |z|^2 by Bonnet's recurrence, and i_l, modified spherical Bessel functions, by theirs downwards.
     */
    private static Field vonMisesFisher(double kappa, int terms) {
        double[] bessel = new double[60];
        bessel[58] = 1e-300;
        for (int l = 58; l >= 1; l--) {
            bessel[l - 1] = bessel[l + 1] + (2 * l + 1) / kappa * bessel[l];
        }
        FormulaWriter f = Formula.writer("von Mises-Fisher");
        Value z = f.input(3);
        Value s = z.at(2);
        Value q = z.dot(z);
        Value[] p = {f.number(1), s};
        Value[] ps = {f.number(0), f.number(1)};
        Value[] pq = {f.number(0), f.number(0)};
        Value sum = f.number(1);
        Value alongS = f.number(0);
        Value alongQ = f.number(0);
        for (int l = 1; l <= terms; l++) {
            double c = (2 * l + 1) * bessel[l] / bessel[0];
            sum = sum.plus(p[1].times(c));
            alongS = alongS.plus(ps[1].times(c));
            alongQ = alongQ.plus(pq[1].times(c));
            double a = (2 * l + 1) / (l + 1.0);
            double b = l / (l + 1.0);
            Value next = s.times(p[1]).times(a).minus(q.times(p[0]).times(b));
            Value nextS =
                    s.times(ps[1]).plus(p[1]).times(a).minus(q.times(ps[0]).times(b));
            Value nextQ =
                    s.times(pq[1]).times(a).minus(q.times(pq[0]).plus(p[0]).times(b));
            p = new Value[] {p[1], next};
            ps = new Value[] {ps[1], nextS};
            pq = new Value[] {pq[1], nextQ};
        }
        Value gradient =
                z.times(alongQ.times(2)).plus(f.literal(new double[] {0, 0, 1}).times(alongS));
        return new FormulaField(f.output(gradient.over(sum)).formula());
    }

    /** E<y, mu> = coth k - 1/k, E<y, mu>^2 = 1 - 2 E<y, mu>/k; Euler's bias falls with the steps. */
    @Test
    void theExactDriftGivesTheLawOfVonMisesAndFisher() {
        double kappa = 5;
        double mean = 1 / Math.tanh(kappa) - 1 / kappa;
        assertEquals(0.80009, mean, 1e-5);
        int count = 6000;
        double bias = 0.006; // of steps of 0.004; twice that, and half of it, with steps of 0.01 and 0.0025
        try (Device device = Device.open("cpu");
                FirstHittingModel model = FirstHittingModel.of(
                        UnitBall.of(3), vonMisesFisher(kappa, 14), HittingSteps.of(0.004), device)) {
            Samples samples = model.sample(count, 8);
            float[] y = samples.rows();
            float[] tau = samples.output("tau");
            assertEquals(0, samples.unfinished());
            assertMean(mean, bias, count, i -> y[3 * i + 2], "y");
            assertMean(1 - 2 * mean / kappa, 2 * bias, count, i -> y[3 * i + 2] * y[3 * i + 2], "y^2");
            assertMean(0, bias, count, i -> y[3 * i], "across");
            assertMean(1 / 3.0, bias, count, i -> tau[i], "tau: bridges from the centre take as long to any end");
        }
    }

    /** h = p x/x_0 + (1 - p) (1 - x)/(1 - x_0) a coordinate: the drift h'/h ends at 1 with the probability p. */
    @Test
    void theExactDriftGivesTheLawOfBernoulli() {
        int count = 10_000;
        double[] p = {0.8, 0.1, 0.5};
        double[] start = {0.5, 0.3, 0.6};
        FormulaWriter f = Formula.writer("Bernoulli");
        Value z = f.input(3);
        double[] up = new double[3];
        double[] down = new double[3];
        for (int d = 0; d < 3; d++) {
            up[d] = p[d] / start[d];
            down[d] = (1 - p[d]) / (1 - start[d]);
        }
        Value ups = f.literal(up);
        Value downs = f.literal(down);
        Value h = ups.times(z).plus(downs.times(f.number(1).minus(z)));
        Field drift = new FormulaField(f.output(ups.minus(downs).over(h)).formula());
        try (Device device = Device.open("cpu");
                FirstHittingModel model =
                        FirstHittingModel.of(Cube.from(start), drift, HittingSteps.of(0.002), device)) {
            Samples samples = model.sample(count, 9);
            float[] y = samples.rows();
            assertEquals(0, samples.unfinished());
            for (int k = 0; k < 3; k++) {
                int d = k;
                assertMean(p[d], 0.003, count, i -> y[3 * i + d], "P(y" + d + " = 1)");
            }
            assertMean(p[0] * p[1], 0.003, count, i -> y[3 * i] * y[3 * i + 1], "independent");
        }
    }

    /** Two points of the floor with shares 0.3 and 0.7: the drift grad ln sum_y p_y h^y(z)/h^y(start) ends at one of them, in its share. */
    @Test
    void theExactDriftOfAHalfSpaceEndsAtItsPoints() {
        double[] points = {-1, 2};
        double[] shares = {0.3, 0.7};
        FormulaWriter f = Formula.writer("two points");
        Value z = f.input(2);
        Value u = z.at(1);
        Value sum = f.number(0);
        Value along = f.number(0);
        Value above = f.number(0);
        for (int k = 0; k < 2; k++) {
            // h^y = u/(u^2 + (x - y)^2), of which u cancels
            Value away = z.at(0).minus(points[k]);
            Value square = u.square().plus(away.square());
            Value share = f.number(shares[k] * (1 + points[k] * points[k])).over(square);
            sum = sum.plus(share);
            along = along.minus(share.times(2).times(away).over(square));
            above = above.minus(share.times(2).times(u).over(square));
        }
        Value drift = f.joined(along.over(sum), above.over(sum).plus(f.number(1).over(u)));
        int count = 1000;
        HittingSteps steps = new HittingSteps(1, 0.02, 0.01, 100_000);
        try (Device device = Device.open("cpu");
                FirstHittingModel model = FirstHittingModel.of(
                        new HalfSpace(1, 1), new FormulaField(f.output(drift).formula()), steps, device)) {
            Samples samples = model.sample(count, 10);
            float[] x = samples.rows();
            assertEquals(0, samples.unfinished());
            double[] away = new double[count];
            for (int i = 0; i < count; i++) {
                away[i] = Math.min(Math.abs(x[i] + 1), Math.abs(x[i] - 2));
            }
            Arrays.sort(away);
            assertTrue(away[count / 2] < 0.01, "the middle row ends within the tolerance, at " + away[count / 2]);
            assertTrue(away[count * 97 / 100] < 0.3, "97 of 100 rows end within " + away[count * 97 / 100]);
            assertMean(0.7, 0.01, count, i -> x[i] > 0.5 ? 1 : 0, "P(2)");
        }
    }

    /** Levels in their shares, by the exact mean ends p_k z_k/(1 - z_k), whose sum is 1 within a category; every row is one of categories. */
    @Test
    void theExactDriftGivesTheLawOfCategories() {
        double[] shares = {0.5, 0.3, 0.2, 0.9, 0.1};
        Categories domain = Categories.of(3, 2);
        HittingSteps steps = HittingSteps.of(0.001);
        FormulaWriter f = Formula.writer("levels");
        Value z = f.input(5);
        Value odds = z.over(f.number(1e-6).greatest(f.number(1).minus(z)));
        Value drift = domain.drift(f, z, odds.times(f.literal(shares)), Math.sqrt(steps.most()));
        int count = 8000;
        try (Device device = Device.open("cpu");
                FirstHittingModel model = FirstHittingModel.of(
                        domain, new FormulaField(f.output(drift).formula()), steps, device)) {
            Samples samples = model.sample(count, 11);
            assertEquals(0, samples.unfinished());
            domain.require(samples.rows());
            for (int k = 0; k < 5; k++) {
                int column = k;
                assertMean(shares[k], 0.01, count, i -> samples.rows()[5 * i + column], "level " + k);
            }
            int[] levels = domain.levels(samples.rows());
            assertArrayEquals(samples.rows(), domain.columns(levels));
        }
    }

    /** Small, so that it is fitted in seconds. */
    private static HittingSpec small() {
        return HittingSpec.standard()
                .withNetwork(Mlp.of(32, 2))
                .withTraining(TrainSpec.steps(800)
                        .withBatch(256)
                        .withRate(1e-2)
                        .withAverage(0.98)
                        .withSeed(2))
                .withCache(1024, 8, 200);
    }

    /** Rows of density exp(k y_3) on the sphere: y_3 = 1 + ln(u + (1 - u) e^-2k)/k. */
    private static Dataset directions(double kappa, int count) {
        float[] rows = new float[3 * count];
        for (int i = 0; i < count; i++) {
            Words words = Philox.words(1, i, Purpose.DATA, 0);
            double u = words.uniform(0);
            double angle = 2 * Math.PI * words.uniform(1);
            double up = 1 + Math.log(u + (1 - u) * Math.exp(-2 * kappa)) / kappa;
            double side = Math.sqrt(1 - up * up);
            rows[3 * i] = (float) (side * Math.cos(angle));
            rows[3 * i + 1] = (float) (side * Math.sin(angle));
            rows[3 * i + 2] = (float) up;
        }
        return Dataset.of(rows, "x", "y", "z");
    }

    /** The example of docs/first-hitting.md: a small network comes near the moments of its data; untrained it would have the uniform law, mean 0 and square 1/3. */
    @Test
    void theExampleLearnsDirections() {
        Dataset directions = directions(3, 4000);
        try (Device device = Device.open("cpu")) {
            // snippet: fit
            HittingSpec spec = HittingSpec.standard()
                    .withNetwork(Mlp.of(32, 2))
                    .withTraining(
                            TrainSpec.steps(800).withBatch(256).withRate(1e-2).withAverage(0.98));
            try (FirstHittingModel model = FirstHittingModel.fit(directions, UnitBall.of(3), spec, device)) {
                Samples samples = model.sample(2000, 7);
                float[] places = samples.rows(); // unit vectors
                float[] times = samples.output("tau"); // when each was hit
                // end
                double expected = 1 / Math.tanh(3) - 1 / 3.0;
                assertMean(expected, 0.05, 2000, i -> places[3 * i + 2], "y3");
                assertMean(1 - 2 * expected / 3, 0.06, 2000, i -> places[3 * i + 2] * places[3 * i + 2], "y3^2");
                assertMean(0, 0.06, 2000, i -> places[3 * i], "y1");
                assertMean(1 / 3.0, 0.02, 2000, i -> times[i], "tau");
                assertEquals(0, samples.unfinished());
                assertEquals(
                        TrainResult.Outcome.FINISHED,
                        model.result().orElseThrow().outcome());
            }
        }
    }

    /** Two bits that are alike four times in five, and one of its own: a network learns their joint law. Independent bits would agree in half the rows. */
    @Test
    void aNetworkLearnsBits() {
        int rows = 4000;
        float[] bits = new float[3 * rows];
        for (int i = 0; i < rows; i++) {
            bits[3 * i] = i % 2;
            bits[3 * i + 1] = (i / 2) % 5 == 0 ? 1 - i % 2 : i % 2;
            bits[3 * i + 2] = (i / 10) % 4 == 0 ? 1 : 0;
        }
        HittingSpec spec = small().withSteps(HittingSteps.of(0.005));
        try (Device device = Device.open("cpu");
                FirstHittingModel model =
                        FirstHittingModel.fit(Dataset.of(bits, "a", "b", "c"), Cube.of(3), spec, device)) {
            int count = 3000;
            float[] y = model.sample(count, 3).rows();
            Cube.of(3).require(y);
            assertMean(0.5, 0.04, count, i -> y[3 * i], "a");
            assertMean(0.5, 0.04, count, i -> y[3 * i + 1], "b");
            assertMean(0.25, 0.04, count, i -> y[3 * i + 2], "c");
            assertMean(0.8, 0.05, count, i -> y[3 * i] == y[3 * i + 1] ? 1 : 0, "alike");
        }
    }

    /** A category of two levels and one of three, of which the first tells: a network learns their joint law, and every row is one of categories, trained or not. */
    @Test
    void aNetworkLearnsCategories() {
        int rows = 3000;
        int[] levels = new int[2 * rows];
        for (int i = 0; i < rows; i++) {
            levels[2 * i] = i % 3 == 0 ? 1 : 0;
            levels[2 * i + 1] = levels[2 * i] == 1 ? 2 : (i / 3) % 2;
        }
        Categories domain = Categories.of(2, 3);
        Dataset data = Dataset.of(domain.columns(levels), "a0", "a1", "b0", "b1", "b2");
        HittingSpec spec = small().withSteps(HittingSteps.of(0.005));
        try (Device device = Device.open("cpu");
                FirstHittingModel model = FirstHittingModel.fit(data, domain, spec, device);
                FirstHittingModel untrained = FirstHittingModel.fit(
                        data, domain, spec.withTraining(TrainSpec.steps(1).withBatch(16)), device)) {
            int count = 3000;
            Samples samples = model.sample(count, 3);
            int[] found = domain.levels(samples.rows());
            domain.require(samples.rows());
            domain.require(untrained.sample(300, 3).rows());
            assertMean(1 / 3.0, 0.05, count, i -> found[2 * i], "a1");
            assertMean(1 / 3.0, 0.05, count, i -> found[2 * i + 1] == 0 ? 1 : 0, "b0");
            assertMean(1, 0.06, count, i -> (found[2 * i] == 1) == (found[2 * i + 1] == 2) ? 1 : 0, "a tells b");
        }
    }

    /** Training is a function of seed and data; it is cancelled between steps, and refuses rows that no walk ends at. */
    @Test
    void fittingIsAFunctionOfItsSeed() {
        HittingSpec spec =
                small().withTraining(TrainSpec.steps(5).withBatch(16)).withCache(32, 2, 2);
        Dataset data = directions(3, 100);
        try (Device device = Device.open("cpu")) {
            float[][] rows = new float[2][];
            for (int k = 0; k < 2; k++) {
                try (FirstHittingModel model = FirstHittingModel.fit(data, UnitBall.of(3), spec, device)) {
                    rows[k] = model.sample(20, 1).rows();
                }
            }
            assertArrayEquals(rows[0], rows[1]);
            CancelToken cancel = new CancelToken();
            cancel.cancel();
            try (FirstHittingModel model =
                    FirstHittingModel.fit(data, UnitBall.of(3), spec, device, TrainListener.NONE, cancel)) {
                assertEquals(
                        TrainResult.Outcome.CANCELLED,
                        model.result().orElseThrow().outcome());
            }
            assertSays(
                    "row 1 is no unit vector",
                    () -> FirstHittingModel.fit(
                            Dataset.of(new float[] {1, 1, 1}, "x", "y", "z"), UnitBall.of(3), spec, device));
            assertSays(
                    "end at rows of 2 numbers, the data's are 3",
                    () -> FirstHittingModel.fit(data, Cube.of(2), spec, device));
        }
    }

    private static void assertSays(String what, Runnable refused) {
        String message =
                assertThrows(IllegalArgumentException.class, refused::run).getMessage();
        assertTrue(message.contains(what), message);
    }

    /** Counts the rows that it is evaluated for, and drives nobody. */
    private record Counted(int width, List<long[]> seen) implements Field {
        @Override
        public Signature signature() {
            return Signature.over(width);
        }

        @Override
        public Evaluator open(Device device, int rows) {
            return new Evaluator() {
                @Override
                public void evaluate(Stream stream, RowSet rows, List<View> from, Instant t, List<View> into) {
                    stream.synchronize();
                    seen.add(new long[] {rows.iteration(), rows.count()});
                    stream.zero(into.get(0).data(), into.get(0).offset(), rows.count() * width);
                }

                @Override
                public void close() {}
            };
        }
    }

    /** Rows that have hit leave: in the end a step is of a hundredth of those that began, and all steps together of far fewer than if nobody left. */
    @Test
    void rowsThatHaveHitCostNothing() {
        int count = 16_000;
        List<long[]> seen = new ArrayList<>();
        try (Device device = Device.open("cpu");
                FirstHittingModel model = FirstHittingModel.of(
                        UnitBall.of(3),
                        new Counted(3, seen),
                        HittingSteps.of(0.01).withShare(0.1),
                        device)) {
            Samples samples = model.sampler().execution("stepwise").sample(count, 4);
            double[] nfe = mean(count, samples::nfe);
            double most = samples.run().nfe();
            long evaluated = seen.stream().mapToLong(one -> one[1]).sum();
            // runs of a call are several, whose iterations each begin with all their rows
            long fewest = seen.stream().mapToLong(one -> one[1]).min().orElseThrow();
            assertTrue(most > 2 * nfe[0], "rows differ in their steps: " + nfe[0] + " and " + most);
            assertTrue(evaluated >= nfe[0] * count - 1, "each row is evaluated as often as it says");
            assertTrue(evaluated < 0.75 * most * count, evaluated + " evaluations of " + most * count);
            assertTrue(fewest <= 1024, "the last steps are of few rows, got " + fewest);
            long[] last = {0, Long.MAX_VALUE};
            for (long[] one : seen) {
                assertTrue(one[0] < last[0] || one[1] <= last[1], "rows never come back");
                last = one[0] == 0 ? new long[] {0, Long.MAX_VALUE} : one;
            }
        }
    }

    static java.util.stream.Stream<HittingDomain> domains() {
        return java.util.stream.Stream.of(UnitBall.of(3), Cube.of(4), Categories.of(2, 4), new HalfSpace(2, 0.3));
    }

    /** Every device, execution and cutting of the rows gives the same bits. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void everyDeviceAndPieceGivesTheSameBits(Device device) {
        domains().forEach(domain -> {
            HittingSteps steps = new HittingSteps(0.05, 0.2, 0.05, 200);
            try (Device host = Device.open("cpu");
                    FirstHittingModel here = FirstHittingModel.base(domain, steps, host);
                    FirstHittingModel there = FirstHittingModel.base(domain, steps, device)) {
                int count = 1100;
                int width = domain.ends().width();
                Samples whole = here.sampler().execution("stepwise").sample(count, 3);
                for (String execution : List.of("graph", "stepwise")) {
                    Samples now = there.sampler().execution(execution).sample(count, 3);
                    assertArrayEquals(whole.rows(), now.rows());
                    assertArrayEquals(whole.output("tau"), now.output("tau"));
                }
                assertArrayEquals(
                        Arrays.copyOfRange(whole.rows(), 700 * width, 733 * width),
                        there.sampler().sample(700, 33, 3).rows());
                assertArrayEquals(
                        whole.rows(),
                        here.sampler().execution("fused").sample(count, 3).rows());
            }
        });
    }

    @Test
    void whatCannotBeIsSaid() {
        try (Device device = Device.open("cpu");
                FirstHittingModel walk = FirstHittingModel.base(
                        UnitBall.of(3), HittingSteps.standard().withLimit(3), device)) {
            assertEquals(50, walk.sample(50, 1).unfinished());
            assertSays(
                    "rows take steps of their own",
                    () -> walk.sampler().steps(10).sample(1, 1));
        }
    }
}
