// reduce_partials_f32, reduce_finish_f32 — a sum in a fixed order: the same bits on every device
//
//   elements  numbered row by row; lane l of 65,536 takes elements l, l + 65,536, ... in order, in double
//   meeting   lanes of a block of 256 in a binary tree (lane + 128, + 64, ...), then the 256 blocks likewise
//   kind      0 the elements, 1 their squares, 2 one for each that is not finite
//   grid      any number of blocks up to 256 that holds an element for each; the others count as zero
//
// row_norm2_f32 — out[r] = |x[r]|^2: lane l of 32 takes coordinates l, l + 32, ... in order by fused multiply-add, then a tree
//
//   shape     a warp a row at a time
#include "rows.cuh"

constexpr int32_t REDUCE_LANES = 256;

// the value of lane 0 is the sum of all; called by all 256 threads
__device__ __forceinline__ double meet(double* lanes, const double mine) {
    const int32_t lane = int32_t(threadIdx.x);
    lanes[lane] = mine;
    for (int32_t half = REDUCE_LANES / 2; half > 0; half /= 2) {
        __syncthreads();
        if (lane < half) lanes[lane] += lanes[lane + half];
    }
    return lanes[0];
}

__device__ __forceinline__ double reduce_term(const int32_t kind, const float x) {
    if (kind == 0) return x;
    if (kind == 1) return double(x) * double(x);
    return (__float_as_int(x) & 0x7f800000) == 0x7f800000 ? 1.0 : 0.0;
}

extern "C" __global__ void __launch_bounds__(REDUCE_LANES)
reduce_partials_f32(const float* __restrict__ values, double* __restrict__ partials, const RowSet* __restrict__ rows, int32_t width,
                    int32_t stride, int32_t kind) {
    TWEEDIE_STATIC_SHARED(double, lanes, REDUCE_LANES);
    const int64_t elements = rows->count * width;
    double sum = 0.0;
    for (int64_t e = blockIdx.x * int64_t(REDUCE_LANES) + threadIdx.x; e < elements; e += REDUCE_LANES * REDUCE_LANES) {
        const int64_t r = e / width;
        if (row_alive(rows, r)) sum += reduce_term(kind, values[r * stride + e % width]);
    }
    const double total = meet(lanes, sum);
    if (threadIdx.x == 0) partials[blockIdx.x] = total;
}

extern "C" __global__ void __launch_bounds__(REDUCE_LANES)
reduce_finish_f32(const double* __restrict__ partials, float* __restrict__ out, int32_t count) {
    TWEEDIE_STATIC_SHARED(double, lanes, REDUCE_LANES);
    const double total = meet(lanes, int32_t(threadIdx.x) < count ? partials[threadIdx.x] : 0.0);
    if (threadIdx.x == 0) *out = float(total);
}

extern "C" __global__ void __launch_bounds__(256)
row_norm2_f32(const float* __restrict__ x, float* __restrict__ out, const RowSet* __restrict__ rows, int32_t width, int32_t stride,
              int32_t out_stride) {
    const int32_t lane = int32_t(threadIdx.x) % 32;
    const int64_t warps = gridDim.x * int64_t(blockDim.x) / 32;
    for (int64_t r = (blockIdx.x * int64_t(blockDim.x) + threadIdx.x) / 32; r < rows->count; r += warps) {
        float sum = 0.0f;
        for (int32_t d = lane; d < width; d += 32) {
            const float v = x[r * stride + d];
            sum = fmaf(v, v, sum);
        }
        for (int32_t half = 16; half > 0; half /= 2) sum += __shfl_down_sync(0xffffffffu, sum, half);
        if (lane == 0 && row_alive(rows, r)) out[r * out_stride] = sum;
    }
}
