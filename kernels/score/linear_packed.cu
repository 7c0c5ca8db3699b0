// linear_packed_f16, _bf16   y = act(bias + add + x W) + residual; x, residual packed rows of 16-bit numbers; y as f32 to out, so packed to half
// linear_thin_f16, _bf16     the same of f32 rows and f32 weights for few inputs, to packed rows: the first layer, or with none the packing
//
//   packed rows  blocks of 16 rows by 16 columns, 512 bytes each, row blocks first; in a block lane l = 4 g + q holds 16 bytes: columns 2q,
//                2q+1 of row g and of row g + 8, then columns 2q+8, 2q+9 of both: an operand of mma.sync m16n8k16, which is also what a
//                lane has of its sums, so that rows go from layer to layer without a shuffle. Zeros beyond the last column
//   packed       weights, as kernels/score/linear_mixed.cu packs them
//   shape        128 x 128 tiles by four warps of 64 x 64, two blocks a multiprocessor; 32 k at a time through three places of a ring of
//                asynchronous copies. Tiles of rows in strides of the grid, tiles of columns neighbours. Thin: one thread 16 bytes
//   order        a sum starts at bias + add and takes blocks of sixteen products in order, as linear_f16: the same bits
//   moves        2 (in + width) bytes a row, and the weights once a tile of rows (second cache)
#include "rows.cuh"
#include "score/activation_fast.cuh"
#include "score/operands.cuh"

