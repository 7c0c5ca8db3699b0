// mixture.cu: the score of a Gaussian mixture under a linear SDE (mixture.cuh)
//
//   x, score    [count, dim], rows x_stride, score_stride apart; score must not be x
//   mean        [components, dim];  variance [components, variance_width], width 1 (isotropic) or dim (diagonal)
//   alpha, sigma  one a row, or stride 0: one for all
//   shape       one row a thread at a time, in grid strides; the score's own memory holds the sums
//   moves       8 bytes a coordinate; the mixture is read from cache
#include "rows.cuh"
#include "rng/quads.cuh"
#include "score/mixture.cuh"

namespace mixture {
/// A mixture of any dimension, carried to a time as it is read.
struct Carried {
    static constexpr int32_t LANES = 0;
    int32_t dim, components, variance_width;
    const float *log_weights, *means, *variances;
    float alpha, square;
    mutable Term last;

    __device__ float log_weight(const int32_t k) const { return log_weights[k]; }

    __device__ Term term(const int32_t k, const int32_t d) const {
        const float mean = means[int64_t(k) * dim + d];
        if (variance_width > 1 || d == 0) last = mixture::term(mean, variances[int64_t(k) * variance_width + d], alpha, square);
        return {mean, last.precision, last.log_spread};
    }
};
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
        const float s = sigma[r * sigma_stride];
        const mixture::Carried law = {dim, components, variance_width, log_weight, mean, variance, alpha[r * alpha_stride], s * s, {}};
        const float log = mixture::score(law, at, out);
        if (log_density != nullptr) log_density[r * log_density_stride] = fmaf(float(dim), -0.918938533f, log);
    }
}

// mixture_tangent_f32: the derivative of the score along v, a row of it for each
//
//   v, out      [count, dim], rows v_stride (0: one direction for all), out_stride apart; out must be neither x nor v
//   the rest    as mixture_score_f32
//   moves       12 bytes a coordinate
extern "C" __global__ void __launch_bounds__(128, 8)
mixture_tangent_f32(const RowSet* __restrict__ rows, const float* __restrict__ x, int32_t x_stride, const float* __restrict__ v, int32_t v_stride,
                    int32_t dim, int32_t components, const float* __restrict__ log_weight, const float* __restrict__ mean,
                    const float* __restrict__ variance, int32_t variance_width, const float* __restrict__ alpha, int32_t alpha_stride,
                    const float* __restrict__ sigma, int32_t sigma_stride, float* __restrict__ out, int32_t out_stride) {
    for (int64_t r = rng::first_item(); r < rows->count; r += rng::item_stride()) {
        if (!row_alive(rows, r)) continue;
        const float s = sigma[r * sigma_stride];
        const mixture::Carried law = {dim, components, variance_width, log_weight, mean, variance, alpha[r * alpha_stride], s * s, {}};
        float* const into = out + r * out_stride;
        mixture::tangent(law, x + r * x_stride, v + r * v_stride, into);
    }
}

// mixture_terms_f32: what the score needs of the mixture at each of some times, so that a trajectory computes it once and not for every row
//
//   alpha, sigma  [times];  terms [times, components, dim] of (mean, precision, log spread, log weight)
//   shape         one term a thread at a time, in grid strides
//   moves         16 bytes a term
extern "C" __global__ void __launch_bounds__(128)
mixture_terms_f32(const float* __restrict__ alpha, const float* __restrict__ sigma, int32_t times, int32_t components, int32_t dim,
                  const float* __restrict__ log_weight, const float* __restrict__ mean, const float* __restrict__ variance,
                  float* __restrict__ terms) {
    const int64_t each = int64_t(components) * dim, count = times * each;
    for (int64_t item = rng::first_item(); item < count; item += rng::item_stride()) {
        const int64_t time = item / each, of = item % each;
        const float s = sigma[time];
        const mixture::Term term = mixture::term(mean[of], variance[of], alpha[time], s * s);
        store_f32x4(terms + 4 * item, make_float4(term.mean, term.precision, term.log_spread, log_weight[of / dim]));
    }
}
