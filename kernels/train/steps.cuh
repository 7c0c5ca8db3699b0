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
#include "sde/perturb.cuh"
#include "rows.cuh"
#include "score/turns.cuh"
#include "train/adam.cuh"
#include "train/shuffle.cuh"
#include "train/steps_tile.cuh"
#include "train/train_mlp.cuh"

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

// ---- rows of a step

// Four lanes a row, 32 rows from `from` on: step s of the launch, into turn.
TWEEDIE_INLINE void draw_rows(const Call& c, const int64_t step, const int32_t turn, const int64_t from) {
    const int64_t row = from + threadIdx.x / 4;
    const int32_t part = int32_t(threadIdx.x) % 4;
    if (row >= c.net.rows) return;
    const int64_t index = c.first + step * c.net.rows + row;
    const int64_t epoch = index / c.data_rows;
    const shuffle::Keys keys = shuffle::keys(c.seed, epoch, rng::purpose_word(DATA, 0));
    const int64_t at = shuffle::permute(index - epoch * c.data_rows, c.data_rows, c.data_bits, keys) * c.data_width;
    const float* const x = c.data + at;
    const float inverse = approx::reciprocal(float(c.group > 0 ? c.group : 1));
    const float t = perturb::time(c.quantile, c.quantile_nodes, c.seed, index, c.group, inverse, rng::purpose_word(TIME, 0));
    const hermite::Place place = hermite::place_log(t, c.log_first, c.inverse_spacing, c.table_nodes);

    uint16_t* const entry = c.tape + c.net.entry_at(turn) + row * ENTRY;
    float* const target = c.numbers + c.net.target_at(turn) + row * COORDINATES;
    const int32_t dim = c.net.outputs, d = 4 * part;
    float value[4] = {};
    if (d < c.net.inputs) {
#pragma unroll
        for (int32_t i = 0; i < 4; ++i) value[i] = d + i < c.net.inputs ? x[c.columns[d + i]] : 0.0f;
    }
    if (d < dim) {
        const float4 clean = make_float4(value[0], d + 1 < dim ? value[1] : 0.0f, d + 2 < dim ? value[2] : 0.0f,
                                         d + 3 < dim ? value[3] : 0.0f);
        const float4 z = rng::normals(rng::row_words(c.seed, index, rng::purpose_word(NOISE, 0), part));
        const float4 a = perturb::mixed(perturb::mix_at(c.table, place, 0), clean, z);
        const float4 b = perturb::mixed(perturb::mix_at(c.table, place, 2), clean, z);
        const float noisy[4] = {a.x, a.y, a.z, a.w}, goal[4] = {b.x, b.y, b.z, b.w};
#pragma unroll
        for (int32_t i = 0; i < 4; ++i) {
            if (d + i < dim) {
                value[i] = noisy[i];
                target[d + i] = goal[i];
            }
        }
    }
#pragma unroll
    for (int32_t i = 0; i < 4; i += 2) {
        const uint32_t hi = Type::pair(value[i], value[i + 1]);
        const uint32_t lo = Type::pair(value[i] - Type::low(hi), value[i + 1] - Type::high(hi));
        uint32_t* const to = reinterpret_cast<uint32_t*>(entry + d + i);
        to[0] = to[COORDINATES] = hi;
        to[COORDINATES / 2] = to[3 * COORDINATES / 2] = lo;
    }
    if (part == 0) c.numbers[c.net.weight_at(turn) + row] = hermite::value(c.table, place, 6, 4);
    const float told = hermite::value(c.table, place, 6, 5);
    const int32_t frequencies = c.net.features / 2;
    for (int32_t k = part; k < frequencies; k += 4) {
        const approx::SinCos pair = approx::sincos_turns(fraction_of_turn(c.weights[k], told));
        entry[SQUARE + k] = f32_to_bf16(pair.sin);
        entry[SQUARE + frequencies + k] = f32_to_bf16(pair.cos);
    }
}

// ---- what becomes of sums

