package org.tweedie.kernels.host.vector;

import static org.tweedie.kernels.host.vector.VectorApprox.pick;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Sines and cosines of turns, which share their reduction. */
final class VectorTurns {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final int L = S.length();
    private static final float ROUND = 12582912.0f; // 1.5 * 2^23: adding it rounds to an integer, kept in the low bits
    private static final int ROUND_BITS = 0x4b400000;

    private VectorTurns() {}

    /** {@code count} is whole vectors. */
    static void of(float[] x, int count, float[] sine, float[] cosine) {
        FloatVector four = FloatVector.broadcast(S, 4.0f);
        FloatVector round = FloatVector.broadcast(S, ROUND);
        FloatVector quarter = FloatVector.broadcast(S, -0.25f);
        FloatVector turn = FloatVector.broadcast(S, 6.28318548f);
        FloatVector s2 = FloatVector.broadcast(S, -0.000195181f);
        FloatVector s1 = FloatVector.broadcast(S, 0.008332188f);
        FloatVector s0 = FloatVector.broadcast(S, -0.16666655f);
        FloatVector c2 = FloatVector.broadcast(S, 2.4430668e-05f);
        FloatVector c1 = FloatVector.broadcast(S, -0.0013887301f);
        FloatVector c0 = FloatVector.broadcast(S, 0.041666646f);
        FloatVector half = FloatVector.broadcast(S, -0.5f);
        FloatVector one = FloatVector.broadcast(S, 1.0f);
        for (int j = 0; j < count; j += L) {
            FloatVector v = FloatVector.fromArray(S, x, j);
            FloatVector t = v.fma(four, round);
            FloatVector r = t.sub(round).fma(quarter, v).mul(turn);
            FloatVector s = r.mul(r);
            FloatVector a = s.fma(s2, s1).fma(s, s0).mul(s).fma(r, r);
            FloatVector b = s.fma(c2, c1).fma(s, c0).mul(s).fma(s, s.fma(half, one));
            IntVector quadrant = t.reinterpretAsInts().sub(ROUND_BITS);
            IntVector odd = quadrant.and(1).neg();
            signed(pick(odd, b, a), quadrant).intoArray(sine, j);
            signed(pick(odd, a, b), quadrant.add(1)).intoArray(cosine, j);
        }
    }

    private static FloatVector signed(FloatVector value, IntVector quadrant) {
        IntVector sign = quadrant.and(2).lanewise(VectorOperators.LSHL, 30);
        return value.reinterpretAsInts().lanewise(VectorOperators.XOR, sign).reinterpretAsFloats();
    }
}
