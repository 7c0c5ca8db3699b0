// Kernels of the emulator's self-test: counting barriers, bulk copies, clusters, named barriers. wrong: which mistake is made, 0 none.
#include "bulk.cuh"

constexpr int32_t RING_SLOTS = 2, RING_WORDS = 64, RING_BYTES = 4 * RING_WORDS;

// 64 threads read tiles of 64 words that a third warp has sent through a ring: out = 3 in
extern "C" __global__ void __launch_bounds__(96) selftest_ring(const uint32_t* from, uint32_t* out, int32_t tiles, int32_t wrong) {
    TWEEDIE_SHARED(uint32_t, slots);
    TWEEDIE_STATIC_SHARED(uint64_t, full, RING_SLOTS + 1);
    TWEEDIE_STATIC_SHARED(uint64_t, empty, RING_SLOTS);
    const int32_t t = int32_t(threadIdx.x);
    if (t == 64) {
        for (int32_t s = 0; s < RING_SLOTS; ++s) {
            barrier_init(full + s, wrong == 15 ? 0 : 1);
            barrier_init(empty + s, 64);
        }
        if (wrong == 13) barrier_init(full, 1);
        if (wrong != 1) barrier_init_fence();
    }
    if (wrong != 2) __syncthreads();
    if (t < 64) {
        for (int32_t i = 0; i < tiles; ++i) {
            const int32_t s = i % RING_SLOTS, parity = i / RING_SLOTS % 2;
            if (wrong == 16) barrier_wait(full + RING_SLOTS, 0);
            if (wrong == 17) barrier_wait(reinterpret_cast<uint64_t*>(reinterpret_cast<char*>(full) + 4), 0);
            if (wrong == 18) barrier_wait(full + s, 2);
            if (wrong != 8) barrier_wait(full + s, wrong == 10 ? 1 - parity : parity);
            out[i * 64 + t] = 3 * slots[s * RING_WORDS + t];
            if (wrong == 12 && t == 0) full[s] = 7;
            barrier_arrive(empty + s);
        }
    } else if (t == 64) {
        for (int32_t i = 0; i < tiles + (wrong == 11 ? 1 : 0); ++i) {
            const int32_t s = i % RING_SLOTS, parity = i / RING_SLOTS % 2;
            if (wrong != 9) barrier_wait(empty + s, 1 - parity);
            barrier_expect(full + s, RING_BYTES + (wrong == 3 ? -16 : wrong == 4 ? 16 : wrong == 19 ? 1 << 20 : 0));
            if (wrong == 7) barrier_arrive(full + s);
            bulk_load(slots + s * RING_WORDS + (wrong == 6 ? 1 : 0), from + (wrong == 14 ? 1 << 20 : i * RING_WORDS),
                      wrong == 5 ? 24 : RING_BYTES, full + s);
        }
    }
}

// Two blocks each send half of 64 words to both, add one to the other's copy, and read what the other left: out = in + 1
extern "C" __global__ void TWEEDIE_CLUSTER(2) __launch_bounds__(64) selftest_cluster(const uint32_t* from, uint32_t* out, int32_t wrong) {
    TWEEDIE_SHARED(uint32_t, words);
    uint64_t* const full = reinterpret_cast<uint64_t*>(words + 64);
    uint64_t* const done = full + 1;
    const int32_t t = int32_t(threadIdx.x), rank = cluster_rank(), other = 1 - rank;
    if (t == 0) {
        barrier_init(full, 1);
        barrier_init(done, 64);
        barrier_init_fence();
    }
    if (wrong == 6) cluster_wait();
    if (wrong != 1) {
        cluster_arrive();
        if (wrong == 5) cluster_arrive();
        cluster_wait();
    } else {
        __syncthreads();
    }
    if (t == 0) {
        barrier_expect(full, 256);
        bulk_load_to(words + 32 * rank, from + 64 * (blockIdx.x / 2) + 32 * rank, 128, full, wrong == 4 ? 7 : 3);
    }
    barrier_wait(full, 0);
    uint32_t* const there = cluster_at(words, wrong == 3 ? 2 : other);
    cluster_arrive();
    cluster_wait();
    if (wrong == 8 && rank == 0) {
        for (int32_t i = 0; i < 4; ++i) __syncthreads();
        there[t] = 5;
        return;
    }
    if (wrong == 8) return;
    *cluster_at(words + t, other) += 1;
    if (wrong != 2) barrier_arrive_at(done, other);
    if (wrong == 2 && rank == 0) return;
    barrier_wait_cluster(done, 0);
    out[64 * blockIdx.x + t] = words[t];
    if (wrong == 7) {
        cluster_arrive();
        return;
    }
    if (wrong != 9) {
        cluster_arrive();
        cluster_wait();
    } else if (rank == 0) {
        barrier_arrive_at(done, other);
    }
}

// Two blocks give each other 64 words: out = those of the other + 1
extern "C" __global__ void TWEEDIE_CLUSTER(2) __launch_bounds__(64) selftest_give(const uint32_t* from, uint32_t* out, int32_t wrong) {
    TWEEDIE_SHARED(unsigned char, words);
    uint64_t* const full = reinterpret_cast<uint64_t*>(words + 512);
    const int32_t t = int32_t(threadIdx.x), rank = cluster_rank(), other = 1 - rank;
    if (t == 0) {
        barrier_init(full, 1);
        barrier_init_fence();
    }
    cluster_arrive();
    cluster_wait();
    // each block's words at its own place
    unsigned char* const mine = words + 256 * rank;
    if (wrong != 5) store_operands(mine + 4 * t, from[64 * blockIdx.x + t]);
    if (wrong == 5) *reinterpret_cast<uint32_t*>(mine + 4 * t) = from[64 * blockIdx.x + t];
    if (wrong != 1) proxy_fence();
    if (wrong != 2) __syncthreads();
    if (t == 0) {
        if (wrong != 7) barrier_expect(full, 256);
        bulk_give(mine + (wrong == 6 ? 8 : 0), wrong == 4 ? 24 : 256, full, wrong == 3 ? rank : other);
        if (wrong == 8) store_operands(mine, 3);
    }
    if (wrong == 9 && rank == 0) return;
    if (wrong != 7) barrier_wait(full, 0);
    out[64 * blockIdx.x + t] = *reinterpret_cast<const uint32_t*>(words + 256 * other + 4 * t) + 1;
    cluster_arrive();
    cluster_wait();
}

// Each half of the block turns its words round by a barrier of its own
extern "C" __global__ void __launch_bounds__(256) selftest_named(uint32_t* out, int32_t wrong) {
    TWEEDIE_STATIC_SHARED(uint32_t, words, 256);
    const int32_t t = int32_t(threadIdx.x), half = t / 128, at = t % 128;
    if (half == 0 && wrong != 4) registers_keep<40>();
    if (half == 1) registers_take<256>();
    if (half == 0 && wrong == 3) registers_keep<64>();
    words[t] = uint32_t(t);
    if (half == 0) {
        if (wrong == 2 && at < 32) named_barrier<1, 96>();
        if (wrong != 5 || at >= 32) named_barrier<1, 128>();
    } else {
        named_barrier<2, 128>();
    }
    out[t] = words[128 * half + 127 - at];
}