template <train_mlp::Both (*function)(float), int32_t ACROSS>
TWEEDIE_INLINE void each(float (&v)[ACROSS][4], uint32_t (&slope)[2][ACROSS]) {
#pragma unroll
    for (int32_t j = 0; j < ACROSS; ++j) {
#pragma unroll
        for (int32_t h = 0; h < 2; ++h) {
            const train_mlp::Both a = function(v[j][2 * h]), b = function(v[j][2 * h + 1]);
            v[j][2 * h] = a.value;
            v[j][2 * h + 1] = b.value;
            slope[h][j] = Type::pair(a.slope, b.slope);
        }
    }
}

template <int32_t ACROSS>
TWEEDIE_INLINE void activate(float (&v)[ACROSS][4], uint32_t (&slope)[2][ACROSS], const int32_t activation) {
    switch (activation) {
        case SILU: each<train_mlp::silu>(v, slope); break;
        case SIN: each<train_mlp::sine>(v, slope); break;
        case TANH: each<train_mlp::tanh>(v, slope); break;
        case RELU: each<train_mlp::relu>(v, slope); break;
        case SOFTPLUS: each<train_mlp::softplus>(v, slope); break;
        case GELU: each<train_mlp::gelu>(v, slope); break;
        default:
#pragma unroll
            for (int32_t j = 0; j < ACROSS; ++j) slope[0][j] = slope[1][j] = Type::pair(1.0f, 1.0f);
            break;
    }
}

// the sums of the next sixteen rows in the place of these, so that what is done with them is compiled once
template <int32_t DOWN, int32_t ACROSS>
TWEEDIE_INLINE void move_up(float (&sum)[DOWN][ACROSS][4]) {
#pragma unroll
    for (int32_t i = 0; i + 1 < DOWN; ++i) {
#pragma unroll
        for (int32_t j = 0; j < 4 * ACROSS; ++j) sum[i][j / 4][j % 4] = sum[i + 1][j / 4][j % 4];
    }
}

template <int32_t ACROSS>
TWEEDIE_INLINE void add(float (&v)[ACROSS][4], const uint32_t (&w)[ACROSS], const int32_t half) {
#pragma unroll
    for (int32_t j = 0; j < ACROSS; ++j) {
        v[j][2 * half] += Type::low(w[j]);
        v[j][2 * half + 1] += Type::high(w[j]);
    }
}

// sum -> h and slopes; at: element of the tile's first number of this lane's first row. before: h of the layer below where it is added
template <class Tile>
TWEEDIE_INLINE void keep_hidden(float (&sum)[Tile::DOWN][Tile::ACROSS][4], uint16_t* hidden, uint16_t* slopes, const uint16_t* before,
                                const int32_t pitch, const int32_t activation, const int32_t q) {
#pragma unroll 1
    for (int32_t i = 0; i < Tile::DOWN; ++i) {
        uint32_t slope[2][Tile::ACROSS];
        activate(sum[0], slope, activation);
#pragma unroll
        for (int32_t h = 0; h < 2; ++h) {
            const int64_t at = int64_t(16 * i + 8 * h) * pitch;
            uint32_t w[Tile::ACROSS];
            if (before != nullptr) {
                load_transposed(w, before + at, q);
                transpose_all(w, q);
                add(sum[0], w, h);
            }
#pragma unroll
            for (int32_t j = 0; j < Tile::ACROSS; ++j) w[j] = Type::pair(sum[0][j][2 * h], sum[0][j][2 * h + 1]);
            transpose_all(w, q);
            transpose_all(slope[h], q);
            store_transposed(hidden + at, w, q);
            store_transposed(slopes + at, slope[h], q);
        }
        move_up(sum);
    }
}

// sum = dh -> d in the place of the slopes; back: where dh is kept, and was where first is false
template <class Tile>
TWEEDIE_INLINE void keep_towards(float (&sum)[Tile::DOWN][Tile::ACROSS][4], uint16_t* towards, uint16_t* back, const bool first,
                                 const int32_t pitch, const int32_t q) {
#pragma unroll 1
    for (int32_t i = 0; i < Tile::DOWN; ++i) {
#pragma unroll
        for (int32_t h = 0; h < 2; ++h) {
            const int64_t at = int64_t(16 * i + 8 * h) * pitch;
            uint32_t w[Tile::ACROSS], p[Tile::ACROSS];
            if (back != nullptr && !first) {
                load_transposed(w, back + at, q);
                transpose_all(w, q);
                add(sum[0], w, h);
            }
#pragma unroll
            for (int32_t j = 0; j < Tile::ACROSS; ++j) w[j] = Type::pair(sum[0][j][2 * h], sum[0][j][2 * h + 1]);
            transpose_all(w, q);
            if (back != nullptr) store_transposed(back + at, w, q);
            load_transposed(p, towards + at, q);
#pragma unroll
            for (int32_t j = 0; j < Tile::ACROSS; ++j) {
                w[j] = Type::pair(Type::low(w[j]) * Type::low(p[j]), Type::high(w[j]) * Type::high(p[j]));
            }
            store_transposed(towards + at, w, q);
        }
        move_up(sum);
    }
}

