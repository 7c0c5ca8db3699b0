package org.tweedie.hitting;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Program;
import org.tweedie.execution.Progress;
import org.tweedie.execution.Sampling;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Space;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;

/** Pairs of bridges against exact path measures: their loss is a KL in closed form, and their targets' mean is the exact drift. */
class HittingPairsTest {
    /** Standard errors that a mean may be off by. */
    private static final double WIDE = 4.5;

    /** All pairs, one a row, those of a walk one after the other. */
    private static float[][] pairs(
            HittingPairs pairs, float[] ends, int count, Device device, @Nullable String execution) {
        float[][] all = new float[count * pairs.kept()][pairs.width()];
        Program program = Program.of(pairs.plan(), Map.of());
        int width = pairs.domain().ends().width();
        try (Sampling sampling = Sampling.open(program, device, count, false, execution)) {
            sampling.run(
                    7,
                    0,
                    count,
                    Map.of(HittingPairs.END, new GivenRows(ends, width)),
                    Progress.NONE,
                    new CancelToken(),
                    (at, rows, outputs, traces) -> {
                        for (int i = 0; i < rows * pairs.kept(); i++) {
                            float[] into = all[(int) at * pairs.kept() + i];
                            System.arraycopy(outputs.get(0), i * into.length, into, 0, into.length);
                        }
                    });
        }
        return all;
    }

    /** Means over walks, and their standard errors, of which walk i adds number j. */
    private static double[][] means(double[][] numbers) {
        double[][] means = new double[numbers[0].length][2];
        for (double[] one : numbers) {
            for (int j = 0; j < one.length; j++) {
                means[j][0] += one[j] / numbers.length;
                means[j][1] += one[j] * one[j] / numbers.length;
            }
        }
        for (double[] mean : means) {
            mean[1] = Math.sqrt((mean[1] - mean[0] * mean[0]) / numbers.length);
        }
        return means;
    }

    private static void assertNear(double expected, double bias, double[] mean, String what) {
        assertEquals(expected, mean[0], WIDE * mean[1] + bias, what);
    }

    /** 1/2 int G(x) h(x) (h'/h)^2 dx with Green's function 2 min(x, x0) (1 - max(x, x0)) of the walk from x0, by the midpoint rule. */
    private static double pathKl(double p, double start) {
        int cells = 100_000;
        double slope = p / start - (1 - p) / (1 - start);
        double sum = 0;
        for (int i = 0; i < cells; i++) {
            double x = (i + 0.5) / cells;
            double h = p * x / start + (1 - p) * (1 - x) / (1 - start);
            sum += 2 * Math.min(x, start) * (1 - Math.max(x, start)) * 0.5 * slope * slope / h / cells;
        }
        return sum;
    }

    /**
     * One coordinate with P(1) = p from x0. The loss of no drift less that of the best, E int (|eta|^2 - |eta - h'/h|^2)/2 dt, is the KL of the path laws, which is that of the ends: p ln(p/x0) + (1 - p)
     * ln((1 - p)/(1 - x0)); by quadrature of Green's function too. The bridge's steps are exact, what is left is the O(h) of a sum for an integral.
     */
    @Test
    void theLossOfACubeIsTheKlOfItsPaths() {
        double p = 0.8;
        double start = 0.3;
        double h = 0.004;
        double kl = p * Math.log(p / start) + (1 - p) * Math.log((1 - p) / (1 - start));
        assertEquals(kl, pathKl(p, start), 1e-6);
        int count = 10_000;
        int kept = 4;
        float[] ends = new float[count];
        for (int i = 0; i < count; i++) {
            ends[i] = i < p * count ? 1 : 0; // exactly, so that only walks are random
        }
        try (Device device = Device.open("cpu")) {
            HittingPairs pairs = new HittingPairs(Cube.from(start), HittingSteps.of(h), kept, 0);
            float[][] out = pairs(pairs, ends, count, device, null);
            double slope = p / start - (1 - p) / (1 - start);
            double[][] numbers = new double[count][4];
            for (int i = 0; i < count; i++) {
                for (int k = 0; k < kept; k++) {
                    float[] pair = out[kept * i + k];
                    double z = pair[0];
                    double y = pair[1];
                    double w = pair[2] / kept;
                    assertEquals(ends[i], y);
                    double hz = p * z / start + (1 - p) * (1 - z) / (1 - start);
                    double best = slope / hz;
                    double mean = p * z / start / hz;
                    numbers[i][0] += w * 0.5 * best * best;
                    numbers[i][1] += w * (y - mean);
                    numbers[i][2] += w * (y - mean) * z;
                    numbers[i][3] += w;
                }
            }
            double[][] means = means(numbers);
            assertNear(kl, 2 * h, means[0], "KL");
            assertNear(0, 2 * h, means[1], "the mean end is that of the posterior");
            assertNear(0, 2 * h, means[2], "everywhere");
            double tau = p * (1 - start * start) / 3 + (1 - p) * (1 - (1 - start) * (1 - start)) / 3;
            assertNear(tau, h, means[3], "weights are times");
        }
    }

