// dialect.h — the words of CUDA C++ that our kernels use, for g++: qualifiers, vector types, built-in variables, barriers,
// warp collectives, atomics, arithmetic with the rounding of the hardware. Included by kernels/cuda.cuh under TWEEDIE_EMU.
#pragma once

// Every standard header that kernel code may use comes before the words below are defined, and before the wrapper of a
// source opens its namespace (see scan.cc).
#include <cassert>
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <math.h>
#include <stdint.h>
#include <type_traits>
#include <utility>

#ifdef TWEEDIE_EMU_SCAN  // the registry generator reads the preprocessed source: leave what it looks for
#define __global__ __tweedie_global__
#define __launch_bounds__(...) __tweedie_bounds__(__VA_ARGS__)
#define TWEEDIE_CLUSTER(blocks) __tweedie_cluster__(blocks)
#else
#define __global__
#define __launch_bounds__(...)
#define TWEEDIE_CLUSTER(blocks)
#endif
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __align__(n) __attribute__((aligned(n)))
#define __grid_constant__

#include "emulator/dialect/types.h"
#include "emulator/dialect/lane.h"
#include "emulator/dialect/arithmetic.h"
#include "emulator/dialect/memory.h"
#include "emulator/dialect/warp.h"
#include "emulator/dialect/atomics.h"
#include "emulator/dialect/rough.h"
#include "emulator/dialect/intrinsics.h"
#include "emulator/dialect/hopper.h"
#include "emulator/dialect/bulk.h"
