// row_formula_f32, row_formula_wide_f32: lines first to first + count of a table of formulas, over each row of a row set
//
//   ports  address and stride in floats of each register the formula reads or writes; all are read before any is written
//   shape  a thread (wide: a warp) takes a row, in grid strides; dynamic shared memory room * 4 bytes a row at work
//   moves  4 bytes a number read or written
#include "execution/formula.cuh"

extern "C" __global__ void __launch_bounds__(128)
row_formula_f32(const RowSet* __restrict__ rows, const void* __restrict__ ports, const int32_t* __restrict__ code,
                const float* __restrict__ constants, int32_t first, int32_t count) {
    TWEEDIE_SHARED(float, numbers);
    const formula::Scratch scratch = {numbers + threadIdx.x, int32_t(blockDim.x)};
    for (int64_t row = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; row < rows->count; row += int64_t(gridDim.x) * blockDim.x) {
        if (!row_alive(rows, row)) continue;
        for (int32_t i = first; i < first + count; ++i) {
            formula::run<1>(formula::line(code, i), scratch, 0, constants, static_cast<const formula::Port*>(ports), row);
        }
    }
}

extern "C" __global__ void __launch_bounds__(128)
row_formula_wide_f32(const RowSet* __restrict__ rows, const void* __restrict__ ports, const int32_t* __restrict__ code,
                     const float* __restrict__ constants, int32_t first, int32_t count, int32_t room) {
    TWEEDIE_SHARED(float, numbers);
    const int32_t warps = int32_t(blockDim.x) / 32, lane = int32_t(threadIdx.x) % 32;
    const formula::Scratch scratch = {numbers + int32_t(threadIdx.x) / 32 * room, 1};
    for (int64_t row = int64_t(blockIdx.x) * warps + threadIdx.x / 32; row < rows->count; row += int64_t(gridDim.x) * warps) {
        if (!row_alive(rows, row)) continue;
        for (int32_t i = first; i < first + count; ++i) {
            formula::run<32>(formula::line(code, i), scratch, lane, constants, static_cast<const formula::Port*>(ports), row);
            __syncwarp();
        }
    }
}
