package org.tweedie.execution;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tweedie.kernels.View;

/**
 * The rows of one run and where their inputs and outputs lie.
 * Immutable but for its arrays, which nobody may change while threads share them.
 *
 * @param seed of the run
 * @param first sample number of the first row
 * @param count rows
 * @param indices sample number of each row where they are not consecutive, else null
 * @param givens a view a given register, in the plan's order; stride 0 is one row for all
 * @param outputs a view an output register, in the plan's order
 * @param traces a view a traced register and closed step, the steps of a register one after the other, or empty: not traced
 */
public record Batch(
        long seed,
        long first,
        int count,
        long @Nullable [] indices,
        List<View> givens,
        List<View> outputs,
        List<View> traces) {
    public Batch {
        if (count < 0 || first < 0 || first > Long.MAX_VALUE - count) {
            throw new IllegalArgumentException("rows out of range: first " + first + ", count " + count);
        }
        if (indices != null && indices.length < count) {
            throw new IllegalArgumentException("an index list of " + indices.length + " for " + count + " rows");
        }
    }

    /** Rows {@code [from, from + rows)} of this batch. */
    Batch slice(int from, int rows) {
        return new Batch(
                seed,
                first + from,
                rows,
                indices == null ? null : java.util.Arrays.copyOfRange(indices, from, from + rows),
                slice(givens, from),
                slice(outputs, from),
                slice(traces, from));
    }

    private static List<View> slice(List<View> views, int from) {
        return views.stream().map(view -> view.from(from)).toList();
    }
}
