// trajectory_mlp64_f16, _mlp64_bf16, _mlp128_f16, _mlp128_bf16, _mlp64_rows16, _mlp128_rows16, _mlp256_rows16, _mlp64_f16x3, _mlp128_f16x3:
// whole trajectories in one launch
//
//   A warp takes 16 or 32 rows through all operations of a plan: the network by mma.sync with 16-bit operands and f32 sums, activations in
//   registers (trajectory_mlp.cuh); the linear part of the cells in f32, a lane a row, with the words and the order of step_cell_f32.
//
//   operations  8 int32 each, in order; columns are coordinates of registers, one after the other
//               LOAD, STORE   column, width, place: coordinate d of row r at io[place * io_stride + r * width + d]
//               MIX           number of the cell, width; slots of the cell are first columns
//               EVALUATE      first column of the outputs, row of biases, row of the next evaluation's (or -1), places
//   places      16 int32 for each input of the network: its column, or -1: nothing
//   biases      a row of depth x width for each time, f32: what of the layers follows from the time alone; halved for SiLU
//   packed      the layers one after the other: inputs in high and low halves, hidden, outputs filled up to 16; halved for SiLU; in x3 the
//               low parts of a layer as further inputs behind the high ones
//   out_bias    16 f32
//   columns     groups of blocks of a layer are left out from this block of 16 columns on
//   rows16      16 rows a warp, for so few rows that 32 would leave tensor cores without work, and for weights that a block does not hold;
//               the same bits. bf16: else f16
//   f16x3       operands of 22 bits (trajectory_mlp.cuh), 16 rows a warp
//   held        groups of hidden weights that stay in the block (layer_weights.cuh)
//   shared      first layer, outputs, groups; then for each warp two rows of biases (for the block, where groups pass) and
//               state_columns * 36 f32
//   shape       a warp 32 rows (or 16) at a time, in strides of the grid; any number of warps a block that the memory holds
//   moves       io once; packed once a block, what passes once a step and block; biases of a step once a warp, or once a block, by
//               asynchronous copies one evaluation ahead
//   order       of sums inside a product the hardware's: held to a bound, not to bits; a row's bits depend on the row alone
#include "execution/trajectory_mlp.cuh"

namespace trajectory_mlp {

constexpr int32_t THREADS_64 = 384, THREADS_128 = 256, THREADS_ROWS16 = 256;  // one block a multiprocessor: all its registers

}  // namespace trajectory_mlp

extern "C" __global__ void __launch_bounds__(trajectory_mlp::THREADS_64, 1)
trajectory_mlp64_f16(const RowSet* __restrict__ rows, float* io, int64_t io_stride, const int32_t* __restrict__ operations,
                     int32_t count, const int32_t* __restrict__ places, const int32_t* __restrict__ cells,
                     const float* __restrict__ weights, const float* __restrict__ biases, const uint16_t* __restrict__ packed,
                     const float* __restrict__ out_bias, int32_t inputs, int32_t outputs, int32_t depth, int32_t activation,
                     int32_t residual, int32_t columns, int32_t state_columns) {
    const trajectory_mlp::Call call{rows, io, io_stride, operations, count, places, cells, weights, biases, packed, out_bias,
                                    inputs, outputs, depth, activation, residual != 0, columns, state_columns, 0};
    trajectory_mlp::run<trajectory_mlp::WarpNetwork<trajectory_mlp::F16, 64, 2>>(call);
}

extern "C" __global__ void __launch_bounds__(trajectory_mlp::THREADS_64, 1)
trajectory_mlp64_bf16(const RowSet* __restrict__ rows, float* io, int64_t io_stride, const int32_t* __restrict__ operations,
                      int32_t count, const int32_t* __restrict__ places, const int32_t* __restrict__ cells,
                      const float* __restrict__ weights, const float* __restrict__ biases, const uint16_t* __restrict__ packed,
                      const float* __restrict__ out_bias, int32_t inputs, int32_t outputs, int32_t depth, int32_t activation,
                      int32_t residual, int32_t columns, int32_t state_columns) {
    const trajectory_mlp::Call call{rows, io, io_stride, operations, count, places, cells, weights, biases, packed, out_bias,
                                    inputs, outputs, depth, activation, residual != 0, columns, state_columns, 0};
    trajectory_mlp::run<trajectory_mlp::WarpNetwork<trajectory_mlp::BF16, 64, 2>>(call);
}

