// tiles.cuh — rows and weights as products of warpgroups read them from memory: tiles of 128 lines by 128 bytes
//
//   line     a row of the rows, a column of the weights; zeros fill up tiles
//   tile     16384 bytes, line by line, parts of 16 bytes exchanged by the line (swizzle_128); the tiles of the same 128 lines lie one after
//            the other. So a bulk copy brings what wgmma reads
//   columns  of the weights are exchanged in groups of 32: what a lane sums of a group are then 8 neighbours, 16 bytes of 16-bit numbers
//   numbers  f16, bf16, or tf32: f32 rounded to 11 bits
#pragma once
#include "hopper.cuh"
#include "score/operands.cuh"

namespace tiles {

constexpr int32_t LINES = 128, LINE = 128, TILE = LINES * LINE;  // bytes
constexpr int32_t GROUP = 8;                                     // columns of a group of 32 that a lane has

/// The nearest tf32, of two the larger; NaN stays.
__device__ __forceinline__ float to_tf32(const float x) {
    return x == x ? __uint_as_float((__float_as_uint(x) + 0x1000u) & 0xFFFFE000u) : x;
}

struct F16 : mixed::F16 {
    static constexpr int32_t BYTES = 2;
    static __device__ __forceinline__ void multiply(float (&d)[32], const uint64_t a, const uint64_t b) { wgmma_ss_n64_f16(d, a, b); }
    static __device__ __forceinline__ void multiply(float (&d)[128], const uint64_t a, const uint64_t b) { wgmma_ss_n256_f16(d, a, b); }
};
struct BF16 : mixed::BF16 {
    static constexpr int32_t BYTES = 2;
    static __device__ __forceinline__ void multiply(float (&d)[32], const uint64_t a, const uint64_t b) { wgmma_ss_n64_bf16(d, a, b); }
    static __device__ __forceinline__ void multiply(float (&d)[128], const uint64_t a, const uint64_t b) { wgmma_ss_n256_bf16(d, a, b); }
};
struct TF32 {
    static constexpr int32_t BYTES = 4;
    static __device__ __forceinline__ void multiply(float (&d)[32], const uint64_t a, const uint64_t b) { wgmma_ss_n64_tf32(d, a, b); }
    static __device__ __forceinline__ void multiply(float (&d)[128], const uint64_t a, const uint64_t b) { wgmma_ss_n256_tf32(d, a, b); }
};

/// Numbers of a line in a tile.
template <class Type>
constexpr int32_t DEPTH = LINE / Type::BYTES;

/// Where number k of a line lies; depth: tiles of a line. A number whose place is a multiple of 16 bytes, and those with it.
template <class Type>
__device__ __forceinline__ int64_t place(const int64_t line, const int32_t k, const int32_t depth) {
    return (line / LINES * depth + k / DEPTH<Type>)*TILE + swizzle_128(int32_t(line % LINES) * LINE + k % DEPTH<Type> * Type::BYTES);
}

/// Which column a line of the weights holds.
__device__ __forceinline__ int32_t column_of(const int32_t line) { return line / 32 * 32 + line % 8 / 2 * 8 + line / 8 % 4 * 2 + line % 2; }

/// Eight neighbours, from a multiple of eight on, to tiles.
template <class Type>
__device__ __forceinline__ void store(uint8_t* tiles, const int64_t line, const int32_t k, const int32_t depth, const float (&v)[GROUP]) {
    if constexpr (Type::BYTES == 2) {
        store_b128(tiles + place<Type>(line, k, depth),
                   make_uint4(Type::pair(v[0], v[1]), Type::pair(v[2], v[3]), Type::pair(v[4], v[5]), Type::pair(v[6], v[7])));
    } else {
        #pragma unroll
        for (int32_t i = 0; i < GROUP; i += 4) {
            store_b128(tiles + place<Type>(line, k + i, depth),
                       make_uint4(__float_as_uint(to_tf32(v[i])), __float_as_uint(to_tf32(v[i + 1])), __float_as_uint(to_tf32(v[i + 2])),
                                  __float_as_uint(to_tf32(v[i + 3]))));
        }
    }
}

/// Adds eight neighbours of tiles.
template <class Type>
__device__ __forceinline__ void add(float (&v)[GROUP], const uint8_t* tiles, const int64_t line, const int32_t k, const int32_t depth) {
    if constexpr (Type::BYTES == 2) {
        const uint4 w = load_b128(tiles + place<Type>(line, k, depth));
        const uint32_t pairs[4] = {w.x, w.y, w.z, w.w};
        #pragma unroll
        for (int32_t i = 0; i < 4; ++i) v[2 * i] += Type::low(pairs[i]), v[2 * i + 1] += Type::high(pairs[i]);
    } else {
        #pragma unroll
        for (int32_t i = 0; i < GROUP; i += 4) {
            const uint4 w = load_b128(tiles + place<Type>(line, k + i, depth));
            v[i] += __uint_as_float(w.x), v[i + 1] += __uint_as_float(w.y), v[i + 2] += __uint_as_float(w.z), v[i + 3] += __uint_as_float(w.w);
        }
    }
}

}  // namespace tiles
