// layer_weights.cuh — the packed weights of a multilayer perceptron in a block's shared memory: all of them, or hidden layers in passing
//
//   group     so many columns of a hidden layer with all their inputs, BYTES: what is used between two waits; groups one after the other
//   held      groups that stay. Where all do, nobody waits
//   passing   the others, in their order, again and again, through TURNS places behind the held ones; TURNS - 1 are on their way or
//             there while one is used. All warps of the block go through the layers in step: one barrier a group
//   in flight of products of warpgroups the newest group's may go on when the next group is asked for, and take a place more; what they
//             read is behind proxy_fence
//   biases    of the next evaluation come along, behind the first barrier of this one: then nobody reads where they go
#pragma once
#include "hopper.cuh"
#include "intrinsics.cuh"

namespace trajectory_mlp {

constexpr int32_t TURNS = 3;

// the threads of a block, or of a warp, queue copies of bytes, a multiple of 16
TWEEDIE_INLINE void queue(void* into, const void* from, const int32_t bytes, const int32_t thread, const int32_t threads) {
    for (int32_t i = 16 * thread; i < bytes; i += 16 * threads) {
        cp_async_16(static_cast<unsigned char*>(into) + i, static_cast<const unsigned char*>(from) + i);
    }
}

TWEEDIE_INLINE void load(unsigned char* into, const unsigned char* from, const int32_t bytes) {
    for (int32_t i = 16 * int32_t(threadIdx.x); i < bytes; i += 16 * int32_t(blockDim.x)) store_b128(into + i, load_b128(from + i));
}

// memory: first layer, output layer, groups, two rows of biases if groups pass; packed: first layer, groups, output layer
template <int32_t BYTES, bool MAY_PASS, bool IN_FLIGHT = false>
struct LayerWeights {
    static constexpr int32_t PLACES = TURNS + (IN_FLIGHT ? 1 : 0);

    unsigned char* const memory;
    const unsigned char* const packed;
    const float* const biases;
    const int32_t first_bytes, last_bytes, bias_bytes, count, held;
    int32_t turn, ahead;
    int32_t bias_row, bias_turn;  // the row of biases to come, or -1, and which of two places it comes to

    __device__ __forceinline__ LayerWeights(unsigned char* shared, const void* weights, const float* bias_table, const int32_t first,
                                            const int32_t last, const int32_t bias, const int32_t all, const int32_t stay)
        : memory(shared), packed(static_cast<const unsigned char*>(weights)), biases(bias_table), first_bytes(first), last_bytes(last),
          bias_bytes(bias), count(all), held(MAY_PASS ? stay : all), turn(0), ahead(MAY_PASS ? stay : all), bias_row(-1), bias_turn(0) {
        load(memory, packed, first);
        load(memory + first, packed + first + all * BYTES, last);
        load(group_place(0), packed + first, held * BYTES);
        if constexpr (IN_FLIGHT) proxy_fence();
        __syncthreads();
        if (passes()) {
            for (int32_t i = 0; i < TURNS - 1; ++i) next(i);
        }
    }

    __device__ __forceinline__ bool passes() const { return MAY_PASS && held < count; }
    __device__ __forceinline__ const unsigned char* first() const { return memory; }
    __device__ __forceinline__ const unsigned char* last() const { return memory + first_bytes; }
    __device__ __forceinline__ unsigned char* group_place(const int32_t place) const {
        return memory + (first_bytes + last_bytes) + place * BYTES;
    }

    // behind the groups
    __device__ __forceinline__ unsigned char* end() const { return group_place(passes() ? held + PLACES : count); }

    // all threads queue a row of biases
    __device__ __forceinline__ void queue_biases(const int32_t row, const int32_t place) const {
        queue(end() + place * bias_bytes, biases + int64_t(row) * (bias_bytes / 4), bias_bytes, int32_t(threadIdx.x), int32_t(blockDim.x));
    }

    // queues the next group that passes
    __device__ __forceinline__ void next(const int32_t place) {
        queue(group_place(held + place), packed + first_bytes + ahead * BYTES, BYTES, int32_t(threadIdx.x), int32_t(blockDim.x));
        if (bias_row >= 0) queue_biases(bias_row, bias_turn);
        bias_row = -1;
        cp_async_commit();
        ahead = ahead + 1 == count ? held : ahead + 1;
    }

    // a group, until the next is asked for
    __device__ __forceinline__ const unsigned char* group(const int32_t number) {
        if (!MAY_PASS || number < held) return group_place(number);
        cp_async_wait<TURNS - 2>();
        if constexpr (IN_FLIGHT) proxy_fence();
        __syncthreads();  // the group of each thread's copies is there, and nobody reads the one in whose place the next goes
        if constexpr (IN_FLIGHT) {
            next((turn + TURNS - 1) % PLACES);
        } else {
            next(turn == 0 ? TURNS - 1 : turn - 1);
        }
        const int32_t place = held + turn;
        turn = turn + 1 == PLACES ? 0 : turn + 1;
        return group_place(place);
    }
};

}  // namespace trajectory_mlp
