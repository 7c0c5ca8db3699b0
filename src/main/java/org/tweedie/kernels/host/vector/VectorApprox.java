package org.tweedie.kernels.host.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The functions of {@code org.tweedie.kernels.host.Approx} over runs of whole vectors, operation by operation, so with the
 * same bits. What has many operations goes in stages through scratch that stays in the nearest cache.
 *
 * <p>Each loop is written out, and short: the compiler keeps vectors in registers only if it inlines every call on them,
 * and it stops inlining in long methods and at methods that it has compiled by themselves.
 */
final class VectorApprox {
    private static final VectorSpecies<Float> S = VectorProduct.S;
    private static final int L = VectorProduct.L;
    private static final float ROUND = 12582912.0f;
    private static final int ROUND_BITS = 0x4b400000;
    private static final int ONE_BITS = 0x3f800000;

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

    /** e^r from r = x less the multiple of ln 2. */
    private static FloatVector expNear(FloatVector r) {
        FloatVector q = r.fma(of(0.0013820734f), of(0.008368677f));
        q = q.fma(r, of(0.041668266f));
        q = q.fma(r, of(0.16666521f));
        q = q.fma(r, of(0.49999994f));
        return q.fma(r.mul(r), r).add(1.0f);
    }

    /** e = exp(-|x|), 0 beyond 85: there one factor reaches every power of two, and exactly, so the bits are those of two. */
    static void decay(float[] x, int at, float[] e, int count) {
        for (int j = 0; j < count; j += L) {
            FloatVector v = FloatVector.fromArray(S, x, at + j).abs().neg();
            FloatVector t = v.fma(of(1.44269502f), of(ROUND));
            FloatVector n = t.sub(ROUND);
            FloatVector p = expNear(n.fma(of(-1.42860677e-6f), n.fma(of(-0.693145752f), v)));
            IntVector power =
                    t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(ONE_BITS);
            below(v, -85.0f, FloatVector.zero(S), p.mul(power.reinterpretAsFloats()))
                    .intoArray(e, j);
        }
    }

    /** e = exp(2 |x|), with |x| no more than 20. */
    static void expTwice(float[] x, int at, float[] e, int count) {
        for (int j = 0; j < count; j += L) {
            FloatVector a = FloatVector.fromArray(S, x, at + j).abs();
            FloatVector v = above(a, 20.0f, of(40.0f), a.add(a));
            FloatVector t = v.fma(of(1.44269502f), of(ROUND));
            FloatVector n = t.sub(ROUND);
            FloatVector p = expNear(n.fma(of(-1.42860677e-6f), n.fma(of(-0.693145752f), v)));
            IntVector power =
                    t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(ONE_BITS);
            p.mul(power.reinterpretAsFloats()).intoArray(e, j);
        }
    }

    /** e = exp(e) from -104 to 60; two factors reach the subnormal results. */
    static void exp(float[] e, int count) {
        for (int j = 0; j < count; j += L) {
            FloatVector v = FloatVector.fromArray(S, e, j);
            FloatVector t = v.fma(of(1.44269502f), of(ROUND));
            FloatVector n = t.sub(ROUND);
            FloatVector p = expNear(n.fma(of(-1.42860677e-6f), n.fma(of(-0.693145752f), v)));
            IntVector i = t.reinterpretAsInts().sub(ROUND_BITS);
            IntVector half = i.lanewise(VectorOperators.ASHR, 1);
            IntVector first = half.lanewise(VectorOperators.LSHL, 23).add(ONE_BITS);
            IntVector second = i.sub(half).lanewise(VectorOperators.LSHL, 23).add(ONE_BITS);
            p.mul(first.reinterpretAsFloats()).mul(second.reinterpretAsFloats()).intoArray(e, j);
        }
    }

