package org.tweedie.execution;

/**
 * The caller's rows for a given register: row i belongs to sample i; a single row belongs to all.
 * Immutable; its array must not change while a call uses it.
 *
 * @param values rows x width, row-major; not copied
 */
public record GivenRows(float[] values, int width) {
    public GivenRows {
        if (width < 1 || values.length == 0 || values.length % width != 0) {
            throw new IllegalArgumentException(
                    "given rows of width " + width + " do not divide " + values.length + " numbers");
        }
    }

    public int rows() {
        return values.length / width;
    }

    boolean shared() {
        return rows() == 1;
    }
}
