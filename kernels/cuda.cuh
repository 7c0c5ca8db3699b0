// cuda.cuh — what every kernel source includes first: integer types, the two shared-memory macros, vector loads.
//
//   nvcc   compiles the sources for the GPU
//   g++    compiles the same sources with -DTWEEDIE_EMU for the emulated driver (native/emulator), tests only
//
// TWEEDIE_SHARED(type, name)                a pointer to the block's dynamic shared memory (aligned to 1024 bytes)
// TWEEDIE_STATIC_SHARED(type, name, count)  an array in the block's static shared memory
#pragma once

#ifdef TWEEDIE_EMU
#include "emulator/dialect.h"
#else
#include <stdint.h>

#define TWEEDIE_SHARED(type, name)                                     \
    extern __shared__ __align__(1024) unsigned char tweedie_shared[];   \
    type* const name = reinterpret_cast<type*>(tweedie_shared)
#define TWEEDIE_STATIC_SHARED(type, name, count) __shared__ __align__(16) type name[count]

// 16 bytes at once; the address must be a multiple of 16 (the emulated driver fails the launch where it is not)
__device__ __forceinline__ float4 load_f32x4(const float* __restrict__ from) { return *reinterpret_cast<const float4*>(from); }
__device__ __forceinline__ void store_f32x4(float* into, const float4 value) { *reinterpret_cast<float4*>(into) = value; }
__device__ __forceinline__ uint4 load_b128(const void* from) { return *reinterpret_cast<const uint4*>(from); }
__device__ __forceinline__ void store_b128(void* into, const uint4 value) { *reinterpret_cast<uint4*>(into) = value; }
#endif
