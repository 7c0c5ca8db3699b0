package org.tweedie.plan;

/** A field as a formula over one row, in double. Safe for use by many threads. */
@FunctionalInterface
public interface RowField {
    /** Fills {@code into} from {@code from} at time {@code t}, one array a port. */
    void evaluate(double[][] from, double t, double[][] into);
}
