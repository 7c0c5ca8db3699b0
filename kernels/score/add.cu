// add_f32 — out <- a + b, row by row: the way around a residual block
//
//   shape  one thread an element, with the stride of the grid; out may be the very memory of a or b
//   moves  12 bytes an element
#include "rows.cuh"

extern "C" __global__ void __launch_bounds__(256)
add_f32(const float* a, const float* b, float* out, const RowSet* __restrict__ rows, int32_t width, int32_t a_stride, int32_t b_stride,
        int32_t out_stride) {
    const int64_t items = rows->count * width;
    const int64_t step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t item = blockIdx.x * int64_t(blockDim.x) + threadIdx.x; item < items; item += step) {
        const int64_t r = item / width;
        const int64_t d = item % width;
        if (row_alive(rows, r)) out[r * out_stride + d] = a[r * a_stride + d] + b[r * b_stride + d];
    }
}

// scalar_f32 — one number into device memory, ordered in the stream: the time of an evaluation
//
//   shape  one thread
extern "C" __global__ void __launch_bounds__(1)
scalar_f32(float* __restrict__ out, float value) {
    *out = value;
}
