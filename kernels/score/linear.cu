// linear_f32                      out[r][j] = act(pre), pre = bias[j] + add[r][j] + sum_k x[r][k] w[k][j]
// linear_input_gradient_f32       dx[r][i] (+)= sum_j d[r][j] w[i][j]
// linear_weight_gradient_f32      partial[c][i][j] = sum over the rows r of chunk c of x[r][i] d[r][j]; partial[c][in][j] of d[r][j]
// linear_weight_gradient_sum_f32  dw[i][j] (+)= sum_c partial[c][i][j], dbias likewise
//
//   w      [in, width] row-major; x, add, out, pre, d, dx: rows with a stride each (0: one row for all)
//   order  a sum starts at what it is added to and takes its products one by one, by fused multiply-add
//   shape  64 x 64 tiles by 128 threads (tile.cuh), tiles of rows in strides of the grid: no launch shape changes a bit;
//          tiles of columns are neighbours in launch order, so that rows are read from memory once
//   moves  linear_f32: 4 (in + width) bytes a row, and the weights once a tile of rows
#include "rows.cuh"
#include "score/activation.cuh"
#include "score/chunks.cuh"
#include "score/tile.cuh"

// Rows of x down, k along memory.
struct RowsByK {
    static constexpr bool K_FIRST = true;
    const float* x;
    int64_t stride, rows;
    __device__ __forceinline__ float operator()(const int32_t k, const int32_t m) const { return m < rows ? x[m * stride + k] : 0.0f; }
};

// A matrix with k down, columns along memory.
struct KByColumns {
    static constexpr bool K_FIRST = false;
    const float* w;
    int64_t stride;
    int32_t columns;
    __device__ __forceinline__ float operator()(const int32_t k, const int32_t n) const { return n < columns ? w[k * stride + n] : 0.0f; }
};

// Rows of a chunk as k: dead rows count as zero.
struct LivingRows {
    static constexpr bool K_FIRST = false;
    const float* x;
    int64_t stride;
    int32_t columns;
    const float* alive;
    __device__ __forceinline__ float operator()(const int32_t k, const int32_t m) const {
        return m < columns && (alive == nullptr || alive[k] > 0.0f) ? x[k * stride + m] : 0.0f;
    }
};

extern "C" __global__ void __launch_bounds__(tile::THREADS, 3)
linear_f32(const float* __restrict__ x, const float* __restrict__ w, const float* __restrict__ bias, const float* add, float* out, float* pre,
           const RowSet* __restrict__ rows, int32_t in, int32_t width, int32_t x_stride, int32_t add_stride, int32_t out_stride,
           int32_t pre_stride, int32_t activation) {
    TWEEDIE_STATIC_SHARED(float, a, tile::SLICE);
    TWEEDIE_STATIC_SHARED(float, b, tile::SLICE);
    TWEEDIE_STATIC_SHARED(float, done, tile::SIDE * tile::PITCH);
    const int32_t column = int32_t(blockIdx.x) * tile::SIDE;
    const int32_t m0 = tile::first_row(), n0 = tile::first_column();

    for (int64_t row = blockIdx.y * int64_t(tile::SIDE); row < rows->count; row += gridDim.y * int64_t(tile::SIDE)) {
        const int64_t left = rows->count - row;
        float sum[8][4];
        #pragma unroll
        for (int32_t i = 0; i < 8; ++i) {
            #pragma unroll
            for (int32_t j = 0; j < 4; ++j) {
                const bool inside = m0 + i < left && column + n0 + j < width;
                const float start = inside && bias != nullptr ? bias[column + n0 + j] : 0.0f;
                sum[i][j] = inside && add != nullptr ? start + add[(row + m0 + i) * add_stride + column + n0 + j] : start;
            }
        }
        tile::accumulate(sum, in, RowsByK{x + row * x_stride, x_stride, left}, KByColumns{w + column, width, width - column}, a, b);

        // through shared memory, so that the activation is compiled once and stores run along memory
        #pragma unroll
        for (int32_t i = 0; i < 8; ++i) {
            store_f32x4(done + (m0 + i) * tile::PITCH + n0, make_float4(sum[i][0], sum[i][1], sum[i][2], sum[i][3]));
        }
        __syncthreads();
        const int32_t j = int32_t(threadIdx.x) % tile::SIDE;
        if (column + j < width) {
            #pragma unroll 1
            for (int32_t i = int32_t(threadIdx.x) / tile::SIDE; i < tile::SIDE && i < left; i += tile::THREADS / tile::SIDE) {
                if (!row_alive(rows, row + i)) continue;
                const float value = done[i * tile::PITCH + j];
                if (pre != nullptr) pre[(row + i) * pre_stride + column + j] = value;
                out[(row + i) * out_stride + column + j] = activate(activation, value);
            }
        }
        __syncthreads();
    }
}

// W with outputs down: k is the output.
struct OutputsByInputs {
    static constexpr bool K_FIRST = true;
    const float* w;
    int64_t stride;
    int32_t inputs;
    __device__ __forceinline__ float operator()(const int32_t k, const int32_t i) const { return i < inputs ? w[i * stride + k] : 0.0f; }
};

