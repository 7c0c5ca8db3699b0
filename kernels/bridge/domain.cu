// domain_pull_f32: how a domain pulls each row to it, grad ln h(y, v) at y = carry x (domain.cuh)
//
//   x, out    [count, dim], rows x_stride, out_stride apart; out must not be x
//   table     [parts] of five words: kind, first coordinate, width, points, where its numbers start; the parts cover the coordinates
//   carry, v  one a row, or stride 0: one for all
//   shape     one part of a row a thread at a time, in grid strides; a product costs the sum of its factors
//   moves     8 bytes a coordinate; the table is read from cache
#include "bridge/domain.cuh"
#include "rng/quads.cuh"
#include "rows.cuh"

extern "C" __global__ void __launch_bounds__(128)
domain_pull_f32(const RowSet* __restrict__ rows, const float* __restrict__ x, int32_t x_stride, int32_t parts, const int32_t* __restrict__ table,
                const float* __restrict__ numbers, const float* __restrict__ carry, int32_t carry_stride, const float* __restrict__ v,
                int32_t v_stride, float* __restrict__ out, int32_t out_stride) {
    const int64_t count = rows->count * parts;
    for (int64_t item = rng::first_item(); item < count; item += rng::item_stride()) {
        const int64_t r = item / parts;
        if (!row_alive(rows, r)) continue;
        const int32_t* const words = table + 5 * (item % parts);
        const domain::Part part = {words[0], words[1], words[2], words[3], words[4]};
        domain::pull(part, numbers + part.at, x + r * x_stride + part.first, carry[r * carry_stride], v[r * v_stride],
                     out + r * out_stride + part.first);
    }
}
