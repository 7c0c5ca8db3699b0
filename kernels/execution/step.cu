// step_cell_f32: the linear part of a cell, registers <- W (registers, draws), simultaneous
//
//   state   registers of one width in one buffer: slot s, row r, coordinate d at state[s * slot_stride + r * dim + d]
//   cells   48 int32 a cell: ins, outs, draws, 0, in slots[8], out slots[8], law[4], purpose[4], ordinal[4], 16 spare
//   weights 8 x 12 f32 a cell: [out][in 0..7, draw 0..3]
//   sum     out = w0 v0, then fma in the order of ins and draws; a weight of exactly 0 reads nothing and adds nothing
//   noise   drawn here from (seed, index of row, purpose, ordinal + iteration, quad): no noise buffer exists
//   shape   one quad of coordinates a thread at a time, in grid strides; the launch shape does not change a bit
//   moves   4 (ins + outs) bytes a coordinate
// The layout is that of org.tweedie.kernels.CellLayout.
#include "rng/quads.cuh"

namespace step {
constexpr int INS = 8, OUTS = 8, DRAWS = 4, HEADER = 48, COLUMNS = INS + DRAWS;
constexpr int IN_SLOTS = 4, OUT_SLOTS = 12, LAWS = 20, PURPOSES = 24, ORDINALS = 28;
constexpr int TOGETHER = 4;  // loads in flight a thread

// out += w v for every out that has this column; sums start at -0, so that the first term is the plain product.
// Returns a bit for each out that got a term.
__device__ __forceinline__ uint32_t add_column(float4 (&sum)[OUTS], const float* __restrict__ weights, int32_t outs, int32_t column,
                                               const float4 v) {
    uint32_t got = 0;
#pragma unroll
    for (int o = 0; o < OUTS; ++o) {
        const float w = o < outs ? weights[o * COLUMNS + column] : 0.0f;
        if (w != 0.0f) {
            sum[o] = rng::fma_quad(w, v, sum[o]);
            got |= 1u << o;
        }
    }
    return got;
}
}  // namespace step

extern "C" __global__ void __launch_bounds__(256, 3)
step_cell_f32(const RowSet* __restrict__ rows, float* state, int64_t slot_stride, int32_t dim, const int32_t* __restrict__ cells,
              const float* __restrict__ weights, int32_t cell) {
    const int32_t* const header = cells + int64_t(cell) * step::HEADER;
    const float* const table = weights + int64_t(cell) * (step::OUTS * step::COLUMNS);
    const int32_t ins = header[0], outs = header[1], draws = header[2];
    const int32_t quads = (dim + 3) / 4;
    const bool whole = rng::whole_quads(state, dim, slot_stride);

    for (int64_t item = rng::first_item(); item < rows->count * quads; item += rng::item_stride()) {
        const rng::Quad at = rng::quad_of(item, quads);
        if (!row_alive(rows, at.row)) continue;
        float* const row = state + at.row * dim;
        const int32_t d = 4 * at.quad;

        float4 sum[step::OUTS];
#pragma unroll
        for (int o = 0; o < step::OUTS; ++o) sum[o] = make_float4(-0.0f, -0.0f, -0.0f, -0.0f);
        uint32_t got = 0;
#pragma unroll 1
        for (int32_t i = 0; i < ins; i += step::TOGETHER) {
            float4 v[step::TOGETHER];
#pragma unroll
            for (int j = 0; j < step::TOGETHER; ++j) {
                if (i + j < ins) v[j] = rng::load_quad(row + header[step::IN_SLOTS + i + j] * slot_stride, d, dim, whole);
            }
#pragma unroll
            for (int j = 0; j < step::TOGETHER; ++j) {
                if (i + j < ins) got |= step::add_column(sum, table, outs, i + j, v[j]);
            }
        }
        if (draws > 0) {
            const int64_t index = row_index(rows, at.row);
#pragma unroll 1
            for (int32_t k = 0; k < draws; ++k) {
                const uint32_t what = rng::purpose_word(header[step::PURPOSES + k], header[step::ORDINALS + k] + rows->iteration);
                const float4 z = rng::draw(header[step::LAWS + k], rng::row_words(rows->seed, index, what, at.quad));
                got |= step::add_column(sum, table, outs, step::INS + k, z);
            }
        }
#pragma unroll
        for (int o = 0; o < step::OUTS; ++o) {
            if (o < outs) {
                const float4 result = (got >> o & 1) != 0 ? sum[o] : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
                rng::store_quad(row + header[step::OUT_SLOTS + o] * slot_stride, d, dim, whole, result);
            }
        }
    }
}