namespace packed {

constexpr int32_t THREADS = 128;
constexpr int32_t SIDE = 128;               // rows and columns of a block
constexpr int32_t STAGES = 3;               // of the ring
constexpr int32_t BLOCK = 512;              // bytes of 16 x 16 numbers
constexpr int32_t SLICE = SIDE / 16 * 2 * BLOCK;  // bytes of 128 x 32 numbers

// Copies this thread's share of a slice: of blocks 2 i + threadIdx.x / 64 of 16 rows or columns, those with i < blocks; zeros for the others.
__device__ __forceinline__ void copy_slice(uint8_t* slice, const uint8_t* from, const int64_t pitch, const int32_t blocks) {
    #pragma unroll
    for (int32_t i = 0; i < SLICE / 16 / THREADS; ++i) cp_async_16(slice + i * 4 * BLOCK, from + i * 2 * pitch, i < blocks);
}

// a row's words of 16 bytes that hold two rows
__device__ __forceinline__ void store_rows(uint16_t* into, const uint4 v, const bool low, const bool high) {
    if (low && high) {
        store_b128(into, v);
    } else {
        uint32_t* const words = reinterpret_cast<uint32_t*>(into);
        if (low) words[0] = v.x, words[2] = v.z;
        if (high) words[1] = v.y, words[3] = v.w;
    }
}

template <class Function>
__device__ __forceinline__ void apply(float (&v)[8][4], const Function& function) {
    #pragma unroll
    for (int32_t n = 0; n < 8; ++n) {
        #pragma unroll
        for (int32_t i = 0; i < 4; ++i) v[n][i] = function(v[n][i]);
    }
}

__device__ __forceinline__ void activate_all(float (&v)[8][4], const int32_t activation, const int32_t approximate) {
    if (approximate != 0) {
        switch (activation) {
            case SILU: apply(v, [](const float x) { return fast::activate(SILU, x); }); break;
            case SIN: apply(v, [](const float x) { return fast::activate(SIN, x); }); break;
            case TANH: apply(v, [](const float x) { return fast::activate(TANH, x); }); break;
            case RELU: apply(v, [](const float x) { return fast::activate(RELU, x); }); break;
            case SOFTPLUS: apply(v, [](const float x) { return fast::activate(SOFTPLUS, x); }); break;
            case GELU: apply(v, [](const float x) { return fast::activate(GELU, x); }); break;
            default: break;
        }
    } else {
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
}

template <class Type>
__device__ __forceinline__ void linear(const uint16_t* __restrict__ x, const uint16_t* __restrict__ weights,
                                       const float* __restrict__ bias, const float* __restrict__ add, const uint16_t* __restrict__ residual,
                                       float* __restrict__ out, uint16_t* __restrict__ half, const RowSet* __restrict__ rows, const int32_t in, const int32_t width,
                                       const int32_t add_stride, const int32_t out_stride, const int32_t activation,
                                       const int32_t approximate) {
    TWEEDIE_STATIC_SHARED(uint8_t, ring, STAGES * 2 * SLICE);
    const int32_t lane = int32_t(threadIdx.x) % 32, warp = int32_t(threadIdx.x) / 32;
    const int32_t g = lane / 4, q = lane % 4;
    const int32_t m0 = 64 * (warp / 2), n0 = int32_t(blockIdx.x) * SIDE + 64 * (warp % 2);
    const int32_t depth = (in + 15) / 16, column_blocks = (width + 15) / 16;
    // of a slice this thread copies 16 bytes of every second block: of the first or the second sixteen k, from place chunk on
    const int32_t chunk = int32_t(threadIdx.x) % 64, block = int32_t(threadIdx.x) / 64;
    const int64_t pitch = int64_t(depth) * BLOCK;
    const uint8_t* const b_from = reinterpret_cast<const uint8_t*>(weights) + (blockIdx.x * (SIDE / 16) + block) * pitch + chunk * 16;
    const int32_t b_blocks = (column_blocks - int32_t(blockIdx.x) * (SIDE / 16) - block + 1) / 2;
    uint8_t* const to = ring + block * (2 * BLOCK) + chunk * 16;

    for (int64_t tile = blockIdx.y * int64_t(SIDE); tile < rows->count; tile += gridDim.y * int64_t(SIDE)) {
        const uint8_t* const a_from = reinterpret_cast<const uint8_t*>(x) + (tile / 16 + block) * pitch + chunk * 16;
        const int64_t row_blocks = (rows->count - tile + 15) / 16;
        const int32_t a_blocks = (int32_t(row_blocks < 8 ? row_blocks : 8) - block + 1) / 2;
        const auto copy = [&](const int32_t step) {
            if (2 * step < depth) {
                const bool inside = 2 * step + chunk / 32 < depth;
                uint8_t* const place = to + step % STAGES * (2 * SLICE);
                copy_slice(place, a_from + step * (2 * BLOCK), pitch, inside ? a_blocks : 0);
                copy_slice(place + SLICE, b_from + step * (2 * BLOCK), pitch, inside ? b_blocks : 0);
            }
            cp_async_commit();
        };
        #pragma unroll
        for (int32_t s = 0; s < STAGES - 1; ++s) copy(s);

        const int64_t row = tile + m0;
        const int64_t left = rows->count - row;
        const bool here = left > 0 && n0 < width;  // the whole warp
        float sum[4][8][4];
        #pragma unroll
        for (int32_t n = 0; n < 8; ++n) {
            #pragma unroll
            for (int32_t i = 0; i < 2; ++i) {
                const int32_t j = n0 + 8 * n + 2 * q + i;
                const float start = j < width && bias != nullptr ? bias[j] : 0.0f;
                #pragma unroll
                for (int32_t m = 0; m < 4; ++m) sum[m][n][i] = sum[m][n][i + 2] = start;
            }
        }
        if (add != nullptr) {
            #pragma unroll
            for (int32_t m = 0; m < 4; ++m) {
                #pragma unroll
                for (int32_t n = 0; n < 8; ++n) {
                    #pragma unroll
                    for (int32_t i = 0; i < 4; ++i) {
                        const int32_t r = 16 * m + g + 8 * (i / 2), j = n0 + 8 * n + 2 * q + i % 2;
                        if (r < left && j < width) sum[m][n][i] += add[(row + r) * add_stride + j];
                    }
                }
            }
        }

        #pragma unroll 1
        for (int32_t step = 0; 2 * step < depth; ++step) {
            cp_async_wait<STAGES - 2>();
            __syncthreads();  // this slice is there, and the one before it has been read
            copy(step + STAGES - 1);
            if (!here) continue;
            const uint8_t* const a_slice = ring + step % STAGES * (2 * SLICE) + m0 / 16 * (2 * BLOCK) + lane * 16;
            const uint8_t* const b_slice = ring + step % STAGES * (2 * SLICE) + SLICE + warp % 2 * (8 * BLOCK) + lane * 16;
            #pragma unroll
            for (int32_t kb = 0; kb < 2; ++kb) {
                uint32_t a[4][4];
                #pragma unroll
                for (int32_t m = 0; m < 4; ++m) {
                    const uint4 v = load_b128(a_slice + (2 * m + kb) * BLOCK);
                    a[m][0] = v.x, a[m][1] = v.y, a[m][2] = v.z, a[m][3] = v.w;
                }
                #pragma unroll
                for (int32_t nb = 0; nb < 4; ++nb) {
                    const uint4 w = load_b128(b_slice + (2 * nb + kb) * BLOCK);
                    const uint32_t first[2] = {w.x, w.y}, second[2] = {w.z, w.w};
                    #pragma unroll
                    for (int32_t m = 0; m < 4; ++m) {
                        Type::multiply(sum[m][2 * nb], a[m], first);
                        Type::multiply(sum[m][2 * nb + 1], a[m], second);
                    }
                }
            }
        }
        cp_async_wait<0>();
        __syncthreads();  // the next tile writes the ring
        if (!here) continue;

        #pragma unroll 1
        for (int32_t m = 0; m < 4 && 16 * m < left; ++m) {
            activate_all(sum[0], activation, approximate);
            const int64_t at = row + 16 * m + g;
            const bool low = 16 * m + g < left && row_alive(rows, at), high = 16 * m + g + 8 < left && row_alive(rows, at + 8);
            #pragma unroll
            for (int32_t nb = 0; nb < 4; ++nb) {
                if (n0 + 16 * nb >= width) break;
                float(&first)[4] = sum[0][2 * nb];
                float(&second)[4] = sum[0][2 * nb + 1];
                const int64_t place = (((row / 16 + m) * column_blocks + n0 / 16 + nb) * 32 + lane) * 8;
                if (residual != nullptr) {
                    const uint4 v = load_b128(residual + place);
                    first[0] += Type::low(v.x), first[1] += Type::high(v.x), first[2] += Type::low(v.y), first[3] += Type::high(v.y);
                    second[0] += Type::low(v.z), second[1] += Type::high(v.z), second[2] += Type::low(v.w), second[3] += Type::high(v.w);
                }
                if (n0 + 16 * nb + 16 > width) {
                    #pragma unroll
                    for (int32_t i = 0; i < 4; ++i) {
                        const int32_t j = n0 + 16 * nb + 2 * q + i % 2;
                        if (j >= width) first[i] = 0.0f;
                        if (j + 8 >= width) second[i] = 0.0f;
                    }
                }
                if (out != nullptr) {
                    #pragma unroll
                    for (int32_t i = 0; i < 4; ++i) {
                        const int32_t j = n0 + 16 * nb + 2 * q + i % 2;
                        float* const into = out + (at + 8 * (i / 2)) * out_stride + j;
                        if ((i < 2 ? low : high) && j < width) into[0] = first[i];
                        if ((i < 2 ? low : high) && j + 8 < width) into[8] = second[i];
                    }
                }
                if (half != nullptr) {
                    store_rows(half + place, make_uint4(Type::pair(first[0], first[1]), Type::pair(first[2], first[3]),
                                                        Type::pair(second[0], second[1]), Type::pair(second[2], second[3])), low, high);
                }
            }
            // the next rows in the place of these, so that the activation is compiled once
            #pragma unroll
            for (int32_t next = 0; next < 3; ++next) {
                #pragma unroll
                for (int32_t n = 0; n < 8; ++n) {
                    #pragma unroll
                    for (int32_t i = 0; i < 4; ++i) sum[next][n][i] = sum[next + 1][n][i];
                }
            }
        }
    }
}

template <class Type>
__device__ __forceinline__ void thin(const float* __restrict__ x, const float* __restrict__ w, const float* __restrict__ bias,
                                     const float* __restrict__ add, uint16_t* __restrict__ half, const RowSet* __restrict__ rows,
                                     const int32_t in, const int32_t width, const int32_t x_stride, const int32_t add_stride,
                                     const int32_t activation, const int32_t approximate) {
    const int32_t column_blocks = (width + 15) / 16;
    const int64_t places = (rows->count + 15) / 16 * column_blocks * 32;
    for (int64_t place = blockIdx.x * int64_t(blockDim.x) + threadIdx.x; place < places; place += gridDim.x * int64_t(blockDim.x)) {
        const int32_t lane = int32_t(place % 32);
        const int64_t block = place / 32;
        const int64_t r = block / column_blocks * 16 + lane / 4;
        const int32_t j0 = int32_t(block % column_blocks) * 16 + lane % 4 * 2;
        const bool low = r < rows->count && row_alive(rows, r), high = r + 8 < rows->count && row_alive(rows, r + 8);
        float sum[2][4];
        #pragma unroll
        for (int32_t i = 0; i < 4; ++i) {
            const int32_t j = j0 + i / 2 * 8 + i % 2;
            const float start = j < width && bias != nullptr ? bias[j] : 0.0f;
            sum[0][i] = low && j < width && add != nullptr ? start + add[r * add_stride + j] : start;
            sum[1][i] = high && j < width && add != nullptr ? start + add[(r + 8) * add_stride + j] : start;
        }
        for (int32_t k = 0; k < in; ++k) {
            const float x0 = low ? x[r * x_stride + k] : 0.0f, x1 = high ? x[(r + 8) * x_stride + k] : 0.0f;
            #pragma unroll
            for (int32_t i = 0; i < 4; ++i) {
                const int32_t j = j0 + i / 2 * 8 + i % 2;
                const float weight = j < width ? w[int64_t(k) * width + j] : 0.0f;
                sum[0][i] = fmaf(x0, weight, sum[0][i]);
                sum[1][i] = fmaf(x1, weight, sum[1][i]);
            }
        }
        #pragma unroll
        for (int32_t i = 0; i < 8; ++i) {
            const int32_t j = j0 + i % 4 / 2 * 8 + i % 2;
            float& v = sum[i / 4][i % 4];
            v = j < width ? (approximate != 0 ? fast::activate(activation, v) : activate(activation, v)) : 0.0f;
        }
        const uint4 v = make_uint4(Type::pair(sum[0][0], sum[0][1]), Type::pair(sum[1][0], sum[1][1]), Type::pair(sum[0][2], sum[0][3]),
                                   Type::pair(sum[1][2], sum[1][3]));
        store_rows(half + place * 8, v, low, high);
    }
}

}  // namespace packed

extern "C" __global__ void __launch_bounds__(packed::THREADS, 2)
linear_packed_f16(const uint16_t* __restrict__ x, const uint16_t* __restrict__ weights, const float* __restrict__ bias,
                  const float* __restrict__ add, const uint16_t* __restrict__ residual, float* __restrict__ out, uint16_t* __restrict__ half,
                  const RowSet* __restrict__ rows, int32_t in, int32_t width, int32_t add_stride, int32_t out_stride, int32_t activation,
                  int32_t approximate) {
    packed::linear<mixed::F16>(x, weights, bias, add, residual, out, half, rows, in, width, add_stride, out_stride, activation, approximate);
}

extern "C" __global__ void __launch_bounds__(packed::THREADS, 2)
linear_packed_bf16(const uint16_t* __restrict__ x, const uint16_t* __restrict__ weights, const float* __restrict__ bias,
                   const float* __restrict__ add, const uint16_t* __restrict__ residual, float* __restrict__ out, uint16_t* __restrict__ half,
                   const RowSet* __restrict__ rows, int32_t in, int32_t width, int32_t add_stride, int32_t out_stride, int32_t activation,
                   int32_t approximate) {
    packed::linear<mixed::BF16>(x, weights, bias, add, residual, out, half, rows, in, width, add_stride, out_stride, activation, approximate);
}

extern "C" __global__ void __launch_bounds__(256)
linear_thin_f16(const float* __restrict__ x, const float* __restrict__ w, const float* __restrict__ bias, const float* __restrict__ add,
                uint16_t* __restrict__ half, const RowSet* __restrict__ rows, int32_t in, int32_t width, int32_t x_stride,
                int32_t add_stride, int32_t activation, int32_t approximate) {
    packed::thin<mixed::F16>(x, w, bias, add, half, rows, in, width, x_stride, add_stride, activation, approximate);
}

extern "C" __global__ void __launch_bounds__(256)
linear_thin_bf16(const float* __restrict__ x, const float* __restrict__ w, const float* __restrict__ bias, const float* __restrict__ add,
                 uint16_t* __restrict__ half, const RowSet* __restrict__ rows, int32_t in, int32_t width, int32_t x_stride,
                 int32_t add_stride, int32_t activation, int32_t approximate) {
    packed::thin<mixed::BF16>(x, w, bias, add, half, rows, in, width, x_stride, add_stride, activation, approximate);
}
