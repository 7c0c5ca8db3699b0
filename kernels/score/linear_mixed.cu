// linear_f16, linear_bf16            out[r][j] = act(pre), pre = bias[j] + add[r][j] + sum_k x[r][k] w[k][j]
// linear_weight_gradient_f16, _bf16  partial[c][i][j] = sum over the rows r of chunk c of x[r][i] d[r][j]; partial[c][in][j] of d[r][j]
// linear_pack_f16, linear_pack_bf16  weights from f32 into the order of the fragments, rounded to nearest even
//
//   x       f32 rows, rounded to 16 bits as they are loaded; bias, add, out, pre f32; sums in f32 by mma.sync m16n8k16
//   packed  blocks of 16 k by 16 columns, 512 bytes each, column blocks first; in a block lane l = 4 g + q holds 16 bytes:
//           for the first and then the second 8 columns, column g of k = 2q, 2q+1, 2q+8, 2q+9; zeros beyond the matrix
//   shape   a warp 32 rows by 64 columns, a block four warps below each other; rows in strides of the grid.
//           weight gradient: a block 64 inputs by 64 outputs of a chunk, a warp 16 of the inputs; 16 rows at a time through shared
//           memory as pairs of rows; d is summed for the bias in f32, unrounded
//   order   the hardware's inside a product of sixteen: held to a bound, not to bits; the launch shape still changes no bit
//   moves   4 (in + width) bytes a row; weights come from the first cache, 16 bytes a lane
#include "rows.cuh"
#include "score/activation.cuh"
#include "score/chunks.cuh"
#include "score/operands.cuh"

