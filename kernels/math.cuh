// math.cuh: the f32 functions that every kernel shares, and whose twin is org.tweedie.kernels.host.Approx
//
//   Polynomials with explicit fused multiply-adds and integer bit work, in one fixed order, so that nvcc (--fmad=false),
//   g++ (-ffp-contract=off) and Java give the same bits for every finite argument in the stated ranges; a NaN gives some NaN.
//   Errors in units in the last place are held by ApproxTest against StrictMath.
//
//   Coefficients: minimax fits (Lawson weights) of the relative error, each rounded to f32 and the rest refitted.
#pragma once

#include "cuda.cuh"

#ifndef TWEEDIE_INLINE
#define TWEEDIE_INLINE static __device__ __forceinline__
#endif

// a function of its own, whose registers are not the caller's (as g++ spells it too)
#define TWEEDIE_CALLED static __device__ __attribute__((noinline))

namespace approx {

TWEEDIE_INLINE int32_t bits(float x) {
    return __float_as_int(x);
}

TWEEDIE_INLINE float from_bits(int32_t i) {
    return __int_as_float(i);
}

/// i * 2^23 without signed overflow: an exponent field.
TWEEDIE_INLINE int32_t exponent(int32_t i) { return int32_t(uint32_t(i) << 23); }

TWEEDIE_INLINE float magnitude(float x) { return from_bits(bits(x) & 0x7fffffff); }

/// 1/x correctly rounded, for 2^-125 <= |x| <= 2^125: the fast path of the compiler's own division, without its slow one.
TWEEDIE_INLINE float reciprocal(float x) {
#if defined(__CUDA_ARCH__)
    float y;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return __fmaf_rn(y, -__fmaf_rn(x, y, -1.0f), y);
#else
    return 1.0f / x;
#endif
}

/// The square root correctly rounded, for 2^-100 <= x <= 2^125: the fast path of the compiler's own, without its slow one.
TWEEDIE_INLINE float square_root(float x) {
#if defined(__CUDA_ARCH__)
    float y;
    asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    const float root = x * y;
    return __fmaf_rn(__fmaf_rn(-root, root, x), 0.5f * y, root);
#else
    return sqrtf(x);
#endif
}

/// 1/sqrt(x) as the reciprocal of the rounded root; 2^-100 <= x <= 2^125.
TWEEDIE_INLINE float inverse_square_root(float x) { return reciprocal(square_root(x)); }

constexpr float ROUND = 12582912.0f;        // 1.5 * 2^23: adding it rounds to an integer, kept in the low bits
constexpr int32_t ROUND_BITS = 0x4b400000;

/// e^x. 0 below -104, infinite above 88.73.
TWEEDIE_INLINE float exp(float x) {
    x = x < -104.0f ? -104.0f : x;
    x = x > 89.0f ? 89.0f : x;
    const float t = fmaf(x, 1.44269502f, ROUND);
    const float n = t - ROUND;
    float r = fmaf(n, -0.693145752f, x);    // ln 2 in two parts; the first has few bits, so n times it is exact
    r = fmaf(n, -1.42860677e-6f, r);
    float q = fmaf(0.0013820734f, r, 0.008368677f);
    q = fmaf(q, r, 0.041668266f);
    q = fmaf(q, r, 0.16666521f);
    q = fmaf(q, r, 0.49999994f);
    const float p = 1.0f + fmaf(q, r * r, r);
    const int32_t i = bits(t) - ROUND_BITS;
    const int32_t half = i >> 1;            // two factors reach the subnormal results and infinity
    return p * from_bits(exponent(half + 127)) * from_bits(exponent(i - half + 127));
}

/// ln(1 + f) for |f| <= 1/3.
TWEEDIE_INLINE float log_near_one(float f) {
    const float s = f * f;
    float even = fmaf(-0.1287429f, s, -0.12188379f);
    float odd = fmaf(0.13986708f, s, 0.1400534f);
    even = fmaf(even, s, -0.1668018f);
    odd = fmaf(odd, s, 0.20010445f);
    even = fmaf(even, s, -0.24999805f);
    float p = fmaf(odd, f, even);
    p = fmaf(p, f, 0.33333215f);
    p = fmaf(p, f, -0.5f);
    return fmaf(p, s, f);
}

/// ln(x) for normal x > 0.
TWEEDIE_INLINE float log(float x) {
    const int32_t e = (bits(x) - 0x3f2aaaab) & int32_t(0xff800000);
    const float f = from_bits(bits(x) - e) - 1.0f;
    return fmaf(float(e >> 23), 0.693147182f, log_near_one(f));
}

/// -2 ln(1 + f) from g = -2 f: log_near_one times -2. Its coefficients times powers of two, so the same bits.
TWEEDIE_INLINE float minus_two_log_near_one(float g) {
    const float s = g * g;
    float even = fmaf(0.1287429f / 512, s, 0.12188379f / 128);
    float odd = fmaf(0.13986708f / 256, s, 0.1400534f / 64);
    even = fmaf(even, s, 0.1668018f / 32);
    odd = fmaf(odd, s, 0.20010445f / 16);
    even = fmaf(even, s, 0.24999805f / 8);
    float p = fmaf(odd, g, even);
    p = fmaf(p, g, 0.33333215f / 4);
    p = fmaf(p, g, 0.25f);
    return fmaf(p, s, g);
}

/// ln(1 + y) for 0 <= y <= 1.
TWEEDIE_INLINE float log1p_unit(float y) {
    const bool near = y < 0.33333334f;
    const float f = near ? y : 0.5f * (y - 1.0f);
    return fmaf(near ? 0.0f : 1.0f, 0.693147182f, log_near_one(f));
}

struct SinCos { float sin, cos; };

/// sin and cos of r + quadrant * pi/2, |r| <= pi/4; the quadrant in the two top bits of q.
TWEEDIE_INLINE SinCos sincos_reduced(float r, uint32_t q) {
    const float s = r * r;
    float p = fmaf(-0.000195181f, s, 0.008332188f);
    p = fmaf(p, s, -0.16666655f);
    const float sine = fmaf(p * s, r, r);
    float c = fmaf(2.4430668e-05f, s, -0.0013887301f);
    c = fmaf(c, s, 0.041666646f);
    const float cosine = fmaf(c * s, s, fmaf(s, -0.5f, 1.0f));
    const bool odd = (q & 0x40000000u) != 0;
    const float a = odd ? cosine : sine;
    const float b = odd ? sine : cosine;
    return {from_bits(bits(a) ^ int32_t(q & 0x80000000u)), from_bits(bits(b) ^ int32_t((q + 0x40000000u) & 0x80000000u))};
}

/// sin and cos of 2 pi x; |x| <= 2^20.
TWEEDIE_INLINE SinCos sincos_turns(float x) {
    const float t = fmaf(x, 4.0f, ROUND);
    const float r = fmaf(t - ROUND, -0.25f, x);                       // exact
    return sincos_reduced(r * 6.28318548f, uint32_t(bits(t)) << 30);  // the low bits of ROUND are 0
}

/// sin and cos of x radians; |x| <= 10000.
TWEEDIE_INLINE SinCos sincos(float x) {
    const float t = fmaf(x, 0.636619747f, ROUND);
    const float n = t - ROUND;
    float r = fmaf(n, -1.57079637f, x);     // pi/2 in three parts; the first step is exact where it cancels
    r = fmaf(n, 4.37113883e-8f, r);
    r = fmaf(n, 1.71512451e-15f, r);
    return sincos_reduced(r, uint32_t(bits(t)) << 30);
}

TWEEDIE_INLINE float tanh(float x) {
    const float a = magnitude(x);
    const float s = x * x;
    float p = fmaf(-0.0062459926f, s, 0.021052472f);
    p = fmaf(p, s, -0.05384785f);
    p = fmaf(p, s, 0.13332546f);
    p = fmaf(p, s, -0.33333316f);
    const float small = fmaf(p * s, x, x);
    const float twice = a > 20.0f ? 40.0f : a + a;
    const float large = fmaf(-2.0f, reciprocal(1.0f + exp(twice)), 1.0f);
    return a < 0.55f ? small : from_bits(bits(large) | (bits(x) & int32_t(0x80000000)));
}

/// d tanh(x) / dx from y = tanh(x).
TWEEDIE_INLINE float tanh_slope(float y) { return fmaf(-y, y, 1.0f); }

/// sigmoid and its complement: 1/(1 + e^-x) and 1/(1 + e^x); 0 where below 2^-122.
struct Sigmoid { float value, complement; };

TWEEDIE_INLINE Sigmoid sigmoids(float x) {
    const float a = magnitude(x);
    const float e = a > 85.0f ? 0.0f : exp(-a);
    const float large = reciprocal(1.0f + e);
    const float small = e * large;
    return {x < 0.0f ? small : large, x < 0.0f ? large : small};
}

TWEEDIE_INLINE float sigmoid(float x) { return sigmoids(x).value; }

TWEEDIE_INLINE float sigmoid_slope(float x) {
    const Sigmoid s = sigmoids(x);
    return s.value * s.complement;
}

/// x sigmoid(x).
TWEEDIE_INLINE float silu(float x) { return x * sigmoids(x).value; }

/// sigmoid(x) (1 + x (1 - sigmoid(x))).
TWEEDIE_INLINE float silu_slope(float x) {
    const Sigmoid s = sigmoids(x);
    return s.value * fmaf(x, s.complement, 1.0f);
}

/// The slope of silu_slope: sigmoid'(x) (2 + x (1 - 2 sigmoid(x))).
TWEEDIE_INLINE float silu_curvature(float x) {
    const Sigmoid s = sigmoids(x);
    return s.value * s.complement * fmaf(x, s.complement - s.value, 2.0f);
}

/// ln(1 + e^x); its slope is the sigmoid.
TWEEDIE_INLINE float softplus(float x) {
    const float a = magnitude(x);
    return (x > 0.0f ? x : 0.0f) + log1p_unit(a > 104.0f ? 0.0f : exp(-a));
}

/// The lower tail Phi(-a) of the normal law and e^{-a^2/2}; 0 <= a.
struct Tail { float probability, gauss; };

/// Phi(-b) e^{b^2/2}; 0 <= b <= 14.
TWEEDIE_INLINE float tail_over_gauss(float b) {
    const float v = reciprocal(b + 4.0f);
    const float t = (b - 4.0f) * v;
    float p = fmaf(-0.00012438266f, t, 0.00020446381f);
    p = fmaf(p, t, 0.001586598f);
    p = fmaf(p, t, -0.003525734f);
    p = fmaf(p, t, -0.0075376914f);
    p = fmaf(p, t, 0.060406353f);
    p = fmaf(p, t, -0.18652104f);
    p = fmaf(p, t, 0.3871366f);
    p = fmaf(p, t, -0.6078967f);
    p = fmaf(p, t, 0.75528514f);
    return p * v;
}

TWEEDIE_INLINE Tail normal_tail(float a) {
    const float b = a > 14.0f ? 14.0f : a;
    const float square = b * b;
    const float g = exp(-0.5f * square);
    const float rest = -0.5f * fmaf(b, b, -square);                   // what the rounding of the square lost
    const float gauss = fmaf(g, rest, g);
    const bool far = a > 14.0f;
    return {far ? 0.0f : gauss * tail_over_gauss(b), far ? 0.0f : gauss};
}

/// Mills' ratio Phi(-a)/phi(a) over sqrt(2 pi), Phi(-a) e^{a^2/2}: in the far tail by its series in 1/a^2; 0 <= a.
TWEEDIE_INLINE float mills(float a) {
    const float b = a > 1e18f ? 1e18f : a;
    const float one = reciprocal(b > 14.0f ? b : 14.0f);
    const float u = one * one;
    float p = fmaf(-15.0f, u, 3.0f);
    p = fmaf(p, u, -1.0f);
    p = fmaf(p, u, 1.0f);
    return a > 14.0f ? p * (0.398942292f * one) : tail_over_gauss(b > 14.0f ? 14.0f : b);
}

/// The normal distribution function Phi(x), given the tail at |x|.
TWEEDIE_INLINE float normal_cdf(float x, float tail) {
    const float s = x * x;
    float p = fmaf(-8.169563e-06f, s, 0.00011501883f);
    p = fmaf(p, s, -0.00118802f);
    p = fmaf(p, s, 0.009974163f);
    p = fmaf(p, s, -0.06649054f);
    p = fmaf(p, s, 0.3989423f);
    const float far = x < 0.0f ? tail : 1.0f - tail;
    return s < 1.0f ? fmaf(p, x, 0.5f) : far;
}

/// x Phi(x), the erf form.
TWEEDIE_INLINE float gelu(float x) { return x * normal_cdf(x, normal_tail(magnitude(x)).probability); }

/// Phi(x) + x phi(x).
TWEEDIE_INLINE float gelu_slope(float x) {
    const Tail tail = normal_tail(magnitude(x));
    return fmaf(x * 0.398942292f, tail.gauss, normal_cdf(x, tail.probability));
}

/// (2 - x^2) phi(x), the slope of gelu_slope.
TWEEDIE_INLINE float gelu_curvature(float x) { return 0.398942292f * normal_tail(magnitude(x)).gauss * fmaf(-x, x, 2.0f); }

}  // namespace approx
