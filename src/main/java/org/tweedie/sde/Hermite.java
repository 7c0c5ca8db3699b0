package org.tweedie.sde;

import java.util.function.DoubleFunction;

/** Makes the values and slopes that {@link org.tweedie.plan.Curves} interpolates. */
final class Hermite {
    private final DoubleFunction<double[]> function;
    private final double first;
    private final double last;
    private final double[][] values;
    private final double[][] slopes;

    Hermite(DoubleFunction<double[]> function, double first, double last, int nodes) {
        this.function = function;
        this.first = first;
        this.last = last;
        values = new double[nodes][];
        slopes = new double[nodes][];
        double spacing = (last - first) / (nodes - 1);
        for (int i = 0; i < nodes; ++i) {
            double at = node(i);
            values[i] = function.apply(at);
            slopes[i] = slope(at);
            for (int c = 0; c < slopes[i].length; ++c) {
                slopes[i][c] *= spacing;
            }
        }
    }

    private double node(double i) {
        return first + i * (last - first) / (values.length - 1);
    }

    /** Five points, central, or one-sided at the ends: the error is of fourth order in the 1e-3 between them. */
    private double[] slope(double at) {
        double step = 1e-3;
        if (at - 2 * step < first) {
            return difference(at, step, new double[] {-25, 48, -36, 16, -3}, 0);
        } else if (at + 2 * step > last) {
            return difference(at, -step, new double[] {-25, 48, -36, 16, -3}, 0);
        }
        return difference(at, step, new double[] {1, -8, 0, 8, -1}, -2);
    }

    private double[] difference(double at, double step, double[] weights, int from) {
        double[] sum = new double[function.apply(at).length];
        for (int k = 0; k < weights.length; ++k) {
            double[] value = function.apply(at + (from + k) * step);
            for (int c = 0; c < sum.length; ++c) {
                sum[c] += weights[k] * value[c] / (12 * step);
            }
        }
        return sum;
    }

    /** Whether the middles between nodes are right to the tolerance, relative to each column's value or a hundredth of its largest. */
    boolean fine() {
        double[] most = new double[columns()];
        for (double[] row : values) {
            for (int c = 0; c < most.length; ++c) {
                most[c] = StrictMath.max(most[c], StrictMath.abs(row[c]));
            }
        }
        for (int i = 0; i + 1 < values.length; ++i) {
            double[] exact = function.apply(node(i + 0.5));
            for (int c = 0; c < most.length; ++c) {
                double value = 0.5 * (values[i][c] + values[i + 1][c]) + 0.125 * (slopes[i][c] - slopes[i + 1][c]);
                double scale = StrictMath.max(StrictMath.abs(exact[c]), 0.01 * most[c]);
                if (StrictMath.abs(value - exact[c]) > Coefficients.TOLERANCE * scale) {
                    return false;
                }
            }
        }
        return true;
    }

    int columns() {
        return values[0].length;
    }

    float[] floats() {
        float[] floats = new float[2 * columns() * values.length];
        for (int i = 0; i < values.length; ++i) {
            for (int c = 0; c < columns(); ++c) {
                floats[(2 * i) * columns() + c] = (float) values[i][c];
                floats[(2 * i + 1) * columns() + c] = (float) slopes[i][c];
            }
        }
        return floats;
    }
}