extern "C" __global__ void __launch_bounds__(trajectory_mlp::THREADS_128, 1)
trajectory_mlp128_f16(const RowSet* __restrict__ rows, float* io, int64_t io_stride, const int32_t* __restrict__ operations,
                      int32_t count, const int32_t* __restrict__ places, const int32_t* __restrict__ cells,
                      const float* __restrict__ weights, const float* __restrict__ biases, const uint16_t* __restrict__ packed,
                      const float* __restrict__ out_bias, int32_t inputs, int32_t outputs, int32_t depth, int32_t activation,
                      int32_t residual, int32_t columns, int32_t state_columns) {
    const trajectory_mlp::Call call{rows, io, io_stride, operations, count, places, cells, weights, biases, packed, out_bias,
                                    inputs, outputs, depth, activation, residual != 0, columns, state_columns, 0};
    trajectory_mlp::run<trajectory_mlp::WarpNetwork<trajectory_mlp::F16, 128, 2>>(call);
}

extern "C" __global__ void __launch_bounds__(trajectory_mlp::THREADS_128, 1)
trajectory_mlp128_bf16(const RowSet* __restrict__ rows, float* io, int64_t io_stride, const int32_t* __restrict__ operations,
                       int32_t count, const int32_t* __restrict__ places, const int32_t* __restrict__ cells,
                       const float* __restrict__ weights, const float* __restrict__ biases, const uint16_t* __restrict__ packed,
                       const float* __restrict__ out_bias, int32_t inputs, int32_t outputs, int32_t depth, int32_t activation,
                       int32_t residual, int32_t columns, int32_t state_columns) {
    const trajectory_mlp::Call call{rows, io, io_stride, operations, count, places, cells, weights, biases, packed, out_bias,
                                    inputs, outputs, depth, activation, residual != 0, columns, state_columns, 0};
    trajectory_mlp::run<trajectory_mlp::WarpNetwork<trajectory_mlp::BF16, 128, 2>>(call);
}

extern "C" __global__ void __launch_bounds__(trajectory_mlp::THREADS_ROWS16, 1)
trajectory_mlp64_rows16(const RowSet* __restrict__ rows, float* io, int64_t io_stride, const int32_t* __restrict__ operations,
                        int32_t count, const int32_t* __restrict__ places, const int32_t* __restrict__ cells,
                        const float* __restrict__ weights, const float* __restrict__ biases, const uint16_t* __restrict__ packed,
                        const float* __restrict__ out_bias, int32_t inputs, int32_t outputs, int32_t depth, int32_t activation,
                        int32_t residual, int32_t columns, int32_t state_columns, int32_t held, int32_t bf16) {
    const trajectory_mlp::Call call{rows, io, io_stride, operations, count, places, cells, weights, biases, packed, out_bias,
                                    inputs, outputs, depth, activation, residual != 0, columns, state_columns, held};
    if (bf16 == 0) {
        trajectory_mlp::run<trajectory_mlp::WarpNetwork<trajectory_mlp::F16, 64, 1>>(call);
    } else {
        trajectory_mlp::run<trajectory_mlp::WarpNetwork<trajectory_mlp::BF16, 64, 1>>(call);
    }
}