extern "C" __global__ void __launch_bounds__(tile::THREADS, 3)
linear_input_gradient_f32(const float* __restrict__ d, const float* __restrict__ w, float* __restrict__ dx, const RowSet* __restrict__ rows,
                          int32_t in, int32_t width, int32_t d_stride, int32_t dx_stride, int32_t accumulate) {
    TWEEDIE_STATIC_SHARED(float, a, tile::SLICE);
    TWEEDIE_STATIC_SHARED(float, b, tile::SLICE);
    const int32_t column = int32_t(blockIdx.x) * tile::SIDE;
    const int32_t m0 = tile::first_row(), n0 = tile::first_column();

    for (int64_t row = blockIdx.y * int64_t(tile::SIDE); row < rows->count; row += gridDim.y * int64_t(tile::SIDE)) {
        const int64_t left = rows->count - row;
        float sum[8][4];
        #pragma unroll
        for (int32_t i = 0; i < 8; ++i) {
            #pragma unroll
            for (int32_t j = 0; j < 4; ++j) {
                const bool inside = m0 + i < left && column + n0 + j < in;
                sum[i][j] = 0.0f + (inside && accumulate != 0 ? dx[(row + m0 + i) * dx_stride + column + n0 + j] : 0.0f);  // -0 counts as 0
            }
        }
        tile::accumulate(sum, width, RowsByK{d + row * d_stride, d_stride, left},
                         OutputsByInputs{w + int64_t(column) * width, width, in - column}, a, b);
        #pragma unroll
        for (int32_t i = 0; i < 8; ++i) {
            if (m0 + i >= left || !row_alive(rows, row + m0 + i)) continue;
            #pragma unroll
            for (int32_t j = 0; j < 4; ++j) {
                if (column + n0 + j < in) dx[(row + m0 + i) * dx_stride + column + n0 + j] = sum[i][j];
            }
        }
    }
}

// grid: tiles of inputs (and one more for the bias), tiles of outputs, chunks
extern "C" __global__ void __launch_bounds__(tile::THREADS, 3)
linear_weight_gradient_f32(const float* __restrict__ x, const float* __restrict__ d, float* __restrict__ partial,
                           const RowSet* __restrict__ rows, int32_t in, int32_t width, int32_t x_stride, int32_t d_stride,
                           int32_t with_bias) {
    TWEEDIE_STATIC_SHARED(float, a, tile::SLICE);
    TWEEDIE_STATIC_SHARED(float, b, tile::SLICE);
    const int64_t chunk = chunks::length(rows->count);
    const int64_t from = blockIdx.z * chunk;
    if (from >= rows->count) return;
    const int32_t depth = int32_t(rows->count - from < chunk ? rows->count - from : chunk);
    const float* const alive = rows->alive == nullptr ? nullptr : rows->alive + from;
    float* const mine = partial + blockIdx.z * (int64_t(in) + 1) * width;
    const int32_t row = int32_t(blockIdx.x) * tile::SIDE;
    const int32_t column = int32_t(blockIdx.y) * tile::SIDE;

    if (row >= in) {  // the blocks of the bias
        const int32_t j = column + int32_t(threadIdx.x);
        if (with_bias == 0 || int32_t(threadIdx.x) >= tile::SIDE || j >= width) return;
        mine[int64_t(in) * width + j] = chunks::column_sum(d + from * d_stride, alive, depth, d_stride, j);
        return;
    }
    float sum[8][4] = {};
    tile::accumulate(sum, depth, LivingRows{x + from * x_stride + row, x_stride, in - row, alive},
                     LivingRows{d + from * d_stride + column, d_stride, width - column, alive}, a, b);
    const int32_t m0 = tile::first_row(), n0 = tile::first_column();
    #pragma unroll
    for (int32_t i = 0; i < 8; ++i) {
        #pragma unroll
        for (int32_t j = 0; j < 4; ++j) {
            if (row + m0 + i < in && column + n0 + j < width) mine[(row + m0 + i) * int64_t(width) + column + n0 + j] = sum[i][j];
        }
    }
}

// one thread a weight; the bias's after the matrix
extern "C" __global__ void __launch_bounds__(256)
linear_weight_gradient_sum_f32(const float* __restrict__ partial, float* __restrict__ dw, float* __restrict__ dbias,
                               const RowSet* __restrict__ rows, int32_t in, int32_t width, int32_t accumulate) {
    const int64_t matrix = int64_t(in) * width;
    const int64_t each = matrix + width;
    const int64_t chunk = chunks::length(rows->count);
    const int64_t pieces = (rows->count + chunk - 1) / chunk;
    const int64_t items = dbias == nullptr ? matrix : each;
    for (int64_t e = blockIdx.x * int64_t(blockDim.x) + threadIdx.x; e < items; e += gridDim.x * int64_t(blockDim.x)) {
        float* const into = e < matrix ? dw + e : dbias + (e - matrix);
        float sum = accumulate != 0 ? *into : 0.0f;
        for (int64_t c = 0; c < pieces; ++c) sum += partial[c * each + e];
        *into = sum;
    }
}
