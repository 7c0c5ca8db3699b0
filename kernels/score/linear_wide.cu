// linear_wide_f32, linear_wide_input_gradient_f32, linear_wide_weight_gradient_f32
//
//   What linear_f32, linear_input_gradient_f32 and linear_weight_gradient_f32 compute (linear.cu), in the same order: the same bits, by
//   128 x 128 tiles of 256 threads with 8 x 8 sums each (wide_tile.cuh), for products of many tiles.
//
//   moves  as those, with rows and weights read half as often
#include "rows.cuh"
#include "score/activation.cuh"
#include "score/chunks.cuh"
#include "score/wide_tile.cuh"

namespace wide {

// Rows down, k along memory.
struct RowsByK {
    static constexpr bool K_FIRST = true;
    const float* x;
    int32_t stride, rows, depth;
    bool wide;
    __device__ __forceinline__ RowsByK(const float* x, const int32_t stride, const int64_t rows, const int32_t depth)
        : x(x), stride(stride), rows(int32_t(rows < SIDE ? rows : SIDE)), depth(depth), wide(aligned(x, stride)) {}
    __device__ __forceinline__ float4 four(const int32_t k, const int32_t m) const {
        return load_four(x + int64_t(m) * stride + k, m < rows ? depth - k : 0, wide);
    }
};

// A matrix with k down, columns along memory; k that are not alive count as zero.
struct KByColumns {
    static constexpr bool K_FIRST = false;
    const float* w;
    int32_t stride, columns, depth;
    const float* alive;
    bool wide;
    __device__ __forceinline__ KByColumns(const float* w, const int32_t stride, const int32_t columns, const int32_t depth, const float* alive)
        : w(w), stride(stride), columns(columns), depth(depth), alive(alive), wide(aligned(w, stride)) {}
    __device__ __forceinline__ float4 four(const int32_t k, const int32_t n) const {
        return load_four(w + int64_t(k) * stride + n, k < depth && (alive == nullptr || alive[k] > 0.0f) ? columns - n : 0, wide);
    }
};

template <class Function>
__device__ __forceinline__ void apply(float (&v)[2][8], const Function& function) {
    #pragma unroll
    for (int32_t i = 0; i < 2; ++i) {
        #pragma unroll
        for (int32_t j = 0; j < 8; ++j) v[i][j] = function(v[i][j]);
    }
}

__device__ __forceinline__ void activate_all(float (&v)[2][8], const int32_t activation) {
    switch (activation) {
        case SILU: apply(v, [](const float x) { return activate(SILU, x); }); break;
        case SIN: apply(v, [](const float x) { return activate(SIN, x); }); break;
        case TANH: apply(v, [](const float x) { return activate(TANH, x); }); break;
        case RELU: apply(v, [](const float x) { return activate(RELU, x); }); break;
        case SOFTPLUS: apply(v, [](const float x) { return activate(SOFTPLUS, x); }); break;
        case GELU: apply(v, [](const float x) { return activate(GELU, x); }); break;
        default: break;
    }
}

// of four numbers at into, those below count; aligned: all of them may be stored at once
__device__ __forceinline__ void store_four(float* into, const float* v, const int32_t count, const bool aligned) {
    if (aligned && count >= 4) {
        store_f32x4(into, make_float4(v[0], v[1], v[2], v[3]));
        return;
    }
    #pragma unroll
    for (int32_t i = 0; i < 4; ++i) {
        if (i < count) into[i] = v[i];
    }
}

}  // namespace wide

extern "C" __global__ void __launch_bounds__(wide::THREADS, 2)
linear_wide_f32(const float* __restrict__ x, const float* __restrict__ w, const float* __restrict__ bias, const float* add, float* out,
                float* pre, const RowSet* __restrict__ rows, int32_t in, int32_t width, int32_t x_stride, int32_t add_stride,
                int32_t out_stride, int32_t pre_stride, int32_t activation) {
    TWEEDIE_STATIC_SHARED(float, a, 2 * wide::SLICE);
    TWEEDIE_STATIC_SHARED(float, b, 2 * wide::SLICE);
    const int32_t column = int32_t(blockIdx.x) * wide::SIDE, columns = width - column;

    for (int64_t row = blockIdx.y * int64_t(wide::SIDE); row < rows->count; row += gridDim.y * int64_t(wide::SIDE)) {
        const int64_t left = rows->count - row;
        float sum[8][8];
        #pragma unroll
        for (int32_t j = 0; j < 8; ++j) {
            const int32_t n = wide::column(j);
            const float start = n < columns && bias != nullptr ? bias[column + n] : 0.0f;
            #pragma unroll
            for (int32_t i = 0; i < 8; ++i) sum[i][j] = start;
        }
        if (add != nullptr) {
            #pragma unroll
            for (int32_t i = 0; i < 8; ++i) {
                #pragma unroll
                for (int32_t j = 0; j < 8; ++j) {
                    const int32_t m = wide::row(i), n = wide::column(j);
                    if (m < left && n < columns) sum[i][j] += add[(row + m) * add_stride + column + n];
                }
            }
        }
        wide::accumulate<8>(sum, in, wide::RowsByK(x + row * x_stride, x_stride, left, in),
                         wide::KByColumns(w + column, width, columns, in, nullptr), a, b);

        const bool pre_wide = wide::aligned(pre, pre_stride), out_wide = wide::aligned(out, out_stride);
        #pragma unroll 1
        for (int32_t pair = 0; pair < 4; ++pair) {
            float v[2][8];
            #pragma unroll
            for (int32_t i = 0; i < 2; ++i) {
                #pragma unroll
                for (int32_t j = 0; j < 8; ++j) v[i][j] = sum[i][j];
            }
            const int32_t m = wide::row(0) + pair / 2 * 16 + pair % 2 * 2;
            bool there[2];
            #pragma unroll
            for (int32_t i = 0; i < 2; ++i) there[i] = m + i < left && row_alive(rows, row + m + i);
            if (pre != nullptr) {
                #pragma unroll
                for (int32_t i = 0; i < 4; ++i) {
                    const int32_t n = wide::first_column() + i % 2 * 32;
                    if (there[i / 2]) {
                        wide::store_four(pre + (row + m + i / 2) * pre_stride + column + n, v[i / 2] + i % 2 * 4, columns - n, pre_wide);
                    }
                }
            }
            wide::activate_all(v, activation);
            #pragma unroll
            for (int32_t i = 0; i < 4; ++i) {
                const int32_t n = wide::first_column() + i % 2 * 32;
                if (there[i / 2]) {
                    wide::store_four(out + (row + m + i / 2) * out_stride + column + n, v[i / 2] + i % 2 * 4, columns - n, out_wide);
                }
            }
            // the next rows in the place of these, so that the activation is compiled once
            #pragma unroll
            for (int32_t i = 0; i < 6; ++i) {
                #pragma unroll
                for (int32_t j = 0; j < 8; ++j) sum[i][j] = sum[i + 2][j];
            }
        }
    }
}

