// trajectory_sde.cuh: a plan's table of cells from its start to its end in one launch, a thread a row, registers in registers
//
//   operations  16 int32 each, obeyed in order by all threads alike (org.tweedie.kernels.TrajectoryLayout):
//                 LOAD     slot <- row of view        code, slot, 0, view
//                 STORE    row of view <- slot        code, slot, 0, view
//                 EVALUATE into <- score of from      code, from, into, components, first of the terms, alpha (bits of f32)
//                 MIX      slots <- W (slots, draws)  code, place of the weights in fours of floats, slots written (bits), draws; at 8:
//                                                     (law, purpose << 24 | ordinal) [4]
//                 CLEAR    slots <- 0                 code, 0, slots (bits), 0
//                 RUN      v <- w v + w' normal,      code, place of the steps in fours of floats, law, steps
//                          time and again
//   weights     8 x 12 f32 a mix as in cell.cuh, column and row of a register its slot; (purpose << 24 | ordinal, w, w', 0) a step of a run
//   laws        those of normal.cuh, and 3: normals of normal_fast.cuh
//   terms       of mixture_terms_f32
//   views       address and stride of each
//   noise       drawn here from (seed, index of row, purpose, ordinal + iteration, quad), as step_cell_f32 does
#pragma once
#include "execution/cell.cuh"
#include "rng/normal_fast.cuh"
#include "score/mixture.cuh"

namespace trajectory {
constexpr int LOAD = 0, STORE = 1, EVALUATE = 2, MIX = 3, CLEAR = 4, RUN = 5;
constexpr int OPERATION = 16, DRAWN = 8, STEP = 4;
constexpr int32_t FAST_NORMAL = 3;  // a law beside those of normal.cuh

struct View {
    float* at;
    int64_t stride;
};

/// A mixture at one time, from its terms.
template <int DIMENSION>
struct Terms {
    static constexpr int32_t LANES = DIMENSION;
    int32_t dim, components;
    float alpha;
    const float* __restrict__ terms;

    __device__ __forceinline__ float log_weight(const int32_t k) const { return terms[int64_t(k) * dim * 4 + 3]; }

    __device__ __forceinline__ mixture::Term term(const int32_t k, const int32_t d) const {
        const float4 t = load_f32x4(terms + (int64_t(k) * dim + d) * 4);
        return {t.x, t.y, t.z};
    }
};

/// The registers of a row: SLOTS of LANES coordinates in machine registers, so that every place is a constant; a slot known at run time is
/// found by comparing.
template <int SLOTS, int LANES>
struct State {
    static constexpr int QUADS = (LANES + 3) / 4;
    float4 v[SLOTS][QUADS];

    __device__ __forceinline__ float4 get(const int32_t slot, const int q) const {
        float4 found = v[0][q];
#pragma unroll
        for (int s = 1; s < SLOTS; ++s) {
            if (s == slot) found = v[s][q];
        }
        return found;
    }

