package org.tweedie.kernels.host.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The functions of {@code org.tweedie.kernels.host.Approx} over runs of whole vectors, operation by operation, so with the
 * same bits. What has many operations goes in stages through scratch that stays in the nearest cache.
 *
 * <p>The long loops are written out, constants first, each a method of its own: the compiler keeps vectors in registers only
 * if it inlines every call on them, and it stops inlining in methods that have grown. GELU in one loop, of small methods, takes
 * ten times as long.
 */
final class VectorApprox {
    private static final VectorSpecies<Float> S = VectorProduct.S;
    private static final VectorSpecies<Integer> I = S.withLanes(int.class);
    private static final int L = VectorProduct.L;
    private static final float ROUND = 12582912.0f;
    private static final int ROUND_BITS = 0x4b400000;
    private static final int ONE_BITS = 0x3f800000;
    private static final int SIGN_BIT = 0x80000000;
    private static final int LEAST_BITS = Float.floatToRawIntBits(-85.0f);

    private VectorApprox() {}

    static FloatVector of(float x) {
        return FloatVector.broadcast(S, x);
    }

    static FloatVector below(FloatVector x, float bound, FloatVector then, FloatVector otherwise) {
        return otherwise.blend(then, x.compare(VectorOperators.LT, bound));
    }

    static FloatVector above(FloatVector x, float bound, FloatVector then, FloatVector otherwise) {
        return otherwise.blend(then, x.compare(VectorOperators.GT, bound));
    }

    /** Bits of {@code then} where {@code ones} has ones, else of {@code otherwise}. */
    static FloatVector pick(IntVector ones, FloatVector then, FloatVector otherwise) {
        return otherwise
                .reinterpretAsInts()
                .lanewise(VectorOperators.BITWISE_BLEND, then.reinterpretAsInts(), ones)
                .reinterpretAsFloats();
    }

    /** e = exp(-|x|), 0 beyond 85: there one factor reaches every power of two, and exactly, so the bits are those of two. */
    static void decay(float[] x, int at, float[] e, int count) {
        FloatVector log2e = FloatVector.broadcast(S, 1.44269502f);
        FloatVector round = FloatVector.broadcast(S, ROUND);
        FloatVector ln2 = FloatVector.broadcast(S, -0.693145752f);
        FloatVector ln2Rest = FloatVector.broadcast(S, -1.42860677e-6f);
        FloatVector c5 = FloatVector.broadcast(S, 0.0013820734f);
        FloatVector c4 = FloatVector.broadcast(S, 0.008368677f);
        FloatVector c3 = FloatVector.broadcast(S, 0.041668266f);
        FloatVector c2 = FloatVector.broadcast(S, 0.16666521f);
        FloatVector c1 = FloatVector.broadcast(S, 0.49999994f);
        FloatVector one = FloatVector.broadcast(S, 1.0f);
        IntVector bias = IntVector.broadcast(I, ONE_BITS);
        IntVector sign = IntVector.broadcast(I, SIGN_BIT);
        FloatVector zero = FloatVector.zero(S);
        FloatVector least = FloatVector.broadcast(S, -85.0f);
        for (int j = 0; j < count; j += L) {
            FloatVector v = FloatVector.fromArray(S, x, at + j)
                    .reinterpretAsInts()
                    .lanewise(VectorOperators.OR, sign)
                    .reinterpretAsFloats();
            FloatVector t = v.fma(log2e, round);
            FloatVector n = t.sub(round);
            FloatVector r = n.fma(ln2Rest, n.fma(ln2, v));
            FloatVector q = r.fma(c5, c4);
            q = q.fma(r, c3);
            q = q.fma(r, c2);
            q = q.fma(r, c1);
            FloatVector p = q.fma(r.mul(r), r).add(one);
            FloatVector power = t.reinterpretAsInts()
                    .lanewise(VectorOperators.LSHL, 23)
                    .add(bias)
                    .reinterpretAsFloats();
            p.mul(power).blend(zero, v.compare(VectorOperators.LT, least)).intoArray(e, j);
        }
    }

