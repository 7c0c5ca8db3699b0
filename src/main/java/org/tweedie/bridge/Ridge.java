package org.tweedie.bridge;

/**
 * A regression of targets on features of inputs by least squares with a penalty, in double: W and c minimise
 *
 * <pre>
 *   mean_i |t_i - c - W phi_i|^2 + penalty |W|^2
 * </pre>
 *
 * <p>over features phi of mean 0 and deviation 1. Immutable; any thread.
 */
public final class Ridge {
    private final Linear fitted;
    private final double[][] residual;

    private Ridge(Linear fitted, double[][] residual) {
        this.fitted = fitted;
        this.residual = residual;
    }

    /**
     * What a regression came to: c + W ((phi - centres)/scales). Immutable but for its arrays, which nobody may change while threads share it.
     *
     * @param centres of the features
     * @param scales of the features, positive
     * @param weights [target][feature]
     * @param constant c, of each target
     */
    record Linear(Features features, double[] centres, double[] scales, double[][] weights, double[] constant) {
        double[] at(double[] input) {
            double[] phi = features.of(input);
            double[] value = constant.clone();
            for (int k = 0; k < value.length; k++) {
                for (int j = 0; j < phi.length; j++) {
                    value[k] += weights[k][j] * (phi[j] - centres[j]) / scales[j];
                }
            }
            return value;
        }
    }

    /**
     * Fits. Features that do not vary get no weight.
     *
     * @param inputs [row][coordinate], at least two rows
     * @param targets [row][coordinate], as many
     * @param penalty at least 0; a little above 0 where features may depend on each other
     * @throws IllegalArgumentException if rows are too few or do not match, or the penalty is negative, or features depend on each other without one
     */
    public static Ridge fit(Features features, double[][] inputs, double[][] targets, double penalty) {
        int n = inputs.length;
        if (n < 2 || targets.length != n) {
            throw new IllegalArgumentException("a regression takes two rows or more of inputs and as many targets, got "
                    + n + " and " + targets.length);
        }
        if (!(penalty >= 0 && penalty < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "the penalty of a regression must be 0 or more, got " + penalty + "; 1e-6 is usual");
        }
        double[][] phi = new double[n][];
        for (int i = 0; i < n; i++) {
            phi[i] = features.of(inputs[i]).clone();
        }
        double[] centres = means(phi);
        double[] scales = centre(phi, centres);
        double[] constant = means(targets);
        double[][] apart = new double[n][];
        for (int i = 0; i < n; i++) {
            apart[i] = targets[i].clone();
        }
        centre(apart, constant);
        int p = centres.length;
        double[][] gram = new double[p][p];
        double[][] right = new double[p][constant.length];
        for (int j = 0; j < p; j++) {
            for (int i = 0; i < n; i++) {
                phi[i][j] /= scales[j];
            }
        }
        for (double[] row : phi) {
            for (int j = 0; j < p; j++) {
                for (int k = 0; k <= j; k++) {
                    gram[j][k] += row[j] * row[k] / n;
                }
            }
        }
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < p; j++) {
                for (int k = 0; k < constant.length; k++) {
                    right[j][k] += phi[i][j] * apart[i][k] / n;
                }
            }
        }
        for (int j = 0; j < p; j++) {
            gram[j][j] = gram[j][j] == 0 ? 1 : gram[j][j] + penalty;
        }
        double[][] weights = solved(lower(gram), right);
        double[][] residual = new double[constant.length][constant.length];
        for (int i = 0; i < n; i++) {
            for (int k = 0; k < constant.length; k++) {
                for (int j = 0; j < p; j++) {
                    apart[i][k] -= weights[k][j] * phi[i][j];
                }
            }
            for (int k = 0; k < constant.length; k++) {
                for (int l = 0; l < constant.length; l++) {
                    residual[k][l] += apart[i][k] * apart[i][l] / n;
                }
            }
        }
        return new Ridge(new Linear(features, centres, scales, weights, constant), residual);
    }

    private static double[] means(double[][] rows) {
        double[] means = new double[rows[0].length];
        for (double[] row : rows) {
            for (int j = 0; j < means.length; j++) {
                means[j] += row[j] / rows.length;
            }
        }
        return means;
    }

    /** Takes the means away; the deviations, 1 where a column does not vary. */
    private static double[] centre(double[][] rows, double[] means) {
        double[] deviations = new double[means.length];
        for (double[] row : rows) {
            for (int j = 0; j < means.length; j++) {
                row[j] -= means[j];
                deviations[j] += row[j] * row[j] / rows.length;
            }
        }
        for (int j = 0; j < means.length; j++) {
            double deviation = StrictMath.sqrt(deviations[j]);
            boolean varies = deviation > 1e-14 * StrictMath.abs(means[j]);
            deviations[j] = varies ? deviation : 1;
            for (int i = 0; !varies && i < rows.length; i++) {
                rows[i][j] = 0;
            }
        }
        return deviations;
    }

    /** L of L L' = a: Cholesky's. */
    static double[][] lower(double[][] a) {
        int n = a.length;
        double[][] lower = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j <= i; j++) {
                double sum = a[i][j];
                for (int k = 0; k < j; k++) {
                    sum -= lower[i][k] * lower[j][k];
                }
                if (i == j && !(sum > 1e-14 * a[i][i])) {
                    throw new IllegalArgumentException(
                            "column " + (i + 1) + " of " + n
                                    + " is a sum of those before it, so that a regression has no one answer; leave it out, or take a penalty, as 1e-6");
                }
                lower[i][j] = i == j ? StrictMath.sqrt(sum) : sum / lower[j][j];
            }
        }
        return lower;
    }

    /** The transpose of the solution of L L' w = right. */
    private static double[][] solved(double[][] lower, double[][] right) {
        int p = lower.length;
        int targets = p == 0 ? 0 : right[0].length;
        double[][] solution = new double[targets][p];
        for (int k = 0; k < targets; k++) {
            double[] w = solution[k];
            for (int i = 0; i < p; i++) {
                w[i] = right[i][k];
                for (int j = 0; j < i; j++) {
                    w[i] -= lower[i][j] * w[j];
                }
                w[i] /= lower[i][i];
            }
            for (int i = p - 1; i >= 0; i--) {
                for (int j = i + 1; j < p; j++) {
                    w[i] -= lower[j][i] * w[j];
                }
                w[i] /= lower[i][i];
            }
        }
        return solution;
    }

    /** The regression's value for one input. */
    public double[] at(double[] input) {
        return fitted.at(input);
    }

    /** All that its values follow from. */
    Linear fitted() {
        return fitted;
    }

    /** Mean of r r' over the rows that it was fitted to, r = target less value: [coordinate][coordinate]. */
    public double[][] residual() {
        double[][] copy = new double[residual.length][];
        for (int k = 0; k < copy.length; k++) {
            copy[k] = residual[k].clone();
        }
        return copy;
    }
}
