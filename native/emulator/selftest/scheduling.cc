// Barriers, divergence, warp collectives, atomics, cooperative launches; in every order of threads.
#include <time.h>

#include "harness.h"

using namespace selftest;

static void in_every_order(const std::function<void()>& run) {
    tw_emu_schedule("forward", 0);
    run();
    tw_emu_schedule("reverse", 0);
    run();
    for (uint64_t seed = 1; seed <= 5; ++seed) {
        tw_emu_schedule("random", seed);
        run();
    }
    tw_emu_schedule("forward", 0);
}

TEST(block_sums) {
    for (const unsigned int block : {1u, 32u, 64u, 256u, 1024u}) {
        const int count = 3000;
        std::vector<int32_t> values(count);
        for (int i = 0; i < count; ++i) values[size_t(i)] = i * 7 % 1013;
        const unsigned int grid = (unsigned(count) + block - 1) / block;
        const Buffer<int32_t> in(values);
        in_every_order([&] {
            const Buffer<int32_t> sums(grid);
            OK(launch("selftest_block_sum", {grid, block, block * 4}, in.address, sums.address, count));
            const std::vector<int32_t> got = sums.read();
            for (unsigned int b = 0; b < grid; ++b) {
                int32_t expected = 0;
                for (unsigned int i = b * block; i < (b + 1) * block && i < unsigned(count); ++i) expected += values[i];
                EQUAL(expected, got[b]);
            }
        });
    }
}

TEST(early_returns_release_the_barrier) {
    in_every_order([] {
        const Buffer<int32_t> out(std::vector<int32_t>(96, 0));
        OK(launch("selftest_early_return", {1, 96}, out.address, 37));
        const std::vector<int32_t> got = out.read();
        for (int t = 0; t < 96; ++t) EQUAL(t < 37 ? 1 : 0, got[size_t(t)]);
    });
}

TEST(divergence_is_reported) {
    const Buffer<int32_t> out(1024);
    in_every_order([&] {
        FAILS(CUDA_ERROR_LAUNCH_FAILED, "different barriers", launch("selftest_two_barriers", {1, 64}, out.address));
    });
    FAILS(CUDA_ERROR_LAUNCH_FAILED, "no thread can go on", launch("selftest_deadlock", {1, 64}, out.address));
    FAILS(CUDA_ERROR_LAUNCH_FAILED, "not in its own mask", launch("selftest_not_in_mask", {1, 32}, out.address));
    FAILS(CUDA_ERROR_LAUNCH_FAILED, "different collectives", launch("selftest_two_collectives", {1, 32}, out.address));
    const Buffer<int32_t> flag(std::vector<int32_t>{0});
    FAILS(CUDA_ERROR_LAUNCH_TIMEOUT, "spin on atomics", launch("selftest_spin_forever", {1, 32}, flag.address));
    tw_emu_timeout(0.2);
    FAILS(CUDA_ERROR_LAUNCH_TIMEOUT, "TW_EMU_TIMEOUT", launch("selftest_hang", {1, 32}, flag.address, out.address));
    // and the next launch is well
    OK(launch("selftest_early_return", {1, 64}, out.address, 64));
}

TEST(what_is_left_out_lets_all_pass) {
    const Buffer<int32_t> out(64);
    tw_emu_leave_out("barriers.cu:28");  // the first of two
    OK(launch("selftest_two_barriers", {1, 64}, out.address));
    EQUAL(16, tw_emu_stat("leftOut"));
    for (const char* other : {"other.cu:28", "rs.cu:28", "barriers.cu:29", ""}) {
        tw_emu_leave_out(other);
        FAILS(CUDA_ERROR_LAUNCH_FAILED, "different barriers", launch("selftest_two_barriers", {1, 64}, out.address));
        EQUAL(0, tw_emu_stat("leftOut"));
    }
}

TEST(an_error_sticks_until_the_context_is_repaired) {
    const Buffer<int32_t> out(64);
    EQUAL(CUDA_ERROR_LAUNCH_FAILED, launch("selftest_two_barriers", {1, 64}, out.address));
    EQUAL(CUDA_ERROR_LAUNCH_FAILED, cuCtxSynchronize());
    size_t free = 0, total = 0;
    EQUAL(CUDA_ERROR_LAUNCH_FAILED, cuMemGetInfo_v2(&free, &total));
    tw_emu_reset();
    OK(cuCtxSynchronize());
}

TEST(a_missing_barrier_shows_as_another_result) {
    std::vector<std::vector<int32_t>> results;
    in_every_order([&] {
        const Buffer<int32_t> out(64);
        OK(launch("selftest_race", {1, 64}, out.address));
        results.push_back(out.read());
    });
    HOLDS(results[0] != results[1]);
    HOLDS(results[2] != results[3]);
}