    /**
     * Von Mises and Fisher on the circle, of whose Poisson integral the exact drift is a quotient of sums over l of ratios I_l(k)/I_0(k) by |z|^l: targets less it have the mean 0 beside any function of the place, and half its
     * square adds up to KL(data | uniform) = k I_1/I_0 - ln I_0. Euler's bridge leaves O(h).
     */
    @Test
    void theMeanTargetOfABallIsTheExactDrift() {
        double kappa = 2;
        double[] bessel = new double[40];
        bessel[38] = 1e-200;
        for (int l = 38; l >= 1; l--) {
            bessel[l - 1] = bessel[l + 1] + 2 * l / kappa * bessel[l];
        }
        double whole = bessel[0];
        for (int l = 1; l < 40; l++) {
            whole += 2 * bessel[l];
        }
        double zero = bessel[0] / whole * Math.exp(kappa); // I_0 by exp(k) = I_0 + 2 sum I_l
        double kl = kappa * bessel[1] / bessel[0] - Math.log(zero);
        int count = 8000;
        int kept = 4;
        float[] ends = ends(kappa, count);
        HittingSteps steps = HittingSteps.of(0.004);
        try (Device device = Device.open("cpu")) {
            float[][] out = pairs(new HittingPairs(UnitBall.of(2), steps, kept, 0.2), ends, count, device, null);
            float[][] plain = pairs(new HittingPairs(UnitBall.of(2), steps, kept, 0), ends, count, device, null);
            double[][] numbers = new double[count][5];
            for (int i = 0; i < count; i++) {
                for (int k = 0; k < kept; k++) {
                    int at = kept * i + k;
                    double x = out[at][0];
                    double y = out[at][1];
                    assertArrayEquals(Arrays.copyOf(plain[at], 4), Arrays.copyOf(out[at], 4));
                    double[] best = drift(x, y, bessel);
                    double w = out[at][4] / kept;
                    double full = plain[at][4] / kept;
                    double damped = Math.min(1, (1 - Math.hypot(x, y)) / 0.2);
                    assertEquals(full * damped * damped, w, 1e-6 + 1e-3 * w);
                    double offX = out[at][2] - best[0];
                    double offY = out[at][3] - best[1];
                    numbers[i][0] += full * 0.5 * (best[0] * best[0] + best[1] * best[1]);
                    numbers[i][1] += w * offX;
                    numbers[i][2] += w * offY;
                    numbers[i][3] += w * (offX * x + offY * y);
                    numbers[i][4] += full;
                }
            }
            double[][] means = means(numbers);
            assertNear(kl, 0.02, means[0], "KL");
            assertNear(0, 0.005, means[1], "along");
            assertNear(0, 0.005, means[2], "across");
            assertNear(0, 0.01, means[3], "outward");
            assertNear(0.5, 0.005, means[4], "a bridge from the centre takes as long as a walk, 1/d");
        }
    }

    /** grad ln(1 + 2 sum c_l Re (x + i y)^l). */
    private static double[] drift(double x, double y, double[] bessel) {
        double h = 1;
        double along = 0;
        double across = 0;
        double re = 1;
        double im = 0;
        for (int l = 1; l < 30; l++) {
            double c = 2 * bessel[l] / bessel[0];
            along += c * l * re; // Re l z^(l-1)
            across -= c * l * im;
            double next = re * x - im * y;
            im = re * y + im * x;
            re = next;
            h += c * re;
        }
        return new double[] {along / h, across / h};
    }

    /** Unit vectors of density exp(k cos)/2 pi I_0, by rejection from the circle. */
    private static float[] ends(double kappa, int count) {
        float[] ends = new float[2 * count];
        int made = 0;
        for (int i = 0; made < count; i++) {
            double angle = 2 * Math.PI * Philox.words(1, i, Purpose.DATA, 0).uniform(0);
            double keep = Philox.words(1, i, Purpose.DATA, 0).uniform(1);
            if (keep < Math.exp(kappa * (Math.cos(angle) - 1))) {
                ends[2 * made] = (float) Math.cos(angle);
                ends[2 * made + 1] = (float) Math.sin(angle);
                made++;
            }
        }
        return ends;
    }

