// activation.cuh — the functions between two layers and their slopes, by the code of org.tweedie.kernels.Activation
#pragma once
#include "math.cuh"

enum Activation : int32_t { IDENTITY, SILU, SIN, TANH, RELU, SOFTPLUS, GELU };

TWEEDIE_INLINE float activate(const int32_t activation, const float x) {
    switch (activation) {
        case SILU: return approx::silu(x);
        case SIN: return approx::sincos(x).sin;
        case TANH: return approx::tanh(x);
        case RELU: return x < 0.0f ? 0.0f : x;  // so written, a NaN stays one
        case SOFTPLUS: return approx::softplus(x);
        case GELU: return approx::gelu(x);
        default: return x;
    }
}

// d activate(x) / dx
TWEEDIE_INLINE float activation_slope(const int32_t activation, const float x) {
    switch (activation) {
        case SILU: return approx::silu_slope(x);
        case SIN: return approx::sincos(x).cos;
        case TANH: return approx::tanh_slope(approx::tanh(x));
        case RELU: return x > 0.0f ? 1.0f : 0.0f;
        case SOFTPLUS: return approx::sigmoid(x);
        case GELU: return approx::gelu_slope(x);
        default: return 1.0f;
    }
}
