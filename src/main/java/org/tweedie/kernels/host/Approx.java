package org.tweedie.kernels.host;

/**
 * The f32 functions of {@code kernels/math.cuh}, bit for bit: polynomials with explicit fused multiply-adds and integer bit
 * work, in one fixed order, equal on every JVM, CPU and GPU for every finite argument in the stated ranges. Errors are in
 * units in the last place (ulp) against the exact value; a test holds them. A NaN gives a NaN. Thread-safe: no state.
 */
public final class Approx {
    private static final float ROUND = 12582912.0f; // 1.5 * 2^23: adding it rounds to an integer, kept in the low bits
    private static final int ROUND_BITS = 0x4b400000;

    private Approx() {}

    /** 1/x, correctly rounded, for 2^-125 to 2^125 in magnitude. */
    public static float reciprocal(float x) {
        return 1.0f / x;
    }

    /** The square root, correctly rounded, for 2^-100 to 2^125. */
    public static float squareRoot(float x) {
        return (float) Math.sqrt(x);
    }

    /** 1/sqrt(x) as the reciprocal of the rounded root, for 2^-100 to 2^125; within 1.5 ulp. */
    public static float inverseSquareRoot(float x) {
        return reciprocal(squareRoot(x));
    }

    /** e^x within 1 ulp; 0 below -104, infinite above 88.73, subnormal results within one quantum. */
    public static float exp(float x) {
        x = x < -104.0f ? -104.0f : x;
        x = x > 89.0f ? 89.0f : x;
        float t = Math.fma(x, 1.44269502f, ROUND);
        float n = t - ROUND;
        float r = Math.fma(n, -0.693145752f, x);
        r = Math.fma(n, -1.42860677e-6f, r);
        float q = Math.fma(0.0013820734f, r, 0.008368677f);
        q = Math.fma(q, r, 0.041668266f);
        q = Math.fma(q, r, 0.16666521f);
        q = Math.fma(q, r, 0.49999994f);
        float p = 1.0f + Math.fma(q, r * r, r);
        int i = Float.floatToRawIntBits(t) - ROUND_BITS;
        int half = i >> 1;
        return p * Float.intBitsToFloat((half + 127) << 23) * Float.intBitsToFloat((i - half + 127) << 23);
    }

    /** ln(1 + f) for |f| at most 1/3. */
    static float logNearOne(float f) {
        float s = f * f;
        float even = Math.fma(-0.1287429f, s, -0.12188379f);
        float odd = Math.fma(0.13986708f, s, 0.1400534f);
        even = Math.fma(even, s, -0.1668018f);
        odd = Math.fma(odd, s, 0.20010445f);
        even = Math.fma(even, s, -0.24999805f);
        float p = Math.fma(odd, f, even);
        p = Math.fma(p, f, 0.33333215f);
        p = Math.fma(p, f, -0.5f);
        return Math.fma(p, s, f);
    }

    /** -2 ln(1 + f) from g = -2 f: {@link #logNearOne} times -2. Its coefficients times powers of two, so the same bits. */
    static float minusTwoLogNearOne(float g) {
        float s = g * g;
        float even = Math.fma(0.1287429f / 512, s, 0.12188379f / 128);
        float odd = Math.fma(0.13986708f / 256, s, 0.1400534f / 64);
        even = Math.fma(even, s, 0.1668018f / 32);
        odd = Math.fma(odd, s, 0.20010445f / 16);
        even = Math.fma(even, s, 0.24999805f / 8);
        float p = Math.fma(odd, g, even);
        p = Math.fma(p, g, 0.33333215f / 4);
        p = Math.fma(p, g, 0.25f);
        return Math.fma(p, s, g);
    }

    /** ln(x) within 1 ulp, for normal x above 0. */
    public static float log(float x) {
        int e = (Float.floatToRawIntBits(x) - 0x3f2aaaab) & 0xff800000;
        float f = Float.intBitsToFloat(Float.floatToRawIntBits(x) - e) - 1.0f;
        return Math.fma((float) (e >> 23), 0.693147182f, logNearOne(f));
    }

    /** ln(1 + y) within 1.5 ulp, for 0 to 1. */
    public static float log1pUnit(float y) {
        boolean near = y < 0.33333334f;
        float f = near ? y : 0.5f * (y - 1.0f);
        return Math.fma(near ? 0.0f : 1.0f, 0.693147182f, logNearOne(f));
    }

