// activation_close.cuh — the functions between two layers for split operands: f32 accuracy, SiLU in less than its polynomial takes
//
//   silu_of_half(h)  SiLU of x = 2h by exp2 and a reciprocal of the hardware: off by 2^-22 (0.6 + |SiLU|) at most
//                    (of exp2 2^-22, of its argument 2^-23.7 |x|, times x s (1 - s); of 1 + e, the reciprocal and the product 2^-22)
//   the others       those of every f32 kernel (activation.cuh)
#pragma once
#include "intrinsics.cuh"
#include "score/activation.cuh"

namespace close {

TWEEDIE_INLINE float silu_of_half(const float h) { return (h + h) * reciprocal_approx(1.0f + exp2_approx(-2.88539004f * h)); }

TWEEDIE_INLINE float sine(const float x) { return approx::sincos(x).sin; }

}  // namespace close
