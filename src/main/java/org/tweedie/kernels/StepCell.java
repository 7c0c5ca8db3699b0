package org.tweedie.kernels;

import org.tweedie.device.Arguments;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.StepTwins;

/**
 * The linear part of a cell: registers &larr; W (registers, draws), all read before any is written; the noise is drawn in
 * the kernel (kernels/execution/step.cu). Stateless; any thread.
 */
public final class StepCell {
    /** rows, state, slot stride, dim, cells, weights, cell. */
    public static final KernelEntry CELL = KernelEntry.of(
            "step_cell_f32",
            StepTwins::cell,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I64,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32);

    private StepCell() {}

    /**
     * Queues one cell.
     *
     * @param state slot s, row r, coordinate d at {@code s * slotStride + r * dim + d}
     * @param slotStride elements from slot to slot, at least rows times {@code dim}; a multiple of 4 for 16-byte accesses
     * @param cells headers and
     * @param weights as {@link CellLayout#encode} writes them, with every slot inside {@code state}
     */
    public static void run(
            Stream stream,
            RowSet rows,
            DeviceBuffer state,
            long slotStride,
            int dim,
            DeviceBuffer cells,
            DeviceBuffer weights,
            int cell) {
        if (dim < 0
                || slotStride < 0
                || cell < 0
                || cells.count() < (cell + 1L) * CellLayout.HEADER
                || weights.count() < (cell + 1L) * CellLayout.WEIGHTS) {
            throw new IllegalArgumentException("step_cell_f32: cell " + cell + " of "
                    + cells.count() / CellLayout.HEADER + " with rows of " + dim + " in slots of " + slotStride);
        }
        Arguments arguments = new Arguments(CELL);
        rows.into(arguments)
                .buffer(state)
                .i64(slotStride)
                .i32(dim)
                .buffer(cells)
                .buffer(weights)
                .i32(cell);
        long capacity = dim == 0 ? 0 : slotStride / dim;
        stream.launch(stream.device().kernel(CELL), Grid.items(capacity * Fill.quads(dim), 256), arguments);
    }
}
