// trajectory_wgmma.cuh — the network of trajectory_mlp.cuh with the hidden layers as products of a warpgroup (hopper.cuh), sm_90a
//
//   rows      64 a warpgroup, 16 a warp: first and last layer, inputs, outputs and activations are those of 16 rows a warp
//   weights   of a hidden layer in shared memory: for each 64 inputs a matrix of all columns, turned from the order of the fragments to the
//             swizzled one as they are loaded
//   sums      all columns of a layer at once, WIDTH / 2 registers a lane; their activations take the place of the inputs
//   256       columns: weights as tiles of 128 columns by 64 inputs, swizzled before they come (TileOrder), some of which stay and some pass
//             (layer_weights.cuh); 128 columns of a layer at once, and those of the first half wait until nobody reads the inputs
#pragma once
#include "execution/trajectory_mlp.cuh"
#include "hopper.cuh"

namespace trajectory_wgmma {
using trajectory_mlp::Call;
using trajectory_mlp::finish;
using trajectory_mlp::first_layer;
using trajectory_mlp::load;
using trajectory_mlp::MOST_INPUTS;
using trajectory_mlp::put;
using trajectory_mlp::start;

constexpr int32_t MATRIX_INPUTS = 64;

/// Bytes of the matrix of a hidden layer's 64 inputs.
template <int32_t BLOCKS>
constexpr int32_t MATRIX = 16 * BLOCKS * 128;

template <int32_t BLOCKS>
constexpr int32_t LAYER = MATRIX<BLOCKS> * (16 * BLOCKS / MATRIX_INPUTS);

/// Shared memory: hidden layers, at multiples of 1024 bytes, then first layer and output layer in the order of the fragments.
template <int32_t BLOCKS>
struct Held {
    unsigned char* const memory;
    const int32_t hidden, first_bytes;

    __device__ __forceinline__ Held(unsigned char* shared, const void* weights, const int32_t first, const int32_t last, const int32_t layers)
        : memory(shared), hidden(layers * LAYER<BLOCKS>), first_bytes(first) {
        const unsigned char* const packed = static_cast<const unsigned char*>(weights);
        for (int32_t i = int32_t(threadIdx.x); i < hidden / 16; i += int32_t(blockDim.x)) turn(packed + first, i);
        load(memory + hidden, packed, first);
        load(memory + hidden + first, packed + first + hidden, last);
        proxy_fence();
        __syncthreads();
    }

    /// The i-th 16 bytes of the fragments: of two columns two pairs of inputs each (PackedMatrix).
    __device__ __forceinline__ void turn(const unsigned char* fragments, const int32_t i) const {
        const uint4 w = load_b128(fragments + 16 * i);
        const int32_t lane = i % 32, block = i / 32 % (BLOCKS * BLOCKS), layer = i / 32 / (BLOCKS * BLOCKS);
        const int32_t column = block / BLOCKS * 16 + lane / 4, input = block % BLOCKS * 16 + 2 * (lane % 4);
        unsigned char* const matrix = memory + layer * LAYER<BLOCKS> + input / MATRIX_INPUTS * MATRIX<BLOCKS>;
        const int32_t at = 128 * column + 2 * (input % MATRIX_INPUTS);
        store_operands(matrix + swizzle_128(at), w.x);
        store_operands(matrix + swizzle_128(at + 16), w.y);
        store_operands(matrix + swizzle_128(at + 8 * 128), w.z);
        store_operands(matrix + swizzle_128(at + 8 * 128 + 16), w.w);
    }

