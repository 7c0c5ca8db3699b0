// train_mlp.cuh — a multilayer perceptron up to 128 wide, forward and back, on the 32 rows of a warp
//
//   h_l+1 = act(b_l + x W_l + f T_l) (+ h_l)      x = the inputs for l = 0, else h_l; f the features of the row's time
//   back    d_l = dh_l+1 act'(pre_l)              dh_l = d_l W_l' (+ dh_l+1)
//
//   What a lane sums for the columns 16 j .. 16 j + 15 of a layer, rounded in pairs, is what the next product takes as the rows' inputs
//   16 j .. 16 j + 15, forward and back: nothing is exchanged between lanes.
//
//   rows    16 m + g and 16 m + g + 8 of the warp's 32, m = 0, 1; g = lane / 4, q = lane % 4
//   inputs  x = hi + lo, four coordinates a block of sixteen: hi, lo, hi, lo against W_hi, W_hi, W_lo, W_lo
//   groups  two blocks of sixteen columns at a time, under a condition that only narrower networks fail
//   tape    for sixteen rows one after the other: blocks of 16 rows by 16 columns, 512 bytes each, as four matrices of 8 x 8 row by row:
//           inputs, features, hidden layers, d of the outputs, d of the layers: there lie their slopes until then
#pragma once
#include "score/activation_fast.cuh"
#include "score/operands.cuh"