extern "C" __global__ void __launch_bounds__(trajectory_mlp::THREADS_ROWS16, 1)
trajectory_mlp128_rows16(const RowSet* __restrict__ rows, float* io, int64_t io_stride, const int32_t* __restrict__ operations,
                         int32_t count, const int32_t* __restrict__ places, const int32_t* __restrict__ cells,
                         const float* __restrict__ weights, const float* __restrict__ biases, const uint16_t* __restrict__ packed,
                         const float* __restrict__ out_bias, int32_t inputs, int32_t outputs, int32_t depth, int32_t activation,
                         int32_t residual, int32_t columns, int32_t state_columns, int32_t held, int32_t bf16) {
    const trajectory_mlp::Call call{rows, io, io_stride, operations, count, places, cells, weights, biases, packed, out_bias,
                                    inputs, outputs, depth, activation, residual != 0, columns, state_columns, held};
    if (bf16 == 0) {
        trajectory_mlp::run<trajectory_mlp::WarpNetwork<trajectory_mlp::F16, 128, 1>>(call);
    } else {
        trajectory_mlp::run<trajectory_mlp::WarpNetwork<trajectory_mlp::BF16, 128, 1>>(call);
    }
}

extern "C" __global__ void __launch_bounds__(trajectory_mlp::THREADS_ROWS16, 1)
trajectory_mlp256_rows16(const RowSet* __restrict__ rows, float* io, int64_t io_stride, const int32_t* __restrict__ operations,
                         int32_t count, const int32_t* __restrict__ places, const int32_t* __restrict__ cells,
                         const float* __restrict__ weights, const float* __restrict__ biases, const uint16_t* __restrict__ packed,
                         const float* __restrict__ out_bias, int32_t inputs, int32_t outputs, int32_t depth, int32_t activation,
                         int32_t residual, int32_t columns, int32_t state_columns, int32_t held, int32_t bf16) {
    const trajectory_mlp::Call call{rows, io, io_stride, operations, count, places, cells, weights, biases, packed, out_bias,
                                    inputs, outputs, depth, activation, residual != 0, columns, state_columns, held};
    if (bf16 == 0) {
        trajectory_mlp::run<trajectory_mlp::WarpNetwork<trajectory_mlp::F16, 256, 1>>(call);
    } else {
        trajectory_mlp::run<trajectory_mlp::WarpNetwork<trajectory_mlp::BF16, 256, 1>>(call);
    }
}

extern "C" __global__ void __launch_bounds__(trajectory_mlp::THREADS_ROWS16, 1)
trajectory_mlp64_f16x3(const RowSet* __restrict__ rows, float* io, int64_t io_stride, const int32_t* __restrict__ operations,
                       int32_t count, const int32_t* __restrict__ places, const int32_t* __restrict__ cells,
                       const float* __restrict__ weights, const float* __restrict__ biases, const uint16_t* __restrict__ packed,
                       const float* __restrict__ out_bias, int32_t inputs, int32_t outputs, int32_t depth, int32_t activation,
                       int32_t residual, int32_t columns, int32_t state_columns, int32_t held) {
    const trajectory_mlp::Call call{rows, io, io_stride, operations, count, places, cells, weights, biases, packed, out_bias,
                                    inputs, outputs, depth, activation, residual != 0, columns, state_columns, held};
    trajectory_mlp::run<trajectory_mlp::WarpNetwork<trajectory_mlp::F16x3, 64, 1>>(call);
}

extern "C" __global__ void __launch_bounds__(trajectory_mlp::THREADS_ROWS16, 1)
trajectory_mlp128_f16x3(const RowSet* __restrict__ rows, float* io, int64_t io_stride, const int32_t* __restrict__ operations,
                        int32_t count, const int32_t* __restrict__ places, const int32_t* __restrict__ cells,
                        const float* __restrict__ weights, const float* __restrict__ biases, const uint16_t* __restrict__ packed,
                        const float* __restrict__ out_bias, int32_t inputs, int32_t outputs, int32_t depth, int32_t activation,
                        int32_t residual, int32_t columns, int32_t state_columns, int32_t held) {
    const trajectory_mlp::Call call{rows, io, io_stride, operations, count, places, cells, weights, biases, packed, out_bias,
                                    inputs, outputs, depth, activation, residual != 0, columns, state_columns, held};
    trajectory_mlp::run<trajectory_mlp::WarpNetwork<trajectory_mlp::F16x3, 128, 1>>(call);
}
