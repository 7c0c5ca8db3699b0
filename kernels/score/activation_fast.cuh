// activation_fast.cuh — the functions between two layers for 16-bit operands, by the special functions of the hardware
//
//   silu_of_half(h)  SiLU of 2h = h + h tanh h: one special function and one fma; who calls it has halved the weights
//   error, beside the exact function of x, with e = 2^-11 (the bound of tanh; measured in public at 2^-16):
//     SiLU |x| e / 2,  tanh e,  GELU |x| e / 2 + 2.6e-5 (the fit),  sin 2^-20 + 2^-24 |x|,  softplus 2^-21 + 2^-23 |x|
#pragma once
#include "intrinsics.cuh"
#include "score/activation.cuh"

namespace fast {

TWEEDIE_INLINE float silu_of_half(const float h) { return fmaf(h, tanh_approx(h), h); }

// The same within the same bound without a special function: 2 max(h, 0) - v q(v), v = min(|h|, 4), q a fit of 2 sigmoid(-2v). Where those
// bind, a share of the columns takes it.
TWEEDIE_INLINE float silu_of_half_by_products(const float h) {
    const float a = approx::magnitude(h), v = a < 4.0f ? a : 4.0f;
    float q = fmaf(-0.00010581659f, v, 0.0017605652f);
    q = fmaf(q, v, -0.010958666f);
    q = fmaf(q, v, 0.025856456f);
    q = fmaf(q, v, 0.027488906f);
    q = fmaf(q, v, -0.28242922f);
    q = fmaf(q, v, 0.5335845f);
    q = fmaf(q, v, -0.06428389f);
    q = fmaf(q, v, -0.9923572f);
    q = fmaf(q, v, 0.9998522f);
    return fmaf(-v, q, h + a);
}

// x less the nearest multiple of 2 pi, which is in two parts
TWEEDIE_INLINE float less_turns(const float x) {
    const float n = fmaf(x, 0.159154943f, approx::ROUND) - approx::ROUND;
    const float r = fmaf(n, -6.28318548f, x);
    return fmaf(n, 1.74845553e-7f, r);
}

TWEEDIE_INLINE float sine(const float x) { return sin_approx(less_turns(x)); }

// max(x, 0) + ln(1 + e^-|x|)
TWEEDIE_INLINE float softplus(const float x) {
    const float e = exp2_approx(-1.44269502f * approx::magnitude(x));
    return fmaf(0.693147182f, log2_approx(1.0f + e), x > 0.0f ? x : 0.0f);
}

// p(x^2): 2 Phi(x) - 1 = tanh(x p(x^2)), fitted for the least error of x Phi; x^2 is held at 16, where Phi is 0 or 1 to 3e-5
TWEEDIE_INLINE float gelu_polynomial(const float x) {
    const float square = x * x;
    const float s = square > 16.0f ? 16.0f : square;
    return fmaf(fmaf(-0.000351519033f, s, 0.0370056629f), s, 0.797507882f);
}

// x Phi(x)
TWEEDIE_INLINE float gelu(const float x) {
    const float h = 0.5f * x;
    return fmaf(h, tanh_approx(x * gelu_polynomial(x)), h);
}

TWEEDIE_INLINE float tanh(const float x) { return tanh_approx(x); }

TWEEDIE_INLINE float relu(const float x) { return x < 0.0f ? 0.0f : x; }

TWEEDIE_INLINE float activate(const int32_t activation, const float x) {
    switch (activation) {
        case SILU: return silu_of_half(0.5f * x);
        case SIN: return sine(x);
        case TANH: return tanh(x);
        case RELU: return relu(x);
        case SOFTPLUS: return softplus(x);
        case GELU: return gelu(x);
        default: return x;
    }
}

}  // namespace fast
