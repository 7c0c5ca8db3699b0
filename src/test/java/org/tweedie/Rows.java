package org.tweedie;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Rows of samples by their numbers, bit by bit: each row its outputs, and its traces where there are some. What came in pieces, in
 * another order, or twice is put together here, and compared with rows that came in one piece.
 */
final class Rows {
    private final int first;
    private final int[][] bits;

    Rows(int first, int count) {
        this.first = first;
        this.bits = new int[count][];
    }

    static Rows of(Samples samples, Rows into) {
        return into.put(samples, samples.run().first(), null);
    }

    /**
     * Puts rows in their places.
     *
     * @throws AssertionError if a row is there already, and differs
     */
    Rows put(Samples samples, long from, long[] indices) {
        List<float[]> columns = new ArrayList<>();
        for (Map.Entry<String, float[]> output : new TreeMap<>(samples.outputs()).entrySet()) {
            columns.add(output.getValue());
        }
        for (Map.Entry<String, List<float[]>> trace : new TreeMap<>(samples.traces()).entrySet()) {
            columns.addAll(trace.getValue());
        }
        int count = samples.count();
        for (int r = 0; r < count; r++) {
            int width = 0;
            for (float[] column : columns) {
                width += column.length / count;
            }
            int[] row = new int[width];
            int at = 0;
            for (float[] column : columns) {
                int each = column.length / count;
                for (int d = 0; d < each; d++) {
                    row[at++] = Float.floatToRawIntBits(column[r * each + d]);
                }
            }
            put(indices == null ? from + r : indices[r], row);
        }
        return this;
    }

    /** Rows without traces, as {@code sampleInto} writes them. */
    Rows put(float[] values, int at, int width, long from, int count) {
        for (int r = 0; r < count; r++) {
            int[] row = new int[width];
            for (int d = 0; d < width; d++) {
                row[d] = Float.floatToRawIntBits(values[at + r * width + d]);
            }
            put(from + r, row);
        }
        return this;
    }

    private void put(long index, int[] row) {
        int place = Math.toIntExact(index - first);
        if (bits[place] != null && !java.util.Arrays.equals(bits[place], row)) {
            throw new AssertionError("row " + index + " came twice, with other bits");
        }
        bits[place] = row;
    }

    /** How many of these rows there are. */
    int count() {
        int count = 0;
        for (int[] row : bits) {
            count += row == null ? 0 : 1;
        }
        return count;
    }

    /**
     * The first row here that is not the one of {@code oracle}; -1 where all that are here agree. A row here may be the head of a row
     * there, which has a trace beside.
     */
    long firstDifference(Rows oracle) {
        for (int r = 0; r < bits.length; r++) {
            if (bits[r] != null) {
                int[] known = oracle.bits[r + first - oracle.first];
                if (java.util.Arrays.mismatch(known, 0, bits[r].length, bits[r], 0, bits[r].length) >= 0) {
                    return r + first;
                }
            }
        }
        return -1;
    }

    /** SHA-256 of all bits, in the order of the rows' numbers. */
    String hash() {
        try {
            var digest = java.security.MessageDigest.getInstance("SHA-256");
            for (int[] row : bits) {
                java.nio.ByteBuffer bytes = java.nio.ByteBuffer.allocate(4 * row.length);
                bytes.asIntBuffer().put(row);
                digest.update(bytes);
            }
            return java.util.HexFormat.of().formatHex(digest.digest());
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