TEST(a_random_order_lets_blocks_overlap) {
    // each block reads, meets its threads, and writes back: right only while no other block runs between
    bool whole = false, lost = false;
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        tw_emu_schedule("random", seed);
        const Buffer<int32_t> sum(std::vector<int32_t>{0});
        OK(launch("selftest_lost_update", {8, 32}, sum.address));
        const int32_t got = sum.read()[0];
        HOLDS(got >= 1 && got <= 8);
        whole |= got == 8;
        lost |= got < 8;
    }
    HOLDS(whole && lost);
    tw_emu_schedule("forward", 0);
    const Buffer<int32_t> sum(std::vector<int32_t>{0});
    OK(launch("selftest_lost_update", {8, 32}, sum.address));
    EQUAL(8, sum.read()[0]);
}

TEST(every_launch_has_a_random_order_of_its_own_and_a_seed_repeats_them) {
    std::vector<std::vector<int32_t>> results[2];
    for (auto& run : results) {
        tw_emu_schedule("random", 9);
        for (int i = 0; i < 4; ++i) {
            const Buffer<int32_t> out(64);
            OK(launch("selftest_race", {1, 64}, out.address));
            run.push_back(out.read());
        }
    }
    HOLDS(results[0] == results[1]);
    HOLDS(results[0][0] != results[0][1] && results[0][1] != results[0][2]);
    tw_emu_schedule("forward", 0);
}

TEST(launches_and_barriers_are_counted) {
    const int64_t launches = tw_emu_stat("launches:selftest_many_barriers"), barriers = tw_emu_stat("barriers");
    const Buffer<int32_t> out(64);
    OK(launch("selftest_many_barriers", {3, 64}, out.address, 5));
    EQUAL(launches + 1, tw_emu_stat("launches:selftest_many_barriers"));
    EQUAL(barriers + 3 * 64 * 5, tw_emu_stat("barriers"));
    EQUAL(-1, tw_emu_stat("launches:nothing"));
}

TEST(shuffles) {
    for (const int n : {32, 64, 40}) {
        in_every_order([n] {
            const Buffer<int32_t> out(size_t(8 * n));
            OK(launch("selftest_shuffles", {1, unsigned(n)}, out.address));
            const std::vector<int32_t> got = out.read();
            for (int t = 0; t < n; ++t) {
                const int warp = t / 32 * 32, lane = t % 32, lanes = std::min(32, n - warp);
                auto value = [&](int from) { return from < lanes ? 100 + warp + from : -1; };  // a lane that is not there: all ones
                EQUAL(value(5), got[size_t(t)]);
                EQUAL(value(lane >= 3 ? lane - 3 : lane), got[size_t(n + t)]);
                EQUAL(value(lane + 3 < 32 ? lane + 3 : lane), got[size_t(2 * n + t)]);
                EQUAL(value(lane ^ 6), got[size_t(3 * n + t)]);
                EQUAL(value(lane / 8 * 8 + 1), got[size_t(4 * n + t)]);
                EQUAL(value(lane ^ 1), got[size_t(5 * n + t)]);
                EQUAL(value(lane % 8 + 3 < 8 ? lane + 3 : lane), got[size_t(6 * n + t)]);
                uint32_t ballot = 0;
                for (int l = 0; l < lanes; ++l) ballot |= uint32_t((warp + l) % 3 == 0) << l;
                EQUAL(int32_t(ballot), got[size_t(7 * n + t)]);
            }
        });
    }
}

TEST(votes_and_folds) {
    in_every_order([] {
        const Buffer<int32_t> out(3 * 32);
        OK(launch("selftest_votes", {1, 32}, out.address));
        const std::vector<int32_t> got = out.read();
        for (size_t t = 0; t < 32; ++t) {
            EQUAL(5, got[t]);
            EQUAL(496, got[32 + t]);
            EQUAL(19, got[64 + t]);
        }
    });
}

TEST(masks_of_half_a_warp) {
    in_every_order([] {
        const Buffer<int32_t> out(32);
        OK(launch("selftest_half_warps", {1, 32}, out.address));
        const std::vector<int32_t> got = out.read();
        for (size_t t = 0; t < 32; ++t) EQUAL(t < 16 ? 120 : 376, got[t]);
    });
}

TEST(a_returned_lane_gives_all_ones) {
    const Buffer<int32_t> out(32);
    OK(launch("selftest_read_returned", {1, 32}, out.address, 20));
    EQUAL(-1, out.read()[3]);
}

