#include "arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace tw {
namespace {

constexpr unsigned char POISON = 0xFF;
constexpr size_t ALL_POISONED = 256u << 20, ENDS_POISONED = 64u << 20;

// A red zone is words of 0x7F81 to 0x7FBF, another in each allocation: NaN as float, f16 and bf16, so that a read of it shows. As a float it is
// a signalling NaN, which every operation makes quiet: what a kernel computes from one red zone and stores in another, or in the same,
// is not what was there.
char fence_byte(size_t i, uint64_t serial) { return i % 2 ? char(0x7F) : char(0x81 + serial % 0x3F); }
void fence(char* from, size_t bytes, uint64_t serial) {
    for (size_t i = 0; i < bytes; ++i) from[i] = fence_byte(i, serial);
}
[[maybe_unused]] bool intact(const char* from, size_t bytes, uint64_t serial) {
    for (size_t i = 0; i < bytes; ++i) {
        if (from[i] != fence_byte(i, serial)) return false;
    }
    return true;
}

size_t up(size_t value, size_t to) { return (value + to - 1) / to * to; }

void poison_shadow(const void* from, size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
    __asan_poison_memory_region(from, bytes);
#else
    (void)from;
    (void)bytes;
#endif
}
void unpoison_shadow(const void* from, size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(from, bytes);
#else
    (void)from;
    (void)bytes;
#endif
}

}  // namespace

