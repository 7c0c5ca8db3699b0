// Streams, events, copies, graphs, faults; at once, as late as the rules allow, and at random moments between.
#include <cstring>
#include <set>
#include <thread>

#include "harness.h"

using namespace selftest;

static void early_and_late(const std::function<void(bool)>& run) {
    tw_emu_streams("eager", 0);
    run(false);
    tw_emu_streams("late", 0);
    run(true);
    tw_emu_streams("eager", 0);
}

static void at_random_moments(int seeds, const std::function<void()>& run) {
    for (int seed = 1; seed <= seeds; ++seed) {
        tw_emu_streams("random", uint64_t(seed));
        run();
    }
    tw_emu_streams("eager", 0);
}

// What must come out whenever the streams run.
static void at_every_moment(const std::function<void()>& run) {
    early_and_late([&](bool) { run(); });
    at_random_moments(20, run);
}

struct OnStream {
    explicit OnStream(unsigned int flags = 1) { OK(cuStreamCreate(&handle, flags)); }
    ~OnStream() { cuStreamDestroy_v2(handle); }
    CUstream handle = nullptr;
};
struct AnEvent {
    explicit AnEvent(unsigned int flags = 0) { OK(cuEventCreate(&handle, flags)); }
    ~AnEvent() { cuEventDestroy_v2(handle); }
    CUevent handle = nullptr;
};

TEST(streams_run_in_order) {
    at_every_moment([] {
        const OnStream s;
        const Buffer<float> x(std::vector<float>(100, 0.0f));
        for (int i = 0; i < 5; ++i) OK(launch("selftest_add_one", {1, 128, 0, s.handle}, x.address, int64_t(100)));
        std::vector<float> got(100);
        OK(cuMemcpyDtoHAsync_v2(got.data(), x.address, 400, s.handle));
        OK(cuStreamSynchronize(s.handle));
        for (const float v : got) EQUAL(5.0f, v);
    });
}

TEST(late_streams_show_a_missing_wait) {
    early_and_late([](bool late) {
        const OnStream s;
        const Buffer<float> x(std::vector<float>(10, 0.0f));
        OK(launch("selftest_add_one", {1, 32, 0, s.handle}, x.address, int64_t(10)));
        OK(cuStreamQuery(s.handle));  // polling makes the one launch happen
        float source = 7;
        OK(cuMemcpyHtoDAsync_v2(x.address, &source, 4, s.handle));
        source = 8;  // before the wait: a late copy reads this
        OK(cuStreamSynchronize(s.handle));
        EQUAL(late ? 8.0f : 7.0f, x.read()[0]);
    });
}

TEST(random_moments_lie_on_both_sides_of_every_call) {
    // a copy reads its source when it runs: by then the host has written 7, 8 or 9
    std::set<float> seen;
    const int64_t once = tw_emu_stat("atOnce"), between = tw_emu_stat("between"), waited = tw_emu_stat("atWait");
    at_random_moments(40, [&] {
        const OnStream s;
        const Buffer<float> x(1);
        float source = 7;
        OK(cuMemcpyHtoDAsync_v2(x.address, &source, 4, s.handle));
        source = 8;
        size_t free = 0, total = 0;
        OK(cuMemGetInfo_v2(&free, &total));  // any call: the stream may go on meanwhile
        source = 9;
        OK(cuStreamSynchronize(s.handle));
        seen.insert(x.read()[0]);
    });
    HOLDS((seen == std::set<float>{7, 8, 9}));
    HOLDS(tw_emu_stat("atOnce") > once);
    HOLDS(tw_emu_stat("between") > between);
    HOLDS(tw_emu_stat("atWait") > waited);
}

TEST(random_moments_show_streams_that_nothing_orders) {
    std::set<float> seen, ordered;
    at_random_moments(40, [&] {
        const OnStream a, b;
        const AnEvent event(2);
        const Buffer<float> x(std::vector<float>(1, 0.0f)), y(1);
        for (int i = 0; i < 3; ++i) OK(launch("selftest_add_one", {1, 32, 0, a.handle}, x.address, int64_t(1)));
        OK(cuEventRecord(event.handle, a.handle));
        OK(cuMemcpyDtoDAsync_v2(y.address, x.address, 4, b.handle));  // lacks a wait
        OK(cuStreamSynchronize(b.handle));
        seen.insert(y.read()[0]);
        OK(cuStreamWaitEvent(b.handle, event.handle, 0));
        OK(cuMemcpyDtoDAsync_v2(y.address, x.address, 4, b.handle));
        OK(cuStreamSynchronize(b.handle));
        ordered.insert(y.read()[0]);
    });
    HOLDS(seen.size() >= 3);
    HOLDS((ordered == std::set<float>{3}));
}

