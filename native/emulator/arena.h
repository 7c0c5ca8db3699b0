// arena.h — device memory.
//
// An allocation has a device address in a range that is never mapped, so that Java or C++ code that takes a device pointer for its
// own faults at once; and a working address at a fixed distance, where its bytes are. Kernel arguments are moved from one to
// the other at launch. A device pointer that a kernel finds in memory (a table of pointers written by the host) faults on first use;
// the fault maps the allocation at its device address too, until the launch ends.
//
//   [ guard | red zone >= 256 B | bytes | red zone >= 256 B ]   pages; guards are never mapped, red zones are checked
//
// Bytes are all ones (NaN) when allocated; freed pages are unmapped and their addresses reused as late as possible.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tw {

struct Allocation {
    uintptr_t address;  // on the device
    size_t bytes;
    uintptr_t pages;    // device address of the first page, behind the guard
    size_t page_bytes;
    int device;
    const void* owner;  // context
    uint64_t serial;    // the n-th allocation of this process
    bool aliased = false;
};

class Arena {
public:
    static constexpr size_t RED = 256, ALIGNMENT = 256, PAGE = 4096;

    // The device address, or 0 where no room is left.
    uintptr_t allocate(size_t bytes, int device, const void* owner);
    // A sentence on a damaged red zone, or empty.
    std::string free(uintptr_t address);
    // The allocation that [address, address + bytes) lies in, or null.
    const Allocation* find(uintptr_t address, size_t bytes) const;
    bool contains(uintptr_t address) const { return base != 0 && address >= base && address < base + size; }
    bool working(uintptr_t address) const { return base != 0 && address >= base + distance && address < base + distance + size; }
    char* work(uintptr_t device_address) const { return reinterpret_cast<char*>(device_address + distance); }
    uintptr_t device(uintptr_t working_address) const { return working_address - distance; }
    // Checks red zones, of all allocations while they are few, else of some of them in turn; says what is damaged, and repairs it.
    std::string check();
    // Maps the allocation at its device address; false where the address is in none. For the fault handler.
    bool alias(uintptr_t address);
    void drop_aliases();
    // Where an address lies, for a report.
    std::string describe(uintptr_t device_address) const;

    size_t live_bytes(int device) const;
    size_t peak = 0;
    const std::map<uintptr_t, Allocation>& all() const { return allocations; }

private:
    void reserve();
    uintptr_t take(size_t bytes);
    void give(uintptr_t at, size_t bytes);
    std::string damage(const Allocation& allocation) const;
    void repair(const Allocation& allocation) const;

    uintptr_t base = 0;
    size_t size = 0, distance = 0;
    uint64_t serial = 0;
    uintptr_t cursor = 0, check_cursor = 0;
    std::map<uintptr_t, Allocation> allocations;  // by device address
    std::map<uintptr_t, size_t> holes;            // free device address ranges
    std::vector<uintptr_t> aliases;
    size_t live[16] = {};
};

}  // namespace tw
