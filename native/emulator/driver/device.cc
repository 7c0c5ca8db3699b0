// Initialisation, devices and contexts.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "../call.h"
#include "../trap.h"

using namespace tw;

static const char NAME[] = "Tweedie emulated GPU";

static Device* device_of(CUdevice ordinal) {
    State& s = state();
    return ordinal < 0 || size_t(ordinal) >= s.devices.size() ? nullptr : s.devices[size_t(ordinal)].get();
}

static Context* new_context(Device* device, bool primary, unsigned int flags) {
    State& s = state();
    Context* const context = new Context;
    context->device = device;
    context->primary = primary;
    context->flags = flags;
    context->id = ++s.ids;
    context->legacy = std::make_unique<Stream>();
    context->legacy->context = context;
    context->legacy->legacy = true;
    context->legacy->id = 0;
    s.streams.insert(context->legacy.get());
    s.contexts.insert(context);
    return context;
}

TW_EXPORT CUresult cuInit(unsigned int flags) {
    TW_CALL(cuInit, NOTHING);
    TW_REQUIRE(flags == 0, CUDA_ERROR_INVALID_VALUE);
    State& s = state();
    if (!s.initialized) {
        s.read_environment();
        install_traps();
        install_watchdog();
    }
    s.initialized = true;
    return s.devices.empty() ? CUDA_ERROR_NO_DEVICE : CUDA_SUCCESS;
}

