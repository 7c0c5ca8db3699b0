// cell.cuh — the linear part of a cell, registers <- W (registers, draws), simultaneous: its table, and its sums
//
//   header  48 int32: ins, outs, draws, 0, in slots[8], out slots[8], law[4], purpose[4], ordinal[4], 16 spare
//   table   8 x 12 f32: [out][in 0..7, draw 0..3]
//   sum     out = w0 v0, then fma in the order of ins and draws; a weight of exactly 0 reads nothing and adds nothing;
//           an out without a term is +0
// The layout is that of org.tweedie.kernels.CellLayout.
#pragma once
#include "rng/quads.cuh"

namespace cell {
constexpr int INS = 8, OUTS = 8, DRAWS = 4, HEADER = 48, COLUMNS = INS + DRAWS, WEIGHTS = OUTS * COLUMNS;
constexpr int IN_SLOTS = 4, OUT_SLOTS = 12, LAWS = 20, PURPOSES = 24, ORDINALS = 28;
constexpr int TOGETHER = 4;  // loads in flight a thread

// Where sums start: at -0, so that the first term is the plain product.
TWEEDIE_INLINE float4 nothing() { return make_float4(-0.0f, -0.0f, -0.0f, -0.0f); }

// sum += w v. Returns whether there was a term.
TWEEDIE_INLINE bool add_term(float4& sum, const float w, const float4 v) {
    if (w == 0.0f) return false;
    sum = rng::fma_quad(w, v, sum);
    return true;
}

// The out of a sum: of one that got a term.
TWEEDIE_INLINE float4 total(const float4 sum, const bool got) { return got ? sum : make_float4(0.0f, 0.0f, 0.0f, 0.0f); }

// out += w v for every out that has this column. Returns a bit for each out that got a term.
TWEEDIE_INLINE uint32_t add_column(float4 (&sum)[OUTS], const float* __restrict__ weights, int32_t outs, int32_t column,
                                   const float4 v) {
    uint32_t got = 0;
#pragma unroll
    for (int o = 0; o < OUTS; ++o) {
        if (o >= outs) break;
        if (add_term(sum[o], weights[o * COLUMNS + column], v)) got |= 1u << o;
    }
    return got;
}
}  // namespace cell
