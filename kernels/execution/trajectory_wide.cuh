// trajectory_wide.cuh — a multilayer perceptron 512 wide on 64 rows of each warpgroup of a block, or on 64 of both together, hidden layers by wgmma with both operands
// in shared memory, its weights streamed through the block (sm_90a)
//
//   block     two warpgroups of 64 rows, 16 a warp, and one whose first thread sends for the weights
//   rows      inputs of a layer, 64 a chunk: 64 rows of 128 bytes, swizzled; a layer's sums replace them when all are there
//   sums      256 columns at a time, 128 registers a lane; the activated first half is held in 64 registers while the second is summed
//   weights   all layers, again and again, in places of 16 KB, by halves that each block of a cluster sends to both. A place holds 256 columns by
//             32 inputs of a hidden layer, 64 bytes a column, swizzled; or, in the order of fragments, 128 columns of the first layer, or the
//             output layer. Biases come with the place that begins their columns
//   barriers  full: the sender, and the bytes; empty: each warp of both blocks, when it has read the place
//   few       both warpgroups have the same 64 rows and half of the columns each: places alternate between them, each waits for and leaves also
//             the other's, so that neither is a phase behind. The first has the state and the outputs. The same products in the same order
//   split     four blocks: trajectory_split.cuh
//   order     of sums the hardware's: held to a bound. A row's bits depend on the row alone
#pragma once
#include "bulk.cuh"
#include "execution/trajectory_mlp.cuh"

namespace trajectory_wide {
using trajectory_mlp::Call;
using trajectory_mlp::EVALUATE;
using trajectory_mlp::finish;
using trajectory_mlp::MOST_INPUTS;
using trajectory_mlp::move;
using trajectory_mlp::PITCH;
using trajectory_mlp::put;
using trajectory_mlp::Row;
using trajectory_mlp::start;
using trajectory_mlp::WORDS;

constexpr int32_t WIDTH = 512, SHARERS = 2, GROUPS = 2, WARPS = 4 * GROUPS, THREADS = 128 * (GROUPS + 1);
constexpr int32_t PLACE = 16384, PLACE_COLUMNS = 256, PLACE_INPUTS = 32, PLACE_BIAS = 4 * PLACE_COLUMNS;
constexpr int32_t CHUNK = 64 * 128, CHUNKS = WIDTH / 64, ROWS = CHUNK * CHUNKS;  // bytes of 64 rows by 64 inputs; by all
constexpr int32_t FIRST_PLACES = 4, FIRST_BLOCKS = WIDTH / 16 / FIRST_PLACES;    // blocks of 16 columns
constexpr int32_t PASSES = WIDTH / PLACE_COLUMNS, PASS_PLACES = WIDTH / PLACE_INPUTS;

struct F16 : trajectory_mlp::F16 {
    using trajectory_mlp::F16::multiply;
    static __device__ __forceinline__ void multiply(float (&d)[128], const uint64_t a, const uint64_t b) { wgmma_ss_n256_f16(d, a, b); }
    static __device__ __forceinline__ void multiply(float (&d)[64], const uint64_t a, const uint64_t b) { wgmma_ss_n128_f16(d, a, b); }
};
struct BF16 : trajectory_mlp::BF16 {
    using trajectory_mlp::BF16::multiply;
    static __device__ __forceinline__ void multiply(float (&d)[128], const uint64_t a, const uint64_t b) { wgmma_ss_n256_bf16(d, a, b); }
    static __device__ __forceinline__ void multiply(float (&d)[64], const uint64_t a, const uint64_t b) { wgmma_ss_n128_bf16(d, a, b); }
};

/// How the blocks of a cluster share a network: FEW, both warpgroups have the same rows; HALVES of the columns, a block each, and SHARERS blocks
/// of either; TILES of 64 rows a block, room for STORED; BARRIERS beside those of the places; Own: what else its threads count.
struct Wide {
    static constexpr bool FEW = false;
    static constexpr int32_t TILES = GROUPS, HALVES = 1, STORED = TILES, BARRIERS = 0, SENDER_REGISTERS = 40, ROWS_REGISTERS = 232;
    static __device__ __forceinline__ int32_t arrivals(int32_t, int32_t) { return 1; }
    struct Own {};
};
struct Few {
    static constexpr bool FEW = true;
    static constexpr int32_t TILES = 1, HALVES = 1, STORED = TILES, BARRIERS = 0, SENDER_REGISTERS = 40, ROWS_REGISTERS = 232;
    static __device__ __forceinline__ int32_t arrivals(int32_t, int32_t) { return 1; }
    struct Own {};
};

/// Shared memory: places, rows (of each group, or of both), biases of the places, barriers.
template <class Form>
struct Ring {
    static constexpr int32_t TILES = Form::TILES, HALVES = Form::HALVES, BLOCK_ROWS = 64 * TILES, ROWS_BYTES = Form::STORED * ROWS;

