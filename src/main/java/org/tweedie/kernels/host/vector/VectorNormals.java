package org.tweedie.kernels.host.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Box and Muller on vectors, operation by operation as the plain loop, so with the same bits; scratch of one thread. Choices are made
 * by bits, not by masks, and no loop calls a method of ours: otherwise vectors go through the heap, seven times slower.
 */
final class VectorNormals {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> I = S.withLanes(int.class);
    private static final int L = S.length();
    private static final VectorShuffle<Float> FRONT = VectorShuffle.fromOp(S, i -> i / 2);
    private static final VectorShuffle<Float> BACK = VectorShuffle.fromOp(S, i -> L / 2 + i / 2);
    private static final VectorMask<Float> ODD = VectorMask.fromLong(S, 0xAAAAAAAAAAAAAAAAL);
    /** Pairs of a run: it stays in the nearest cache. */
    private static final int RUN = 1024;

    private final float[] lengths = new float[RUN];

    private static FloatVector of(float x) {
        return FloatVector.broadcast(S, x);
    }

    /** Whole vectors of pairs; returns how many pairs it did. */
    int pairs(int[] radius, int[] angle, int pairs, float[] into, int at) {
        int whole = S.loopBound(pairs);
        for (int i = 0; i < whole; i += RUN) {
            int some = Math.min(RUN, whole - i);
            lengths(radius, i, some, lengths);
            turns(angle, i, some, lengths, into, at + 2 * i);
        }
        return whole;
    }

    /** sqrt(-2 ln((w + 1/2) 2^-32)). */
    private static void lengths(int[] words, int at, int count, float[] into) {
        FloatVector step = of(0x1p-31f);
        FloatVector half = of(0x1p-32f);
        FloatVector two = of(2.0f);
        FloatVector even3 = of(0.1287429f / 512);
        FloatVector even2 = of(0.12188379f / 128);
        FloatVector even1 = of(0.1668018f / 32);
        FloatVector even0 = of(0.24999805f / 8);
        FloatVector odd2 = of(0.13986708f / 256);
        FloatVector odd1 = of(0.1400534f / 64);
        FloatVector odd0 = of(0.20010445f / 16);
        FloatVector third = of(0.33333215f / 4);
        FloatVector quarter = of(0.25f);
        FloatVector minusTwoLn2 = of(-2.0f * 0x1p-23f * 0.693147182f);
        for (int i = 0; i < count; i += L) {
            IntVector w = IntVector.fromArray(I, words, at + i);
            IntVector upper = w.lanewise(VectorOperators.ASHR, 31);
            FloatVector folded =
                    (FloatVector) w.lanewise(VectorOperators.XOR, upper).convert(VectorOperators.I2F, 0);
            IntVector c = folded.fma(step, half).reinterpretAsInts();
            IntVector rest = two.sub(c.reinterpretAsFloats()).reinterpretAsInts();
            // 2 - c in the upper half, c in the lower
            IntVector u = c.lanewise(
                    VectorOperators.XOR, c.lanewise(VectorOperators.XOR, rest).and(upper));
            IntVector e = u.sub(0x3faaaaab).and(0xff800000);
            IntVector m = two.sub(u.sub(e).reinterpretAsFloats()).reinterpretAsInts();
            // c near 1, where e is 0; e is never above 0
            IntVector far = e.lanewise(VectorOperators.ASHR, 31);
            FloatVector g = c.lanewise(
                            VectorOperators.XOR,
                            c.lanewise(VectorOperators.XOR, m).and(far))
                    .reinterpretAsFloats();
            FloatVector s = g.mul(g);
            FloatVector even = s.fma(even3, even2);
            FloatVector odd = s.fma(odd2, odd1);
            even = even.fma(s, even1);
            odd = odd.fma(s, odd0);
            even = even.fma(s, even0);
            FloatVector p = odd.fma(g, even);
            p = p.fma(g, third);
            p = p.fma(g, quarter);
            p = p.fma(s, g);
            FloatVector power = (FloatVector) e.convert(VectorOperators.I2F, 0);
            power.fma(minusTwoLn2, p).sqrt().intoArray(into, i);
        }
    }

    /** Cosine and sine of words 2^-32 turns, times the lengths, in pairs. */
    private static void turns(int[] words, int wordsAt, int count, float[] lengths, float[] into, int at) {
        FloatVector scale = of(1.46291808e-9f / 4);
        FloatVector sine2 = of(-0.000195181f);
        FloatVector sine1 = of(0.008332188f);
        FloatVector sine0 = of(-0.16666655f);
        FloatVector cosine2 = of(2.4430668e-05f);
        FloatVector cosine1 = of(-0.0013887301f);
        FloatVector cosine0 = of(0.041666646f);
        FloatVector minusHalf = of(-0.5f);
        FloatVector one = of(1.0f);
        for (int i = 0; i < count; i += L) {
            FloatVector length = FloatVector.fromArray(S, lengths, i);
            IntVector turn = IntVector.fromArray(I, words, wordsAt + i);
            IntVector quadrant = turn.add(0x20000000); // in its two top bits
            FloatVector rest =
                    (FloatVector) turn.lanewise(VectorOperators.LSHL, 2).convert(VectorOperators.I2F, 0);
            FloatVector x = rest.mul(scale);

            FloatVector s = x.mul(x);
            FloatVector p = s.fma(sine2, sine1);
            p = p.fma(s, sine0);
            IntVector sine = p.mul(s).fma(x, x).reinterpretAsInts();
            FloatVector q = s.fma(cosine2, cosine1);
            q = q.fma(s, cosine0);
            IntVector cosine = q.mul(s).fma(s, s.fma(minusHalf, one)).reinterpretAsInts();

            IntVector swapped = quadrant.lanewise(VectorOperators.LSHL, 1).lanewise(VectorOperators.ASHR, 31);
            IntVector sineSign = quadrant.and(0x80000000);
            IntVector cosineSign = quadrant.add(0x40000000).and(0x80000000);
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
    }
}