// ---- tiles

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

// h_l+1 of a tile
template <class Tile>
TWEEDIE_INLINE void forward_tile(const Call& c, Ring& ring, const int32_t l, const int32_t turn, const int64_t row, const int32_t column) {
    const Place<Tile> at;
    const int32_t wide = c.net.wide, below = l == 0 ? 1 : wide / SQUARE;
    const float* const bias = c.weights + c.places[3 * l + 2];
    float sum[Tile::DOWN][Tile::ACROSS][4];
#pragma unroll
    for (int32_t j = 0; j < 2 * Tile::ACROSS; ++j) {
        const int32_t n = column + at.n + 8 * (j / 2) + 2 * at.q + j % 2;
        const float b = n < c.net.width ? bias[n] : 0.0f;
#pragma unroll
        for (int32_t i = 0; i < Tile::DOWN; ++i) sum[i][j / 2][j % 2] = sum[i][j / 2][2 + j % 2] = b;
    }
    const uint16_t* const entry = c.entry(turn) + row * ENTRY;
    const uint16_t* const before = l == 0 ? entry : c.hidden(l - 1) + row * wide;
    const uint16_t* const packed = c.packed + c.net.packed_at(l) + column;
    product<Tile, true, false>(
        sum, ring, below + 1,
        [&](const int32_t i, const int32_t s) {
            return l > 0 && s < below ? Square{before + int64_t(SQUARE * i) * wide + SQUARE * s, wide, true}
                                      : Square{entry + SQUARE * i * ENTRY + (l == 0 ? SQUARE * s : SQUARE), ENTRY, true};
        },
        [&](const int32_t i, const int32_t s) {
            const bool there = column + SQUARE * i < wide;
            return Square{there ? packed + int64_t(SQUARE * s) * wide + SQUARE * i : c.packed, wide, there};
        },
        Tile::SQUARES, at.m, at.n, Nothing());
    if (column + at.n >= wide) return;
    const int64_t first = (row + at.m + at.g) * wide + column + at.n;
    keep_hidden<Tile>(sum, c.hidden(l) + first, c.towards(l) + first, l > 0 && c.net.residual ? c.hidden(l - 1) + first : nullptr, wide,
                      c.net.activation, at.q);
}

// What the tiles of the outputs have in shared memory beside the ring.
template <class Tile>
struct alignas(16) Sideways {
    unsigned char cotangents[Tile::SIDE * SIDEWAYS], weights[Tile::SIDE * SIDEWAYS];
    float losses[Tile::SIDE];
};

