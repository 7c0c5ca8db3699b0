// steps.cuh — the parts of a training step of a multilayer perceptron, as lists of tiles (train_steps.cu says which, and what waits for what)
//
//   h_l+1 = act(b_l + h_l W_l + f T_l) (+ h_l)      h_0 = x, f the features of the row's time
//   back    d_l = dh_l+1 act'(pre_l)                dh_l = d_l W_l' (+ dh_l+1)
//   weights dW_l = h_l' d_l, dT_l = f' d_l, db_l = sum of d_l
//
//   wide     width to a multiple of 64; rows to one of 128: what is filled up has no input, no weight and no cotangent
//   entry    128 a row: x as hi, lo, hi, lo of 16 coordinates each, against rows W_hi, W_hi, W_lo, W_lo; then 64 features
//   packed   bf16, rows as k: of layer 0 the 128 of the entry by wide, of the others wide + 64 by wide, of the outputs wide by 64. Forward and
//            back read the same: ldmatrix transposes
//   tape     bf16, all rows of one after the other: entry (twice where the next step's rows are drawn ahead), hidden layers, their slopes, in
//            whose place d comes, d of the outputs by 64, and where residual dh
//   numbers  f32 targets, 16 a row, and a weight a row; twice as entry
//   sums     f64: of the losses of each tile of rows, then of squares of gradients, four for each tile of weights or run of RUN parameters
#pragma once
#include "rows.cuh"
#include "train/steps_tile.cuh"

namespace steps {

using Type = mixed::BF16;

constexpr int32_t COORDINATES = 16;      // at most, in and out
constexpr int32_t ENTRY = 2 * SQUARE;    // numbers of a row's entry
constexpr int32_t RUN = 4096;            // parameters summed together
constexpr int32_t SIDEWAYS = 48;         // bytes a row of sixteen numbers in shared memory: ldmatrix without conflicts
enum Purpose : int32_t { TIME = 3, NOISE = 4, DATA = 5 };  // of draws, as org.tweedie.rng.Purpose
enum Kind : int32_t { BIASES, MATRIX, INPUTS };
constexpr int32_t TENSOR = 6;            // int32: first, end, columns, kind, packed, pitch
constexpr int32_t SCALARS = 4;           // f64 of a step: rate, correction 1, correction 2, mean

struct Net {
    int64_t rows, all;  // of a step; to a multiple of 128
    int32_t inputs, outputs, features, width, depth, wide, activation;
    bool residual, twice;

    __device__ __forceinline__ int32_t packed_at(const int32_t l) const {
        return l == 0 ? 0 : ENTRY * wide + (l - 1) * (wide + SQUARE) * wide;
    }
    __device__ __forceinline__ int64_t entry_at(const int32_t turn) const { return turn * all * ENTRY; }
    __device__ __forceinline__ int64_t hidden_at(const int32_t l) const { return all * ((twice ? 2 : 1) * ENTRY + int64_t(l) * wide); }
    __device__ __forceinline__ int64_t towards_at(const int32_t l) const { return hidden_at(depth + l); }
    __device__ __forceinline__ int64_t out_at() const { return hidden_at(2 * depth); }
    __device__ __forceinline__ int64_t back_at() const { return out_at() + all * SQUARE; }
    __device__ __forceinline__ int64_t target_at(const int32_t turn) const { return turn * all * (COORDINATES + 1); }
    __device__ __forceinline__ int64_t weight_at(const int32_t turn) const { return target_at(turn) + all * COORDINATES; }
};

// What is fixed for a launch. Nothing here is __restrict__: other blocks write what this one reads.
struct Call {
    Net net;
    uint64_t seed;
    int64_t first;  // sample of the first row of the first step
    const float* data;
    int64_t data_rows;
    int32_t data_bits, data_width;
    const int32_t* columns;
    const float* quantile;
    int32_t quantile_nodes;
    int64_t group;
    const float* table;
    int32_t table_nodes;
    float log_first, inverse_spacing;
    float *weights, *moment1, *moment2, *mean;
    uint16_t *packed, *tape;
    float* numbers;
    double* sums;
    float* partial;
    int64_t partial_stride;
    const int32_t *places, *tensors;
    int32_t tensor_count, parameters;
    int64_t chunk;  // rows of a partial gradient
    int32_t chunks;
    float scale;

    __device__ __forceinline__ const uint16_t* entry(const int32_t turn) const { return tape + net.entry_at(turn); }
    __device__ __forceinline__ uint16_t* hidden(const int32_t l) const { return tape + net.hidden_at(l); }
    __device__ __forceinline__ uint16_t* towards(const int32_t l) const { return tape + net.towards_at(l); }
};

struct Nothing {
    __device__ __forceinline__ void operator()(int32_t, const uint32_t (&)[2][2]) const {}
};

// Where this thread stands in a tile.
template <class Tile>
struct Place {
    int32_t thread, lane, warp, g, q, m, n;  // m, n: of the warp's first row and column
    __device__ __forceinline__ Place()
        : thread(this_thread()), lane(thread % 32), warp(thread / 32), g(lane / 4), q(lane % 4), m(warp / 2 * (Tile::SIDE / 2)),
          n(warp % 2 * (Tile::SIDE / 2)) {}
};

}  // namespace steps