    static float sine(float r) {
        float s = r * r;
        float p = Math.fma(-0.000195181f, s, 0.008332188f);
        p = Math.fma(p, s, -0.16666655f);
        return Math.fma(p * s, r, r);
    }

    static float cosine(float r) {
        float s = r * r;
        float q = Math.fma(2.4430668e-05f, s, -0.0013887301f);
        q = Math.fma(q, s, 0.041666646f);
        return Math.fma(q * s, s, Math.fma(s, -0.5f, 1.0f));
    }

    /** sin(r + quadrant pi/2), |r| at most pi/4; the cosine is one quadrant on. */
    static float sinReduced(float r, int quadrant) {
        float a = (quadrant & 1) != 0 ? cosine(r) : sine(r);
        return Float.intBitsToFloat(Float.floatToRawIntBits(a) ^ ((quadrant & 2) << 30));
    }

    private static float turns(float x, int ahead) {
        float t = Math.fma(x, 4.0f, ROUND);
        float r = Math.fma(t - ROUND, -0.25f, x);
        return sinReduced(r * 6.28318548f, Float.floatToRawIntBits(t) - ROUND_BITS + ahead);
    }

    /** sin(2 pi x) within 2 ulp, for |x| up to 2^20. */
    public static float sinTurns(float x) {
        return turns(x, 0);
    }

    /** cos(2 pi x) within 2 ulp, for |x| up to 2^20. */
    public static float cosTurns(float x) {
        return turns(x, 1);
    }

    private static float radians(float x, int ahead) {
        float t = Math.fma(x, 0.636619747f, ROUND);
        float n = t - ROUND;
        float r = Math.fma(n, -1.57079637f, x);
        r = Math.fma(n, 4.37113883e-8f, r);
        r = Math.fma(n, 1.71512451e-15f, r);
        return sinReduced(r, Float.floatToRawIntBits(t) - ROUND_BITS + ahead);
    }

    /** sin(x) within 1.6 ulp, for |x| up to 10000. */
    public static float sin(float x) {
        return radians(x, 0);
    }

    /** cos(x) within 1.6 ulp, for |x| up to 10000. */
    public static float cos(float x) {
        return radians(x, 1);
    }

    /** tanh(x) within 2 ulp. */
    public static float tanh(float x) {
        float a = Math.abs(x);
        float s = x * x;
        float p = Math.fma(-0.0062459926f, s, 0.021052472f);
        p = Math.fma(p, s, -0.05384785f);
        p = Math.fma(p, s, 0.13332546f);
        p = Math.fma(p, s, -0.33333316f);
        float small = Math.fma(p * s, x, x);
        float twice = a > 20.0f ? 40.0f : a + a;
        float large = Math.fma(-2.0f, reciprocal(1.0f + exp(twice)), 1.0f);
        return a < 0.55f
                ? small
                : Float.intBitsToFloat(Float.floatToRawIntBits(large) | (Float.floatToRawIntBits(x) & 0x80000000));
    }

    /** The slope of tanh, 1 - y^2, from its value y. */
    public static float tanhSlope(float y) {
        return Math.fma(-y, y, 1.0f);
    }

    private static float decay(float x) {
        float a = Math.abs(x);
        return a > 85.0f ? 0.0f : exp(-a);
    }

    /** 1/(1 + e^-x) within 3 ulp; 0 below -85. */
    public static float sigmoid(float x) {
        float e = decay(x);
        float large = reciprocal(1.0f + e);
        return x < 0.0f ? e * large : large;
    }

    /** The slope of the sigmoid, within 5 ulp. */
    public static float sigmoidSlope(float x) {
        float e = decay(x);
        float large = reciprocal(1.0f + e);
        float small = e * large;
        return x < 0.0f ? small * large : large * small;
    }

    /** The slope of {@link #siluSlope}, within 5e-7. */
    public static float siluCurvature(float x) {
        float s = sigmoid(x);
        float c = sigmoid(-x);
        return s * c * Math.fma(x, c - s, 2.0f);
    }

    /** x sigmoid(x), within 3 ulp; 0 below -85. */
    public static float silu(float x) {
        return x * sigmoid(x);
    }

