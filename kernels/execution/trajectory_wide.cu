// trajectory_mlp512_wide, trajectory_mlp512_few: the trajectories of trajectory_mlp.cu on Hopper through networks 257 to 512 wide
//
//   parameters  as trajectory_mlp512_rows16 would have: held is how many places of 16 KB the weights pass through, at least 2; columns is not read
//   packed      the first layer and the output layer in the order of fragments, hidden layers in that of their places (trajectory_wide.cuh)
//   shape       clusters of 2 blocks, 128 rows a block at a time (few: 64, in half the time, with the same bits), 384 threads
//   shared      places, 128 KB of rows (few: 64), biases, barriers; for each warp with rows state_columns * 36 f32
//   moves       io once; all weights and one row of biases once an evaluation and pair of blocks, from the L2
//   elsewhere   than on sm_90a it does nothing but stop
#include "execution/trajectory_split.cuh"

extern "C" __global__ void TWEEDIE_CLUSTER(2) __launch_bounds__(trajectory_wide::THREADS, 1)
trajectory_mlp512_wide(const RowSet* __restrict__ rows, float* io, int64_t io_stride, const int32_t* __restrict__ operations,
                       int32_t count, const int32_t* __restrict__ places, const int32_t* __restrict__ cells,
                       const float* __restrict__ weights, const float* __restrict__ biases, const uint16_t* __restrict__ packed,
                       const float* __restrict__ out_bias, int32_t inputs, int32_t outputs, int32_t depth, int32_t activation,
                       int32_t residual, int32_t columns, int32_t state_columns, int32_t held, int32_t bf16) {
#ifdef TWEEDIE_WARPGROUPS
    const trajectory_mlp::Call call{rows, io, io_stride, operations, count, places, cells, weights, biases, packed, out_bias,
                                    inputs, outputs, depth, activation, residual != 0, columns, state_columns, held};
    if (bf16 != 0) {
        trajectory_wide::run<trajectory_wide::BF16, trajectory_wide::Wide>(call);
    } else {
        trajectory_wide::run<trajectory_wide::F16, trajectory_wide::Wide>(call);
    }
#else
    __trap();
#endif
}

extern "C" __global__ void TWEEDIE_CLUSTER(2) __launch_bounds__(trajectory_wide::THREADS, 1)
trajectory_mlp512_few(const RowSet* __restrict__ rows, float* io, int64_t io_stride, const int32_t* __restrict__ operations,
                      int32_t count, const int32_t* __restrict__ places, const int32_t* __restrict__ cells,
                      const float* __restrict__ weights, const float* __restrict__ biases, const uint16_t* __restrict__ packed,
                      const float* __restrict__ out_bias, int32_t inputs, int32_t outputs, int32_t depth, int32_t activation,
                      int32_t residual, int32_t columns, int32_t state_columns, int32_t held, int32_t bf16) {
#ifdef TWEEDIE_WARPGROUPS
    const trajectory_mlp::Call call{rows, io, io_stride, operations, count, places, cells, weights, biases, packed, out_bias,
                                   inputs, outputs, depth, activation, residual != 0, columns, state_columns, held};
    if (bf16 != 0) {
        trajectory_wide::run<trajectory_wide::BF16, trajectory_wide::Few>(call);
    } else {
        trajectory_wide::run<trajectory_wide::F16, trajectory_wide::Few>(call);
    }
#else
    __trap();
#endif
}

extern "C" __global__ void TWEEDIE_CLUSTER(4) __launch_bounds__(trajectory_wide::THREADS, 1)
trajectory_mlp512_split(const RowSet* __restrict__ rows, float* io, int64_t io_stride, const int32_t* __restrict__ operations,
                      int32_t count, const int32_t* __restrict__ places, const int32_t* __restrict__ cells,
                      const float* __restrict__ weights, const float* __restrict__ biases, const uint16_t* __restrict__ packed,
                      const float* __restrict__ out_bias, int32_t inputs, int32_t outputs, int32_t depth, int32_t activation,
                      int32_t residual, int32_t columns, int32_t state_columns, int32_t held, int32_t bf16) {
#ifdef TWEEDIE_WARPGROUPS
    const trajectory_mlp::Call call{rows, io, io_stride, operations, count, places, cells, weights, biases, packed, out_bias,
                                   inputs, outputs, depth, activation, residual != 0, columns, state_columns, held};
    if (bf16 != 0) {
        trajectory_wide::run<trajectory_wide::BF16, trajectory_wide::Split>(call);
    } else {
        trajectory_wide::run<trajectory_wide::F16, trajectory_wide::Split>(call);
    }
#else
    __trap();
#endif
}
