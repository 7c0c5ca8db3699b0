package org.tweedie.plan;

/** A field that is affine in its inputs at every time, such as the score of Gaussian data: into = matrix(t) from + offset(t). Immutable, shared by threads. */
public interface AffineField extends RowField {
    Affine at(double t);

    @Override
    default void evaluate(double[][] from, double t, double[][] into) {
        Affine affine = at(t);
        int row = 0;
        for (double[] port : into) {
            for (int d = 0; d < port.length; ++d, ++row) {
                double sum = affine.offset()[row];
                int column = 0;
                for (double[] input : from) {
                    for (double value : input) {
                        sum += affine.matrix()[row][column++] * value;
                    }
                }
                port[d] = sum;
            }
        }
    }

    /**
     * An affine map.
     *
     * @param matrix [numbers of all into][numbers of all from]
     * @param offset [numbers of all into]
     */
    record Affine(double[][] matrix, double[] offset) {}
}
