// The kernels that were compiled into this library, by name.
#include <map>
#include <string>

#include "state.h"

namespace tw {
namespace {
KernelRecord* head = nullptr;  // set by static constructors, in no particular order
}

void register_kernel(KernelRecord* record) {
    record->next = head;
    head = record;
}

const KernelRecord* first_kernel() { return head; }

const KernelRecord* find_kernel(const std::string& name) {
    static const std::map<std::string, const KernelRecord*> by_name = [] {
        std::map<std::string, const KernelRecord*> map;
        for (const KernelRecord* k = head; k != nullptr; k = k->next) map[k->name] = k;
        return map;
    }();
    const auto found = by_name.find(name);
    return found == by_name.end() ? nullptr : found->second;
}

}  // namespace tw
