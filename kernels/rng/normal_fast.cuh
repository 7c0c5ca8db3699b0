// normal_fast.cuh: Box-Muller by the hardware's special functions, for trajectories that may be approximate
//
//   r^2 = -2 ln u of u = (w0 + 1/2) 2^-32 rounded to f32, a = w1 2^-32 turns; four special functions a pair instead of some forty products
//   error   of a normal with radius r, by the bounds of intrinsics.cuh: 2.5e-7 / r + 1.4e-6 r, and never more than r + 7e-4
//   Not the bits of normal.cuh, nor the same on every GPU; the words, and so what is drawn, are the same.
#pragma once
#include "intrinsics.cuh"
#include "rng/normal.cuh"

namespace rng {

TWEEDIE_INLINE Pair normal_pair_fast(uint32_t w0, uint32_t w1) {
    const float u = fmaf(float(w0), 0x1p-32f, 0x1p-33f);
    const float square = log2_approx(u) * -1.38629436f;         // -2 ln 2
    const float radius = sqrt_approx(square > 0.0f ? square : 0.0f);
    const float a = float(int32_t(w1)) * 1.46291808e-9f;        // in [-pi, pi]
    return {radius * cos_approx(a), radius * sin_approx(a)};
}

TWEEDIE_INLINE float4 normals_fast(const Words w) {
    const Pair p = normal_pair_fast(w.x, w.y);
    const Pair q = normal_pair_fast(w.z, w.w);
    return make_float4(p.a, p.b, q.a, q.b);
}

}  // namespace rng
