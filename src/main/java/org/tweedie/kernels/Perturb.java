package org.tweedie.kernels;

import org.jspecify.annotations.Nullable;
import org.tweedie.device.Arguments;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.PerturbTwins;
import org.tweedie.rng.Purpose;

/**
 * Clean rows to noisy rows at a time a row, and the times themselves (kernels/sde/perturb.cu). Stateless; any thread.
 *
 * <p>eps ~ N(0, 1), drawn in the kernel; A = a_x0 x0 + a_eps eps and B = b_x0 x0 + b_eps eps with coefficients of t from a
 * {@link PerturbLayout} table. With the table of an SDE, A is x_t = alpha x0 + sigma eps; with a training table one pass
 * makes network input, target, weight and the time the network is told.
 */
public final class Perturb {
    /** rows, x0, stride, dim, t, stride, table, nodes, log first, inverse spacing, purpose, ordinal, A, B, eps, weight, level with strides. */
    public static final KernelEntry PERTURB = KernelEntry.of(
            "perturb_f32",
            PerturbTwins::perturb,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.F32,
            Parameter.F32,
            Parameter.I32,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32);

    /** rows, t, stride, table, nodes, group, purpose, ordinal. */
    public static final KernelEntry TIMES = KernelEntry.of(
            "time_sample_f32",
            PerturbTwins::times,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I64,
            Parameter.I32,
            Parameter.I32);

    private Perturb() {}

    /** A coefficient table on a device, with what the kernel must know of it. The table is the caller's to close. Immutable. */
    public record Table(DeviceBuffer data, int nodes, float logFirst, float inverseSpacing) {
        /** The table of a layout whose numbers are in {@code data}. */
        public static Table of(PerturbLayout layout, DeviceBuffer data) {
            if (data.count() < layout.table().length) {
                throw new IllegalArgumentException(
                        "the table has " + layout.table().length + " numbers, the buffer " + data.count());
            }
            return new Table(data, layout.nodes(), (float) layout.logFirst(), (float) (1 / layout.spacing()));
        }
    }

    /** Where the results go; null where not wanted. Weight and level are 1 wide. Immutable. */
    public record Into(
            @Nullable View a,
            @Nullable View b,
            @Nullable View eps,
            @Nullable View weight,
            @Nullable View level) {
        /** The noisy rows, and the noise. */
        public static Into noisy(View a, @Nullable View eps) {
            return new Into(a, null, eps, null, null);
        }
    }

    /**
     * Queues the perturbation.
     *
     * @param x0 clean rows; a result may be the very memory of {@code x0} if its rows lie alike
     * @param t 1 wide, positive; stride 0: one time for all
     */
    public static void run(
            Stream stream, RowSet rows, View x0, View t, Table table, Purpose purpose, int ordinal, Into into) {
        Grid.require(t.width() == 1, "t must be 1 wide", t);
        Arguments arguments = new Arguments(PERTURB);
        rows.into(arguments);
        x0.into(arguments).i32(x0.stride()).i32(x0.width());
        t.into(arguments)
                .i32(t.stride())
                .buffer(table.data())
                .i32(table.nodes())
                .f32(table.logFirst())
                .f32(table.inverseSpacing());
        arguments.i32(purpose.code()).i32(Fill.ordinal(ordinal));
        long capacity = 0;
        capacity = Math.max(capacity, put(arguments, into.a(), x0.width(), "A"));
        capacity = Math.max(capacity, put(arguments, into.b(), x0.width(), "B"));
        capacity = Math.max(capacity, put(arguments, into.eps(), x0.width(), "eps"));
        capacity = Math.max(capacity, put(arguments, into.weight(), 1, "weight"));
        capacity = Math.max(capacity, put(arguments, into.level(), 1, "level"));
        stream.launch(stream.device().kernel(PERTURB), Grid.items(capacity * Fill.quads(x0.width()), 256), arguments);
    }

    private static long put(Arguments arguments, @Nullable View view, int width, String name) {
        if (view == null) {
            arguments.buffer(null).i32(0);
            return 0;
        }
        Grid.require(
                view.width() == width && view.stride() >= width,
                name + " must be " + width + " wide, a row for each",
                view);
        view.into(arguments).i32(view.stride());
        return Grid.capacity(view);
    }

    /**
     * Queues a time for each row: the quantile of a uniform number, which is the row's own where {@code group} is 0.
     *
     * @param t 1 wide, a row for each
     * @param quantile the numbers of a {@link Quantile}, in device memory
     * @param group 0, or the samples of a training step, up to 2^24: samples k n to k n + n - 1 share one uniform v and get
     *     u = (i mod n + v)/n, which covers (0, 1) evenly (low discrepancy)
     */
    public static void times(
            Stream stream,
            RowSet rows,
            View t,
            DeviceBuffer quantile,
            int nodes,
            long group,
            Purpose purpose,
            int ordinal) {
        Grid.require(t.width() == 1 && t.stride() >= 1, "t must be 1 wide, a row for each", t);
        if (group < 0 || group > 1 << 24 || nodes < 2 || quantile.count() < 2L * nodes) {
            throw new IllegalArgumentException(
                    "time_sample_f32: group must be 0 to 2^24 and the table hold 2 numbers for each of 2 or more nodes, got group "
                            + group + ", " + nodes + " nodes in " + quantile.count() + " numbers");
        }
        Arguments arguments = new Arguments(TIMES);
        rows.into(arguments);
        t.into(arguments)
                .i32(t.stride())
                .buffer(quantile)
                .i32(nodes)
                .i64(group)
                .i32(purpose.code())
                .i32(Fill.ordinal(ordinal));
        LaunchShape shape = Grid.items(Grid.capacity(t), 256);
        stream.launch(stream.device().kernel(TIMES), shape, arguments);
    }
}
