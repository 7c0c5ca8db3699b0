package org.tweedie.kernels.host.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.tweedie.kernels.host.Approx;

/** The functions of {@link Approx} on vectors, operation by operation, so with the same bits. */
final class VectorApprox {
    private static final VectorSpecies<Float> S = VectorProduct.S;
    private static final float ROUND = 12582912.0f;
    private static final int ROUND_BITS = 0x4b400000;
    private static final int ONE_BITS = 0x3f800000;

    private VectorApprox() {}

    private static FloatVector of(float x) {
        return FloatVector.broadcast(S, x);
    }

    private static FloatVector below(FloatVector x, float bound, FloatVector then, FloatVector otherwise) {
        return otherwise.blend(then, x.compare(VectorOperators.LT, bound));
    }

    private static FloatVector above(FloatVector x, float bound, FloatVector then, FloatVector otherwise) {
        return otherwise.blend(then, x.compare(VectorOperators.GT, bound));
    }

    private static FloatVector pick(IntVector ones, FloatVector then, FloatVector otherwise) {
        return otherwise.reinterpretAsInts().lanewise(VectorOperators.BITWISE_BLEND, then.reinterpretAsInts(), ones).reinterpretAsFloats();
    }

    /** e^r 's polynomial, {@code t} being x / ln 2 rounded, in its low bits. */
    private static FloatVector expNear(FloatVector x, FloatVector t) {
        FloatVector n = t.sub(ROUND);
        FloatVector r = n.fma(of(-0.693145752f), x);
        r = n.fma(of(-1.42860677e-6f), r);
        FloatVector q = r.fma(of(0.0013820734f), of(0.008368677f));
        q = q.fma(r, of(0.041668266f));
        q = q.fma(r, of(0.16666521f));
        q = q.fma(r, of(0.49999994f));
        return q.fma(r.mul(r), r).add(1.0f);
    }

    /** e^x for -85 to 60, or a NaN: one factor reaches every power of two, and exactly, so the bits are those of two. */
    private static FloatVector expNormal(FloatVector x) {
        FloatVector t = x.fma(of(1.44269502f), of(ROUND));
        IntVector power = t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(ONE_BITS);
        return expNear(x, t).mul(power.reinterpretAsFloats());
    }

    static FloatVector exp(FloatVector x) {
        x = below(x, -104.0f, of(-104.0f), x);
        x = above(x, 89.0f, of(89.0f), x);
        FloatVector t = x.fma(of(1.44269502f), of(ROUND));
        IntVector i = t.reinterpretAsInts().sub(ROUND_BITS);
        IntVector half = i.lanewise(VectorOperators.ASHR, 1);
        IntVector first = half.lanewise(VectorOperators.LSHL, 23).add(ONE_BITS);
        IntVector second = i.sub(half).lanewise(VectorOperators.LSHL, 23).add(ONE_BITS);
        return expNear(x, t).mul(first.reinterpretAsFloats()).mul(second.reinterpretAsFloats());
    }

    static FloatVector logNearOne(FloatVector f) {
        FloatVector s = f.mul(f);
        FloatVector even = s.fma(of(-0.1287429f), of(-0.12188379f));
        FloatVector odd = s.fma(of(0.13986708f), of(0.1400534f));
        even = even.fma(s, of(-0.1668018f));
        odd = odd.fma(s, of(0.20010445f));
        even = even.fma(s, of(-0.24999805f));
        FloatVector p = odd.fma(f, even);
        p = p.fma(f, of(0.33333215f));
        p = p.fma(f, of(-0.5f));
        return p.fma(s, f);
    }

    static FloatVector log(FloatVector x) {
        IntVector bits = x.reinterpretAsInts();
        IntVector e = bits.sub(0x3f2aaaab).and(0xff800000);
        FloatVector f = bits.sub(e).reinterpretAsFloats().sub(1.0f);
        FloatVector power = (FloatVector) e.lanewise(VectorOperators.ASHR, 23).convert(VectorOperators.I2F, 0);
        return power.fma(of(0.693147182f), logNearOne(f));
    }

    /** sin(r + quadrant pi/2). */
    private static FloatVector sinReduced(FloatVector r, IntVector quadrant) {
        FloatVector s = r.mul(r);
        FloatVector p = s.fma(of(-0.000195181f), of(0.008332188f));
        p = p.fma(s, of(-0.16666655f));
        FloatVector sine = p.mul(s).fma(r, r);
        FloatVector q = s.fma(of(2.4430668e-05f), of(-0.0013887301f));
        q = q.fma(s, of(0.041666646f));
        FloatVector cosine = q.mul(s).fma(s, s.fma(of(-0.5f), of(1.0f)));
        IntVector odd = quadrant.and(1).neg();
        IntVector sign = quadrant.and(2).lanewise(VectorOperators.LSHL, 30);
        return pick(odd, cosine, sine).reinterpretAsInts().lanewise(VectorOperators.XOR, sign).reinterpretAsFloats();
    }