namespace mixed {

constexpr int32_t THREADS = 128;
constexpr int32_t WARP_ROWS = 32;
constexpr int32_t BLOCK_ROWS = THREADS / 32 * WARP_ROWS;
constexpr int32_t COLUMNS = 64;
constexpr int32_t PITCH = COLUMNS + 8;  // spreads the rows of a fragment over all banks

// x[k], x[k + 1] as a pair; zeros beyond the row. wide: k even and the row on 8 bytes
template <class Type>
__device__ __forceinline__ uint32_t load_pair(const float* row, const int32_t k, const int32_t in, const bool there, const bool wide) {
    if (!there) return 0;
    if (wide && k + 1 < in) {
        const float2 v = *reinterpret_cast<const float2*>(row + k);
        return Type::pair(v.x, v.y);
    }
    return Type::pair(k < in ? row[k] : 0.0f, k + 1 < in ? row[k + 1] : 0.0f);
}

template <class Type>
__device__ __forceinline__ void linear(const float* __restrict__ x, const uint16_t* __restrict__ packed, const float* __restrict__ bias,
                                       const float* add, float* out, float* pre, const RowSet* __restrict__ rows, const int32_t in,
                                       const int32_t width, const int32_t x_stride, const int32_t add_stride, const int32_t out_stride,
                                       const int32_t pre_stride, const int32_t activation) {
    TWEEDIE_STATIC_SHARED(float, staged, THREADS / 32 * 16 * PITCH);
    const int32_t lane = int32_t(threadIdx.x) % 32, warp = int32_t(threadIdx.x) / 32;
    const int32_t g = lane / 4, q = lane % 4;
    const int32_t column = int32_t(blockIdx.x) * COLUMNS;
    const int32_t depth = (in + 15) / 16;
    const bool wide = x_stride % 2 == 0 && reinterpret_cast<uintptr_t>(x) % 8 == 0;
    float* const mine = staged + warp * 16 * PITCH;
    const int32_t columns = width - column < COLUMNS ? width - column : COLUMNS;

    for (int64_t tile = blockIdx.y * int64_t(BLOCK_ROWS); tile < rows->count; tile += gridDim.y * int64_t(BLOCK_ROWS)) {
        const int64_t row = tile + warp * WARP_ROWS;
        const int64_t left = rows->count - row;
        if (left <= 0) continue;  // the whole warp
        float sum[2][8][4];
        #pragma unroll
        for (int32_t m = 0; m < 2; ++m) {
            #pragma unroll
            for (int32_t n = 0; n < 8; ++n) {
                #pragma unroll
                for (int32_t i = 0; i < 4; ++i) {
                    const int32_t r = 16 * m + g + 8 * (i / 2), j = column + 8 * n + 2 * q + i % 2;
                    const bool inside = r < left && j < width;
                    const float start = inside && bias != nullptr ? bias[j] : 0.0f;
                    sum[m][n][i] = inside && add != nullptr ? start + add[(row + r) * add_stride + j] : start;
                }
            }
        }
        #pragma unroll 1
        for (int32_t kb = 0; kb < depth; ++kb) {
            uint32_t a[2][4];
            #pragma unroll
            for (int32_t m = 0; m < 2; ++m) {
                #pragma unroll
                for (int32_t i = 0; i < 4; ++i) {
                    const int32_t r = 16 * m + g + 8 * (i % 2), k = 16 * kb + 2 * q + 8 * (i / 2);
                    a[m][i] = load_pair<Type>(x + (row + r) * x_stride, k, in, r < left, wide);
                }
            }
            #pragma unroll
            for (int32_t nb = 0; nb < 4; ++nb) {
                if (16 * nb >= columns) break;  // the whole grid column
                const int64_t block = (column / 16 + nb) * int64_t(depth) + kb;
                const uint4 w = load_b128(packed + (block * 32 + lane) * 8);
                const uint32_t first[2] = {w.x, w.y}, second[2] = {w.z, w.w};
                #pragma unroll
                for (int32_t m = 0; m < 2; ++m) {
                    Type::multiply(sum[m][2 * nb], a[m], first);
                    Type::multiply(sum[m][2 * nb + 1], a[m], second);
                }
            }
        }
        // sixteen rows at a time through shared memory: the activation is compiled once, and stores run along memory
        #pragma unroll
        for (int32_t m = 0; m < 2; ++m) {
            __syncwarp();
            #pragma unroll
            for (int32_t n = 0; n < 8; ++n) {
                #pragma unroll
                for (int32_t i = 0; i < 4; ++i) mine[(g + 8 * (i / 2)) * PITCH + 8 * n + 2 * q + i % 2] = sum[m][n][i];
            }
            __syncwarp();
            #pragma unroll 1
            for (int32_t r = 0; r < 16 && 16 * m + r < left; ++r) {
                const int64_t at = row + 16 * m + r;
                if (!row_alive(rows, at)) continue;
                for (int32_t j = lane; j < columns; j += 32) {
                    const float value = mine[r * PITCH + j];
                    if (pre != nullptr) pre[at * pre_stride + column + j] = value;
                    out[at * out_stride + column + j] = activate(activation, value);
                }
            }
        }
    }
}

// a slice of 16 rows as 8 pairs, pair p of column j at p * PITCH + j; zeros for rows and columns that are not there
template <class Type>
__device__ __forceinline__ void load_slice(uint32_t* slice, const float* __restrict__ rows_at, const int32_t first, const int32_t depth,
                                           const int64_t stride, const int32_t columns, const float* alive) {
    #pragma unroll
    for (int32_t i = 0; i < 8 * COLUMNS / THREADS; ++i) {
        const int32_t e = int32_t(threadIdx.x) + THREADS * i;
        const int32_t p = e / COLUMNS, j = e % COLUMNS, r = first + 2 * p;
        const bool lo = j < columns && r < depth && (alive == nullptr || alive[r] > 0.0f);
        const bool hi = j < columns && r + 1 < depth && (alive == nullptr || alive[r + 1] > 0.0f);
        slice[p * PITCH + j] = Type::pair(lo ? rows_at[r * stride + j] : 0.0f, hi ? rows_at[(r + 1) * stride + j] : 0.0f);
    }
}

template <class Type>
__device__ __forceinline__ void weight_gradient(const float* __restrict__ x, const float* __restrict__ d, float* __restrict__ partial,
                                                const RowSet* __restrict__ rows, const int32_t in, const int32_t width,
                                                const int32_t x_stride, const int32_t d_stride, const int32_t with_bias) {
    TWEEDIE_STATIC_SHARED(uint32_t, xs, 8 * PITCH);
    TWEEDIE_STATIC_SHARED(uint32_t, ds, 8 * PITCH);
    const int64_t chunk = chunks::length(rows->count);
    const int64_t from = blockIdx.z * chunk;
    if (from >= rows->count) return;
    const int32_t depth = int32_t(rows->count - from < chunk ? rows->count - from : chunk);
    const float* const alive = rows->alive == nullptr ? nullptr : rows->alive + from;
    float* const mine = partial + blockIdx.z * (int64_t(in) + 1) * width;
    const int32_t row = int32_t(blockIdx.x) * COLUMNS, column = int32_t(blockIdx.y) * COLUMNS;
    if (row >= in) {  // the blocks of the bias
        const int32_t j = column + int32_t(threadIdx.x);
        if (with_bias == 0 || int32_t(threadIdx.x) >= COLUMNS || j >= width) return;
        mine[int64_t(in) * width + j] = chunks::column_sum(d + from * d_stride, alive, depth, d_stride, j);
        return;
    }
    const int32_t lane = int32_t(threadIdx.x) % 32, g = lane / 4, q = lane % 4;
    const int32_t m0 = 16 * (int32_t(threadIdx.x) / 32);
    float sum[8][4] = {};
    for (int32_t first = 0; first < depth; first += 16) {
        __syncthreads();
        load_slice<Type>(xs, x + from * x_stride + row, first, depth, x_stride, in - row, alive);
        load_slice<Type>(ds, d + from * d_stride + column, first, depth, d_stride, width - column, alive);
        __syncthreads();
        const uint32_t a[4] = {xs[q * PITCH + m0 + g], xs[q * PITCH + m0 + g + 8], xs[(q + 4) * PITCH + m0 + g],
                               xs[(q + 4) * PITCH + m0 + g + 8]};
        #pragma unroll
        for (int32_t n = 0; n < 8; ++n) {
            const uint32_t b[2] = {ds[q * PITCH + 8 * n + g], ds[(q + 4) * PITCH + 8 * n + g]};
            Type::multiply(sum[n], a, b);
        }
    }
    #pragma unroll
    for (int32_t n = 0; n < 8; ++n) {
        #pragma unroll
        for (int32_t i = 0; i < 4; ++i) {
            const int32_t at = row + m0 + g + 8 * (i / 2), j = column + 8 * n + 2 * q + i % 2;
            if (at < in && j < width) mine[int64_t(at) * width + j] = sum[n][i];
        }
    }
}

// one thread 16 bytes
template <class Type>
__device__ __forceinline__ void pack(const float* __restrict__ w, uint16_t* __restrict__ packed, const int32_t in, const int32_t width,
                                     const int32_t k_stride, const int32_t column_stride) {
    const int32_t depth = (in + 15) / 16;
    const int64_t items = int64_t(depth) * ((width + 15) / 16) * 32;
    for (int64_t item = blockIdx.x * int64_t(blockDim.x) + threadIdx.x; item < items; item += gridDim.x * int64_t(blockDim.x)) {
        const int32_t lane = int32_t(item % 32);
        const int32_t kb = int32_t(item / 32 % depth);
        const int32_t nb = int32_t(item / 32 / depth);
        uint32_t words[4];
        #pragma unroll
        for (int32_t i = 0; i < 4; ++i) {
            const int32_t k = 16 * kb + 2 * (lane % 4) + 8 * (i % 2), j = 16 * nb + 8 * (i / 2) + lane / 4;
            const float* const from = w + int64_t(k) * k_stride + int64_t(j) * column_stride;
            words[i] = Type::pair(k < in && j < width ? from[0] : 0.0f, k + 1 < in && j < width ? from[k_stride] : 0.0f);
        }
        store_b128(packed + item * 8, make_uint4(words[0], words[1], words[2], words[3]));
    }
}

}  // namespace mixed

