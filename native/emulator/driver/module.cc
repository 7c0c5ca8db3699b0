// Modules, functions and launches.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "../call.h"
#include "streams.h"

using namespace tw;

// Any image is accepted: the kernels are the ones compiled into this library.
static CUresult load(Call& call, CUmodule* module, const void* image) {
    TW_REQUIRE(module, CUDA_ERROR_INVALID_VALUE);
    TW_REQUIRE(image, CUDA_ERROR_INVALID_IMAGE);
    TW_REQUIRE(call.context->device->profile.major >= 8, CUDA_ERROR_NO_BINARY_FOR_GPU);  // the sources are compiled for sm_80 and later
    Module* const m = new Module;
    m->context = call.context;
    state().modules.insert(m);
    *module = m;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuModuleLoadData(CUmodule* module, const void* image) {
    TW_CALL(cuModuleLoadData, CONTEXT);
    TW_UNSAFE_IN_CAPTURE();
    return load(call, module, image);
}
TW_EXPORT CUresult cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned int, int*, void**) {
    TW_CALL(cuModuleLoadDataEx, CONTEXT);
    TW_UNSAFE_IN_CAPTURE();
    return load(call, module, image);
}
TW_EXPORT CUresult cuModuleLoadFatBinary(CUmodule* module, const void* image) {
    TW_CALL(cuModuleLoadFatBinary, CONTEXT);
    TW_UNSAFE_IN_CAPTURE();
    return load(call, module, image);
}
TW_EXPORT CUresult cuModuleLoad(CUmodule* module, const char* path) {
    TW_CALL(cuModuleLoad, CONTEXT);
    TW_UNSAFE_IN_CAPTURE();
    TW_REQUIRE(path, CUDA_ERROR_INVALID_VALUE);
    FILE* const file = std::fopen(path, "rb");
    TW_REQUIRE(file, CUDA_ERROR_FILE_NOT_FOUND);
    std::fclose(file);
    return load(call, module, path);
}

TW_EXPORT CUresult cuModuleUnload(CUmodule module) {
    TW_CALL(cuModuleUnload, CONTEXT);
    TW_REQUIRE(state().modules.count(module), CUDA_ERROR_INVALID_HANDLE);
    TW_UNSAFE_IN_CAPTURE();
    const CUresult code = drain_all(call.context);
    for (const auto& f : module->functions) state().functions.erase(f.second.get());
    state().modules.erase(module);
    delete module;
    return code;
}

TW_EXPORT CUresult cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
    TW_CALL(cuModuleGetFunction, CONTEXT);
    TW_REQUIRE(function && name, CUDA_ERROR_INVALID_VALUE);
    TW_REQUIRE(state().modules.count(module), CUDA_ERROR_INVALID_HANDLE);
    const KernelRecord* const kernel = find_kernel(name);
    TW_REQUIRE(kernel, CUDA_ERROR_NOT_FOUND);
    std::unique_ptr<Function>& slot = module->functions[name];
    if (!slot) {
        slot = std::make_unique<Function>(Function{kernel, module});
        state().functions.insert(slot.get());
    }
    *function = slot.get();
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuModuleGetGlobal_v2(CUdeviceptr*, size_t*, CUmodule module, const char* name) {
    TW_CALL(cuModuleGetGlobal_v2, CONTEXT);
    TW_REQUIRE(name, CUDA_ERROR_INVALID_VALUE);
    TW_REQUIRE(state().modules.count(module), CUDA_ERROR_INVALID_HANDLE);
    return CUDA_ERROR_NOT_FOUND;  // our kernels have no global variables
}

TW_EXPORT CUresult cuModuleGetLoadingMode(int* mode) {
    TW_CALL(cuModuleGetLoadingMode, INIT);
    TW_REQUIRE(mode, CUDA_ERROR_INVALID_VALUE);
    *mode = 1;
    return CUDA_SUCCESS;
}

// ---- functions

#define TW_FUNCTION(function) TW_REQUIRE(state().functions.count(function), CUDA_ERROR_INVALID_HANDLE)