    unsigned char* const memory;
    const int32_t places, half;  // of the columns
    int32_t place, parity;
    typename Form::Own own;

    __device__ __forceinline__ Ring(unsigned char* shared, const int32_t count)
        : memory(shared), places(count), half(HALVES == 1 ? 0 : cluster_rank() % HALVES), place(0), parity(0), own() {}

    /// The cluster's first row, this block's, and how many further the next is: all blocks take as many turns.
    static __device__ __forceinline__ int64_t first_row() { return (int64_t(blockIdx.x) - cluster_rank()) / HALVES * BLOCK_ROWS; }
    static __device__ __forceinline__ int32_t row_in_cluster() { return cluster_rank() / HALVES * BLOCK_ROWS; }
    static __device__ __forceinline__ int64_t stride() { return int64_t(gridDim.x) / HALVES * BLOCK_ROWS; }

    __device__ __forceinline__ unsigned char* weights() const { return memory + place * PLACE; }
    __device__ __forceinline__ unsigned char* rows(const int32_t group) const { return memory + places * PLACE + (Form::FEW ? 0 : group * ROWS); }
    __device__ __forceinline__ float* biases() const {
        return reinterpret_cast<float*>(memory + places * PLACE + ROWS_BYTES + place * PLACE_BIAS);
    }
    __device__ __forceinline__ uint64_t* full() const {
        return reinterpret_cast<uint64_t*>(memory + places * (PLACE + PLACE_BIAS) + ROWS_BYTES);
    }
    __device__ __forceinline__ uint64_t* empty() const { return full() + places; }
    __device__ __forceinline__ uint64_t* more() const { return empty() + places; }
    __device__ __forceinline__ unsigned char* end() const { return reinterpret_cast<unsigned char*>(more() + Form::BARRIERS); }

    __device__ __forceinline__ void make() const {
        if (threadIdx.x == 0) {
            for (int32_t p = 0; p < places; ++p) {
                barrier_init(full() + p, 1);
                barrier_init(empty() + p, SHARERS * WARPS);
            }
            for (int32_t i = 0; i < Form::BARRIERS; ++i) barrier_init(more() + i, Form::arrivals(i, half));
            barrier_init_fence();
        }
        cluster_arrive();
        cluster_wait();
    }

    __device__ __forceinline__ void next() {
        place = place + 1 == places ? 0 : place + 1;
        parity ^= place == 0 ? 1 : 0;
    }

    __device__ __forceinline__ void wait() const { barrier_wait(full() + place, parity); }
    /// The warp has read place p: the senders of both blocks that share it hear of it.
    __device__ __forceinline__ void leave(const int32_t p, const int32_t lane) const {
        if (lane < SHARERS) barrier_free_at(empty() + p, half + HALVES * lane);
    }

    /// Waits for a place that the other group reads.
    __device__ __forceinline__ void skip(const int32_t lane) {
        wait();
        __syncwarp();  // a lane that has not seen the phase would wait for one that is long over
        leave(place, lane);
        next();
    }

    /// Sends this block's part of a place, and of its biases, to both that share it; sharer: which of the two this one is.
    __device__ __forceinline__ void send(const unsigned char* from, const int32_t bytes, const float* bias, const int32_t bias_bytes,
                                         const int32_t sharer) {
        barrier_wait(empty() + place, 1 - parity);
        barrier_expect(full() + place, bytes + bias_bytes);
        const int32_t part = bytes / SHARERS, bias_part = bias_bytes / SHARERS;
        const uint32_t both = (1u | 1u << HALVES) << half;
        bulk_load_to(weights() + sharer * part, from + sharer * part, part, full() + place, both);
        if (bias_bytes > 0) {
            bulk_load_to(biases() + sharer * bias_part / 4, bias + sharer * bias_part / 4, bias_part, full() + place, both);
        }
        next();
    }
};

/// Where a lane is. Asked for again by each part of the network, so that nothing made of it takes registers in between.
struct Place {
    int32_t group, lane, g, q, row;  // row: of the group's 64, the lane's first

    __device__ __forceinline__ Place() {
#ifdef TWEEDIE_EMU
        const int32_t thread = int32_t(threadIdx.x);
#else
        int32_t thread;
        asm volatile("mov.u32 %0, %%tid.x;" : "=r"(thread));
#endif
        group = thread / 128;
        lane = thread % 32;
        g = lane / 4;
        q = lane % 4;
        row = thread / 32 % 4 * 16 + g;
    }