    /** e = exp(2 |x|), with |x| no more than 20. */
    static void expTwice(float[] x, int at, float[] e, int count) {
        FloatVector log2e = FloatVector.broadcast(S, 1.44269502f);
        FloatVector round = FloatVector.broadcast(S, ROUND);
        FloatVector ln2 = FloatVector.broadcast(S, -0.693145752f);
        FloatVector ln2Rest = FloatVector.broadcast(S, -1.42860677e-6f);
        FloatVector c5 = FloatVector.broadcast(S, 0.0013820734f);
        FloatVector c4 = FloatVector.broadcast(S, 0.008368677f);
        FloatVector c3 = FloatVector.broadcast(S, 0.041668266f);
        FloatVector c2 = FloatVector.broadcast(S, 0.16666521f);
        FloatVector c1 = FloatVector.broadcast(S, 0.49999994f);
        FloatVector one = FloatVector.broadcast(S, 1.0f);
        IntVector bias = IntVector.broadcast(I, ONE_BITS);
        FloatVector most = FloatVector.broadcast(S, 20.0f);
        FloatVector twiceMost = FloatVector.broadcast(S, 40.0f);
        for (int j = 0; j < count; j += L) {
            FloatVector a = FloatVector.fromArray(S, x, at + j).abs();
            FloatVector v = a.add(a).blend(twiceMost, a.compare(VectorOperators.GT, most));
            FloatVector t = v.fma(log2e, round);
            FloatVector n = t.sub(round);
            FloatVector r = n.fma(ln2Rest, n.fma(ln2, v));
            FloatVector q = r.fma(c5, c4);
            q = q.fma(r, c3);
            q = q.fma(r, c2);
            q = q.fma(r, c1);
            FloatVector p = q.fma(r.mul(r), r).add(one);
            FloatVector power = t.reinterpretAsInts()
                    .lanewise(VectorOperators.LSHL, 23)
                    .add(bias)
                    .reinterpretAsFloats();
            p.mul(power).intoArray(e, j);
        }
    }

    /** e = factor e within what {@link #exp} takes, as the plain exponential has it. */
    static void exponents(float factor, float[] e, int count) {
        FloatVector times = FloatVector.broadcast(S, factor);
        FloatVector least = FloatVector.broadcast(S, -104.0f);
        FloatVector most = FloatVector.broadcast(S, 89.0f);
        for (int j = 0; j < count; j += L) {
            FloatVector v = times.mul(FloatVector.fromArray(S, e, j));
            v = v.blend(least, v.compare(VectorOperators.LT, least));
            v.blend(most, v.compare(VectorOperators.GT, most)).intoArray(e, j);
        }
    }

    /** e = exp(e) from -104 to 89; two factors reach the subnormal results. */
    static void exp(float[] e, int count) {
        FloatVector log2e = FloatVector.broadcast(S, 1.44269502f);
        FloatVector round = FloatVector.broadcast(S, ROUND);
        FloatVector ln2 = FloatVector.broadcast(S, -0.693145752f);
        FloatVector ln2Rest = FloatVector.broadcast(S, -1.42860677e-6f);
        FloatVector c5 = FloatVector.broadcast(S, 0.0013820734f);
        FloatVector c4 = FloatVector.broadcast(S, 0.008368677f);
        FloatVector c3 = FloatVector.broadcast(S, 0.041668266f);
        FloatVector c2 = FloatVector.broadcast(S, 0.16666521f);
        FloatVector c1 = FloatVector.broadcast(S, 0.49999994f);
        FloatVector one = FloatVector.broadcast(S, 1.0f);
        IntVector bias = IntVector.broadcast(I, ONE_BITS);
        for (int j = 0; j < count; j += L) {
            FloatVector v = FloatVector.fromArray(S, e, j);
            FloatVector t = v.fma(log2e, round);
            FloatVector n = t.sub(round);
            FloatVector r = n.fma(ln2Rest, n.fma(ln2, v));
            FloatVector q = r.fma(c5, c4);
            q = q.fma(r, c3);
            q = q.fma(r, c2);
            q = q.fma(r, c1);
            FloatVector p = q.fma(r.mul(r), r).add(one);
            IntVector i = t.reinterpretAsInts().sub(ROUND_BITS);
            IntVector half = i.lanewise(VectorOperators.ASHR, 1);
            FloatVector first =
                    half.lanewise(VectorOperators.LSHL, 23).add(bias).reinterpretAsFloats();
            FloatVector second =
                    i.sub(half).lanewise(VectorOperators.LSHL, 23).add(bias).reinterpretAsFloats();
            p.mul(first).mul(second).intoArray(e, j);
        }
    }

