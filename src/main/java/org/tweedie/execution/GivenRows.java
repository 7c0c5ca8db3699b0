package org.tweedie.execution;

/**
 * The caller's rows for a given register: row i belongs to sample i, a single row to all; or each sample draws one, by seed and number.
 * Immutable; its array must not change while a call uses it.
 *
 * @param values rows x width, row-major; not copied
 * @param drawn whether sample i takes row p(i mod rows) of epoch i / rows, of which each takes every row once in a random order p
 */
public record GivenRows(float[] values, int width, boolean drawn) {
    public GivenRows {
        if (width < 1 || values.length == 0 || values.length % width != 0) {
            throw new IllegalArgumentException(
                    "given rows of width " + width + " do not divide " + values.length + " numbers");
        }
    }

    public GivenRows(float[] values, int width) {
        this(values, width, false);
    }

    /** Rows of which every sample draws one at random. */
    public static GivenRows drawn(float[] values, int width) {
        return new GivenRows(values, width, true);
    }

    public int rows() {
        return values.length / width;
    }

    boolean shared() {
        return !drawn && rows() == 1;
    }
}