TW_EXPORT CUresult cuFuncGetModule(CUmodule* module, CUfunction function) {
    TW_CALL(cuFuncGetModule, CONTEXT);
    TW_FUNCTION(function);
    TW_REQUIRE(module, CUDA_ERROR_INVALID_VALUE);
    *module = function->module;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuFuncGetAttribute(int* value, int attribute, CUfunction function) {
    TW_CALL(cuFuncGetAttribute, CONTEXT);
    TW_FUNCTION(function);
    TW_REQUIRE(value, CUDA_ERROR_INVALID_VALUE);
    const Profile& p = call.context->device->profile;
    switch (attribute) {
        case 0: *value = function->kernel->max_threads; break;
        case 1: *value = 0; break;  // static shared memory is known only when a launch meets it
        case 2: case 3: *value = 0; break;
        case 4: *value = 32; break;  // registers: there are none
        case 5: case 6: *value = 10 * p.major + p.minor; break;
        case 7: *value = 0; break;
        case 8: *value = function->dynamic_shared; break;
        case 9: *value = -1; break;
        case 10: case 11: case 12: case 13: case 14: case 15: *value = 0; break;
        default: return CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuFuncSetAttribute(CUfunction function, int attribute, int value) {
    TW_CALL(cuFuncSetAttribute, CONTEXT);
    TW_FUNCTION(function);
    if (attribute == 8) {
        TW_REQUIRE(value >= 0 && value <= call.context->device->profile.shared_per_block_optin, CUDA_ERROR_INVALID_VALUE);
        function->dynamic_shared = value;
        return CUDA_SUCCESS;
    }
    TW_REQUIRE(attribute == 9 && value >= -1 && value <= 100, CUDA_ERROR_INVALID_VALUE);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuFuncSetCacheConfig(CUfunction function, int) {
    TW_CALL(cuFuncSetCacheConfig, CONTEXT);
    TW_FUNCTION(function);
    return CUDA_SUCCESS;
}

static int occupancy(const Profile& p, const Function* function, int threads, size_t shared) {
    if (threads < 1 || threads > function->kernel->max_threads || shared > size_t(p.shared_per_block_optin)) return 0;
    const int warps = (threads + 31) / 32;
    const int by_threads = p.threads_per_processor / 32 / warps;
    const int by_shared = int(size_t(p.shared_per_processor) / (shared + 1024));
    return std::min(p.blocks_per_processor, std::min(by_threads, by_shared));
}

static CUresult max_active(int* blocks, CUfunction function, int threads, size_t shared, Call& call) {
    TW_FUNCTION(function);
    TW_REQUIRE(blocks && threads >= 1, CUDA_ERROR_INVALID_VALUE);
    *blocks = occupancy(call.context->device->profile, function, threads, shared);
    return CUDA_SUCCESS;
}
TW_EXPORT CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, CUfunction function, int threads, size_t shared) {
    TW_CALL(cuOccupancyMaxActiveBlocksPerMultiprocessor, CONTEXT);
    return max_active(blocks, function, threads, shared, call);
}
TW_EXPORT CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, CUfunction function, int threads, size_t shared, unsigned int) {
    TW_CALL(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags, CONTEXT);
    return max_active(blocks, function, threads, shared, call);
}

static CUresult best_block(int* grid, int* block, CUfunction function, size_t (*shared_of)(int), size_t shared, int limit, Call& call) {
    TW_FUNCTION(function);
    TW_REQUIRE(grid && block, CUDA_ERROR_INVALID_VALUE);
    const Profile& p = call.context->device->profile;
    int best = 0, best_threads = 0, best_blocks = 0;
    for (int threads = limit > 0 && limit < 1024 ? limit / 32 * 32 : 1024; threads >= 32; threads -= 32) {
        const int blocks = occupancy(p, function, threads, shared_of != nullptr ? shared_of(threads) : shared);
        if (blocks * threads > best) {
            best = blocks * threads;
            best_threads = threads;
            best_blocks = blocks;
        }
    }
    *grid = best_blocks * p.processors;
    *block = best_threads;
    return CUDA_SUCCESS;
}
TW_EXPORT CUresult cuOccupancyMaxPotentialBlockSize(int* grid, int* block, CUfunction function, size_t (*shared_of)(int), size_t shared, int limit) {
    TW_CALL(cuOccupancyMaxPotentialBlockSize, CONTEXT);
    return best_block(grid, block, function, shared_of, shared, limit, call);
}
TW_EXPORT CUresult cuOccupancyMaxPotentialBlockSizeWithFlags(int* grid, int* block, CUfunction function, size_t (*shared_of)(int), size_t shared,
                                                             int limit, unsigned int) {
    TW_CALL(cuOccupancyMaxPotentialBlockSizeWithFlags, CONTEXT);
    return best_block(grid, block, function, shared_of, shared, limit, call);
}
TW_EXPORT CUresult cuOccupancyAvailableDynamicSMemPerBlock(size_t* bytes, CUfunction function, int blocks, int threads) {
    TW_CALL(cuOccupancyAvailableDynamicSMemPerBlock, CONTEXT);
    TW_FUNCTION(function);
    TW_REQUIRE(bytes && blocks >= 1 && threads >= 1, CUDA_ERROR_INVALID_VALUE);
    const Profile& p = call.context->device->profile;
    *bytes = std::min(size_t(p.shared_per_block_optin), size_t(p.shared_per_processor / blocks - 1024));
    return CUDA_SUCCESS;
}

// ---- launches

// Takes the arguments' values now, as the driver does.
static CUresult arguments_of(const KernelRecord& kernel, void** parameters, void** extra, std::vector<uint64_t>* into) {
    const size_t count = std::strlen(kernel.kinds);
    into->assign(count, 0);
    auto bytes_of = [](char kind) { return kind == 'i' || kind == 'f' ? size_t(4) : size_t(8); };
    if (parameters != nullptr) {
        TW_REQUIRE(extra == nullptr, CUDA_ERROR_INVALID_VALUE);
        for (size_t i = 0; i < count; ++i) {
            if (parameters[i] == nullptr) {
                report(std::string(kernel.name) + " takes " + std::to_string(count) + " arguments; number " + std::to_string(i + 1) + " is missing");
                return CUDA_ERROR_INVALID_VALUE;
            }
            std::memcpy(&(*into)[i], parameters[i], bytes_of(kernel.kinds[i]));
        }
        return CUDA_SUCCESS;
    }
    if (extra == nullptr) return count == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
    const char* buffer = nullptr;
    size_t size = 0;
    for (void** e = extra; *e != nullptr; e += 2) {  // CU_LAUNCH_PARAM_END is null
        if (reinterpret_cast<uintptr_t>(*e) == 1) buffer = static_cast<const char*>(e[1]);
        if (reinterpret_cast<uintptr_t>(*e) == 2) size = *static_cast<size_t*>(e[1]);
    }
    size_t offset = 0;
    for (size_t i = 0; i < count; ++i) {
        const size_t bytes = bytes_of(kernel.kinds[i]);
        offset = (offset + bytes - 1) / bytes * bytes;
        TW_REQUIRE(buffer && offset + bytes <= size, CUDA_ERROR_INVALID_VALUE);
        std::memcpy(&(*into)[i], buffer + offset, bytes);
        offset += bytes;
    }
    if (offset != size) report(std::string(kernel.name) + " takes " + std::to_string(offset) + " bytes of arguments, got " + std::to_string(size));
    return offset == size ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

// A pointer that is neither device nor page-locked memory would work here and fault on a GPU.
static CUresult check_pointers(Context* context, const KernelRecord& kernel, const std::vector<uint64_t>& arguments) {
    State& s = state();
    for (size_t i = 0; i < arguments.size(); ++i) {
        const uint64_t p = arguments[i];
        if (kernel.kinds[i] != 'p' || p == 0 || s.arena.contains(p)) continue;
        auto after = s.host.upper_bound(p);
        if (after != s.host.begin() && p - std::prev(after)->first <= std::prev(after)->second.bytes) continue;
        report(std::string(kernel.name) + ": argument " + std::to_string(i + 1) + " is " + s.arena.describe(p));
        context->sticky = CUDA_ERROR_ILLEGAL_ADDRESS;
        return CUDA_ERROR_ILLEGAL_ADDRESS;
    }
    return CUDA_SUCCESS;
}

CUresult tw::kernel_work(Context* context, std::shared_ptr<KernelWork>* into, CUfunction function, const LaunchShape& shape, void** parameters,
                         void** extra) {
    TW_FUNCTION(function);
    const KernelRecord& kernel = *function->kernel;
    const Profile& p = context->device->profile;
    const dim3 &g = shape.grid, &b = shape.block;
    TW_REQUIRE(g.x >= 1 && g.y >= 1 && g.z >= 1 && b.x >= 1 && b.y >= 1 && b.z >= 1, CUDA_ERROR_INVALID_VALUE);
    TW_REQUIRE(g.x <= 2147483647u && g.y <= 65535 && g.z <= 65535, CUDA_ERROR_INVALID_VALUE);
    TW_REQUIRE(b.x <= 1024 && b.y <= 1024 && b.z <= 64, CUDA_ERROR_INVALID_VALUE);
    const uint64_t threads = uint64_t(b.x) * b.y * b.z;
    TW_REQUIRE(threads <= 1024, CUDA_ERROR_INVALID_VALUE);
    if (threads > uint64_t(kernel.max_threads)) {
        report(std::string(kernel.name) + " allows " + std::to_string(kernel.max_threads) + " threads a block (__launch_bounds__), got " + std::to_string(threads));
        return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
    }
    TW_REQUIRE(shape.shared_bytes <= unsigned(function->dynamic_shared), CUDA_ERROR_INVALID_VALUE);
    if (kernel.cluster > 8 || g.x % unsigned(kernel.cluster) != 0) {
        report(std::string(kernel.name) + ": clusters of " + std::to_string(kernel.cluster) + " blocks (at most 8) do not divide a grid of " + std::to_string(g.x));
        return CUDA_ERROR_INVALID_CLUSTER_SIZE;
    }
    if (shape.cooperative) {
        const uint64_t blocks = uint64_t(g.x) * g.y * g.z;
        const uint64_t most = uint64_t(occupancy(p, function, int(threads), shape.shared_bytes)) * uint64_t(p.processors);
        TW_REQUIRE(blocks <= most, CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE);
    }
    auto work = std::make_shared<KernelWork>();
    work->kernel = &kernel;
    work->context = context;
    work->shape = shape;
    work->shape.most_shared = unsigned(p.shared_per_block_optin);
    CUresult code = arguments_of(kernel, parameters, extra, &work->arguments);
    if (code != CUDA_SUCCESS) return code;
    code = check_pointers(context, kernel, work->arguments);
    if (code != CUDA_SUCCESS) return code;
    *into = work;
    return CUDA_SUCCESS;
}

static CUresult launch(Call& call, CUfunction function, const LaunchShape& shape, CUstream handle, void** parameters, void** extra) {
    Stream* const stream = stream_of(call.context, handle);
    TW_REQUIRE(stream && stream->context == call.context, CUDA_ERROR_INVALID_HANDLE);
    std::shared_ptr<KernelWork> work;
    const CUresult code = kernel_work(call.context, &work, function, shape, parameters, extra);
    return code != CUDA_SUCCESS ? code : enqueue(stream, work);
}

TW_EXPORT CUresult cuLaunchKernel(CUfunction function, unsigned int gx, unsigned int gy, unsigned int gz, unsigned int bx, unsigned int by,
                                  unsigned int bz, unsigned int shared, CUstream stream, void** parameters, void** extra) {
    TW_CALL(cuLaunchKernel, CONTEXT);
    return launch(call, function, {dim3(gx, gy, gz), dim3(bx, by, bz), shared, false}, stream, parameters, extra);
}

TW_EXPORT CUresult cuLaunchCooperativeKernel(CUfunction function, unsigned int gx, unsigned int gy, unsigned int gz, unsigned int bx,
                                             unsigned int by, unsigned int bz, unsigned int shared, CUstream stream, void** parameters) {
    TW_CALL(cuLaunchCooperativeKernel, CONTEXT);
    return launch(call, function, {dim3(gx, gy, gz), dim3(bx, by, bz), shared, true}, stream, parameters, nullptr);
}
