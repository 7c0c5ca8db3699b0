// operands.cuh — the two kinds of 16-bit operands of the tensor-core products: how a pair is rounded, widened and multiplied
#pragma once
#include "intrinsics.cuh"

namespace mixed {

struct F16 {
    static __device__ __forceinline__ uint32_t pair(const float lo, const float hi) { return f32_to_f16x2(lo, hi); }
    static __device__ __forceinline__ float low(const uint32_t pair) { return f16_to_f32(uint16_t(pair)); }
    static __device__ __forceinline__ float high(const uint32_t pair) { return f16_to_f32(uint16_t(pair >> 16)); }
    static __device__ __forceinline__ void multiply(float (&sum)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
        mma_m16n8k16_f16(sum, a, b, sum);
    }
};

struct BF16 {
    static __device__ __forceinline__ uint32_t pair(const float lo, const float hi) { return f32_to_bf16x2(lo, hi); }
    static __device__ __forceinline__ float low(const uint32_t pair) { return __uint_as_float(pair << 16); }
    static __device__ __forceinline__ float high(const uint32_t pair) { return __uint_as_float(pair & 0xFFFF0000u); }
    static __device__ __forceinline__ void multiply(float (&sum)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
        mma_m16n8k16_bf16(sum, a, b, sum);
    }
};

}  // namespace mixed