void Arena::reserve() {
    if (base != 0) return;
    for (size_t bytes = size_t(1) << 40; bytes >= size_t(1) << 34; bytes /= 4) {
        void* const hint = reinterpret_cast<void*>(uintptr_t(0x200000000000));
        void* const map = mmap(hint, 2 * bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (map == MAP_FAILED) continue;
        base = reinterpret_cast<uintptr_t>(map);
        size = distance = bytes;
        cursor = base;
        holes[base] = bytes;
        return;
    }
}

// Next fit: addresses come back into use as late as possible.
uintptr_t Arena::take(size_t bytes) {
    auto fits = [&](std::map<uintptr_t, size_t>::iterator from, std::map<uintptr_t, size_t>::iterator to) {
        return std::find_if(from, to, [&](const auto& hole) { return hole.second >= bytes; });
    };
    // what was freed just before the cursor lies in one hole with what follows it
    auto around = holes.upper_bound(cursor);
    if (around != holes.begin() && (--around)->first < cursor && around->first + around->second > cursor) {
        const size_t behind = around->first + around->second - cursor;
        around->second -= behind;
        holes[cursor] = behind;
    }
    auto hole = fits(holes.lower_bound(cursor), holes.end());
    if (hole == holes.end()) hole = fits(holes.begin(), holes.end());
    if (hole == holes.end()) return 0;
    const uintptr_t at = hole->first;
    const size_t left = hole->second - bytes;
    holes.erase(hole);
    if (left > 0) holes[at + bytes] = left;
    cursor = at + bytes;
    return at;
}

void Arena::give(uintptr_t at, size_t bytes) {
    auto next = holes.lower_bound(at);
    if (next != holes.end() && at + bytes == next->first) {
        bytes += next->second;
        next = holes.erase(next);
    }
    if (next != holes.begin()) {
        auto before = std::prev(next);
        if (before->first + before->second == at) {
            before->second += bytes;
            return;
        }
    }
    holes[at] = bytes;
}

uintptr_t Arena::allocate(size_t bytes, int device, const void* owner) {
    reserve();
    if (base == 0 || bytes > size / 4) return 0;
    const size_t page_bytes = up(RED + bytes + RED, PAGE);
    const uintptr_t at = take(PAGE + page_bytes);
    if (at == 0) return 0;
    const uintptr_t pages = at + PAGE;
    // shared, so that mremap can map it a second time
    void* const map = mmap(work(pages), page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) {
        give(at, PAGE + page_bytes);
        return 0;
    }
    char* const start = work(pages);
    char* const data = start + RED;
    unpoison_shadow(start, page_bytes);
    fence(start, RED, ++serial);
    fence(data + bytes, page_bytes - RED - bytes, serial);
    if (bytes <= ALL_POISONED) {
        std::memset(data, POISON, bytes);
    } else {  // the middle of a very large one is zero, so that it need not be backed by memory
        std::memset(data, POISON, ENDS_POISONED);
        std::memset(data + bytes - ENDS_POISONED, POISON, ENDS_POISONED);
    }
    poison_shadow(start, RED);
    poison_shadow(data + bytes, page_bytes - RED - bytes);
    const Allocation allocation{pages + RED, bytes, pages, page_bytes, device, owner, serial};
    allocations[allocation.address] = allocation;
    live[device] += bytes;
    size_t total = 0;
    for (size_t l : live) total += l;
    peak = std::max(peak, total);
    return allocation.address;
}

std::string Arena::damage(const Allocation& a) const {
#if defined(__SANITIZE_ADDRESS__)
    (void)a;
    return "";  // the sanitizer stops at the access itself
#else
    const char* const data = work(a.address);
    const char* where = nullptr;
    if (!intact(data - RED, RED, a.serial)) where = "before the start";
    if (!intact(data + a.bytes, RED, a.serial)) where = "past the end";
    if (where == nullptr) return "";
    return std::string("a write ") + where + " of allocation #" + std::to_string(a.serial) + " of " + std::to_string(a.bytes) + " bytes at "
           + describe(a.address);
#endif
}

void Arena::repair(const Allocation& a) const {
    fence(work(a.address) - RED, RED, a.serial);
    fence(work(a.address) + a.bytes, RED, a.serial);
}

std::string Arena::free(uintptr_t address) {
    const auto found = allocations.find(address);
    const Allocation a = found->second;
    const std::string report = damage(a);
    unpoison_shadow(work(a.pages), a.page_bytes);
    mmap(work(a.pages), a.page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    live[a.device] -= a.bytes;
    allocations.erase(found);
    give(a.pages - PAGE, PAGE + a.page_bytes);
    return report;
}

const Allocation* Arena::find(uintptr_t address, size_t bytes) const {
    auto after = allocations.upper_bound(address);
    if (after == allocations.begin()) return nullptr;
    const Allocation& a = std::prev(after)->second;
    const uintptr_t offset = address - a.address;
    return offset <= a.bytes && bytes <= a.bytes - offset ? &a : nullptr;
}

std::string Arena::check() {
    constexpr size_t AT_ONCE = 256;
    if (allocations.size() <= AT_ONCE) {
        for (const auto& entry : allocations) {
            const std::string report = damage(entry.second);
            if (!report.empty()) return repair(entry.second), report;
        }
        return "";
    }
    auto next = allocations.upper_bound(check_cursor);
    for (size_t i = 0; i < AT_ONCE; ++i) {
        if (next == allocations.end()) next = allocations.begin();
        check_cursor = next->first;
        const std::string report = damage(next->second);
        if (!report.empty()) return repair(next->second), report;
        ++next;
    }
    return "";
}

bool Arena::alias(uintptr_t address) {
    auto after = allocations.upper_bound(address + RED);
    if (after == allocations.begin()) return false;
    Allocation& a = std::prev(after)->second;
    if (address < a.pages || address >= a.pages + a.page_bytes || a.aliased) return false;
    void* const wanted = reinterpret_cast<void*>(a.pages);
    if (mremap(work(a.pages), 0, a.page_bytes, MREMAP_MAYMOVE | MREMAP_FIXED, wanted) != wanted) return false;
    a.aliased = true;
    aliases.push_back(a.address);
    return true;
}

void Arena::drop_aliases() {
    for (const uintptr_t address : aliases) {
        const auto found = allocations.find(address);
        if (found == allocations.end()) continue;
        Allocation& a = found->second;
        mmap(reinterpret_cast<void*>(a.pages), a.page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
        a.aliased = false;
    }
    aliases.clear();
}

std::string Arena::describe(uintptr_t address) const {
    char text[32];
    std::snprintf(text, sizeof text, "0x%llx", (unsigned long long)address);
    std::string where = text;
    if (!contains(address)) return where + ", which is not device memory";
    auto after = allocations.upper_bound(address);
    const Allocation* before = after == allocations.begin() ? nullptr : &std::prev(after)->second;
    if (before != nullptr && address - before->address < before->bytes) {
        return where + " (byte " + std::to_string(address - before->address) + " of allocation #" + std::to_string(before->serial) + ", "
               + std::to_string(before->bytes) + " bytes)";
    }
    if (after != allocations.end() && (before == nullptr || after->first - address < address - before->address - before->bytes)) {
        return where + " (" + std::to_string(after->first - address) + " bytes before allocation #" + std::to_string(after->second.serial) + " of "
               + std::to_string(after->second.bytes) + " bytes)";
    }
    if (before != nullptr) {
        return where + " (" + std::to_string(address - before->address - before->bytes) + " bytes past the end of allocation #"
               + std::to_string(before->serial) + " of " + std::to_string(before->bytes) + " bytes)";
    }
    return where + ", where nothing is allocated";
}

size_t Arena::live_bytes(int device) const { return live[device]; }

}  // namespace tw
