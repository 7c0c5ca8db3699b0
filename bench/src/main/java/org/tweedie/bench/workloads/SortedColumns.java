package org.tweedie.bench.workloads;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Fill;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.metric.Estimate;
import org.tweedie.metric.MarginalWasserstein;
import org.tweedie.metric.Points;
import org.tweedie.rng.Purpose;

/** W8s: W2 of each of 64 columns of two samples of 100,000 rows, with a bootstrap of 200 replicates: two sorts and 200 transports a column. */
final class SortedColumns {
    private static final long ROWS = 100_000;
    private static final int COLUMNS = 64;
    private static final int REPLICATES = 200;

    private SortedColumns() {}

    static void run(Bench bench) {
        int count = bench.scaled(ROWS);
        Points x = normal(bench, count, 0);
        Points y = normal(bench, count, 1);
        double off = check(x, y, MarginalWasserstein.estimate(x, y, 2, 1, bench.device()));
        bench.rows()
                .accept(new Row(
                        "W8s",
                        "Tweedie",
                        "D",
                        "2 x " + count + " rows x " + COLUMNS + ", " + REPLICATES + " replicates",
                        bench.wall(() -> MarginalWasserstein.estimate(x, y, 2, 1, bench.device())),
                        64.0 * REPLICATES * COLUMNS * count, // as kernels/metric/sorted.cu says: 20 a row of each, 24 a slot
                        "byte",
                        String.format(Locale.ROOT, "off by %.0e of double, relative", off)));
    }

    private static Points normal(Bench bench, int count, int ordinal) {
        try (Stream stream = bench.device().stream();
                RowSet rows = RowSet.on(bench.device());
                DeviceBuffer numbers = bench.device().allocate(Element.F32, (long) count * COLUMNS)) {
            rows.assign(stream, 1, 0, count);
            Fill.normal(stream, rows, View.rows(numbers, COLUMNS), Purpose.DATA, ordinal);
            float[] values = new float[count * COLUMNS];
            stream.download(numbers, 0, values, 0, values.length);
            return new Points(values, COLUMNS);
        }
    }

    /** Beside sorted columns, which are as many: the order pairs them. */
    private static double check(Points x, Points y, List<Estimate> got) {
        double worst = 0;
        for (int d = 0; d < COLUMNS; d++) {
            float[] a = column(x, d);
            float[] b = column(y, d);
            double sum = 0;
            for (int i = 0; i < a.length; i++) {
                double gap = (double) a[i] - b[i];
                sum += gap * gap;
            }
            worst = Math.max(worst, Math.abs(got.get(d).value() / Math.sqrt(sum / a.length) - 1));
        }
        if (!(worst < 1e-9)) {
            throw new IllegalStateException("W8s: a distance is off by " + worst);
        }
        return worst;
    }

    private static float[] column(Points points, int d) {
        float[] column = new float[points.rows()];
        for (int i = 0; i < column.length; i++) {
            column[i] = points.values()[i * COLUMNS + d];
        }
        Arrays.sort(column);
        return column;
    }
}
