// tile.cuh — a 64 x 64 tile of a matrix product in f32, by 128 threads with 8 x 4 sums each
//
//   sum[m][n] += A[k][m] B[k][n], k in order, each by one fused multiply-add: the bits do not depend on the tiling.
//   Slices of 16 k go through shared memory; the next slice is on its way while this one is multiplied.
//
//   A loader is a function (k, m) -> value, zero outside its matrix; K_FIRST says that k runs along memory.
#pragma once
#include "cuda.cuh"

namespace tile {

constexpr int32_t SIDE = 64;
constexpr int32_t DEPTH = 16;
constexpr int32_t THREADS = 128;
constexpr int32_t PITCH = SIDE + 4;  // keeps 16-byte alignment, and transposed stores off one bank
constexpr int32_t SLICE = DEPTH * PITCH;

// the first row and column of this thread's 8 x 4 sums
__device__ __forceinline__ int32_t first_row() { return 8 * (int32_t(threadIdx.x) / 16); }
__device__ __forceinline__ int32_t first_column() { return 4 * (int32_t(threadIdx.x) % 16); }

// element i < 8 of this thread's share of a slice
template <bool K_FIRST>
__device__ __forceinline__ void place(const int32_t i, int32_t& k, int32_t& m) {
    const int32_t e = int32_t(threadIdx.x) + THREADS * i;
    k = K_FIRST ? e % DEPTH : e / SIDE;
    m = K_FIRST ? e / DEPTH : e % SIDE;
}

template <class Loader>
__device__ __forceinline__ void fetch(float (&share)[8], const Loader& load, const int32_t from, const int32_t depth) {
    #pragma unroll
    for (int32_t i = 0; i < 8; ++i) {
        int32_t k, m;
        place<Loader::K_FIRST>(i, k, m);
        share[i] = from + k < depth ? load(from + k, m) : 0.0f;
    }
}

template <class Loader>
__device__ __forceinline__ void stash(float* slice, const float (&share)[8]) {
    #pragma unroll
    for (int32_t i = 0; i < 8; ++i) {
        int32_t k, m;
        place<Loader::K_FIRST>(i, k, m);
        slice[k * PITCH + m] = share[i];
    }
}

__device__ __forceinline__ void multiply(float (&sum)[8][4], const float* a, const float* b, const int32_t k) {
    const float4 a0 = load_f32x4(a + k * PITCH + first_row());
    const float4 a1 = load_f32x4(a + k * PITCH + first_row() + 4);
    const float4 b0 = load_f32x4(b + k * PITCH + first_column());
    const float m[8] = {a0.x, a0.y, a0.z, a0.w, a1.x, a1.y, a1.z, a1.w};
    const float n[4] = {b0.x, b0.y, b0.z, b0.w};
    #pragma unroll
    for (int32_t i = 0; i < 8; ++i) {
        #pragma unroll
        for (int32_t j = 0; j < 4; ++j) sum[i][j] = fmaf(m[i], n[j], sum[i][j]);
    }
}

// called by all 128 threads; a and b are SLICE floats of shared memory each
template <class A, class B>
__device__ __forceinline__ void accumulate(float (&sum)[8][4], const int32_t depth, const A& load_a, const B& load_b, float* a, float* b) {
    float share_a[8], share_b[8];
    fetch(share_a, load_a, 0, depth);
    fetch(share_b, load_b, 0, depth);
    for (int32_t from = 0; from < depth; from += DEPTH) {
        __syncthreads();  // the slice before this one has been read
        stash<A>(a, share_a);
        stash<B>(b, share_b);
        __syncthreads();
        if (from + DEPTH < depth) {
            fetch(share_a, load_a, from + DEPTH, depth);
            fetch(share_b, load_b, from + DEPTH, depth);
        }
        if (depth - from >= DEPTH) {
            #pragma unroll
            for (int32_t k = 0; k < DEPTH; ++k) multiply(sum, a, b, k);
        } else {
            for (int32_t k = 0; k < depth - from; ++k) multiply(sum, a, b, k);  // no products with padding: -0 stays -0
        }
    }
}

}  // namespace tile