    /** out = x sigmoid(x): exp(-|x|) as in {@link #decay}, its power of two added to the exponent, and the quotient in one loop. */
    static void silu(float[] x, int at, float[] out, int outAt, int count) {
        FloatVector log2e = FloatVector.broadcast(S, 1.44269502f);
        FloatVector round = FloatVector.broadcast(S, ROUND);
        FloatVector ln2 = FloatVector.broadcast(S, -0.693145752f);
        FloatVector ln2Rest = FloatVector.broadcast(S, -1.42860677e-6f);
        FloatVector c5 = FloatVector.broadcast(S, 0.0013820734f);
        FloatVector c4 = FloatVector.broadcast(S, 0.008368677f);
        FloatVector c3 = FloatVector.broadcast(S, 0.041668266f);
        FloatVector c2 = FloatVector.broadcast(S, 0.16666521f);
        FloatVector c1 = FloatVector.broadcast(S, 0.49999994f);
        FloatVector one = FloatVector.broadcast(S, 1.0f);
        IntVector sign = IntVector.broadcast(I, SIGN_BIT);
        IntVector least = IntVector.broadcast(I, LEAST_BITS);
        for (int j = 0; j < count; j += L) {
            FloatVector y = FloatVector.fromArray(S, x, at + j);
            FloatVector v =
                    y.reinterpretAsInts().lanewise(VectorOperators.OR, sign).reinterpretAsFloats();
            FloatVector t = v.fma(log2e, round);
            FloatVector n = t.sub(round);
            FloatVector r = n.fma(ln2Rest, n.fma(ln2, v));
            FloatVector q = r.fma(c5, c4);
            q = q.fma(r, c3);
            q = q.fma(r, c2);
            q = q.fma(r, c1);
            FloatVector p = q.fma(r.mul(r), r).add(one);
            IntVector within = least.sub(v.reinterpretAsInts())
                    .lanewise(VectorOperators.ASHR, 31)
                    .not();
            FloatVector e = t.reinterpretAsInts()
                    .lanewise(VectorOperators.LSHL, 23)
                    .add(p.reinterpretAsInts())
                    .and(within)
                    .reinterpretAsFloats();
            FloatVector large = one.div(e.add(one));
            IntVector negative = y.reinterpretAsInts().lanewise(VectorOperators.ASHR, 31);
            y.mul(pick(negative, e.mul(large), large)).intoArray(out, outAt + j);
        }
    }

    /** As {@link #silu}, and x = its slope as in {@link #siluSlope}. */
    static void siluAndSlope(float[] x, int at, float[] out, int outAt, int count) {
        FloatVector log2e = FloatVector.broadcast(S, 1.44269502f);
        FloatVector round = FloatVector.broadcast(S, ROUND);
        FloatVector ln2 = FloatVector.broadcast(S, -0.693145752f);
        FloatVector ln2Rest = FloatVector.broadcast(S, -1.42860677e-6f);
        FloatVector c5 = FloatVector.broadcast(S, 0.0013820734f);
        FloatVector c4 = FloatVector.broadcast(S, 0.008368677f);
        FloatVector c3 = FloatVector.broadcast(S, 0.041668266f);
        FloatVector c2 = FloatVector.broadcast(S, 0.16666521f);
        FloatVector c1 = FloatVector.broadcast(S, 0.49999994f);
        FloatVector one = FloatVector.broadcast(S, 1.0f);
        IntVector sign = IntVector.broadcast(I, SIGN_BIT);
        IntVector least = IntVector.broadcast(I, LEAST_BITS);
        for (int j = 0; j < count; j += L) {
            FloatVector y = FloatVector.fromArray(S, x, at + j);
            FloatVector v =
                    y.reinterpretAsInts().lanewise(VectorOperators.OR, sign).reinterpretAsFloats();
            FloatVector t = v.fma(log2e, round);
            FloatVector n = t.sub(round);
            FloatVector r = n.fma(ln2Rest, n.fma(ln2, v));
            FloatVector q = r.fma(c5, c4);
            q = q.fma(r, c3);
            q = q.fma(r, c2);
            q = q.fma(r, c1);
            FloatVector p = q.fma(r.mul(r), r).add(one);
            IntVector within = least.sub(v.reinterpretAsInts())
                    .lanewise(VectorOperators.ASHR, 31)
                    .not();
            FloatVector e = t.reinterpretAsInts()
                    .lanewise(VectorOperators.LSHL, 23)
                    .add(p.reinterpretAsInts())
                    .and(within)
                    .reinterpretAsFloats();
            FloatVector large = one.div(e.add(one));
            IntVector negative = y.reinterpretAsInts().lanewise(VectorOperators.ASHR, 31);
            FloatVector small = e.mul(large);
            FloatVector value = pick(negative, small, large);
            y.mul(value).intoArray(out, outAt + j);
            value.mul(y.fma(pick(negative, large, small), one)).intoArray(x, at + j);
        }
    }

