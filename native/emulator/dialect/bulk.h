// bulk.h — C++ twins of kernels/bulk.cuh: counting barriers, bulk copies, clusters, named barriers. What each checks: bulk.cc.
#pragma once

namespace tw {

void counting_init(uint64_t* at, int32_t arrivals, Site site);
void counting_init_fence();
// expected: bytes, or -1 for an arrival that expects nothing
void counting_arrive(uint64_t* at, int32_t expected, Site site);
void counting_arrive_at(uint64_t* at, int32_t rank, Site site);
void counting_wait(uint64_t* at, int32_t parity, Site site);
void bulk_copy(void* shared, const void* global, int32_t bytes, uint64_t* at, uint32_t ranks, Site site);
void bulk_give_to(const void* shared, int32_t bytes, uint64_t* at, int32_t rank, Site site);
int32_t rank_in_cluster();
void cluster_barrier_arrive(Site site);
void cluster_barrier_wait(Site site);
void* cluster_address(void* shared, int32_t rank, Site site);
void barrier_of_threads(int32_t id, int32_t threads, Site site);
void set_registers(int32_t registers, bool take, Site site);

}  // namespace tw

inline void barrier_init(uint64_t* at, const int32_t arrivals, TWEEDIE_HERE) { tw::counting_init(at, arrivals, site); }
inline void barrier_init_fence(TWEEDIE_HERE) {
    if (!tw::left_out(site)) tw::counting_init_fence();
}
inline void barrier_arrive(uint64_t* at, TWEEDIE_HERE) { tw::counting_arrive(at, -1, site); }
inline void barrier_expect(uint64_t* at, const int32_t bytes, TWEEDIE_HERE) { tw::counting_arrive(at, bytes < 0 ? -2 : bytes, site); }
inline void barrier_wait(uint64_t* at, const int32_t parity, TWEEDIE_HERE) {
    if (!tw::left_out(site)) tw::counting_wait(at, parity, site);
}
inline void barrier_wait_cluster(uint64_t* at, const int32_t parity, TWEEDIE_HERE) { tw::counting_wait(at, parity, site); }
inline void barrier_arrive_at(uint64_t* at, const int32_t rank, TWEEDIE_HERE) { tw::counting_arrive_at(at, rank, site); }
inline void barrier_free_at(uint64_t* at, const int32_t rank, TWEEDIE_HERE) {
    if (!tw::left_out(site)) tw::counting_arrive_at(at, rank, site);
}
inline void bulk_load(void* shared, const void* global, const int32_t bytes, uint64_t* at, TWEEDIE_HERE) {
    tw::bulk_copy(shared, global, bytes, at, 1u << tw::rank_in_cluster(), site);
}
inline void bulk_load_to(void* shared, const void* global, const int32_t bytes, uint64_t* at, const uint32_t ranks, TWEEDIE_HERE) {
    tw::bulk_copy(shared, global, bytes, at, ranks, site);
}
inline void bulk_give(const void* shared, const int32_t bytes, uint64_t* at, const int32_t rank, TWEEDIE_HERE) {
    tw::bulk_give_to(shared, bytes, at, rank, site);
}
inline int32_t cluster_rank() { return tw::rank_in_cluster(); }
inline void cluster_arrive(TWEEDIE_HERE) {
    if (!tw::left_out(site)) tw::cluster_barrier_arrive(site);
}
inline void cluster_wait(TWEEDIE_HERE) {
    if (!tw::left_out(site)) tw::cluster_barrier_wait(site);
}
template <class T>
inline T* cluster_at(T* shared, const int32_t rank, TWEEDIE_HERE) {
    return static_cast<T*>(tw::cluster_address(shared, rank, site));
}
template <int32_t ID, int32_t THREADS>
inline void named_barrier(TWEEDIE_HERE) {
    static_assert(ID >= 1 && ID <= 15 && THREADS >= 32 && THREADS % 32 == 0 && THREADS <= 1024, "a named barrier of whole warps");
    tw::barrier_of_threads(ID, THREADS, site);
}
template <int32_t N>
inline void registers_keep(TWEEDIE_HERE) {
    static_assert(N >= 24 && N <= 256 && N % 8 == 0, "24 to 256 registers, a multiple of 8");
    tw::set_registers(N, false, site);
}
template <int32_t N>
inline void registers_take(TWEEDIE_HERE) {
    static_assert(N >= 24 && N <= 256 && N % 8 == 0, "24 to 256 registers, a multiple of 8");
    tw::set_registers(N, true, site);
}
