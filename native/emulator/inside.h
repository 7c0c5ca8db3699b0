// inside.h — the state of the launch that runs, and what the parts of the scheduler call of each other.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fiber.h"
#include "scheduler.h"
#include "shared.h"

namespace tw {

// A barrier of kernels/bulk.cuh.
struct CountingBarrier {
    uint32_t arrivals = 0, missing = 0;      // of a phase; still to come in this one
    int64_t bytes = 0;                       // still to come in this phase; below 0 where copies came before they were expected
    uint64_t phase = 0;                      // phases that are over
    const Lane* maker = nullptr;
    bool fenced = false;                     // init_fence since init
    uint64_t made_before = 0, made_before_cluster = 0;  // barriers that block and cluster had passed then
    std::vector<Lane*> waiting;
    std::vector<uint32_t> told;              // what those who arrived knew of the block's warps
    Site site{};
};

struct Block;
struct BulkCopy {
    char* into;
    const char* from;
    uint32_t bytes, barrier;                 // the barrier's place
    Site site;
    Block* giver;                            // whose shared memory it reads, or null: global memory
};

// A word of dynamic shared memory, as products and copies out of it see it (operands.cc).
struct Word {
    enum State : uint8_t { UNKNOWN, COMING, COPIED, STORED, FENCED };
    uint32_t value = ~0u, fenced = 0;        // as it came; the clock of the warp at its fence
    uint16_t thread = 0;                     // that stored it
    State state = UNKNOWN;
    bool listed = false;                     // among what that thread has yet to fence
    uint8_t given = 0;                       // copies to other blocks that have yet to read it
};

struct Lane;
struct Warp;

enum class Stage : uint8_t { NOT_STARTED, RUNNING, READY, AT_BARRIER, AT_GRID_BARRIER, AT_COLLECTIVE, AT_NAMED_BARRIER, AT_COUNTING_BARRIER, AT_CLUSTER_BARRIER, RETURNED };

// Copies queued by cp.async: groups closed by a commit, then the open one.
struct AsyncCopies {
    struct Copy {
        void* shared;
        const void* global;
        uint32_t bytes, valid;
    };
    std::vector<std::vector<Copy>> groups;
    std::vector<Copy> open;
};

// Products queued by wgmma, likewise.
struct AsyncProducts {
    std::vector<Product> queue;           // of all groups, oldest first
    std::vector<uint32_t> heard;          // what the warp knew of the others at each of them; of its first lane
    std::vector<size_t> groups;           // how many products each closed group has
    size_t open = 0;
    bool fenced = false;
};

struct Lane {
    Position where;
    Stage state;
    Warp* warp;
    Block* block;
    Fiber* fiber;
    const char* waits_for;
    Site site;
    std::unique_ptr<AsyncCopies> copies;
    std::unique_ptr<AsyncProducts> products;
    std::vector<uint32_t> unfenced;  // words of dynamic shared memory that it stored since its last proxy_fence
    uint64_t cluster_passed = 0;     // barriers of the cluster that this thread has waited for
    bool cluster_arrived = false;    // at the next one
    uint32_t reaches = 0;            // blocks of the cluster whose memory the thread may be using
    int32_t registers = 0;           // by setmaxnreg; 0: as the kernel began
    uint64_t awaited = 0;            // the phase of a counting barrier
};

// A collective under way: some lanes of the mask have handed in their values.
struct Group {
    const char* kind;
    Site site;
    uint32_t mask;
    uint32_t arrived = 0;
    Combine combine;
    Exchange exchange;
};

struct Warp {
    uint32_t alive = 0;
    uint64_t place = 0;  // where warps race: the least goes first
    Lane* lanes = nullptr;
    std::vector<Group> groups;  // of disjoint masks; one in all our kernels
};

// Threads at bar.sync of one number.
struct NamedBarrier {
    unsigned int threads = 0;
    Site site{};
    std::vector<Lane*> waiting;
};

struct Block {
    uint3 index{};
    unsigned int rank = 0, slot = 0;     // in its cluster; among the resident ones
    unsigned int live = 0, started = 0, at_barrier = 0;
    bool loaded = false;
    Site barrier{};
    std::vector<Lane> lanes;
    std::vector<Warp> warps;
    SharedMemory shared;
    NamedBarrier named[16];
    int64_t registers_free = 0;              // given back by some threads and not taken by others
    uint64_t barriers_passed = 0;            // of all its threads: __syncthreads and barriers of the cluster
    std::map<uint32_t, CountingBarrier> counting;  // by place in the shared memory
    std::vector<BulkCopy> copies;            // to this block, on their way
    size_t reads = 0;                        // products of its threads that have yet to read inputs there
    std::vector<Word> words;                 // of dynamic shared memory, from the first that is stored or copied
    std::vector<uint32_t> clock, heard;      // of each warp; what each knows of each
    std::vector<uint32_t> at_cluster;        // what those who arrived at the barrier of the cluster knew
};

// Blocks of a cluster; one block where a kernel has none.
struct Cluster {
    unsigned int live = 0, arrived = 0;      // threads
    uint64_t passed = 0;
    Site barrier{};
};

// A launch that runs; there is one at a time.
struct Launch {
    const KernelRecord* kernel = nullptr;
    const uint64_t* arguments = nullptr;
    LaunchShape shape;
    Schedule schedule;
    uint64_t serial = 0, random = 0;
    bool race = false;  // warps run as far as they can, one after the other
    uint64_t blocks = 0, clusters = 0, next_cluster = 0;
    unsigned int cluster_size = 1;
    std::vector<Cluster> resident_clusters;
    unsigned int threads = 0;
    std::vector<unsigned int> start_order;
    std::vector<uint3> thread_of;
    uint64_t block_step = 1, block_offset = 0;  // random order of clusters: i -> (i step + offset) mod clusters
    std::vector<std::unique_ptr<Block>> resident;
    unsigned int residents = 0, loaded = 0, starting = 0;
    uint64_t grid_live = 0, at_grid_barrier = 0;
    Site grid_barrier{};
    uint32_t static_bytes = 0, shared_end = 0;
    LaunchOutcome outcome;
};

extern Launch launch;
extern Lane* current;

uint64_t next_random();
bool in_random_order();
std::string describe(const Site& site);
// The current thread waits: others run, until someone makes it ready and it is its turn.
void wait(Stage state, const char* what, Site site);
void make_ready(Lane* lane);
// What bulk.cc does as blocks and threads come and go.
void begin_cluster(unsigned int first_slot);
// What operands.cc keeps of words, and of what warps know of each other: who arrives tells, who has waited hears.
void begin_operands(Block& block);
void tell(Block& block, const Lane* lane, std::vector<uint32_t>& into);
void hear(Block& block, const Lane* lane, const std::vector<uint32_t>& from);
void all_hear(Block& block);
const uint32_t* heard();
void coming(Block& block, const void* at, size_t bytes);
void copied(Block& block, const void* at, size_t bytes);
void copied_by_thread(const void* at, size_t bytes);
void given(Block& block, const void* at, size_t bytes, int change);
void may_be_given(const void* at, size_t bytes, Site site);
void bulk_returned(Lane* lane);

}  // namespace tw