// Outputs, loss and cotangent of a tile's rows (each tile of columns again: nobody waits for them), and d of the last layer for its columns
template <class Tile>
TWEEDIE_INLINE void top_tile(const Call& c, Ring& ring, Sideways<Tile>& shared, const int32_t turn, const int64_t row, const int32_t column) {
    constexpr int32_t DOWN = Tile::SIDE / 64;  // sixteen rows each: a warp's rows of the outputs
    const Place<Tile> at;
    const int32_t wide = c.net.wide, last = c.net.depth - 1;
    const uint16_t* const packed = c.packed + c.net.packed_at(c.net.depth);
    // rows of W of this tile's columns, on their way while the outputs are summed
    uint4 mine[Tile::SIDE / 64];
#pragma unroll
    for (int32_t i = 0; i < Tile::SIDE / 64; ++i) {
        const int32_t n = column + (at.thread + THREADS * i) / 2;
        mine[i] = n < wide ? load_b128(packed + n * SQUARE + 8 * (at.thread % 2)) : make_uint4(0, 0, 0, 0);
    }
    const float* const bias = c.weights + c.places[3 * c.net.depth + 2];
    float out[DOWN][2][4];
#pragma unroll
    for (int32_t j = 0; j < 4; ++j) {
        const int32_t n = 8 * (j / 2) + 2 * at.q + j % 2;
        const float b = n < c.net.outputs ? bias[n] : 0.0f;
#pragma unroll
        for (int32_t i = 0; i < DOWN; ++i) out[i][j / 2][j % 2] = out[i][j / 2][2 + j % 2] = b;
    }
    const uint16_t* const before = c.hidden(last) + row * wide;
    const int32_t m = at.warp * (Tile::SIDE / 4);
    product<Tile, true, false>(
        out, ring, wide / SQUARE,
        [&](const int32_t i, const int32_t s) { return Square{before + int64_t(SQUARE * i) * wide + SQUARE * s, wide, true}; },
        [&](const int32_t, const int32_t s) { return Square{packed + SQUARE * s * SQUARE, SQUARE, true}; }, 1, m, 0, Nothing());

#pragma unroll
    for (int32_t i = 0; i < Tile::SIDE / 64; ++i) {
        const int32_t item = at.thread + THREADS * i;
        store_b128(shared.weights + SIDEWAYS * (item / 2) + 16 * (item % 2), mine[i]);
    }
#pragma unroll
    for (int32_t i = 0; i < 2 * DOWN; ++i) {
        const int32_t inside = m + 16 * (i / 2) + 8 * (i % 2) + at.g;
        const int64_t r = row + inside;
        const bool there = r < c.net.rows;
        const float w = there ? c.numbers[c.net.weight_at(turn) + r] : 0.0f;
        const float factor = (c.scale + c.scale) * w;
        const float* const target = c.numbers + c.net.target_at(turn) + r * COORDINATES;
        uint16_t* const kept = c.tape + c.net.out_at() + r * SQUARE;
        float loss = 0.0f;
#pragma unroll
        for (int32_t n = 0; n < 2; ++n) {
            float error[2];
#pragma unroll
            for (int32_t j = 0; j < 2; ++j) {
                const int32_t k = 8 * n + 2 * at.q + j;
                error[j] = there && k < c.net.outputs ? out[i / 2][n][2 * (i % 2) + j] - target[k] : 0.0f;
                loss = fmaf(error[j], error[j], loss);
            }
            const uint32_t d = Type::pair(factor * error[0], factor * error[1]);
            *reinterpret_cast<uint32_t*>(shared.cotangents + SIDEWAYS * inside + 16 * n + 4 * at.q) = d;
            if (column == 0) *reinterpret_cast<uint32_t*>(kept + 8 * n + 2 * at.q) = d;
        }
        loss += __shfl_xor_sync(0xffffffffu, loss, 1);
        loss += __shfl_xor_sync(0xffffffffu, loss, 2);
        if (at.q == 0) shared.losses[inside] = w * loss;
    }
    __syncthreads();
    if (column == 0 && at.warp == 0) {
        double sum = 0.0;
#pragma unroll
        for (int32_t i = 0; i < Tile::SIDE / 32; ++i) sum += double(shared.losses[at.lane + 32 * i]);
        for (int32_t half = 16; half > 0; half /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, half);
        if (at.lane == 0) c.sums[row / Tile::SIDE] = sum;
    }
    float sum[Tile::DOWN][Tile::ACROSS][4] = {};
#pragma unroll
    for (int32_t j = 0; j < Tile::ACROSS; j += 2) {
        uint32_t r[4];
        ldmatrix_x4(r, shared.weights + SIDEWAYS * (at.n + 8 * j + 8 * (at.lane / 16) + at.lane % 8) + 16 * (at.lane / 8 % 2));
        const uint32_t right[2][2] = {{r[0], r[1]}, {r[2], r[3]}};
#pragma unroll
        for (int32_t i = 0; i < Tile::DOWN; ++i) {
            uint32_t left[4];
            ldmatrix_x4(left, shared.cotangents + SIDEWAYS * (at.m + 16 * i + at.lane % 16) + 16 * (at.lane / 16));
            Type::multiply(sum[i][j], left, right[0]);
            Type::multiply(sum[i][j + 1], left, right[1]);
        }
    }
    if (column + at.n >= wide) return;
    const int64_t first = (row + at.m + at.g) * wide + column + at.n;
    keep_towards<Tile>(sum, c.towards(last) + first, c.net.residual ? c.tape + c.net.back_at() + first : nullptr, true, wide, at.q);
}

