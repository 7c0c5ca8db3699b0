// harness.h — a test is a function in a list; a check that fails prints the place and the two values.
#pragma once
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "emulator/api.h"
#include "emulator/control.h"

extern "C" {
CUresult cuInit(unsigned int);
CUresult cuDevicePrimaryCtxRetain(CUcontext*, CUdevice);
CUresult cuDevicePrimaryCtxRelease_v2(CUdevice);
CUresult cuCtxSetCurrent(CUcontext);
CUresult cuCtxSynchronize();
CUresult cuDeviceGetAttribute(int*, int, CUdevice);
CUresult cuModuleLoadData(CUmodule*, const void*);
CUresult cuModuleUnload(CUmodule);
CUresult cuModuleGetFunction(CUfunction*, CUmodule, const char*);
CUresult cuFuncSetAttribute(CUfunction, int, int);
CUresult cuFuncGetAttribute(int*, int, CUfunction);
CUresult cuLaunchKernel(CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream, void**, void**);
CUresult cuLaunchCooperativeKernel(CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream, void**);
CUresult cuMemAlloc_v2(CUdeviceptr*, size_t);
CUresult cuMemFree_v2(CUdeviceptr);
CUresult cuMemGetInfo_v2(size_t*, size_t*);
CUresult cuMemGetAddressRange_v2(CUdeviceptr*, size_t*, CUdeviceptr);
CUresult cuMemHostAlloc(void**, size_t, unsigned);
CUresult cuMemFreeHost(void*);
CUresult cuPointerGetAttribute(void*, int, CUdeviceptr);
CUresult cuMemcpyHtoD_v2(CUdeviceptr, const void*, size_t);
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr, const void*, size_t, CUstream);
CUresult cuMemcpyDtoH_v2(void*, CUdeviceptr, size_t);
CUresult cuMemcpyDtoHAsync_v2(void*, CUdeviceptr, size_t, CUstream);
CUresult cuMemcpyDtoD_v2(CUdeviceptr, CUdeviceptr, size_t);
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr, CUdeviceptr, size_t, CUstream);
CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D*);
CUresult cuMemsetD8_v2(CUdeviceptr, unsigned char, size_t);
CUresult cuMemsetD16_v2(CUdeviceptr, unsigned short, size_t);
CUresult cuMemsetD32_v2(CUdeviceptr, unsigned int, size_t);
CUresult cuMemsetD32Async(CUdeviceptr, unsigned int, size_t, CUstream);
CUresult cuMemsetD2D8_v2(CUdeviceptr, size_t, unsigned char, size_t, size_t);
CUresult cuStreamCreate(CUstream*, unsigned);
CUresult cuStreamDestroy_v2(CUstream);
CUresult cuStreamSynchronize(CUstream);
CUresult cuStreamQuery(CUstream);
CUresult cuStreamWaitEvent(CUstream, CUevent, unsigned);
CUresult cuLaunchHostFunc(CUstream, CUhostFn, void*);
CUresult cuStreamBeginCapture_v2(CUstream, int);
CUresult cuStreamEndCapture(CUstream, CUgraph*);
CUresult cuStreamIsCapturing(CUstream, int*);
CUresult cuEventCreate(CUevent*, unsigned);
CUresult cuEventDestroy_v2(CUevent);
CUresult cuEventRecord(CUevent, CUstream);
CUresult cuEventQuery(CUevent);
CUresult cuEventSynchronize(CUevent);
CUresult cuEventElapsedTime(float*, CUevent, CUevent);
CUresult cuGraphCreate(CUgraph*, unsigned);
CUresult cuGraphDestroy(CUgraph);
CUresult cuGraphGetNodes(CUgraph, CUgraphNode*, size_t*);
CUresult cuGraphGetEdges(CUgraph, CUgraphNode*, CUgraphNode*, size_t*);
CUresult cuGraphNodeGetType(CUgraphNode, int*);
CUresult cuGraphAddKernelNode_v2(CUgraphNode*, CUgraph, const CUgraphNode*, size_t, const CUDA_KERNEL_NODE_PARAMS_v2*);
CUresult cuGraphAddMemsetNode(CUgraphNode*, CUgraph, const CUgraphNode*, size_t, const CUDA_MEMSET_NODE_PARAMS*, CUcontext);
CUresult cuGraphAddMemcpyNode(CUgraphNode*, CUgraph, const CUgraphNode*, size_t, const CUDA_MEMCPY3D*, CUcontext);
CUresult cuGraphInstantiateWithFlags(CUgraphExec*, CUgraph, unsigned long long);
CUresult cuGraphExecDestroy(CUgraphExec);
CUresult cuGraphLaunch(CUgraphExec, CUstream);
CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int*, CUfunction, int, size_t);
CUresult cuGetErrorName(CUresult, const char**);
}