    /** e = sigmoid(x) from e = exp(-|x|). */
    static void sigmoid(float[] x, int at, float[] e, int count) {
        for (int j = 0; j < count; j += L) {
            FloatVector v = FloatVector.fromArray(S, x, at + j);
            FloatVector w = FloatVector.fromArray(S, e, j);
            FloatVector large = of(1.0f).div(w.add(1.0f));
            below(v, 0.0f, w.mul(large), large).intoArray(e, j);
        }
    }

    /** e = the slope of x sigmoid(x) from e = exp(-|x|). */
    static void siluSlope(float[] x, int at, float[] e, int count) {
        for (int j = 0; j < count; j += L) {
            FloatVector v = FloatVector.fromArray(S, x, at + j);
            FloatVector w = FloatVector.fromArray(S, e, j);
            FloatVector large = of(1.0f).div(w.add(1.0f));
            FloatVector small = w.mul(large);
            FloatVector value = below(v, 0.0f, small, large);
            FloatVector complement = below(v, 0.0f, large, small);
            value.mul(v.fma(complement, of(1.0f))).intoArray(e, j);
        }
    }

    /** out = tanh(x) from e = exp(2 |x|). */
    static void tanh(float[] x, int at, float[] e, float[] out, int outAt, int count) {
        FloatVector c4 = FloatVector.broadcast(S, -0.0062459926f);
        FloatVector c3 = FloatVector.broadcast(S, 0.021052472f);
        FloatVector c2 = FloatVector.broadcast(S, -0.05384785f);
        FloatVector c1 = FloatVector.broadcast(S, 0.13332546f);
        FloatVector c0 = FloatVector.broadcast(S, -0.33333316f);
        FloatVector one = FloatVector.broadcast(S, 1.0f);
        FloatVector minusTwo = FloatVector.broadcast(S, -2.0f);
        FloatVector border = FloatVector.broadcast(S, 0.55f);
        IntVector signBit = IntVector.broadcast(I, SIGN_BIT);
        for (int j = 0; j < count; j += L) {
            FloatVector v = FloatVector.fromArray(S, x, at + j);
            FloatVector s = v.mul(v);
            FloatVector p = s.fma(c4, c3);
            p = p.fma(s, c2);
            p = p.fma(s, c1);
            p = p.fma(s, c0);
            FloatVector small = p.mul(s).fma(v, v);
            FloatVector w = FloatVector.fromArray(S, e, j);
            FloatVector large = one.div(w.add(one)).fma(minusTwo, one);
            IntVector sign = v.reinterpretAsInts().lanewise(VectorOperators.AND, signBit);
            FloatVector signed =
                    large.reinterpretAsInts().lanewise(VectorOperators.OR, sign).reinterpretAsFloats();
            signed.blend(small, v.abs().compare(VectorOperators.LT, border)).intoArray(out, outAt + j);
        }
    }

    /** e = 1 - e^2, the slope of tanh from its value. */
    static void tanhSlope(float[] e, int count) {
        for (int j = 0; j < count; j += L) {
            FloatVector y = FloatVector.fromArray(S, e, j);
            y.neg().fma(y, of(1.0f)).intoArray(e, j);
        }
    }