// d of layer l - 1 from that of layer l
template <class Tile>
TWEEDIE_INLINE void back_tile(const Call& c, Ring& ring, const int32_t l, const int64_t row, const int32_t column) {
    const Place<Tile> at;
    const int32_t wide = c.net.wide;
    float sum[Tile::DOWN][Tile::ACROSS][4] = {};
    const uint16_t* const d = c.towards(l) + row * wide;
    const uint16_t* const packed = c.packed + c.net.packed_at(l) + int64_t(column) * wide;
    product<Tile, true, true>(
        sum, ring, wide / SQUARE,
        [&](const int32_t i, const int32_t s) { return Square{d + int64_t(SQUARE * i) * wide + SQUARE * s, wide, true}; },
        [&](const int32_t i, const int32_t s) {
            const bool there = column + SQUARE * i < wide;
            return Square{there ? packed + int64_t(SQUARE * i) * wide + SQUARE * s : c.packed, wide, there};
        },
        Tile::SQUARES, at.m, at.n, Nothing());
    if (column + at.n >= wide) return;
    const int64_t first = (row + at.m + at.g) * wide + column + at.n;
    keep_towards<Tile>(sum, c.towards(l - 1) + first, c.net.residual ? c.tape + c.net.back_at() + first : nullptr, false, wide, at.q);
}

// ---- gradients of the weights

// The tiles of all layers, in the order in which what they multiply is there: outputs, last layer, ..., first.
struct WeightTiles {
    int32_t down_out, down, down_first, across, chunks;

    WeightTiles() = default;
    __device__ __forceinline__ WeightTiles(const Call& c, const int32_t side)
        : down_out((c.net.wide + side - 1) / side), down((c.net.wide + SQUARE + side - 1) / side), down_first((ENTRY + side - 1) / side),
          across((c.net.wide + side - 1) / side), chunks(c.chunks) {}

    __device__ __forceinline__ int32_t of_outputs() const { return down_out * chunks; }
    __device__ __forceinline__ int32_t of_layer() const { return down * across * chunks; }
    // of the outputs and the layers from l on
    __device__ __forceinline__ int32_t down_to(const int32_t l, const int32_t depth) const {
        return of_outputs() + (l > 0 ? (depth - l) * of_layer() : (depth - 1) * of_layer() + down_first * across * chunks);
    }
};