    __device__ __forceinline__ const unsigned char* first() const { return memory + hidden; }
    __device__ __forceinline__ const unsigned char* last() const { return memory + hidden + first_bytes; }
    __device__ __forceinline__ unsigned char* end() const { return memory + hidden + first_bytes + 512 * BLOCKS; }
    __device__ __forceinline__ const unsigned char* layer(const int32_t l) const { return memory + l * LAYER<BLOCKS>; }
};

/// SHARED: products of a warpgroup are so fast that up to 128 columns special functions would bind.
template <bool SHARED>
struct F16 : trajectory_mlp::F16 {
    static constexpr bool SHARED_SILU = SHARED;
    using trajectory_mlp::F16::multiply;
    static __device__ __forceinline__ void multiply(float (&d)[32], const uint32_t (&a)[4], const uint64_t b) { wgmma_n64_f16(d, a, b); }
    static __device__ __forceinline__ void multiply(float (&d)[64], const uint32_t (&a)[4], const uint64_t b) { wgmma_n128_f16(d, a, b); }
};
template <bool SHARED>
struct BF16 : trajectory_mlp::BF16 {
    static constexpr bool SHARED_SILU = SHARED;
    using trajectory_mlp::BF16::multiply;
    static __device__ __forceinline__ void multiply(float (&d)[32], const uint32_t (&a)[4], const uint64_t b) { wgmma_n64_bf16(d, a, b); }
    static __device__ __forceinline__ void multiply(float (&d)[64], const uint32_t (&a)[4], const uint64_t b) { wgmma_n128_bf16(d, a, b); }
};

/// A hidden layer of all columns, in place.
template <class Type, int32_t BLOCKS, bool SILU_ONLY>
TWEEDIE_INLINE void hidden_layer(uint32_t (&a)[BLOCKS][1][1][4], const unsigned char* layer, const float* bias, const int32_t activation,
                                 const bool residual, const int32_t q) {
    float d[8 * BLOCKS];
#pragma unroll
    for (int32_t j = 0; j < 2 * BLOCKS; ++j) {
        const float2 b = *reinterpret_cast<const float2*>(bias + 8 * j + 2 * q);
        d[4 * j] = d[4 * j + 2] = b.x;
        d[4 * j + 1] = d[4 * j + 3] = b.y;
    }
    wgmma_fence();
#pragma unroll
    for (int32_t kb = 0; kb < BLOCKS; ++kb) {
        Type::multiply(d, a[kb][0][0], wgmma_matrix(layer + kb / 4 * MATRIX<BLOCKS> + kb % 4 * 32));
    }
    wgmma_commit();
    wgmma_wait<0>();
#pragma unroll
    for (int32_t nb = 0; nb < BLOCKS; ++nb) {
        float sum[1][1][2][4];
#pragma unroll
        for (int32_t i = 0; i < 8; ++i) sum[0][0][i / 4][i % 4] = d[8 * nb + i];
        finish<Type, SILU_ONLY>(a[nb], sum, activation, residual, a[nb]);
    }
}

constexpr int32_t TILE_BYTES = 128 * 128;  // of 128 columns by 64 inputs
using Tiles = trajectory_mlp::LayerWeights<TILE_BYTES, true, true>;

/// A hidden layer of 256 columns, in place.
template <class Type, bool SILU_ONLY>
TWEEDIE_INLINE void hidden_layer(uint32_t (&a)[16][1][1][4], Tiles& weights, const int32_t layer, const float* bias,
                                 const int32_t activation, const bool residual, const int32_t q) {
    uint32_t first_half[8][1][1][4];
#pragma unroll
    for (int32_t half = 0; half < 2; ++half) {
        float d[64];
#pragma unroll
        for (int32_t j = 0; j < 16; ++j) {
            const float2 b = *reinterpret_cast<const float2*>(bias + 128 * half + 8 * j + 2 * q);
            d[4 * j] = d[4 * j + 2] = b.x;
            d[4 * j + 1] = d[4 * j + 3] = b.y;
        }
#pragma unroll
        for (int32_t part = 0; part < 4; ++part) {
            const unsigned char* const tile = weights.group(8 * layer + 4 * half + part);
            wgmma_fence();
#pragma unroll
            for (int32_t kb = 0; kb < 4; ++kb) Type::multiply(d, a[4 * part + kb][0][0], wgmma_matrix(tile + 32 * kb));
            wgmma_commit();
            if (part < 3) {
                wgmma_wait<1>();
            } else {
                wgmma_wait<0>();
            }
        }
#pragma unroll
        for (int32_t nb = 0; nb < 8; ++nb) {
            float sum[1][1][2][4];
#pragma unroll
            for (int32_t i = 0; i < 8; ++i) sum[0][0][i / 4][i % 4] = d[8 * nb + i];
            finish<Type, SILU_ONLY>(half == 0 ? first_half[nb] : a[8 + nb], sum, activation, residual, a[8 * half + nb]);
        }
    }
#pragma unroll
    for (int32_t nb = 0; nb < 8; ++nb) {
#pragma unroll
        for (int32_t i = 0; i < 4; ++i) a[nb][0][0][i] = first_half[nb][0][0][i];
    }
}

template <class Type, bool SILU_ONLY, int32_t BLOCKS>
TWEEDIE_INLINE void hidden_layer(uint32_t (&a)[BLOCKS][1][1][4], const Held<BLOCKS>& weights, const int32_t layer, const float* bias,
                                 const int32_t activation, const bool residual, const int32_t q) {
    hidden_layer<Type, BLOCKS, SILU_ONLY>(a, weights.layer(layer), bias, activation, residual, q);
}

/// All layers; the outputs go to the columns from into on.
template <class Type, int32_t BLOCKS, bool SILU_ONLY, class Weights>
TWEEDIE_INLINE void network(float* state, const int32_t* places, const int32_t into, Weights& weights, const float* bias,
                            const Call& call) {
    const int32_t lane = int32_t(threadIdx.x) % 32, g = lane / 4, q = lane % 4;
    const int32_t blocks = (call.inputs + Type::INPUTS - 1) / Type::INPUTS;
    uint32_t a[BLOCKS][1][1][4];
    first_layer<Type, BLOCKS, 1, SILU_ONLY>(a, state, places, blocks, weights.first() + 16 * lane, bias, call.activation, BLOCKS, g, q);
#pragma unroll 1
    for (int32_t l = 1; l < call.depth; ++l) {
        hidden_layer<Type, SILU_ONLY>(a, weights, l - 1, bias + l * 16 * BLOCKS, call.activation, call.residual, q);
    }
    float sum[1][1][2][4];
    start(sum, call.out_bias, q);
#pragma unroll
    for (int32_t kb = 0; kb < BLOCKS; ++kb) trajectory_mlp::multiply<Type>(sum, a[kb], weights.last() + 16 * lane + 512 * kb, 0);
    put<Type>(state, into, sum, call.outputs, g, q);
}

/// The network on 64 rows of each warpgroup.
template <class Type, int32_t COLUMNS>
struct GroupNetwork {
    static constexpr int32_t WIDTH = COLUMNS, TILE = 16, TOGETHER = 4, BLOCKS = WIDTH / 16;

