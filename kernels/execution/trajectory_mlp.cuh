// trajectory_mlp.cuh — a multilayer perceptron on the 16 or 32 rows of a warp, activations in registers from layer to layer
//
// Fragments (intrinsics.cuh): what a lane sums for the columns 16 j .. 16 j + 15 of a layer, rounded in pairs, is what the next layer's
// products take as the rows' inputs 16 j .. 16 j + 15. So no activation is ever stored.
//
//   rows    16 m + g and 16 m + g + 8 of the warp's, m < TILES; g = lane / 4, q = lane % 4. A tile's sums know nothing of the other
//   weights in shared memory, packed as by linear_pack: block (nb, kb) of 16 columns by 16 inputs is 512 bytes, 16 a lane
//   inputs  x = hi + lo, both rounded, so that x keeps 22 bits (bf16: 16); four coordinates a block of 16 inputs:
//           hi of the four, lo of the four, and both again, against W_hi, W_hi, W_lo, W_lo
//   x3      all operands hi + lo / 2^11, both f16: 22 bits of whatever lies between 2^-14 and 65,504, and 2^-36 below; hi hi in one sum,
//           hi lo + lo hi in another, together at the end; lo lo, 2^-22 of the product, is left out. Low parts of the weights behind the
//           high ones of their 16 columns. bf16 would keep 16 bits, which is not f32's class; low parts without 2^11 would lose theirs
//           to the subnormals
//   range   f16 saturates: an activation or an input beyond 65,504 is wrong, but no NaN
//   groups  a quarter of a layer's columns at a time (half, of 16 rows), under a condition that is always true but for narrower networks:
//           the compiler interleaves what lies inside one and no more, else it spills
//   state   shared, column by column: coordinate c of row r of the warp at c * PITCH + r
#pragma once
#include "execution/trajectory_rows.cuh"
#include "score/activation_close.cuh"
#include "score/activation_fast.cuh"
#include "score/operands.cuh"

