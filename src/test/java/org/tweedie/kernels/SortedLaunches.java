package org.tweedie.kernels;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.rng.Purpose;

/** Every kernel of sorted lines over two small samples: what the launch set and the kernels' own test run. */
final class SortedLaunches {
    static final long SEED = 0x5EED_0000_0007L;
    /** Behind what a kernel may write. */
    static final int SPARE = 3;

    private static final int GUARD = -12345;

    private SortedLaunches() {}

    /** Rows of few values, so that many keys are equal; some are -0. */
    static float[] sample(long seed, int rows, int dim) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[rows * dim];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 3 == 0 ? random.nextInt(-2, 3) * -0.5f : (float) (4 * random.nextDouble() - 2);
        }
        return values;
    }

    static double[] directions(int lines, int dim) {
        double[] directions = new double[lines * dim];
        for (int i = 0; i < directions.length; i++) {
            directions[i] = i < dim ? (i == 0 ? 1 : 0) : Math.sin(i + 1);
        }
        return directions;
    }

    /** A sample on lines: everything that was written, and what lies behind it. */
    record Placed(double[] keys, double[] sorted, int[] rows, int[] counts, int[] slots) {}

    /**
     * Both, and costs of powers 1 and 2.
     *
     * @param whole [power - 1][line], of the samples
     * @param drawn [power - 1][replicate, line]
     */
    record Answers(Placed x, Placed y, double[][] whole, double[][] drawn) {
        float[] bits() {
            float[] bits = {};
            for (Placed one : new Placed[] {x, y}) {
                bits = Lab.all(bits, words(one.keys), words(one.sorted), words(one.rows));
                bits = Lab.all(bits, words(one.counts), words(one.slots));
            }
            return Lab.all(bits, words(whole[0]), words(whole[1]), words(drawn[0]), words(drawn[1]));
        }
    }

    private static float[] words(double[] values) {
        return PairLaunches.halves(
                Arrays.stream(values).mapToLong(Double::doubleToRawLongBits).toArray());
    }

    private static float[] words(int[] values) {
        return PairLaunches.halves(Arrays.stream(values).mapToLong(i -> i).toArray());
    }

    private static DeviceBuffer doubles(Lab lab, long count) {
        double[] values = new double[(int) count + SPARE];
        Arrays.fill(values, GUARD);
        return lab.doubles(values);
    }

    private static DeviceBuffer ints(Lab lab, long count) {
        int[] values = new int[(int) count + SPARE];
        Arrays.fill(values, GUARD);
        return lab.ints(values);
    }

    static double[] read(Lab lab, DeviceBuffer buffer) {
        double[] values = new double[(int) buffer.count()];
        lab.stream().download(buffer, 0, values, 0, values.length);
        return values;
    }

    /** What a kernel has left behind its answer. */
    static boolean guarded(double[] values) {
        return Arrays.stream(values, values.length - SPARE, values.length).allMatch(v -> v == GUARD);
    }

    static boolean guarded(int[] values) {
        return Arrays.stream(values, values.length - SPARE, values.length).allMatch(v -> v == GUARD);
    }

    /** A sample on the device. */
    private record On(Sorted.Side whole, Sorted.Side drawn, Placed read) {}

    private static On place(Lab lab, View x, int n, int lines, int replicates, int ordinal) {
        int dim = x.width();
        DeviceBuffer keys = doubles(lab, (long) lines * n);
        DeviceBuffer rows = ints(lab, (long) lines * n);
        DeviceBuffer counts = ints(lab, (long) replicates * n);
        DeviceBuffer slots = ints(lab, (long) replicates * lines * n);
        DeviceBuffer sums = ints(lab, (long) replicates * lines * Sorted.tiles(n));
        float[] centre = new float[dim];
        Arrays.fill(centre, 0.375f);
        Sorted.project(lab.stream(), x, n, lab.floats(centre), lab.doubles(directions(lines, dim)), lines, keys);
        double[] projected = read(lab, keys);
        Sorted.Keys sorted = new Sorted.Keys(keys, rows);
        Sorted.Keys spare = new Sorted.Keys(doubles(lab, (long) lines * n), ints(lab, (long) lines * n));
        Sorted.sort(lab.stream(), sorted, spare, n, lines);
        if (n > 0) {
            Sorted.draw(lab.stream(), counts, n, replicates, SEED, Purpose.BOOTSTRAP, ordinal, 2);
            Sorted.spread(lab.stream(), counts, rows, n, lines, replicates, sums, slots);
        }
        return new On(
                new Sorted.Side(keys, null, n),
                new Sorted.Side(keys, slots, n),
                new Placed(projected, read(lab, keys), lab.readInts(rows), lab.readInts(counts), lab.readInts(slots)));
    }

    /** All of them; costs only where both have rows. */
    static Answers run(Lab lab, View x, int n, View y, int m, int lines, int replicates) {
        On of = place(lab, x, n, lines, replicates, 0);
        On to = place(lab, y, m, lines, replicates, 1);
        double[][] whole = new double[2][0];
        double[][] drawn = new double[2][0];
        for (int power = 1; n > 0 && m > 0 && power <= 2; power++) {
            DeviceBuffer parts = doubles(lab, (long) replicates * lines * Sorted.tiles(Math.max(n, m)));
            DeviceBuffer one = doubles(lab, lines);
            DeviceBuffer all = doubles(lab, (long) replicates * lines);
            Sorted.cost(lab.stream(), of.whole, to.whole, lines, 1, power, parts, one);
            Sorted.cost(lab.stream(), of.drawn, to.drawn, lines, replicates, power, parts, all);
            whole[power - 1] = read(lab, one);
            drawn[power - 1] = read(lab, all);
        }
        return new Answers(of.read, to.read, whole, drawn);
    }

    /** A case of the launch set. */
    static float[] over(Lab lab, int n, int m) {
        View x = lab.rows(sample(1, n, 3), 3);
        View y = new View(lab.floats(sample(2, m + 1, 5)), 1, 3, 5);
        return run(lab, x, n, y, m, 2, 3).bits();
    }
}
