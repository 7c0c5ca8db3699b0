// batch_f32 — the rows of a training step: sample i is row permute(i mod n) of the data in epoch i / n
//
//   out    [count, width], dense copies of rows of data [n, width]
//   each epoch takes every row once, in an order that (seed, epoch) alone decides; a step may straddle two epochs
//   shape  one row a thread, with the stride of the grid
//   moves  8 width bytes a row
#include "rows.cuh"
#include "train/shuffle.cuh"

extern "C" __global__ void __launch_bounds__(256)
batch_f32(const RowSet* __restrict__ rows, const float* __restrict__ data, int64_t n, int32_t bits, int32_t width, float* __restrict__ out,
          int32_t out_stride, int32_t purpose, int32_t ordinal) {
    const int64_t step = int64_t(gridDim.x) * blockDim.x;
    const uint32_t what = rng::purpose_word(purpose, ordinal);
    for (int64_t r = blockIdx.x * int64_t(blockDim.x) + threadIdx.x; r < rows->count; r += step) {
        if (!row_alive(rows, r)) continue;
        const int64_t i = row_index(rows, r);
        const int64_t epoch = i / n;
        const int64_t row = shuffle::permute(i - epoch * n, n, bits, shuffle::keys(rows->seed, epoch, what));
        for (int32_t d = 0; d < width; ++d) out[r * out_stride + d] = data[row * width + d];
    }
}
