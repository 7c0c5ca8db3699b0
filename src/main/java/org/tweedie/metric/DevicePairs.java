package org.tweedie.metric;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.PairParts;
import org.tweedie.kernels.Pairs;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/** Samples on a device, and sums over all their pairs: where every metric of pairs gets its numbers. For one thread. */
final class DevicePairs implements AutoCloseable {
    private static final float MOST = 0x1p50f;

    private final Closing open = new Closing();
    private final Device device;
    private final Stream stream;

    DevicePairs(Device device) {
        this.device = device;
        this.stream = open.add(device.stream());
    }

    /** On all cores of the host. */
    static <T> T onHost(Function<Device, T> work) {
        try (Device host = Device.open("cpu")) {
            return work.apply(host);
        }
    }

    /** A sample on the device. */
    final class Placed {
        private final View rows;
        private final RowSet set;
        private final int count;

        private Placed(Points points) {
            this.count = points.rows();
            float[] values = points.values();
            for (int i = 0; i < values.length; i++) {
                if (Math.abs(values[i]) > MOST) {
                    throw new IllegalArgumentException(
                            "row " + i / points.width() + ", column " + i % points.width() + " is " + values[i]
                                    + "; squared distances are f32 and need values up to 1e15: divide the columns");
                }
            }
            this.rows = View.rows(upload(values), points.width());
            this.set = open.add(RowSet.on(device));
            set.assign(stream, 0, 0, count);
        }
    }

    Placed place(Points points) {
        return new Placed(points);
    }

    /** A sum of the kernel along each row of x; {@code same}: without the pair of a row and itself. */
    double[] sums(Placed x, Placed y, boolean same, PairKernel kernel) {
        double[] sums = sums(x, y, same, kernel.function(), kernel.factor(), null);
        for (int i = 0; i < sums.length; i++) {
            sums[i] *= kernel.sign();
        }
        return sums;
    }

    /** How many rows of y are at a squared distance of at most their bound, for each row of x. */
    double[] within(Placed x, Placed y, float[] bounds) {
        try (DeviceBuffer bound = upload(bounds, new Closing())) {
            return sums(x, y, false, Pairs.Function.WITHIN, 0, View.rows(bound, 1));
        }
    }

    private double[] sums(
            Placed x, Placed y, boolean same, Pairs.Function function, float factor, @Nullable View bound) {
        double[] sums = new double[x.count];
        try (PairParts parts = new PairParts(device, x.count, y.count);
                DeviceBuffer out = device.allocate(Element.F64, x.count)) {
            Pairs.sum(stream, x.set, sides(x, y, same), function, factor, bound, parts, out);
            stream.download(out, 0, sums, 0, x.count);
            stream.synchronize();
        }
        return sums;
    }

    /** Squared distance of each row of x to its nearest rows of y, [rank][row], rising; infinite where there are too few. */
    float[][] nearest(Placed x, Placed y, boolean same, int ranks) {
        float[][] nearest = new float[ranks][x.count];
        try (PairParts parts = new PairParts(device, x.count, y.count);
                DeviceBuffer out = device.allocate(Element.F32, x.count);
                DeviceBuffer column = device.allocate(Element.I64, x.count)) {
            for (int rank = 0; rank < ranks; rank++) {
                Pairs.nearest(stream, x.set, sides(x, y, same), rank == 0, parts, out, column);
                stream.download(out, 0, nearest[rank], 0, x.count);
            }
            stream.synchronize();
        }
        return nearest;
    }

    /** {@code ln(share sum_j exp(-inverse s_ij))} for each row of x. */
    float[] logSums(Placed x, Placed y, boolean same, double inverse, double share) {
        try (PairParts parts = new PairParts(device, x.count, y.count);
                DeviceBuffer out = device.allocate(Element.F32, x.count)) {
            Pairs.soft(
                    stream, x.set, sides(x, y, same), (float) inverse, null, share, 1, null, parts, View.rows(out, 1));
            return read(out);
        }
    }

    /** Queues {@code out_i = -scale ln mean_j exp((g_j - s_ij) / scale)}, or its mean with old; {@code parts} have room for both sides. */
    void softMinimum(
            Placed x,
            Placed y,
            DeviceBuffer g,
            double scale,
            @Nullable DeviceBuffer old,
            PairParts parts,
            DeviceBuffer out) {
        Pairs.soft(
                stream,
                x.set,
                sides(x, y, false),
                (float) (1 / scale),
                View.rows(g, 1),
                1.0 / y.count,
                (float) -scale,
                old == null ? null : View.rows(old, 1),
                parts,
                View.rows(out, 1));
    }

    /** Room for either sample's rows against the other's. */
    PairParts parts(Placed x, Placed y) {
        int most = Math.max(x.count, y.count);
        return open.add(new PairParts(device, most, most));
    }

    /** Numbers on the device until this closes. */
    DeviceBuffer upload(float[] values) {
        return upload(values, open);
    }

    private DeviceBuffer upload(float[] values, Closing until) {
        DeviceBuffer buffer = until.add(device.allocate(Element.F32, values.length));
        stream.upload(values, 0, buffer, 0, values.length);
        return buffer;
    }

    float[] read(DeviceBuffer buffer) {
        float[] values = new float[(int) buffer.count()];
        stream.download(buffer, 0, values, 0, values.length);
        stream.synchronize();
        return values;
    }

    private static Pairs.Sides sides(Placed x, Placed y, boolean same) {
        return new Pairs.Sides(x.rows, y.rows, y.count, same);
    }

    @Override
    public void close() {
        open.close();
    }
}
