// trajectory_split.cuh — trajectory_wide.cuh with each layer split over two blocks, for few rows (sm_90a)
//
//   cluster   four blocks, rank 2 tile + half: two tiles of 64 rows, and of each two blocks with half of the columns. Blocks of one half send
//             each other the weights, which are those of that half alone; blocks of one tile their rows
//   rows      inputs of a layer in one of two places by turns, 64 inputs a chunk; a warpgroup makes two chunks of the next ones, and each of its
//             warps gives its 16 rows of a chunk to the other block as soon as they are there (2 KB, bulk_give)
//   there     a barrier a chunk and place: own chunks count the four warps that make them, the other's one thread and the bytes. Nobody waits for
//             more: who makes inputs for place p has read all that lay there before, since the chunks that it read since were made
//             behind those reads, in both blocks
//   order     of k that of trajectory_wide: its bits. The block of the first half has its own chunks first, so it goes on while the other's come;
//             that of the second half is behind it by the way from block to block
//   state     both blocks of a tile have it, make it and store it alike; a warp meets the other block's before it stores, which may
//             have to load there
#pragma once
#include "execution/trajectory_wide.cuh"

namespace trajectory_wide {

struct Split {
    static constexpr bool FEW = true;
    static constexpr int32_t TILES = 1, HALVES = 2, STORED = 2, HALF_CHUNKS = CHUNKS / HALVES, MEET = STORED * CHUNKS,
                             BARRIERS = MEET + WARPS / GROUPS, SENDER_REGISTERS = 72, ROWS_REGISTERS = 216;
    struct Own {
        int32_t made = 0, stores = 0;  // inputs of layers, of which the last are read; meetings
    };
    /// At barrier i of a block of that half.
    static __device__ __forceinline__ int32_t arrivals(const int32_t i, const int32_t half) {
        if (i >= MEET) return HALVES;
        return i % CHUNKS / HALF_CHUNKS == half ? WARPS / GROUPS : 1;
    }
};

/// Inputs of number n: their rows, and the barrier of a chunk.
__device__ __forceinline__ unsigned char* place_of(const Ring<Split>& ring, const int32_t n) {
    return ring.memory + ring.places * PLACE + n % Split::STORED * ROWS;
}
__device__ __forceinline__ uint64_t* there(const Ring<Split>& ring, const int32_t n, const int32_t chunk) {
    return ring.more() + n % Split::STORED * CHUNKS + chunk;
}

__device__ __forceinline__ const unsigned char* layer_inputs(const Ring<Split>& ring, const Place&) {
    return place_of(ring, ring.own.made - 1);
}
__device__ __forceinline__ void chunk_there(const Ring<Split>& ring, const int32_t chunk) {
    const int32_t n = ring.own.made - 1;
    if (threadIdx.x == 0 && chunk / Split::HALF_CHUNKS != ring.half) barrier_expect(there(ring, n, chunk), CHUNK);
    barrier_wait(there(ring, n, chunk), n / Split::STORED % 2);
}

/// The warp has made its rows of a chunk of the next inputs.
__device__ __forceinline__ void give(const Ring<Split>& ring, const int32_t chunk, const Place& here) {
    proxy_fence();
    __syncwarp();
    if (here.lane == 0) {
        constexpr int32_t BYTES = 16 * 128;
        const int32_t n = ring.own.made;
        barrier_arrive(there(ring, n, chunk));
        const int32_t other = cluster_rank() ^ 1;
        bulk_give(place_of(ring, n) + chunk * CHUNK + (here.row - here.g) * 128, BYTES, there(ring, n, chunk), other);
    }
}

__device__ __forceinline__ void before_store(Ring<Split>& ring, const Place& here) {
    uint64_t* const met = ring.more() + Split::MEET + here.row / 16;
    __syncwarp();
    if (here.lane < Split::HALVES) barrier_arrive_at(met, (cluster_rank() & ~1) + here.lane);
    barrier_wait_cluster(met, ring.own.stores % 2);
    ++ring.own.stores;
}

/// Each group a chunk of each of the half's two places.
template <class Type>
__device__ __forceinline__ void first_layer(Ring<Split>& ring, const Call& call, const float* state, const int32_t* places) {
    const Place here;
    const Inputs<Type> inputs(call, state, places, here);
#pragma unroll 1
    for (int32_t p = 0; p < FIRST_PLACES / Split::HALVES; ++p) {
        const int32_t chunk = ring.half * Split::HALF_CHUNKS + p * GROUPS + here.group;
        ring.wait();
#pragma unroll 1
        for (int32_t i = 0; i < 4; ++i) {
            inputs.columns(place_of(ring, ring.own.made), ring.weights() + 16 * here.lane, ring.biases(), 4 * here.group + i, 4 * chunk + i,
                           call, here);
        }
        ring.leave(ring.place, here.lane);
        ring.next();
        give(ring, chunk, here);
    }
    ++ring.own.made;
}

/// d = 128 sums of a hidden layer: the group's of the half's columns.
template <class Type>
__device__ __forceinline__ void sum(float (&d)[64], Ring<Split>& ring) {
    const Place here;
    const unsigned char* const rows = layer_inputs(ring, here);
    ring.wait();
    const float* const bias = ring.biases() + 128 * here.group + 2 * here.q;
#pragma unroll
    for (int32_t j = 0; j < 16; ++j) {
        const float2 b = *reinterpret_cast<const float2*>(bias + 8 * j);
        d[4 * j] = d[4 * j + 2] = b.x;
        d[4 * j + 1] = d[4 * j + 3] = b.y;
    }
    int32_t before = ring.place;
#pragma unroll 1
    for (int32_t t = 0; t < PASS_PLACES; ++t) {
        if (t % 2 == 0) chunk_there(ring, t / 2);
        ring.wait();
        const unsigned char* const from = rows + t / 2 * CHUNK + t % 2 * 64;
        const unsigned char* const weights = ring.weights() + here.group * (PLACE / GROUPS);
        wgmma_fence();
        Type::multiply(d, wgmma_matrix(from), wgmma_matrix_64(weights));
        Type::multiply(d, wgmma_matrix(from + 32), wgmma_matrix_64(weights + 32));
        wgmma_commit();
        if (t > 0) {
            wgmma_wait<1>();
            ring.leave(before, here.lane);
        }
        before = ring.place;
        ring.next();
    }
    wgmma_wait<0>();
    ring.leave(before, here.lane);
}

template <class Type>
__device__ __forceinline__ void hidden_layer(Ring<Split>& ring, const Call& call) {
    float d[64];
    sum<Type>(d, ring);
    const Place here;
    const int32_t first = ring.half * Split::HALF_CHUNKS + 2 * here.group;
#pragma unroll
    for (int32_t c = 0; c < 2; ++c) {
#pragma unroll
        for (int32_t nb = 4 * c; nb < 4 * c + 4; ++nb) {
            uint32_t next[4];
            activated<Type>(next, d, nb, call, layer_inputs(ring, here), here, 4 * first + nb);
            here.store(place_of(ring, ring.own.made), 4 * first + nb, next);
        }
        give(ring, first + c, here);
    }
    ++ring.own.made;
}

/// One thread: the half's weights for each evaluation of each of the cluster's turns.
template <class Type>
__device__ __forceinline__ void send(Ring<Split>& ring, const Call& call) {
    const int32_t sharer = cluster_rank() / Split::HALVES;
    const int32_t blocks = (call.inputs + Type::INPUTS - 1) / Type::INPUTS, first = 512 * FIRST_BLOCKS * blocks;
    constexpr int32_t HALF_PLACES = FIRST_PLACES / Split::HALVES, PASS = PASS_PLACES * PLACE;
    for (int64_t row = ring.first_row(); row < call.rows->count; row += ring.stride()) {
#pragma unroll 1
        for (int32_t i = 0; i < call.count; ++i) {
            const int32_t* const operation = call.operations + WORDS * i;
            if (operation[0] != EVALUATE) continue;
            const float* bias = call.biases + int64_t(operation[2]) * (call.depth * WIDTH) + ring.half * PLACE_COLUMNS;
            const unsigned char* from = reinterpret_cast<const unsigned char*>(call.packed);
#pragma unroll 1
            for (int32_t p = ring.half * HALF_PLACES; p < (ring.half + 1) * HALF_PLACES; ++p) {
                ring.send(from + p * first, first, bias + p % HALF_PLACES * 128, 4 * 128, sharer);
            }
            from += FIRST_PLACES * first;
#pragma unroll 1
            for (int32_t l = 1; l < call.depth; ++l) {
                bias += WIDTH;
#pragma unroll 1
                for (int32_t p = 0; p < PASS_PLACES; ++p) {
                    ring.send(from + ring.half * PASS + p * PLACE, PLACE, bias, p == 0 ? PLACE_BIAS : 0, sharer);
                }
                from += Split::HALVES * PASS;
            }
            ring.send(from, PLACE, bias, 0, sharer);
        }
    }
}

}  // namespace trajectory_wide
