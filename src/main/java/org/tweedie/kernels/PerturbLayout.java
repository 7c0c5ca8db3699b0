package org.tweedie.kernels;

/**
 * How coefficients of time lie in device memory (kernels/sde/coefficients.cuh): nodes equally spaced in ln t, and for each
 * node {@value #COLUMNS} values, then as many slopes times the spacing; cubic between nodes, constant beyond the ends.
 * Immutable but for its arrays, which nobody may change while threads share them.
 *
 * @param logFirst ln t of the first node
 * @param spacing of the nodes in ln t
 * @param table [nodes][2 x {@value #COLUMNS}]
 */
public record PerturbLayout(double logFirst, double spacing, float[] table) {
    /** a_x0, a_eps, b_x0, b_eps, weight, level. */
    public static final int COLUMNS = 6;

    /** Column of x0 in the first output. */
    public static final int A_X0 = 0;

    /** Column of eps in the first output. */
    public static final int A_EPS = 1;

    /** Column of x0 in the second output. */
    public static final int B_X0 = 2;

    /** Column of eps in the second output. */
    public static final int B_EPS = 3;

    /** Column of the row's weight. */
    public static final int WEIGHT = 4;

    /** Column of the row's noise level, the time that a network is told. */
    public static final int LEVEL = 5;

    public PerturbLayout {
        if (table.length < 4 * COLUMNS || table.length % (2 * COLUMNS) != 0) {
            throw new IllegalArgumentException(
                    "a table needs at least 2 nodes of " + 2 * COLUMNS + " numbers, got " + table.length);
        }
        if (!(spacing > 0) || Double.isInfinite(spacing) || !Double.isFinite(logFirst)) {
            throw new IllegalArgumentException(
                    "nodes must be spaced by a positive number, got " + spacing + " from " + logFirst);
        }
    }

    /** Nodes of the table. */
    public int nodes() {
        return table.length / (2 * COLUMNS);
    }

    /**
     * A table from values and slopes in double.
     *
     * @param values [nodes][{@value #COLUMNS}]
     * @param slopes of the values by ln t, [nodes][{@value #COLUMNS}]
     */
    public static PerturbLayout of(double logFirst, double spacing, double[][] values, double[][] slopes) {
        float[] table = new float[values.length * 2 * COLUMNS];
        for (int node = 0; node < values.length; node++) {
            for (int column = 0; column < COLUMNS; column++) {
                table[node * 2 * COLUMNS + column] = (float) values[node][column];
                table[node * 2 * COLUMNS + COLUMNS + column] = (float) (slopes[node][column] * spacing);
            }
        }
        return new PerturbLayout(logFirst, spacing, table);
    }
}
