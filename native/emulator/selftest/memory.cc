// Device memory, limits, parameters, errors inside kernels, tensor instructions.
#include <cmath>
#include <cstring>

#include "harness.h"

using namespace selftest;

TEST(memory_is_poisoned_and_bounded) {
    const int64_t before = tw_emu_stat("bytes");
    {
        const Buffer<uint32_t> b(100);
        EQUAL(before + 400, tw_emu_stat("bytes"));
        HOLDS(b.address % 256 == 0);
        for (const uint32_t v : b.read()) EQUAL(0xFFFFFFFFu, v);
        uint32_t word = 7;
        EQUAL(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD_v2(b.address + 400, &word, 4));
        EQUAL(CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoH_v2(&word, b.address + 398, 4));
        EQUAL(CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoH_v2(reinterpret_cast<void*>(b.address), b.address, 4));
        EQUAL(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD_v2(reinterpret_cast<CUdeviceptr>(&word), &word, 4));
        EQUAL(CUDA_ERROR_INVALID_VALUE, cuMemFree_v2(b.address + 4));
        CUdeviceptr base = 0;
        size_t bytes = 0;
        OK(cuMemGetAddressRange_v2(&base, &bytes, b.address + 399));
        EQUAL(b.address, base);
        EQUAL(size_t(400), bytes);
        unsigned int type = 0;
        OK(cuPointerGetAttribute(&type, 2, b.address));
        EQUAL(2u, type);
    }
    EQUAL(before, tw_emu_stat("bytes"));
    CUdeviceptr p = 0;
    EQUAL(CUDA_ERROR_INVALID_VALUE, cuMemAlloc_v2(&p, 0));
}

TEST(out_of_memory_is_refused_and_nothing_leaks) {
    size_t free = 0, total = 0, after = 0;
    OK(cuMemGetInfo_v2(&free, &total));
    CUdeviceptr p = 0;
    EQUAL(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc_v2(&p, free + 1));
    EQUAL(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc_v2(&p, SIZE_MAX / 2));
    OK(cuMemAlloc_v2(&p, free));  // the middle of a large allocation is not backed until it is written
    EQUAL(CUDA_ERROR_OUT_OF_MEMORY, [] { CUdeviceptr q = 0; return cuMemAlloc_v2(&q, 1); }());
    OK(cuMemsetD8_v2(p + (size_t(5) << 30), 3, 10));
    OK(cuMemFree_v2(p));
    OK(cuMemGetInfo_v2(&after, &total));
    EQUAL(free, after);
}

TEST(index_arithmetic_beyond_two_gigabytes) {
    CUdeviceptr big = 0;
    OK(cuMemAlloc_v2(&big, (size_t(5) << 30)));
    OK(launch("selftest_write_at", {1, 1}, big, (int64_t(5) << 28) - 1, 77));
    int32_t got = 0;
    OK(cuMemcpyDtoH_v2(&got, big + (size_t(5) << 30) - 4, 4));
    EQUAL(77, got);
    OK(cuMemFree_v2(big));
}

TEST(writes_outside_of_an_allocation_are_reported) {
    if (SANITIZED) return;
    const Buffer<int32_t> b(10);
    FAILS(CUDA_ERROR_ILLEGAL_ADDRESS, "past the end of allocation", launch("selftest_write_at", {1, 1}, b.address, int64_t(10), 1));
    FAILS(CUDA_ERROR_ILLEGAL_ADDRESS, "before the start of allocation", launch("selftest_write_at", {1, 1}, b.address, int64_t(-1), 1));
    // with many allocations a launch checks some of them; the free checks its own
    std::vector<CUdeviceptr> many(3000);
    for (CUdeviceptr& m : many) OK(cuMemAlloc_v2(&m, 8));
    const CUresult at_launch = launch("selftest_write_at", {1, 1}, many[1500], int64_t(2), 1);
    tw_emu_reset();
    const CUresult at_free = cuMemFree_v2(many[1500]);
    tw_emu_reset();
    HOLDS((at_launch == CUDA_ERROR_ILLEGAL_ADDRESS) != (at_free == CUDA_ERROR_ILLEGAL_ADDRESS));
    for (const CUdeviceptr m : many) {
        if (m != many[1500]) OK(cuMemFree_v2(m));
    }
}

