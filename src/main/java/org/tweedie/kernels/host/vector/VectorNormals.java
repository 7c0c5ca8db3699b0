package org.tweedie.kernels.host.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** Box and Muller on vectors, operation by operation as the plain loop, so with the same bits. */
final class VectorNormals {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> I = S.withLanes(int.class);
    private static final int L = S.length();
    private static final VectorShuffle<Float> FRONT = VectorShuffle.fromOp(S, i -> i / 2);
    private static final VectorShuffle<Float> BACK = VectorShuffle.fromOp(S, i -> L / 2 + i / 2);
    private static final VectorMask<Float> ODD = VectorMask.fromLong(S, 0xAAAAAAAAAAAAAAAAL);

    private VectorNormals() {}

    private static FloatVector of(float x) {
        return FloatVector.broadcast(S, x);
    }

    /** Whole vectors of pairs; returns how many pairs it did. */
    static int pairs(int[] radius, int[] angle, int pairs, float[] into, int at) {
        int whole = S.loopBound(pairs);
        for (int i = 0; i < whole; i += L) {
            FloatVector length = radius(IntVector.fromArray(I, radius, i));
            IntVector turn = IntVector.fromArray(I, angle, i);
            IntVector quadrant = turn.add(0x20000000).lanewise(VectorOperators.LSHR, 30);
            IntVector rest = turn.sub(quadrant.lanewise(VectorOperators.LSHL, 30));
            FloatVector x = ((FloatVector) rest.convert(VectorOperators.I2F, 0)).mul(1.46291808e-9f);

            FloatVector s = x.mul(x);
            FloatVector p = s.fma(of(-0.000195181f), of(0.008332188f));
            p = p.fma(s, of(-0.16666655f));
            IntVector sine = p.mul(s).fma(x, x).reinterpretAsInts();
            FloatVector q = s.fma(of(2.4430668e-05f), of(-0.0013887301f));
            q = q.fma(s, of(0.041666646f));
            IntVector cosine = q.mul(s).fma(s, s.fma(of(-0.5f), of(1.0f))).reinterpretAsInts();

            IntVector swapped = quadrant.and(1).neg();
            IntVector sineSign = quadrant.and(2).lanewise(VectorOperators.LSHL, 30);
            IntVector cosineSign = quadrant.add(1).and(2).lanewise(VectorOperators.LSHL, 30);
            IntVector differ = sine.lanewise(VectorOperators.XOR, cosine).and(swapped);
            FloatVector z1 = sine.lanewise(VectorOperators.XOR, differ)
                    .lanewise(VectorOperators.XOR, sineSign)
                    .reinterpretAsFloats()
                    .mul(length);
            FloatVector z0 = cosine.lanewise(VectorOperators.XOR, differ)
                    .lanewise(VectorOperators.XOR, cosineSign)
                    .reinterpretAsFloats()
                    .mul(length);

            z0.rearrange(FRONT).blend(z1.rearrange(FRONT), ODD).intoArray(into, at + 2 * i);
            z0.rearrange(BACK).blend(z1.rearrange(BACK), ODD).intoArray(into, at + 2 * i + L);
        }
        return whole;
    }

    /** sqrt(-2 ln((w + 1/2) 2^-32)). */
    private static FloatVector radius(IntVector w) {
        IntVector upper = w.lanewise(VectorOperators.ASHR, 31);
        FloatVector folded =
                (FloatVector) w.lanewise(VectorOperators.XOR, upper).convert(VectorOperators.I2F, 0);
        FloatVector c = folded.fma(of(2.3283064365386963e-10f), of(1.1641532182693481e-10f));
        IntVector u = c.reinterpretAsInts()
                .lanewise(VectorOperators.BITWISE_BLEND, of(1.0f).sub(c).reinterpretAsInts(), upper);
        IntVector e = u.sub(0x3f2aaaab).and(0xff800000);
        FloatVector m = u.sub(e).reinterpretAsFloats().sub(1.0f);
        FloatVector f = m.blend(c.neg(), e.compare(VectorOperators.EQ, 0).cast(S));
        FloatVector power = (FloatVector) e.lanewise(VectorOperators.ASHR, 23).convert(VectorOperators.I2F, 0);
        return power.fma(of(0.693147182f), VectorApprox.logNearOne(f))
                .mul(-2.0f)
                .sqrt();
    }
}
