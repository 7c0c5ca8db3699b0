// bulk.cuh — asynchronous bulk copies, the barriers that count them, clusters, named barriers and the exchange of registers (sm_90a): their
// twins for the emulated driver are native/emulator/dialect/bulk.h
//
//   barrier   eight bytes of shared memory that count, phase by phase, arrivals of threads and bytes of copies; the phase of number p is over
//             when all of both have come, and a wait for parity p % 2 returns from then until the next phase is over. So a wait for parity 1
//             of a new barrier returns at once. Made by one thread: init, init_fence, then a barrier of the block, or of the cluster where
//             others arrive or send
//   copies    global to shared memory, or to another block's, addresses and sizes multiples of 16; what comes is seen behind a wait for its barrier. Who sends knows
//             by a barrier that nobody reads the place any more
//   cluster   blocks of one TWEEDIE_CLUSTER(n) kernel, n <= 8: at work at the same time; n divides the grid. A place of a block is at the same
//             offset in all; cluster_at gives the other's address. A block stays until nobody sends to it or reads from it: a
//             barrier of the cluster at the end
//   named     barrier ID (1 to 15; 0 is __syncthreads) of THREADS threads, whole warps
//   registers setmaxnreg, by all warps of a warpgroup: what is kept is at most what the kernel was compiled for
//
// Where there is no TWEEDIE_WARPGROUPS (hopper.cuh) these stop the kernel or do nothing.
#pragma once
#include "hopper.cuh"
#ifndef TWEEDIE_EMU
#include "intrinsics.cuh"

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define TWEEDIE_CLUSTER(blocks) __cluster_dims__(blocks)

__device__ __forceinline__ void barrier_init(uint64_t* at, const int32_t arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(at)), "r"(arrivals) : "memory");
}
/// Makes this thread's new barriers known to copies and to the cluster.
__device__ __forceinline__ void barrier_init_fence() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
__device__ __forceinline__ void barrier_arrive(uint64_t* at) {
    asm volatile("mbarrier.arrive.release.cta.shared::cta.b64 _, [%0];" ::"r"(shared_address(at)) : "memory");
}
/// Arrives, and has the phase wait for bytes more of copies.
__device__ __forceinline__ void barrier_expect(uint64_t* at, const int32_t bytes) {
    asm volatile("mbarrier.arrive.expect_tx.release.cta.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(at)), "r"(bytes) : "memory");
}
/// Until the phase of that parity is over; behind it is seen what threads of the block did before they arrived, and what copies brought.
__device__ __forceinline__ void barrier_wait(uint64_t* at, const int32_t parity) {
    uint32_t over;
    do {
        asm volatile(
            "{ .reg .pred over; mbarrier.try_wait.parity.acquire.cta.shared::cta.b64 over, [%1], %2; selp.b32 %0, 1, 0, over; }"
            : "=r"(over)
            : "r"(shared_address(at)), "r"(parity)
            : "memory");
    } while (over == 0);
}
/// The same where threads of other blocks of the cluster arrive.
__device__ __forceinline__ void barrier_wait_cluster(uint64_t* at, const int32_t parity) {
    uint32_t over;
    do {
        asm volatile(
            "{ .reg .pred over; mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 over, [%1], %2; selp.b32 %0, 1, 0, over; }"
            : "=r"(over)
            : "r"(shared_address(at)), "r"(parity)
            : "memory");
    } while (over == 0);
}
/// Arrives at the barrier of the block of that rank, this one's own too; for barrier_wait_cluster.
__device__ __forceinline__ void barrier_arrive_at(uint64_t* at, const int32_t rank) {
    asm volatile(
        "{ .reg .b32 there; mapa.shared::cluster.u32 there, %0, %1; mbarrier.arrive.release.cluster.shared::cluster.b64 _, [there]; }" ::"r"(
            shared_address(at)),
        "r"(rank)
        : "memory");
}
/// The same where only reads went before, so that nothing need be seen: for a place that may be sent to again. For barrier_wait.
__device__ __forceinline__ void barrier_free_at(uint64_t* at, const int32_t rank) {
    asm volatile(
        "{ .reg .b32 there; mapa.shared::cluster.u32 there, %0, %1; mbarrier.arrive.shared::cluster.b64 _, [there]; }" ::"r"(
            shared_address(at)),
        "r"(rank)
        : "memory");
}

__device__ __forceinline__ void bulk_load(void* shared, const void* global, const int32_t bytes, uint64_t* at) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(shared_address(shared)),
                 "l"(__cvta_generic_to_global(global)), "r"(bytes), "r"(shared_address(at))
                 : "memory");
}
/// To every block of the cluster whose bit is set in ranks, each at its own place, and counted by its own barrier.
__device__ __forceinline__ void bulk_load_to(void* shared, const void* global, const int32_t bytes, uint64_t* at, const uint32_t ranks) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1], %2, [%3], %4;" ::"r"(
                     shared_address(shared)),
                 "l"(__cvta_generic_to_global(global)), "r"(bytes), "r"(shared_address(at)), "h"(uint16_t(ranks))
                 : "memory");
}
/// From this block's shared memory to the same place of the block of that rank, counted by its barrier; what threads stored there is sent behind
/// proxy_fence. Nobody stores there again before the other block has waited.
__device__ __forceinline__ void bulk_give(const void* shared, const int32_t bytes, uint64_t* at, const int32_t rank) {
    asm volatile(
        "{ .reg .b32 there, counted; mapa.shared::cluster.u32 there, %0, %3; mapa.shared::cluster.u32 counted, %2, %3; "
        "cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [there], [%0], %1, [counted]; }" ::"r"(shared_address(shared)),
        "r"(bytes), "r"(shared_address(at)), "r"(rank)
        : "memory");
}