TEST(random_moments_order_a_graph_by_its_edges_only) {
    const Buffer<float> x(1), y(1);
    std::set<float> unordered, ordered;
    for (const bool edge : {false, true}) {
        CUgraph graph = nullptr;
        OK(cuGraphCreate(&graph, 0));
        CUgraphNode add = nullptr, copy = nullptr;
        CUdeviceptr address = x.address;
        int64_t count = 1;
        void* arguments[] = {&address, &count};
        CUDA_KERNEL_NODE_PARAMS_v2 kernel{function("selftest_add_one"), 1, 1, 1, 32, 1, 1, 0, arguments, nullptr, nullptr, nullptr};
        OK(cuGraphAddKernelNode_v2(&add, graph, nullptr, 0, &kernel));
        CUDA_MEMCPY3D box{};
        box.srcMemoryType = box.dstMemoryType = CU_MEMORYTYPE_DEVICE;
        box.srcDevice = x.address;
        box.dstDevice = y.address;
        box.WidthInBytes = 4;
        box.Height = box.Depth = 1;
        OK(cuGraphAddMemcpyNode(&copy, graph, &add, edge ? 1 : 0, &box, nullptr));
        CUgraphExec exec = nullptr;
        OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
        OK(cuGraphDestroy(graph));
        const OnStream s;
        at_random_moments(20, [&] {
            OK(cuMemsetD32Async(x.address, 0, 1, s.handle));
            OK(cuGraphLaunch(exec, s.handle));
            OK(cuStreamSynchronize(s.handle));
            (edge ? ordered : unordered).insert(y.read()[0]);
            EQUAL(1.0f, x.read()[0]);  // each node once
        });
        OK(cuGraphExecDestroy(exec));
    }
    HOLDS((unordered == std::set<float>{0, 1}));
    HOLDS((ordered == std::set<float>{1}));
}

TEST(what_fails_while_nobody_waits_is_told_at_the_next_wait) {
    at_random_moments(10, [] {
        const OnStream s;
        const Buffer<int32_t> out(64);
        CUresult code = launch("selftest_two_barriers", {1, 64, 0, s.handle}, out.address);
        if (code == CUDA_SUCCESS) code = cuStreamSynchronize(s.handle);
        EQUAL(CUDA_ERROR_LAUNCH_FAILED, code);
        tw_emu_reset();
        OK(cuStreamSynchronize(s.handle));
    });
}

TEST(destroying_a_stream_does_not_wait_for_it) {
    early_and_late([](bool late) {
        const Buffer<float> x(std::vector<float>(10, 0.0f));
        CUstream a = nullptr;
        const OnStream b;
        OK(cuStreamCreate(&a, 1));
        OK(launch("selftest_add_one", {1, 32, 0, a}, x.address, int64_t(10)));
        OK(cuStreamDestroy_v2(a));
        float got = -1;
        OK(cuMemcpyDtoHAsync_v2(&got, x.address, 4, b.handle));
        OK(cuStreamSynchronize(b.handle));
        EQUAL(late ? 0.0f : 1.0f, got);
        OK(cuCtxSynchronize());
        EQUAL(1.0f, x.read()[0]);
    });
}

TEST(events_order_streams) {
    at_every_moment([] {
        const OnStream a, b;
        const AnEvent event(2);
        const Buffer<float> x(std::vector<float>(10, 0.0f)), y(10);
        OK(launch("selftest_add_one", {1, 32, 0, a.handle}, x.address, int64_t(10)));
        OK(cuEventRecord(event.handle, a.handle));
        OK(cuStreamWaitEvent(b.handle, event.handle, 0));
        OK(cuMemcpyDtoDAsync_v2(y.address, x.address, 40, b.handle));
        OK(cuStreamSynchronize(b.handle));
        std::vector<float> got(10);
        OK(cuMemcpyDtoHAsync_v2(got.data(), y.address, 40, b.handle));
        OK(cuStreamSynchronize(b.handle));
        EQUAL(1.0f, got[9]);
        OK(cuEventSynchronize(event.handle));
        OK(cuEventQuery(event.handle));
    });
}

