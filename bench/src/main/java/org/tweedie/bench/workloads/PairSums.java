package org.tweedie.bench.workloads;

import java.util.Locale;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Fill;
import org.tweedie.kernels.PairParts;
import org.tweedie.kernels.Pairs;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.rng.Purpose;

/** W8: sums of a Gaussian kernel along each row of all pairs of two samples of 100,000 rows, in 2 and in 64 columns: a quarter of an MMD. */
final class PairSums {
    private static final long ROWS = 100_000;
    private static final int CHECKED = 16;

    private PairSums() {}

    static void run(Bench bench) {
        for (int dim : new int[] {2, 64}) {
            int count = bench.scaled(ROWS);
            float factor = (float) (-0.25 / dim);
            try (Stream stream = bench.device().stream();
                    RowSet rows = RowSet.on(bench.device());
                    PairParts parts = new PairParts(bench.device(), count, count);
                    DeviceBuffer x = bench.device().allocate(Element.F32, (long) count * dim);
                    DeviceBuffer y = bench.device().allocate(Element.F32, (long) count * dim);
                    DeviceBuffer out = bench.device().allocate(Element.F64, count)) {
                rows.assign(stream, 1, 0, count);
                Fill.normal(stream, rows, View.rows(x, dim), Purpose.DATA, 0);
                Fill.normal(stream, rows, View.rows(y, dim), Purpose.DATA, 1);
                Pairs.Sides sides = new Pairs.Sides(View.rows(x, dim), View.rows(y, dim), count, false);
                Runnable once = () ->
                        Pairs.sum(stream, rows, sides, Pairs.Function.EXPONENTIAL, factor, null, parts, out);
                once.run();
                double off = check(stream, x, y, out, count, dim, factor);
                bench.rows()
                        .accept(new Row(
                                "W8",
                                "Tweedie",
                                "F",
                                count + " x " + count + " pairs x " + dim,
                                bench.events(stream, once),
                                (3.0 * dim + 20) * count * count,
                                "flop",
                                String.format(Locale.ROOT, "off by %.0e of double, relative", off)));
            }
        }
    }

    /** The first rows' sums beside double precision. */
    private static double check(
            Stream stream, DeviceBuffer x, DeviceBuffer y, DeviceBuffer out, int count, int dim, double factor) {
        float[] ours = new float[CHECKED * dim];
        float[] theirs = new float[count * dim];
        double[] sums = new double[CHECKED];
        stream.download(x, 0, ours, 0, ours.length);
        stream.download(y, 0, theirs, 0, theirs.length);
        stream.download(out, 0, sums, 0, CHECKED);
        stream.synchronize();
        double worst = 0;
        for (int i = 0; i < CHECKED; i++) {
            double sum = 0;
            for (int j = 0; j < count; j++) {
                double square = 0;
                for (int d = 0; d < dim; d++) {
                    double apart = (double) ours[i * dim + d] - theirs[j * dim + d];
                    square += apart * apart;
                }
                sum += Math.exp(factor * square);
            }
            worst = Math.max(worst, Math.abs(sums[i] / sum - 1));
        }
        if (!(worst < 1e-5)) {
            throw new IllegalStateException("W8: a sum is off by " + worst);
        }
        return worst;
    }
}