    /** out = sin(x), or cos(x) where {@code ahead} is 1. */
    static void sin(float[] x, int at, int ahead, float[] out, int outAt, int count) {
        FloatVector twoOverPi = FloatVector.broadcast(S, 0.636619747f);
        FloatVector round = FloatVector.broadcast(S, ROUND);
        FloatVector halfPi = FloatVector.broadcast(S, -1.57079637f);
        FloatVector halfPiRest = FloatVector.broadcast(S, 4.37113883e-8f);
        FloatVector halfPiLast = FloatVector.broadcast(S, 1.71512451e-15f);
        FloatVector s2 = FloatVector.broadcast(S, -0.000195181f);
        FloatVector s1 = FloatVector.broadcast(S, 0.008332188f);
        FloatVector s0 = FloatVector.broadcast(S, -0.16666655f);
        FloatVector c2 = FloatVector.broadcast(S, 2.4430668e-05f);
        FloatVector c1 = FloatVector.broadcast(S, -0.0013887301f);
        FloatVector c0 = FloatVector.broadcast(S, 0.041666646f);
        FloatVector half = FloatVector.broadcast(S, -0.5f);
        FloatVector one = FloatVector.broadcast(S, 1.0f);
        for (int j = 0; j < count; j += L) {
            FloatVector v = FloatVector.fromArray(S, x, at + j);
            FloatVector t = v.fma(twoOverPi, round);
            FloatVector n = t.sub(round);
            FloatVector r = n.fma(halfPiLast, n.fma(halfPiRest, n.fma(halfPi, v)));
            FloatVector s = r.mul(r);
            FloatVector sine = s.fma(s2, s1).fma(s, s0).mul(s).fma(r, r);
            FloatVector cosine = s.fma(c2, c1).fma(s, c0).mul(s).fma(s, s.fma(half, one));
            IntVector quadrant = t.reinterpretAsInts().sub(ROUND_BITS - ahead);
            IntVector sign = quadrant.and(2).lanewise(VectorOperators.LSHL, 30);
            pick(quadrant.and(1).neg(), cosine, sine)
                    .reinterpretAsInts()
                    .lanewise(VectorOperators.XOR, sign)
                    .reinterpretAsFloats()
                    .intoArray(out, outAt + j);
        }
    }

    /** ln(1 + f) for |f| at most 1/3. */
    static FloatVector logNearOne(FloatVector f) {
        FloatVector s = f.mul(f);
        FloatVector even = s.fma(of(-0.1287429f), of(-0.12188379f));
        FloatVector odd = s.fma(of(0.13986708f), of(0.1400534f));
        even = even.fma(s, of(-0.1668018f));
        odd = odd.fma(s, of(0.20010445f));
        even = even.fma(s, of(-0.24999805f));
        FloatVector p = odd.fma(f, even).fma(f, of(0.33333215f)).fma(f, of(-0.5f));
        return p.fma(s, f);
    }

    /** e = -|x|, no less than -104. */
    static void negated(float[] x, int at, float[] e, int count) {
        for (int j = 0; j < count; j += L) {
            FloatVector v = FloatVector.fromArray(S, x, at + j).abs().neg();
            below(v, -104.0f, of(-104.0f), v).intoArray(e, j);
        }
    }

    /** out = ln(1 + e^x) from e = exp(-|x|). */
    static void softplus(float[] x, int at, float[] e, float[] out, int outAt, int count) {
        FloatVector border = FloatVector.broadcast(S, 0.33333334f);
        FloatVector most = FloatVector.broadcast(S, 104.0f);
        FloatVector half = FloatVector.broadcast(S, 0.5f);
        FloatVector one = FloatVector.broadcast(S, 1.0f);
        FloatVector ln2 = FloatVector.broadcast(S, 0.693147182f);
        FloatVector zero = FloatVector.zero(S);
        for (int j = 0; j < count; j += L) {
            FloatVector v = FloatVector.fromArray(S, x, at + j);
            FloatVector y = FloatVector.fromArray(S, e, j).blend(zero, v.abs().compare(VectorOperators.GT, most));
            VectorMask<Float> near = y.compare(VectorOperators.LT, border);
            FloatVector f = y.sub(one).mul(half).blend(y, near);
            FloatVector log = one.blend(zero, near).fma(ln2, logNearOne(f));
            zero.blend(v, v.compare(VectorOperators.GT, zero)).add(log).intoArray(out, outAt + j);
        }
    }

    /** e = -b^2/2, with b = |x| no more than 14. */
    static void halfSquare(float[] x, int at, float[] e, int count) {
        for (int j = 0; j < count; j += L) {
            FloatVector a = FloatVector.fromArray(S, x, at + j).abs();
            FloatVector b = above(a, 14.0f, of(14.0f), a);
            b.mul(b).mul(-0.5f).intoArray(e, j);
        }
    }