TW_EXPORT CUresult cuDriverGetVersion(int* version) {
    TW_CALL(cuDriverGetVersion, NOTHING);
    TW_REQUIRE(version, CUDA_ERROR_INVALID_VALUE);
    *version = 13000;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuDeviceGetCount(int* count) {
    TW_CALL(cuDeviceGetCount, INIT);
    TW_REQUIRE(count, CUDA_ERROR_INVALID_VALUE);
    *count = int(state().devices.size());
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuDeviceGet(CUdevice* device, int ordinal) {
    TW_CALL(cuDeviceGet, INIT);
    TW_REQUIRE(device, CUDA_ERROR_INVALID_VALUE);
    TW_REQUIRE(device_of(ordinal), CUDA_ERROR_INVALID_DEVICE);
    *device = ordinal;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
    TW_CALL(cuDeviceGetName, INIT);
    TW_REQUIRE(device_of(device), CUDA_ERROR_INVALID_DEVICE);
    TW_REQUIRE(name && length > 0, CUDA_ERROR_INVALID_VALUE);
    std::snprintf(name, size_t(length), "%s", NAME);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuDeviceGetUuid(CUuuid* uuid, CUdevice device) {
    TW_CALL(cuDeviceGetUuid, INIT);
    TW_REQUIRE(device_of(device), CUDA_ERROR_INVALID_DEVICE);
    TW_REQUIRE(uuid, CUDA_ERROR_INVALID_VALUE);
    std::memcpy(uuid->bytes, "tweedie-emulated", 16);
    uuid->bytes[15] = char('0' + device);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice device) {
    TW_CALL(cuDeviceTotalMem_v2, INIT);
    TW_REQUIRE(device_of(device), CUDA_ERROR_INVALID_DEVICE);
    TW_REQUIRE(bytes, CUDA_ERROR_INVALID_VALUE);
    *bytes = device_of(device)->profile.memory;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuDeviceComputeCapability(int* major, int* minor, CUdevice device) {
    TW_CALL(cuDeviceComputeCapability, INIT);
    TW_REQUIRE(device_of(device), CUDA_ERROR_INVALID_DEVICE);
    TW_REQUIRE(major && minor, CUDA_ERROR_INVALID_VALUE);
    *major = device_of(device)->profile.major;
    *minor = device_of(device)->profile.minor;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuDeviceGetPCIBusId(char* id, int length, CUdevice device) {
    TW_CALL(cuDeviceGetPCIBusId, INIT);
    TW_REQUIRE(device_of(device), CUDA_ERROR_INVALID_DEVICE);
    TW_REQUIRE(id && length > 0, CUDA_ERROR_INVALID_VALUE);
    std::snprintf(id, size_t(length), "0000:%02X:00.0", unsigned(device + 1) & 0xFFu);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuDeviceGetByPCIBusId(CUdevice* device, const char* id) {
    TW_CALL(cuDeviceGetByPCIBusId, INIT);
    TW_REQUIRE(device && id, CUDA_ERROR_INVALID_VALUE);
    unsigned int bus = 0;
    TW_REQUIRE(std::sscanf(id, "0000:%2X:00.0", &bus) == 1 && device_of(int(bus) - 1), CUDA_ERROR_INVALID_DEVICE);
    *device = int(bus) - 1;
    return CUDA_SUCCESS;
}

static int attribute_of(const Device& device, int attribute) {
    const Profile& p = device.profile;
    switch (attribute) {
        case 1: return 1024;                   // threads per block
        case 2: case 3: return 1024;           // block x, y
        case 4: return 64;                     // block z
        case 5: return 2147483647;             // grid x
        case 6: case 7: return 65535;          // grid y, z
        case 8: return p.shared_per_block;
        case 9: return 64 << 10;               // constant memory
        case 10: return 32;                    // warp
        case 11: return 2147483647;            // pitch
        case 12: return 65536;                 // registers per block
        case 13: return 1980000;               // clock, kHz
        case 14: return 512;                   // texture alignment
        case 15: return 1;                     // copies overlap kernels
        case 16: return p.processors;
        case 17: return 0;                     // no time limit
        case 18: return 0;                     // not integrated
        case 19: return 1;                     // maps host memory
        case 20: return 0;                     // default compute mode
        case 30: return 512;                   // surface alignment
        case 31: return 1;                     // concurrent kernels
        case 32: return 1;                     // ECC
        case 33: return device.ordinal + 1;    // PCI bus
        case 34: case 50: return 0;            // PCI device, domain
        case 36: return 3201000;               // memory clock, kHz
        case 37: return 6144;                  // bus width, bits
        case 38: return 60 << 20;              // L2
        case 39: return p.threads_per_processor;
        case 40: return 3;                     // copy engines
        case 41: return 1;                     // unified addressing
        case 51: return 32;                    // pitch alignment
        case 75: return p.major;
        case 76: return p.minor;
        case 78: case 79: case 80: return 1;   // stream priorities, L1 caches
        case 81: return p.shared_per_processor;
        case 82: return 65536;                 // registers per processor
        case 83: return 0;                     // no managed memory here
        case 87: return 2;                     // f32 to f64
        case 90: return 1;                     // preemption
        case 95: return 1;                     // cooperative launch
        case 97: return p.shared_per_block_optin;
        case 99: return 1;                     // host register
        case 106: return p.blocks_per_processor;
        case 111: return 1024;                 // shared memory reserved per block
        case 115: return 0;                    // no memory pools here
        case 120: return 0;                    // no clusters here
        default: return 0;
    }
}

TW_EXPORT CUresult cuDeviceGetAttribute(int* value, int attribute, CUdevice device) {
    TW_CALL(cuDeviceGetAttribute, INIT);
    TW_REQUIRE(device_of(device), CUDA_ERROR_INVALID_DEVICE);
    TW_REQUIRE(value && attribute >= 1 && attribute <= 147, CUDA_ERROR_INVALID_VALUE);
    *value = attribute_of(*device_of(device), attribute);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuDeviceGetProperties(CUdevprop* properties, CUdevice device) {
    TW_CALL(cuDeviceGetProperties, INIT);
    TW_REQUIRE(device_of(device), CUDA_ERROR_INVALID_DEVICE);
    TW_REQUIRE(properties, CUDA_ERROR_INVALID_VALUE);
    const Device& d = *device_of(device);
    *properties = {1024, {1024, 1024, 64}, {2147483647, 65535, 65535}, d.profile.shared_per_block, 64 << 10, 32, 2147483647, 65536, 1980000, 512};
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuDeviceCanAccessPeer(int* can, CUdevice device, CUdevice peer) {
    TW_CALL(cuDeviceCanAccessPeer, INIT);
    TW_REQUIRE(device_of(device) && device_of(peer), CUDA_ERROR_INVALID_DEVICE);
    TW_REQUIRE(can, CUDA_ERROR_INVALID_VALUE);
    *can = 0;
    return CUDA_SUCCESS;
}

// ---- primary contexts

TW_EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice ordinal) {
    TW_CALL(cuDevicePrimaryCtxRetain, INIT);
    Device* const device = device_of(ordinal);
    TW_REQUIRE(device, CUDA_ERROR_INVALID_DEVICE);
    TW_REQUIRE(context, CUDA_ERROR_INVALID_VALUE);
    if (device->primary == nullptr) device->primary = new_context(device, true, device->primary_flags);
    ++device->primary->references;
    *context = device->primary;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice ordinal) {
    TW_CALL(cuDevicePrimaryCtxRelease_v2, INIT);
    Device* const device = device_of(ordinal);
    TW_REQUIRE(device, CUDA_ERROR_INVALID_DEVICE);
    TW_REQUIRE(device->primary, CUDA_ERROR_INVALID_CONTEXT);
    if (--device->primary->references == 0) destroy_context(device->primary);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuDevicePrimaryCtxReset_v2(CUdevice ordinal) {
    TW_CALL(cuDevicePrimaryCtxReset_v2, INIT);
    Device* const device = device_of(ordinal);
    TW_REQUIRE(device, CUDA_ERROR_INVALID_DEVICE);
    if (device->primary != nullptr) destroy_context(device->primary);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuDevicePrimaryCtxGetState(CUdevice ordinal, unsigned int* flags, int* active) {
    TW_CALL(cuDevicePrimaryCtxGetState, INIT);
    Device* const device = device_of(ordinal);
    TW_REQUIRE(device, CUDA_ERROR_INVALID_DEVICE);
    TW_REQUIRE(flags && active, CUDA_ERROR_INVALID_VALUE);
    *flags = device->primary_flags;
    *active = device->primary != nullptr;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice ordinal, unsigned int flags) {
    TW_CALL(cuDevicePrimaryCtxSetFlags_v2, INIT);
    Device* const device = device_of(ordinal);
    TW_REQUIRE(device, CUDA_ERROR_INVALID_DEVICE);
    device->primary_flags = flags;
    if (device->primary != nullptr) device->primary->flags = flags;
    return CUDA_SUCCESS;
}

// ---- contexts

TW_EXPORT CUresult cuCtxCreate_v2(CUcontext* context, unsigned int flags, CUdevice ordinal) {
    TW_CALL(cuCtxCreate_v2, INIT);
    Device* const device = device_of(ordinal);
    TW_REQUIRE(device, CUDA_ERROR_INVALID_DEVICE);
    TW_REQUIRE(context, CUDA_ERROR_INVALID_VALUE);
    *context = new_context(device, false, flags);
    context_stack().push_back(*context);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuCtxDestroy_v2(CUcontext context) {
    TW_CALL(cuCtxDestroy_v2, INIT);
    TW_REQUIRE(state().contexts.count(context) && !context->primary, CUDA_ERROR_INVALID_CONTEXT);
    if (current_context() == context) context_stack().pop_back();
    destroy_context(context);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuCtxGetCurrent(CUcontext* context) {
    TW_CALL(cuCtxGetCurrent, INIT);
    TW_REQUIRE(context, CUDA_ERROR_INVALID_VALUE);
    *context = current_context();
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuCtxSetCurrent(CUcontext context) {
    TW_CALL(cuCtxSetCurrent, INIT);
    std::vector<Context*>& stack = context_stack();
    if (context == nullptr) {
        if (!stack.empty()) stack.pop_back();
        return CUDA_SUCCESS;
    }
    TW_REQUIRE(state().contexts.count(context), CUDA_ERROR_INVALID_CONTEXT);
    if (stack.empty()) {
        stack.push_back(context);
    } else {
        stack.back() = context;
    }
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuCtxPushCurrent_v2(CUcontext context) {
    TW_CALL(cuCtxPushCurrent_v2, INIT);
    TW_REQUIRE(state().contexts.count(context), CUDA_ERROR_INVALID_CONTEXT);
    context_stack().push_back(context);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuCtxPopCurrent_v2(CUcontext* context) {
    TW_CALL(cuCtxPopCurrent_v2, INIT);
    TW_REQUIRE(!context_stack().empty(), CUDA_ERROR_INVALID_CONTEXT);
    if (context != nullptr) *context = current_context();
    context_stack().pop_back();
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuCtxGetDevice(CUdevice* device) {
    TW_CALL(cuCtxGetDevice, INIT);
    TW_REQUIRE(call.context, CUDA_ERROR_INVALID_CONTEXT);
    TW_REQUIRE(device, CUDA_ERROR_INVALID_VALUE);
    *device = call.context->device->ordinal;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuCtxGetFlags(unsigned int* flags) {
    TW_CALL(cuCtxGetFlags, CONTEXT);
    TW_REQUIRE(flags, CUDA_ERROR_INVALID_VALUE);
    *flags = call.context->flags;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuCtxGetId(CUcontext context, unsigned long long* id) {
    TW_CALL(cuCtxGetId, INIT);
    if (context == nullptr) context = call.context;
    TW_REQUIRE(context && state().contexts.count(context), CUDA_ERROR_CONTEXT_IS_DESTROYED);
    TW_REQUIRE(id, CUDA_ERROR_INVALID_VALUE);
    *id = context->id;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuCtxGetApiVersion(CUcontext context, unsigned int* version) {
    TW_CALL(cuCtxGetApiVersion, INIT);
    if (context == nullptr) context = call.context;
    TW_REQUIRE(context && state().contexts.count(context), CUDA_ERROR_INVALID_CONTEXT);
    TW_REQUIRE(version, CUDA_ERROR_INVALID_VALUE);
    *version = 3020;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuCtxSynchronize() {
    TW_CALL(cuCtxSynchronize, CONTEXT);
    TW_UNSAFE_IN_CAPTURE();
    return drain_all(call.context);
}

TW_EXPORT CUresult cuCtxGetStreamPriorityRange(int* least, int* greatest) {
    TW_CALL(cuCtxGetStreamPriorityRange, CONTEXT);
    if (least != nullptr) *least = 0;
    if (greatest != nullptr) *greatest = -5;
    return CUDA_SUCCESS;
}

static size_t* limit_of(Context* context, int limit) {
    switch (limit) {
        case 0: return &context->stack_limit;
        case 1: return &context->printf_limit;
        case 2: return &context->heap_limit;
        default: return nullptr;
    }
}

TW_EXPORT CUresult cuCtxGetLimit(size_t* value, int limit) {
    TW_CALL(cuCtxGetLimit, CONTEXT);
    TW_REQUIRE(value, CUDA_ERROR_INVALID_VALUE);
    TW_REQUIRE(limit_of(call.context, limit), CUDA_ERROR_UNSUPPORTED_LIMIT);
    *value = *limit_of(call.context, limit);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuCtxSetLimit(int limit, size_t value) {
    TW_CALL(cuCtxSetLimit, CONTEXT);
    TW_REQUIRE(limit_of(call.context, limit), CUDA_ERROR_UNSUPPORTED_LIMIT);
    *limit_of(call.context, limit) = value;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuCtxGetCacheConfig(int* config) {
    TW_CALL(cuCtxGetCacheConfig, CONTEXT);
    TW_REQUIRE(config, CUDA_ERROR_INVALID_VALUE);
    *config = 0;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuCtxSetCacheConfig(int) {
    TW_CALL(cuCtxSetCacheConfig, CONTEXT);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuProfilerStart() {
    TW_CALL(cuProfilerStart, CONTEXT);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuProfilerStop() {
    TW_CALL(cuProfilerStop, CONTEXT);
    return CUDA_SUCCESS;
}
