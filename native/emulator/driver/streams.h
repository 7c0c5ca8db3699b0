// streams.h — from a stream handle to the stream: 0 and 1 are the legacy stream, 2 the thread's own, here the legacy one too.
#pragma once
#include "../state.h"

namespace tw {
inline Stream* stream_of(Context* context, CUstream handle) {
    if (reinterpret_cast<uintptr_t>(handle) <= 2) return context->legacy.get();
    return state().streams.count(handle) == 0 ? nullptr : handle;
}

// What a launch needs, checked and copied from the caller's arguments (see module.cc).
CUresult kernel_work(Context* context, std::shared_ptr<KernelWork>* into, CUfunction function, const LaunchShape& shape, void** parameters,
                     void** extra);
// A copy of a box of bytes, checked (see memory.cc).
CUresult box_work(std::shared_ptr<CopyWork>* into, const CUDA_MEMCPY3D* copy);
}  // namespace tw
