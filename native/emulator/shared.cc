#include "shared.h"

#include <algorithm>

namespace tw {

static constexpr unsigned char POISON = 0xFF, FENCE = 0xA5;

static uint32_t up(uint32_t value, uint32_t to) { return (value + to - 1) / to * to; }

SharedMemory::SharedMemory() : memory(new char[LIMIT + STATIC_LIMIT + (64 << 10)]) {
    base = reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(memory.get()) + 1023) / 1024 * 1024);
}

void SharedMemory::protect(const Array& array) {
    std::memset(base + array.from - ZONE, FENCE, ZONE);
    std::memset(base + array.from, POISON, array.bytes);
    std::memset(base + array.from + array.bytes, FENCE, up(array.bytes, ZONE) + ZONE - array.bytes);
}

void SharedMemory::begin_launch(uint32_t dynamic_bytes) {
    arrays.clear();
    used = 0;
    if (dynamic_bytes > 0) {
        arrays.push_back({ZONE, dynamic_bytes, "dynamic shared memory"});
        used = ZONE + up(dynamic_bytes, ZONE);
    }
}

void SharedMemory::begin_block() {
    ended = false;
    for (const Array& array : arrays) protect(array);
}

void SharedMemory::end_block() {
    ended = true;
    for (const Array& array : arrays) std::memset(base + array.from, POISON, array.bytes);
}

bool SharedMemory::used_since_end() const {
    if (!ended) return false;
    for (const Array& array : arrays) {
        if (std::any_of(base + array.from, base + array.from + array.bytes, [](const char c) { return (unsigned char)c != POISON; })) return true;
    }
    return false;
}

void SharedMemory::place_as(const SharedMemory& other) {
    for (const Array& array : other.arrays) place(array.from, array.bytes, array.name);
}

void* SharedMemory::place(uint32_t offset, uint32_t bytes, const char* name) {
    for (const Array& array : arrays) {
        if (array.from == offset) return base + offset;
    }
    const Array array{offset, bytes, name};
    arrays.push_back(array);
    used = std::max(used, offset + up(bytes, ZONE));
    protect(array);
    return base + offset;
}

const char* SharedMemory::damaged() const {
    for (const Array& array : arrays) {
        for (uint32_t i = 1; i <= ZONE; ++i) {
            if ((unsigned char)base[array.from - i] != FENCE) return array.name;
        }
        for (uint32_t i = array.bytes; i < up(array.bytes, ZONE) + ZONE; ++i) {
            if ((unsigned char)base[array.from + i] != FENCE) return array.name;
        }
    }
    return nullptr;
}

}  // namespace tw
