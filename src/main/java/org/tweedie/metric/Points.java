package org.tweedie.metric;

/**
 * A sample: {@code rows} points of {@code width} numbers, row-major. The array is not copied and must not change.
 * Immutable but for its arrays, which nobody may change while threads share them.
 *
 * @param values rows x width, finite
 */
public record Points(float[] values, int width) {
    public Points {
        if (width < 1 || values.length % width != 0) {
            throw new IllegalArgumentException(
                    "points of width " + width + " do not divide " + values.length + " numbers");
        }
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new IllegalArgumentException("row " + i / width + ", column " + i % width + " is " + values[i]
                        + "; metrics need finite points");
            }
        }
    }

    public int rows() {
        return values.length / width;
    }

    /** Rows {@code [from, to)}. */
    public Points slice(int from, int to) {
        return new Points(java.util.Arrays.copyOfRange(values, from * width, to * width), width);
    }

    static void requireComparable(Points x, Points y) {
        if (x.width != y.width) {
            throw new IllegalArgumentException("samples of different widths: " + x.width + " and " + y.width);
        }
        if (x.rows() < 2 || y.rows() < 2) {
            throw new IllegalArgumentException(
                    "a distance between samples needs at least 2 rows each, got " + x.rows() + " and " + y.rows());
        }
    }
}