namespace train_mlp {

constexpr int32_t BLOCKS = 8;       // of sixteen columns: 128 wide
constexpr int32_t GROUP = 2;        // blocks that the compiler interleaves
constexpr int32_t BLOCK = 512;      // bytes

// the sizes of a network in blocks of sixteen
struct Shape { int32_t in, time, wide, depth; };

TWEEDIE_INLINE int32_t tape_blocks(const Shape& s) { return s.in + s.time + 1 + 2 * s.depth * s.wide; }
TWEEDIE_INLINE int32_t hidden_at(const Shape& s, const int32_t l) { return s.in + s.time + l * s.wide; }
TWEEDIE_INLINE int32_t out_at(const Shape& s) { return hidden_at(s, s.depth); }
TWEEDIE_INLINE int32_t towards_at(const Shape& s, const int32_t l) { return out_at(s) + 1 + l * s.wide; }

// Stages of weights, in the order in which they are used: hidden layers, the outputs both ways, hidden layers from the last to the second
// transposed. Bytes of a stage; a layer is biases, weights, weights of the features.
TWEEDIE_INLINE int32_t layer_bytes(const Shape& s, const int32_t l) {
    return s.wide * (64 + BLOCK * ((l == 0 ? s.in : s.wide) + s.time));
}
TWEEDIE_INLINE int32_t stage_bytes(const Shape& s, const int32_t stage) {
    return stage < s.depth ? layer_bytes(s, stage) : stage == s.depth ? 64 + 2 * BLOCK * s.wide : BLOCK * s.wide * s.wide;
}

// an activation with its slope, for 16-bit operands
struct Both { float value, slope; };

TWEEDIE_INLINE Both silu(const float x) {
    const float h = 0.5f * x, t = tanh_approx(h);
    return {fmaf(h, t, h), fmaf(0.5f * h, fmaf(-t, t, 1.0f), fmaf(0.5f, t, 0.5f))};
}
TWEEDIE_INLINE Both sine(const float x) {
    const float r = fast::less_turns(x);
    return {sin_approx(r), cos_approx(r)};
}
TWEEDIE_INLINE Both tanh(const float x) {
    const float t = tanh_approx(x);
    return {t, fmaf(-t, t, 1.0f)};
}
TWEEDIE_INLINE Both relu(const float x) { return {fast::relu(x), x > 0.0f ? 1.0f : 0.0f}; }
TWEEDIE_INLINE Both softplus(const float x) { return {fast::softplus(x), fmaf(0.5f, tanh_approx(0.5f * x), 0.5f)}; }
// x Phi, Phi + x phi
TWEEDIE_INLINE Both gelu(const float x) {
    const float phi = 0.398942280f * exp2_approx(-0.721347520f * (x * x));
    const float t = tanh_approx(x * fast::gelu_polynomial(x)), h = 0.5f * x;
    return {fmaf(h, t, h), fmaf(x, phi, fmaf(0.5f, t, 0.5f))};
}

// sum <- values, slope <- slopes in pairs; sum[m][n][i]: rows 16 m + g + 8 (i / 2), column 8 n + 2 q + i % 2
template <class Type, Both (*function)(float)>
TWEEDIE_INLINE void each(float (&sum)[2][2][4], uint32_t (&slope)[2][4]) {
#pragma unroll
    for (int32_t m = 0; m < 2; ++m) {
#pragma unroll
        for (int32_t i = 0; i < 4; ++i) {
            float& x = sum[m][i / 2][2 * (i % 2)];
            float& y = sum[m][i / 2][2 * (i % 2) + 1];
            const Both a = function(x), b = function(y);
            x = a.value;
            y = b.value;
            slope[m][i] = Type::pair(a.slope, b.slope);
        }
    }
}

template <class Type>
TWEEDIE_INLINE void activate(float (&sum)[2][2][4], uint32_t (&slope)[2][4], const int32_t activation) {
    switch (activation) {
        case SILU: each<Type, silu>(sum, slope); break;
        case SIN: each<Type, sine>(sum, slope); break;
        case TANH: each<Type, tanh>(sum, slope); break;
        case RELU: each<Type, relu>(sum, slope); break;
        case SOFTPLUS: each<Type, softplus>(sum, slope); break;
        case GELU: each<Type, gelu>(sum, slope); break;
        default:
#pragma unroll
            for (int32_t i = 0; i < 8; ++i) slope[i / 4][i % 4] = Type::pair(1.0f, 1.0f);
            break;
    }
}

TWEEDIE_INLINE void start(float (&sum)[2][2][4], const float* bias, const int32_t q) {
#pragma unroll
    for (int32_t n = 0; n < 2; ++n) {
        const float2 b = *reinterpret_cast<const float2*>(bias + 8 * n + 2 * q);
#pragma unroll
        for (int32_t m = 0; m < 2; ++m) {
            sum[m][n][0] = sum[m][n][2] = b.x;
            sum[m][n][1] = sum[m][n][3] = b.y;
        }
    }
}

// block: this lane's 16 bytes of a block of weights, as linear_pack orders them
template <class Type>
TWEEDIE_INLINE void multiply(float (&sum)[2][2][4], const uint32_t (&a)[2][4], const unsigned char* block) {
    const uint4 w = load_b128(block);
    const uint32_t first[2] = {w.x, w.y}, second[2] = {w.z, w.w};
#pragma unroll
    for (int32_t m = 0; m < 2; ++m) {
        Type::multiply(sum[m][0], a[m], first);
        Type::multiply(sum[m][1], a[m], second);
    }
}

template <class Type>
TWEEDIE_INLINE void round_to(uint32_t (&to)[2][4], const float (&sum)[2][2][4]) {
#pragma unroll
    for (int32_t i = 0; i < 8; ++i) {
        to[i / 4][i % 4] = Type::pair(sum[i / 4][i % 4 / 2][2 * (i % 2)], sum[i / 4][i % 4 / 2][2 * (i % 2) + 1]);
    }
}

template <class Type>
TWEEDIE_INLINE void add(float (&sum)[2][2][4], const uint32_t (&pairs)[2][4]) {
#pragma unroll
    for (int32_t i = 0; i < 8; ++i) {
        sum[i / 4][i % 4 / 2][2 * (i % 2)] += Type::low(pairs[i / 4][i % 4]);
        sum[i / 4][i % 4 / 2][2 * (i % 2) + 1] += Type::high(pairs[i / 4][i % 4]);
    }
}

// Where the two tiles of sixteen rows of a warp lie on the tape; a tile that has no rows is not written.
struct Tape {
    unsigned char* at;  // this lane's four bytes of the first matrix
    int32_t tile;       // bytes from tile to tile
    int32_t tiles;      // 0, 1, 2

    // the tape from this block on
    __device__ __forceinline__ Tape from(const int32_t block) const { return {at + BLOCK * block, tile, tiles}; }