__device__ __forceinline__ int32_t cluster_rank() {
    uint32_t rank;
    asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return int32_t(rank);
}
/// By all threads of the cluster; what was done before is seen behind everyone's wait.
__device__ __forceinline__ void cluster_arrive() { asm volatile("barrier.cluster.arrive.release;" ::: "memory"); }
__device__ __forceinline__ void cluster_wait() { asm volatile("barrier.cluster.wait.acquire;" ::: "memory"); }
/// Where the block of that rank has what this one has at `shared`.
template <class T>
__device__ __forceinline__ T* cluster_at(T* shared, const int32_t rank) {
    uint64_t there;
    asm volatile("mapa.u64 %0, %1, %2;" : "=l"(there) : "l"(reinterpret_cast<uint64_t>(shared)), "r"(rank));
    return reinterpret_cast<T*>(there);
}

template <int32_t ID, int32_t THREADS>
__device__ __forceinline__ void named_barrier() {
    static_assert(ID >= 1 && ID <= 15 && THREADS >= 32 && THREADS % 32 == 0 && THREADS <= 1024, "a named barrier of whole warps");
    asm volatile("bar.sync %0, %1;" ::"n"(ID), "n"(THREADS) : "memory");
}
/// Gives registers back, down to N a thread.
template <int32_t N>
__device__ __forceinline__ void registers_keep() {
    static_assert(N >= 24 && N <= 256 && N % 8 == 0, "24 to 256 registers, a multiple of 8");
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(N));
}
/// Waits for registers, up to N a thread.
template <int32_t N>
__device__ __forceinline__ void registers_take() {
    static_assert(N >= 24 && N <= 256 && N % 8 == 0, "24 to 256 registers, a multiple of 8");
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(N));
}
#else
#define TWEEDIE_CLUSTER(blocks)
__device__ __forceinline__ void barrier_init(uint64_t*, int32_t) { __trap(); }
__device__ __forceinline__ void barrier_init_fence() {}
__device__ __forceinline__ void barrier_arrive(uint64_t*) {}
__device__ __forceinline__ void barrier_expect(uint64_t*, int32_t) {}
__device__ __forceinline__ void barrier_wait(uint64_t*, int32_t) {}
__device__ __forceinline__ void barrier_wait_cluster(uint64_t*, int32_t) {}
__device__ __forceinline__ void barrier_arrive_at(uint64_t*, int32_t) {}
__device__ __forceinline__ void barrier_free_at(uint64_t*, int32_t) {}
__device__ __forceinline__ void bulk_load(void*, const void*, int32_t, uint64_t*) { __trap(); }
__device__ __forceinline__ void bulk_load_to(void*, const void*, int32_t, uint64_t*, uint32_t) { __trap(); }
__device__ __forceinline__ void bulk_give(const void*, int32_t, uint64_t*, int32_t) { __trap(); }
__device__ __forceinline__ int32_t cluster_rank() { return 0; }
__device__ __forceinline__ void cluster_arrive() { __trap(); }
__device__ __forceinline__ void cluster_wait() {}
template <class T>
__device__ __forceinline__ T* cluster_at(T* shared, int32_t) {
    return shared;
}
template <int32_t ID, int32_t THREADS>
__device__ __forceinline__ void named_barrier() {
    __trap();
}
template <int32_t N>
__device__ __forceinline__ void registers_keep() {}
template <int32_t N>
__device__ __forceinline__ void registers_take() {}
#endif
#endif