namespace trajectory_mlp {


struct F16 : mixed::F16 {
    static constexpr int32_t PARTS = 1, INPUTS = 4;  // of an operand; a block
    static constexpr bool SHARED_SILU = false;       // between special functions and products
    static __device__ __forceinline__ uint32_t pair(const float lo, const float hi) { return f32_to_f16x2_finite(lo, hi); }
};
struct BF16 : mixed::BF16 {
    static constexpr int32_t PARTS = 1, INPUTS = 4;
    static constexpr bool SHARED_SILU = false;
};
struct F16x3 : F16 {
    static constexpr int32_t PARTS = 2, INPUTS = 16;
};
constexpr float LOW = 2048.0f;
constexpr int32_t SPECIAL = 16;  // SILU + SPECIAL: nothing by products, where SHARED_SILU would

// a pair as operands
template <class Type>
TWEEDIE_INLINE void split(uint32_t& high, uint32_t& low, const float x, const float y) {
    high = Type::pair(x, y);
    if constexpr (Type::PARTS == 2) low = Type::pair(LOW * (x - Type::low(high)), LOW * (y - Type::high(high)));
}

template <class Type, int32_t BLOCKS, int32_t TILES>  // blocks of columns
constexpr int32_t GROUP = BLOCKS == 16 || Type::PARTS == 2 ? 2 : TILES == 1 ? BLOCKS / 2 : BLOCKS / 4;

template <class Type, int32_t BLOCKS, int32_t TILES>
using Weights = LayerWeights<512 * Type::PARTS * GROUP<Type, BLOCKS, TILES> * BLOCKS, TILES == 1>;

// sum[p][m][n][i]: rows 16 m + g + 8 (i / 2), column 8 n + 2 q + i % 2 of sixteen; p = 1: times 2^11
template <int32_t PARTS, int32_t TILES>
TWEEDIE_INLINE void start(float (&sum)[PARTS][TILES][2][4], const float* bias, const int32_t q) {
#pragma unroll
    for (int32_t n = 0; n < 2; ++n) {
        const float2 b = *reinterpret_cast<const float2*>(bias + 8 * n + 2 * q);
#pragma unroll
        for (int32_t m = 0; m < TILES; ++m) {
            sum[0][m][n][0] = sum[0][m][n][2] = b.x;
            sum[0][m][n][1] = sum[0][m][n][3] = b.y;
            if constexpr (PARTS == 2) {
#pragma unroll
                for (int32_t i = 0; i < 4; ++i) sum[1][m][n][i] = 0.0f;
            }
        }
    }
}

// low: bytes from a block to that of its low parts
template <class Type, int32_t TILES>
TWEEDIE_INLINE void multiply(float (&sum)[Type::PARTS][TILES][2][4], const uint32_t (&a)[TILES][Type::PARTS][4], const unsigned char* block,
                             const int32_t low) {
    const uint4 w = load_b128(block);
    const uint32_t first[2] = {w.x, w.y}, second[2] = {w.z, w.w};
#pragma unroll
    for (int32_t m = 0; m < TILES; ++m) {
        Type::multiply(sum[0][m][0], a[m][0], first);
        Type::multiply(sum[0][m][1], a[m][0], second);
    }
    if constexpr (Type::PARTS == 2) {
        const uint4 v = load_b128(block + low);
        const uint32_t first_low[2] = {v.x, v.y}, second_low[2] = {v.z, v.w};
#pragma unroll
        for (int32_t m = 0; m < TILES; ++m) {
            Type::multiply(sum[1][m][0], a[m][0], first_low);
            Type::multiply(sum[1][m][1], a[m][0], second_low);
            Type::multiply(sum[1][m][0], a[m][1], first);
            Type::multiply(sum[1][m][1], a[m][1], second);
        }
    }
}

// both sums in the first
template <int32_t PARTS, int32_t TILES>
TWEEDIE_INLINE void join(float (&sum)[PARTS][TILES][2][4]) {
    if constexpr (PARTS == 2) {
#pragma unroll
        for (int32_t i = 0; i < 8 * TILES; ++i) {
            float& high = sum[0][i / 8][i / 4 % 2][i % 4];
            high = fmaf(sum[1][i / 8][i / 4 % 2][i % 4], 1.0f / LOW, high);
        }
    }
}

template <float (*function)(float), int32_t TILES>
TWEEDIE_INLINE void each(float (&sum)[TILES][2][4]) {
#pragma unroll
    for (int32_t i = 0; i < 8 * TILES; ++i) sum[i / 8][i / 4 % 2][i % 4] = function(sum[i / 8][i / 4 % 2][i % 4]);
}

// SiLU of every fourth column by products, of the others by special functions: the column decides, so that a row's bits are its own
template <int32_t TILES>
TWEEDIE_INLINE void share_silu(float (&sum)[TILES][2][4]) {
#pragma unroll
    for (int32_t i = 0; i < 8 * TILES; ++i) {
        float& x = sum[i / 8][i / 4 % 2][i % 4];
        x = i / 4 % 2 == 1 && i % 2 == 1 ? fast::silu_of_half_by_products(x) : fast::silu_of_half(x);
    }
}

// one branch for sixteen columns
template <class Type, int32_t TILES>
TWEEDIE_INLINE void activate(float (&sum)[TILES][2][4], const int32_t activation) {
    constexpr bool CLOSE = Type::PARTS == 2;
    switch (activation) {
        case SILU:
            if constexpr (Type::SHARED_SILU) {
                share_silu(sum);
            } else {
                each<CLOSE ? close::silu_of_half : fast::silu_of_half>(sum);
            }
            break;
        case SILU + SPECIAL:
            if constexpr (Type::SHARED_SILU) each<fast::silu_of_half>(sum);
            break;
        case SIN: each<CLOSE ? close::sine : fast::sine>(sum); break;
        case TANH: each<CLOSE ? approx::tanh : fast::tanh>(sum); break;
        case RELU: each<fast::relu>(sum); break;
        case SOFTPLUS: each<CLOSE ? approx::softplus : fast::softplus>(sum); break;
        case GELU: each<CLOSE ? approx::gelu : fast::gelu>(sum); break;
        default: break;
    }
}

// the activated sums of sixteen columns as a block of the next layer's inputs; before: the block that a residual layer adds
template <class Type, bool SILU_ONLY, int32_t TILES>
TWEEDIE_INLINE void finish(uint32_t (&next)[TILES][Type::PARTS][4], float (&sums)[Type::PARTS][TILES][2][4], const int32_t activation,
                           const bool residual, const uint32_t (&before)[TILES][Type::PARTS][4]) {
    constexpr int32_t LAST = Type::PARTS - 1;
    join(sums);
    float(&sum)[TILES][2][4] = sums[0];
    activate<Type>(sum, SILU_ONLY ? SILU : activation);
#pragma unroll
    for (int32_t m = 0; m < TILES; ++m) {
#pragma unroll
        for (int32_t i = 0; i < 4; ++i) {
            float& x = sum[m][i / 2][2 * (i % 2)];
            float& y = sum[m][i / 2][2 * (i % 2) + 1];
            if (!SILU_ONLY && residual) {
                x += Type::low(before[m][0][i]);
                y += Type::high(before[m][0][i]);
                if constexpr (LAST == 1) {
                    x = fmaf(Type::low(before[m][1][i]), 1.0f / LOW, x);
                    y = fmaf(Type::high(before[m][1][i]), 1.0f / LOW, y);
                }
            }
            split<Type>(next[m][0][i], next[m][LAST][i], x, y);
        }
    }
}

// The inputs of the first layer: coordinate c of the network lies at column places[c], or is 0 where that is negative.
template <class Type, int32_t TILES>
TWEEDIE_INLINE void inputs(uint32_t (&a)[TILES][Type::PARTS][4], const float* state, const int32_t* places, const int32_t block,
                           const int32_t g, const int32_t q) {
    constexpr bool WHOLE = Type::INPUTS == 16;
#pragma unroll
    for (int32_t half = 0; half < (WHOLE ? 2 : 1); ++half) {
        const int32_t* const from = places + (WHOLE ? 8 * half + 2 * q : 4 * block + 2 * (q % 2));
        const int32_t first = from[0], second = from[1];
#pragma unroll
        for (int32_t m = 0; m < TILES; ++m) {
#pragma unroll
            for (int32_t i = 0; i < 2; ++i) {
                const int32_t r = 16 * m + 8 * i + g;
                const float x = first < 0 ? 0.0f : state[first * PITCH + r], y = second < 0 ? 0.0f : state[second * PITCH + r];
                if constexpr (WHOLE) {
                    split<Type>(a[m][0][i + 2 * half], a[m][1][i + 2 * half], x, y);
                } else {
                    const uint32_t hi = Type::pair(x, y);
                    const uint32_t lo = Type::pair(x - Type::low(hi), y - Type::high(hi));
                    a[m][0][i] = a[m][0][i + 2] = q < 2 ? hi : lo;
                }
            }
        }
    }
}

template <int32_t SOME, int32_t BLOCKS, int32_t TILES, int32_t PARTS>
TWEEDIE_INLINE void clear(uint32_t (&next)[BLOCKS][TILES][PARTS][4], const int32_t group) {
#pragma unroll
    for (int32_t nb = group; nb < group + SOME; ++nb) {
#pragma unroll
        for (int32_t m = 0; m < TILES; ++m) {
#pragma unroll
            for (int32_t i = 0; i < 4 * PARTS; ++i) next[nb][m][i / 4][i % 4] = 0;
        }
    }
}

template <class Type, int32_t BLOCKS, int32_t TILES, bool SILU_ONLY>
TWEEDIE_INLINE void first_layer(uint32_t (&next)[BLOCKS][TILES][Type::PARTS][4], const float* state, const int32_t* places,
                                const int32_t blocks, const unsigned char* weights, const float* bias, const int32_t activation,
                                const int32_t columns, const int32_t g, const int32_t q) {
    constexpr int32_t SOME = GROUP<Type, BLOCKS, TILES>, IN_BLOCKS = MOST_INPUTS / Type::INPUTS;
    uint32_t a[IN_BLOCKS][TILES][Type::PARTS][4];
#pragma unroll
    for (int32_t kb = 0; kb < IN_BLOCKS; ++kb) {
        if (kb < blocks) inputs<Type>(a[kb], state, places, kb, g, q);
    }
#pragma unroll
    for (int32_t group = 0; group < BLOCKS; group += SOME) {
        if (group < columns) {
#pragma unroll
            for (int32_t nb = group; nb < group + SOME; ++nb) {
                float sum[Type::PARTS][TILES][2][4];
                start(sum, bias + 16 * nb, q);
#pragma unroll
                for (int32_t kb = 0; kb < IN_BLOCKS; ++kb) {
                    if (kb < blocks) multiply<Type>(sum, a[kb], weights + 512 * (Type::PARTS * nb * blocks + kb), 512 * blocks);
                }
                finish<Type, SILU_ONLY>(next[nb], sum, activation, false, a[0]);
            }
        } else {
            clear<SOME>(next, group);
        }
    }
}

template <class Type, int32_t BLOCKS, int32_t TILES, bool SILU_ONLY>
TWEEDIE_INLINE void hidden_layer(uint32_t (&next)[BLOCKS][TILES][Type::PARTS][4], const uint32_t (&a)[BLOCKS][TILES][Type::PARTS][4],
                                 Weights<Type, BLOCKS, TILES>& weights, const int32_t layer, const float* bias, const int32_t activation,
                                 const bool residual, const int32_t columns, const int32_t lane) {
    constexpr int32_t SOME = GROUP<Type, BLOCKS, TILES>;
#pragma unroll
    for (int32_t group = 0; group < BLOCKS; group += SOME) {
        const unsigned char* const here = weights.group(layer * (BLOCKS / SOME) + group / SOME) + 16 * lane;
        if (group < columns) {
#pragma unroll
            for (int32_t nb = group; nb < group + SOME; ++nb) {
                float sum[Type::PARTS][TILES][2][4];
                start(sum, bias + 16 * nb, lane % 4);
#pragma unroll
                for (int32_t kb = 0; kb < BLOCKS; ++kb) {
                    multiply<Type>(sum, a[kb], here + 512 * (Type::PARTS * (nb - group) * BLOCKS + kb), 512 * BLOCKS);
                }
                finish<Type, SILU_ONLY>(next[nb], sum, activation, residual, a[nb]);
            }
        } else {
            clear<SOME>(next, group);
        }
    }
}

// the sums of the outputs to the columns from into on
template <class Type, int32_t TILES>
TWEEDIE_INLINE void put(float* state, const int32_t into, float (&sum)[Type::PARTS][TILES][2][4], const int32_t outputs, const int32_t g,
                        const int32_t q) {
    join(sum);
#pragma unroll
    for (int32_t n = 0; n < 2; ++n) {
#pragma unroll
        for (int32_t i = 0; i < 4; ++i) {
            const int32_t c = 8 * n + 2 * q + i % 2;
            if (c < outputs) {
                float* const column = state + (into + c) * PITCH + g + 8 * (i / 2);
#pragma unroll
                for (int32_t m = 0; m < TILES; ++m) column[16 * m] = sum[0][m][n][i];
            }
        }
    }
}

// all layers; the outputs go to the columns from into on
template <class Type, int32_t BLOCKS, int32_t TILES, bool SILU_ONLY>
TWEEDIE_INLINE void network(float* state, const int32_t* places, const int32_t into, Weights<Type, BLOCKS, TILES>& weights,
                            const float* bias, const float* out_bias, const int32_t blocks, const int32_t outputs, const int32_t depth,
                            const int32_t activation, const bool residual, const int32_t columns) {
    const int32_t lane = int32_t(threadIdx.x) % 32, g = lane / 4, q = lane % 4;
    uint32_t a[BLOCKS][TILES][Type::PARTS][4];
    first_layer<Type, BLOCKS, TILES, SILU_ONLY>(a, state, places, blocks, weights.first() + 16 * lane, bias, activation, columns, g, q);
#pragma unroll 1
    for (int32_t l = 1; l < depth; ++l) {
        uint32_t next[BLOCKS][TILES][Type::PARTS][4];
        hidden_layer<Type, BLOCKS, TILES, SILU_ONLY>(next, a, weights, l - 1, bias + l * 16 * BLOCKS, activation, residual, columns,
                                                    lane);
#pragma unroll
        for (int32_t kb = 0; kb < BLOCKS; ++kb) {
#pragma unroll
            for (int32_t m = 0; m < TILES; ++m) {
#pragma unroll
                for (int32_t i = 0; i < 4 * Type::PARTS; ++i) a[kb][m][i / 4][i % 4] = next[kb][m][i / 4][i % 4];
            }
        }
    }
    float sum[Type::PARTS][TILES][2][4];
    start(sum, out_bias, q);
#pragma unroll
    for (int32_t kb = 0; kb < BLOCKS; ++kb) multiply<Type>(sum, a[kb], weights.last() + 16 * lane + 512 * kb, 512 * BLOCKS);
    put<Type>(state, into, sum, outputs, g, q);
}

/// The network on TILES x 16 rows of each warp by mma.sync.
template <class Type, int32_t COLUMNS, int32_t TILES>
struct WarpNetwork {
    static constexpr int32_t WIDTH = COLUMNS, TILE = 16 * TILES, TOGETHER = 1, BLOCKS = WIDTH / 16;
    static constexpr int32_t ROW = 512 * Type::PARTS * BLOCKS;  // all columns by 16 inputs

