// queue.h — work of a stand-in, in a stream's queue.
#pragma once
#include <functional>
#include <memory>

#include "emulator/toolkit.h"

namespace toolkit {

using Work = std::function<CUresult()>;

inline CUresult enqueue(CUstream stream, Work work) {
    return tw_emu_enqueue(
        stream, [](void* data) { return (*static_cast<Work*>(data))(); }, [](void* data) { delete static_cast<Work*>(data); },
        new Work(std::move(work)));
}

// count elements behind an address, for work that runs.
template <class T>
T* at(const void* address, size_t count, const char* what) {
    return static_cast<T*>(tw_emu_bytes(reinterpret_cast<CUdeviceptr>(address), count * sizeof(T), what));
}

}  // namespace toolkit