template <class Tile>
TWEEDIE_INLINE void weights_tile(const Call& c, Ring& ring, const WeightTiles& tiles, const int32_t item, const int32_t turn) {
    const Place<Tile> at;
    const int32_t wide = c.net.wide, depth = c.net.depth;
    int32_t l = depth, rest = item;
    if (item >= tiles.of_outputs()) {
        const int32_t layer = (item - tiles.of_outputs()) / tiles.of_layer();
        l = layer < depth - 1 ? depth - 1 - layer : 0;
        rest = item - tiles.of_outputs() - (depth - 1 - l) * tiles.of_layer();
    }
    const int32_t part = rest % c.chunks;
    rest /= c.chunks;
    const int32_t across = l == depth ? 1 : tiles.across;
    const int32_t block = rest / across * Tile::SQUARES, column = rest % across * Tile::SIDE;  // squares of h, and columns of d
    const int32_t columns = l == depth ? c.net.outputs : c.net.width, pitch = l == depth ? SQUARE : wide;
    const int32_t blocks = l == 0 ? 2 : l == depth ? wide / SQUARE : wide / SQUARE + 1;
    const int64_t start = part * c.chunk, end = start + c.chunk < c.net.rows ? start + c.chunk : c.net.rows;
    const uint16_t* const entry = c.entry(turn) + start * ENTRY;
    const uint16_t* const before = l == 0 ? entry : c.hidden(l - 1) + start * wide;
    const uint16_t* const d = (l == depth ? c.tape + c.net.out_at() : c.towards(l)) + start * pitch + column;

    float sum[Tile::DOWN][Tile::ACROSS][4] = {}, bias[Tile::ACROSS / 2][4] = {};
    const bool with_biases = block == 0;  // each of the two warps of a column those of every second operand
    const uint32_t one = Type::pair(1.0f, 1.0f);
    const uint32_t ones[4] = {one, one, one, one};
    const bool odd = at.warp / 2 != 0;
    product<Tile, false, false>(
        sum, ring, int32_t((end - start + SQUARE - 1) / SQUARE),
        [&](const int32_t i, const int32_t s) {
            const int32_t b = block + i;
            const bool hidden = l > 0 && b < wide / SQUARE, there = b < blocks;
            const uint16_t* const from = hidden ? before + int64_t(SQUARE * s) * wide + SQUARE * b
                                                : entry + int64_t(SQUARE * s) * ENTRY + (l == 0 && there ? SQUARE * b : SQUARE);
            return Square{from, hidden ? wide : ENTRY, there};
        },
        [&](const int32_t i, const int32_t s) {
            const bool there = column + SQUARE * i < pitch;
            return Square{there ? d + int64_t(SQUARE * s) * pitch + SQUARE * i : c.tape, pitch, there};
        },
        l == depth ? 1 : Tile::SQUARES, at.m, at.n,
        [&](const int32_t j, const uint32_t (&right)[2][2]) {
            const uint32_t mine[2] = {odd ? right[1][0] : right[0][0], odd ? right[1][1] : right[0][1]};
            if (with_biases) Type::multiply(bias[j / 2], ones, mine);
        });

    float* const into = c.partial + part * c.partial_stride;
    double squares = 0.0;
    const auto store = [&](const int32_t p, const float v) {
        into[p] = v;
        squares = fma(double(v), double(v), squares);
    };
    const int32_t of_weights = c.places[3 * l], of_features = c.places[3 * l + 1], of_biases = c.places[3 * l + 2];
    if (with_biases && at.g == 0) {
#pragma unroll
        for (int32_t j = 0; j < Tile::ACROSS; ++j) {
            const int32_t n = column + at.n + 16 * (j / 2) + (odd ? 8 : 0) + 2 * at.q + j % 2;
            if (n < columns) store(of_biases + n, bias[j / 2][j % 2]);
        }
    }
#pragma unroll 1
    for (int32_t i = 0; i < Tile::DOWN; ++i) {
        const int32_t b = block + (at.m + 16 * i) / SQUARE, inside = (at.m + 16 * i) % SQUARE;
        const bool inputs = l == 0 && b == 0, hidden = l > 0 && b < wide / SQUARE;
        if (inputs && inside == 0 && Tile::DOWN > 1) {  // hi and lo
#pragma unroll
            for (int32_t j = 0; j < 4 * Tile::ACROSS; ++j) sum[0][j / 4][j % 4] += sum[1][j / 4][j % 4];
        }
        const int32_t first = (inputs || !hidden ? 0 : SQUARE * b) + inside, count = inputs ? c.net.inputs : hidden ? c.net.width : c.net.features;
        const int32_t place = inputs || hidden ? of_weights : of_features;
        if (b < blocks && !(inputs && inside > 0)) {
#pragma unroll
            for (int32_t h = 0; h < 2; ++h) {
                const int32_t k = first + 8 * h + at.g;
#pragma unroll
                for (int32_t j = 0; j < 2 * Tile::ACROSS; ++j) {
                    const int32_t n = column + at.n + 8 * (j / 2) + 2 * at.q + j % 2;
                    if (k < count && n < columns) store(place + k * columns + n, sum[0][j / 2][2 * h + j % 2]);
                }
            }
        }
        move_up(sum);
    }
    if (c.chunks == 1) {
        for (int32_t half = 16; half > 0; half /= 2) squares += __shfl_xor_sync(0xffffffffu, squares, half);
        if (at.lane == 0) c.sums[c.net.all / Tile::SIDE + 4 * item + at.warp] = squares;
    }
}

// A run of parameters: the sum of all chunks, in their order, in the place of the first
template <class Tile>
TWEEDIE_INLINE void sum_chunks(const Call& c, const int32_t run) {
    double squares = 0.0;
#pragma unroll 4
    for (int32_t p = RUN * run + int32_t(threadIdx.x); p < RUN * (run + 1); p += THREADS) {
        if (p < c.parameters) {
            float sum = c.partial[p];
            for (int32_t part = 1; part < c.chunks; ++part) sum += c.partial[part * c.partial_stride + p];
            c.partial[p] = sum;
            squares = fma(double(sum), double(sum), squares);
        }
    }
    for (int32_t half = 16; half > 0; half /= 2) squares += __shfl_xor_sync(0xffffffffu, squares, half);
    if (threadIdx.x % 32 == 0) c.sums[c.net.all / Tile::SIDE + 4 * run + threadIdx.x / 32] = squares;
}

