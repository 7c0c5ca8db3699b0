package org.tweedie.kernels;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.device.Arguments;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.TrajectorySdeTwins;

/**
 * Whole trajectories of rows with the score of a Gaussian mixture, or with no field (kernels/execution/trajectory_sde.cu): the registers of
 * a row stay in machine registers through all operations. The bits are those of {@link StepCell} and {@link MixtureScore}. Stateless; any
 * thread.
 */
public final class TrajectorySde {
    /** The widest rows. */
    public static final int MOST_WIDTH = 8;

    private static final int[] WIDTHS = {1, 2, 3, 4, MOST_WIDTH};
    private static final int[] SLOTS = {1, 2, 4, SdeOperations.MOST_SLOTS};

    /** rows, views, operations, weights, terms, dim, first, last; by width, then slots. */
    private static final List<KernelEntry> ENTRIES = entries();

    private TrajectorySde() {}

    private static List<KernelEntry> entries() {
        List<KernelEntry> entries = new ArrayList<>();
        for (int width : WIDTHS) {
            for (int slots : SLOTS) {
                entries.add(KernelEntry.of(
                        "trajectory_sde_" + width + "x" + slots + "_f32",
                        TrajectorySdeTwins::run,
                        Parameter.POINTER,
                        Parameter.POINTER,
                        Parameter.POINTER,
                        Parameter.POINTER,
                        Parameter.POINTER,
                        Parameter.I32,
                        Parameter.I32,
                        Parameter.I32));
            }
        }
        return List.copyOf(entries);
    }

    /** The kernel for rows of this width and so many registers: the smallest that holds them. */
    public static KernelEntry entry(int width, int slots) {
        if (width < 1 || width > MOST_WIDTH || slots < 0 || slots > SdeOperations.MOST_SLOTS) {
            throw new IllegalArgumentException("trajectory_sde holds up to " + SdeOperations.MOST_SLOTS
                    + " registers of 1 to " + MOST_WIDTH + " coordinates, got " + slots + " of " + width);
        }
        return ENTRIES.get(place(WIDTHS, width) * SLOTS.length + place(SLOTS, slots));
    }

    private static int place(int[] sizes, int wanted) {
        int i = 0;
        while (sizes[i] < wanted) {
            i++;
        }
        return i;
    }

    /**
     * {@link SdeOperations} in device memory; the buffers are the caller's to close. Immutable.
     *
     * @param weights at least one float
     * @param terms at least one float
     * @param count operations
     */
    public record Tables(DeviceBuffer operations, DeviceBuffer weights, DeviceBuffer terms, int count) {}

    /**
     * Queues operations {@code [first, last)} of every row; slots are 0 before the first.
     *
     * @param views what the operations load and store, each {@code width} wide
     * @param width coordinates of a row
     * @param slots registers that the operations name
     * @param capacity rows of the views at most
     */
    public static void run(
            Stream stream,
            RowSet rows,
            ViewTable views,
            Tables tables,
            int width,
            int slots,
            int first,
            int last,
            long capacity) {
        KernelEntry entry = entry(width, slots);
        if (first < 0 || last < first || last > tables.count()) {
            throw new IllegalArgumentException(
                    entry.name() + ": operations " + first + " to " + last + " of " + tables.count());
        }
        for (View view : views.views()) {
            Grid.require(view.width() == width, entry.name() + ": rows are " + width + " wide", view);
        }
        Arguments arguments = new Arguments(entry);
        rows.into(arguments);
        views.into(arguments)
                .buffer(tables.operations())
                .buffer(tables.weights())
                .buffer(tables.terms())
                .i32(width)
                .i32(first)
                .i32(last);
        stream.launch(stream.device().kernel(entry), Grid.items(capacity, 128), arguments);
    }
}
