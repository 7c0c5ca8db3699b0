// activation_f32        out = act(x)
// activation_slope_f32  out = d act'(pre): backward, and the tangent forward
//
//   rows   [count, width] with a stride each (x, pre, d: 0 is one row for all); out may be the memory of any of them
//   shape  one thread an element at a time; the launch shape does not change a bit of the result
//   moves  8 and 12 bytes an element
#include "rows.cuh"
#include "score/activation.cuh"

extern "C" __global__ void __launch_bounds__(256)
activation_f32(const float* x, float* out, const RowSet* __restrict__ rows, int32_t width, int32_t x_stride, int32_t out_stride,
               int32_t activation) {
    const int64_t items = rows->count * width;
    for (int64_t item = blockIdx.x * int64_t(blockDim.x) + threadIdx.x; item < items; item += gridDim.x * int64_t(blockDim.x)) {
        const int64_t r = item / width;
        const int64_t j = item % width;
        if (row_alive(rows, r)) out[r * out_stride + j] = activate(activation, x[r * x_stride + j]);
    }
}

extern "C" __global__ void __launch_bounds__(256)
activation_slope_f32(const float* pre, const float* d, float* out, const RowSet* __restrict__ rows, int32_t width, int32_t pre_stride,
                     int32_t d_stride, int32_t out_stride, int32_t activation) {
    const int64_t items = rows->count * width;
    for (int64_t item = blockIdx.x * int64_t(blockDim.x) + threadIdx.x; item < items; item += gridDim.x * int64_t(blockDim.x)) {
        const int64_t r = item / width;
        const int64_t j = item % width;
        if (!row_alive(rows, r)) continue;
        out[r * out_stride + j] = d[r * d_stride + j] * activation_slope(activation, pre[r * pre_stride + j]);
    }
}