    /** Counts its steps: from place k, 0 to 3, to k + 1, which takes a time of k + 1. */
    private record Counting() implements HittingDomain {
        @Override
        public Space space() {
            return Space.euclidean(1);
        }

        @Override
        public Space ends() {
            return space();
        }

        @Override
        public double[] start() {
            return new double[1];
        }

        @Override
        public Drive learns() {
            return Drive.END;
        }

        @Override
        public int coins() {
            return 0;
        }

        @Override
        public Value distance(FormulaWriter f, Value z) {
            return f.number(4).minus(z);
        }

        @Override
        public Value drift(FormulaWriter f, Value z, Value y, double least) {
            return y;
        }

        @Override
        public Move move(FormulaWriter f, Value z, Value drift, Value normals, Value coins, HittingSteps steps) {
            Value next = z.plus(1);
            return new Move(next, next, distance(f, next));
        }

        @Override
        public Value end(FormulaWriter f, Value z) {
            return z.times(1);
        }

        @Override
        public void require(float[] rows) {}

        @Override
        public String spec() {
            return "counting";
        }
    }

    /** Places are kept as long as they last: of the times 1, 2, 3, 4 of a walk, the k-th with probability k/10; the weight is 10. */
    @Test
    void aPlaceIsKeptInProportionToItsTime() {
        int count = 10_000;
        int kept = 2;
        try (Device device = Device.open("cpu")) {
            HittingPairs pairs = new HittingPairs(new Counting(), HittingSteps.standard(), kept, 0);
            float[][] out = pairs(pairs, new float[count], count, device, null);
            for (int k = 0; k < kept; k++) {
                int[] times = new int[4];
                for (int i = 0; i < count; i++) {
                    times[(int) out[kept * i + k][0]]++;
                    assertEquals(10, out[kept * i + k][2]);
                }
                for (int place = 0; place < 4; place++) {
                    double p = (place + 1) / 10.0;
                    assertEquals(p, times[place] / (double) count, WIDE * Math.sqrt(p * (1 - p) / count));
                }
            }
        }
    }

    static List<HittingDomain> domains() {
        return List.of(UnitBall.of(2), Cube.of(2), Categories.of(2, 3), new HalfSpace(1, 0.2));
    }

    private static float[] someEnds(HittingDomain domain, int count) {
        int[] levels = new int[2 * count];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = (i / 2 + i) % 2;
        }
        if (domain instanceof Categories categories) {
            return categories.columns(levels);
        }
        float[] ends = new float[count * domain.ends().width()];
        for (int i = 0; i < ends.length; i++) {
            ends[i] = domain instanceof UnitBall ? i % 2 : levels[i];
        }
        return ends;
    }

    /** Host and emulated GPU, each execution: the same pairs. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void everyDeviceGivesTheSamePairs(Device device) {
        int count = 70;
        for (HittingDomain domain : domains()) {
            HittingPairs pairs = new HittingPairs(domain, new HittingSteps(0.05, 0.2, 0.05, 300), 3, 0.1);
            float[] ends = someEnds(domain, count);
            try (Device host = Device.open("cpu")) {
                float[][] here = pairs(pairs, ends, count, host, "fused");
                for (String execution : List.of("graph", "stepwise")) {
                    float[][] there = pairs(pairs, ends, count, device, execution);
                    assertArrayEquals(here, there, domain.spec() + " " + execution);
                }
            }
        }
    }

    /** A walk that ran out of steps weighs nothing. */
    @Test
    void whatCannotBeIsSaid() {
        try (Device device = Device.open("cpu")) {
            HittingPairs pairs =
                    new HittingPairs(Cube.of(1), HittingSteps.of(1e-3).withLimit(2), 1, 0);
            for (float[] pair : pairs(pairs, new float[50], 50, device, null)) {
                assertEquals(0, pair[2]);
            }
        }
        assertTrue(assertThrows(
                        IllegalArgumentException.class,
                        () -> new HittingPairs(Cube.of(1), HittingSteps.standard(), 0, 0))
                .getMessage()
                .contains("1 to 256, got 0"));
        assertTrue(assertThrows(
                        IllegalArgumentException.class,
                        () -> new HittingPairs(Cube.of(1), HittingSteps.standard(), 1, -1))
                .getMessage()
                .contains("at least 0 (0: none), got -1"));
    }
}