extern "C" __global__ void __launch_bounds__(wide::THREADS, 2)
linear_wide_input_gradient_f32(const float* __restrict__ d, const float* __restrict__ w, float* __restrict__ dx,
                               const RowSet* __restrict__ rows, int32_t in, int32_t width, int32_t d_stride, int32_t dx_stride,
                               int32_t accumulate) {
    TWEEDIE_STATIC_SHARED(float, a, 2 * wide::SLICE);
    TWEEDIE_STATIC_SHARED(float, b, 2 * wide::SLICE);
    const int32_t column = int32_t(blockIdx.x) * wide::SIDE, columns = in - column;

    for (int64_t row = blockIdx.y * int64_t(wide::SIDE); row < rows->count; row += gridDim.y * int64_t(wide::SIDE)) {
        const int32_t left = rows->count - row < wide::SIDE ? int32_t(rows->count - row) : wide::SIDE;
        float sum[8][8];
        #pragma unroll
        for (int32_t i = 0; i < 8; ++i) {
            #pragma unroll
            for (int32_t j = 0; j < 8; ++j) {
                const int32_t m = wide::row(i), n = wide::column(j);
                sum[i][j] = 0.0f;
                if (accumulate != 0 && m < left && n < columns) sum[i][j] += dx[(row + m) * dx_stride + column + n];  // -0 counts as 0
            }
        }
        wide::accumulate<4>(sum, width, wide::RowsByK(d + row * d_stride, d_stride, left, width),
                         wide::RowsByK(w + int64_t(column) * width, width, columns, width), a, b);
        #pragma unroll
        for (int32_t i = 0; i < 8; ++i) {
            const int32_t m = wide::row(i);
            if (m >= left || !row_alive(rows, row + m)) continue;
            #pragma unroll
            for (int32_t j = 0; j < 8; j += 4) {
                const int32_t n = wide::column(j);
                wide::store_four(dx + (row + m) * dx_stride + column + n, sum[i] + j, columns - n, wide::aligned(dx, dx_stride));
            }
        }
    }
}

// grid: tiles of inputs (and one more for the bias), tiles of outputs, chunks
extern "C" __global__ void __launch_bounds__(wide::THREADS, 2)
linear_wide_weight_gradient_f32(const float* __restrict__ x, const float* __restrict__ d, float* __restrict__ partial,
                                const RowSet* __restrict__ rows, int32_t in, int32_t width, int32_t x_stride, int32_t d_stride,
                                int32_t with_bias) {
    TWEEDIE_STATIC_SHARED(float, a, 2 * wide::SLICE);
    TWEEDIE_STATIC_SHARED(float, b, 2 * wide::SLICE);
    const int64_t chunk = chunks::length(rows->count);
    const int64_t from = blockIdx.z * chunk;
    if (from >= rows->count) return;
    const int32_t depth = int32_t(rows->count - from < chunk ? rows->count - from : chunk);
    const float* const alive = rows->alive == nullptr ? nullptr : rows->alive + from;
    float* const mine = partial + blockIdx.z * (int64_t(in) + 1) * width;
    const int32_t row = int32_t(blockIdx.x) * wide::SIDE;
    const int32_t column = int32_t(blockIdx.y) * wide::SIDE;

    if (row >= in) {  // the blocks of the bias
        const int32_t j = column + int32_t(threadIdx.x);
        if (with_bias == 0 || int32_t(threadIdx.x) >= wide::SIDE || j >= width) return;
        mine[int64_t(in) * width + j] = chunks::column_sum(d + from * d_stride, alive, depth, d_stride, j);
        return;
    }
    float sum[8][8] = {};
    wide::accumulate<8>(sum, depth, wide::KByColumns(x + from * x_stride + row, x_stride, in - row, depth, alive),
                     wide::KByColumns(d + from * d_stride + column, d_stride, width - column, depth, alive), a, b);
    const bool mine_wide = wide::aligned(mine, width);
    #pragma unroll
    for (int32_t i = 0; i < 8; ++i) {
        const int32_t m = wide::row(i);
        if (row + m >= in) continue;
        #pragma unroll
        for (int32_t j = 0; j < 8; j += 4) {
            const int32_t n = wide::column(j);
            wide::store_four(mine + (row + m) * int64_t(width) + column + n, sum[i] + j, width - column - n, mine_wide);
        }
    }
}
