package org.tweedie.kernels.host.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Weighted sums of whole vectors. */
final class VectorTerms {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final int L = S.length();

    private VectorTerms() {}

    /** Whole vectors of {@code sum (+)= w v}; returns how many elements it did. */
    static int term(boolean first, float w, float[] v, int at, float[] sum, int sumAt, int count) {
        int whole = S.loopBound(count);
        FloatVector weight = FloatVector.broadcast(S, w);
        if (first) {
            for (int j = 0; j < whole; j += L) {
                FloatVector.fromArray(S, v, at + j).mul(weight).intoArray(sum, sumAt + j);
            }
        } else {
            for (int j = 0; j < whole; j += L) {
                FloatVector.fromArray(S, v, at + j)
                        .fma(weight, FloatVector.fromArray(S, sum, sumAt + j))
                        .intoArray(sum, sumAt + j);
            }
        }
        return whole;
    }
}
