// coefficients.cuh: columns of numbers as functions of time, cubic in ln t between nodes equally spaced in ln t
//
//   table  [nodes][2 x columns]: values, then slopes times the spacing; twin org.tweedie.kernels.host.Hermite
#pragma once
#include "math.cuh"

namespace hermite {
struct Place {
    int32_t node;       // of the left end
    float p0, m0, p1, m1;  // weights of left value and slope, right value and slope
};

/// Where u, in units of the spacing from the first node, falls; beyond the ends the end.
TWEEDIE_INLINE Place place(float u, int32_t nodes) {
    const float last = float(nodes - 1);
    u = u > 0.0f ? u : 0.0f;
    u = u < last ? u : last;
    int32_t node = int32_t(u);
    node = node < nodes - 2 ? node : nodes - 2;
    const float f = u - float(node);
    const float g = 1.0f - f;
    const float p1 = f * f * fmaf(-2.0f, f, 3.0f);
    return {node, 1.0f - p1, f * (g * g), p1, -(f * f) * g};
}

TWEEDIE_INLINE Place place_log(float t, float log_first, float inverse_spacing, int32_t nodes) {
    const float positive = t > 1.17549435e-38f ? t : 1.17549435e-38f;
    return place((approx::log(positive) - log_first) * inverse_spacing, nodes);
}

TWEEDIE_INLINE float value(const float* __restrict__ table, const Place at, int32_t columns, int32_t column) {
    const float* const left = table + int64_t(at.node) * (2 * columns) + column;
    const float* const right = left + 2 * columns;
    return fmaf(at.m1, right[columns], fmaf(at.m0, left[columns], fmaf(at.p1, right[0], at.p0 * left[0])));
}
}  // namespace hermite