// ---- the optimiser

// Sum of count numbers: the same in all threads, blocks and grids. lanes: eight doubles of shared memory
TWEEDIE_INLINE double total(const double* from, const int32_t count, double* lanes) {
    double sum = 0.0;
    for (int32_t i = int32_t(threadIdx.x); i < count; i += THREADS) sum += from[i];
    for (int32_t half = 16; half > 0; half /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, half);
    if (threadIdx.x % 32 == 0) lanes[threadIdx.x / 32] = sum;
    __syncthreads();
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

// weight p, rounded, to where tiles read it; tensor: the one that holds it
TWEEDIE_INLINE void pack(const Call& c, const int32_t* tensor, const int32_t p, const float w) {
    const int32_t kind = tensor[3];
    if (kind == BIASES) return;
    const int32_t i = p - tensor[0], k = i / tensor[2], n = i - k * tensor[2], pitch = tensor[5];
    uint16_t* const to = c.packed + tensor[4] + int64_t(k) * pitch + n;
    const uint16_t hi = f32_to_bf16(w);
    to[0] = hi;
    if (kind == INPUTS) {
        to[COORDINATES * pitch] = hi;
        to[2 * COORDINATES * pitch] = to[3 * COORDINATES * pitch] = f32_to_bf16(w - bf16_to_f32(hi));
    }
}

// What a block keeps of the parameters from first to end: moments and running mean in shared memory, or where they are.
struct Slice {
    int32_t first, end;
    float *moment1, *moment2, *mean;  // element 0 is that of `first`
};

constexpr int32_t STAGED = 2048;  // parameters of which gradient and weight come together

TWEEDIE_INLINE void queue_parameters(const Call& c, float* staged, const int32_t from, const int32_t end) {
    const int32_t count = end - from < STAGED ? end - from : STAGED;
    for (int32_t i = 4 * int32_t(threadIdx.x); i + 4 <= count; i += 4 * THREADS) {
        cp_async_16(staged + i, c.partial + from + i);
        cp_async_16(staged + STAGED + i, c.weights + from + i);
    }
    const int32_t i = count / 4 * 4 + int32_t(threadIdx.x);
    if (i < count) {
        cp_async_4(staged + i, c.partial + from + i);
        cp_async_4(staged + STAGED + i, c.weights + from + i);
    }
    cp_async_commit();
}

// Adam, running mean and packing for the block's parameters; staged: twice 2 STAGED numbers of shared memory, which nobody else uses
TWEEDIE_INLINE void update(const Call& c, const AdamRule& rule, const Slice& mine, float* staged) {
    int32_t turn = 0;
    const int32_t *tensor = c.tensors, *const last = c.tensors + TENSOR * (c.tensor_count - 1);
    if (mine.first < mine.end) queue_parameters(c, staged, mine.first, mine.end);
    for (int32_t from = mine.first; from < mine.end; from += STAGED) {
        cp_async_wait<0>();
        __syncthreads();  // and all are through with the other half
        const float* const here = staged + turn * (2 * STAGED);
        turn = 1 - turn;
        if (from + STAGED < mine.end) queue_parameters(c, staged + turn * (2 * STAGED), from + STAGED, mine.end);
        const int32_t end = mine.end < from + STAGED ? mine.end : from + STAGED;
#pragma unroll 4
        for (int32_t p = from + int32_t(threadIdx.x); p < end; p += THREADS) {
            while (p >= tensor[1] && tensor != last) tensor += TENSOR;
            if (p < tensor[0] || p >= tensor[1]) continue;  // is not trained
            const int32_t i = p - mine.first;
            float w = here[STAGED + p - from];
            adam_element(rule, here[p - from], w, mine.moment1[i], mine.moment2[i], mine.mean[i]);
            c.weights[p] = w;
            pack(c, tensor, p, w);
        }
    }
}

}  // namespace steps