    /** e = e^{-b^2/2} from the exponential of the rounded square; then tail = Phi(-|x|), both 0 beyond 14. */
    static void tail(float[] x, int at, float[] e, float[] tail, int count) {
        FloatVector c9 = FloatVector.broadcast(S, -0.00012438266f);
        FloatVector c8 = FloatVector.broadcast(S, 0.00020446381f);
        FloatVector c7 = FloatVector.broadcast(S, 0.001586598f);
        FloatVector c6 = FloatVector.broadcast(S, -0.003525734f);
        FloatVector c5 = FloatVector.broadcast(S, -0.0075376914f);
        FloatVector c4 = FloatVector.broadcast(S, 0.060406353f);
        FloatVector c3 = FloatVector.broadcast(S, -0.18652104f);
        FloatVector c2 = FloatVector.broadcast(S, 0.3871366f);
        FloatVector c1 = FloatVector.broadcast(S, -0.6078967f);
        FloatVector c0 = FloatVector.broadcast(S, 0.75528514f);
        FloatVector one = FloatVector.broadcast(S, 1.0f);
        FloatVector four = FloatVector.broadcast(S, 4.0f);
        FloatVector half = FloatVector.broadcast(S, -0.5f);
        FloatVector most = FloatVector.broadcast(S, 14.0f);
        FloatVector zero = FloatVector.zero(S);
        for (int j = 0; j < count; j += L) {
            FloatVector a = FloatVector.fromArray(S, x, at + j).abs();
            VectorMask<Float> beyond = a.compare(VectorOperators.GT, most);
            FloatVector b = a.blend(most, beyond);
            FloatVector rest = b.fma(b, b.mul(b).neg()).mul(half);
            FloatVector g = FloatVector.fromArray(S, e, j);
            g = g.fma(rest, g);
            FloatVector v = one.div(b.add(four));
            FloatVector t = b.sub(four).mul(v);
            FloatVector p = t.fma(c9, c8)
                    .fma(t, c7)
                    .fma(t, c6)
                    .fma(t, c5)
                    .fma(t, c4)
                    .fma(t, c3)
                    .fma(t, c2)
                    .fma(t, c1)
                    .fma(t, c0);
            g.mul(p.mul(v)).blend(zero, beyond).intoArray(tail, j);
            g.blend(zero, beyond).intoArray(e, j);
        }
    }

    /** tail = Phi(x) from tail = Phi(-|x|). */
    static void normalCdf(float[] x, int at, float[] tail, int count) {
        FloatVector c5 = FloatVector.broadcast(S, -8.169563e-06f);
        FloatVector c4 = FloatVector.broadcast(S, 0.00011501883f);
        FloatVector c3 = FloatVector.broadcast(S, -0.00118802f);
        FloatVector c2 = FloatVector.broadcast(S, 0.009974163f);
        FloatVector c1 = FloatVector.broadcast(S, -0.06649054f);
        FloatVector c0 = FloatVector.broadcast(S, 0.3989423f);
        FloatVector one = FloatVector.broadcast(S, 1.0f);
        FloatVector half = FloatVector.broadcast(S, 0.5f);
        FloatVector zero = FloatVector.zero(S);
        for (int j = 0; j < count; j += L) {
            FloatVector v = FloatVector.fromArray(S, x, at + j);
            FloatVector s = v.mul(v);
            FloatVector p = s.fma(c5, c4).fma(s, c3).fma(s, c2).fma(s, c1).fma(s, c0);
            FloatVector y = FloatVector.fromArray(S, tail, j);
            FloatVector far = one.sub(y).blend(y, v.compare(VectorOperators.LT, zero));
            far.blend(p.fma(v, half), s.compare(VectorOperators.LT, one)).intoArray(tail, j);
        }
    }

    /** e = Phi(x) + x phi(x) from e = e^{-x^2/2} and Phi(x). */
    static void geluSlope(float[] x, int at, float[] e, float[] law, int count) {
        for (int j = 0; j < count; j += L) {
            FloatVector v = FloatVector.fromArray(S, x, at + j);
            v.mul(0.398942292f)
                    .fma(FloatVector.fromArray(S, e, j), FloatVector.fromArray(S, law, j))
                    .intoArray(e, j);
        }
    }

    /** e = 1 above 0, else 0. */
    static void reluSlope(float[] x, int at, float[] e, int count) {
        for (int j = 0; j < count; j += L) {
            above(FloatVector.fromArray(S, x, at + j), 0.0f, of(1.0f), FloatVector.zero(S))
                    .intoArray(e, j);
        }
    }

    static void relu(float[] x, int at, float[] out, int outAt, int count) {
        for (int j = 0; j < count; j += L) {
            FloatVector v = FloatVector.fromArray(S, x, at + j);
            below(v, 0.0f, FloatVector.zero(S), v).intoArray(out, outAt + j);
        }
    }

    /** out = a b. */
    static void product(float[] a, int at, float[] b, float[] out, int outAt, int count) {
        for (int j = 0; j < count; j += L) {
            FloatVector.fromArray(S, a, at + j)
                    .mul(FloatVector.fromArray(S, b, j))
                    .intoArray(out, outAt + j);
        }
    }
}
