// train_steps_bf16, train_chain_bf16   many steps of training a multilayer perceptron up to 512 wide in one cooperative launch
//
//   rows      seed; first sample of the first step; rows a step. Row r of step s is sample first + s count + r: which row of data it is, its
//             time and its noise are those of batch_f32, time_sample_f32 and perturb_f32. Where the table has no node a row of data is a
//             pair: inputs, targets, weight, time told
//   columns   of data, for each input of the network: of x first, then conditions
//   tensors   6 int32 each, by first parameter: first, end, columns, kind, where in packed, numbers a row there. Others are not trained
//   places    3 int32 a layer, the last the outputs: first parameter of weights, of the features' weights, of biases
//   schedule  4 f64 a step: rate, 1 / (1 - b1^k), 1 / (1 - b2^k), 1 - decay of the running mean
//   history   [2][capacity]: loss and norm of step k at (k - 1) mod capacity. A loss or gradient that is not finite ends the launch with the
//             weights of the step before it, in control halted; such a control leaves everything as it is
//   steps     phases, each a list of tiles of 64 x 64, tile i to block i mod grid, and a barrier of the grid behind each: a phase a layer
//             forward; outputs, loss and d of the last layer; a phase a layer back, beside it tiles of the weights' gradients of layers whose
//             d is there; the others of those; chunks of rows summed, where there are several; the optimiser. 2 depth + 2 barriers a step,
//             and one more for chunks. The next step's rows are drawn beside the first layer
//   chain     the same for so many rows that a block has tiles of its own: 128 rows forward and back through all layers, in tiles of 128 x
//             128, without a barrier of the grid. 3 barriers a step, and one more for chunks
//   held      whether moments and running mean of a block's parameters stay in shared memory from step to step
//   order     sums take their terms in an order that rows and network alone decide: the same bits for any grid, and for steps cut into
//             launches anywhere
//   moves     bf16 operands through the second cache: a tile 2 (SIDE + SIDE) bytes a k; 24 bytes a parameter and step (40 where not held)
#include "train/steps_layers.cuh"
#include "train/steps_rows.cuh"
#include "train/steps_update.cuh"
#include "train/steps_weights.cuh"

