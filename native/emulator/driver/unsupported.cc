// What the generated stubs call (see build.sh): an entry point that exists and does nothing.
#include <cstdio>

#include "../call.h"

extern "C" __attribute__((visibility("hidden"))) CUresult tw_unsupported(const char* name) {
    tw::Call call(name, tw::Needs::NOTHING);
    if (call.status != CUDA_SUCCESS) return call.status;
    ++tw::calls().unsupported;
    tw::report(std::string(name) + " is not emulated");
    return CUDA_ERROR_NOT_SUPPORTED;
}
