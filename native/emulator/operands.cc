// What products of warpgroups and copies out of shared memory read there: they go past the stores of threads (another proxy), which they see
// behind a fence by the thread that stored, and then something by which the reader's warp knows of that.
//
//   word      of the dynamic shared memory: how it came there. A store that nothing here knows of is found by its value
//   knows     a clock a warp, and what each warp has heard of the others' through barriers: of the block, named, of the cluster, counting. What is
//             heard by way of another block is not followed
#include <algorithm>
#include <cstring>

#include "inside.h"

namespace tw {
namespace {

Block& here() { return *current->block; }
size_t warp_of(const Lane* lane) { return lane->where.linear / WARP; }
char* dynamic(const Block& block) { return block.shared.start() + SharedMemory::ZONE; }

uint32_t value_at(const Block& block, const size_t word) {
    uint32_t value;
    std::memcpy(&value, dynamic(block) + 4 * word, sizeof value);
    return value;
}

// Calls of(word, index) for those of so many bytes, where they are dynamic shared memory of the block.
template <class Of>
void each(Block& block, const void* at, const size_t bytes, const Of of) {
    const int64_t offset = static_cast<const char*>(at) - dynamic(block);
    if (offset < 0 || offset + int64_t(bytes) > int64_t(launch.shape.shared_bytes)) return;
    if (block.words.empty()) block.words.resize((launch.shape.shared_bytes + 3) / 4);
    for (size_t w = size_t(offset) / 4; w < (size_t(offset) + bytes + 3) / 4; ++w) of(block.words[w], w);
}

// A word that the current thread stored, to be fenced by it.
void list(Word& word, const size_t which) {
    const uint16_t thread = uint16_t(current->where.linear);
    std::vector<uint32_t>& mine = current->unfenced;
    if (word.listed && word.thread == thread) return;
    word.listed = true;
    word.thread = thread;
    mine.push_back(uint32_t(which));
    if (mine.size() > 2 * here().words.size()) {
        mine.erase(std::remove_if(mine.begin(), mine.end(), [&](const uint32_t w) { return here().words[w].thread != thread; }), mine.end());
    }
}

void join(uint32_t* into, const uint32_t* from, const size_t count) {
    for (size_t i = 0; i < count; ++i) into[i] = std::max(into[i], from[i]);
}

}  // namespace

// ---- who knows of whom

void begin_operands(Block& block) {
    block.words.clear();
    block.reads = 0;
    block.clock.assign(block.warps.size(), 0);
    block.heard.assign(block.warps.size() * block.warps.size(), 0);
    block.at_cluster.assign(block.warps.size(), 0);
}

void tell(Block& block, const Lane* lane, std::vector<uint32_t>& into) {
    const size_t warps = block.warps.size(), w = warp_of(lane);
    into.resize(warps);
    uint32_t* const mine = &block.heard[w * warps];
    mine[w] = ++block.clock[w];
    join(into.data(), mine, warps);
}

void hear(Block& block, const Lane* lane, const std::vector<uint32_t>& from) {
    if (from.size() == block.warps.size()) join(&block.heard[warp_of(lane) * block.warps.size()], from.data(), from.size());
}

void all_hear(Block& block) {
    const size_t warps = block.warps.size();
    for (size_t w = 0; w < warps; ++w) ++block.clock[w];
    for (size_t w = 0; w < warps; ++w) std::copy(block.clock.begin(), block.clock.end(), block.heard.begin() + long(w * warps));
}

const uint32_t* heard() { return &here().heard[warp_of(current) * here().warps.size()]; }

// ---- how words come

void stored(const void* at, const size_t bytes, const Site site) {
    Block& block = here();
    each(block, at, bytes, [&](Word& word, const size_t w) {
        if (word.state == Word::COMING) fault(Fault::LAUNCH_FAILED, site, "a store where a copy is to come");
        if (word.given > 0) fault(Fault::LAUNCH_FAILED, site, "a store to what a copy to another block has yet to read");
        word.value = value_at(block, w);
        word.state = Word::STORED;
        list(word, w);
    });
}

void coming(Block& block, const void* at, const size_t bytes) {
    each(block, at, bytes, [](Word& word, size_t) {
        word.state = Word::COMING;
        word.listed = false;
    });
}

void copied(Block& block, const void* at, const size_t bytes) {
    each(block, at, bytes, [&](Word& word, const size_t w) {
        word.value = value_at(block, w);
        word.state = Word::COPIED;
    });
}

void copied_by_thread(const void* at, const size_t bytes) {
    Block& block = here();
    each(block, at, bytes, [&](Word& word, const size_t w) {
        word.value = value_at(block, w);
        word.state = Word::STORED;
        list(word, w);
    });
}

void given(Block& block, const void* at, const size_t bytes, const int change) {
    each(block, at, bytes, [&](Word& word, size_t) { word.given = uint8_t(word.given + change); });
}

void proxy_fence_stores() {
    Block& block = here();
    for (const uint32_t w : current->unfenced) {
        Word& word = block.words[w];
        if (word.thread != current->where.linear) continue;
        word.listed = false;
        if (word.state != Word::STORED) continue;
        word.state = Word::FENCED;
        word.fenced = block.clock[warp_of(current)];
    }
    current->unfenced.clear();
}

// ---- who may read them

const char* unseen(const size_t offset, const size_t bytes, const uint32_t* heard_then) {
    const Block& block = here();
    static const Word untouched;  // rows and columns that nobody needs stay all ones
    for (size_t w = offset / 4; w < (offset + bytes + 3) / 4; ++w) {
        const Word& word = w < block.words.size() ? block.words[w] : untouched;
        if (word.state == Word::COMING) return "reads where a copy has yet to come";
        if (word.state == Word::STORED) return "reads what a thread stored without proxy_fence since";
        if (word.value != value_at(block, w)) return "reads what was stored by other means than store_operands, store_b128, a copy";
        const size_t writer = word.thread / WARP;
        if (word.state == Word::FENCED && writer != warp_of(current) && heard_then[writer] <= word.fenced) {
            return "of what another warp stored, without a barrier in between";
        }
    }
    return nullptr;
}

void may_be_given(const void* at, const size_t bytes, const Site site) {
    const size_t first = size_t(static_cast<const char*>(at) - dynamic(here()));
    if (const char* why = unseen(first, bytes, heard())) fault(Fault::LAUNCH_FAILED, site, (std::string("bulk_give ") + why).c_str());
}

void store_operands_at(unsigned char* at, const uint32_t pair, const Site site) {
    aligned<uint32_t>(at, site);
    Block& block = here();
    const size_t word = size_t(reinterpret_cast<char*>(at) - dynamic(block)) / 4;
    if (word >= launch.shape.shared_bytes / 4) fault(Fault::ILLEGAL_ADDRESS, site, "store_operands outside of the dynamic shared memory");
    const size_t group = warp_of(current) / 4 * 4;
    for (size_t w = group; block.reads > 0 && w < group + 4 && w < block.warps.size(); ++w) {
        for (unsigned int lane = 0; lane < WARP; ++lane) {
            const Lane& other = block.warps[w].lanes[lane];
            if (other.state == Stage::NOT_STARTED || other.state == Stage::RETURNED || other.products == nullptr) continue;
            for (const Product& product : other.products->queue) {
                if (product.shared_a == nullptr) continue;
                const size_t first = size_t(reinterpret_cast<const char*>(product.shared_a) - dynamic(block)) / 1024 * 1024;
                if (4 * word >= first && 4 * word < first + 64 * 128) fault(Fault::LAUNCH_FAILED, site, "store_operands where a product of the warpgroup has yet to read");
            }
            break;
        }
    }
    std::memcpy(at, &pair, sizeof pair);
    stored(at, sizeof pair, site);
}

}  // namespace tw