TEST(events_measure) {
    const OnStream s;
    const AnEvent from, to, untimed(2);
    const Buffer<int32_t> out(64);
    OK(cuEventRecord(from.handle, s.handle));
    OK(launch("selftest_many_barriers", {1, 64, 0, s.handle}, out.address, 1000));
    OK(cuEventRecord(to.handle, s.handle));
    OK(cuEventRecord(untimed.handle, s.handle));
    OK(cuStreamSynchronize(s.handle));
    float milliseconds = 0;
    OK(cuEventElapsedTime(&milliseconds, from.handle, to.handle));
    HOLDS(milliseconds > 0 && milliseconds < 10000);
    EQUAL(CUDA_ERROR_INVALID_HANDLE, cuEventElapsedTime(&milliseconds, from.handle, untimed.handle));
}

TEST(the_legacy_stream_waits_for_blocking_streams) {
    at_every_moment([] {
        const OnStream s(0);
        const Buffer<float> x(std::vector<float>(10, 0.0f));
        OK(launch("selftest_add_one", {1, 32, 0, s.handle}, x.address, int64_t(10)));
        EQUAL(1.0f, x.read()[0]);
    });
}

TEST(host_functions_run_in_order) {
    at_every_moment([] {
        const OnStream s;
        int seen = 0;
        OK(cuLaunchHostFunc(s.handle, [](void* user) { *static_cast<int*>(user) = 5; }, &seen));
        OK(cuStreamSynchronize(s.handle));
        EQUAL(5, seen);
    });
}

TEST(fills_and_boxes) {
    const Buffer<uint8_t> b(64);
    OK(cuMemsetD8_v2(b.address, 1, 64));
    OK(cuMemsetD16_v2(b.address + 2, 0x0302, 2));
    OK(cuMemsetD32_v2(b.address + 8, 0x07060504, 1));
    std::vector<uint8_t> got = b.read();
    const uint8_t expected[12] = {1, 1, 2, 3, 2, 3, 1, 1, 4, 5, 6, 7};
    HOLDS(std::memcmp(expected, got.data(), 12) == 0);
    EQUAL(CUDA_ERROR_INVALID_VALUE, cuMemsetD32_v2(b.address + 2, 0, 1));
    EQUAL(CUDA_ERROR_INVALID_VALUE, cuMemsetD8_v2(b.address, 0, 65));
    OK(cuMemsetD2D8_v2(b.address + 1, 16, 9, 3, 4));
    got = b.read();
    for (size_t i = 0; i < 64; ++i) HOLDS((got[i] == 9) == (i % 16 >= 1 && i % 16 < 4));
    uint8_t out[6] = {};
    CUDA_MEMCPY2D c{};
    c.srcMemoryType = CU_MEMORYTYPE_DEVICE;
    c.srcDevice = b.address;
    c.srcPitch = 16;
    c.srcXInBytes = 2;
    c.srcY = 1;
    c.dstMemoryType = CU_MEMORYTYPE_HOST;
    c.dstHost = out;
    c.dstPitch = 3;
    c.WidthInBytes = 3;
    c.Height = 2;
    OK(cuMemcpy2D_v2(&c));
    const uint8_t box[6] = {9, 9, got[20], 9, 9, got[36]};
    HOLDS(std::memcmp(box, out, 6) == 0);
}

TEST(captured_graphs_replay) {
    at_every_moment([] {
        const OnStream s;
        const Buffer<float> x(10), y(10);
        OK(cuMemsetD32_v2(x.address, 0, 10));
        CUgraph graph = nullptr;
        int status = 0;
        OK(cuStreamBeginCapture_v2(s.handle, 0));
        OK(cuStreamIsCapturing(s.handle, &status));
        EQUAL(1, status);
        OK(launch("selftest_add_one", {1, 32, 0, s.handle}, x.address, int64_t(10)));
        OK(cuMemsetD32Async(y.address, 0, 10, s.handle));
        OK(cuMemcpyDtoDAsync_v2(y.address, x.address, 20, s.handle));
        OK(cuStreamEndCapture(s.handle, &graph));
        EQUAL(0.0f, x.read()[0]);  // nothing ran
        size_t nodes = 0, edges = 0;
        OK(cuGraphGetNodes(graph, nullptr, &nodes));
        OK(cuGraphGetEdges(graph, nullptr, nullptr, &edges));
        EQUAL(size_t(3), nodes);
        EQUAL(size_t(2), edges);
        CUgraphNode list[3];
        OK(cuGraphGetNodes(graph, list, &nodes));
        for (int i = 0; i < 3; ++i) {
            int type = -1;
            OK(cuGraphNodeGetType(list[i], &type));
            EQUAL((i == 0 ? 0 : i == 1 ? 2 : 1), type);
        }
        CUgraphExec exec = nullptr;
        OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
        OK(cuGraphDestroy(graph));
        for (int i = 0; i < 3; ++i) OK(cuGraphLaunch(exec, s.handle));
        OK(cuStreamSynchronize(s.handle));
        EQUAL(3.0f, x.read()[0]);
        EQUAL(3.0f, y.read()[4]);
        EQUAL(0.0f, y.read()[5]);
        OK(cuGraphExecDestroy(exec));
    });
}

