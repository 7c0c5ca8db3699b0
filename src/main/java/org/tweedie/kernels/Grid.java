package org.tweedie.kernels;

import org.tweedie.device.LaunchShape;

/** Launch shapes for kernels that walk over tiles of rows with the stride of the grid, so that any grid is right. */
final class Grid {
    /** Enough blocks to fill a GPU several times over; more only cost their start. */
    static final long MOST = 8192;

    private Grid() {}

    /** Rows that fit in the view's buffer: what a launch must be ready for, as the count is read on the device. */
    static long capacity(View view) {
        if (view.width() == 0) {
            return 0;
        }
        long room = view.data().count() - view.offset() - view.width();
        return room < 0 ? 0 : view.stride() == 0 ? 1 : room / view.stride() + 1;
    }

    /** Blocks of {@code threads}: {@code across} tiles of columns, times {@code capacity} rows in tiles of {@code tile}. */
    static LaunchShape tiles(long capacity, int tile, int across, int threads) {
        long down = Math.max(1, (capacity + tile - 1) / tile);
        return LaunchShape.blocks(Math.max(1, across), (int) Math.min(down, MOST), threads, 0);
    }

    /** Blocks of {@code threads} for {@code items} items, one a thread at a time. */
    static LaunchShape items(long items, int threads) {
        return LaunchShape.linear(Math.min(items, MOST * threads), threads);
    }

    static void require(boolean holds, String what, View view) {
        if (!holds) {
            throw new IllegalArgumentException(
                    what + ", got a view of width " + view.width() + " and stride " + view.stride());
        }
    }
}