    __device__ __forceinline__ void put(const int32_t slot, const int q, const float4 value) {
#pragma unroll
        for (int s = 0; s < SLOTS; ++s) {
            if (s == slot) v[s][q] = value;
        }
    }
};

template <int LANES>
struct Row {
    float4 quad[(LANES + 3) / 4];
    __device__ __forceinline__ float& operator[](const int32_t d) {
        float4& q = quad[d / 4];
        return d % 4 == 0 ? q.x : d % 4 == 1 ? q.y : d % 4 == 2 ? q.z : q.w;
    }
    __device__ __forceinline__ float operator[](const int32_t d) const { return const_cast<Row&>(*this)[d]; }
};

template <int SLOTS, int LANES>
__device__ __forceinline__ void mix(State<SLOTS, LANES>& state, const int32_t* __restrict__ operation, const uint4 head,
                                    const float* __restrict__ weights, const rng::HeldKey& key, const int64_t index,
                                    const uint32_t iteration) {
    const float* const table = weights + int64_t(head.y) * 4;
    const uint32_t outs = head.z;
    const int32_t draws = int32_t(head.w);
#pragma unroll
    for (int q = 0; q < State<SLOTS, LANES>::QUADS; ++q) {
        float4 sum[SLOTS];
#pragma unroll
        for (int o = 0; o < SLOTS; ++o) {
            sum[o] = cell::nothing();
            if ((outs >> o & 1) != 0) {
#pragma unroll
                for (int s = 0; s < SLOTS; s += 4) {
                    const float4 w = load_f32x4(table + o * cell::COLUMNS + s);
                    cell::add_term(sum[o], w.x, state.v[s][q]);
                    if (s + 1 < SLOTS) cell::add_term(sum[o], w.y, state.v[s + 1 < SLOTS ? s + 1 : 0][q]);
                    if (s + 2 < SLOTS) cell::add_term(sum[o], w.z, state.v[s + 2 < SLOTS ? s + 2 : 0][q]);
                    if (s + 3 < SLOTS) cell::add_term(sum[o], w.w, state.v[s + 3 < SLOTS ? s + 3 : 0][q]);
                }
            }
        }
#pragma unroll 1
        for (int32_t k = 0; k < draws; ++k) {
            const int32_t law = operation[DRAWN + 2 * k];
            const uint32_t what = rng::later_ordinal(uint32_t(operation[DRAWN + 2 * k + 1]), iteration);
            const rng::Words words = rng::row_words(key, index, what, q);
            const float4 z = law == FAST_NORMAL ? rng::normals_fast(words) : rng::draw(law, words);
#pragma unroll
            for (int o = 0; o < SLOTS; ++o) cell::add_term(sum[o], table[o * cell::COLUMNS + cell::INS + k], z);
        }
#pragma unroll
        for (int o = 0; o < SLOTS; ++o) {
            if ((outs >> o & 1) != 0) state.v[o][q] = sum[o];
        }
    }
}

template <int SLOTS, int LANES>
__device__ __forceinline__ void clear(State<SLOTS, LANES>& state, const uint32_t slots) {
#pragma unroll
    for (int o = 0; o < SLOTS; ++o) {
#pragma unroll
        for (int q = 0; q < State<SLOTS, LANES>::QUADS; ++q) {
            if ((slots >> o & 1) != 0) state.v[o][q] = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        }
    }
}

/// The bits of so many mixes of the only register and a normal draw, without asking each what it is.
template <bool FAST, int LANES>
__device__ __forceinline__ void steps(State<1, LANES>& state, const float* __restrict__ step, const int32_t count, const rng::HeldKey& key,
                                      const int64_t index, const uint32_t iteration) {
    // starts at 0, but the compiler must not know: it would keep the place in the uniform unit, and moves from there cost more than they save
    const uint32_t start = uint32_t(uint64_t(index) >> 63);
    const float* at = step + start;
    const float* const end = step + int64_t(count) * STEP;
#pragma unroll 1
    for (; at != end; at += STEP) {
        const uint4 one = load_b128(at);
        const uint32_t what = rng::later_ordinal(one.x, iteration);
        const float kept = approx::from_bits(int32_t(one.y)), stirred = approx::from_bits(int32_t(one.z));
#pragma unroll
        for (int q = 0; q < State<1, LANES>::QUADS; ++q) {
            const rng::Words words = rng::row_words(key, index, what, q);
            const float4 z = FAST ? rng::normals_fast(words) : rng::normals(words);
            state.v[0][q] = rng::fma_quad(stirred, z, rng::scale_quad(kept, state.v[0][q]));
        }
    }
}

template <int SLOTS, int LANES>
__device__ __forceinline__ void evaluate(State<SLOTS, LANES>& state, const int32_t* __restrict__ operation, const uint4 head,
                                         const float* __restrict__ terms, const int32_t dim) {
    Row<LANES> x, score;
#pragma unroll
    for (int q = 0; q < State<SLOTS, LANES>::QUADS; ++q) {
        x.quad[q] = state.get(int32_t(head.y), q);
        score.quad[q] = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    }
    const Terms<LANES> law = {dim, int32_t(head.w), approx::from_bits(operation[5]), terms + int64_t(operation[4]) * 4};
    mixture::score(law, x, score);
#pragma unroll
    for (int q = 0; q < State<SLOTS, LANES>::QUADS; ++q) state.put(int32_t(head.z), q, score.quad[q]);
}

/// Rows of `dim` coordinates through operations [first, last).
template <int SLOTS, int LANES>
__device__ __forceinline__ void run(const RowSet* __restrict__ rows, const View* __restrict__ views,
                                    const int32_t* __restrict__ operations, const float* __restrict__ weights,
                                    const float* __restrict__ terms, const int32_t width, const int32_t first, const int32_t last) {
    const int32_t dim = LANES > 4 ? width : LANES;
    for (int64_t r = rng::first_item(); r < rows->count; r += rng::item_stride()) {
        if (!row_alive(rows, r)) continue;
        const rng::HeldKey key = rng::held_key(rows->seed);
        const int64_t index = row_index(rows, r);
        const uint32_t iteration = uint32_t(rows->iteration);
        State<SLOTS, LANES> state;
#pragma unroll
        for (int s = 0; s < SLOTS; ++s) {
#pragma unroll
            for (int q = 0; q < State<SLOTS, LANES>::QUADS; ++q) state.v[s][q] = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        }
#pragma unroll 1
        for (int32_t i = first; i < last; ++i) {
            const int32_t* const operation = operations + int64_t(i) * OPERATION;
            const uint4 head = load_b128(operation);
            if (head.x == MIX) {
                mix(state, operation, head, weights, key, index, iteration);
            } else if (head.x == EVALUATE) {
                evaluate(state, operation, head, terms, dim);
            } else if (head.x == CLEAR) {
                clear(state, head.z);
            } else if (head.x == RUN) {
                if constexpr (SLOTS == 1) {
                    const float* const from = weights + int64_t(head.y) * 4;
                    if (head.z == FAST_NORMAL) {
                        steps<true>(state, from, int32_t(head.w), key, index, iteration);
                    } else {
                        steps<false>(state, from, int32_t(head.w), key, index, iteration);
                    }
                }
            } else {
                const View view = views[head.w];
                float* const at = view.at + r * view.stride;
                const bool whole = rng::whole_quads(view.at, dim, view.stride);
#pragma unroll
                for (int q = 0; q < State<SLOTS, LANES>::QUADS; ++q) {
                    if (q > 0 && 4 * q >= dim) break;
                    if (head.x == STORE) {
                        rng::store_quad(at, 4 * q, dim, whole, state.get(int32_t(head.y), q));
                    } else {
                        state.put(int32_t(head.y), q, rng::load_quad(at, 4 * q, dim, whole));
                    }
                }
            }
        }
    }
}
}  // namespace trajectory