    /** sin(2 pi x), or cos(2 pi x) where {@code ahead} is 1. */
    static FloatVector turns(FloatVector x, int ahead) {
        FloatVector t = x.fma(of(4.0f), of(ROUND));
        FloatVector r = t.sub(ROUND).fma(of(-0.25f), x);
        return sinReduced(r.mul(6.28318548f), t.reinterpretAsInts().sub(ROUND_BITS - ahead));
    }

    /** sin x, or cos x where {@code ahead} is 1. */
    static FloatVector radians(FloatVector x, int ahead) {
        FloatVector t = x.fma(of(0.636619747f), of(ROUND));
        FloatVector n = t.sub(ROUND);
        FloatVector r = n.fma(of(-1.57079637f), x);
        r = n.fma(of(4.37113883e-8f), r);
        r = n.fma(of(1.71512451e-15f), r);
        return sinReduced(r, t.reinterpretAsInts().sub(ROUND_BITS - ahead));
    }

    static FloatVector tanh(FloatVector x) {
        FloatVector a = x.abs();
        FloatVector s = x.mul(x);
        FloatVector p = s.fma(of(-0.0062459926f), of(0.021052472f));
        p = p.fma(s, of(-0.05384785f));
        p = p.fma(s, of(0.13332546f));
        p = p.fma(s, of(-0.33333316f));
        FloatVector small = p.mul(s).fma(x, x);
        FloatVector twice = above(a, 20.0f, of(40.0f), a.add(a));
        FloatVector large = of(1.0f).div(expNormal(twice).add(1.0f)).fma(of(-2.0f), of(1.0f));
        IntVector sign = x.reinterpretAsInts().and(0x80000000);
        return below(a, 0.55f, small, large.reinterpretAsInts().or(sign).reinterpretAsFloats());
    }

    private static FloatVector decay(FloatVector x) {
        FloatVector a = x.abs();
        return above(a, 85.0f, FloatVector.zero(S), expNormal(a.neg()));
    }

    static FloatVector sigmoid(FloatVector x) {
        FloatVector e = decay(x);
        FloatVector large = of(1.0f).div(e.add(1.0f));
        return below(x, 0.0f, e.mul(large), large);
    }

    static FloatVector siluSlope(FloatVector x) {
        FloatVector e = decay(x);
        FloatVector large = of(1.0f).div(e.add(1.0f));
        FloatVector small = e.mul(large);
        FloatVector value = below(x, 0.0f, small, large);
        FloatVector complement = below(x, 0.0f, large, small);
        return value.mul(x.fma(complement, of(1.0f)));
    }

    private static FloatVector log1pUnit(FloatVector y) {
        FloatVector f = below(y, 0.33333334f, y, y.sub(1.0f).mul(0.5f));
        FloatVector far = below(y, 0.33333334f, FloatVector.zero(S), of(1.0f));
        return far.fma(of(0.693147182f), logNearOne(f));
    }

    static FloatVector softplus(FloatVector x) {
        FloatVector a = x.abs();
        FloatVector e = above(a, 104.0f, FloatVector.zero(S), exp(a.neg()));
        return above(x, 0.0f, x, FloatVector.zero(S)).add(log1pUnit(e));
    }

    /** e^{-b^2/2}, for 0 to 14. */
    private static FloatVector gauss(FloatVector b) {
        FloatVector square = b.mul(b);
        FloatVector g = exp(square.mul(-0.5f));
        FloatVector rest = b.fma(b, square.neg()).mul(-0.5f);
        return g.fma(rest, g);
    }

    private static FloatVector tail(FloatVector b, FloatVector gauss) {
        FloatVector v = of(1.0f).div(b.add(4.0f));
        FloatVector t = b.sub(4.0f).mul(v);
        FloatVector p = t.fma(of(-0.00012438266f), of(0.00020446381f));
        p = p.fma(t, of(0.001586598f));
        p = p.fma(t, of(-0.003525734f));
        p = p.fma(t, of(-0.0075376914f));
        p = p.fma(t, of(0.060406353f));
        p = p.fma(t, of(-0.18652104f));
        p = p.fma(t, of(0.3871366f));
        p = p.fma(t, of(-0.6078967f));
        p = p.fma(t, of(0.75528514f));
        return gauss.mul(p.mul(v));
    }

    /** Phi(x). */
    static FloatVector normalLaw(FloatVector x) {
        FloatVector a = x.abs();
        FloatVector b = above(a, 14.0f, of(14.0f), a);
        FloatVector tail = above(a, 14.0f, FloatVector.zero(S), tail(b, gauss(b)));
        return below(x, 0.0f, tail, of(1.0f).sub(tail));
    }

    static FloatVector geluSlope(FloatVector x) {
        FloatVector a = x.abs();
        FloatVector b = above(a, 14.0f, of(14.0f), a);
        FloatVector inside = gauss(b);
        FloatVector gauss = above(a, 14.0f, FloatVector.zero(S), inside);
        FloatVector tail = above(a, 14.0f, FloatVector.zero(S), tail(b, inside));
        return x.mul(0.398942292f).fma(gauss, below(x, 0.0f, tail, of(1.0f).sub(tail)));
    }
}
