package org.tweedie.kernels.host;

/**
 * The order in which products of warpgroups read a matrix (kernels/hopper.cuh): tiles of 128 lines by 128 bytes of each, the tiles of the same
 * lines one after the other; in a tile line by line, parts of 16 bytes exchanged by the lowest three bits of the line. A line is a row of the
 * left factor or a column of the right one. Zeros fill lines and tiles up. Stateless.
 */
public final class TileOrder {
    /** Lines of a tile. */
    public static final int LINES = 128;

    /** Bytes of a line in a tile. */
    public static final int LINE_BYTES = 128;

    private TileOrder() {}

    /** Numbers of so many bytes that a line has in a tile. */
    public static int depth(int bytes) {
        return LINE_BYTES / bytes;
    }

    /** Numbers of so many bytes of a matrix of lines of k numbers, all tiles filled up. */
    public static long elements(long lines, int k, int bytes) {
        long tiles = (lines + LINES - 1) / LINES * ((k + depth(bytes) - 1) / depth(bytes));
        return tiles * LINES * depth(bytes);
    }

    /**
     * Which column of the weights of {@code TileLinear} a line holds, as tiles.cuh exchanges them.
     */
    public static int columnOf(int line) {
        return line / 32 * 32 + line % 8 / 2 * 8 + line / 8 % 4 * 2 + line % 2;
    }

    /** Which line holds a column. */
    public static int lineOf(int column) {
        return column / 32 * 32 + column % 8 / 2 * 8 + column / 8 % 4 * 2 + column % 2;
    }

    /**
     * Where number k of a line lies.
     *
     * @param tiles that each line goes through
     */
    public static long place(long line, int k, int tiles, int bytes) {
        int depth = depth(bytes);
        long at = line % LINES * LINE_BYTES + (long) k % depth * bytes;
        long swizzled = at ^ (at >> 3 & 0x70);
        return (line / LINES * tiles + k / depth) * LINES * depth + swizzled / bytes;
    }
}
