// steps_layers.cuh — tiles of the layers forward and back, and of the outputs with the loss; what becomes of their sums
#pragma once
#include "train/steps.cuh"
#include "train/train_mlp.cuh"

namespace steps {

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

}  // namespace steps