    __device__ __forceinline__ void keep(const int32_t block, const uint32_t (&a)[2][4]) const {
#pragma unroll
        for (int32_t m = 0; m < 2; ++m) {
            if (m >= tiles) continue;
#pragma unroll
            for (int32_t i = 0; i < 4; ++i) *reinterpret_cast<uint32_t*>(at + m * tile + BLOCK * block + 128 * i) = a[m][i];
        }
    }

    // what this lane has kept
    __device__ __forceinline__ uint32_t kept(const int32_t block, const int32_t m, const int32_t i) const {
        return m < tiles ? *reinterpret_cast<const uint32_t*>(at + m * tile + BLOCK * block + 128 * i) : 0;
    }
};

// The rows of a warp: first, and those that are there as bits, 2 m + i for row 16 m + 8 i + g of this lane.
struct Rows {
    int64_t first;
    uint32_t there;

    __device__ __forceinline__ bool has(const int32_t m, const int32_t i) const { return (there >> (2 * m + i) & 1) != 0; }
    __device__ __forceinline__ int64_t row(const int32_t m, const int32_t i) const {
        return first + 16 * m + 8 * i + int32_t(threadIdx.x) % 32 / 4;
    }
};

// from[r * stride + k]; 0 for rows that are not there and beyond count
TWEEDIE_INLINE float element(const float* __restrict__ from, const Rows& rows, const int32_t m, const int32_t i, const int64_t stride,
                             const int32_t k, const int32_t count) {
    return rows.has(m, i) && k < count ? from[rows.row(m, i) * stride + k] : 0.0f;
}

template <class Type>
TWEEDIE_INLINE void load_inputs(uint32_t (&a)[2][4], const float* __restrict__ x, const Rows& rows, const int64_t stride,
                                const int32_t inputs, const int32_t block, const int32_t q) {
    const int32_t c = 4 * block + 2 * (q % 2);
#pragma unroll
    for (int32_t m = 0; m < 2; ++m) {
#pragma unroll
        for (int32_t i = 0; i < 2; ++i) {
            const float v = element(x, rows, m, i, stride, c, inputs), w = element(x, rows, m, i, stride, c + 1, inputs);
            const uint32_t hi = Type::pair(v, w);
            const uint32_t lo = Type::pair(v - Type::low(hi), w - Type::high(hi));
            a[m][i] = a[m][i + 2] = q < 2 ? hi : lo;
        }
    }
}

template <class Type>
TWEEDIE_INLINE void load_features(uint32_t (&a)[2][4], const float* __restrict__ f, const Rows& rows, const int64_t stride,
                                  const int32_t features, const int32_t block, const int32_t q) {
#pragma unroll
    for (int32_t m = 0; m < 2; ++m) {
#pragma unroll
        for (int32_t i = 0; i < 4; ++i) {
            const int32_t k = 16 * block + 8 * (i / 2) + 2 * q;
            a[m][i] = Type::pair(element(f, rows, m, i % 2, stride, k, features), element(f, rows, m, i % 2, stride, k + 1, features));
        }
    }
}

// Inputs and features of the warp's rows lie in shared memory, 32 bytes a lane and block: no register is free for them.
constexpr int32_t PARKED = 2 * BLOCK;

TWEEDIE_INLINE void park(unsigned char* at, const uint32_t (&a)[2][4]) {
    store_b128(at, make_uint4(a[0][0], a[0][1], a[0][2], a[0][3]));
    store_b128(at + BLOCK, make_uint4(a[1][0], a[1][1], a[1][2], a[1][3]));
}

template <class Type>
TWEEDIE_INLINE void multiply_parked(float (&sum)[2][2][4], const unsigned char* parked, const int32_t blocks, const unsigned char* weights) {
#pragma unroll 1
    for (int32_t kb = 0; kb < blocks; ++kb) {
        const uint4 v = load_b128(parked + PARKED * kb), w = load_b128(parked + PARKED * kb + BLOCK);
        const uint32_t a[2][4] = {{v.x, v.y, v.z, v.w}, {w.x, w.y, w.z, w.w}};
        multiply<Type>(sum, a, weights + BLOCK * kb);
    }
}

// next <- act(bias + a W + f T) (+ a where residual), kept on the tape with the slopes; the first layer's a is parked before the features
template <class Type, bool FIRST>
TWEEDIE_INLINE void layer(uint32_t (&next)[BLOCKS][2][4], const uint32_t (&a)[BLOCKS][2][4], const unsigned char* parked, const Shape& s,
                          const unsigned char* stage, const int32_t l, const Tape& tape, const int32_t activation, const bool residual,
                          const int32_t lane) {
    const int32_t blocks = FIRST ? s.in : s.wide;
    const float* const bias = reinterpret_cast<const float*>(stage);
    const unsigned char* const weights = stage + 64 * s.wide + 16 * lane;
    const unsigned char* const times = weights + BLOCK * blocks * s.wide;
    const Tape hidden = tape.from(hidden_at(s, l));
    const int32_t slopes = towards_at(s, l) - hidden_at(s, l);
#pragma unroll
    for (int32_t group = 0; group < BLOCKS; group += GROUP) {
        if (group < s.wide) {
#pragma unroll
            for (int32_t nb = group; nb < group + GROUP; ++nb) {
                float sum[2][2][4];
                start(sum, bias + 16 * nb, lane % 4);
                if (FIRST) {
                    multiply_parked<Type>(sum, parked, s.in, weights + BLOCK * nb * s.in);
                } else {
#pragma unroll
                    for (int32_t kb = 0; kb < BLOCKS; ++kb) {
                        if (kb - kb % GROUP < s.wide) multiply<Type>(sum, a[kb], weights + BLOCK * (nb * s.wide + kb));
                    }
                }
                multiply_parked<Type>(sum, parked + PARKED * s.in, s.time, times + BLOCK * nb * s.time);
                uint32_t slope[2][4];
                activate<Type>(sum, slope, activation);
                hidden.keep(slopes + nb, slope);
                if (!FIRST && residual) add<Type>(sum, a[nb]);
                round_to<Type>(next[nb], sum);
                hidden.keep(nb, next[nb]);
            }
        }
    }
}

// d <- dh act', kept on the tape
template <class Type>
TWEEDIE_INLINE void towards(uint32_t (&d)[BLOCKS][2][4], const uint32_t (&dh)[BLOCKS][2][4], const Shape& s, const int32_t l,
                            const Tape& tape) {
    const Tape mine = tape.from(towards_at(s, l));
#pragma unroll
    for (int32_t group = 0; group < BLOCKS; group += GROUP) {
        if (group < s.wide) {
#pragma unroll
            for (int32_t kb = group; kb < group + GROUP; ++kb) {
#pragma unroll
                for (int32_t m = 0; m < 2; ++m) {
#pragma unroll
                    for (int32_t i = 0; i < 4; ++i) {
                        const uint32_t h = dh[kb][m][i], p = mine.kept(kb, m, i);
                        d[kb][m][i] = Type::pair(Type::low(h) * Type::low(p), Type::high(h) * Type::high(p));
                    }
                }
                mine.keep(kb, d[kb]);
            }
        }
    }
}

// dh <- d W' (+ dh where residual); K blocks of d
template <class Type, int32_t K>
TWEEDIE_INLINE void back(uint32_t (&dh)[BLOCKS][2][4], const uint32_t (&d)[K][2][4], const int32_t blocks, const Shape& s,
                         const unsigned char* weights, const bool residual) {
#pragma unroll
    for (int32_t group = 0; group < BLOCKS; group += GROUP) {
        if (group < s.wide) {
#pragma unroll
            for (int32_t nb = group; nb < group + GROUP; ++nb) {
                float sum[2][2][4] = {};
#pragma unroll
                for (int32_t kb = 0; kb < K; ++kb) {
                    if ((K == BLOCKS ? kb - kb % GROUP : kb) < blocks) multiply<Type>(sum, d[kb], weights + BLOCK * (nb * blocks + kb));
                }
                if (residual) add<Type>(sum, dh[nb]);
                round_to<Type>(dh[nb], sum);
            }
        }
    }
}

}  // namespace train_mlp
