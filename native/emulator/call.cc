#include "call.h"

#include <unordered_map>
#include <vector>

namespace tw {
namespace {

struct Armed {
    std::string name;
    uint64_t left;
    CUresult code;
    bool persistent;
};
std::vector<Armed>& armed() {
    static std::vector<Armed> list;
    return list;
}
// by the address of the name: each entry point has its own literal
std::unordered_map<const char*, uint64_t>& counts() {
    static std::unordered_map<const char*, uint64_t> map;
    return map;
}

CUresult injected(const char* name) {
    std::vector<Armed>& list = armed();
    for (size_t i = 0; i < list.size(); ++i) {
        Armed& a = list[i];
        if (a.name != "*" && a.name != name) continue;
        if (a.left > 1) {
            --a.left;
            continue;
        }
        const CUresult code = a.code;
        if (!a.persistent) list.erase(list.begin() + long(i));
        ++calls().injected;
        return code;
    }
    return CUDA_SUCCESS;
}

}  // namespace

Calls& calls() {
    static Calls c;
    return c;
}

uint64_t calls_of(const std::string& name) {
    uint64_t sum = 0;
    for (const auto& entry : counts()) {
        if (name == entry.first) sum += entry.second;
    }
    return sum;
}

void fail_call(const std::string& name, uint64_t nth, CUresult code, bool persistent) {
    armed().push_back({name, nth == 0 ? 1 : nth, code, persistent});
}

void disarm() { armed().clear(); }

Call::Call(const char* name, Needs needs) : status(CUDA_SUCCESS), lock(state().lock) {
    ++calls().total;
    ++counts()[name];
    if (!armed().empty()) {
        status = injected(name);
        if (status != CUDA_SUCCESS) {
            if (is_error_of_a_kernel(status) && current_context() != nullptr) current_context()->sticky = status;
            return;
        }
    }
    if (needs == Needs::NOTHING) return;
    if (!state().initialized) {
        status = CUDA_ERROR_NOT_INITIALIZED;
        return;
    }
    go_on();
    context = current_context();
    if (needs == Needs::INIT) return;
    if (context == nullptr) {
        status = CUDA_ERROR_INVALID_CONTEXT;
    } else if (state().contexts.count(context) == 0) {
        status = CUDA_ERROR_CONTEXT_IS_DESTROYED;
    } else {
        status = context->sticky;
    }
}

}  // namespace tw
