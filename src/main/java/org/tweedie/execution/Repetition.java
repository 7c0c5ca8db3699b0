package org.tweedie.execution;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Permute;
import org.tweedie.kernels.View;

/**
 * Repeats a step row by row. Rows that are done are left untouched; when less than half of the rows at work are still alive, these move
 * together to the front, so that the others cost nothing, and all move back at the end. Neither changes a bit: a row draws by its sample
 * number. For one stream; holds device memory until closed.
 */
final class Repetition implements AutoCloseable {
    /** Iterations between two looks at whether any row is alive, once it has become worth asking: a look waits for the device. */
    private static final int BURST = 16;

    /** Moving fewer rows together saves less than it costs. */
    private static final int WORTH_MOVING = 1024;

    private final Stream stream;
    private final int capacity;
    private final BatchRows rows;
    private final List<View> registers;
    private final Closing owned = new Closing();
    private @Nullable DeviceBuffer mask;
    private @Nullable DeviceBuffer last;
    private @Nullable DeviceBuffer moved;
    private @Nullable DeviceBuffer order;

    /** @param registers all that a row is made of, dense: what moves with it */
    Repetition(Stream stream, int capacity, BatchRows rows, List<View> registers) {
        this.stream = stream;
        this.capacity = capacity;
        this.rows = rows;
        this.registers = registers;
    }

    /** Runs {@code body} once for all rows of the batch, then for those whose {@code alive} is above 0, at most {@code most} times in all. */
    void run(View alive, int most, Runnable body) {
        body.run();
        DeviceBuffer mask = mask();
        DeviceBuffer last = last();
        int[] places = null;
        int look = 1;
        int burst = 1;
        for (int iteration = 1; iteration < most; iteration++) {
            rows.again(alive, mask, last, iteration);
            if (iteration == look) {
                boolean[] living = living(last, iteration);
                if (living == null) {
                    break;
                }
                int[] now = together(living, places);
                if (now != null) {
                    places = now;
                    rows.again(alive, mask, last, iteration);
                }
                burst = Math.min(BURST, 2 * burst);
                look += burst;
            }
            body.run();
        }
        if (places != null) {
            move(inverse(places));
        }
        rows.assign();
    }

    /** Which rows are alive, or null if none is. */
    private boolean @Nullable [] living(DeviceBuffer last, int iteration) {
        long[] seen = new long[1];
        stream.download(last, 0, seen, 0, 1);
        return seen[0] < iteration ? null : rows.count() < WORTH_MOVING ? new boolean[0] : rows.alive();
    }

    /**
     * Moves the living rows together if they are less than half of those at work.
     *
     * @param places the batch's row at each place of the buffers, or null while each is at its own
     * @return the same afterwards, or null if nothing moved
     */
    private int @Nullable [] together(boolean[] living, int @Nullable [] places) {
        int alive = 0;
        for (boolean one : living) {
            alive += one ? 1 : 0;
        }
        if (living.length == 0 || 2 * alive >= living.length) {
            return null;
        }
        int total = places == null ? living.length : places.length;
        int[] step = new int[total];
        int front = 0;
        int back = alive;
        for (int r = 0; r < total; r++) {
            if (r < living.length && living[r]) {
                step[front++] = r;
            } else {
                step[back++] = r;
            }
        }
        move(step);
        int[] now = new int[total];
        for (int r = 0; r < total; r++) {
            now[r] = places == null ? step[r] : places[step[r]];
        }
        rows.assign(now, alive);
        return now;
    }

    /** Queues that row {@code from[r]} becomes row r, in every register. */
    private void move(int[] from) {
        DeviceBuffer there = moved();
        DeviceBuffer list = order();
        stream.upload(from, 0, list, 0, from.length);
        for (View register : registers) {
            View into = View.rows(there, register.width());
            Permute.rows(stream, register, into, list, from.length);
            stream.copy(there, 0, register.data(), register.offset(), (long) from.length * register.width());
        }
    }

    private static int[] inverse(int[] places) {
        int[] inverse = new int[places.length];
        for (int r = 0; r < places.length; r++) {
            inverse[places[r]] = r;
        }
        return inverse;
    }

    private DeviceBuffer moved() {
        if (moved == null) {
            int widest = registers.stream().mapToInt(View::width).max().orElse(1);
            moved = owned.add(stream.device().allocate(Element.F32, (long) capacity * widest));
        }
        return moved;
    }

    private DeviceBuffer order() {
        if (order == null) {
            order = owned.add(stream.device().allocate(Element.I32, capacity));
        }
        return order;
    }

    private DeviceBuffer mask() {
        if (mask == null) {
            mask = owned.add(stream.device().allocate(Element.F32, capacity));
        }
        return mask;
    }

    private DeviceBuffer last() {
        if (last == null) {
            last = owned.add(stream.device().allocate(Element.I64, 1));
        }
        stream.zero(last, 0, 1);
        return last;
    }

    @Override
    public void close() {
        owned.close();
    }
}