    /** The slope of SiLU, sigmoid(x) (1 + x (1 - sigmoid(x))), within 3e-7. */
    public static float siluSlope(float x) {
        float e = decay(x);
        float large = reciprocal(1.0f + e);
        float small = e * large;
        return x < 0.0f ? small * Math.fma(x, large, 1.0f) : large * Math.fma(x, small, 1.0f);
    }

    /** ln(1 + e^x), within 3 ulp; its slope is the sigmoid. */
    public static float softplus(float x) {
        float a = Math.abs(x);
        return (x > 0.0f ? x : 0.0f) + log1pUnit(a > 104.0f ? 0.0f : exp(-a));
    }

    /** e^{-a^2/2}, for 0 to 14. */
    private static float gauss(float b) {
        float square = b * b;
        float g = exp(-0.5f * square);
        float rest = -0.5f * Math.fma(b, b, -square);
        return Math.fma(g, rest, g);
    }

    /** Phi(-b) e^{b^2/2}, for 0 to 14. */
    private static float tailOverGauss(float b) {
        float v = reciprocal(b + 4.0f);
        float t = (b - 4.0f) * v;
        float p = Math.fma(-0.00012438266f, t, 0.00020446381f);
        p = Math.fma(p, t, 0.001586598f);
        p = Math.fma(p, t, -0.003525734f);
        p = Math.fma(p, t, -0.0075376914f);
        p = Math.fma(p, t, 0.060406353f);
        p = Math.fma(p, t, -0.18652104f);
        p = Math.fma(p, t, 0.3871366f);
        p = Math.fma(p, t, -0.6078967f);
        p = Math.fma(p, t, 0.75528514f);
        return p * v;
    }

    private static float tail(float b, float gauss) {
        return gauss * tailOverGauss(b);
    }

    /** e^{-a^2/2}, for a of at least 0; 0 above 14. */
    public static float normalGauss(float a) {
        return a > 14.0f ? 0.0f : gauss(a);
    }

    /** The lower tail Phi(-a) of the normal law, for a of at least 0 and {@link #normalGauss} of it; 0 above 14. */
    public static float normalTail(float a, float gauss) {
        return a > 14.0f ? 0.0f : tail(a, gauss);
    }

    /** Mills' ratio Phi(-a)/phi(a) over sqrt(2 pi), Phi(-a) e^{a^2/2}, for a of at least 0; within 8 ulp up to 1e18, where it stays. */
    public static float mills(float a) {
        float b = a > 1e18f ? 1e18f : a;
        float one = reciprocal(b > 14.0f ? b : 14.0f);
        float u = one * one;
        float p = Math.fma(-15.0f, u, 3.0f);
        p = Math.fma(p, u, -1.0f);
        p = Math.fma(p, u, 1.0f);
        return a > 14.0f ? p * (0.398942292f * one) : tailOverGauss(b > 14.0f ? 14.0f : b);
    }

    /** Phi(x), given the tail at |x|. */
    private static float normalCdf(float x, float tail) {
        float s = x * x;
        float p = Math.fma(-8.169563e-06f, s, 0.00011501883f);
        p = Math.fma(p, s, -0.00118802f);
        p = Math.fma(p, s, 0.009974163f);
        p = Math.fma(p, s, -0.06649054f);
        p = Math.fma(p, s, 0.3989423f);
        float far = x < 0.0f ? tail : 1.0f - tail;
        return s < 1.0f ? Math.fma(p, x, 0.5f) : far;
    }

    /** x Phi(x), the erf form: within 2 ulp from -1 up, 6 ulp in the tail; 0 below -14. */
    public static float gelu(float x) {
        float a = Math.abs(x);
        float b = a > 14.0f ? 14.0f : a;
        return x * normalCdf(x, a > 14.0f ? 0.0f : tail(b, gauss(b)));
    }

    /** The slope of GELU, Phi(x) + x phi(x), within 3e-7. */
    public static float geluSlope(float x) {
        float a = Math.abs(x);
        float b = a > 14.0f ? 14.0f : a;
        float g = a > 14.0f ? 0.0f : gauss(b);
        return Math.fma(x * 0.398942292f, g, normalCdf(x, a > 14.0f ? 0.0f : tail(b, g)));
    }

    /** The slope of {@link #geluSlope}, (2 - x^2) phi(x), within 2e-7. */
    public static float geluCurvature(float x) {
        float a = Math.abs(x);
        float g = a > 14.0f ? 0.0f : gauss(a);
        return 0.398942292f * g * Math.fma(-x, x, 2.0f);
    }
}
