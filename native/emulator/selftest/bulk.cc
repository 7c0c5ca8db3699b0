// Counting barriers, bulk copies, clusters, named barriers: right in every order of threads, and every mistake is found.
#include "harness.h"

using namespace selftest;

static void in_every_order(const std::function<void()>& run) {
    tw_emu_schedule("forward", 0);
    run();
    tw_emu_schedule("reverse", 0);
    run();
    for (uint64_t seed = 1; seed <= 8; ++seed) {
        tw_emu_schedule("random", seed);
        run();
    }
    tw_emu_schedule("forward", 0);
}

struct Mistake {
    int32_t number;
    CUresult code;
    const char* words;
};

static constexpr int TILES = 7;
static std::vector<uint32_t> numbers(const size_t count) {
    std::vector<uint32_t> values(count);
    for (size_t i = 0; i < count; ++i) values[i] = uint32_t(i * 37 % 1009);
    return values;
}

TEST(tiles_come_through_a_ring) {
    const std::vector<uint32_t> values = numbers(64 * TILES);
    const Buffer<uint32_t> in(values);
    in_every_order([&] {
        const Buffer<uint32_t> out(values.size() * 3);
        OK(launch("selftest_ring", {3, 96, 512}, in.address, out.address, TILES, 0));
        const std::vector<uint32_t> got = out.read();
        for (size_t i = 0; i < values.size(); ++i) EQUAL(3 * values[i], got[i]);
    });
}

TEST(mistakes_with_a_ring_are_found) {
    tw_emu_schedule("forward", 0);
    const std::vector<uint32_t> values = numbers(64 * (TILES + 1));
    const Buffer<uint32_t> in(values), out(values.size());
    constexpr CUresult FAILED = CUDA_ERROR_LAUNCH_FAILED, MISALIGNED = CUDA_ERROR_MISALIGNED_ADDRESS;
    for (const Mistake& m : std::vector<Mistake>{
             {1, FAILED, "without barrier_init_fence"},
             {2, FAILED, ""},  // in one order nobody has made the barrier yet
             {3, FAILED, "copies of 16 bytes more"},
             {4, FAILED, "no thread can go on"},
             {5, FAILED, "bulk copy of 24 bytes"},
             {6, MISALIGNED, "no multiples of 16"},
             {7, FAILED, "more arrivals"},
             {11, FAILED, "on its way"},
             {12, FAILED, "wrote over the barrier"},
             {13, FAILED, "made here already"},
             {14, CUDA_ERROR_ILLEGAL_ADDRESS, "a bulk copy of 256 bytes from"},
             {15, FAILED, "1 to 2^20 - 1 arrivals"},
             {16, FAILED, "no barrier was made here"},
             {17, MISALIGNED, "no multiple of 8"},
             {18, FAILED, "neither 0 nor 1"},
             {19, FAILED, "more than 2^20 - 1 bytes"},
         }) {
        FAILS(m.code, m.words, launch("selftest_ring", {1, 96, 512}, in.address, out.address, TILES, m.number));
    }
    for (const int32_t early : {8, 9, 10}) {  // reads what has not come yet, or has gone: all ones
        OK(cuMemsetD32_v2(out.address, 0, out.count));
        const CUresult code = launch("selftest_ring", {1, 96, 512}, in.address, out.address, TILES, early);
        const CUresult end = code == CUDA_SUCCESS ? cuCtxSynchronize() : code;
        if (end == CUDA_SUCCESS) {
            const std::vector<uint32_t> got = out.read();
            bool right = true;
            for (size_t i = 0; i < size_t(64 * TILES); ++i) right = right && got[i] == 3 * values[i];
            HOLDS(!right);
        } else {
            FAILS(end, "", end);
        }
    }
}

TEST(clusters_share_memory_and_copies) {
    const std::vector<uint32_t> values = numbers(64 * 3);
    const Buffer<uint32_t> in(values);
    in_every_order([&] {
        const Buffer<uint32_t> out(2 * values.size());
        OK(launch("selftest_cluster", {6, 64, 512}, in.address, out.address, 0));
        const std::vector<uint32_t> got = out.read();
        for (size_t i = 0; i < got.size(); ++i) EQUAL(values[i / 128 * 64 + i % 64] + 1, got[i]);
    });
}

