package org.tweedie.kernels.host.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Squares of distances from one row to the columns of a tile, four vectors at a time, which stay in registers over all coordinates. */
final class VectorSquares {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final int L = S.length();

    private VectorSquares() {}

    static void of(float[] x, int at, int dim, float[] turned, int width, float[] square) {
        for (int j = 0; j < width; j += 4 * L) {
            FloatVector a = FloatVector.zero(S);
            FloatVector b = a;
            FloatVector c = a;
            FloatVector e = a;
            for (int d = 0; d < dim; d++) {
                FloatVector value = FloatVector.broadcast(S, x[at + d]);
                int from = d * width + j;
                FloatVector p = value.sub(FloatVector.fromArray(S, turned, from));
                FloatVector q = value.sub(FloatVector.fromArray(S, turned, from + L));
                FloatVector r = value.sub(FloatVector.fromArray(S, turned, from + 2 * L));
                FloatVector s = value.sub(FloatVector.fromArray(S, turned, from + 3 * L));
                a = p.fma(p, a);
                b = q.fma(q, b);
                c = r.fma(r, c);
                e = s.fma(s, e);
            }
            a.intoArray(square, j);
            b.intoArray(square, j + L);
            c.intoArray(square, j + 2 * L);
            e.intoArray(square, j + 3 * L);
        }
    }
}
