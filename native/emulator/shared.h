// shared.h — the shared memory of one block: dynamic bytes, then static arrays in the order a launch meets them, each between red
// zones. All ones (NaN) at the start of every block.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emulator/dialect.h"

namespace tw {

class SharedMemory {
public:
    static constexpr uint32_t LIMIT = 227 << 10, STATIC_LIMIT = 48 << 10;

    SharedMemory();
    void begin_launch(uint32_t dynamic_bytes);
    void begin_block();
    // The block has ended, others of its cluster have not.
    void end_block();
    bool used_since_end() const;
    // Another block of the cluster has met further arrays.
    void place_as(const SharedMemory& other);
    // Offsets are given per launch, and are the same for all blocks that are resident together.
    void* place(uint32_t offset, uint32_t bytes, const char* name);
    void* dynamic() { return base + ZONE; }
    char* start() const { return base; }
    uint32_t end() const { return used; }
    // The name of an array whose red zone was written to, or null.
    const char* damaged() const;

    static constexpr uint32_t ZONE = 128;

private:
    struct Array {
        uint32_t from, bytes;
        const char* name;
    };
    void protect(const Array& array);

    std::unique_ptr<char[]> memory;  // not touched before it is used
    char* base;
    uint32_t used = 0;
    bool ended = false;
    std::vector<Array> arrays;
};

}  // namespace tw