TEST(atomics) {
    in_every_order([] {
        const Buffer<int32_t> counts(std::vector<int32_t>(11, 0));
        const Buffer<float> total(std::vector<float>{0});
        OK(launch("selftest_histogram", {40, 96}, counts.address, 10, total.address));
        const std::vector<int32_t> got = counts.read();
        for (size_t b = 0; b < 10; ++b) EQUAL(384, got[b]);
        EQUAL(3839, got[10]);
        EQUAL(3840.0f, total.read()[0]);
    });
}

TEST(a_thread_may_wait_for_another_on_an_atomic) {
    in_every_order([] {
        const Buffer<int32_t> flag(std::vector<int32_t>{0}), out(std::vector<int32_t>{0});
        OK(launch("selftest_spin", {1, 128}, flag.address, out.address));
        EQUAL(1, out.read()[0]);
    });
}

TEST(grid_barriers) {
    in_every_order([] {
        const Buffer<int32_t> cells(20), out(20);
        CUdeviceptr c = cells.address, o = out.address;
        void* arguments[] = {&c, &o};
        OK(cuLaunchCooperativeKernel(function("selftest_grid_sync"), 20, 1, 1, 64, 1, 1, 0, nullptr, arguments));
        const std::vector<int32_t> got = out.read();
        for (int b = 0; b < 20; ++b) EQUAL((b + 1) % 20 + 1, got[size_t(b)]);
    });
    const Buffer<int32_t> cells(1000), out(1000);
    FAILS(CUDA_ERROR_LAUNCH_FAILED, "not cooperative", launch("selftest_grid_sync", {4, 64}, cells.address, out.address));
    CUdeviceptr c = cells.address, o = out.address;
    void* arguments[] = {&c, &o};
    EQUAL(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE,
          cuLaunchCooperativeKernel(function("selftest_grid_sync"), 132 * 2 + 1, 1, 1, 1024, 1, 1, 0, nullptr, arguments));
}

TEST(every_thread_runs_once_where_it_should) {
    in_every_order([] {
        const unsigned int g[3] = {3, 4, 5}, b[3] = {5, 3, 2};
        const size_t blocks = 60, threads = 30;
        const Buffer<int32_t> out(std::vector<int32_t>(blocks * threads, 0));
        CUdeviceptr o = out.address;
        void* arguments[] = {&o};
        OK(cuLaunchKernel(function("selftest_position"), g[0], g[1], g[2], b[0], b[1], b[2], 0, nullptr, arguments, nullptr));
        const std::vector<int32_t> got = out.read();
        for (size_t i = 0; i < blocks * threads; ++i) EQUAL(int32_t(1 + i / threads * 1000 + i % threads), got[i]);
    });
}

TEST(shared_memory_is_fresh_in_every_block) {
    const Buffer<uint32_t> out(20);
    OK(launch("selftest_fresh_shared", {10, 1, 64}, out.address));
    for (const uint32_t v : out.read()) EQUAL(0xFFFFFFFFu, v);
}

TEST(writes_outside_of_shared_arrays_are_reported) {
    const Buffer<int32_t> out(1);
    OK(launch("selftest_shared_overrun", {1, 1}, out.address, 0));
    if (SANITIZED) return;
    FAILS(CUDA_ERROR_ILLEGAL_ADDRESS, "shared array small", launch("selftest_shared_overrun", {1, 1}, out.address, 1));
    FAILS(CUDA_ERROR_ILLEGAL_ADDRESS, "shared array small", launch("selftest_shared_overrun", {1, 1}, out.address, -8));
}

TEST(speed) {
    // processor time: other processes do not count
    auto now = [] {
        timespec t;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return double(t.tv_sec) * 1e9 + double(t.tv_nsec);
    };
    const Buffer<int32_t> out(1024);
    for (const unsigned int block : {64u, 256u, 1024u}) {
        const int barriers = int(1000000 / block);
        const double start = now();
        OK(launch("selftest_many_barriers", {1, block}, out.address, barriers));
        const double nanoseconds = (now() - start);
        std::printf("  %4u threads: %.1f ns a thread-barrier\n", block, nanoseconds / barriers / block);
        HOLDS(nanoseconds / barriers / block < 1000);  // the budget is 110; sanitizers take more
    }
    const Buffer<float> x(std::vector<float>(1 << 20, 1.0f));
    const double start = now();
    OK(launch("selftest_add_one", {4096, 256}, x.address, int64_t(1) << 20));
    std::printf("  no barrier: %.1f ns a thread\n", (now() - start) / (1 << 20));
    EQUAL(2.0f, x.read()[777777]);
    const double before = now();
    for (int i = 0; i < 10000; ++i) launch("selftest_early_return", {1, 32}, out.address, 0);
    std::printf("  a launch of one warp: %.2f us\n", (now() - before) / 1e7);
}
