package org.tweedie.plan;

import java.util.Optional;

/**
 * A formula over the registers of one row, in double. Its kernel and its host twin carry the same name; until they exist the
 * function runs on the host. Immutable and safe for use by many threads.
 */
public interface RowFunction {
    /** The word that kernels, twins and messages use. */
    String name();

    /** Fills {@code into} from {@code from}, one array a register. The arrays of {@code into} are never those of {@code from}. */
    void apply(double[][] from, double[][] into);

    /** The matrix [numbers of all into][numbers of all from] when the function is linear: this lets the moment oracle through. */
    default Optional<double[][]> linear() {
        return Optional.empty();
    }
}