TEST(unmapped_addresses_end_the_launch_and_not_the_process) {
    if (SANITIZED) return;
    const Buffer<int32_t> out(1);
    FAILS(CUDA_ERROR_ILLEGAL_ADDRESS, "bytes past the end of allocation", launch("selftest_write_at", {1, 1}, out.address, int64_t(100000), 1));
    FAILS(CUDA_ERROR_ILLEGAL_ADDRESS, "0x0", launch("selftest_write_at", {1, 1}, CUdeviceptr(0), int64_t(0), 1));
    CUdeviceptr freed = 0;
    OK(cuMemAlloc_v2(&freed, 64));
    OK(cuMemFree_v2(freed));
    FAILS(CUDA_ERROR_ILLEGAL_ADDRESS, "allocat", launch("selftest_read_at", {1, 1}, freed, int64_t(0), out.address));
    int32_t on_host = 0;
    FAILS(CUDA_ERROR_ILLEGAL_ADDRESS, "not device memory",
          launch("selftest_write_at", {1, 1}, reinterpret_cast<CUdeviceptr>(&on_host), int64_t(0), 1));
    FAILS(CUDA_ERROR_HARDWARE_STACK_ERROR, "stack overflow", launch("selftest_recurse", {1, 1}, out.address, 100000));
    FAILS(CUDA_ERROR_LAUNCH_FAILED, "division by zero", launch("selftest_divide", {1, 1}, out.address, 0));
    FAILS(CUDA_ERROR_ASSERT, "assertion", launch("selftest_assert", {1, 1}, out.address, 2));
    FAILS(CUDA_ERROR_ILLEGAL_INSTRUCTION, "trap", launch("selftest_trap", {1, 1}, out.address));
    OK(launch("selftest_recurse", {1, 1}, out.address, 10));
    OK(launch("selftest_divide", {1, 1}, out.address, 7));
    EQUAL(14, out.read()[0]);
}

TEST(what_is_computed_from_a_red_zone_damages_the_one_it_goes_to) {
    if (SANITIZED) return;
    const Buffer<float> x(std::vector<float>(7, 1.0f));
    FAILS(CUDA_ERROR_ILLEGAL_ADDRESS, "past the end of allocation", launch("selftest_add_one", {1, 32}, x.address, int64_t(8)));
    OK(launch("selftest_add_one", {1, 32}, x.address, int64_t(7)));
}

TEST(what_was_freed_is_not_there_when_memory_is_allocated_again) {
    if (SANITIZED) return;
    const Buffer<int32_t> before(1);
    CUdeviceptr freed = 0;
    OK(cuMemAlloc_v2(&freed, 64));
    OK(cuMemFree_v2(freed));
    const Buffer<int32_t> next(16), out(1);
    HOLDS(next.address != freed);
    FAILS(CUDA_ERROR_ILLEGAL_ADDRESS, "an access at", launch("selftest_read_at", {1, 1}, freed, int64_t(0), out.address));
}

TEST(misaligned_vectors_are_refused) {
    const Buffer<float> from(std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8}), out(1);
    OK(launch("selftest_load_vector", {1, 1}, from.address, int64_t(4), out.address));
    EQUAL(26.0f, out.read()[0]);
    FAILS(CUDA_ERROR_MISALIGNED_ADDRESS, "memory.cu", launch("selftest_load_vector", {1, 1}, from.address, int64_t(1), out.address));
}

TEST(pointers_in_device_memory_are_followed) {
    const Buffer<int32_t> value(std::vector<int32_t>{4711}), out(1);
    const Buffer<int64_t> table(std::vector<int64_t>{int64_t(value.address)});
    OK(launch("selftest_follow", {1, 1}, table.address, out.address));
    EQUAL(4711, out.read()[0]);
    if (SANITIZED) return;
    const Buffer<int64_t> wrong(std::vector<int64_t>{int64_t(value.address) + 100000});
    FAILS(CUDA_ERROR_ILLEGAL_ADDRESS, "an access at", launch("selftest_follow", {1, 1}, wrong.address, out.address));
}

