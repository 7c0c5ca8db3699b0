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
#include "execution/cell.cuh"
#include "execution/trajectory_mlp.cuh"

namespace trajectory_mlp {

enum Operation : int32_t { LOAD, STORE, MIX, EVALUATE };
constexpr int32_t WORDS = 8;
constexpr int32_t THREADS_64 = 384, THREADS_128 = 256, THREADS_ROWS16 = 256;  // one block a multiprocessor: all its registers

// registers <- W (registers, draws) of this lane's row: as step_cell_f32
TWEEDIE_INLINE void mix(float* mine, const int32_t* header, const float* table, const RowSet* __restrict__ rows, const int64_t index,
                        const int32_t width) {
    const int32_t ins = header[0], outs = header[1], draws = header[2];
#pragma unroll 1
    for (int32_t d = 0; d < width; d += 4) {
        const int32_t some = width - d < 4 ? width - d : 4;
        float4 sum[cell::OUTS];
#pragma unroll
        for (int o = 0; o < cell::OUTS; ++o) sum[o] = cell::nothing();
        uint32_t got = 0;
#pragma unroll 1
        for (int32_t i = 0; i < ins; ++i) {
            const float* const at = mine + (header[cell::IN_SLOTS + i] + d) * PITCH;
            const float4 v = make_float4(at[0], some > 1 ? at[PITCH] : 0.0f, some > 2 ? at[2 * PITCH] : 0.0f,
                                         some > 3 ? at[3 * PITCH] : 0.0f);
            got |= cell::add_column(sum, table, outs, i, v);
        }
#pragma unroll 1
        for (int32_t k = 0; k < draws; ++k) {
            const uint32_t what = rng::purpose_word(header[cell::PURPOSES + k], header[cell::ORDINALS + k] + rows->iteration);
            const float4 z = rng::draw(header[cell::LAWS + k], rng::row_words(rows->seed, index, what, d / 4));
            got |= cell::add_column(sum, table, outs, cell::INS + k, z);
        }
#pragma unroll
        for (int o = 0; o < cell::OUTS; ++o) {
            if (o < outs) {
                const bool any = (got >> o & 1) != 0;
                float* const at = mine + (header[cell::OUT_SLOTS + o] + d) * PITCH;
                at[0] = any ? sum[o].x : 0.0f;
                if (some > 1) at[PITCH] = any ? sum[o].y : 0.0f;
                if (some > 2) at[2 * PITCH] = any ? sum[o].z : 0.0f;
                if (some > 3) at[3 * PITCH] = any ? sum[o].w : 0.0f;
            }
        }
    }
}

// a warp queues a row of biases; each lane waits for its own copies
TWEEDIE_INLINE void queue_row(float* into, const float* __restrict__ biases, const int32_t row, const int32_t count, const int32_t lane) {
    queue(into, biases + int64_t(row) * count, 4 * count, lane, 32);
    cp_async_commit();
}

struct Call {
    const RowSet* __restrict__ rows;
    float* io;
    int64_t io_stride;
    const int32_t* __restrict__ operations;
    int32_t count;
    const int32_t* __restrict__ places;
    const int32_t* __restrict__ cells;
    const float* __restrict__ weights;
    const float* __restrict__ biases;
    const uint16_t* __restrict__ packed;
    const float* __restrict__ out_bias;
    int32_t inputs, outputs, depth, activation;
    bool residual;
    int32_t columns, state_columns, held;
};

template <class Type, int32_t WIDTH, int32_t TILES>
TWEEDIE_INLINE void evaluate(const Call& call, float* state, Weights<Type, WIDTH / 16, TILES>& packed, const float* bias,
                             const int32_t* operation) {
    const int32_t* const from = call.places + MOST_INPUTS * operation[4];
    const int32_t into = operation[1], in_blocks = (call.inputs + Type::INPUTS - 1) / Type::INPUTS;
    // one network in the widest kernel, where products cost more than branches: two take more registers than there are
    if (WIDTH < 256 && call.activation == SILU && !call.residual) {
        network<Type, WIDTH / 16, TILES, true>(state, from, into, packed, bias, call.out_bias, in_blocks, call.outputs, call.depth,
                                               call.activation, false, call.columns);
    } else {
        network<Type, WIDTH / 16, TILES, false>(state, from, into, packed, bias, call.out_bias, in_blocks, call.outputs, call.depth,
                                                call.activation, call.residual, call.columns);
    }
}

template <class Type, int32_t WIDTH, int32_t TILES>
TWEEDIE_INLINE void run(const Call& call) {
    constexpr int32_t BLOCKS = WIDTH / 16, TILE = 16 * TILES;
    TWEEDIE_SHARED(unsigned char, memory);
    const int32_t layers = call.depth * WIDTH;
    constexpr int32_t ROW = 512 * Type::PARTS * BLOCKS;  // all columns by 16 inputs
    Weights<Type, BLOCKS, TILES> packed(memory, call.packed, call.biases, ROW * ((call.inputs + Type::INPUTS - 1) / Type::INPUTS), ROW,
                                        4 * layers, (call.depth - 1) * (BLOCKS / GROUP<Type, BLOCKS, TILES>), call.held);

    const int32_t lane = int32_t(threadIdx.x) % 32, warp = int32_t(threadIdx.x) / 32, warps = int32_t(blockDim.x) / 32;
    const bool in_step = packed.passes();
    float* const bias = reinterpret_cast<float*>(packed.end()) + (in_step ? 0 : warp * (2 * layers + call.state_columns * PITCH));
    float* const state = bias + 2 * layers + (in_step ? warp * call.state_columns * PITCH : 0);
    const RowSet* __restrict__ const rows = call.rows;
    int32_t turn = 0, fetched = -1;

    for (int64_t at = int64_t(blockIdx.x) * warps + (in_step ? 0 : warp); TILE * at < rows->count; at += int64_t(gridDim.x) * warps) {
        const int64_t row = TILE * (at + (in_step ? warp : 0)) + lane;
        const bool alive = lane < TILE && row < rows->count && row_alive(rows, row);
        const int64_t index = alive ? row_index(rows, row) : 0;
#pragma unroll 1
        for (int32_t i = 0; i < call.count; ++i) {
            const int32_t* const operation = call.operations + WORDS * i;
            const int32_t kind = operation[0], first = operation[1], second = operation[2], third = operation[3];
            if (kind == EVALUATE) {
                float* const now = bias + turn * layers;
                turn = 1 - turn;
                if (in_step) {
                    if (fetched != second) {
                        packed.queue_biases(second, 1 - turn);
                        cp_async_commit();
                        cp_async_wait<0>();
                        __syncthreads();
                    }
                    packed.bias_row = third;
                    packed.bias_turn = turn;
                } else {
                    if (fetched != second) queue_row(now, call.biases, second, layers, lane);
                    cp_async_wait<0>();
                }
                __syncwarp();  // the biases of all lanes, and the state that each wrote for its row
                if (!in_step && third >= 0) queue_row(bias + turn * layers, call.biases, third, layers, lane);
                fetched = third;
                evaluate<Type, WIDTH, TILES>(call, state, packed, now, operation);
                __syncwarp();
            } else if (kind == MIX) {
                mix(state + lane, call.cells + int64_t(first) * cell::HEADER, call.weights + int64_t(first) * cell::WEIGHTS, rows,
                    index, second);
            } else if (alive) {
                const int64_t far_at = third * call.io_stride + row * second;
                float* const far = call.io + far_at;
                float* const near = state + first * PITCH + lane;
                for (int32_t d = 0; d < second; ++d) {
                    if (kind == LOAD) near[d * PITCH] = far[d];
                    else far[d] = near[d * PITCH];
                }
            }
        }
    }
}

}  // namespace trajectory_mlp

