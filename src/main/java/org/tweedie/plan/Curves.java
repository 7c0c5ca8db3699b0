package org.tweedie.plan;

/**
 * Columns of numbers as functions of time: cubic between nodes equally spaced in ln t, constant beyond the ends. The layout is that of the
 * kernels: [nodes][2 columns], the values of all columns, then their slopes d/d ln t times the spacing. Immutable but for its array, which
 * nobody may change while threads share it.
 *
 * @param nodes at least 2
 * @param logFirst ln t of the first node
 * @param inverseSpacing nodes a unit of ln t
 * @param values not to be changed
 */
public record Curves(int columns, int nodes, double logFirst, double inverseSpacing, float[] values) {
    public Curves {
        if (columns < 1 || nodes < 2 || values.length != 2L * columns * nodes) {
            throw new IllegalArgumentException(nodes + " nodes of " + columns + " columns need values and slopes, got "
                    + values.length + " numbers; at least 2 nodes");
        }
    }

    /** The columns at time t, interpolated in double from the table's floats. */
    public double[] at(double t) {
        return interpolated(values, columns, nodes, (StrictMath.log(t) - logFirst) * inverseSpacing);
    }

    /** All columns of such values at u, in units of the spacing from the first node; beyond the ends the end. */
    public static double[] interpolated(float[] values, int columns, int nodes, double u) {
        double inside = StrictMath.max(0, StrictMath.min(nodes - 1, u));
        int node = StrictMath.min((int) inside, nodes - 2);
        double f = inside - node;
        double p1 = f * f * (3 - 2 * f);
        double[] result = new double[columns];
        for (int c = 0; c < columns; ++c) {
            int left = 2 * node * columns + c;
            int right = left + 2 * columns;
            result[c] = (1 - p1) * values[left]
                    + f * (1 - f) * (1 - f) * values[left + columns]
                    + p1 * values[right]
                    - f * f * (1 - f) * values[right + columns];
        }
        return result;
    }
}
