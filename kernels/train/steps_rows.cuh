// steps_rows.cuh — the rows of a training step, drawn by counter: data, times, noise, features of the time
//
//   pairs     where the table has no node nothing is made: a row of data is input, target, weight, and the time told
#pragma once
#include "sde/perturb.cuh"
#include "score/turns.cuh"
#include "train/shuffle.cuh"
#include "train/steps.cuh"

namespace steps {

// Four lanes a row, 32 rows from `from` on: step s of the launch, into turn. Called: in its place a chain of tiles has no registers for it.
TWEEDIE_CALLED void draw_rows(const Call& c, const int64_t step, const int32_t turn, const int64_t from) {
    const int64_t row = from + threadIdx.x / 4;
    const int32_t part = int32_t(threadIdx.x) % 4;
    if (row >= c.net.rows) return;
    const int64_t index = c.first + step * c.net.rows + row;
    const int64_t epoch = index / c.data_rows;
    const shuffle::Keys keys = shuffle::keys(c.seed, epoch, rng::purpose_word(DATA, 0));
    const int64_t at = shuffle::permute(index - epoch * c.data_rows, c.data_rows, c.data_bits, keys) * c.data_width;
    const float* const x = c.data + at;
    uint16_t* const entry = c.tape + c.net.entry_at(turn) + row * ENTRY;
    float* const target = c.numbers + c.net.target_at(turn) + row * COORDINATES;
    const int32_t dim = c.net.outputs, d = 4 * part;
    float value[4] = {};
    if (d < c.net.inputs) {
#pragma unroll
        for (int32_t i = 0; i < 4; ++i) value[i] = d + i < c.net.inputs ? x[c.columns[d + i]] : 0.0f;
    }
    float told;
    if (c.table_nodes == 0) {
        const float* const goal = x + c.net.inputs;
#pragma unroll
        for (int32_t i = 0; i < 4; ++i) {
            if (d + i < dim) target[d + i] = goal[d + i];
        }
        if (part == 0) c.numbers[c.net.weight_at(turn) + row] = goal[dim];
        told = goal[dim + 1];
    } else {
        const float inverse = approx::reciprocal(float(c.group > 0 ? c.group : 1));
        const float t = perturb::time(c.quantile, c.quantile_nodes, c.seed, index, c.group, inverse, rng::purpose_word(TIME, 0));
        const hermite::Place place = hermite::place_log(t, c.log_first, c.inverse_spacing, c.table_nodes);
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
        if (part == 0) c.numbers[c.net.weight_at(turn) + row] = hermite::value(c.table, place, 6, 4);
        told = hermite::value(c.table, place, 6, 5);
    }
#pragma unroll
    for (int32_t i = 0; i < 4; i += 2) {
        const uint32_t hi = Type::pair(value[i], value[i + 1]);
        const uint32_t lo = Type::pair(value[i] - Type::low(hi), value[i + 1] - Type::high(hi));
        uint32_t* const to = reinterpret_cast<uint32_t*>(entry + d + i);
        to[0] = to[COORDINATES] = hi;
        to[COORDINATES / 2] = to[3 * COORDINATES / 2] = lo;
    }
    const int32_t frequencies = c.net.features / 2;
    for (int32_t k = part; k < frequencies; k += 4) {
        const approx::SinCos pair = approx::sincos_turns(fraction_of_turn(c.weights[k], told));
        entry[SQUARE + k] = f32_to_bf16(pair.sin);
        entry[SQUARE + frequencies + k] = f32_to_bf16(pair.cos);
    }
}

}  // namespace steps
