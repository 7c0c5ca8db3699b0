// hopper.cuh — products of a warpgroup (wgmma, sm_90a): their twins for the emulated driver are native/emulator/dialect/hopper.h
//
//   rows      64 of a warpgroup, 16 a warp. What a lane holds of A (16 inputs) and of the sums are the fragments of mma.m16n8k16 for its warp's
//             16 rows (intrinsics.cuh): sums d[4 j + i] of columns 8 j .. 8 j + 7
//             or 64 rows in shared memory (wgmma_ss), as columns of the weights are
//   weights   in shared memory, column by column, 64 inputs of a column in 128 bytes, whose 16-byte parts are exchanged by the lowest bits
//             of the column (swizzle_128); a matrix of N columns by 64 inputs starts at a multiple of 1024 bytes. Of tf32 32 inputs, rounded
//   order     fence, products, commit, wait: in between nobody touches A or d, and d is right only after the wait
//             what threads stored to shared memory (by store_operands) is seen by products behind proxy_fence and a barrier
//
// TWEEDIE_WARPGROUPS is defined where the instructions are there: on sm_90a and on the emulated GPU. Elsewhere a kernel of theirs stops, and
// nobody chooses it.
#pragma once
#include "cuda.cuh"

#if defined(TWEEDIE_EMU) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define TWEEDIE_WARPGROUPS
#endif

/// Where byte `offset` of a matrix of 128-byte columns lies.
__device__ __forceinline__ int32_t swizzle_128(const int32_t offset) { return offset ^ (offset >> 3 & 0x70); }

/// The same where a column has 64 bytes, exchanged by the second and third lowest bits of the column.
__device__ __forceinline__ int32_t swizzle_64(const int32_t offset) { return offset ^ (offset >> 3 & 0x30); }

#ifndef TWEEDIE_EMU
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
/// The matrix whose first column starts at shared memory `at`, or 32, 64 or 96 bytes behind it: its 16 inputs (8 of tf32) from there on.
__device__ __forceinline__ uint64_t wgmma_matrix(const void* at) {
    const uint64_t address = uint32_t(__cvta_generic_to_shared(at));
    return (address >> 4 & 0x3fff) | uint64_t(1) << 16 | uint64_t(1024 >> 4) << 32 | uint64_t(1) << 62;
}
/// The same with 32 inputs of a column in 64 bytes (swizzle_64); `at` is a multiple of 512, or 32 behind one.
__device__ __forceinline__ uint64_t wgmma_matrix_64(const void* at) {
    const uint64_t address = uint32_t(__cvta_generic_to_shared(at));
    return (address >> 4 & 0x3fff) | uint64_t(1) << 16 | uint64_t(512 >> 4) << 32 | uint64_t(2) << 62;
}
/// Stores two numbers that products will read from shared memory, behind proxy_fence and a barrier.
__device__ __forceinline__ void store_operands(unsigned char* at, const uint32_t pair) { *reinterpret_cast<uint32_t*>(at) = pair; }
__device__ __forceinline__ void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
/// Waits for all groups but the LEFT newest.
template <int LEFT>
__device__ __forceinline__ void wgmma_wait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(LEFT) : "memory");
}
__device__ __forceinline__ void proxy_fence() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

// d += A B of 16 inputs
#define TWEEDIE_WGMMA_64(name, type)                                                                                                \
    __device__ __forceinline__ void name(float (&d)[32], const uint32_t (&a)[4], const uint64_t b) {                                \
        asm volatile(                                                                                                               \
            "{ .reg .pred add; setp.eq.b32 add, 0, 0; wgmma.mma_async.sync.aligned.m64n64k16.f32." type "." type " "                \
            "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "                                               \
            " %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "                                    \
            "{%32, %33, %34, %35}, %36, add, 1, 1, 0; }"                                                                            \
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]),                           \
          "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]),                     \
          "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]),                   \
          "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31])                    \
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));                                                                      \
    }
