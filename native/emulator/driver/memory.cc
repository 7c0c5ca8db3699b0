// Device and page-locked memory, copies and fills.
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "../call.h"
#include "streams.h"

using namespace tw;

// ---- allocation

static CUresult allocate(Context* context, CUdeviceptr* address, size_t bytes) {
    TW_REQUIRE(address && bytes > 0, CUDA_ERROR_INVALID_VALUE);
    State& s = state();
    const int device = context->device->ordinal;
    const size_t live = s.arena.live_bytes(device), total = context->device->profile.memory;
    if (bytes > total || live > total - bytes) return CUDA_ERROR_OUT_OF_MEMORY;
    const uintptr_t at = s.arena.allocate(bytes, device, context);
    if (at == 0) return CUDA_ERROR_OUT_OF_MEMORY;
    *address = at;
    return CUDA_SUCCESS;
}

static CUresult release(CUdeviceptr address) {
    State& s = state();
    const Allocation* const a = s.arena.find(address, 0);
    if (a == nullptr || a->address != address) {
        report("freed what is not the start of an allocation: " + s.arena.describe(address));
        return CUDA_ERROR_INVALID_VALUE;
    }
    Context* const owner = static_cast<Context*>(const_cast<void*>(a->owner));
    const std::string damage = s.arena.free(address);
    if (damage.empty()) return CUDA_SUCCESS;
    report("at free: " + damage);
    owner->sticky = CUDA_ERROR_ILLEGAL_ADDRESS;
    return CUDA_ERROR_ILLEGAL_ADDRESS;
}

TW_EXPORT CUresult cuMemAlloc_v2(CUdeviceptr* address, size_t bytes) {
    TW_CALL(cuMemAlloc_v2, CONTEXT);
    TW_UNSAFE_IN_CAPTURE();
    return allocate(call.context, address, bytes);
}

TW_EXPORT CUresult cuMemAllocPitch_v2(CUdeviceptr* address, size_t* pitch, size_t width, size_t height, unsigned int element) {
    TW_CALL(cuMemAllocPitch_v2, CONTEXT);
    TW_UNSAFE_IN_CAPTURE();
    TW_REQUIRE(pitch && width > 0 && height > 0 && (element == 4 || element == 8 || element == 16), CUDA_ERROR_INVALID_VALUE);
    *pitch = (width + 511) / 512 * 512;
    return allocate(call.context, address, *pitch * height);
}

TW_EXPORT CUresult cuMemFree_v2(CUdeviceptr address) {
    TW_CALL(cuMemFree_v2, CONTEXT);
    TW_UNSAFE_IN_CAPTURE();
    if (address == 0) return CUDA_SUCCESS;
    const CUresult before = drain_all(call.context);  // a free waits for the device
    return before != CUDA_SUCCESS ? before : release(address);
}

namespace {
struct AllocationWork : Operation {
    explicit AllocationWork(CUdeviceptr address) : Operation(Type::EMPTY), address(address) {}
    CUresult run() override { return release(address); }
    CUdeviceptr address;
};
}  // namespace

