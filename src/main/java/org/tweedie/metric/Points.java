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

    /** The first rows, all of them where there are fewer. */
    public Points first(int most) {
        return rows() <= most ? this : slice(0, most);
    }

    /** As many rows at most, evenly from the first to the last, so that an order of the rows does not matter. */
    public Points spread(int most) {
        int rows = rows();
        if (rows <= most) {
            return this;
        }
        float[] some = new float[most * width];
        for (int i = 0; i < most; i++) {
            System.arraycopy(values, (int) ((long) i * rows / most) * width, some, i * width, width);
        }
        return new Points(some, width);
    }

    /** The rows of both, x first. */
    static Points pooled(Points x, Points y) {
        float[] all = java.util.Arrays.copyOf(x.values, x.values.length + y.values.length);
        System.arraycopy(y.values, 0, all, x.values.length, y.values.length);
        return new Points(all, x.width);
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
