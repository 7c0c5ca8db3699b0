package org.tweedie.kernels.host.vector;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Philox blocks, one a 64-bit lane. Only where vectors have 512 bits: narrower ones have no 64-bit product, and the plain
 * loop, one block at a time, is as fast.
 */
final class VectorPhilox {
    private static final VectorSpecies<Long> S = LongVector.SPECIES_512;
    private static final VectorSpecies<Integer> HALF = IntVector.SPECIES_256;
    private static final int L = S.length();
    private static final boolean WORTH = LongVector.SPECIES_PREFERRED.length() == L;
    private static final long LOW = 0xffffffffL;

    private VectorPhilox() {}

    /** Whole vectors of blocks; returns how many blocks it did. */
    static int blocks(
            long seed,
            int[] low,
            int[] high,
            int purpose,
            int[] quad,
            int blocks,
            boolean half,
            int[] first,
            int[] second) {
        if (!WORTH) {
            return 0;
        }
        int whole = S.loopBound(blocks);
        for (int b = 0; b < whole; b += L) {
            LongVector c0 = load(low, b);
            LongVector c1 = load(high, b);
            LongVector c2 = LongVector.broadcast(S, purpose & LOW);
            LongVector c3 = load(quad, b);
            int k0 = (int) seed;
            int k1 = (int) (seed >>> 32);
            for (int round = 0; round < 10; round++) {
                LongVector p0 = c0.and(LOW).mul(0xD2511F53L);
                LongVector p1 = c2.and(LOW).mul(0xCD9E8D57L);
                // the high halves of c1 and c3 are dirt, which the masks and the narrowing drop
                c0 = p1.lanewise(VectorOperators.LSHR, 32)
                        .lanewise(VectorOperators.XOR, c1)
                        .lanewise(VectorOperators.XOR, k0 & LOW);
                c2 = p0.lanewise(VectorOperators.LSHR, 32)
                        .lanewise(VectorOperators.XOR, c3)
                        .lanewise(VectorOperators.XOR, k1 & LOW);
                c1 = p1;
                c3 = p0;
                k0 += 0x9E3779B9;
                k1 += 0xBB67AE85;
            }
            if (half) {
                narrow(c0, first, b);
                narrow(c1, second, b);
            } else {
                beside(c0, c2, first, 2 * b);
                beside(c1, c3, second, 2 * b);
            }
        }
        return whole;
    }

    private static LongVector load(int[] from, int at) {
        return (LongVector) IntVector.fromArray(HALF, from, at).convertShape(VectorOperators.ZERO_EXTEND_I2L, S, 0);
    }

    private static void narrow(LongVector v, int[] into, int at) {
        ((IntVector) v.convertShape(VectorOperators.L2I, HALF, 0)).intoArray(into, at);
    }

    /** The low halves of two vectors, in turn. */
    private static void beside(LongVector even, LongVector odd, int[] into, int at) {
        even.and(LOW)
                .or(odd.lanewise(VectorOperators.LSHL, 32))
                .reinterpretAsInts()
                .intoArray(into, at);
    }
}
