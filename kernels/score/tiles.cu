// tiles_pack   weights, row-major f32, as tiles (tiles.cuh); type: 0 f16, 1 bf16, 2 tf32
// tiles_thin   act(bias + add + x W) in f32 for few inputs (none: the rounding alone), to rows in tiles: the first layer of tiles_linear_*
//
//   shape   a thread eight neighbours: inputs of a column, or columns of a row
//   order   of tiles_thin that of k, from bias + add on; exact but for the activation, which is by special functions
//   moves   4 in + 2 or 4 width bytes a row; 6 or 8 a weight
#include "rows.cuh"
#include "score/activation_fast.cuh"
#include "score/tiles.cuh"

namespace tiles {

enum Numbers : int32_t { NUMBERS_F16, NUMBERS_BF16, NUMBERS_TF32 };

template <class Type>
__device__ __forceinline__ void pack(const float* __restrict__ w, uint8_t* __restrict__ tiles, const int32_t in, const int32_t width) {
    const int32_t depth = (in + DEPTH<Type> - 1) / DEPTH<Type>;
    const int64_t lines = (width + LINES - 1) / LINES * int64_t(LINES), items = lines * (depth * DEPTH<Type> / GROUP);
    for (int64_t item = blockIdx.x * int64_t(blockDim.x) + threadIdx.x; item < items; item += gridDim.x * int64_t(blockDim.x)) {
        const int32_t line = int32_t(item % lines), k = int32_t(item / lines) * GROUP, column = column_of(line);
        float v[GROUP];
        #pragma unroll
        for (int32_t i = 0; i < GROUP; ++i) v[i] = column < width && k + i < in ? w[int64_t(k + i) * width + column] : 0.0f;
        store<Type>(tiles, line, k, depth, v);
    }
}

template <class Type>
__device__ __forceinline__ void thin(const float* __restrict__ x, const float* __restrict__ w, const float* __restrict__ bias,
                                     const float* __restrict__ add, uint8_t* __restrict__ half, const RowSet* __restrict__ rows,
                                     const int32_t in, const int32_t width, const int32_t x_stride, const int32_t add_stride,
                                     const int32_t activation) {
    const int32_t depth = (width + DEPTH<Type> - 1) / DEPTH<Type>, groups = depth * DEPTH<Type> / GROUP;
    const int64_t items = rows->count * groups;
    for (int64_t item = blockIdx.x * int64_t(blockDim.x) + threadIdx.x; item < items; item += gridDim.x * int64_t(blockDim.x)) {
        const int64_t r = item / groups;
        const int32_t j = int32_t(item % groups) * GROUP;
        if (!row_alive(rows, r)) continue;
        float v[GROUP];
        #pragma unroll
        for (int32_t i = 0; i < GROUP; ++i) {
            v[i] = bias != nullptr && j + i < width ? bias[j + i] : 0.0f;
            if (add != nullptr && j + i < width) v[i] += add[r * add_stride + j + i];
        }
        for (int32_t k = 0; k < in; ++k) {
            const float input = x[r * x_stride + k];
            #pragma unroll
            for (int32_t i = 0; i < GROUP; ++i) v[i] = fmaf(input, j + i < width ? w[int64_t(k) * width + j + i] : 0.0f, v[i]);
        }
        #pragma unroll
        for (int32_t i = 0; i < GROUP; ++i) v[i] = j + i < width ? fast::activate(activation, v[i]) : 0.0f;
        store<Type>(half, r, j, depth, v);
    }
}

}  // namespace tiles

extern "C" __global__ void __launch_bounds__(256)
tiles_pack(const float* __restrict__ w, uint8_t* __restrict__ tiles, int32_t in, int32_t width, int32_t type) {
    switch (type) {
        case tiles::NUMBERS_F16: tiles::pack<tiles::F16>(w, tiles, in, width); break;
        case tiles::NUMBERS_BF16: tiles::pack<tiles::BF16>(w, tiles, in, width); break;
        default: tiles::pack<tiles::TF32>(w, tiles, in, width); break;
    }
}

extern "C" __global__ void __launch_bounds__(256)
tiles_thin(const float* __restrict__ x, const float* __restrict__ w, const float* __restrict__ bias, const float* __restrict__ add,
           uint8_t* __restrict__ half, const RowSet* __restrict__ rows, int32_t in, int32_t width, int32_t x_stride, int32_t add_stride,
           int32_t activation, int32_t type) {
    switch (type) {
        case tiles::NUMBERS_F16: tiles::thin<tiles::F16>(x, w, bias, add, half, rows, in, width, x_stride, add_stride, activation); break;
        case tiles::NUMBERS_BF16: tiles::thin<tiles::BF16>(x, w, bias, add, half, rows, in, width, x_stride, add_stride, activation); break;
        default: tiles::thin<tiles::TF32>(x, w, bias, add, half, rows, in, width, x_stride, add_stride, activation); break;
    }
}
