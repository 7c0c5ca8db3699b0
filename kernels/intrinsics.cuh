// intrinsics.cuh — the instructions that have no CUDA C++ spelling, each beside its C++ twin for the emulated driver.
//
//   f16, bf16       bits in uint16_t; conversions round to nearest even; NaN becomes 0x7FFF; two to a word, low half first
//   mma_*           mma.sync m16n8k16, row.col, f32 accumulate: d = a b + c, all 32 lanes
//   ldmatrix_*      8x8 matrices of 16-bit elements from shared memory into fragments
//   tanh_approx ... the special functions of the hardware: bounds below; the twins are the nearest f32
//   cp_async_*      copies from global to shared memory that are awaited by group
//   grid_sync       barrier of a cooperative launch
//
// Fragments of m16n8k16, with g = lane / 4 and q = lane % 4 (PTX ISA, "Matrix fragments for mma.m16n8k16"):
//   a[0] = A[g][2q, 2q+1]   a[1] = A[g+8][2q, 2q+1]   a[2] = A[g][2q+8, 2q+9]   a[3] = A[g+8][2q+8, 2q+9]
//   b[0] = B[2q, 2q+1][g]   b[1] = B[2q+8, 2q+9][g]
//   c[0] = C[g][2q]   c[1] = C[g][2q+1]   c[2] = C[g+8][2q]   c[3] = C[g+8][2q+1]
//
// The twins add the sixteen exact products in k order, each sum rounded to f32. The hardware's order and truncation differ: hold
// mma results to a tolerance, not to bits.
#pragma once
#include "cuda.cuh"

#ifndef TWEEDIE_EMU  // the twins: native/emulator/dialect/intrinsics.h
#include <cooperative_groups.h>

__device__ __forceinline__ uint16_t f32_to_f16(const float v) {
    uint16_t h;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h) : "f"(v));
    return h;
}
__device__ __forceinline__ float f16_to_f32(const uint16_t h) {
    float v;
    asm("cvt.f32.f16 %0, %1;" : "=f"(v) : "h"(h));
    return v;
}
__device__ __forceinline__ uint16_t f32_to_bf16(const float v) {
    uint16_t h;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(h) : "f"(v));
    return h;
}
__device__ __forceinline__ float bf16_to_f32(const uint16_t h) { return __uint_as_float(uint32_t(h) << 16); }

__device__ __forceinline__ uint32_t f32_to_f16x2(const float lo, const float hi) {
    uint32_t d;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(d) : "f"(hi), "f"(lo));
    return d;
}
// infinite results become the largest finite ones; a NaN stays one
__device__ __forceinline__ uint32_t f32_to_f16x2_finite(const float lo, const float hi) {
    uint32_t d;
    asm("cvt.rn.satfinite.f16x2.f32 %0, %1, %2;" : "=r"(d) : "f"(hi), "f"(lo));
    return d;
}
__device__ __forceinline__ uint32_t f32_to_bf16x2(const float lo, const float hi) {
    uint32_t d;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(d) : "f"(hi), "f"(lo));
    return d;
}

#define TWEEDIE_MMA(name, type)                                                                                             \
    __device__ __forceinline__ void name(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],                     \
                                         const float (&c)[4]) {                                                             \
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32." type "." type ".f32 {%0,%1,%2,%3},"                           \
                     " {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13};"                                                          \
                     : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])                                                       \
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "f"(c[0]), "f"(c[1]), "f"(c[2]),   \
                       "f"(c[3]));                                                                                          \
    }
TWEEDIE_MMA(mma_m16n8k16_f16, "f16")
TWEEDIE_MMA(mma_m16n8k16_bf16, "bf16")
#undef TWEEDIE_MMA

// Errors as the PTX ISA states them: tanh 2^-11 relative; exp2 2^-22 relative (results below 2^-126 are 0); log2 2^-22 absolute for x in
// (1/2, 2), relative beyond; sin and cos 2^-20.5 absolute for |x| <= 2 pi; the square root
// and the reciprocal 2^-23 relative.
__device__ __forceinline__ float tanh_approx(const float x) {
    float y;
    asm("tanh.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
__device__ __forceinline__ float exp2_approx(const float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
__device__ __forceinline__ float log2_approx(const float x) {
    float y;
    asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
__device__ __forceinline__ float reciprocal_approx(const float x) {
    float y;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
__device__ __forceinline__ float sin_approx(const float x) {
    float y;
    asm("sin.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

__device__ __forceinline__ float cos_approx(const float x) {
    float y;
    asm("cos.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
__device__ __forceinline__ float sqrt_approx(const float x) {
    float y;
    asm("sqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

__device__ __forceinline__ uint32_t shared_address(const void* shared) { return uint32_t(__cvta_generic_to_shared(shared)); }

// Lane i gives the address of row i % 8 of matrix i / 8 (x2: lanes 0 to 15, x1: lanes 0 to 7; the others' are ignored but must be
// valid); rows are 16 bytes, 16-byte aligned. r[j] holds elements 2q, 2q+1 of row g of matrix j; with trans, of column g.
#define TWEEDIE_LDMATRIX_X4(name, trans)                                                                                    \
    __device__ __forceinline__ void name(uint32_t (&r)[4], const void* row) {                                               \
        asm volatile("ldmatrix.sync.aligned.m8n8.x4" trans ".shared.b16 {%0,%1,%2,%3}, [%4];"                               \
                     : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])                                                       \
                     : "r"(shared_address(row))                                                                             \
                     : "memory");                                                                                           \
    }
#define TWEEDIE_LDMATRIX_X2(name, trans)                                                                                    \
    __device__ __forceinline__ void name(uint32_t (&r)[2], const void* row) {                                               \
        asm volatile("ldmatrix.sync.aligned.m8n8.x2" trans ".shared.b16 {%0,%1}, [%2];"                                     \
                     : "=r"(r[0]), "=r"(r[1])                                                                               \
                     : "r"(shared_address(row))                                                                             \
                     : "memory");                                                                                           \
    }
TWEEDIE_LDMATRIX_X4(ldmatrix_x4, "")
TWEEDIE_LDMATRIX_X4(ldmatrix_x4_trans, ".trans")
TWEEDIE_LDMATRIX_X2(ldmatrix_x2, "")
TWEEDIE_LDMATRIX_X2(ldmatrix_x2_trans, ".trans")
#undef TWEEDIE_LDMATRIX_X4
#undef TWEEDIE_LDMATRIX_X2

// Queues a copy of 16 bytes (both addresses multiples of 16); where valid is false, zeros are written and nothing is read.
__device__ __forceinline__ void cp_async_16(void* shared, const void* global, const bool valid = true) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)), "l"(__cvta_generic_to_global(global)),
                 "r"(valid ? 16 : 0)
                 : "memory");
}
// Queues a copy of 4 bytes (both addresses multiples of 4).
__device__ __forceinline__ void cp_async_4(void* shared, const void* global, const bool valid = true) {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(shared_address(shared)), "l"(__cvta_generic_to_global(global)),
                 "r"(valid ? 4 : 0)
                 : "memory");
}
// Closes a group of this thread's queued copies.
__device__ __forceinline__ void cp_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
// Waits for this thread's groups but the LEFT newest; other threads see the data after a barrier.
template <int LEFT>
__device__ __forceinline__ void cp_async_wait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(LEFT) : "memory");
}

__device__ __forceinline__ void grid_sync() { cooperative_groups::this_grid().sync(); }
#endif
