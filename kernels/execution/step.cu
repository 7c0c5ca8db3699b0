// step_cell_f32: the linear part of a cell, registers <- W (registers, draws), simultaneous
//
//   state   registers of one width in one buffer: slot s, row r, coordinate d at state[s * slot_stride + r * dim + d]
//   cells   headers, and weights: cell.cuh, which also says the order of the sums
//   noise   drawn here from (seed, index of row, purpose, ordinal + iteration, quad): no noise buffer exists
//   shape   one quad of coordinates a thread at a time, in grid strides; the launch shape does not change a bit
//   moves   4 (ins + outs) bytes a coordinate
#include "execution/cell.cuh"

extern "C" __global__ void __launch_bounds__(256, 3)
step_cell_f32(const RowSet* __restrict__ rows, float* state, int64_t slot_stride, int32_t dim, const int32_t* __restrict__ cells,
              const float* __restrict__ weights, int32_t cell) {
    const int32_t* const header = cells + int64_t(cell) * cell::HEADER;
    const float* const table = weights + int64_t(cell) * cell::WEIGHTS;
    const int32_t ins = header[0], outs = header[1], draws = header[2];
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
        for (int32_t i = 0; i < ins; i += cell::TOGETHER) {
            float4 v[cell::TOGETHER];
#pragma unroll
            for (int j = 0; j < cell::TOGETHER; ++j) {
                if (i + j < ins) v[j] = rng::load_quad(row + header[cell::IN_SLOTS + i + j] * slot_stride, d, dim, whole);
            }
#pragma unroll
            for (int j = 0; j < cell::TOGETHER; ++j) {
                if (i + j < ins) got |= cell::add_column(sum, table, outs, i + j, v[j]);
            }
        }
        if (draws > 0) {
            const int64_t index = row_index(rows, at.row);
#pragma unroll 1
            for (int32_t k = 0; k < draws; ++k) {
                const uint32_t what = rng::purpose_word(header[cell::PURPOSES + k], header[cell::ORDINALS + k] + rows->iteration);
                const float4 z = rng::draw(header[cell::LAWS + k], rng::row_words(rows->seed, index, what, at.quad));
                got |= cell::add_column(sum, table, outs, cell::INS + k, z);
            }
        }
#pragma unroll
        for (int o = 0; o < cell::OUTS; ++o) {
            if (o < outs) {
                rng::store_quad(row + header[cell::OUT_SLOTS + o] * slot_stride, d, dim, whole, cell::total(sum[o], (got >> o & 1) != 0));
            }
        }
    }
}
