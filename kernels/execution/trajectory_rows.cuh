// trajectory_rows.cuh — rows of a warp, or of a warpgroup, through all operations of a plan with one network (trajectory_mlp.cu lists them)
//
//   Network   WIDTH; TILE, rows of a warp; TOGETHER, warps that go through the same operations; made of shared memory and the call;
//             evaluate: one evaluation of the warp's rows. end: where its shared memory ends. Where in_step, all warps of the block go on
//             together, and biases come along with the weights (layer_weights.cuh)
#pragma once
#include "execution/cell.cuh"
#include "execution/layer_weights.cuh"

namespace trajectory_mlp {

constexpr int32_t PITCH = 36;        // rows of fragments and rows of lanes both without bank conflicts
constexpr int32_t MOST_INPUTS = 16;  // coordinates of all inputs together

enum Operation : int32_t { LOAD, STORE, MIX, EVALUATE };
constexpr int32_t WORDS = 8;

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

/// The row of a lane.
struct Row {
    int64_t row, index;
    bool alive;

    __device__ __forceinline__ Row(const RowSet* __restrict__ rows, const int64_t which, const bool some)
        : row(which), alive(some && which < rows->count && row_alive(rows, which)) {
        index = alive ? row_index(rows, which) : 0;
    }
};

/// An operation that is no evaluation, for the row of a lane; state: of the warp.
TWEEDIE_INLINE void move(const Call& call, const int32_t* operation, float* state, const Row& mine, const int32_t lane) {
    const int32_t kind = operation[0], first = operation[1], second = operation[2], third = operation[3];
    if (kind == MIX) {
        mix(state + lane, call.cells + int64_t(first) * cell::HEADER, call.weights + int64_t(first) * cell::WEIGHTS, call.rows,
            mine.index, second);
    } else if (mine.alive) {
        const int64_t far_at = third * call.io_stride + mine.row * second;
        float* const far = call.io + far_at;
        float* const near = state + first * PITCH + lane;
        for (int32_t d = 0; d < second; ++d) {
            if (kind == LOAD) near[d * PITCH] = far[d];
            else far[d] = near[d * PITCH];
        }
    }
}

/// All operations for all rows. A Network says how its warps share them: so many together go through the same operations.
template <class Network>
TWEEDIE_INLINE void run(const Call& call) {
    constexpr int32_t TILE = Network::TILE;
    TWEEDIE_SHARED(unsigned char, memory);
    const int32_t layers = call.depth * Network::WIDTH;
    Network network(memory, call);

    const int32_t lane = int32_t(threadIdx.x) % 32, warp = int32_t(threadIdx.x) / 32, warps = int32_t(blockDim.x) / 32;
    const bool in_step = network.in_step();
    const int32_t inside = in_step ? warp : warp % Network::TOGETHER;  // of the warps that go on together
    float* const bias = reinterpret_cast<float*>(network.end()) + (in_step ? 0 : warp * (2 * layers + call.state_columns * PITCH));
    float* const state = bias + 2 * layers + (in_step ? warp * call.state_columns * PITCH : 0);
    const RowSet* __restrict__ const rows = call.rows;
    int32_t turn = 0, fetched = -1;

    for (int64_t at = int64_t(blockIdx.x) * warps + (warp - inside); TILE * at < rows->count; at += int64_t(gridDim.x) * warps) {
        const Row mine(rows, TILE * (at + inside) + lane, lane < TILE);
#pragma unroll 1
        for (int32_t i = 0; i < call.count; ++i) {
            const int32_t* const operation = call.operations + WORDS * i;
            if (operation[0] == EVALUATE) {
                const int32_t second = operation[2], third = operation[3];
                float* const now = bias + turn * layers;
                turn = 1 - turn;
                if (in_step) {
                    if (fetched != second) {
                        network.queue_biases(second, 1 - turn);
                        cp_async_commit();
                        cp_async_wait<0>();
                        __syncthreads();
                    }
                    network.expect_biases(third, turn);
                } else {
                    if (fetched != second) queue_row(now, call.biases, second, layers, lane);
                    cp_async_wait<0>();
                }
                __syncwarp();  // the biases of all lanes, and the state that each wrote for its row
                if (!in_step && third >= 0) queue_row(bias + turn * layers, call.biases, third, layers, lane);
                fetched = third;
                network.evaluate(call, state, now, operation);
                __syncwarp();
            } else {
                move(call, operation, state, mine, lane);
            }
        }
    }
}

}  // namespace trajectory_mlp
