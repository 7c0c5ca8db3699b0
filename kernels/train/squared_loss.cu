// squared_loss_gradient_f32 — the loss of each row and what goes back into the network
//
//   loss[r]       = w[r] |out[r] - target[r]|^2
//   cotangent[r]  = 2 scale w[r] (out[r] - target[r])      scale = 1 / batch makes it the gradient of the mean
//   weight        null for w = 1; stride 0 for one weight for all
//   shape         one thread a row, with the stride of the grid
//   moves         4 (3 width + 2) bytes a row
#include "rows.cuh"
#include "train/squared_loss.cuh"

extern "C" __global__ void __launch_bounds__(256)
squared_loss_gradient_f32(const float* out, const float* target, const float* __restrict__ weight,
                          float* cotangent, float* __restrict__ loss, const RowSet* __restrict__ rows, int32_t width,
                          int32_t out_stride, int32_t target_stride, int32_t weight_stride, int32_t cotangent_stride, float scale) {
    const int64_t step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t r = blockIdx.x * int64_t(blockDim.x) + threadIdx.x; r < rows->count; r += step) {
        if (!row_alive(rows, r)) continue;
        const float w = weight == nullptr ? 1.0f : weight[r * weight_stride];
        loss[r] = squared_loss_row(out + r * out_stride, target + r * target_stride, w, scale, cotangent + r * cotangent_stride, width);
    }
}
