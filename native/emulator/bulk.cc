// What kernels/bulk.cuh does, strictly.
//
//   A copy lands as late as it may: when all arrivals of its barrier's phase have come and a thread waits for it; in random order also when it
//   is issued, or at some later call. Until then its place holds all ones.
#include <algorithm>
#include <cstring>

#include "inside.h"
#include "state.h"

namespace tw {
namespace {

constexpr int64_t MOST_ARRIVALS = (1 << 20) - 1, MOST_BYTES = (1 << 20) - 1;
constexpr uint64_t MARK = 0xB4441E5000000000u;  // what the eight bytes hold: nobody else may write there

[[noreturn]] void wrong(Site site, const std::string& text) { fault(Fault::LAUNCH_FAILED, site, text.c_str()); }

Cluster& cluster() { return launch.resident_clusters[current->block->slot / launch.cluster_size]; }
Block& peer(const unsigned int rank) { return *launch.resident[current->block->slot - current->block->rank + rank]; }

uint32_t place_in(const Block& block, const void* address, Site site) {
    const int64_t offset = static_cast<const char*>(address) - block.shared.start();
    if (offset < 0 || offset >= int64_t(block.shared.end())) wrong(site, "an address that is not in the block's shared memory");
    return uint32_t(offset);
}

CountingBarrier& known(Block& block, const uint32_t place, Site site) {
    if (block.live == 0) wrong(site, "the other block of the cluster has ended");
    const auto found = block.counting.find(place);
    if (found == block.counting.end()) wrong(site, "no barrier was made here (barrier_init)");
    CountingBarrier& barrier = found->second;
    uint64_t mark;
    std::memcpy(&mark, block.shared.start() + place, sizeof mark);
    if (mark != (MARK | place)) wrong(site, "something wrote over the barrier");
    if (&block != current->block) {
        if (!barrier.fenced) wrong(site, "the other block's barrier was made without barrier_init_fence");
        if (barrier.made_before_cluster == cluster().passed) wrong(site, "no barrier of the cluster since the other block made its barrier");
    } else if (current != barrier.maker && barrier.made_before == block.barriers_passed) {
        wrong(site, "no barrier of the block since another thread made this one");
    }
    return barrier;
}

CountingBarrier& own(uint64_t* at, Site site) {
    if (reinterpret_cast<uintptr_t>(at) % 8 != 0) fault(Fault::MISALIGNED, site, "a barrier at an address that is no multiple of 8");
    return known(*current->block, place_in(*current->block, at, site), site);
}

void advance(CountingBarrier& barrier, Site site) {
    if (barrier.bytes > MOST_BYTES || barrier.bytes < -MOST_BYTES) wrong(site, "a barrier with more than 2^20 - 1 bytes to come");
    if (barrier.missing > 0 || barrier.bytes > 0) return;
    if (barrier.bytes < 0) wrong(site, "copies of " + std::to_string(-barrier.bytes) + " bytes more than the barrier expects");
    ++barrier.phase;
    barrier.missing = barrier.arrivals;
    for (Lane* lane : barrier.waiting) make_ready(lane);
    barrier.waiting.clear();
}

void land(Block& block, const size_t which) {
    const BulkCopy copy = block.copies[which];
    block.copies.erase(block.copies.begin() + long(which));
    std::memcpy(copy.into, copy.from, copy.bytes);
    copied(block, copy.into, copy.bytes);
    if (copy.giver != nullptr) given(*copy.giver, copy.from, copy.bytes, -1);
    CountingBarrier& barrier = block.counting.at(copy.barrier);
    barrier.bytes -= copy.bytes;
    advance(barrier, copy.site);
}

// Lands what a phase that somebody waits for lacks, all arrivals having come.
void settle(Block& block, const uint32_t place) {
    CountingBarrier& barrier = block.counting.at(place);
    const uint64_t phase = barrier.phase;
    while (barrier.phase == phase && barrier.missing == 0) {
        std::vector<size_t> mine;
        for (size_t i = 0; i < block.copies.size(); ++i) {
            if (block.copies[i].barrier == place) mine.push_back(i);
        }
        if (mine.empty()) return;
        land(block, in_random_order() ? mine[next_random() % mine.size()] : mine[0]);
    }
}

// In random order now and then a copy lands, of any block.
void land_something() {
    if (!in_random_order() || next_random() % 4 != 0) return;
    Block& block = *launch.resident[next_random() % launch.residents];
    if (block.loaded && !block.copies.empty()) land(block, next_random() % block.copies.size());
}

// A copy to the block sets out: until it lands its place is all ones.
void queue(Block& block, const BulkCopy& copy) {
    std::memset(copy.into, 0xFF, copy.bytes);
    coming(block, copy.into, copy.bytes);
    block.copies.push_back(copy);
    if (in_random_order() && next_random() % 3 == 0) {
        land(block, block.copies.size() - 1);
    } else if (!block.counting.at(copy.barrier).waiting.empty()) {
        settle(block, copy.barrier);
    }
}

void arrive(Block& block, const uint32_t place, const int64_t expected, Site site) {
    CountingBarrier& barrier = known(block, place, site);
    if (expected > MOST_BYTES) wrong(site, "a barrier that expects more than 2^20 - 1 bytes");
    if (barrier.missing == 0) wrong(site, "more arrivals than the barrier counts");
    barrier.bytes += expected;
    --barrier.missing;
    barrier.site = site;
    advance(barrier, site);
    if (!barrier.waiting.empty()) settle(block, place);
    land_something();
}

void release_cluster(Cluster& of, const unsigned int first_slot) {
    of.arrived = 0;
    ++of.passed;
    for (unsigned int rank = 0; rank < launch.cluster_size; ++rank) {
        Block& block = *launch.resident[first_slot + rank];
        ++block.barriers_passed;
        for (size_t w = 0; w < block.warps.size(); ++w) hear(block, block.warps[w].lanes, block.at_cluster);
        for (Lane& lane : block.lanes) {
            if (lane.state == Stage::AT_CLUSTER_BARRIER) make_ready(&lane);
        }
    }
}

std::string threads(const size_t count) { return std::to_string(count) + " threads"; }

}  // namespace

// ---- as blocks come and go

void begin_cluster(const unsigned int first_slot) {
    Cluster& fresh = launch.resident_clusters[first_slot / launch.cluster_size];
    fresh = Cluster{};
    fresh.live = launch.threads * launch.cluster_size;
    for (unsigned int rank = 0; rank < launch.cluster_size; ++rank) {
        Block& block = *launch.resident[first_slot + rank];
        for (NamedBarrier& named : block.named) named.waiting.clear();
        block.counting.clear();
        block.copies.clear();
        begin_operands(block);
        block.barriers_passed = 0;
        block.registers_free = 0;
    }
}

void bulk_returned(Lane* lane) {
    Block& block = *lane->block;
    Cluster& of = launch.resident_clusters[block.slot / launch.cluster_size];
    --of.live;
    lane->reaches = 0;
    const Site site{launch.kernel->source, 0};
    if (lane->cluster_arrived) wrong(site, "a thread returns between cluster_arrive and cluster_wait");
    if (of.arrived > 0 && of.arrived == of.live) release_cluster(of, block.slot - block.rank);
    if (block.live > 0) return;
    if (block.registers_free < 0) wrong(site, "warps take more registers than others give back");
    if (!block.copies.empty()) wrong(block.copies[0].site, "the block ends while a copy to it is on its way");
    for (unsigned int rank = 0; rank < launch.cluster_size; ++rank) {
        for (const BulkCopy& copy : launch.resident[block.slot - block.rank + rank]->copies) {
            if (copy.giver == &block) wrong(copy.site, "the block ends while a copy from it is on its way");
        }
    }
    for (auto& [place, barrier] : block.counting) {
        if (barrier.bytes != 0) wrong(barrier.site, "the block ends with " + std::to_string(barrier.bytes) + " bytes of a barrier to come");
    }
    if (launch.cluster_size == 1 || of.live == 0) return;
    for (unsigned int rank = 0; rank < launch.cluster_size; ++rank) {
        for (const Lane& other : launch.resident[block.slot - block.rank + rank]->lanes) {
            if (other.state != Stage::RETURNED && (other.reaches >> block.rank & 1) != 0) {
                wrong(site, "the block ends while a thread of the cluster may use its shared memory: no barrier of the cluster in between");
            }
        }
    }
    block.shared.end_block();
}

// ---- counting barriers

void counting_init(uint64_t* at, const int32_t arrivals, Site site) {
    if (reinterpret_cast<uintptr_t>(at) % 8 != 0) fault(Fault::MISALIGNED, site, "a barrier at an address that is no multiple of 8");
    Block& block = *current->block;
    const uint32_t place = place_in(block, at, site);
    if (arrivals < 1 || arrivals > MOST_ARRIVALS) wrong(site, "a barrier counts 1 to 2^20 - 1 arrivals, not " + std::to_string(arrivals));
    if (block.counting.count(place) != 0) wrong(site, "a barrier was made here already");
    CountingBarrier& barrier = block.counting[place];
    barrier.arrivals = barrier.missing = uint32_t(arrivals);
    barrier.maker = current;
    barrier.made_before = block.barriers_passed;
    barrier.made_before_cluster = cluster().passed;
    barrier.site = site;
    const uint64_t mark = MARK | place;
    std::memcpy(at, &mark, sizeof mark);
}

void counting_init_fence() {
    for (auto& [place, barrier] : current->block->counting) {
        if (barrier.maker == current) barrier.fenced = true;
    }
}

void counting_arrive(uint64_t* at, const int32_t expected, Site site) {
    if (expected < -1) wrong(site, "a barrier that expects less than no bytes");
    tell(*current->block, current, own(at, site).told);
    arrive(*current->block, place_in(*current->block, at, site), std::max(expected, 0), site);
}

void counting_arrive_at(uint64_t* at, const int32_t rank, Site site) {
    if (rank < 0 || unsigned(rank) >= launch.cluster_size) wrong(site, "rank " + std::to_string(rank) + " of a cluster of " + std::to_string(launch.cluster_size));
    if (reinterpret_cast<uintptr_t>(at) % 8 != 0) fault(Fault::MISALIGNED, site, "a barrier at an address that is no multiple of 8");
    if (unsigned(rank) == current->block->rank) tell(*current->block, current, own(at, site).told);
    arrive(peer(unsigned(rank)), place_in(*current->block, at, site), 0, site);
    current->reaches &= ~(1u << rank);
}

void counting_wait(uint64_t* at, const int32_t parity, Site site) {
    ++traffic().barriers;
    if (parity != 0 && parity != 1) wrong(site, "a parity that is neither 0 nor 1");
    CountingBarrier& barrier = own(at, site);
    land_something();
    if (int32_t(barrier.phase & 1) == parity) settle(*current->block, place_in(*current->block, at, site));
    if (int32_t(barrier.phase & 1) != parity) return hear(*current->block, current, barrier.told);
    current->awaited = barrier.phase;
    barrier.waiting.push_back(current);
    wait(Stage::AT_COUNTING_BARRIER, "barrier_wait", site);
    if (barrier.phase != current->awaited + 1) wrong(site, "a barrier went two phases on while a thread waited for the first");
    hear(*current->block, current, barrier.told);
}

// ---- copies

void bulk_copy(void* shared, const void* global, const int32_t bytes, uint64_t* at, const uint32_t ranks, Site site) {
    if (reinterpret_cast<uintptr_t>(shared) % 16 != 0 || reinterpret_cast<uintptr_t>(global) % 16 != 0) {
        fault(Fault::MISALIGNED, site, "a bulk copy between addresses that are no multiples of 16");
    }
    if (bytes <= 0 || bytes % 16 != 0 || bytes > MOST_BYTES) wrong(site, "a bulk copy of " + std::to_string(bytes) + " bytes");
    if (ranks == 0 || ranks >> launch.cluster_size != 0) wrong(site, "a bulk copy to blocks that the cluster does not have");
    Arena& arena = state().arena;
    const uintptr_t from = reinterpret_cast<uintptr_t>(global);
    const uintptr_t device = arena.working(from) ? arena.device(from) : from;
    if (arena.find(device, size_t(bytes)) == nullptr) {
        fault(Fault::ILLEGAL_ADDRESS, site, ("a bulk copy of " + std::to_string(bytes) + " bytes from " + arena.describe(device)).c_str());
    }
    const Block& here = *current->block;
    const uint32_t into = place_in(here, shared, site), barrier = place_in(here, at, site);
    if (into + uint32_t(bytes) > here.shared.end()) wrong(site, "a bulk copy beyond the block's shared memory");
    for (unsigned int rank = 0; rank < launch.cluster_size; ++rank) {
        if ((ranks >> rank & 1) == 0) continue;
        Block& block = peer(rank);
        if (!known(block, barrier, site).fenced) wrong(site, "a copy counted by a barrier that was made without barrier_init_fence");
        if (&block != &here) block.shared.place_as(here.shared);
        char* const target = block.shared.start() + into;
        queue(block, {target, arena.work(device), uint32_t(bytes), barrier, site, nullptr});
    }
    land_something();
}

void bulk_give_to(const void* shared, const int32_t bytes, uint64_t* at, const int32_t rank, Site site) {
    if (reinterpret_cast<uintptr_t>(shared) % 16 != 0) fault(Fault::MISALIGNED, site, "a bulk copy from an address that is no multiple of 16");
    if (bytes <= 0 || bytes % 16 != 0 || bytes > MOST_BYTES) wrong(site, "a bulk copy of " + std::to_string(bytes) + " bytes");
    Block& here = *current->block;
    if (rank < 0 || unsigned(rank) >= launch.cluster_size || unsigned(rank) == here.rank) {
        wrong(site, "a bulk copy to rank " + std::to_string(rank) + " of a cluster of " + std::to_string(launch.cluster_size) + ", from " + std::to_string(here.rank));
    }
    const uint32_t from = place_in(here, shared, site), barrier = place_in(here, at, site);
    if (from + uint32_t(bytes) > here.shared.end()) wrong(site, "a bulk copy beyond the block's shared memory");
    may_be_given(shared, size_t(bytes), site);
    Block& block = peer(unsigned(rank));
    if (!known(block, barrier, site).fenced) wrong(site, "a copy counted by a barrier that was made without barrier_init_fence");
    block.shared.place_as(here.shared);
    given(here, shared, size_t(bytes), 1);
    queue(block, {block.shared.start() + from, here.shared.start() + from, uint32_t(bytes), barrier, site, &here});
    land_something();
}

// ---- clusters

int32_t rank_in_cluster() { return int32_t(current->block->rank); }

void cluster_barrier_arrive(Site site) {
    warp_collective("cluster_arrive", site, 0xFFFFFFFFu, nullptr, nullptr, [](Exchange&) {});
    if (current->cluster_arrived) wrong(site, "cluster_arrive twice without cluster_wait");
    current->cluster_arrived = true;
    tell(*current->block, current, current->block->at_cluster);
    current->reaches = 0;
    Cluster& of = cluster();
    if (++of.arrived == of.live) release_cluster(of, current->block->slot - current->block->rank);
}

void cluster_barrier_wait(Site site) {
    warp_collective("cluster_wait", site, 0xFFFFFFFFu, nullptr, nullptr, [](Exchange&) {});
    ++traffic().barriers;
    if (!current->cluster_arrived) wrong(site, "cluster_wait without cluster_arrive");
    if (cluster().passed == current->cluster_passed) wait(Stage::AT_CLUSTER_BARRIER, "cluster_wait", site);
    ++current->cluster_passed;
    current->cluster_arrived = false;
}

void* cluster_address(void* shared, const int32_t rank, Site site) {
    if (rank < 0 || unsigned(rank) >= launch.cluster_size) wrong(site, "rank " + std::to_string(rank) + " of a cluster of " + std::to_string(launch.cluster_size));
    const uint32_t place = place_in(*current->block, shared, site);
    Block& block = peer(unsigned(rank));
    if (&block == current->block) return shared;
    if (block.live == 0) wrong(site, "the other block of the cluster has ended");
    if (cluster().passed == 0) wrong(site, "another block's shared memory before any barrier of the cluster: the block need not have begun");
    block.shared.place_as(current->block->shared);
    current->reaches |= 1u << rank;
    return block.shared.start() + place;
}

// ---- named barriers, registers

void barrier_of_threads(const int32_t id, const int32_t count, Site site) {
    warp_collective("named_barrier", site, 0xFFFFFFFFu, nullptr, nullptr, [](Exchange& exchange) {
        if (exchange.present != 0xFFFFFFFFu) wrong(Site{"kernels/bulk.cuh", 0}, "a named barrier where lanes of a warp have returned");
    });
    ++traffic().barriers;
    Block& block = *current->block;
    NamedBarrier& named = block.named[id];
    if (unsigned(count) > launch.threads) wrong(site, "a named barrier of " + threads(size_t(count)) + " in a block of " + threads(launch.threads));
    if (named.waiting.empty()) {
        named.threads = unsigned(count);
        named.site = site;
    } else if (named.threads != unsigned(count)) {
        wrong(site, "a named barrier of " + threads(size_t(count)) + " where others wait for " + threads(named.threads));
    }
    if (named.waiting.size() + 1 < named.threads) {
        named.waiting.push_back(current);
        wait(Stage::AT_NAMED_BARRIER, "named_barrier", site);
        return;
    }
    std::vector<uint32_t> told;
    for (Lane* lane : named.waiting) tell(block, lane, told);
    tell(block, current, told);
    for (Lane* lane : named.waiting) hear(block, lane, told);
    hear(block, current, told);
    for (Lane* lane : named.waiting) make_ready(lane);
    named.waiting.clear();
    ++block.barriers_passed;
}

void set_registers(const int32_t registers, const bool take, Site site) {
    warp_collective("setmaxnreg", site, 0xFFFFFFFFu, nullptr, nullptr, [](Exchange&) {});
    int32_t& has = current->registers;
    if (has == 0) has = std::min(255, int32_t(65536 / unsigned(launch.kernel->max_threads)) / 8 * 8);
    if (take ? registers < has : registers > has) {
        wrong(site, "setmaxnreg from " + std::to_string(has) + (take ? " up to " : " down to ") + std::to_string(registers));
    }
    current->block->registers_free += has - registers;
    has = registers;
}

}  // namespace tw