TWEEDIE_WGMMA_64(wgmma_n64_f16, "f16")
TWEEDIE_WGMMA_64(wgmma_n64_bf16, "bf16")
#undef TWEEDIE_WGMMA_64
#define TWEEDIE_WGMMA_128(name, type)                                                                                               \
    __device__ __forceinline__ void name(float (&d)[64], const uint32_t (&a)[4], const uint64_t b) {                                \
        asm volatile(                                                                                                               \
            "{ .reg .pred add; setp.eq.b32 add, 0, 0; wgmma.mma_async.sync.aligned.m64n128k16.f32." type "." type " "               \
            "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "                                               \
            " %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "                                     \
            " %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "                                     \
            " %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "                                    \
            "{%64, %65, %66, %67}, %68, add, 1, 1, 0; }"                                                                            \
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]),                           \
          "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]),                     \
          "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]),                   \
          "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31]),                   \
          "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), "+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]),                   \
          "+f"(d[40]), "+f"(d[41]), "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47]),                   \
          "+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]), "+f"(d[54]), "+f"(d[55]),                   \
          "+f"(d[56]), "+f"(d[57]), "+f"(d[58]), "+f"(d[59]), "+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63])                    \
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));                                                                      \
    }
TWEEDIE_WGMMA_128(wgmma_n128_f16, "f16")
TWEEDIE_WGMMA_128(wgmma_n128_bf16, "bf16")
#undef TWEEDIE_WGMMA_128

// d += A B of 16 inputs (8 of tf32), both in shared memory; n64: the first 32 of d
#define TWEEDIE_WGMMA_SS_64(name, shape, type, more)                                                                                \
    template <int32_t SIZE>                                                                                                         \
    __device__ __forceinline__ void name(float (&d)[SIZE], const uint64_t a, const uint64_t b) {                                    \
        static_assert(SIZE >= 32, "32 sums a lane");                                                                                \
        asm volatile(                                                                                                               \
            "{ .reg .pred add; setp.eq.b32 add, 0, 0; wgmma.mma_async.sync.aligned." shape ".f32." type "." type " {"               \
            " %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "                                               \
            " %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "                                    \
            "%32, %33, add, 1, 1" more "; }"                                                                                        \
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]),                           \
          "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]),                     \
          "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]),                   \
          "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31])                    \
        : "l"(a), "l"(b));                                                                                                          \
    }
TWEEDIE_WGMMA_SS_64(wgmma_ss_n64_f16, "m64n64k16", "f16", ", 0, 0")
TWEEDIE_WGMMA_SS_64(wgmma_ss_n64_bf16, "m64n64k16", "bf16", ", 0, 0")
TWEEDIE_WGMMA_SS_64(wgmma_ss_n64_tf32, "m64n64k8", "tf32", "")
#undef TWEEDIE_WGMMA_SS_64
#define TWEEDIE_WGMMA_SS_128(name, type)                                                                                            \
    __device__ __forceinline__ void name(float (&d)[64], const uint64_t a, const uint64_t b) {                                      \
        asm volatile(                                                                                                               \
            "{ .reg .pred add; setp.eq.b32 add, 0, 0; wgmma.mma_async.sync.aligned.m64n128k16.f32." type "." type " {"              \
            " %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "                                               \
            " %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "                                     \
            " %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "                                     \
            " %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "                                    \
            "%64, %65, add, 1, 1, 0, 0; }"                                                                                          \
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]),                           \
          "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]),                     \
          "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]),                   \
          "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31]),                   \
          "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), "+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]),                   \
          "+f"(d[40]), "+f"(d[41]), "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47]),                   \
          "+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]), "+f"(d[54]), "+f"(d[55]),                   \
          "+f"(d[56]), "+f"(d[57]), "+f"(d[58]), "+f"(d[59]), "+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63])                    \
        : "l"(a), "l"(b));                                                                                                          \
    }
