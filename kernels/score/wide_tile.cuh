// wide_tile.cuh — a 128 x 128 tile of a matrix product in f32, by 256 threads with 8 x 8 sums each
//
//   sum[m][n] += A[k][m] B[k][n], k in order, each by one fused multiply-add: the bits of tile.cuh, whose tiles suit fewer rows.
//   Slices of 16 k go through two places of shared memory in turn; the next slice is on its way while this one is multiplied.
//   For each k a thread reads four times 16 bytes of shared memory for its 64 multiply-adds (tile.cuh: three for 32).
//
//   A loader has four(k, m) -> four values along memory, zero outside its matrix; K_FIRST says that k runs along memory.
#pragma once
#include "cuda.cuh"

namespace wide {

constexpr int32_t SIDE = 128;
constexpr int32_t DEPTH = 16;
constexpr int32_t THREADS = 256;
constexpr int32_t PITCH = SIDE + 4;
constexpr int32_t SLICE = DEPTH * PITCH;

// a warp has 32 x 64 sums, a lane rows first_row() + 0..3 and + 16..19, columns first_column() + 0..3 and + 32..35
__device__ __forceinline__ int32_t first_row() { return 32 * (int32_t(threadIdx.x) / 64) + 4 * (int32_t(threadIdx.x) % 32 / 8); }
__device__ __forceinline__ int32_t first_column() { return 64 * (int32_t(threadIdx.x) / 32 % 2) + 4 * (int32_t(threadIdx.x) % 8); }
__device__ __forceinline__ int32_t row(const int32_t i) { return first_row() + i / 4 * 16 + i % 4; }
__device__ __forceinline__ int32_t column(const int32_t j) { return first_column() + j / 4 * 32 + j % 4; }

// of four numbers at from, those below count; aligned: all of them may be loaded at once
__device__ __forceinline__ float4 load_four(const float* __restrict__ from, const int32_t count, const bool aligned) {
    if (aligned && count >= 4) return load_f32x4(from);
    return make_float4(count > 0 ? from[0] : 0.0f, count > 1 ? from[1] : 0.0f, count > 2 ? from[2] : 0.0f, count > 3 ? from[3] : 0.0f);
}

__device__ __forceinline__ bool aligned(const float* at, const int64_t stride) {
    return stride % 4 == 0 && reinterpret_cast<uintptr_t>(at) % 16 == 0;
}

// fours i < 2 of this thread's share of a slice
template <bool K_FIRST>
__device__ __forceinline__ void place(const int32_t i, int32_t& k, int32_t& m) {
    const int32_t e = int32_t(threadIdx.x) + THREADS * i;
    k = K_FIRST ? e % (DEPTH / 4) * 4 : e / (SIDE / 4);
    m = K_FIRST ? e / (DEPTH / 4) : e % (SIDE / 4) * 4;
}

template <class Loader>
__device__ __forceinline__ void fetch(float4 (&share)[2], const Loader& load, const int32_t from) {
    #pragma unroll
    for (int32_t i = 0; i < 2; ++i) {
        int32_t k, m;
        place<Loader::K_FIRST>(i, k, m);
        share[i] = load.four(from + k, m);
    }
}

template <class Loader>
__device__ __forceinline__ void stash(float* slice, const float4 (&share)[2]) {
    #pragma unroll
    for (int32_t i = 0; i < 2; ++i) {
        int32_t k, m;
        place<Loader::K_FIRST>(i, k, m);
        float* const into = slice + k * PITCH + m;
        if (Loader::K_FIRST) {
            into[0] = share[i].x, into[PITCH] = share[i].y, into[2 * PITCH] = share[i].z, into[3 * PITCH] = share[i].w;
        } else {
            store_f32x4(into, share[i]);
        }
    }
}

__device__ __forceinline__ void multiply(float (&sum)[8][8], const float* a, const float* b) {
    const float4 a0 = load_f32x4(a), a1 = load_f32x4(a + 16), b0 = load_f32x4(b), b1 = load_f32x4(b + 32);
    const float m[8] = {a0.x, a0.y, a0.z, a0.w, a1.x, a1.y, a1.z, a1.w};
    const float n[8] = {b0.x, b0.y, b0.z, b0.w, b1.x, b1.y, b1.z, b1.w};
    #pragma unroll
    for (int32_t i = 0; i < 8; ++i) {
        #pragma unroll
        for (int32_t j = 0; j < 8; ++j) sum[i][j] = fmaf(m[i], n[j], sum[i][j]);
    }
}

template <int UNROLL>
__device__ __forceinline__ void multiply_half(float (&sum)[8][8], const float* a, const float* b) {
    #pragma unroll UNROLL
    for (int32_t k = 0; k < DEPTH / 2; ++k) multiply(sum, a + k * PITCH, b + k * PITCH);
}

// called by all 256 threads; a and b are two slices of shared memory each. UNROLL: what keeps all in 128 registers
template <int UNROLL, class A, class B>
__device__ __forceinline__ void accumulate(float (&sum)[8][8], const int32_t depth, const A& load_a, const B& load_b, float* a, float* b) {
    float4 share[2];
    fetch(share, load_a, 0);
    stash<A>(a, share);
    fetch(share, load_b, 0);
    stash<B>(b, share);
    int32_t now = 0;
    for (int32_t from = 0; from < depth; from += DEPTH, now = SLICE - now) {
        __syncthreads();  // this slice is there, and the one before it has been read
        const bool more = from + DEPTH < depth;
        const float* const a_now = a + now + first_row();
        const float* const b_now = b + now + first_column();
        if (depth - from < DEPTH) {
            #pragma unroll 1
            for (int32_t k = 0; k < depth - from; ++k) multiply(sum, a_now + k * PITCH, b_now + k * PITCH);  // none with padding: -0 stays
            break;
        }
        if (more) fetch(share, load_a, from + DEPTH);
        multiply_half<UNROLL>(sum, a_now, b_now);
        if (more) {
            stash<A>(a + SLICE - now, share);
            fetch(share, load_b, from + DEPTH);
        }
        multiply_half<UNROLL>(sum, a_now + DEPTH / 2 * PITCH, b_now + DEPTH / 2 * PITCH);
        if (more) stash<B>(b + SLICE - now, share);
    }
    __syncthreads();  // both places may be written again
}

}  // namespace wide