TEST(mistakes_with_clusters_are_found) {
    tw_emu_schedule("forward", 0);
    const std::vector<uint32_t> values = numbers(64);
    const Buffer<uint32_t> in(values), out(128);
    for (const Mistake& m : std::vector<Mistake>{
             {1, CUDA_ERROR_LAUNCH_FAILED, ""},
             {2, CUDA_ERROR_LAUNCH_FAILED, ""},
             {3, CUDA_ERROR_LAUNCH_FAILED, "rank 2 of a cluster of 2"},
             {4, CUDA_ERROR_LAUNCH_FAILED, "does not have"},
             {5, CUDA_ERROR_LAUNCH_FAILED, "cluster_arrive twice"},
             {6, CUDA_ERROR_LAUNCH_FAILED, "without cluster_arrive"},
             {7, CUDA_ERROR_LAUNCH_FAILED, "between cluster_arrive and cluster_wait"},
             {8, CUDA_ERROR_LAUNCH_FAILED, "had ended"},
             {9, CUDA_ERROR_LAUNCH_FAILED, "has ended"},
         }) {
        FAILS(m.code, m.words, launch("selftest_cluster", {2, 64, 512}, in.address, out.address, m.number));
    }
    FAILS(CUDA_ERROR_INVALID_CLUSTER_SIZE, "do not divide a grid of 3", launch("selftest_cluster", {3, 64, 512}, in.address, out.address, 0));
}

TEST(blocks_of_a_cluster_give_each_other_what_they_have) {
    const std::vector<uint32_t> values = numbers(64 * 6);
    const Buffer<uint32_t> in(values), out(values.size());
    in_every_order([&] {
        OK(launch("selftest_give", {6, 64, 1024}, in.address, out.address, 0));
        const std::vector<uint32_t> got = out.read();
        for (size_t i = 0; i < got.size(); ++i) EQUAL(values[(i / 64 ^ 1) * 64 + i % 64] + 1, got[i]);
    });
    for (const Mistake& m : std::vector<Mistake>{
             {1, CUDA_ERROR_LAUNCH_FAILED, "bulk_give reads what a thread stored without proxy_fence"},
             {2, CUDA_ERROR_LAUNCH_FAILED, ""},  // in one order the other warp has not stored yet
             {3, CUDA_ERROR_LAUNCH_FAILED, "a bulk copy to rank"},
             {4, CUDA_ERROR_LAUNCH_FAILED, "a bulk copy of 24 bytes"},
             {5, CUDA_ERROR_LAUNCH_FAILED, "by other means"},
             {6, CUDA_ERROR_MISALIGNED_ADDRESS, "no multiple of 16"},
             {7, CUDA_ERROR_LAUNCH_FAILED, ""},  // the copy has not come, or nobody expected it
             {8, CUDA_ERROR_LAUNCH_FAILED, "has yet to read"},
             {9, CUDA_ERROR_LAUNCH_FAILED, ""},  // the block ends with a copy on its way
         }) {
        FAILS(m.code, m.words, launch("selftest_give", {2, 64, 1024}, in.address, out.address, m.number));
    }
}

TEST(parts_of_a_block_meet_by_number) {
    const Buffer<uint32_t> out(256);
    in_every_order([&] {
        OK(launch("selftest_named", {2, 256}, out.address, 0));
        const std::vector<uint32_t> got = out.read();
        for (uint32_t t = 0; t < 256; ++t) EQUAL(t / 128 * 128 + 127 - t % 128, got[t]);
    });
    for (const Mistake& m : std::vector<Mistake>{
             {2, CUDA_ERROR_LAUNCH_FAILED, "others wait for 96 threads"},
             {3, CUDA_ERROR_LAUNCH_FAILED, "setmaxnreg from 40 down to 64"},
             {4, CUDA_ERROR_LAUNCH_FAILED, "more registers than others give back"},
             {5, CUDA_ERROR_LAUNCH_FAILED, "no thread can go on"},
         }) {
        FAILS(m.code, m.words, launch("selftest_named", {1, 256}, out.address, m.number));
    }
}