TEST(page_locked_memory_is_seen_by_kernels) {
    void* p = nullptr;
    OK(cuMemHostAlloc(&p, 64, 0));
    EQUAL(64, tw_emu_stat("hostBytes"));
    OK(launch("selftest_write_at", {1, 1}, reinterpret_cast<CUdeviceptr>(p), int64_t(3), 9));
    EQUAL(9, static_cast<int32_t*>(p)[3]);
    unsigned int type = 0;
    OK(cuPointerGetAttribute(&type, 2, reinterpret_cast<CUdeviceptr>(p)));
    EQUAL(1u, type);
    OK(cuMemFreeHost(p));
    EQUAL(CUDA_ERROR_INVALID_VALUE, cuMemFreeHost(p));
}

TEST(parameters_of_every_kind) {
    const Buffer<double> out(5);
    OK(launch("selftest_parameters", {1, 1}, out.address, int32_t(-5), int64_t(-6000000000), uint64_t(7000000000), 0.5f, -0.25));
    const std::vector<double> expected{-5, -6e9, 7e9, 0.5, -0.25};
    HOLDS(out.read() == expected);
    EQUAL("pillfd", std::string(tw_emu_parameters("selftest_parameters")));
    HOLDS(tw_emu_parameters("nothing") == nullptr);
    // as one buffer, whose size is checked
    CUdeviceptr address = out.address;
    char packed[48];
    std::memcpy(packed, &address, 8);
    const int32_t a = 1;
    const int64_t b = 2;
    const uint64_t c = 3;
    const float d = 4;
    const double e = 5;
    std::memcpy(packed + 8, &a, 4);
    std::memcpy(packed + 16, &b, 8);
    std::memcpy(packed + 24, &c, 8);
    std::memcpy(packed + 32, &d, 4);
    std::memcpy(packed + 40, &e, 8);
    for (const size_t size : {size_t(48), size_t(40), size_t(56)}) {
        size_t bytes = size;
        void* extra[] = {reinterpret_cast<void*>(1), packed, reinterpret_cast<void*>(2), &bytes, nullptr};
        EQUAL(size == 48 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE,
              cuLaunchKernel(function("selftest_parameters"), 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, extra));
    }
    HOLDS((out.read() == std::vector<double>{1, 2, 3, 4, 5}));
    void* missing[] = {&address, nullptr};
    EQUAL(CUDA_ERROR_INVALID_VALUE, cuLaunchKernel(function("selftest_parameters"), 1, 1, 1, 1, 1, 1, 0, nullptr, missing, nullptr));
}

TEST(limits_of_the_hardware) {
    const Buffer<int32_t> out(1024);
    CUdeviceptr o = out.address;
    int32_t stay = 0;
    void* arguments[] = {&o, &stay};
    CUfunction f = function("selftest_early_return");
    auto shape = [&](unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared) {
        return cuLaunchKernel(f, gx, gy, gz, bx, by, bz, shared, nullptr, arguments, nullptr);
    };
    OK(shape(1, 1, 1, 1024, 1, 1, 0));
    EQUAL(CUDA_ERROR_INVALID_VALUE, shape(1, 1, 1, 1025, 1, 1, 0));
    EQUAL(CUDA_ERROR_INVALID_VALUE, shape(1, 1, 1, 32, 33, 1, 0));
    EQUAL(CUDA_ERROR_INVALID_VALUE, shape(1, 1, 1, 1, 1, 65, 0));
    EQUAL(CUDA_ERROR_INVALID_VALUE, shape(0, 1, 1, 1, 1, 1, 0));
    EQUAL(CUDA_ERROR_INVALID_VALUE, shape(1, 65536, 1, 1, 1, 1, 0));
    EQUAL(CUDA_ERROR_INVALID_VALUE, shape(1, 1, 65536, 1, 1, 1, 0));
    OK(shape(1, 1, 1, 1, 1, 1, 48 << 10));
    EQUAL(CUDA_ERROR_INVALID_VALUE, shape(1, 1, 1, 1, 1, 1, (48 << 10) + 1));
    EQUAL(CUDA_ERROR_INVALID_VALUE, cuFuncSetAttribute(f, 8, (227 << 10) + 1));
    OK(cuFuncSetAttribute(f, 8, 227 << 10));
    OK(shape(1, 1, 1, 1, 1, 1, 227 << 10));
    OK(cuFuncSetAttribute(f, 8, 48 << 10));
    // __launch_bounds__(32)
    const Buffer<int64_t> rows(6);
    EQUAL(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, launch("rows_assign", {1, 33}, rows.address, uint64_t(1), int64_t(0), int64_t(1), CUdeviceptr(0),
                                                     CUdeviceptr(0), int64_t(0)));
    int threads = 0;
    OK(cuFuncGetAttribute(&threads, 0, function("rows_assign")));
    EQUAL(32, threads);
    int blocks = 0;
    OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, f, 256, 100 << 10));
    EQUAL(2, blocks);
}

