package org.tweedie.bridge;

import java.util.function.DoubleUnaryOperator;
import org.tweedie.sde.SquareMatrix;
import org.tweedie.sde.SymmetricEigen;

/** A square matrix with the algebra of Gaussian laws, in double. Immutable. */
record Dense(double[][] numbers) {
    static Dense scalar(int n, double value) {
        double[][] numbers = new double[n][n];
        for (int i = 0; i < n; i++) {
            numbers[i][i] = value;
        }
        return new Dense(numbers);
    }

    private interface Entry {
        double at(int i, int j);
    }

    private static Dense of(int n, Entry entry) {
        double[][] numbers = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                numbers[i][j] = entry.at(i, j);
            }
        }
        return new Dense(numbers);
    }

    int size() {
        return numbers.length;
    }

    double at(int i, int j) {
        return numbers[i][j];
    }

    Dense times(Dense other) {
        return of(size(), (i, j) -> {
            double sum = 0;
            for (int k = 0; k < size(); k++) {
                sum += at(i, k) * other.at(k, j);
            }
            return sum;
        });
    }

    double[] times(double[] x) {
        double[] product = new double[size()];
        for (int i = 0; i < size(); i++) {
            for (int k = 0; k < size(); k++) {
                product[i] += at(i, k) * x[k];
            }
        }
        return product;
    }

    Dense times(double factor) {
        return of(size(), (i, j) -> factor * at(i, j));
    }

    Dense plus(Dense other) {
        return of(size(), (i, j) -> at(i, j) + other.at(i, j));
    }

    Dense minus(Dense other) {
        return of(size(), (i, j) -> at(i, j) - other.at(i, j));
    }

    Dense transposed() {
        return of(size(), (i, j) -> at(j, i));
    }

    /** The nearest symmetric matrix: what rounding took is given back. */
    Dense symmetric() {
        return of(size(), (i, j) -> (at(i, j) + at(j, i)) / 2);
    }

    double trace() {
        double sum = 0;
        for (int i = 0; i < size(); i++) {
            sum += at(i, i);
        }
        return sum;
    }

    /** Of a symmetric matrix: Q f(values) Q'. */
    Dense through(DoubleUnaryOperator f) {
        SymmetricEigen eigen = SymmetricEigen.of(numbers);
        double[] values = eigen.values();
        double[][] q = eigen.vectors();
        return of(size(), (i, j) -> {
            double sum = 0;
            for (int k = 0; k < size(); k++) {
                sum += q[i][k] * f.applyAsDouble(values[k]) * q[j][k];
            }
            return sum;
        });
    }

    /** Of a symmetric matrix without negative eigenvalues. */
    Dense root() {
        return through(StrictMath::sqrt);
    }

    /** Of a symmetric positive matrix. */
    Dense inverse() {
        Dense lower = new Dense(SquareMatrix.inverseLower(SquareMatrix.cholesky(numbers)));
        return lower.transposed().times(lower);
    }

    /** ln of the determinant of a symmetric positive matrix. */
    double logDeterminant() {
        double[][] lower = SquareMatrix.cholesky(numbers);
        double sum = 0;
        for (int i = 0; i < size(); i++) {
            sum += 2 * StrictMath.log(lower[i][i]);
        }
        return sum;
    }
}
