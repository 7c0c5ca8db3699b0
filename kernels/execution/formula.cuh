// formula.cuh — a formula over the registers of a row, line by line from a table (org.tweedie.plan.Formula); twin org.tweedie.kernels.host.FormulaTwins
//
//   scratch  room numbers a row, in shared memory; a line reads some and writes others
//   lanes    1: a thread takes a row. 32: a warp does, its lanes over the coordinates
//   sums     in order up to 32 coordinates; of more, lane l adds l, l + 32, ... in order, then the lanes meet in a tree
#pragma once
#include "rows.cuh"
#include "sde/coefficients.cuh"

namespace formula {

enum Operation : int32_t {
    LITERAL, COPY, NEGATE, ABSOLUTE, ROOT, EXP, LOG, SIN, COS, TANH, FLOOR, ADD, SUBTRACT, MULTIPLY, DIVIDE, LEAST, GREATEST, FMA, SELECT,
    SUM, DOT, GREATEST_OF, MATRIX, CURVES,
    LOAD, STORE  // rows of a port: what the formula reads and writes
};

/// Twelve words of the table.
struct Line {
    int32_t operation, width, into, a, a_step, b, b_step, c, c_step, constant, inner, port;
};
static_assert(sizeof(Line) == 48, "a line is twelve words, as FormulaCode.java writes them");

struct Port {
    float* data;
    int64_t stride;
};

__device__ __forceinline__ Line line(const int32_t* __restrict__ code, const int32_t number) {
    const int32_t* const at = code + int64_t(number) * 12;
    const uint4 x = load_b128(at), y = load_b128(at + 4), z = load_b128(at + 8);
    return {int32_t(x.x), int32_t(x.y), int32_t(x.z), int32_t(x.w), int32_t(y.x), int32_t(y.y),
            int32_t(y.z), int32_t(y.w), int32_t(z.x), int32_t(z.y), int32_t(z.z), int32_t(z.w)};
}

/// A row's scratch: number i is pitch floats behind number i - 1.
struct Scratch {
    float* at;
    int32_t pitch;
    __device__ __forceinline__ float& operator[](const int32_t i) const { return at[i * pitch]; }
};

template <int LANES, class F>
__device__ __forceinline__ void each(const Line& l, const Scratch s, const int32_t lane, const F f) {
    for (int32_t i = lane; i < l.width; i += LANES) s[l.into + i] = f(s[l.a + i * l.a_step]);
}
template <int LANES, class F>
__device__ __forceinline__ void pairs(const Line& l, const Scratch s, const int32_t lane, const F f) {
    for (int32_t i = lane; i < l.width; i += LANES) s[l.into + i] = f(s[l.a + i * l.a_step], s[l.b + i * l.b_step]);
}
template <int LANES, class F>
__device__ __forceinline__ void triples(const Line& l, const Scratch s, const int32_t lane, const F f) {
    for (int32_t i = lane; i < l.width; i += LANES) {
        s[l.into + i] = f(s[l.a + i * l.a_step], s[l.b + i * l.b_step], s[l.c + i * l.c_step]);
    }
}

__device__ __forceinline__ float greater(const float a, const float b) { return a > b ? a : b; }

/// One number from many: term(i) joined in the order that the width gives.
template <int LANES, class Term, class Join>
__device__ __forceinline__ void gather(const Line& l, const Scratch s, const int32_t lane, const float start, const Term term, const Join join) {
    float value = start;
    if (LANES == 1 || l.width <= 32) {
        for (int32_t i = 0; i < l.width; ++i) value = term(value, i);
    } else {
        for (int32_t i = lane; i < l.width; i += 32) value = term(value, i);
#pragma unroll
        for (int32_t apart = 16; apart > 0; apart /= 2) value = join(value, __shfl_xor_sync(0xffffffffu, value, apart));
    }
    if (lane == 0) s[l.into] = value;
}

template <int LANES>
__device__ __forceinline__ void matrix(const Line& l, const Scratch s, const int32_t lane, const float* __restrict__ constants) {
    for (int32_t i = lane; i < l.width; i += LANES) {
        const float* __restrict__ const row = constants + l.constant + int64_t(i) * l.inner;
        float sum = 0.0f;
        for (int32_t j = 0; j < l.inner; ++j) sum = fmaf(row[j], s[l.a + j], sum);
        s[l.into + i] = sum;
    }
}

template <int LANES>
__device__ __forceinline__ void curves(const Line& l, const Scratch s, const int32_t lane, const float* __restrict__ constants) {
    const float* __restrict__ const table = constants + l.constant;
    const hermite::Place at = hermite::place_log(s[l.a], table[0], table[1], l.inner);
    for (int32_t i = lane; i < l.width; i += LANES) s[l.into + i] = hermite::value(table + 2, at, l.width, i);
}

template <int LANES>
__device__ __forceinline__ void run(const Line& l, const Scratch s, const int32_t lane, const float* __restrict__ constants,
                                    const Port* __restrict__ ports, const int64_t row) {
    switch (l.operation) {
        case LITERAL:
            for (int32_t i = lane; i < l.width; i += LANES) s[l.into + i] = constants[l.constant + i];
            break;
        case COPY: each<LANES>(l, s, lane, [](const float a) { return a; }); break;
        case NEGATE: each<LANES>(l, s, lane, [](const float a) { return -a; }); break;
        case ABSOLUTE: each<LANES>(l, s, lane, [](const float a) { return approx::magnitude(a); }); break;
        case ROOT: each<LANES>(l, s, lane, [](const float a) { return a < 0x1p-100f ? 0.0f : sqrtf(a); }); break;
        case EXP: each<LANES>(l, s, lane, [](const float a) { return approx::exp(a); }); break;
        case LOG: each<LANES>(l, s, lane, [](const float a) { return a < 0x1p-126f ? -INFINITY : approx::log(a); }); break;
        case SIN: each<LANES>(l, s, lane, [](const float a) { return approx::sincos(a).sin; }); break;
        case COS: each<LANES>(l, s, lane, [](const float a) { return approx::sincos(a).cos; }); break;
        case TANH: each<LANES>(l, s, lane, [](const float a) { return approx::tanh(a); }); break;
        case FLOOR: each<LANES>(l, s, lane, [](const float a) { return floorf(a); }); break;
        case ADD: pairs<LANES>(l, s, lane, [](const float a, const float b) { return a + b; }); break;
        case SUBTRACT: pairs<LANES>(l, s, lane, [](const float a, const float b) { return a - b; }); break;
        case MULTIPLY: pairs<LANES>(l, s, lane, [](const float a, const float b) { return a * b; }); break;
        case DIVIDE: pairs<LANES>(l, s, lane, [](const float a, const float b) { return a / b; }); break;
        case LEAST: pairs<LANES>(l, s, lane, [](const float a, const float b) { return a < b ? a : b; }); break;
        case GREATEST: pairs<LANES>(l, s, lane, [](const float a, const float b) { return greater(a, b); }); break;
        case FMA: triples<LANES>(l, s, lane, [](const float a, const float b, const float c) { return fmaf(a, b, c); }); break;
        case SELECT: triples<LANES>(l, s, lane, [](const float a, const float b, const float c) { return a > 0.0f ? b : c; }); break;
        case SUM:
            gather<LANES>(l, s, lane, 0.0f, [&](const float sum, const int32_t i) { return sum + s[l.a + i]; },
                          [](const float a, const float b) { return a + b; });
            break;
        case DOT:
            gather<LANES>(l, s, lane, 0.0f, [&](const float sum, const int32_t i) { return fmaf(s[l.a + i], s[l.b + i], sum); },
                          [](const float a, const float b) { return a + b; });
            break;
        case GREATEST_OF:
            gather<LANES>(l, s, lane, -INFINITY, [&](const float most, const int32_t i) { return greater(most, s[l.a + i]); },
                          [](const float a, const float b) { return greater(a, b); });
            break;
        case MATRIX: matrix<LANES>(l, s, lane, constants); break;
        case CURVES: curves<LANES>(l, s, lane, constants); break;
        case LOAD:
            for (int32_t i = lane; i < l.width; i += LANES) s[l.into + i] = ports[l.port].data[row * ports[l.port].stride + i];
            break;
        case STORE:
            for (int32_t i = lane; i < l.width; i += LANES) ports[l.port].data[row * ports[l.port].stride + i] = s[l.a + i];
            break;
    }
}

}  // namespace formula
