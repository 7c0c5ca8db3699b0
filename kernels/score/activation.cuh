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

// d^2 activate(x) / dx^2
TWEEDIE_INLINE float activation_curvature(const int32_t activation, const float x) {
    switch (activation) {
        case SILU: return approx::silu_curvature(x);
        case SIN: return -approx::sincos(x).sin;
        case TANH: {
            const float y = approx::tanh(x);
            return -2.0f * y * approx::tanh_slope(y);
        }
        case SOFTPLUS: return approx::sigmoid_slope(x);
        case GELU: return approx::gelu_curvature(x);
        default: return 0.0f;
    }
}
