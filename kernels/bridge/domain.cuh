// domain.cuh: how a domain pulls, grad ln h(y, v) with h(y, v) = E[weight of y + sqrt(v) z; in the set]; twin org.tweedie.kernels.host.DomainTwins
//
//   points    sum_e w_e (e - y)/v, w the softmax of ln weight - |y - e|^2/(2v)
//   one-hot   (w - y)/v, w the softmax of ln weight + y/v, its logits taken from the greatest so that none loses its digits
//   interval  by Mills' ratios outside, by densities inside, by quadrature where it is narrow beside sqrt(v) and both would cancel
#pragma once
#include "math.cuh"

namespace domain {

enum Kind : int32_t { FREE, POINTS, ONE_HOT, INTERVAL };

/// Five words of the table: coordinates first to first + width, numbers from at on.
struct Part {
    int32_t kind, first, width, points, at;
};
static_assert(sizeof(Part) == 20, "a part is five words, as DomainPull.java writes them");

/// c + E[u], u in [-r, r] with density e^{-c u - u^2/2}; r <= 1/2, 2 |c| r <= 1/2. Four nodes of Gauss and Legendre.
TWEEDIE_INLINE float narrow(const float c, const float r) {
    const float near = 0.339981049f * r, far = 0.861136317f * r;
    const float a = 0.652145147f * approx::exp(-0.5f * (near * near)), b = 0.347854853f * approx::exp(-0.5f * (far * far));
    const float near_down = approx::exp(-(c * near)), near_up = approx::exp(c * near);
    const float far_down = approx::exp(-(c * far)), far_up = approx::exp(c * far);
    const float first = fmaf(a * near, near_down - near_up, (b * far) * (far_down - far_up));
    const float all = fmaf(a, near_down + near_up, b * (far_down + far_up));
    return c + first / all;
}

/// (phi(low) - phi(high))/(sqrt(2 pi) (Phi(high) - Phi(low))) sqrt(2 pi), 0 < low < high, by the exponents' difference.
TWEEDIE_INLINE float outside(const float low, const float high, const float exponent) {
    const float q = approx::exp(-exponent);
    return 0.398942292f * (1.0f - q) / fmaf(-q, approx::mills(high), approx::mills(low));
}

TWEEDIE_INLINE float interval(const float y, const float from, const float to, const float root) {
    const float low = (from - y) / root, high = (to - y) / root, wide = (to - from) / root;
    const float middle = 0.5f * (low + high), across = wide * middle;
    if (wide < 1.0f && approx::magnitude(across) < 0.5f) return narrow(middle, 0.5f * wide);
    if (low > 0.0f) return outside(low, high, across);
    if (high < 0.0f) return -outside(-high, -low, -across);
    const approx::Tail below = approx::normal_tail(-low), above = approx::normal_tail(high);
    return 0.398942292f * (below.gauss - above.gauss) / (1.0f - below.probability - above.probability);
}

/// x and out are rows; y = carry x. The row of out holds the sums.
TWEEDIE_INLINE void points(const Part& part, const float* const numbers, const float* const x, const float carry, const float v, float* const out) {
    const int32_t each = part.width + 1;
    const float half = 0.5f / v;
    float most = -INFINITY;
    for (int32_t e = 0; e < part.points; ++e) {
        const float* const point = numbers + int64_t(e) * each;
        float square = 0.0f;
        for (int32_t d = 0; d < part.width; ++d) {
            const float apart = fmaf(-carry, x[d], point[1 + d]);
            square = fmaf(apart, apart, square);
        }
        const float log = fmaf(-half, square, point[0]);
        most = most > log ? most : log;
    }
    for (int32_t d = 0; d < part.width; ++d) out[d] = 0.0f;
    float total = 0.0f;
    for (int32_t e = 0; e < part.points; ++e) {
        const float* const point = numbers + int64_t(e) * each;
        float square = 0.0f;
        for (int32_t d = 0; d < part.width; ++d) {
            const float apart = fmaf(-carry, x[d], point[1 + d]);
            square = fmaf(apart, apart, square);
        }
        const float share = approx::exp(fmaf(-half, square, point[0]) - most);
        total += share;
        for (int32_t d = 0; d < part.width; ++d) out[d] = fmaf(share, fmaf(-carry, x[d], point[1 + d]), out[d]);
    }
    for (int32_t d = 0; d < part.width; ++d) out[d] = out[d] / total / v;
}

TWEEDIE_INLINE void one_hot(const Part& part, const float* const logs, const float* const x, const float carry, const float v, float* const out) {
    int32_t best = 0;
    for (int32_t e = 1; e < part.width; ++e) {
        best = fmaf(carry, (x[e] - x[best]) / v, logs[e] - logs[best]) > 0.0f ? e : best;
    }
    float total = 0.0f;
    for (int32_t e = 0; e < part.width; ++e) {
        const float share = approx::exp(fmaf(carry, (x[e] - x[best]) / v, logs[e] - logs[best]));
        total += share;
        out[e] = share;
    }
    for (int32_t e = 0; e < part.width; ++e) out[e] = fmaf(-carry, x[e], out[e] / total) / v;
}

TWEEDIE_INLINE void pull(const Part& part, const float* const numbers, const float* const x, const float carry, const float v, float* const out) {
    switch (part.kind) {
        case FREE:
            for (int32_t d = 0; d < part.width; ++d) out[d] = 0.0f;
            break;
        case POINTS: points(part, numbers, x, carry, v, out); break;
        case ONE_HOT: one_hot(part, numbers, x, carry, v, out); break;
        case INTERVAL: {
            const float root = approx::square_root(v);
            out[0] = interval(carry * x[0], numbers[0], numbers[1], root) / root;
            break;
        }
    }
}

}  // namespace domain