TW_EXPORT CUresult cuMemAllocAsync(CUdeviceptr* address, size_t bytes, CUstream handle) {
    TW_CALL(cuMemAllocAsync, CONTEXT);
    Stream* const stream = stream_of(call.context, handle);
    TW_REQUIRE(stream, CUDA_ERROR_INVALID_HANDLE);
    TW_REQUIRE(!capturing(stream), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    return allocate(call.context, address, bytes);
}

TW_EXPORT CUresult cuMemFreeAsync(CUdeviceptr address, CUstream handle) {
    TW_CALL(cuMemFreeAsync, CONTEXT);
    Stream* const stream = stream_of(call.context, handle);
    TW_REQUIRE(stream, CUDA_ERROR_INVALID_HANDLE);
    TW_REQUIRE(!capturing(stream), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    if (address == 0) return CUDA_SUCCESS;
    return enqueue(stream, std::make_shared<AllocationWork>(address));
}

TW_EXPORT CUresult cuMemGetInfo_v2(size_t* free, size_t* total) {
    TW_CALL(cuMemGetInfo_v2, CONTEXT);
    TW_REQUIRE(free && total, CUDA_ERROR_INVALID_VALUE);
    const Device& d = *call.context->device;
    *total = d.profile.memory;
    *free = d.profile.memory - state().arena.live_bytes(d.ordinal);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuMemGetAddressRange_v2(CUdeviceptr* base, size_t* bytes, CUdeviceptr address) {
    TW_CALL(cuMemGetAddressRange_v2, CONTEXT);
    const Allocation* const a = state().arena.find(address, 1);
    TW_REQUIRE(a, CUDA_ERROR_NOT_FOUND);
    if (base != nullptr) *base = a->address;
    if (bytes != nullptr) *bytes = a->bytes;
    return CUDA_SUCCESS;
}

// ---- page-locked host memory

static const std::pair<const uintptr_t, HostRange>* host_range(uintptr_t address, size_t bytes) {
    auto& host = state().host;
    auto after = host.upper_bound(address);
    if (after == host.begin()) return nullptr;
    const auto& range = *std::prev(after);
    const uintptr_t offset = address - range.first;
    return offset <= range.second.bytes && bytes <= range.second.bytes - offset ? &range : nullptr;
}

static CUresult host_allocate(Context* context, void** pointer, size_t bytes, unsigned int flags) {
    TW_REQUIRE(pointer && bytes > 0 && flags <= 7, CUDA_ERROR_INVALID_VALUE);
    void* memory = nullptr;
    if (bytes > size_t(1) << 40 || posix_memalign(&memory, 4096, bytes) != 0) return CUDA_ERROR_OUT_OF_MEMORY;
    if (bytes <= size_t(64) << 20) std::memset(memory, 0xFF, bytes);
    state().host[reinterpret_cast<uintptr_t>(memory)] = {bytes, flags, context, false};
    *pointer = memory;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuMemHostAlloc(void** pointer, size_t bytes, unsigned int flags) {
    TW_CALL(cuMemHostAlloc, CONTEXT);
    TW_UNSAFE_IN_CAPTURE();
    return host_allocate(call.context, pointer, bytes, flags);
}

TW_EXPORT CUresult cuMemAllocHost_v2(void** pointer, size_t bytes) {
    TW_CALL(cuMemAllocHost_v2, CONTEXT);
    TW_UNSAFE_IN_CAPTURE();
    return host_allocate(call.context, pointer, bytes, 0);
}

TW_EXPORT CUresult cuMemFreeHost(void* pointer) {
    TW_CALL(cuMemFreeHost, CONTEXT);
    TW_UNSAFE_IN_CAPTURE();
    if (pointer == nullptr) return CUDA_SUCCESS;
    auto& host = state().host;
    const auto found = host.find(reinterpret_cast<uintptr_t>(pointer));
    TW_REQUIRE(found != host.end() && !found->second.registered, CUDA_ERROR_INVALID_VALUE);
    const CUresult before = drain_all(call.context);
    if (before != CUDA_SUCCESS) return before;
    host.erase(found);
    std::free(pointer);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuMemHostRegister_v2(void* pointer, size_t bytes, unsigned int flags) {
    TW_CALL(cuMemHostRegister_v2, CONTEXT);
    TW_REQUIRE(pointer && bytes > 0, CUDA_ERROR_INVALID_VALUE);
    const uintptr_t from = reinterpret_cast<uintptr_t>(pointer);
    TW_REQUIRE(!state().arena.contains(from), CUDA_ERROR_INVALID_VALUE);
    for (const auto& range : state().host) {
        if (range.first < from + bytes && from < range.first + range.second.bytes) return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
    }
    state().host[from] = {bytes, flags, call.context, true};
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuMemHostUnregister(void* pointer) {
    TW_CALL(cuMemHostUnregister, CONTEXT);
    const auto found = state().host.find(reinterpret_cast<uintptr_t>(pointer));
    TW_REQUIRE(found != state().host.end() && found->second.registered, CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
    state().host.erase(found);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr* address, void* pointer, unsigned int flags) {
    TW_CALL(cuMemHostGetDevicePointer_v2, CONTEXT);
    TW_REQUIRE(address && flags == 0 && host_range(reinterpret_cast<uintptr_t>(pointer), 1), CUDA_ERROR_INVALID_VALUE);
    *address = reinterpret_cast<uintptr_t>(pointer);
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuMemHostGetFlags(unsigned int* flags, void* pointer) {
    TW_CALL(cuMemHostGetFlags, CONTEXT);
    const auto* const range = host_range(reinterpret_cast<uintptr_t>(pointer), 1);
    TW_REQUIRE(flags && range, CUDA_ERROR_INVALID_VALUE);
    *flags = range->second.flags;
    return CUDA_SUCCESS;
}

static CUresult pointer_attribute(void* into, int attribute, CUdeviceptr address) {
    State& s = state();
    const Allocation* const a = s.arena.find(address, 1);
    const auto* const h = host_range(uintptr_t(address), 1);
    TW_REQUIRE(a || h, CUDA_ERROR_INVALID_VALUE);
    Context* const context = a ? static_cast<Context*>(const_cast<void*>(a->owner)) : h->second.context;
    const unsigned long long start = a ? a->address : h->first;
    const size_t bytes = a ? a->bytes : h->second.bytes;
    auto put = [&](auto value) {
        std::memcpy(into, &value, sizeof value);
        return CUDA_SUCCESS;
    };
    switch (attribute) {
        case 1: return put(context);
        case 2: return put(unsigned(a ? CU_MEMORYTYPE_DEVICE : CU_MEMORYTYPE_HOST));
        case 3: return put(address);
        case 4: return a ? CUDA_ERROR_INVALID_VALUE : put(reinterpret_cast<void*>(address));
        case 6: return put(0u);
        case 7: return put((unsigned long long)(a ? a->serial : h->first));
        case 8: return put(0u);
        case 9: return put(context->device->ordinal);
        case 11: return put(start);
        case 12: return put(bytes);
        case 13: return put(1u);
        default: return CUDA_ERROR_NOT_SUPPORTED;
    }
}

TW_EXPORT CUresult cuPointerGetAttribute(void* into, int attribute, CUdeviceptr address) {
    TW_CALL(cuPointerGetAttribute, CONTEXT);
    TW_REQUIRE(into, CUDA_ERROR_INVALID_VALUE);
    return pointer_attribute(into, attribute, address);
}

TW_EXPORT CUresult cuPointerGetAttributes(unsigned int count, int* attributes, void** into, CUdeviceptr address) {
    TW_CALL(cuPointerGetAttributes, CONTEXT);
    TW_REQUIRE(attributes && into, CUDA_ERROR_INVALID_VALUE);
    for (unsigned int i = 0; i < count; ++i) {
        if (into[i] != nullptr) pointer_attribute(into[i], attributes[i], address);
    }
    return CUDA_SUCCESS;
}

// ---- copies

namespace {

enum class Where { HOST, DEVICE, ANY };

// Which side of a copy an address is; HOST must not be a device address, DEVICE must be device or page-locked memory.
CUresult side(Side* into, uintptr_t address, Where where, size_t bytes) {
    State& s = state();
    into->address = address;
    into->host = !s.arena.contains(address);
    if (bytes == 0) return CUDA_SUCCESS;
    if (address == 0) return CUDA_ERROR_INVALID_VALUE;
    if (where == Where::HOST && !into->host) {
        report("a copy was given a device address as a host pointer: " + s.arena.describe(address));
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (where == Where::DEVICE && into->host && host_range(address, bytes) == nullptr) {
        report("a copy was given " + s.arena.describe(address) + " as a device pointer");
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!into->host && s.arena.find(address, bytes) == nullptr) {
        report("a copy of " + std::to_string(bytes) + " bytes does not fit at " + s.arena.describe(address));
        return CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_SUCCESS;
}

CUresult linear(std::shared_ptr<CopyWork>* work, uintptr_t into, Where into_where, uintptr_t from, Where from_where, size_t bytes) {
    *work = std::make_shared<CopyWork>();
    (*work)->width = bytes;
    const CUresult a = side(&(*work)->from, from, from_where, bytes);
    return a != CUDA_SUCCESS ? a : side(&(*work)->into, into, into_where, bytes);
}

// Copies that return when they are done run in the legacy stream.
CUresult now(Context* context, const Work& work) {
    if (capture_forbids()) {
        invalidate_captures();
        return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
    }
    const CUresult code = enqueue(context->legacy.get(), work);
    const CUresult rest = drain(context->legacy.get());
    return code != CUDA_SUCCESS ? code : rest;
}

CUresult copy(Call& call, uintptr_t into, Where into_where, uintptr_t from, Where from_where, size_t bytes) {
    std::shared_ptr<CopyWork> work;
    const CUresult bad = linear(&work, into, into_where, from, from_where, bytes);
    if (bad != CUDA_SUCCESS) return bad;
    return now(call.context, work);
}

CUresult copy_async(Call& call, uintptr_t into, Where into_where, uintptr_t from, Where from_where, size_t bytes, CUstream handle) {
    Stream* const stream = stream_of(call.context, handle);
    TW_REQUIRE(stream, CUDA_ERROR_INVALID_HANDLE);
    std::shared_ptr<CopyWork> work;
    const CUresult bad = linear(&work, into, into_where, from, from_where, bytes);
    if (bad != CUDA_SUCCESS) return bad;
    return enqueue(stream, work);
}

uintptr_t host(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }

}  // namespace

TW_EXPORT CUresult cuMemcpy(CUdeviceptr into, CUdeviceptr from, size_t bytes) {
    TW_CALL(cuMemcpy, CONTEXT);
    return copy(call, into, Where::ANY, from, Where::ANY, bytes);
}
TW_EXPORT CUresult cuMemcpyAsync(CUdeviceptr into, CUdeviceptr from, size_t bytes, CUstream stream) {
    TW_CALL(cuMemcpyAsync, CONTEXT);
    return copy_async(call, into, Where::ANY, from, Where::ANY, bytes, stream);
}
TW_EXPORT CUresult cuMemcpyHtoD_v2(CUdeviceptr into, const void* from, size_t bytes) {
    TW_CALL(cuMemcpyHtoD_v2, CONTEXT);
    return copy(call, into, Where::DEVICE, host(from), Where::HOST, bytes);
}
TW_EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr into, const void* from, size_t bytes, CUstream stream) {
    TW_CALL(cuMemcpyHtoDAsync_v2, CONTEXT);
    return copy_async(call, into, Where::DEVICE, host(from), Where::HOST, bytes, stream);
}
TW_EXPORT CUresult cuMemcpyDtoH_v2(void* into, CUdeviceptr from, size_t bytes) {
    TW_CALL(cuMemcpyDtoH_v2, CONTEXT);
    return copy(call, host(into), Where::HOST, from, Where::DEVICE, bytes);
}
TW_EXPORT CUresult cuMemcpyDtoHAsync_v2(void* into, CUdeviceptr from, size_t bytes, CUstream stream) {
    TW_CALL(cuMemcpyDtoHAsync_v2, CONTEXT);
    return copy_async(call, host(into), Where::HOST, from, Where::DEVICE, bytes, stream);
}
TW_EXPORT CUresult cuMemcpyDtoD_v2(CUdeviceptr into, CUdeviceptr from, size_t bytes) {
    TW_CALL(cuMemcpyDtoD_v2, CONTEXT);
    return copy(call, into, Where::DEVICE, from, Where::DEVICE, bytes);
}
TW_EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr into, CUdeviceptr from, size_t bytes, CUstream stream) {
    TW_CALL(cuMemcpyDtoDAsync_v2, CONTEXT);
    return copy_async(call, into, Where::DEVICE, from, Where::DEVICE, bytes, stream);
}

// ---- copies of boxes

static CUresult box_side(Side* into, CUmemorytype type, const void* host_pointer, CUdeviceptr device, size_t x, size_t y, size_t z, size_t pitch,
                         size_t plane, size_t width, size_t height, size_t depth) {
    TW_REQUIRE(type == CU_MEMORYTYPE_HOST || type == CU_MEMORYTYPE_DEVICE || type == CU_MEMORYTYPE_UNIFIED, CUDA_ERROR_NOT_SUPPORTED);
    if (pitch == 0) pitch = x + width;
    TW_REQUIRE(pitch >= x + width, CUDA_ERROR_INVALID_VALUE);
    if (plane == 0) plane = pitch * (y + height);
    const uintptr_t base = type == CU_MEMORYTYPE_HOST ? host(host_pointer) : uintptr_t(device);
    TW_REQUIRE(base, CUDA_ERROR_INVALID_VALUE);
    into->pitch = pitch;
    into->plane = plane;
    if (width == 0 || height == 0 || depth == 0) return CUDA_SUCCESS;
    const size_t span = (depth - 1) * plane + (height - 1) * pitch + width;
    const Where where = type == CU_MEMORYTYPE_HOST ? Where::HOST : type == CU_MEMORYTYPE_DEVICE ? Where::DEVICE : Where::ANY;
    return side(into, base + z * plane + y * pitch + x, where, span);
}

static CUresult box(std::shared_ptr<CopyWork>* into, const CUDA_MEMCPY3D* c) {
    TW_REQUIRE(c, CUDA_ERROR_INVALID_VALUE);
    auto work = std::make_shared<CopyWork>();
    work->width = c->WidthInBytes;
    work->height = c->Height;
    work->depth = c->Depth;
    CUresult code = box_side(&work->from, c->srcMemoryType, c->srcHost, c->srcDevice, c->srcXInBytes, c->srcY, c->srcZ, c->srcPitch,
                             c->srcPitch * c->srcHeight, c->WidthInBytes, c->Height, c->Depth);
    if (code != CUDA_SUCCESS) return code;
    code = box_side(&work->into, c->dstMemoryType, c->dstHost, c->dstDevice, c->dstXInBytes, c->dstY, c->dstZ, c->dstPitch,
                    c->dstPitch * c->dstHeight, c->WidthInBytes, c->Height, c->Depth);
    if (code != CUDA_SUCCESS) return code;
    *into = work;
    return CUDA_SUCCESS;
}

static CUDA_MEMCPY3D flat(const CUDA_MEMCPY2D& c) {
    CUDA_MEMCPY3D b{};
    b.srcXInBytes = c.srcXInBytes;
    b.srcY = c.srcY;
    b.srcMemoryType = c.srcMemoryType;
    b.srcHost = c.srcHost;
    b.srcDevice = c.srcDevice;
    b.srcPitch = c.srcPitch;
    b.dstXInBytes = c.dstXInBytes;
    b.dstY = c.dstY;
    b.dstMemoryType = c.dstMemoryType;
    b.dstHost = c.dstHost;
    b.dstDevice = c.dstDevice;
    b.dstPitch = c.dstPitch;
    b.WidthInBytes = c.WidthInBytes;
    b.Height = c.Height;
    b.Depth = 1;
    return b;
}

static CUresult box_now(Call& call, const CUDA_MEMCPY3D* c) {
    std::shared_ptr<CopyWork> work;
    const CUresult bad = box(&work, c);
    return bad != CUDA_SUCCESS ? bad : now(call.context, work);
}
static CUresult box_async(Call& call, const CUDA_MEMCPY3D* c, CUstream handle) {
    Stream* const stream = stream_of(call.context, handle);
    TW_REQUIRE(stream, CUDA_ERROR_INVALID_HANDLE);
    std::shared_ptr<CopyWork> work;
    const CUresult bad = box(&work, c);
    return bad != CUDA_SUCCESS ? bad : enqueue(stream, work);
}

TW_EXPORT CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D* c) {
    TW_CALL(cuMemcpy2D_v2, CONTEXT);
    TW_REQUIRE(c, CUDA_ERROR_INVALID_VALUE);
    const CUDA_MEMCPY3D b = flat(*c);
    return box_now(call, &b);
}
TW_EXPORT CUresult cuMemcpy2DUnaligned_v2(const CUDA_MEMCPY2D* c) {
    TW_CALL(cuMemcpy2DUnaligned_v2, CONTEXT);
    TW_REQUIRE(c, CUDA_ERROR_INVALID_VALUE);
    const CUDA_MEMCPY3D b = flat(*c);
    return box_now(call, &b);
}
TW_EXPORT CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D* c, CUstream stream) {
    TW_CALL(cuMemcpy2DAsync_v2, CONTEXT);
    TW_REQUIRE(c, CUDA_ERROR_INVALID_VALUE);
    const CUDA_MEMCPY3D b = flat(*c);
    return box_async(call, &b, stream);
}
TW_EXPORT CUresult cuMemcpy3D_v2(const CUDA_MEMCPY3D* c) {
    TW_CALL(cuMemcpy3D_v2, CONTEXT);
    return box_now(call, c);
}
TW_EXPORT CUresult cuMemcpy3DAsync_v2(const CUDA_MEMCPY3D* c, CUstream stream) {
    TW_CALL(cuMemcpy3DAsync_v2, CONTEXT);
    return box_async(call, c, stream);
}

CUresult tw::box_work(std::shared_ptr<CopyWork>* into, const CUDA_MEMCPY3D* c) { return box(into, c); }

// ---- fills

static CUresult fill(std::shared_ptr<FillWork>* into, CUdeviceptr address, size_t pitch, unsigned int value, unsigned int element, size_t width,
                     size_t height) {
    State& s = state();
    TW_REQUIRE(address % element == 0 && pitch % element == 0, CUDA_ERROR_INVALID_VALUE);
    if (width > 0 && height > 0) {
        const size_t span = (height - 1) * pitch + width * element;
        if (s.arena.find(address, span) == nullptr) {
            report("a fill of " + std::to_string(span) + " bytes does not fit at " + s.arena.describe(address));
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    auto work = std::make_shared<FillWork>();
    work->address = address;
    work->pitch = pitch;
    work->value = value;
    work->element = element;
    work->width = height == 0 ? 0 : width;
    work->height = height;
    *into = work;
    return CUDA_SUCCESS;
}

static CUresult fill_in(Call& call, Stream* stream, CUdeviceptr address, size_t pitch, unsigned int value, unsigned int element, size_t width,
                        size_t height) {
    TW_REQUIRE(stream, CUDA_ERROR_INVALID_HANDLE);
    std::shared_ptr<FillWork> work;
    const CUresult bad = fill(&work, address, pitch, value, element, width, height);
    if (bad != CUDA_SUCCESS) return bad;
    if (stream->legacy && capture_forbids()) {
        invalidate_captures();
        return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
    }
    (void)call;
    return enqueue(stream, work);
}

#define TW_FILLS(letter, type, element)                                                                                           \
    TW_EXPORT CUresult cuMemsetD##letter##_v2(CUdeviceptr address, type value, size_t count) {                                    \
        TW_CALL(cuMemsetD##letter##_v2, CONTEXT);                                                                                 \
        return fill_in(call, call.context->legacy.get(), address, 0, value, element, count, 1);                                   \
    }                                                                                                                             \
    TW_EXPORT CUresult cuMemsetD##letter##Async(CUdeviceptr address, type value, size_t count, CUstream stream) {                 \
        TW_CALL(cuMemsetD##letter##Async, CONTEXT);                                                                               \
        return fill_in(call, stream_of(call.context, stream), address, 0, value, element, count, 1);                              \
    }                                                                                                                             \
    TW_EXPORT CUresult cuMemsetD2D##letter##_v2(CUdeviceptr address, size_t pitch, type value, size_t width, size_t height) {     \
        TW_CALL(cuMemsetD2D##letter##_v2, CONTEXT);                                                                               \
        return fill_in(call, call.context->legacy.get(), address, pitch, value, element, width, height);                          \
    }                                                                                                                             \
    TW_EXPORT CUresult cuMemsetD2D##letter##Async(CUdeviceptr address, size_t pitch, type value, size_t width, size_t height,     \
                                                  CUstream stream) {                                                              \
        TW_CALL(cuMemsetD2D##letter##Async, CONTEXT);                                                                             \
        return fill_in(call, stream_of(call.context, stream), address, pitch, value, element, width, height);                     \
    }
TW_FILLS(8, unsigned char, 1)
TW_FILLS(16, unsigned short, 2)
TW_FILLS(32, unsigned int, 4)
