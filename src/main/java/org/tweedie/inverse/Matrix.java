package org.tweedie.inverse;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;

/** A dense matrix; its decomposition is made once, when it is first asked for. */
final class Matrix implements LinearOperator {
    private final double[][] rows;
    private final double[][] columns;
    private volatile @Nullable Svd svd;

    Matrix(double[][] rows) {
        if (rows.length == 0 || rows[0].length == 0) {
            throw new IllegalArgumentException("an operator's matrix has at least one row and one column");
        }
        this.rows = new double[rows.length][];
        columns = new double[rows[0].length][rows.length];
        for (int i = 0; i < rows.length; i++) {
            if (rows[i].length != columns.length) {
                throw new IllegalArgumentException("an operator's matrix has rows of one length, row " + (i + 1)
                        + " has " + rows[i].length + " numbers, row 1 has " + columns.length);
            }
            this.rows[i] = rows[i].clone();
            for (int j = 0; j < columns.length; j++) {
                if (!Double.isFinite(rows[i][j])) {
                    throw new IllegalArgumentException("an operator's matrix is of finite numbers, got " + rows[i][j]
                            + " in row " + (i + 1) + ", column " + (j + 1));
                }
                columns[j][i] = rows[i][j];
            }
        }
    }

    /** One whose decomposition is known. */
    Matrix(double[][] rows, Svd svd) {
        this(rows);
        this.svd = svd;
    }

    @Override
    public int from() {
        return columns.length;
    }

    @Override
    public int into() {
        return rows.length;
    }

    @Override
    public void forward(double[] x, double[] y) {
        times(rows, x, y);
    }

    @Override
    public void adjoint(double[] y, double[] x) {
        times(columns, y, x);
    }

    private static void times(double[][] matrix, double[] x, double[] y) {
        for (int i = 0; i < matrix.length; i++) {
            double sum = 0;
            for (int j = 0; j < x.length; j++) {
                sum = Math.fma(matrix[i][j], x[j], sum);
            }
            y[i] = sum;
        }
    }

    @Override
    public Value forward(FormulaWriter f, Value x) {
        return x.times(rows);
    }

    @Override
    public Value adjoint(FormulaWriter f, Value y) {
        return y.times(columns);
    }

    @Override
    public Svd svd() {
        Svd known = svd;
        if (known == null) {
            known = Svd.of(rows); // two threads at once make the same
            svd = known;
        }
        return known;
    }

    @Override
    public double[][] matrix() {
        return Arrays.stream(rows).map(double[]::clone).toArray(double[][]::new);
    }
}
