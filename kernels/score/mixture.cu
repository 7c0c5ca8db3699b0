// mixture_score_f32: score, and log density on request, of a Gaussian mixture carried along by a linear SDE
//
//   p_t(x) = sum_k e^{logw_k} N(x; alpha m_k, alpha^2 v_k + sigma^2),  responsibilities r_k by log-sum-exp
//   score  = sum_k r_k (alpha m_k - x) / (alpha^2 v_k + sigma^2),      sums in the order of k
//
//   x, score    [count, dim], rows x_stride, score_stride apart; score must not be x
//   mean        [components, dim];  variance [components, variance_width], width 1 (isotropic) or dim (diagonal)
//   alpha, sigma  one a row, or stride 0: one for all;  alpha^2 v + sigma^2 in [2^-60, 2^60]
//   shape       one row a thread at a time, in grid strides; the score's own memory holds the sums
//   moves       8 bytes a coordinate; the mixture is read from cache
#include "rows.cuh"
#include "rng/quads.cuh"

namespace mixture {
// logw - 1/2 sum_d (ln var_d + (x_d - alpha m_d)^2 / var_d)
__device__ __forceinline__ float log_term(const float* __restrict__ x, const float* __restrict__ mean, const float* __restrict__ variance,
                                          int32_t dim, int32_t variance_width, float log_weight, float alpha, float sigma) {
    const float square = sigma * sigma;
    float sum = 0.0f;
    float spread = fmaf(alpha * alpha, variance[0], square);
    float precision = approx::reciprocal(spread);
    float log_spread = approx::log(spread);
    for (int32_t d = 0; d < dim; ++d) {
        if (variance_width > 1 && d > 0) {
            spread = fmaf(alpha * alpha, variance[d], square);
            precision = approx::reciprocal(spread);
            log_spread = approx::log(spread);
        }
        const float apart = fmaf(alpha, mean[d], -x[d]);
        sum = fmaf(apart * precision, apart, sum) + log_spread;
    }
    return fmaf(-0.5f, sum, log_weight);
}
}  // namespace mixture

extern "C" __global__ void __launch_bounds__(128)
mixture_score_f32(const RowSet* __restrict__ rows, const float* __restrict__ x, int32_t x_stride, int32_t dim, int32_t components,
                  const float* __restrict__ log_weight, const float* __restrict__ mean, const float* __restrict__ variance,
                  int32_t variance_width, const float* __restrict__ alpha, int32_t alpha_stride, const float* __restrict__ sigma,
                  int32_t sigma_stride, float* __restrict__ score, int32_t score_stride, float* log_density, int32_t log_density_stride) {
    for (int64_t r = rng::first_item(); r < rows->count; r += rng::item_stride()) {
        if (!row_alive(rows, r)) continue;
        const float* const at = x + r * x_stride;
        float* const out = score + r * score_stride;
        const float a = alpha[r * alpha_stride], s = sigma[r * sigma_stride];

        float most = -3.40282347e38f;
        for (int32_t k = 0; k < components; ++k) {
            const float term = mixture::log_term(at, mean + int64_t(k) * dim, variance + int64_t(k) * variance_width, dim, variance_width,
                                                 log_weight[k], a, s);
            most = term > most ? term : most;
        }
        for (int32_t d = 0; d < dim; ++d) out[d] = 0.0f;
        float total = 0.0f;
        for (int32_t k = 0; k < components; ++k) {
            const float* const m = mean + int64_t(k) * dim;
            const float* const v = variance + int64_t(k) * variance_width;
            const float share = approx::exp(mixture::log_term(at, m, v, dim, variance_width, log_weight[k], a, s) - most);
            total += share;
            float pull = share * approx::reciprocal(fmaf(a * a, v[0], s * s));
            for (int32_t d = 0; d < dim; ++d) {
                if (variance_width > 1 && d > 0) pull = share * approx::reciprocal(fmaf(a * a, v[d], s * s));
                out[d] = fmaf(pull, fmaf(a, m[d], -at[d]), out[d]);
            }
        }
        const float inverse = approx::reciprocal(total);
        for (int32_t d = 0; d < dim; ++d) out[d] *= inverse;
        if (log_density != nullptr) {
            log_density[r * log_density_stride] = fmaf(float(dim), -0.918938533f, most + approx::log(total));
        }
    }
}
