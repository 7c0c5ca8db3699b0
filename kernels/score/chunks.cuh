// chunks.cuh — rows cut for a weight gradient, by their count alone (org.tweedie.kernels.Linear.chunk), so that no device and no
// launch shape changes a bit: multiples of 64 rows, at most 64 chunks
#pragma once
#include "rows.cuh"

namespace chunks {

__device__ __forceinline__ int64_t length(const int64_t count) {
    const int64_t pieces = (count + 4095) / 4096;
    return 64 * (pieces > 1 ? pieces : 1);
}

// sum over the living rows of a chunk of d[r][j], in their order; alive and d point at the chunk's first row
__device__ __forceinline__ float column_sum(const float* __restrict__ d, const float* alive, const int32_t depth, const int64_t stride,
                                            const int32_t j) {
    float sum = 0.0f;
    for (int32_t r = 0; r < depth; ++r) {
        if (alive == nullptr || alive[r] > 0.0f) sum += d[r * stride + j];
    }
    return sum;
}

}  // namespace chunks
