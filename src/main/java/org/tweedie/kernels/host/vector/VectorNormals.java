package org.tweedie.kernels.host.vector;

import static org.tweedie.kernels.host.vector.VectorApprox.of;
import static org.tweedie.kernels.host.vector.VectorApprox.pick;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** Box-Muller as {@code org.tweedie.kernels.host.BoxMuller} does it, operation by operation. */
final class VectorNormals {
    private static final VectorSpecies<Float> S = VectorProduct.S;
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final int L = VectorProduct.L;
    private static final VectorShuffle<Float> FIRST = VectorShuffle.makeZip(S, 0);
    private static final VectorShuffle<Float> SECOND = VectorShuffle.makeZip(S, 1);

    private VectorNormals() {}

    /** Whole vectors of pairs; returns how many pairs it did. */
    static int pairs(int[] radius, int[] angle, int pairs, float[] into, int at) {
        int whole = S.loopBound(pairs);
        for (int i = 0; i < whole; i += L) {
            FloatVector length = length(IntVector.fromArray(I, radius, i));
            IntVector turn = IntVector.fromArray(I, angle, i);
            IntVector quadrant = turn.add(0x20000000).lanewise(VectorOperators.LSHR, 30);
            FloatVector x = floats(turn.sub(quadrant.lanewise(VectorOperators.LSHL, 30))).mul(1.46291808e-9f);
            FloatVector sine = VectorApprox.sine(x);
            FloatVector cosine = VectorApprox.cosine(x);
            FloatVector s = length.mul(VectorApprox.turned(sine, cosine, quadrant));
            FloatVector c = length.mul(VectorApprox.turned(sine, cosine, quadrant.add(1)));
            c.rearrange(FIRST, s).intoArray(into, at + 2 * i);
            c.rearrange(SECOND, s).intoArray(into, at + 2 * i + L);
        }
        return whole;
    }

    private static FloatVector floats(IntVector v) {
        return (FloatVector) v.convert(VectorOperators.I2F, 0);
    }

    private static FloatVector length(IntVector w) {
        IntVector sign = w.lanewise(VectorOperators.ASHR, 31);
        FloatVector c = floats(w.lanewise(VectorOperators.XOR, sign)).fma(of(2.3283064365386963e-10f), of(1.1641532182693481e-10f));
        FloatVector u = pick(sign, of(1.0f).sub(c), c);
        IntVector bits = u.reinterpretAsInts();
        IntVector e = bits.sub(0x3f2aaaab).and(0xff800000);
        FloatVector m = bits.sub(e).reinterpretAsFloats().sub(1.0f);
        // the exponent is 0 from 2/3 up, as u is at most 1
        FloatVector f = m.blend(c.neg(), u.compare(VectorOperators.GE, Float.intBitsToFloat(0x3f2aaaab)));
        FloatVector power = floats(e.lanewise(VectorOperators.ASHR, 23));
        FloatVector logU = power.fma(of(0.693147182f), VectorApprox.logNearOne(f));
        return logU.mul(-2.0f).sqrt();
    }
}
