// pairs.cuh: all pairs of two samples, a tile of 64 rows against tiles of 64 columns; no pair is ever stored
//
//   s_ij = |x_i - y_j|^2     differences first, then k-ordered fused multiply-adds: within (dim + 2) 2^-24 of itself, however far the mean
//   columns  y is cut in chunks of `chunk` columns (a multiple of 64; by the number of columns alone), so that few rows fill a GPU too;
//            what a row makes of each chunk is a part, and parts are put together in the order of the chunks by a kernel of their own
//   order    in a tile thread (ty, tx) has rows 4 ty .. and columns 4 tx ..: lane tx of a row takes four columns of each tile at once, (a + b) +
//            (c + d) in f32, tile after tile in double; then lanes 0 .. 15 in order. No launch shape changes a bit
//   shared   both tiles, 16 coordinates deep, [k][64 and 4 to spare]; and the lanes of 64 rows when a chunk is through
#pragma once
#include "math.cuh"
#include "rows.cuh"

namespace pairs {
constexpr int32_t TILE = 64, SIDE = 4, LANES = TILE / SIDE, THREADS = LANES * LANES, DEEP = 16, PITCH = TILE + 4;
constexpr float NONE = -3.40282347e38f;  // an exponent that is not there

/// Rows of a sample.
struct Sample {
    const float* at;
    int64_t stride, count;
};

/// Coordinates k0 .. of 64 rows from `first` on, transposed; rows beyond the sample are 0.
TWEEDIE_INLINE void load(float* tile, const Sample& sample, const int64_t first, const int32_t k0, const int32_t deep) {
    for (int32_t e = int32_t(threadIdx.x); e < TILE * deep; e += THREADS) {
        const int32_t row = e / deep, k = e - row * deep;
        const int64_t r = first + row;
        tile[k * PITCH + row] = r < sample.count ? sample.at[r * sample.stride + k0 + k] : 0.0f;
    }
}

/// Squares of the thread's four rows and columns. All threads call it.
TWEEDIE_INLINE void squares(float* xs, float* ys, const Sample& x, const Sample& y, const int32_t dim, const int64_t row, const int64_t column,
                            const bool fresh, float (&square)[SIDE][SIDE]) {
    const int32_t tx = int32_t(threadIdx.x) % LANES, ty = int32_t(threadIdx.x) / LANES;
#pragma unroll
    for (int32_t r = 0; r < SIDE; ++r) {
#pragma unroll
        for (int32_t c = 0; c < SIDE; ++c) square[r][c] = 0.0f;
    }
#pragma unroll 1
    for (int32_t k0 = 0; k0 < dim; k0 += DEEP) {
        const int32_t deep = dim - k0 < DEEP ? dim - k0 : DEEP;
        __syncthreads();
        if (fresh || dim > DEEP) load(xs, x, row, k0, deep);
        load(ys, y, column, k0, deep);
        __syncthreads();
#pragma unroll 2
        for (int32_t k = 0; k < deep; ++k) {
            const float4 a = load_f32x4(xs + k * PITCH + SIDE * ty), b = load_f32x4(ys + k * PITCH + SIDE * tx);
            const float of_x[SIDE] = {a.x, a.y, a.z, a.w}, of_y[SIDE] = {b.x, b.y, b.z, b.w};
#pragma unroll
            for (int32_t r = 0; r < SIDE; ++r) {
#pragma unroll
                for (int32_t c = 0; c < SIDE; ++c) {
                    const float apart = of_x[r] - of_y[c];
                    square[r][c] = fmaf(apart, apart, square[r][c]);
                }
            }
        }
    }
}

/// Four rows and four columns of a thread: column c of a chunk that begins at `first` is offset + c, and is there below `length`.
struct Place {
    int64_t row, first;
    int32_t offset, length;

    __device__ bool there(const int32_t c) const { return offset + c < length; }
    __device__ int64_t column(const int32_t c) const { return first + offset + c; }

    /// The column, less `offset`, that is row 0 itself; far from 0 .. 3 where it is none of these.
    __device__ int32_t self() const {
        const int64_t apart = row - first - offset;
        return apart > -SIDE && apart < SIDE ? int32_t(apart) : 2 * SIDE;
    }
};

/// Every tile of rows against every chunk: start(place) once, take(place, squares) tile by tile, leave(where the thread's lanes go in shared
/// memory), then meet(row of the tile, its place among the parts) by the threads that have one.
template <class Fold>
TWEEDIE_INLINE void each(float* xs, float* ys, const RowSet* __restrict__ rows, const Sample& x, const Sample& y, const int32_t dim,
                         const int64_t chunk, Fold& fold) {
    const int64_t chunks = (y.count + chunk - 1) / chunk, items = (x.count + TILE - 1) / TILE * chunks;
    const int32_t tx = int32_t(threadIdx.x) % LANES, ty = int32_t(threadIdx.x) / LANES;
    for (int64_t item = blockIdx.x; item < items; item += gridDim.x) {
        const int64_t part = item % chunks, row = item / chunks * TILE, first = part * chunk;
        const int32_t length = int32_t(y.count - first < chunk ? y.count - first : chunk);
        fold.start({row + SIDE * ty, first, SIDE * tx, length}, x.count);
        for (int32_t offset = 0; offset < length; offset += TILE) {
            float square[SIDE][SIDE];
            squares(xs, ys, x, y, dim, row, first + offset, offset == 0, square);
            fold.take({row + SIDE * ty, first, offset + SIDE * tx, length}, square);
        }
        fold.leave(tx * TILE + SIDE * ty);
        __syncthreads();
        if (threadIdx.x < TILE && row + threadIdx.x < x.count) fold.meet(int32_t(threadIdx.x), part * x.count + row + threadIdx.x);
        // whoever leaves lanes again has passed the barriers of the next tile
    }
}

/// A sum of exponentials as e^top sum, so that none overflows.
struct Soft {
    float top;
    double sum;
};

TWEEDIE_INLINE Soft join(const Soft a, const Soft b) {
    if (!(b.top > NONE)) return a;
    if (b.top > a.top) return {b.top, a.sum * double(approx::exp(a.top - b.top)) + b.sum};
    return {a.top, a.sum + b.sum * double(approx::exp(b.top - a.top))};
}
}  // namespace pairs
