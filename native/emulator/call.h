// call.h — the one door of every driver call: takes the lock, counts the call, injects a fault if one is armed, refuses what needs
// cuInit or a context without one, and gives back a broken context's error.
#pragma once
#include "state.h"

namespace tw {

enum class Needs { NOTHING, INIT, CONTEXT };

class Call {
public:
    Call(const char* name, Needs needs);
    CUresult status;
    Context* context = nullptr;  // the current one, where there is one

private:
    std::lock_guard<std::recursive_mutex> lock;
};

// Arms a fault: the nth call (from 1, counted from now) of that name gives code and does nothing else; persistent: all later ones
// too. The name "*" counts all calls.
void fail_call(const std::string& name, uint64_t nth, CUresult code, bool persistent);
void disarm();

struct Calls {
    uint64_t total = 0, injected = 0, unsupported = 0;
};
Calls& calls();
uint64_t calls_of(const std::string& name);

}  // namespace tw

// The first line of an entry point.
#define TW_CALL(name, needs)                         \
    tw::Call call(#name, tw::Needs::needs);          \
    if (call.status != CUDA_SUCCESS) return call.status
// Calls that are not allowed while a stream of this thread is captured.
#define TW_UNSAFE_IN_CAPTURE()                                              \
    if (tw::capture_forbids()) {                                            \
        tw::invalidate_captures();                                          \
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;                       \
    }
#define TW_REQUIRE(condition, code) \
    if (!(condition)) return code
