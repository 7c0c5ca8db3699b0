// activation_f32        out = act(x)
// activation_slope_f32  out = d act'(pre): backward, and the tangent forward
// activation_bend_f32   backward through an activation and its tangent at once: pre_back = act'(pre) back + act''(pre) tangent tangent_back,
//                       tangent_pre_back = act'(pre) tangent_back, where the tangent out was act'(pre) tangent
//
//   rows   [count, width] with a stride each (x, pre, d: 0 is one row for all); out may be the memory of any of them
//   shape  one quad of a row a thread at a time; the launch shape does not change a bit of the result
//   moves  8, 12 and 24 bytes an element
#include "rng/quads.cuh"
#include "score/activation.cuh"

namespace activation {
__device__ __forceinline__ float4 activate_quad(const int32_t activation, const float4 v) {
    return make_float4(activate(activation, v.x), activate(activation, v.y), activate(activation, v.z), activate(activation, v.w));
}

__device__ __forceinline__ float4 slope_quad(const int32_t activation, const float4 d, const float4 v) {
    return make_float4(d.x * activation_slope(activation, v.x), d.y * activation_slope(activation, v.y),
                       d.z * activation_slope(activation, v.z), d.w * activation_slope(activation, v.w));
}
}  // namespace activation

extern "C" __global__ void __launch_bounds__(256)
activation_f32(const float* x, float* out, const RowSet* __restrict__ rows, int32_t width, int32_t x_stride, int32_t out_stride,
               int32_t activation) {
    const int32_t quads = (width + 3) / 4;
    const bool whole = rng::whole_quads(x, width, x_stride) && rng::whole_quads(out, width, out_stride);
    for (int64_t item = rng::first_item(); item < rows->count * quads; item += rng::item_stride()) {
        const rng::Quad at = rng::quad_of(item, quads);
        if (!row_alive(rows, at.row)) continue;
        const int32_t d = 4 * at.quad;
        const float4 v = rng::load_quad(x + at.row * x_stride, d, width, whole);
        rng::store_quad(out + at.row * out_stride, d, width, whole, activation::activate_quad(activation, v));
    }
}

extern "C" __global__ void __launch_bounds__(256)
activation_slope_f32(const float* pre, const float* d, float* out, const RowSet* __restrict__ rows, int32_t width, int32_t pre_stride,
                     int32_t d_stride, int32_t out_stride, int32_t activation) {
    const int32_t quads = (width + 3) / 4;
    const bool whole = rng::whole_quads(pre, width, pre_stride) && rng::whole_quads(d, width, d_stride)
                       && rng::whole_quads(out, width, out_stride);
    for (int64_t item = rng::first_item(); item < rows->count * quads; item += rng::item_stride()) {
        const rng::Quad at = rng::quad_of(item, quads);
        if (!row_alive(rows, at.row)) continue;
        const int32_t c = 4 * at.quad;
        const float4 v = rng::load_quad(pre + at.row * pre_stride, c, width, whole);
        const float4 from = rng::load_quad(d + at.row * d_stride, c, width, whole);
        rng::store_quad(out + at.row * out_stride, c, width, whole, activation::slope_quad(activation, from, v));
    }
}

// All of the same width, dense or not: strides of pre, tangent, back, tangent_back, pre_back, tangent_pre_back. The results may be the memory of
// the two they come from.
extern "C" __global__ void __launch_bounds__(256)
activation_bend_f32(const float* pre, const float* tangent, const float* back, const float* tangent_back, float* pre_back, float* tangent_pre_back,
                    const RowSet* __restrict__ rows, int32_t width, int32_t pre_stride, int32_t tangent_stride, int32_t back_stride,
                    int32_t tangent_back_stride, int32_t pre_back_stride, int32_t tangent_pre_back_stride, int32_t activation) {
    for (int64_t item = rng::first_item(); item < rows->count * width; item += rng::item_stride()) {
        const int64_t row = item / width, c = item - row * width;
        if (!row_alive(rows, row)) continue;
        const float v = pre[row * pre_stride + c];
        const float slope = activation_slope(activation, v), bend = activation_curvature(activation, v) * tangent[row * tangent_stride + c];
        const float from = back[row * back_stride + c], along = tangent_back[row * tangent_back_stride + c];
        pre_back[row * pre_back_stride + c] = fmaf(bend, along, slope * from);
        tangent_pre_back[row * tangent_pre_back_stride + c] = slope * along;
    }
}