extern "C" __global__ void __launch_bounds__(trajectory_mlp::THREADS_64, 1)
trajectory_mlp64_f16(const RowSet* __restrict__ rows, float* io, int64_t io_stride, const int32_t* __restrict__ operations,
                     int32_t count, const int32_t* __restrict__ places, const int32_t* __restrict__ cells,
                     const float* __restrict__ weights, const float* __restrict__ biases, const uint16_t* __restrict__ packed,
                     const float* __restrict__ out_bias, int32_t inputs, int32_t outputs, int32_t depth, int32_t activation,
                     int32_t residual, int32_t columns, int32_t state_columns) {
    const trajectory_mlp::Call call{rows, io, io_stride, operations, count, places, cells, weights, biases, packed, out_bias,
                                    inputs, outputs, depth, activation, residual != 0, columns, state_columns, 0};
    trajectory_mlp::run<trajectory_mlp::F16, 64, 2>(call);
}

extern "C" __global__ void __launch_bounds__(trajectory_mlp::THREADS_64, 1)
trajectory_mlp64_bf16(const RowSet* __restrict__ rows, float* io, int64_t io_stride, const int32_t* __restrict__ operations,
                      int32_t count, const int32_t* __restrict__ places, const int32_t* __restrict__ cells,
                      const float* __restrict__ weights, const float* __restrict__ biases, const uint16_t* __restrict__ packed,
                      const float* __restrict__ out_bias, int32_t inputs, int32_t outputs, int32_t depth, int32_t activation,
                      int32_t residual, int32_t columns, int32_t state_columns) {
    const trajectory_mlp::Call call{rows, io, io_stride, operations, count, places, cells, weights, biases, packed, out_bias,
                                    inputs, outputs, depth, activation, residual != 0, columns, state_columns, 0};
    trajectory_mlp::run<trajectory_mlp::BF16, 64, 2>(call);
}

