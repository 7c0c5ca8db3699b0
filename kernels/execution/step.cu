// step_cell_f32: the linear part of a cell, registers <- W (registers, draws), simultaneous
//
//   state   registers of one width in one buffer: slot s, row r, coordinate d at state[s * slot_stride + r * dim + d]
//   cells   headers, and weights: cell.cuh, which also says the order of the sums
//   noise   drawn here from (seed, index of row, purpose, ordinal + iteration, quad): no noise buffer exists
//   shape   one quad of coordinates a thread at a time, in grid strides; the launch shape does not change a bit
//   moves   4 (ins + outs) bytes a coordinate
#include "execution/cell.cuh"

namespace step {
struct Cell {
    const int32_t* __restrict__ header;
    const float* __restrict__ table;
    int32_t ins, outs, draws;

    __device__ __forceinline__ uint32_t word(const int32_t k, const int64_t iteration) const {
        return rng::purpose_word(header[cell::PURPOSES + k], header[cell::ORDINALS + k] + iteration);
    }
};

/// Any cell.
__device__ __forceinline__ void mix(const Cell what, const RowSet* __restrict__ rows, float* const state, const int64_t slot_stride,
                                    const int32_t dim) {
    const int32_t quads = (dim + 3) / 4;
    const bool whole = rng::whole_quads(state, dim, slot_stride);
    for (int64_t item = rng::first_item(); item < rows->count * quads; item += rng::item_stride()) {
        const rng::Quad at = rng::quad_of(item, quads);
        if (!row_alive(rows, at.row)) continue;
        float* const row = state + at.row * dim;
        const int32_t d = 4 * at.quad;

        float4 sum[cell::OUTS];
#pragma unroll
        for (int o = 0; o < cell::OUTS; ++o) sum[o] = cell::nothing();
        uint32_t got = 0;
#pragma unroll 1
        for (int32_t i = 0; i < what.ins; i += cell::TOGETHER) {
            float4 v[cell::TOGETHER];
#pragma unroll
            for (int j = 0; j < cell::TOGETHER; ++j) {
                if (i + j < what.ins) v[j] = rng::load_quad(row + what.header[cell::IN_SLOTS + i + j] * slot_stride, d, dim, whole);
            }
#pragma unroll
            for (int j = 0; j < cell::TOGETHER; ++j) {
                if (i + j < what.ins) got |= cell::add_column(sum, what.table, what.outs, i + j, v[j]);
            }
        }
        if (what.draws > 0) {
            const int64_t index = row_index(rows, at.row);
#pragma unroll 1
            for (int32_t k = 0; k < what.draws; ++k) {
                const float4 z = rng::draw(what.header[cell::LAWS + k],
                                           rng::row_words(rows->seed, index, what.word(k, rows->iteration), at.quad));
                got |= cell::add_column(sum, what.table, what.outs, cell::INS + k, z);
            }
        }
#pragma unroll
        for (int o = 0; o < cell::OUTS; ++o) {
            if (o < what.outs) {
                rng::store_quad(row + what.header[cell::OUT_SLOTS + o] * slot_stride, d, dim, whole,
                                cell::total(sum[o], (got >> o & 1) != 0));
            }
        }
    }
}

/// One out of at most NARROW ins and one draw, as a step of Euler-Maruyama or of an ancestral sampler is: the cell is read once, not by every
/// item.
constexpr int NARROW = 3;

__device__ __forceinline__ void mix_narrow(const Cell what, const RowSet* __restrict__ rows, float* const state,
                                           const int64_t slot_stride, const int32_t dim) {
    const int32_t quads = (dim + 3) / 4;
    const bool whole = rng::whole_quads(state, dim, slot_stride);
    const float* in[NARROW];
    float weight[NARROW];
#pragma unroll
    for (int i = 0; i < NARROW; ++i) {
        in[i] = state + (i < what.ins ? what.header[cell::IN_SLOTS + i] * slot_stride : 0);
        weight[i] = i < what.ins ? what.table[i] : 0.0f;
    }
    float* const out = state + what.header[cell::OUT_SLOTS] * slot_stride;
    const float share = what.draws > 0 ? what.table[cell::INS] : 0.0f;
    const int32_t law = what.header[cell::LAWS];
    const uint32_t word = what.word(0, rows->iteration);
    const rng::HeldKey key = rng::held_key(rows->seed);
    for (int64_t item = rng::first_item(); item < rows->count * quads; item += rng::item_stride()) {
        const rng::Quad at = rng::quad_of(item, quads);
        if (!row_alive(rows, at.row)) continue;
        const int64_t start = at.row * dim;
        const int32_t d = 4 * at.quad;
        float4 sum = cell::nothing();
        bool got = false;
#pragma unroll
        for (int i = 0; i < NARROW; ++i) {
            if (weight[i] != 0.0f) got |= cell::add_term(sum, weight[i], rng::load_quad(in[i] + start, d, dim, whole));
        }
        if (share != 0.0f) got |= cell::add_term(sum, share, rng::draw(law, rng::row_words(key, row_index(rows, at.row), word, at.quad)));
        rng::store_quad(out + start, d, dim, whole, cell::total(sum, got));
    }
}
}  // namespace step

extern "C" __global__ void __launch_bounds__(256, 3)
step_cell_f32(const RowSet* __restrict__ rows, float* state, int64_t slot_stride, int32_t dim, const int32_t* __restrict__ cells,
              const float* __restrict__ weights, int32_t cell) {
    const int32_t* const header = cells + int64_t(cell) * cell::HEADER;
    const step::Cell what = {header, weights + int64_t(cell) * cell::WEIGHTS, header[0], header[1], header[2]};
    if (what.outs == 1 && what.ins <= step::NARROW && what.draws <= 1) {
        step::mix_narrow(what, rows, state, slot_stride, dim);
    } else {
        step::mix(what, rows, state, slot_stride, dim);
    }
}
