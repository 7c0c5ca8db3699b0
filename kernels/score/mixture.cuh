// mixture.cuh: the score of a Gaussian mixture carried along by a linear SDE, shared by mixture_score_f32 and trajectory_sde: the bits of
// both are one
//
//   p_t(x) = sum_k e^{logw_k} N(x; alpha m_k, alpha^2 v_k + sigma^2),  responsibilities r_k by log-sum-exp
//   score  = sum_k r_k (alpha m_k - x) / (alpha^2 v_k + sigma^2),      sums in the order of k
//
// A Law gives alpha, components, log_weight(k), term(k, d), dim, and LANES: 0, or the most that dim may be, and then x and the score are
// registers. alpha^2 v + sigma^2 in [2^-60, 2^60].
#pragma once
#include "math.cuh"

namespace mixture {

/// What a component says of a coordinate at a time: its mean, 1 / (alpha^2 v + sigma^2) and the logarithm of its inverse.
struct Term {
    float mean, precision, log_spread;
};

TWEEDIE_INLINE Term term(const float mean, const float variance, const float alpha, const float square) {
    const float spread = fmaf(alpha * alpha, variance, square);
    return {mean, approx::reciprocal(spread), approx::log(spread)};
}

template <class Law>
TWEEDIE_INLINE int32_t lanes(const Law& law) { return Law::LANES > 0 ? Law::LANES : law.dim; }

/// logw - 1/2 sum_d (ln var_d + (x_d - alpha m_d)^2 / var_d).
template <class Law, class Point>
TWEEDIE_INLINE float log_term(const Law& law, const Point& x, const int32_t k) {
    float sum = 0.0f;
#pragma unroll(Law::LANES > 0 ? Law::LANES : 1)
    for (int32_t d = 0; d < lanes(law); ++d) {
        if (d < law.dim) {
            const Term t = law.term(k, d);
            const float apart = fmaf(law.alpha, t.mean, -x[d]);
            sum = fmaf(apart * t.precision, apart, sum) + t.log_spread;
        }
    }
    return fmaf(-0.5f, sum, law.log_weight(k));
}

/// Writes the score and gives the log density without its constant.
template <class Law, class Point, class Into>
TWEEDIE_INLINE float score(const Law& law, const Point& x, Into& out) {
    float most = -3.40282347e38f;
#pragma unroll 1
    for (int32_t k = 0; k < law.components; ++k) {
        const float term = log_term(law, x, k);
        most = term > most ? term : most;
    }
#pragma unroll(Law::LANES > 0 ? Law::LANES : 1)
    for (int32_t d = 0; d < lanes(law); ++d) {
        if (d < law.dim) out[d] = 0.0f;
    }
    float total = 0.0f;
#pragma unroll 1
    for (int32_t k = 0; k < law.components; ++k) {
        const float share = approx::exp(log_term(law, x, k) - most);
        total += share;
#pragma unroll(Law::LANES > 0 ? Law::LANES : 1)
        for (int32_t d = 0; d < lanes(law); ++d) {
            if (d < law.dim) {
                const Term t = law.term(k, d);
                out[d] = fmaf(share * t.precision, fmaf(law.alpha, t.mean, -x[d]), out[d]);
            }
        }
    }
    const float inverse = approx::reciprocal(total);
#pragma unroll(Law::LANES > 0 ? Law::LANES : 1)
    for (int32_t d = 0; d < lanes(law); ++d) {
        if (d < law.dim) out[d] *= inverse;
    }
    return most + approx::log(total);
}

/// g_k . v
template <class Law, class Point>
TWEEDIE_INLINE float along(const Law& law, const Point& x, const Point& v, const int32_t k) {
    float sum = 0.0f;
#pragma unroll 1
    for (int32_t d = 0; d < law.dim; ++d) {
        const Term t = law.term(k, d);
        sum = fmaf(fmaf(law.alpha, t.mean, -x[d]) * t.precision, v[d], sum);
    }
    return sum;
}

/// The derivative of the score along v: J v = sum_k r_k (g_k (g_k . v - c) - v / var_k), g_k = (alpha m_k - x) / var_k, c = sum_k r_k g_k . v.
template <class Law, class Point, class Into>
TWEEDIE_INLINE void tangent(const Law& law, const Point& x, const Point& v, Into& out) {
    float most = -3.40282347e38f;
#pragma unroll 1
    for (int32_t k = 0; k < law.components; ++k) {
        const float term = log_term(law, x, k);
        most = term > most ? term : most;
    }
    float total = 0.0f, mean = 0.0f;
#pragma unroll 1
    for (int32_t k = 0; k < law.components; ++k) {
        const float share = approx::exp(log_term(law, x, k) - most);
        total += share;
        mean = fmaf(share, along(law, x, v, k), mean);
    }
    const float inverse = approx::reciprocal(total);
    mean *= inverse;
#pragma unroll 1
    for (int32_t d = 0; d < law.dim; ++d) out[d] = 0.0f;
#pragma unroll 1
    for (int32_t k = 0; k < law.components; ++k) {
        const float share = approx::exp(log_term(law, x, k) - most) * inverse, apart = along(law, x, v, k) - mean;
#pragma unroll 1
        for (int32_t d = 0; d < law.dim; ++d) {
            const Term t = law.term(k, d);
            out[d] = fmaf(share * t.precision, fmaf(fmaf(law.alpha, t.mean, -x[d]), apart, -v[d]), out[d]);
        }
    }
}
}  // namespace mixture