    /// Of the warps that share rows.
    template <bool FEW>
    __device__ __forceinline__ void meet() const {
        if (FEW) {
            named_barrier<1, 256>();
        } else if (group == 0) {
            named_barrier<1, 128>();
        } else {
            named_barrier<2, 128>();
        }
    }

    /// Where fragment i of the block of 16 columns lies, from the group's rows on.
    __device__ __forceinline__ int32_t at(const int32_t block, const int32_t i) const {
        return block / 4 * CHUNK + swizzle_128(128 * (row + 8 * (i % 2)) + 32 * (block % 4) + 16 * (i / 2) + 4 * q);
    }
    __device__ __forceinline__ void store(unsigned char* rows, const int32_t block, const uint32_t (&a)[4]) const {
#pragma unroll
        for (int32_t i = 0; i < 4; ++i) store_operands(rows + at(block, i), a[i]);
    }
};

/// The operands of the first layer.
template <class Type>
struct Inputs {
    static constexpr int32_t IN_BLOCKS = MOST_INPUTS / Type::INPUTS;
    const int32_t blocks;
    uint32_t a[IN_BLOCKS][1][1][4];

    __device__ __forceinline__ Inputs(const Call& call, const float* state, const int32_t* places, const Place& here)
        : blocks((call.inputs + Type::INPUTS - 1) / Type::INPUTS) {
#pragma unroll
        for (int32_t kb = 0; kb < IN_BLOCKS; ++kb) {
            if (kb < blocks) trajectory_mlp::inputs<Type>(a[kb], state, places, kb, here.g, here.q);
        }
    }