namespace steps {

// Beside the ring. What is fixed lies here too: registers are for sums.
template <class Tile>
struct Room {
    Call call;
    Run run;
    Slice mine;
    WeightTiles weights;
    Sideways<Tile> sideways;
    double lanes[2 * THREADS / 32];
};

TWEEDIE_INLINE void copy_numbers(float* to, const float* from, const int32_t count) {
    for (int32_t i = int32_t(threadIdx.x); i < count; i += THREADS) to[i] = from[i];
}

template <class Tile, bool CHAIN>
TWEEDIE_INLINE void train(const Call& given, const Run& given_run) {
    TWEEDIE_SHARED(unsigned char, memory);
    if (given_run.control->halted != 0.0) return;
    static_assert(sizeof(Room<Tile>) <= Tile::ROOM, "beside the ring");
    Ring ring = {memory, 0};
    Room<Tile>& room = *reinterpret_cast<Room<Tile>*>(memory + Tile::RING);
    const int32_t length = share(given.parameters, 4);
    const int32_t start = int32_t(blockIdx.x) * length < given.parameters ? int32_t(blockIdx.x) * length : given.parameters;
    const int32_t count = given.parameters - start < length ? given.parameters - start : length;
    if (threadIdx.x == 0) {
        float* const kept = reinterpret_cast<float*>(memory + Tile::RING + Tile::ROOM);
        room.call = given;
        room.run = given_run;
        room.mine = given_run.held != 0 ? Slice{start, start + count, kept, kept + length, kept + 2 * length}
                                        : Slice{start, start + count, given.moment1 + start, given.moment2 + start, given.mean + start};
        room.weights = WeightTiles(given, Tile::SIDE);
    }
    __syncthreads();  // what is fixed is there
    const Call& c = room.call;
    const Run& run = room.run;
    const Net& net = c.net;
    const Slice& mine = room.mine;
    if (run.held != 0) {
        copy_numbers(mine.moment1, c.moment1 + start, count);
        copy_numbers(mine.moment2, c.moment2 + start, count);
        copy_numbers(mine.mean, c.mean + start, count);
    }
    pack_slice<THREADS>(c, mine);

    const int32_t across = (net.wide + Tile::SIDE - 1) / Tile::SIDE, down = int32_t(net.all / Tile::SIDE), tiles = down * across;
    const int32_t blocks = int32_t(gridDim.x), spare = (tiles + blocks - 1) / blocks * blocks - tiles;
    const WeightTiles& weights = room.weights;
    const int32_t draws = int32_t(net.all / 32);
    if (!CHAIN) {
        for (int32_t i = int32_t(blockIdx.x); i < draws; i += blocks) draw_rows(c, 0, 0, 32 * int64_t(i));
    }
    grid_sync();  // weights are packed, rows drawn

#pragma unroll 1
    for (int32_t s = 0; s < run.steps; ++s) {
        const int32_t turn = CHAIN ? 0 : s % 2;
        int32_t done = 0;  // tiles of weights
        if (CHAIN) {
#pragma unroll 1
            for (int32_t r = int32_t(blockIdx.x); r < down; r += blocks) {
                const int64_t row = int64_t(r) * Tile::SIDE;
                for (int32_t i = 0; i < Tile::SIDE; i += 32) draw_rows(c, s, 0, row + i);
                __syncthreads();  // the tile's rows are drawn
#pragma unroll 1
                for (int32_t l = 0; l < net.depth; ++l) {
#pragma unroll 1
                    for (int32_t i = 0; i < across; ++i) forward_tile<Tile>(c, ring, l, turn, row, i * Tile::SIDE);
                    __syncthreads();  // the layer is there
                }
#pragma unroll 1
                for (int32_t i = 0; i < across; ++i) top_tile<Tile>(c, ring, room.sideways, turn, row, i * Tile::SIDE);
#pragma unroll 1
                for (int32_t l = net.depth - 1; l > 0; --l) {
                    __syncthreads();  // d of layer l is there
#pragma unroll 1
                    for (int32_t i = 0; i < across; ++i) back_tile<Tile>(c, ring, l, row, i * Tile::SIDE);
                }
            }
            grid_sync();  // d of all rows is there
        } else {
#pragma unroll 1
            for (int32_t l = 0; l < net.depth; ++l) {
                const int32_t items = tiles + (l == 0 && s + 1 < run.steps ? draws : 0);
#pragma unroll 1
                for (int32_t i = int32_t(blockIdx.x); i < items; i += blocks) {
                    if (i < tiles) forward_tile<Tile>(c, ring, l, turn, int64_t(i / across) * Tile::SIDE, i % across * Tile::SIDE);
                    else draw_rows(c, s + 1, 1 - turn, 32 * int64_t(i - tiles));
                }
                grid_sync();  // the layer is there
            }
#pragma unroll 1
            for (int32_t i = int32_t(blockIdx.x); i < tiles; i += blocks) {
                top_tile<Tile>(c, ring, room.sideways, turn, int64_t(i / across) * Tile::SIDE, i % across * Tile::SIDE);
            }
            grid_sync();  // d of the last layer and of the outputs is there
#pragma unroll 1
            for (int32_t l = net.depth - 1; l > 0; --l) {
                const int32_t ready = weights.down_to(l, net.depth) - done, beside = ready < spare ? ready : spare;
#pragma unroll 1
                for (int32_t i = int32_t(blockIdx.x); i < tiles + beside; i += blocks) {
                    if (i < tiles) back_tile<Tile>(c, ring, l, int64_t(i / across) * Tile::SIDE, i % across * Tile::SIDE);
                    else weights_tile<Tile>(c, ring, weights, done + i - tiles, turn);
                }
                done += beside;
                grid_sync();  // d of layer l - 1 is there
            }
        }
#pragma unroll 1
        for (int32_t i = done + int32_t(blockIdx.x), all = weights.down_to(0, net.depth); i < all; i += blocks) weights_tile<Tile>(c, ring, weights, i, turn);
        grid_sync();  // all gradients are there
        const int32_t runs = (c.parameters + RUN - 1) / RUN;
        if (c.chunks > 1) {
            for (int32_t i = int32_t(blockIdx.x); i < runs; i += blocks) sum_chunks<Tile>(c, i);
            grid_sync();  // and summed
        }
        AdamRule rule;
        const int32_t squares = 4 * (c.chunks > 1 ? runs : weights.down_to(0, net.depth));
        if (!judge<THREADS>(c, run, s, down, squares, room.lanes, rule)) break;  // in all blocks
        update<THREADS>(c, rule, mine, reinterpret_cast<float*>(memory));
        grid_sync();  // the weights of the next step are there
    }
    if (run.held != 0) {
        const int32_t kept = mine.end - mine.first;
        copy_numbers(c.moment1 + mine.first, mine.moment1, kept);
        copy_numbers(c.moment2 + mine.first, mine.moment2, kept);
        copy_numbers(c.mean + mine.first, mine.mean, kept);
    }
}

}  // namespace steps