extern "C" __global__ void __launch_bounds__(mixed::THREADS)
linear_f16(const float* __restrict__ x, const uint16_t* __restrict__ packed, const float* __restrict__ bias, const float* add, float* out,
           float* pre, const RowSet* __restrict__ rows, int32_t in, int32_t width, int32_t x_stride, int32_t add_stride, int32_t out_stride,
           int32_t pre_stride, int32_t activation) {
    mixed::linear<mixed::F16>(x, packed, bias, add, out, pre, rows, in, width, x_stride, add_stride, out_stride, pre_stride, activation);
}

extern "C" __global__ void __launch_bounds__(mixed::THREADS)
linear_bf16(const float* __restrict__ x, const uint16_t* __restrict__ packed, const float* __restrict__ bias, const float* add, float* out,
            float* pre, const RowSet* __restrict__ rows, int32_t in, int32_t width, int32_t x_stride, int32_t add_stride, int32_t out_stride,
            int32_t pre_stride, int32_t activation) {
    mixed::linear<mixed::BF16>(x, packed, bias, add, out, pre, rows, in, width, x_stride, add_stride, out_stride, pre_stride, activation);
}

// grid: tiles of inputs (and one more for the bias), tiles of outputs, chunks
extern "C" __global__ void __launch_bounds__(mixed::THREADS)
linear_weight_gradient_f16(const float* __restrict__ x, const float* __restrict__ d, float* __restrict__ partial,
                           const RowSet* __restrict__ rows, int32_t in, int32_t width, int32_t x_stride, int32_t d_stride,
                           int32_t with_bias) {
    mixed::weight_gradient<mixed::F16>(x, d, partial, rows, in, width, x_stride, d_stride, with_bias);
}

extern "C" __global__ void __launch_bounds__(mixed::THREADS)
linear_weight_gradient_bf16(const float* __restrict__ x, const float* __restrict__ d, float* __restrict__ partial,
                            const RowSet* __restrict__ rows, int32_t in, int32_t width, int32_t x_stride, int32_t d_stride,
                            int32_t with_bias) {
    mixed::weight_gradient<mixed::BF16>(x, d, partial, rows, in, width, x_stride, d_stride, with_bias);
}

// k_stride, column_stride: of w, so that a transposed matrix is packed where it lies
extern "C" __global__ void __launch_bounds__(256)
linear_pack_f16(const float* __restrict__ w, uint16_t* __restrict__ packed, int32_t in, int32_t width, int32_t k_stride,
                int32_t column_stride) {
    mixed::pack<mixed::F16>(w, packed, in, width, k_stride, column_stride);
}

extern "C" __global__ void __launch_bounds__(256)
linear_pack_bf16(const float* __restrict__ w, uint16_t* __restrict__ packed, int32_t in, int32_t width, int32_t k_stride,
                 int32_t column_stride) {
    mixed::pack<mixed::BF16>(w, packed, in, width, k_stride, column_stride);
}