    /// Sixteen columns: the nb-th of a place, the block-th of the layer.
    __device__ __forceinline__ void columns(unsigned char* rows, const unsigned char* weights, const float* biases, const int32_t nb,
                                            const int32_t block, const Call& call, const Place& here) const {
        float sum[1][1][2][4];
        start(sum, biases + 16 * nb, here.q);
#pragma unroll
        for (int32_t kb = 0; kb < IN_BLOCKS; ++kb) {
            if (kb < blocks) trajectory_mlp::multiply<Type>(sum, a[kb], weights + 512 * (nb * blocks + kb), 0);
        }
        uint32_t next[1][1][4];
        finish<Type, false>(next, sum, call.activation, false, a[0]);
        here.store(rows, block, next[0][0]);
    }
};

// What a form does otherwise that exchanges rows between blocks (trajectory_split.cuh): where the inputs of a layer are, that 64 of them have come,
// that the other block too has loaded what this one is about to store over.
template <class Form>
__device__ __forceinline__ const unsigned char* layer_inputs(const Ring<Form>& ring, const Place& here) {
    return ring.rows(here.group);
}
template <class Form>
__device__ __forceinline__ void chunk_there(const Ring<Form>&, int32_t) {}
template <class Form>
__device__ __forceinline__ void before_store(Ring<Form>&, const Place&) {}

template <class Type, class Form>
__device__ __forceinline__ void first_layer(Ring<Form>& ring, const Call& call, const float* state, const int32_t* places) {
    const Place here;
    unsigned char* const rows = ring.rows(here.group);
    const Inputs<Type> inputs(call, state, places, here);
#pragma unroll 1
    for (int32_t p = 0; p < FIRST_PLACES; ++p) {
        if (Form::FEW && p % 2 != here.group) {
            ring.skip(here.lane);
            continue;
        }
        ring.wait();
        const unsigned char* const weights = ring.weights() + 16 * here.lane;
#pragma unroll 1
        for (int32_t nb = 0; nb < FIRST_BLOCKS; ++nb) inputs.columns(rows, weights, ring.biases(), nb, p * FIRST_BLOCKS + nb, call, here);
        ring.leave(ring.place, here.lane);  // the products have met the warp
        ring.next();
    }
    proxy_fence();
    here.meet<Form::FEW>();
}

/// d = 256 sums of a hidden layer.
template <class Type, class Form>
__device__ __forceinline__ void sum(float (&d)[128], Ring<Form>& ring) {
    const Place here;
    const unsigned char* const rows = ring.rows(here.group);
    if (Form::FEW && here.group == 1) ring.skip(here.lane);
    ring.wait();
    const float* const bias = ring.biases() + 2 * here.q;
#pragma unroll
    for (int32_t j = 0; j < 32; ++j) {
        const float2 b = *reinterpret_cast<const float2*>(bias + 8 * j);
        d[4 * j] = d[4 * j + 2] = b.x;
        d[4 * j + 1] = d[4 * j + 3] = b.y;
    }
    int32_t before = ring.place;
#pragma unroll 1
    for (int32_t t = 0; t < PASS_PLACES; ++t) {
        ring.wait();
        const unsigned char* const from = rows + t / 2 * CHUNK + t % 2 * 64;
        wgmma_fence();
        Type::multiply(d, wgmma_matrix(from), wgmma_matrix_64(ring.weights()));
        Type::multiply(d, wgmma_matrix(from + 32), wgmma_matrix_64(ring.weights() + 32));
        wgmma_commit();
        if (t > 0) {
            wgmma_wait<1>();
            ring.leave(before, here.lane);
        }
        before = ring.place;
        ring.next();
        if (Form::FEW && t + here.group < PASS_PLACES) ring.skip(here.lane);
    }
    wgmma_wait<0>();
    ring.leave(before, here.lane);
}

/// The sums of sixteen columns as inputs of the next layer; block: which sixteen, for what a residual layer adds.
template <class Type, int32_t SIZE>
__device__ __forceinline__ void activated(uint32_t (&next)[4], const float (&d)[SIZE], const int32_t nb, const Call& call,
                                          const unsigned char* rows, const Place& here, const int32_t block) {
    float some[1][1][2][4];
#pragma unroll
    for (int32_t i = 0; i < 8; ++i) some[0][0][i / 4][i % 4] = d[8 * nb + i];
    uint32_t inputs[1][1][4], all[1][1][4];
    if (call.residual) {
#pragma unroll
        for (int32_t i = 0; i < 4; ++i) inputs[0][0][i] = *reinterpret_cast<const uint32_t*>(rows + here.at(block, i));
    }
    finish<Type, false>(all, some, call.activation, call.residual, inputs);
#pragma unroll
    for (int32_t i = 0; i < 4; ++i) next[i] = all[0][0][i];
}

template <class Type>
__device__ __forceinline__ void hidden_layer(Ring<Wide>& ring, const Call& call) {
    constexpr int32_t BLOCKS = PLACE_COLUMNS / 16;
    uint32_t held[BLOCKS][4];
#pragma unroll 1
    for (int32_t pass = 0; pass < PASSES; ++pass) {
        float d[128];
        sum<Type>(d, ring);
        const Place here;
        unsigned char* const rows = ring.rows(here.group);
        if (pass == PASSES - 1) here.meet<false>();  // nobody's products read the rows any more
#pragma unroll
        for (int32_t nb = 0; nb < BLOCKS; ++nb) {
            uint32_t next[4];
            activated<Type>(next, d, nb, call, rows, here, pass * BLOCKS + nb);
            if (pass < PASSES - 1) {
#pragma unroll
                for (int32_t i = 0; i < 4; ++i) held[nb][i] = next[i];
            } else {
                here.store(rows, nb, held[nb]);
                here.store(rows, BLOCKS + nb, next);
            }
        }
    }
    const Place here;
    proxy_fence();
    here.meet<false>();
}

/// Each group its half of the columns.
template <class Type>
__device__ __forceinline__ void hidden_layer(Ring<Few>& ring, const Call& call) {
    constexpr int32_t BLOCKS = PLACE_COLUMNS / 16;
    float d[128];
    sum<Type>(d, ring);
    const Place here;
    unsigned char* const rows = ring.rows(here.group);
    here.meet<true>();
#pragma unroll
    for (int32_t nb = 0; nb < BLOCKS; ++nb) {
        uint32_t next[4];
        activated<Type>(next, d, nb, call, rows, here, here.group * BLOCKS + nb);
        here.store(rows, here.group * BLOCKS + nb, next);
    }
    proxy_fence();
    here.meet<true>();
}

/// The outputs of the warp's rows, whose inputs are there from chunk to chunk.
template <class Type, class Form>
__device__ __forceinline__ void last_layer(Ring<Form>& ring, const Call& call, float* state, const int32_t into) {
    const Place here;
    if (Form::FEW && here.group == 1) {
        ring.skip(here.lane);
        return;
    }
    ring.wait();
    float sum[1][1][2][4];
    start(sum, call.out_bias, here.q);
    const int32_t mine = 128 * (here.row - here.g + here.lane % 16) + 16 * (here.lane / 16);
    const unsigned char* const rows = layer_inputs(ring, here);
    const unsigned char* const weights = ring.weights() + 16 * here.lane;
#pragma unroll 4
    for (int32_t kb = 0; kb < WIDTH / 16; ++kb) {
        if (kb % 4 == 0) chunk_there(ring, kb / 4);
        uint32_t a[1][1][4];
        ldmatrix_x4(a[0][0], rows + kb / 4 * CHUNK + swizzle_128(mine + kb % 4 * 32));
        trajectory_mlp::multiply<Type>(sum, a, weights + 512 * kb, 0);
    }
    ring.leave(ring.place, here.lane);
    ring.next();
    put<Type>(state, into, sum, call.outputs, here.g, here.q);
}

/// One evaluation of the warpgroup's rows; state: of the warp.
template <class Type, class Form>
__device__ __forceinline__ void evaluate(Ring<Form>& ring, const Call& call, float* state, const int32_t* operation) {
    if (Form::FEW) {
        const Place here;
        here.meet<true>();  // the second group reads the state of the first
    } else {
        __syncwarp();
    }
    first_layer<Type>(ring, call, state, call.places + MOST_INPUTS * operation[4]);
#pragma unroll 1
    for (int32_t l = 1; l < call.depth; ++l) hidden_layer<Type>(ring, call);
    last_layer<Type>(ring, call, state, operation[1]);
    __syncwarp();
}

/// All operations for the rows of the two warpgroups, 16 a warp.
template <class Type, class Form>
__device__ __forceinline__ void go(Ring<Form>& ring, const Call& call) {
    const int32_t warp = int32_t(threadIdx.x) / 32 % (4 * ring.TILES);
    float* const state = reinterpret_cast<float*>(ring.end()) + warp * (call.state_columns * PITCH);
    for (int64_t from = ring.first_row(); from < call.rows->count; from += ring.stride()) {
#pragma unroll 1
        for (int32_t i = 0; i < call.count; ++i) {
            const int32_t* const operation = call.operations + WORDS * i;
            const Place here;
            if (operation[0] == EVALUATE) {
                evaluate<Type>(ring, call, state, operation);
            } else if (here.group < ring.TILES) {
                if (operation[0] == trajectory_mlp::STORE) before_store(ring, here);
                const int64_t row = from + ring.row_in_cluster() + 64 * here.group + here.row - here.g + here.lane;
                move(call, operation, state, Row(call.rows, row, here.lane < 16), here.lane);
            }
        }
    }
}

/// One thread: all weights for each evaluation of each of the cluster's turns.
template <class Type, class Form>
__device__ __forceinline__ void send(Ring<Form>& ring, const Call& call) {
    const int32_t rank = cluster_rank();
    const int32_t blocks = (call.inputs + Type::INPUTS - 1) / Type::INPUTS, first = 512 * FIRST_BLOCKS * blocks;
    for (int64_t row = ring.first_row(); row < call.rows->count; row += ring.stride()) {
#pragma unroll 1
        for (int32_t i = 0; i < call.count; ++i) {
            const int32_t* const operation = call.operations + WORDS * i;
            if (operation[0] != EVALUATE) continue;
            const float* bias = call.biases + int64_t(operation[2]) * (call.depth * WIDTH);
            const unsigned char* from = reinterpret_cast<const unsigned char*>(call.packed);
#pragma unroll 1
            for (int32_t p = 0; p < FIRST_PLACES; ++p) {
                ring.send(from, first, bias, 4 * 16 * FIRST_BLOCKS, rank);
                from += first;
                bias += 16 * FIRST_BLOCKS;
            }
#pragma unroll 1
            for (int32_t p = 0; p < (call.depth - 1) * PASSES * PASS_PLACES; ++p) {
                constexpr int32_t LAYER = PASSES * PASS_PLACES;
                const bool begins = Form::FEW ? p % LAYER < PASSES : p % PASS_PLACES == 0;
                ring.send(from, PLACE, bias, begins ? PLACE_BIAS : 0, rank);
                if (begins) bias += PLACE_COLUMNS;
                // few: halves of the columns in turn
                from += !Form::FEW || p % LAYER == LAYER - 1 ? PLACE : p % 2 == 0 ? PASS_PLACES * PLACE : (1 - PASS_PLACES) * PLACE;
            }
            ring.send(from, PLACE, bias, 0, rank);
        }
    }
}

template <class Type, class Form>
__device__ __forceinline__ void run(const Call& call) {
    TWEEDIE_SHARED(unsigned char, memory);
    Ring<Form> ring(memory, call.held);
    ring.make();
    if (threadIdx.x >= 32 * WARPS) {
        registers_keep<Form::SENDER_REGISTERS>();
        if (threadIdx.x == 32 * WARPS) send<Type>(ring, call);
    } else {
        registers_take<Form::ROWS_REGISTERS>();
        go<Type>(ring, call);
    }
    cluster_arrive();  // the other block's last arrivals come here
    cluster_wait();
}

}  // namespace trajectory_wide