TEST(captures_fork_and_join) {
    const OnStream a, b;
    const AnEvent fork(2), join(2);
    const Buffer<float> x(std::vector<float>(10, 0.0f)), y(std::vector<float>(10, 0.0f));
    CUgraph graph = nullptr;
    OK(cuStreamBeginCapture_v2(a.handle, 0));
    OK(cuEventRecord(fork.handle, a.handle));
    OK(cuStreamWaitEvent(b.handle, fork.handle, 0));
    OK(launch("selftest_add_one", {1, 32, 0, b.handle}, y.address, int64_t(10)));
    OK(launch("selftest_add_one", {1, 32, 0, a.handle}, x.address, int64_t(10)));
    OK(cuEventRecord(join.handle, b.handle));
    EQUAL(CUDA_ERROR_CAPTURED_EVENT, cuEventQuery(join.handle));
    OK(cuStreamWaitEvent(a.handle, join.handle, 0));
    OK(cuStreamEndCapture(a.handle, &graph));
    size_t nodes = 0, edges = 0;
    OK(cuGraphGetNodes(graph, nullptr, &nodes));
    OK(cuGraphGetEdges(graph, nullptr, nullptr, &edges));
    EQUAL(size_t(2), nodes);
    EQUAL(size_t(0), edges);
    OK(cuGraphDestroy(graph));
    // not joined
    OK(cuStreamBeginCapture_v2(a.handle, 0));
    OK(cuEventRecord(fork.handle, a.handle));
    OK(cuStreamWaitEvent(b.handle, fork.handle, 0));
    OK(launch("selftest_add_one", {1, 32, 0, b.handle}, y.address, int64_t(10)));
    EQUAL(CUDA_ERROR_STREAM_CAPTURE_UNJOINED, cuStreamEndCapture(a.handle, &graph));
    HOLDS(graph == nullptr);
}

TEST(captures_refuse_what_cannot_be_captured) {
    const OnStream s;
    const Buffer<float> x(10);
    CUgraph graph = nullptr;
    EQUAL(CUDA_ERROR_ILLEGAL_STATE, cuStreamEndCapture(s.handle, &graph));
    OK(cuStreamBeginCapture_v2(s.handle, 0));
    EQUAL(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuStreamSynchronize(s.handle));
    EQUAL(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(s.handle, &graph));
    OK(cuStreamBeginCapture_v2(s.handle, 0));
    CUdeviceptr p = 0;
    EQUAL(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuMemAlloc_v2(&p, 16));
    EQUAL(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(s.handle, &graph));
    OK(cuStreamBeginCapture_v2(s.handle, 0));
    float v = 0;
    EQUAL(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, cuMemcpyDtoH_v2(&v, x.address, 4));
    EQUAL(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(s.handle, &graph));
    OK(cuStreamBeginCapture_v2(s.handle, 2));  // relaxed: allocation is the caller's business
    OK(cuMemAlloc_v2(&p, 16));
    OK(cuStreamEndCapture(s.handle, &graph));
    OK(cuMemFree_v2(p));
    OK(cuGraphDestroy(graph));
    EQUAL(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuStreamBeginCapture_v2(nullptr, 0));
}

TEST(graphs_by_hand) {
    const Buffer<float> x(10), y(10);
    CUgraph graph = nullptr;
    OK(cuGraphCreate(&graph, 0));
    CUgraphNode fill = nullptr, add = nullptr, copy = nullptr;
    CUDA_MEMSET_NODE_PARAMS zero{x.address, 0, 0, 4, 10, 1};
    OK(cuGraphAddMemsetNode(&fill, graph, nullptr, 0, &zero, nullptr));
    CUdeviceptr address = x.address;
    int64_t count = 10;
    void* arguments[] = {&address, &count};
    CUDA_KERNEL_NODE_PARAMS_v2 kernel{function("selftest_add_one"), 1, 1, 1, 32, 1, 1, 0, arguments, nullptr, nullptr, nullptr};
    OK(cuGraphAddKernelNode_v2(&add, graph, &fill, 1, &kernel));
    CUDA_MEMCPY3D box{};
    box.srcMemoryType = box.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    box.srcDevice = x.address;
    box.dstDevice = y.address;
    box.WidthInBytes = 40;
    box.Height = box.Depth = 1;
    OK(cuGraphAddMemcpyNode(&copy, graph, &add, 1, &box, nullptr));
    CUgraphExec exec = nullptr;
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    OK(cuGraphLaunch(exec, nullptr));
    OK(cuCtxSynchronize());
    EQUAL(1.0f, y.read()[9]);
    OK(cuGraphExecDestroy(exec));
    OK(cuGraphDestroy(graph));
}

