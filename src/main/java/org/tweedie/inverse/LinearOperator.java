package org.tweedie.inverse;

import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;

/**
 * A linear map A from rows of {@link #from} numbers to rows of {@link #into}: what an instrument sees of x. Its products are written into
 * formulas, so that they run on every device with the same bits, and exist in double beside. Immutable, shared by threads.
 */
public interface LinearOperator {
    /** Numbers of x. */
    int from();

    /** Numbers of A x. */
    int into();

    /** {@code y = A x}, in double; y is overwritten. */
    void forward(double[] x, double[] y);

    /** {@code x = A' y}, in double; x is overwritten. */
    void adjoint(double[] y, double[] x);

    /** A x as part of a formula. */
    Value forward(FormulaWriter f, Value x);

    /** A' y as part of a formula. */
    Value adjoint(FormulaWriter f, Value y);

    /** The singular value decomposition, of the values that are not 0. Made when first asked for unless it is known: cubic in the lesser side. */
    Svd svd();

    /** A diag(scale): the same of rows in other units. */
    default LinearOperator scaled(double[] scale) {
        if (scale.length != from()) {
            throw new IllegalArgumentException(
                    "an operator on rows of " + from() + " numbers is scaled by as many, got " + scale.length);
        }
        double[][] matrix = matrix();
        for (double[] row : matrix) {
            for (int i = 0; i < row.length; i++) {
                row[i] *= scale[i];
            }
        }
        return matrix(matrix);
    }

    /** The least x of those for which |A x - y| is least: V diag(1/s) U' y. */
    default double[] pseudoInverse(double[] y) {
        Svd svd = svd();
        double[] inner = new double[svd.values().length];
        svd.u().adjoint(y, inner);
        for (int i = 0; i < inner.length; i++) {
            inner[i] /= svd.values()[i];
        }
        double[] x = new double[from()];
        svd.v().forward(inner, x);
        return x;
    }

    /** The matrix, row by row, found by what becomes of unit rows. */
    default double[][] matrix() {
        double[][] matrix = new double[into()][from()];
        double[] x = new double[from()];
        double[] y = new double[into()];
        for (int j = 0; j < x.length; j++) {
            x[j] = 1;
            forward(x, y);
            x[j] = 0;
            for (int i = 0; i < y.length; i++) {
                matrix[i][j] = y[i];
            }
        }
        return matrix;
    }

    /**
     * The operator of a matrix.
     *
     * @param rows [into][from], finite
     */
    static LinearOperator matrix(double[][] rows) {
        return new Matrix(rows);
    }

    /**
     * The coordinates {@code known} of rows of {@code from}, in that order: inpainting.
     *
     * @param known different places, from 0
     */
    static LinearOperator mask(int from, int... known) {
        return new Selection(from, known);
    }
}