TWEEDIE_WGMMA_SS_128(wgmma_ss_n128_f16, "f16")
TWEEDIE_WGMMA_SS_128(wgmma_ss_n128_bf16, "bf16")
#undef TWEEDIE_WGMMA_SS_128
#define TWEEDIE_WGMMA_SS_256(name, shape, type, more)                                                                               \
    __device__ __forceinline__ void name(float (&d)[128], const uint64_t a, const uint64_t b) {                                     \
        asm volatile(                                                                                                               \
            "{ .reg .pred add; setp.eq.b32 add, 0, 0; wgmma.mma_async.sync.aligned." shape ".f32." type "." type " {"               \
            " %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "                                               \
            " %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "                                     \
            " %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "                                     \
            " %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "                                     \
            " %64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "                                     \
            " %80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "                                     \
            " %96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, "                         \
            " %112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127}, "                    \
            "%128, %129, add, 1, 1" more "; }"                                                                                      \
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]),                           \
          "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]),                     \
          "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]),                   \
          "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31]),                   \
          "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), "+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]),                   \
          "+f"(d[40]), "+f"(d[41]), "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47]),                   \
          "+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]), "+f"(d[54]), "+f"(d[55]),                   \
          "+f"(d[56]), "+f"(d[57]), "+f"(d[58]), "+f"(d[59]), "+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63]),                   \
          "+f"(d[64]), "+f"(d[65]), "+f"(d[66]), "+f"(d[67]), "+f"(d[68]), "+f"(d[69]), "+f"(d[70]), "+f"(d[71]),                   \
          "+f"(d[72]), "+f"(d[73]), "+f"(d[74]), "+f"(d[75]), "+f"(d[76]), "+f"(d[77]), "+f"(d[78]), "+f"(d[79]),                   \
          "+f"(d[80]), "+f"(d[81]), "+f"(d[82]), "+f"(d[83]), "+f"(d[84]), "+f"(d[85]), "+f"(d[86]), "+f"(d[87]),                   \
          "+f"(d[88]), "+f"(d[89]), "+f"(d[90]), "+f"(d[91]), "+f"(d[92]), "+f"(d[93]), "+f"(d[94]), "+f"(d[95]),                   \
          "+f"(d[96]), "+f"(d[97]), "+f"(d[98]), "+f"(d[99]), "+f"(d[100]), "+f"(d[101]), "+f"(d[102]), "+f"(d[103]),               \
          "+f"(d[104]), "+f"(d[105]), "+f"(d[106]), "+f"(d[107]), "+f"(d[108]), "+f"(d[109]), "+f"(d[110]), "+f"(d[111]),           \
          "+f"(d[112]), "+f"(d[113]), "+f"(d[114]), "+f"(d[115]), "+f"(d[116]), "+f"(d[117]), "+f"(d[118]), "+f"(d[119]),           \
          "+f"(d[120]), "+f"(d[121]), "+f"(d[122]), "+f"(d[123]), "+f"(d[124]), "+f"(d[125]), "+f"(d[126]), "+f"(d[127])            \
        : "l"(a), "l"(b));                                                                                                          \
    }
TWEEDIE_WGMMA_SS_256(wgmma_ss_n256_f16, "m64n256k16", "f16", ", 0, 0")
TWEEDIE_WGMMA_SS_256(wgmma_ss_n256_bf16, "m64n256k16", "bf16", ", 0, 0")
TWEEDIE_WGMMA_SS_256(wgmma_ss_n256_tf32, "m64n256k8", "tf32", "")
#undef TWEEDIE_WGMMA_SS_256
#else
__device__ __forceinline__ uint64_t wgmma_matrix(const void*) { return 0; }
__device__ __forceinline__ uint64_t wgmma_matrix_64(const void*) { return 0; }
__device__ __forceinline__ void store_operands(unsigned char*, uint32_t) {}
__device__ __forceinline__ void wgmma_fence() { __trap(); }
__device__ __forceinline__ void wgmma_commit() {}
template <int LEFT>
__device__ __forceinline__ void wgmma_wait() {}
__device__ __forceinline__ void proxy_fence() {}
__device__ __forceinline__ void wgmma_n64_f16(float (&)[32], const uint32_t (&)[4], uint64_t) {}
__device__ __forceinline__ void wgmma_n64_bf16(float (&)[32], const uint32_t (&)[4], uint64_t) {}
__device__ __forceinline__ void wgmma_n128_f16(float (&)[64], const uint32_t (&)[4], uint64_t) {}
__device__ __forceinline__ void wgmma_n128_bf16(float (&)[64], const uint32_t (&)[4], uint64_t) {}
template <int32_t SIZE>
__device__ __forceinline__ void wgmma_ss_n64_f16(float (&)[SIZE], uint64_t, uint64_t) {}
template <int32_t SIZE>
__device__ __forceinline__ void wgmma_ss_n64_bf16(float (&)[SIZE], uint64_t, uint64_t) {}
template <int32_t SIZE>
__device__ __forceinline__ void wgmma_ss_n64_tf32(float (&)[SIZE], uint64_t, uint64_t) {}
__device__ __forceinline__ void wgmma_ss_n128_f16(float (&)[64], uint64_t, uint64_t) {}
__device__ __forceinline__ void wgmma_ss_n128_bf16(float (&)[64], uint64_t, uint64_t) {}
__device__ __forceinline__ void wgmma_ss_n256_f16(float (&)[128], uint64_t, uint64_t) {}
__device__ __forceinline__ void wgmma_ss_n256_bf16(float (&)[128], uint64_t, uint64_t) {}
__device__ __forceinline__ void wgmma_ss_n256_tf32(float (&)[128], uint64_t, uint64_t) {}
#endif
#endif
