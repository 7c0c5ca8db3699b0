// squared_loss.cuh — the row-wise loss w |out - target|^2 and its cotangent
#pragma once
#include "cuda.cuh"

// loss and cotangent of one row; coordinates in order, fused
__device__ __forceinline__ float squared_loss_row(const float* out, const float* target, const float weight, const float scale,
                                                  float* cotangent, const int32_t width) {
    const float factor = (scale + scale) * weight;
    float sum = 0.0f;
    for (int32_t d = 0; d < width; ++d) {
        const float error = out[d] - target[d];
        sum = fmaf(error, error, sum);
        cotangent[d] = factor * error;
    }
    return weight * sum;
}
