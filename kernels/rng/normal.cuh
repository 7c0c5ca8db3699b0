// normal.cuh: f32 numbers from random words; twins in org.tweedie.kernels.host.Draws
//
//   normal      Box-Muller: two words give r cos a and r sin a with r^2 = -2 ln u, u = (w0 + 1/2) 2^-32, a = w1 2^-32 turns
//               -2 ln u keeps its relative error at both ends: |z| <= 6.77, and no word makes r 0
//   uniform     ((w >> 9) + 1/2) 2^-23, exact, inside (0, 1)
//   rademacher  the top bit is the sign
#pragma once
#include "rng/philox.cuh"

namespace rng {

enum Law : int32_t { LAW_NORMAL = 0, LAW_UNIFORM = 1, LAW_RADEMACHER = 2 };

struct Pair {
    float a, b;
};

/// sqrt(-2 ln((w + 1/2) 2^-32)).
TWEEDIE_INLINE float normal_radius(uint32_t w) {
    // c is twice the distance of u to the nearer of 0 and 1: a signed conversion, and nothing lost near 1
    const int32_t folded = int32_t(w) ^ (int32_t(w) >> 31);
    const float c = fmaf(float(folded), 0x1p-31f, 0x1p-32f);
    const float u = int32_t(w) < 0 ? 2.0f - c : c;      // twice u
    const int32_t e = (approx::bits(u) - 0x3faaaaab) & int32_t(0xff800000);
    const float m = 2.0f - approx::from_bits(approx::bits(u) - e);
    const float g = e == 0 ? c : m;                     // u >= 2/3: ln(1 - c/2) of c itself
    return approx::square_root(fmaf(float(e), -2.0f * 0x1p-23f * 0.693147182f, approx::minus_two_log_near_one(g)));
}

TWEEDIE_INLINE Pair normal_pair(uint32_t w0, uint32_t w1) {
    const float radius = normal_radius(w0);
    // the angle is that of the nearest quarter turn and a rest, 30 bits with sign
    const float rest = float(int32_t(w1 << 2)) * (1.46291808e-9f / 4);
    const approx::SinCos turn = approx::sincos_reduced(rest, w1 + 0x20000000u);
    return {radius * turn.cos, radius * turn.sin};
}

TWEEDIE_INLINE float4 normals(const Words w) {
    const Pair p = normal_pair(w.x, w.y);
    const Pair q = normal_pair(w.z, w.w);
    return make_float4(p.a, p.b, q.a, q.b);
}

TWEEDIE_INLINE float uniform(uint32_t w) { return fmaf(float(int32_t(w >> 9)), 1.1920928955078125e-7f, 5.9604644775390625e-8f); }

TWEEDIE_INLINE float4 uniforms(const Words w) { return make_float4(uniform(w.x), uniform(w.y), uniform(w.z), uniform(w.w)); }

TWEEDIE_INLINE float rademacher(uint32_t w) { return approx::from_bits(int32_t(0x3f800000u | (w & 0x80000000u))); }

TWEEDIE_INLINE float4 rademachers(const Words w) {
    return make_float4(rademacher(w.x), rademacher(w.y), rademacher(w.z), rademacher(w.w));
}

/// A quad of numbers of a law.
TWEEDIE_INLINE float4 draw(int32_t law, const Words w) {
    return law == LAW_NORMAL ? normals(w) : law == LAW_UNIFORM ? uniforms(w) : rademachers(w);
}

}  // namespace rng