    Weights<Type, BLOCKS, TILES> weights;

    __device__ __forceinline__ WarpNetwork(unsigned char* memory, const Call& call)
        : weights(memory, call.packed, call.biases, ROW * ((call.inputs + Type::INPUTS - 1) / Type::INPUTS), ROW,
                  4 * call.depth * WIDTH, (call.depth - 1) * (BLOCKS / GROUP<Type, BLOCKS, TILES>), call.held) {}

    __device__ __forceinline__ bool in_step() const { return weights.passes(); }
    __device__ __forceinline__ unsigned char* end() const { return weights.end(); }
    __device__ __forceinline__ void queue_biases(const int32_t row, const int32_t place) const { weights.queue_biases(row, place); }
    __device__ __forceinline__ void expect_biases(const int32_t row, const int32_t place) {
        weights.bias_row = row;
        weights.bias_turn = place;
    }

    __device__ __forceinline__ void evaluate(const Call& call, float* state, const float* bias, const int32_t* operation) {
        const int32_t* const from = call.places + MOST_INPUTS * operation[4];
        const int32_t into = operation[1], in_blocks = (call.inputs + Type::INPUTS - 1) / Type::INPUTS;
        // one network in the widest kernel, where products cost more than branches: two take more registers than there are
        if (WIDTH < 256 && call.activation == SILU && !call.residual) {
            network<Type, BLOCKS, TILES, true>(state, from, into, weights, bias, call.out_bias, in_blocks, call.outputs, call.depth,
                                               call.activation, false, call.columns);
        } else {
            network<Type, BLOCKS, TILES, false>(state, from, into, weights, bias, call.out_bias, in_blocks, call.outputs, call.depth,
                                                call.activation, call.residual, call.columns);
        }
    }
};

}  // namespace trajectory_mlp