extern "C" __global__ void __launch_bounds__(trajectory_mlp::THREADS_128, 1)
trajectory_mlp128_f16(const RowSet* __restrict__ rows, float* io, int64_t io_stride, const int32_t* __restrict__ operations,
                      int32_t count, const int32_t* __restrict__ places, const int32_t* __restrict__ cells,
                      const float* __restrict__ weights, const float* __restrict__ biases, const uint16_t* __restrict__ packed,
                      const float* __restrict__ out_bias, int32_t inputs, int32_t outputs, int32_t depth, int32_t activation,
                      int32_t residual, int32_t columns, int32_t state_columns) {
    const trajectory_mlp::Call call{rows, io, io_stride, operations, count, places, cells, weights, biases, packed, out_bias,
                                    inputs, outputs, depth, activation, residual != 0, columns, state_columns, 0};
    trajectory_mlp::run<trajectory_mlp::F16, 128, 2>(call);
}

extern "C" __global__ void __launch_bounds__(trajectory_mlp::THREADS_128, 1)
trajectory_mlp128_bf16(const RowSet* __restrict__ rows, float* io, int64_t io_stride, const int32_t* __restrict__ operations,
                       int32_t count, const int32_t* __restrict__ places, const int32_t* __restrict__ cells,
                       const float* __restrict__ weights, const float* __restrict__ biases, const uint16_t* __restrict__ packed,
                       const float* __restrict__ out_bias, int32_t inputs, int32_t outputs, int32_t depth, int32_t activation,
                       int32_t residual, int32_t columns, int32_t state_columns) {
    const trajectory_mlp::Call call{rows, io, io_stride, operations, count, places, cells, weights, biases, packed, out_bias,
                                    inputs, outputs, depth, activation, residual != 0, columns, state_columns, 0};
    trajectory_mlp::run<trajectory_mlp::BF16, 128, 2>(call);
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
        trajectory_mlp::run<trajectory_mlp::F16, 64, 1>(call);
    } else {
        trajectory_mlp::run<trajectory_mlp::BF16, 64, 1>(call);
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
        trajectory_mlp::run<trajectory_mlp::F16, 128, 1>(call);
    } else {
        trajectory_mlp::run<trajectory_mlp::BF16, 128, 1>(call);
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
        trajectory_mlp::run<trajectory_mlp::F16, 256, 1>(call);
    } else {
        trajectory_mlp::run<trajectory_mlp::BF16, 256, 1>(call);
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
    trajectory_mlp::run<trajectory_mlp::F16x3, 64, 1>(call);
}

extern "C" __global__ void __launch_bounds__(trajectory_mlp::THREADS_ROWS16, 1)
trajectory_mlp128_f16x3(const RowSet* __restrict__ rows, float* io, int64_t io_stride, const int32_t* __restrict__ operations,
                        int32_t count, const int32_t* __restrict__ places, const int32_t* __restrict__ cells,
                        const float* __restrict__ weights, const float* __restrict__ biases, const uint16_t* __restrict__ packed,
                        const float* __restrict__ out_bias, int32_t inputs, int32_t outputs, int32_t depth, int32_t activation,
                        int32_t residual, int32_t columns, int32_t state_columns, int32_t held) {
    const trajectory_mlp::Call call{rows, io, io_stride, operations, count, places, cells, weights, biases, packed, out_bias,
                                    inputs, outputs, depth, activation, residual != 0, columns, state_columns, held};
    trajectory_mlp::run<trajectory_mlp::F16x3, 128, 1>(call);
}
