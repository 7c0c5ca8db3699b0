// add_f32 — out <- a + b, row by row: the way around a residual block
//
//   shape  one quad of a row a thread at a time; out may be the very memory of a or b
//   moves  12 bytes an element
#include "rng/quads.cuh"

extern "C" __global__ void __launch_bounds__(256)
add_f32(const float* a, const float* b, float* out, const RowSet* __restrict__ rows, int32_t width, int32_t a_stride, int32_t b_stride,
        int32_t out_stride) {
    const int32_t quads = (width + 3) / 4;
    const bool whole = rng::whole_quads(a, width, a_stride) && rng::whole_quads(b, width, b_stride)
                       && rng::whole_quads(out, width, out_stride);
    for (int64_t item = rng::first_item(); item < rows->count * quads; item += rng::item_stride()) {
        const rng::Quad at = rng::quad_of(item, quads);
        if (!row_alive(rows, at.row)) continue;
        const int32_t d = 4 * at.quad;
        const float4 p = rng::load_quad(a + at.row * a_stride, d, width, whole);
        const float4 q = rng::load_quad(b + at.row * b_stride, d, width, whole);
        rng::store_quad(out + at.row * out_stride, d, width, whole, make_float4(p.x + q.x, p.y + q.y, p.z + q.z, p.w + q.w));
    }
}

// numbers_f32 — out[k stride] <- number k, one to four of them, ordered in the stream: the time of an evaluation, or what follows from it
//
//   shape  one thread
//   moves  4 bytes a number
extern "C" __global__ void __launch_bounds__(1)
numbers_f32(float* __restrict__ out, int32_t count, int32_t stride, float a, float b, float c, float d) {
    const float numbers[4] = {a, b, c, d};
    #pragma unroll
    for (int k = 0; k < 4; ++k) {
        if (k < count) out[int64_t(k) * stride] = numbers[k];
    }
}