TEST(row_sets) {
    const Buffer<int64_t> rows(6), out(8), index(std::vector<int64_t>{50, 60, 70, 80});
    const Buffer<float> alive(std::vector<float>{1, 0, 2, -1});
    OK(launch("rows_assign", {1, 1}, rows.address, uint64_t(42), int64_t(100), int64_t(4), index.address, alive.address, int64_t(3)));
    OK(launch("selftest_rows", {1, 8}, rows.address, out.address, 8));
    HOLDS((out.read() == std::vector<int64_t>{50, -1, 70, -1, -1, -1, -1, -1}));
    OK(launch("rows_assign", {1, 1}, rows.address, uint64_t(42), int64_t(100), int64_t(3), CUdeviceptr(0), CUdeviceptr(0), int64_t(3)));
    OK(launch("selftest_rows", {1, 8}, rows.address, out.address, 8));
    HOLDS((out.read() == std::vector<int64_t>{100, 101, 102, -1, -1, -1, -1, -1}));
}

// ---- tensor instructions

static float bf16_value(uint16_t b) {
    const uint32_t bits = uint32_t(b) << 16;
    float v;
    std::memcpy(&v, &bits, 4);
    return v;
}
static float f16_value(uint16_t h) {  // from the definition
    const int exponent = h >> 10 & 31, fraction = h & 1023;
    const float sign = h & 0x8000 ? -1.0f : 1.0f;
    if (exponent == 31) return fraction == 0 ? sign * INFINITY : NAN;
    return sign * (exponent == 0 ? std::ldexp(float(fraction), -24) : std::ldexp(float(1024 + fraction), exponent - 25));
}

TEST(products_of_fragments) {
    for (const bool brain : {false, true}) {
        std::vector<uint16_t> a(256), b(128);
        uint32_t random = 12345;
        auto draw = [&] {
            random = random * 1664525u + 1013904223u;
            const int v = int(random >> 24) - 128;  // small integers: exact in both formats and in every order of sums
            return brain ? uint16_t([&] { float f = float(v); uint32_t u; std::memcpy(&u, &f, 4); return u >> 16; }()) : uint16_t([&] {
                for (uint32_t h = 0; h < 65536; ++h) {
                    if (f16_value(uint16_t(h)) == float(v)) return h;
                }
                return 0u;
            }());
        };
        for (uint16_t& v : a) v = draw();
        for (uint16_t& v : b) v = draw();
        const Buffer<uint16_t> da(a), db(b);
        const Buffer<float> dc(128);
        OK(launch(brain ? "selftest_product_bf16" : "selftest_product_f16", {1, 32}, da.address, db.address, dc.address));
        const std::vector<float> got = dc.read();
        for (size_t i = 0; i < 16; ++i) {
            for (size_t j = 0; j < 8; ++j) {
                float expected = 0;
                for (size_t k = 0; k < 16; ++k) {
                    expected += brain ? bf16_value(a[i * 16 + k]) * bf16_value(b[k * 8 + j]) : f16_value(a[i * 16 + k]) * f16_value(b[k * 8 + j]);
                }
                EQUAL(expected, got[i * 8 + j]);
            }
        }
    }
    const Buffer<uint16_t> a(256), b(128);
    const Buffer<float> c(128);
    FAILS(CUDA_ERROR_LAUNCH_FAILED, "lanes have returned", launch("selftest_product_f16", {1, 16}, a.address, b.address, c.address));
}

