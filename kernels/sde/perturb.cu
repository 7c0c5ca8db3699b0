// perturb.cu: clean rows to noisy rows at a time a row, and the times themselves
#include "sde/perturb.cuh"

// perturb_f32: eps ~ N(0, 1);  A = a_x0 x0 + a_eps eps,  B = b_x0 x0 + b_eps eps;  eps, weight, level on request
//
//   table   [nodes][12] columns a_x0, a_eps, b_x0, b_eps, weight, level of t, cubic in ln t (coefficients.cuh)
//           an SDE's table makes x_t = alpha x0 + sigma eps; a training table makes network input, target, weight, network time
//   t       one a row, or t_stride 0: one for all
//   a, b, eps, weight, level   null where not wanted
//   shape   up to four quads of a row a thread at a time, in grid strides, so that wide rows find their coefficients once for the four;
//           the launch shape does not change a bit
//   moves   4 bytes a coordinate for x0 and each of A, B, eps; 4 a row for t, weight, level
extern "C" __global__ void __launch_bounds__(256)
perturb_f32(const RowSet* __restrict__ rows, const float* __restrict__ x0, int32_t x0_stride, int32_t dim, const float* __restrict__ t,
            int32_t t_stride, const float* __restrict__ table, int32_t nodes, float log_first, float inverse_spacing, int32_t purpose,
            int32_t ordinal, float* a, int32_t a_stride, float* b, int32_t b_stride, float* eps, int32_t eps_stride, float* weight,
            int32_t weight_stride, float* level, int32_t level_stride) {
    const int32_t quads = (dim + 3) / 4;
    const bool whole = rng::whole_quads(x0, dim, x0_stride) && rng::whole_quads(a, dim, a_stride) && rng::whole_quads(b, dim, b_stride)
                       && rng::whole_quads(eps, dim, eps_stride);
    const uint32_t what = rng::purpose_word(purpose, ordinal + rows->iteration);
    const int32_t threads = quads < 4 * perturb::TOGETHER ? quads : (quads + perturb::TOGETHER - 1) / perturb::TOGETHER;  // a row
    for (int64_t item = rng::first_item(); item < rows->count * threads; item += rng::item_stride()) {
        const rng::Quad at = rng::quad_of(item, threads);
        if (!row_alive(rows, at.row)) continue;
        const int64_t index = row_index(rows, at.row);
        const hermite::Place place = hermite::place_log(t[at.row * t_stride], log_first, inverse_spacing, nodes);
        const perturb::Mix to_a = a == nullptr ? perturb::Mix{0.0f, 0.0f} : perturb::mix_at(table, place, 0);
        const perturb::Mix to_b = b == nullptr ? perturb::Mix{0.0f, 0.0f} : perturb::mix_at(table, place, 2);
#pragma unroll 1
        for (int32_t quad = at.quad; quad < quads; quad += threads) {
            const int32_t d = 4 * quad;
            const float4 x = rng::load_quad(x0 + at.row * x0_stride, d, dim, whole);
            const float4 z = rng::normals(rng::row_words(rows->seed, index, what, quad));
            if (a != nullptr) rng::store_quad(a + at.row * a_stride, d, dim, whole, perturb::mixed(to_a, x, z));
            if (b != nullptr) rng::store_quad(b + at.row * b_stride, d, dim, whole, perturb::mixed(to_b, x, z));
            if (eps != nullptr) rng::store_quad(eps + at.row * eps_stride, d, dim, whole, z);
        }
        if (at.quad == 0) {
            if (weight != nullptr) weight[at.row * weight_stride] = hermite::value(table, place, 6, 4);
            if (level != nullptr) level[at.row * level_stride] = hermite::value(table, place, 6, 5);
        }
    }
}

// time_sample_f32: t = quantile(u), a time a row; draws by (seed, index, purpose, ordinal), coordinate 0
//
//   group   0: u is the row's own uniform
//           n > 0: low discrepancy, u = (i mod n + v)/n with i the row's sample index and v one uniform of sample i / n:
//           samples k n to k n + n - 1 are a step, and share one v
//   table   [nodes][2] quantile at equally spaced u from 0 to 1, value and slope times the spacing, cubic between
//   shape   one row a thread at a time, in grid strides
extern "C" __global__ void __launch_bounds__(256)
time_sample_f32(const RowSet* __restrict__ rows, float* t, int32_t t_stride, const float* __restrict__ table, int32_t nodes, int64_t group,
                int32_t purpose, int32_t ordinal) {
    const uint32_t what = rng::purpose_word(purpose, ordinal + rows->iteration);
    const float inverse = approx::reciprocal(float(group > 0 ? group : 1));
    for (int64_t r = rng::first_item(); r < rows->count; r += rng::item_stride()) {
        if (!row_alive(rows, r)) continue;
        const int64_t index = row_index(rows, r);
        t[r * t_stride] = perturb::time(table, nodes, rows->seed, index, group, inverse, what);
    }
}