    /** out = x sigmoid(x) from e = exp(-|x|). */
    static void silu(float[] x, int at, float[] e, float[] out, int outAt, int count) {
        for (int j = 0; j < count; j += L) {
            FloatVector v = FloatVector.fromArray(S, x, at + j);
            FloatVector w = FloatVector.fromArray(S, e, j);
            FloatVector large = of(1.0f).div(w.add(1.0f));
            v.mul(below(v, 0.0f, w.mul(large), large)).intoArray(out, outAt + j);
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
        for (int j = 0; j < count; j += L) {
            FloatVector v = FloatVector.fromArray(S, x, at + j);
            FloatVector s = v.mul(v);
            FloatVector p = s.fma(of(-0.0062459926f), of(0.021052472f));
            p = p.fma(s, of(-0.05384785f));
            p = p.fma(s, of(0.13332546f));
            p = p.fma(s, of(-0.33333316f));
            FloatVector small = p.mul(s).fma(v, v);
            FloatVector large =
                    of(1.0f).div(FloatVector.fromArray(S, e, j).add(1.0f)).fma(of(-2.0f), of(1.0f));
            IntVector sign = v.reinterpretAsInts().and(0x80000000);
            FloatVector signed = large.reinterpretAsInts().or(sign).reinterpretAsFloats();
            below(v.abs(), 0.55f, small, signed).intoArray(out, outAt + j);
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
        for (int j = 0; j < count; j += L) {
            FloatVector v = FloatVector.fromArray(S, x, at + j);
            FloatVector t = v.fma(of(0.636619747f), of(ROUND));
            FloatVector n = t.sub(ROUND);
            FloatVector r = n.fma(of(-1.57079637f), v);
            r = n.fma(of(4.37113883e-8f), r);
            r = n.fma(of(1.71512451e-15f), r);
            turned(sine(r), cosine(r), t.reinterpretAsInts().sub(ROUND_BITS - ahead))
                    .intoArray(out, outAt + j);
        }
    }

    static FloatVector sine(FloatVector r) {
        FloatVector s = r.mul(r);
        FloatVector p = s.fma(of(-0.000195181f), of(0.008332188f));
        p = p.fma(s, of(-0.16666655f));
        return p.mul(s).fma(r, r);
    }

    static FloatVector cosine(FloatVector r) {
        FloatVector s = r.mul(r);
        FloatVector q = s.fma(of(2.4430668e-05f), of(-0.0013887301f));
        q = q.fma(s, of(0.041666646f));
        return q.mul(s).fma(s, s.fma(of(-0.5f), of(1.0f)));
    }

    /** The sine {@code quadrant} quarter turns on. */
    static FloatVector turned(FloatVector sine, FloatVector cosine, IntVector quadrant) {
        IntVector sign = quadrant.and(2).lanewise(VectorOperators.LSHL, 30);
        return pick(quadrant.and(1).neg(), cosine, sine)
                .reinterpretAsInts()
                .lanewise(VectorOperators.XOR, sign)
                .reinterpretAsFloats();
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
        for (int j = 0; j < count; j += L) {
            FloatVector v = FloatVector.fromArray(S, x, at + j);
            FloatVector y = above(v.abs(), 104.0f, FloatVector.zero(S), FloatVector.fromArray(S, e, j));
            FloatVector f = below(y, 0.33333334f, y, y.sub(1.0f).mul(0.5f));
            FloatVector far = below(y, 0.33333334f, FloatVector.zero(S), of(1.0f));
            FloatVector log = far.fma(of(0.693147182f), logNearOne(f));
            above(v, 0.0f, v, FloatVector.zero(S)).add(log).intoArray(out, outAt + j);
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
        for (int j = 0; j < count; j += L) {
            FloatVector a = FloatVector.fromArray(S, x, at + j).abs();
            FloatVector b = above(a, 14.0f, of(14.0f), a);
            FloatVector rest = b.fma(b, b.mul(b).neg()).mul(-0.5f);
            FloatVector g = FloatVector.fromArray(S, e, j);
            g = g.fma(rest, g);
            FloatVector v = of(1.0f).div(b.add(4.0f));
            FloatVector t = b.sub(4.0f).mul(v);
            FloatVector p = t.fma(of(-0.00012438266f), of(0.00020446381f))
                    .fma(t, of(0.001586598f))
                    .fma(t, of(-0.003525734f));
            p = p.fma(t, of(-0.0075376914f)).fma(t, of(0.060406353f)).fma(t, of(-0.18652104f));
            p = p.fma(t, of(0.3871366f)).fma(t, of(-0.6078967f)).fma(t, of(0.75528514f));
            above(a, 14.0f, FloatVector.zero(S), g.mul(p.mul(v))).intoArray(tail, j);
            above(a, 14.0f, FloatVector.zero(S), g).intoArray(e, j);
        }
    }

    /** tail = Phi(x) from tail = Phi(-|x|). */
    static void normalCdf(float[] x, int at, float[] tail, int count) {
        for (int j = 0; j < count; j += L) {
            FloatVector v = FloatVector.fromArray(S, x, at + j);
            FloatVector s = v.mul(v);
            FloatVector p = s.fma(of(-8.169563e-06f), of(0.00011501883f))
                    .fma(s, of(-0.00118802f))
                    .fma(s, of(0.009974163f));
            p = p.fma(s, of(-0.06649054f)).fma(s, of(0.3989423f));
            FloatVector y = FloatVector.fromArray(S, tail, j);
            FloatVector far = below(v, 0.0f, y, of(1.0f).sub(y));
            below(s, 1.0f, p.fma(v, of(0.5f)), far).intoArray(tail, j);
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