TEST(warpgroup_products_come_with_their_wait) {
    uint32_t state = 11;
    const auto whole = [&] { return int32_t(state = state * 1664525u + 1013904223u) >> 28; };  // -8 to 7: exact in both types
    for (const bool brain : {false, true}) {
        std::vector<float> fa(64 * 64), fb(64 * 128), start(64 * 128);
        std::vector<uint16_t> a(fa.size()), b(fb.size());
        const auto bits = [&](const float v) {
            uint32_t u;
            std::memcpy(&u, &v, 4);
            if (brain) return uint16_t(u >> 16);
            return u << 1 == 0 ? uint16_t(u >> 16) : uint16_t((u >> 16 & 0x8000) | (((u >> 13) - (112u << 10)) & 0x7FFF));
        };
        for (size_t i = 0; i < a.size(); ++i) a[i] = bits(fa[i] = float(whole()));
        for (size_t i = 0; i < b.size(); ++i) b[i] = bits(fb[i] = float(whole()));
        for (float& v : start) v = float(whole()) / 4;
        const Buffer<uint16_t> da(a), db(b);
        const Buffer<float> ds(start), dc(start.size()), de(start.size());
        for (const int32_t way : {1, 6, 8}) {  // stored, written again, copied by threads
            OK(launch("selftest_warpgroup_product", {1, 128, 16 << 10}, da.address, db.address, ds.address, dc.address, de.address,
                      int32_t(brain), way, 0));
            const std::vector<float> got = dc.read(), early = de.read();
            for (size_t r = 0; r < 64; ++r) {
                for (size_t c = 0; c < 128; ++c) {
                    float sum = start[r * 128 + c];
                    for (size_t k = 0; k < 64; ++k) {
                        if (k == 32) EQUAL(sum, early[r * 128 + c]);  // the first group only
                        sum += fa[r * 64 + k] * fb[k * 128 + c];
                    }
                    EQUAL(sum, got[r * 128 + c]);
                }
            }
        }
        const auto again = [&](const int32_t way, const int32_t offset) {
            return launch("selftest_warpgroup_product", {1, 128, 16 << 10}, da.address, db.address, ds.address, dc.address, de.address,
                          int32_t(brain), way, offset);
        };
        FAILS(CUDA_ERROR_LAUNCH_FAILED, "without wgmma_fence", again(0, 0));
        FAILS(CUDA_ERROR_MISALIGNED_ADDRESS, "multiple of 1024", again(1, 512));
        FAILS(CUDA_ERROR_LAUNCH_FAILED, "stored without proxy_fence", again(2, 0));
        FAILS(CUDA_ERROR_LAUNCH_FAILED, "stored without proxy_fence", again(3, 0));
        FAILS(CUDA_ERROR_LAUNCH_FAILED, "without a barrier in between", again(4, 0));
        FAILS(CUDA_ERROR_LAUNCH_FAILED, "by other means", again(5, 0));
        FAILS(CUDA_ERROR_LAUNCH_FAILED, "stored without proxy_fence", again(7, 0));
        FAILS(CUDA_ERROR_LAUNCH_FAILED, "stored without proxy_fence", again(9, 0));
        FAILS(CUDA_ERROR_LAUNCH_FAILED, "stored without proxy_fence", again(10, 0));
    }
}