    Held<BLOCKS> weights;

    __device__ __forceinline__ GroupNetwork(unsigned char* memory, const Call& call)
        : weights(memory, call.packed, 512 * BLOCKS * ((call.inputs + Type::INPUTS - 1) / Type::INPUTS), 512 * BLOCKS, call.depth - 1) {}

    static constexpr __device__ bool in_step() { return false; }
    __device__ __forceinline__ unsigned char* end() const { return weights.end(); }
    __device__ __forceinline__ void queue_biases(int32_t, int32_t) const {}
    __device__ __forceinline__ void expect_biases(int32_t, int32_t) const {}

    __device__ __forceinline__ void evaluate(const Call& call, float* state, const float* bias, const int32_t* operation) {
        const int32_t* const from = call.places + MOST_INPUTS * operation[4];
        if (call.activation == SILU && !call.residual) {
            network<Type, BLOCKS, true>(state, from, operation[1], weights, bias, call);
        } else {
            network<Type, BLOCKS, false>(state, from, operation[1], weights, bias, call);
        }
    }
};

/// The same of 256 columns: weights pass, and then the warps of a block go on together.
template <class Type>
struct TilesNetwork {
    static constexpr int32_t WIDTH = 256, TILE = 16, TOGETHER = 4, BLOCKS = WIDTH / 16;

    Tiles weights;

    __device__ __forceinline__ TilesNetwork(unsigned char* memory, const Call& call)
        : weights(memory, call.packed, call.biases, 512 * BLOCKS * ((call.inputs + Type::INPUTS - 1) / Type::INPUTS), 512 * BLOCKS,
                  4 * call.depth * WIDTH, 8 * (call.depth - 1), call.held) {}

    __device__ __forceinline__ bool in_step() const { return weights.passes(); }
    __device__ __forceinline__ unsigned char* end() const { return weights.end(); }
    __device__ __forceinline__ void queue_biases(const int32_t row, const int32_t place) const { weights.queue_biases(row, place); }
    __device__ __forceinline__ void expect_biases(const int32_t row, const int32_t place) {
        weights.bias_row = row;
        weights.bias_turn = place;
    }

    __device__ __forceinline__ void evaluate(const Call& call, float* state, const float* bias, const int32_t* operation) {
        const int32_t* const from = call.places + MOST_INPUTS * operation[4];
        if (call.activation == SILU && !call.residual) {
            network<Type, BLOCKS, true>(state, from, operation[1], weights, bias, call);
        } else {
            network<Type, BLOCKS, false>(state, from, operation[1], weights, bias, call);
        }
    }
};

}  // namespace trajectory_wgmma