extern "C" __global__ void __launch_bounds__(steps::THREADS, 2)
train_steps_bf16(const RowSet* __restrict__ rows, const float* __restrict__ data, int64_t data_rows, int32_t data_bits, int32_t data_width,
                  const int32_t* __restrict__ columns, const float* __restrict__ quantile, int32_t quantile_nodes, int64_t group,
                  const float* __restrict__ table, int32_t table_nodes, float log_first, float inverse_spacing, float* weights,
                  float* moment1, float* moment2, float* mean, uint16_t* packed, uint16_t* tape, float* numbers, double* sums,
                  float* partial, int64_t partial_stride, const int32_t* __restrict__ places, const int32_t* __restrict__ tensors,
                  int32_t tensor_count, int32_t parameters, AdamControl* control, const double* __restrict__ schedule, int64_t step,
                  int32_t steps, float* history, int32_t capacity, int32_t inputs, int32_t outputs, int32_t features, int32_t width,
                  int32_t depth, int32_t activation, int32_t residual, int64_t chunk, int32_t chunks, int32_t held, double clip,
                  float keep1, float keep2, float epsilon, float decay) {
    const steps::Net net = {rows->count, (rows->count + 127) / 128 * 128, inputs, outputs, features, width, depth,
                            (width + steps::SQUARE - 1) / steps::SQUARE * steps::SQUARE, activation, residual != 0, true};
    const steps::Call call = {net, rows->seed, rows->first, data, data_rows, data_bits, data_width, columns, quantile, quantile_nodes,
                              group, table, table_nodes, log_first, inverse_spacing, weights, moment1, moment2, mean, packed, tape, numbers,
                              sums, partial, partial_stride, places, tensors, tensor_count, parameters, chunk, chunks,
                              float(1.0 / double(rows->count))};
    const steps::Run run = {control, schedule, step, steps, history, capacity, held, clip, keep1, keep2, epsilon, decay};
    steps::train<steps::Shape<64, 4>, false>(call, run);
}

extern "C" __global__ void __launch_bounds__(steps::THREADS, 2)
train_chain_bf16(const RowSet* __restrict__ rows, const float* __restrict__ data, int64_t data_rows, int32_t data_bits, int32_t data_width,
                  const int32_t* __restrict__ columns, const float* __restrict__ quantile, int32_t quantile_nodes, int64_t group,
                  const float* __restrict__ table, int32_t table_nodes, float log_first, float inverse_spacing, float* weights,
                  float* moment1, float* moment2, float* mean, uint16_t* packed, uint16_t* tape, float* numbers, double* sums,
                  float* partial, int64_t partial_stride, const int32_t* __restrict__ places, const int32_t* __restrict__ tensors,
                  int32_t tensor_count, int32_t parameters, AdamControl* control, const double* __restrict__ schedule, int64_t step,
                  int32_t steps, float* history, int32_t capacity, int32_t inputs, int32_t outputs, int32_t features, int32_t width,
                  int32_t depth, int32_t activation, int32_t residual, int64_t chunk, int32_t chunks, int32_t held, double clip,
                  float keep1, float keep2, float epsilon, float decay) {
    const steps::Net net = {rows->count, (rows->count + 127) / 128 * 128, inputs, outputs, features, width, depth,
                            (width + steps::SQUARE - 1) / steps::SQUARE * steps::SQUARE, activation, residual != 0, false};
    const steps::Call call = {net, rows->seed, rows->first, data, data_rows, data_bits, data_width, columns, quantile, quantile_nodes,
                              group, table, table_nodes, log_first, inverse_spacing, weights, moment1, moment2, mean, packed, tape, numbers,
                              sums, partial, partial_stride, places, tensors, tensor_count, parameters, chunk, chunks,
                              float(1.0 / double(rows->count))};
    const steps::Run run = {control, schedule, step, steps, history, capacity, held, clip, keep1, keep2, epsilon, decay};
    steps::train<steps::Shape<128, 3>, true>(call, run);
}