TEST(fast_activations_keep_the_bounds_of_their_header) {
    std::vector<float> in;
    for (float x = -40; x <= 40; x += 1.0f / 1024) in.push_back(x);
    for (float x = 1e-30f; x < 1; x *= 1.25f) in.insert(in.end(), {x, -x});
    in.insert(in.end(), {0.0f, 1e4f, -1e4f, 8.0f, -8.0f});
    const int32_t count = int32_t(in.size());
    const Buffer<float> values(in), results(in.size() * 6);
    OK(launch("selftest_fast", {1, 64}, values.address, results.address, count));
    const std::vector<float> got = results.read();
    const double e = std::ldexp(1.0, -11);
    for (size_t i = 0; i < in.size(); ++i) {
        const double x = in[i], a = std::fabs(x), cdf = 0.5 * std::erfc(-x / std::sqrt(2.0)), silu = x / (1 + std::exp(-x));
        const double expected[] = {silu, silu, std::tanh(x), std::sin(x), std::log1p(std::exp(-a)) + (x > 0 ? x : 0), x * cdf};
        const double bound[] = {a * e / 2, a * e / 2, std::fabs(expected[2]) * e, std::ldexp(1.0, -20) + a * std::ldexp(1.0, -24),
                                std::ldexp(1.0, -21) + a * std::ldexp(1.0, -23), a * e / 2 + 2.6e-5};
        for (size_t k = 0; k < 6; ++k) HOLDS(std::fabs(double(got[k * in.size() + i]) - expected[k]) <= bound[k]);
    }
}

TEST(conversions_round_to_nearest_even) {
    const Buffer<float> half(65536), brain(65536);
    OK(launch("selftest_widen", {1, 64}, half.address, brain.address));
    const std::vector<float> halves = half.read(), brains = brain.read();
    for (uint32_t h = 0; h < 65536; ++h) {
        const float eh = f16_value(uint16_t(h)), eb = bf16_value(uint16_t(h));
        HOLDS(std::isnan(eh) ? std::isnan(halves[h]) : std::memcmp(&eh, &halves[h], 4) == 0);
        HOLDS(std::memcmp(&eb, &brains[h], 4) == 0);
    }
    // every tie between neighbours, and one ulp of f32 to either side of it
    std::vector<float> in;
    std::vector<uint16_t> expected_half, expected_brain;
    for (uint32_t h = 0; h < 0x7C00; ++h) {
        const float lo = f16_value(uint16_t(h)), hi = h + 1 == 0x7C00 ? 65536.0f : f16_value(uint16_t(h + 1));
        const float tie = float((double(lo) + double(hi)) / 2);
        for (const int sign : {1, -1}) {
            const uint16_t bit = sign < 0 ? 0x8000 : 0;
            in.insert(in.end(), {sign * std::nextafter(tie, 0.0f), sign * tie, sign * std::nextafter(tie, INFINITY)});
            expected_half.insert(expected_half.end(), {uint16_t(bit | h), uint16_t(bit | (h % 2 == 0 ? h : h + 1)), uint16_t(bit | (h + 1))});
        }
    }
    const size_t ties = in.size();
    const Buffer<float> values(in), half_back(ties), brain_back(ties);
    const Buffer<uint16_t> h(ties), b(ties);
    OK(launch("selftest_round", {1, 32}, values.address, h.address, b.address, half_back.address, brain_back.address, int32_t(ties)));
    const std::vector<uint16_t> got = h.read(), got_brain = b.read();
    for (size_t i = 0; i < ties; ++i) {
        EQUAL(expected_half[i], got[i]);
        // bf16: no neighbour is nearer, and a tie goes to the even one
        const double error = std::fabs(double(bf16_value(got_brain[i])) - double(in[i]));
        for (const int step : {-1, 1}) {
            const double other = std::fabs(double(bf16_value(uint16_t(got_brain[i] + step))) - double(in[i]));
            HOLDS(error < other || (error == other && got_brain[i] % 2 == 0) || std::isnan(other));
        }
    }
}

TEST(asynchronous_copies_land_at_their_wait) {
    std::vector<uint32_t> values(64);
    for (uint32_t i = 0; i < 64; ++i) values[i] = 1000 + i;
    const Buffer<uint32_t> from(values), out(96);
    OK(launch("selftest_async_copies", {1, 32}, from.address, out.address));
    const std::vector<uint32_t> got = out.read();
    for (uint32_t i = 0; i < 32; ++i) {
        EQUAL(1031 - i, got[i]);
        EQUAL(0xFFFFFFFFu, got[32 + i]);
        EQUAL(i % 2 == 0 ? 1032 + i : 0u, got[64 + i]);
    }
}
