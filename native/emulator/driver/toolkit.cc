// The driver's side of toolkit.h.
#include "../toolkit.h"

#include "../call.h"
#include "streams.h"

using namespace tw;

namespace {
struct ToolkitWork : Operation {
    ToolkitWork(Context* context, CUresult (*work)(void*), void (*drop)(void*), void* data)
        : Operation(Type::KERNEL), context(context), work(work), drop(drop), data(data) {}
    ToolkitWork(const ToolkitWork&) = delete;
    ~ToolkitWork() override { drop(data); }
    CUresult run() override {
        const CUresult code = work(data);
        if (is_error_of_a_kernel(code)) context->sticky = code;
        return code;
    }
    Context* context;
    CUresult (*work)(void*);
    void (*drop)(void*);
    void* data;
};
}  // namespace

TW_EXPORT CUresult tw_emu_enter(const char* name) { return Call(name, Needs::CONTEXT).status; }

TW_EXPORT CUresult tw_emu_enqueue(CUstream handle, CUresult (*work)(void*), void (*drop)(void*), void* data) {
    const std::lock_guard<std::recursive_mutex> lock(state().lock);
    Context* const context = current_context();
    const Work queued = std::make_shared<ToolkitWork>(context, work, drop, data);
    if (context == nullptr || state().contexts.count(context) == 0) return CUDA_ERROR_INVALID_CONTEXT;
    Stream* const stream = stream_of(context, handle);
    TW_REQUIRE(stream && stream->context == context, CUDA_ERROR_INVALID_HANDLE);
    ++state().toolkit_calls;
    return enqueue(stream, queued);
}

TW_EXPORT void* tw_emu_bytes(CUdeviceptr address, size_t bytes, const char* what) {
    State& s = state();
    if (s.arena.find(address, bytes) != nullptr) return s.arena.work(address);
    const auto after = s.host.upper_bound(address);
    if (after != s.host.begin()) {
        const auto& range = *std::prev(after);
        const uintptr_t offset = address - range.first;
        if (offset <= range.second.bytes && bytes <= range.second.bytes - offset) return reinterpret_cast<void*>(address);
    }
    report(std::string(what) + " takes " + std::to_string(bytes) + " bytes at " + s.arena.describe(address));
    return nullptr;
}

TW_EXPORT void tw_emu_complain(const char* text) {
    const std::lock_guard<std::recursive_mutex> lock(state().lock);
    ++calls().unsupported;
    report(text);
}