TEST(handles_are_checked) {
    CUstream s = nullptr;
    OK(cuStreamCreate(&s, 1));
    OK(cuStreamDestroy_v2(s));
    EQUAL(CUDA_ERROR_INVALID_HANDLE, cuStreamSynchronize(s));
    EQUAL(CUDA_ERROR_INVALID_HANDLE, cuStreamDestroy_v2(s));
    CUevent e = nullptr;
    OK(cuEventCreate(&e, 0));
    OK(cuEventDestroy_v2(e));
    EQUAL(CUDA_ERROR_INVALID_HANDLE, cuEventQuery(e));
    EQUAL(CUDA_ERROR_INVALID_HANDLE, cuModuleUnload(reinterpret_cast<CUmodule>(s)));
    CUfunction f = nullptr;
    CUmodule m = nullptr;
    OK(cuModuleLoadData(&m, "x"));
    EQUAL(CUDA_ERROR_NOT_FOUND, cuModuleGetFunction(&f, m, "no_such_kernel"));
    OK(cuModuleUnload(m));
    EQUAL(CUDA_ERROR_INVALID_HANDLE, cuModuleGetFunction(&f, m, "rows_assign"));
}

TEST(contexts_are_per_thread) {
    CUresult without = CUDA_SUCCESS;
    std::thread([&] {
        CUdeviceptr p = 0;
        without = cuMemAlloc_v2(&p, 16);
    }).join();
    EQUAL(CUDA_ERROR_INVALID_CONTEXT, without);
}

TEST(threads_share_the_device) {
    CUcontext context = nullptr;
    OK(cuDevicePrimaryCtxRetain(&context, 0));
    std::vector<std::thread> threads;
    std::vector<float> results(8);
    for (size_t t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            cuCtxSetCurrent(context);
            CUstream s = nullptr;
            cuStreamCreate(&s, 1);
            CUdeviceptr x = 0;
            cuMemAlloc_v2(&x, 4000);
            cuMemsetD32Async(x, 0, 1000, s);
            for (int i = 0; i < 50; ++i) launch("selftest_add_one", {4, 256, 0, s}, x, int64_t(1000));
            cuMemcpyDtoHAsync_v2(&results[t], x + 3996, 4, s);
            cuStreamSynchronize(s);
            cuMemFree_v2(x);
            cuStreamDestroy_v2(s);
        });
    }
    for (std::thread& t : threads) t.join();
    for (const float r : results) EQUAL(50.0f, r);
    OK(cuDevicePrimaryCtxRelease_v2(0));
}

TEST(faults_are_injected) {
    CUdeviceptr p = 0, q = 0;
    tw_emu_fail("cuMemAlloc_v2", 2, CUDA_ERROR_OUT_OF_MEMORY, 0);
    OK(cuMemAlloc_v2(&p, 16));
    EQUAL(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc_v2(&q, 16));
    OK(cuMemAlloc_v2(&q, 16));
    OK(cuMemFree_v2(p));
    OK(cuMemFree_v2(q));
    tw_emu_fail("cuMemAlloc_v2", 1, CUDA_ERROR_OUT_OF_MEMORY, 1);
    EQUAL(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc_v2(&q, 16));
    EQUAL(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc_v2(&q, 16));
    tw_emu_reset();
    OK(cuMemAlloc_v2(&q, 16));
    OK(cuMemFree_v2(q));
    tw_emu_fail("*", 3, CUDA_ERROR_ECC_UNCORRECTABLE, 0);
    OK(cuCtxSynchronize());
    OK(cuCtxSynchronize());
    EQUAL(CUDA_ERROR_ECC_UNCORRECTABLE, cuCtxSynchronize());
    EQUAL(CUDA_ERROR_ECC_UNCORRECTABLE, cuCtxSynchronize());  // it sticks
    tw_emu_reset();
    OK(cuCtxSynchronize());
    HOLDS(tw_emu_stat("injected") >= 4);
    HOLDS(tw_emu_stat("cuMemAlloc_v2") >= 5);
    EQUAL(-1, tw_emu_stat("nothing"));
}