namespace selftest {

// Under AddressSanitizer the process stops at a bad access: tests of bad accesses say so and return.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool SANITIZED = true;
#else
constexpr bool SANITIZED = false;
#endif

struct Test {
    const char* name;
    std::function<void()> run;
};
std::vector<Test>& tests();
struct Listed {
    Listed(const char* name, std::function<void()> run) { tests().push_back({name, std::move(run)}); }
};
#define TEST(name)                                        \
    static void name();                                   \
    static const selftest::Listed name##_listed{#name, &name}; \
    static void name()

extern int checks, failures;
std::string text(CUresult code);
inline std::string text(const std::string& v) { return v; }
inline std::string text(const char* v) { return v; }
template <class T>
std::string text(T v) {
    return std::to_string(v);
}

template <class A, class B>
void equal(const A& expected, const B& actual, const char* expression, const char* file, int line) {
    ++checks;
    if (expected == actual) return;
    if (++failures > 20) return;
    std::printf("  %s:%d: %s is %s, not %s\n", file, line, expression, text(actual).c_str(), text(expected).c_str());
}
inline void holds(bool condition, const char* expression, const char* file, int line) {
    ++checks;
    if (condition) return;
    if (++failures > 20) return;
    std::printf("  %s:%d: not true: %s\n", file, line, expression);
}
#define EQUAL(expected, actual) selftest::equal(expected, actual, #actual, __FILE__, __LINE__)
#define HOLDS(condition) selftest::holds(condition, #condition, __FILE__, __LINE__)
#define OK(call) EQUAL(CUDA_SUCCESS, call)

// Device memory that frees itself; upload and download whole.
template <class T>
struct Buffer {
    explicit Buffer(size_t count) : count(count) { OK(cuMemAlloc_v2(&address, count * sizeof(T))); }
    Buffer(const std::vector<T>& values) : Buffer(values.size()) { write(values); }
    ~Buffer() { cuMemFree_v2(address); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    void write(const std::vector<T>& values) { OK(cuMemcpyHtoD_v2(address, values.data(), values.size() * sizeof(T))); }
    std::vector<T> read() const {
        std::vector<T> values(count);
        OK(cuMemcpyDtoH_v2(values.data(), address, count * sizeof(T)));
        return values;
    }
    size_t count;
    CUdeviceptr address = 0;
};

CUfunction function(const char* name);

struct Shape {
    unsigned int grid = 1, block = 1, shared = 0;
    CUstream stream = nullptr;
};
template <class... A>
CUresult launch(const char* name, Shape shape, A... arguments) {
    void* pointers[] = {&arguments..., nullptr};
    return cuLaunchKernel(function(name), shape.grid, 1, 1, shape.block, 1, 1, shape.shared, shape.stream, pointers, nullptr);
}

// The launch must fail with that code and a report that says so; the context is repaired.
void failed(CUresult expected, CUresult actual, const char* words, const char* file, int line);
#define FAILS(code, words, call) selftest::failed(code, call, words, __FILE__, __LINE__)

}  // namespace selftest
