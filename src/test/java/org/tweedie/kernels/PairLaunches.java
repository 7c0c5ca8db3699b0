package org.tweedie.kernels;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;

/** Every kernel of pairs over two small samples: what the launch set and the kernels' own test run. */
final class PairLaunches {
    static final int RANKS = 3;

    private PairLaunches() {}

    /** Rows of a sample, reproducible; some of them equal. */
    static float[] sample(long seed, int rows, int dim) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[rows * dim];
        for (int i = 0; i < values.length; i++) {
            values[i] = i >= 7 * dim && i < 9 * dim ? values[i - 4 * dim] : (float) (4 * random.nextDouble() - 2);
        }
        return values;
    }

    /** What the rows have, one after the other. */
    record Answers(double[][] sums, float[] soft, float[] mean, float[][] nearest, long[][] columns) {
        /** Everything, as the bits of floats. */
        float[] bits() {
            float[] bits = new float[0];
            for (double[] each : sums) {
                long[] words = Arrays.stream(each)
                        .mapToLong(Double::doubleToRawLongBits)
                        .toArray();
                bits = joined(bits, halves(words));
            }
            bits = joined(joined(bits, soft), mean);
            for (int rank = 0; rank < RANKS; rank++) {
                bits = joined(joined(bits, nearest[rank]), halves(columns[rank]));
            }
            return bits;
        }
    }

    static float[] halves(long[] words) {
        float[] halves = new float[2 * words.length];
        for (int i = 0; i < words.length; i++) {
            halves[2 * i] = Float.intBitsToFloat((int) (words[i] >>> 32));
            halves[2 * i + 1] = Float.intBitsToFloat((int) words[i]);
        }
        return halves;
    }

    private static float[] joined(float[] a, float[] b) {
        float[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    /** The functions of {@link Pairs#sum}, in their order, with these factors. */
    static final float[] FACTORS = {-0.3f, 0, 0.75f, 0};

    static final float INVERSE = 1.7f;

    /**
     * All of them.
     *
     * @param bound a number a column, and the potential too
     * @param old a number a row
     */
    static Answers run(
            Lab lab, RowSet rows, View x, View y, int count, int columns, boolean same, View bound, View old) {
        Device device = lab.device();
        Pairs.Sides sides = new Pairs.Sides(x, y, columns, same);
        double[][] sums = new double[Pairs.Function.values().length][count];
        float[][] nearest = new float[RANKS][count];
        long[][] at = new long[RANKS][count];
        View out = lab.out(0, count, 1, 2);
        View mean = lab.out(0, count, 1, 1);
        try (PairParts parts = new PairParts(device, count, columns);
                DeviceBuffer sum = device.allocate(Element.F64, count);
                DeviceBuffer least = device.allocate(Element.F32, count);
                DeviceBuffer column = device.allocate(Element.I64, count)) {
            for (Pairs.Function function : Pairs.Function.values()) {
                int k = function.ordinal();
                lab.stream().upload(sums[k], 0, sum, 0, count);
                View within = function == Pairs.Function.WITHIN ? bound : null;
                Pairs.sum(lab.stream(), rows, sides, function, FACTORS[k], within, parts, sum);
                lab.stream().download(sum, 0, sums[k], 0, count);
            }
            Pairs.soft(lab.stream(), rows, sides, INVERSE, bound, 1.0 / columns, -1 / INVERSE, null, parts, out);
            Pairs.soft(lab.stream(), rows, sides, INVERSE, null, 1.0 / columns, -1 / INVERSE, old, parts, mean);
            lab.stream().upload(nearest[0], 0, least, 0, count);
            lab.stream().upload(at[0], 0, column, 0, count);
            for (int rank = 0; rank < RANKS; rank++) {
                Pairs.nearest(lab.stream(), rows, sides, rank == 0, parts, least, column);
                lab.stream().download(least, 0, nearest[rank], 0, count);
                lab.stream().download(column, 0, at[rank], 0, count);
            }
            lab.stream().synchronize();
        }
        return new Answers(sums, lab.read(out), lab.read(mean), nearest, at);
    }

    /** A case of the launch set, as many columns as rows. */
    static float[] over(Lab lab, int rows, int dim) {
        RowSet living = lab.living(rows);
        View x = new View(lab.floats(sample(1, rows + 1, dim + 2)), 1, dim, dim + 2); // there even where no row is
        View y = lab.rows(sample(2, rows, dim), dim);
        View bound = lab.rows(sample(3, rows, 1), 1);
        Answers same = run(lab, living, x, x, rows, rows, true, bound, bound);
        return joined(run(lab, living, x, y, rows, rows, false, bound, bound).bits(), same.bits());
    }

    /** More columns than a chunk has. */
    static float[] chunks(Lab lab, int rows, int columns) {
        View bound = lab.rows(sample(3, columns, 1), 1);
        View old = lab.rows(sample(4, rows, 1), 1);
        View x = lab.rows(sample(1, rows, 3), 3);
        View y = lab.rows(sample(2, columns, 3), 3);
        return run(lab, lab.living(rows), x, y, rows, columns, false, bound, old)
                .bits();
    }
}
