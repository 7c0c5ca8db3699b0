#include "scheduler.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "inside.h"
#include "queue.h"

namespace tw {

const Position* position = nullptr;
dim3 grid_shape, block_shape;

Launch launch;
Lane* current = nullptr;

namespace {

volatile bool running = false;
Fiber main_fiber;
Fiber* worker = nullptr;  // the fiber that runs now
std::vector<Fiber*> all_fibers, idle;
unsigned int spins = 0;      // atomics since the last turn given away
unsigned int idle_turns = 0;  // turns given away in a row, with no thread starting, returning or passing a barrier
constexpr unsigned int MOST_IDLE_TURNS = 1u << 20;
bool start_first = false;  // a thread that spins asks for threads that have not run yet

// First in, first out; capacity a power of two above the number of resident threads.
struct Ready {
    std::vector<Lane*> ring;
    std::vector<uint64_t> places;  // of their warps, where warps race
    uint32_t head = 0, tail = 0;
    bool empty() const { return head == tail; }
    void push(Lane* lane) {
        lane->state = Stage::READY;
        const size_t at = tail++ & (ring.size() - 1);
        ring[at] = lane;
        places[at] = lane->warp->place;
    }
    uint64_t place(uint32_t i) const { return places[i & (places.size() - 1)]; }
    Lane* pop() { return ring[head++ & (ring.size() - 1)]; }
    // the one that was i behind the next comes next
    void advance(uint32_t i) {
        const size_t first = head & (ring.size() - 1), other = (head + i) & (ring.size() - 1);
        std::swap(ring[first], ring[other]);
        std::swap(places[first], places[other]);
    }
    void clear(size_t threads) {
        head = tail = 0;
        size_t capacity = 64;
        while (capacity <= threads) capacity *= 2;
        if (ring.size() < capacity) ring.resize(capacity), places.resize(capacity);
    }
} ready;

}  // namespace

uint64_t next_random() { return mix(launch.random); }
bool in_random_order() { return launch.schedule.order == Schedule::Order::RANDOM; }
void make_ready(Lane* lane) {
    idle_turns = 0;
    ready.push(lane);
}

namespace {

// In random order now and then: a thread that has not run yet goes before those that can go on.
bool prefers_start() { return in_random_order() && next_random() % 4 == 0; }

// Where a warp races, those that spin still give way now and then.
constexpr unsigned int MOST_RACING_TURNS = 16;
constexpr uint32_t MOST_COMPARED = 1024;

Lane* next_ready() {
    if (in_random_order()) {
        const uint32_t waiting = ready.tail - ready.head;
        uint32_t chosen = uint32_t(next_random() % waiting);
        if (launch.race && idle_turns < MOST_RACING_TURNS) {
            uint64_t least = ~uint64_t(0);
            for (uint32_t i = 0; i < std::min(waiting, MOST_COMPARED); ++i) {
                const uint64_t its = ready.place(ready.head + i);
                if (its < least) chosen = i, least = its;
            }
        }
        ready.advance(chosen);
    }
    return ready.pop();
}

// ---- blocks

// A cluster's blocks are beside each other along x.
void load_cluster(const unsigned int first_slot, uint64_t ordinal) {
    uint64_t i = ordinal;
    if (launch.schedule.order == Schedule::Order::REVERSE) i = launch.clusters - 1 - ordinal;
    if (in_random_order()) {
        i = uint64_t(((unsigned __int128)ordinal * launch.block_step + launch.block_offset) % launch.clusters);
    }
    const dim3& grid = launch.shape.grid;
    const unsigned int across = grid.x / launch.cluster_size;
    for (unsigned int rank = 0; rank < launch.cluster_size; ++rank) {
        Block& block = *launch.resident[first_slot + rank];
        block.index = {(unsigned int)(i % across) * launch.cluster_size + rank, (unsigned int)(i / across % grid.y), (unsigned int)(i / across / grid.y)};
        block.rank = rank;
        block.slot = first_slot + rank;
        block.live = launch.threads;
        block.started = block.at_barrier = 0;
        block.loaded = true;
        for (unsigned int w = 0; w < block.warps.size(); ++w) {
            const unsigned int lanes = std::min(WARP, launch.threads - w * WARP);
            block.warps[w].alive = lanes == WARP ? 0xFFFFFFFFu : (1u << lanes) - 1;
            block.warps[w].groups.clear();
            block.warps[w].place = launch.race ? next_random() : 0;
        }
        block.shared.begin_block();
        ++launch.loaded;
        launch.grid_live += launch.threads;
    }
    begin_cluster(first_slot);
}

Lane* start(Block& block) {
    const unsigned int linear = launch.start_order[block.started++];
    Lane& lane = block.lanes[linear];
    lane.where.thread = launch.thread_of[linear];
    lane.where.block = block.index;
    lane.state = Stage::RUNNING;
    lane.copies.reset();
    lane.products.reset();
    lane.unfenced.clear();
    lane.cluster_passed = lane.reaches = 0;
    lane.cluster_arrived = false;
    lane.registers = 0;
    idle_turns = 0;
    return &lane;
}

bool cluster_has_ended(const unsigned int first_slot) { return launch.resident_clusters[first_slot / launch.cluster_size].live == 0; }

void unload_cluster(const unsigned int first_slot) {
    for (unsigned int rank = 0; rank < launch.cluster_size; ++rank) {
        Block& block = *launch.resident[first_slot + rank];
        if (const char* name = block.shared.damaged()) {
            leave_kernel(CUDA_ERROR_ILLEGAL_ADDRESS, std::string("a write outside of the shared array ") + name);
        }
        if (launch.cluster_size > 1 && block.shared.used_since_end()) {
            leave_kernel(CUDA_ERROR_LAUNCH_FAILED, "a write to the shared memory of a block of the cluster that had ended");
        }
        block.loaded = false;
        --launch.loaded;
    }
}

// A thread that has not run yet, of a resident block, or of the next block where one has ended; null where all have started.
Lane* next_start() {
    if (in_random_order() && launch.residents > 1) launch.starting = (unsigned int)(next_random() % launch.residents);
    for (unsigned int tried = 0; tried < launch.residents; ++tried) {
        Block& block = *launch.resident[launch.starting];
        const unsigned int first_slot = launch.starting / launch.cluster_size * launch.cluster_size;
        if (block.loaded && cluster_has_ended(first_slot)) unload_cluster(first_slot);
        if (!block.loaded && launch.next_cluster < launch.clusters) load_cluster(first_slot, launch.next_cluster++);
        if (block.loaded && block.started < launch.threads) return start(block);
        launch.starting = launch.starting + 1 == launch.residents ? 0 : launch.starting + 1;
    }
    return nullptr;
}

bool can_start() {
    for (unsigned int r = 0; r < launch.residents; ++r) {
        const Block& block = *launch.resident[r];
        if (block.loaded && block.started < launch.threads) return true;
        if ((!block.loaded || cluster_has_ended(r / launch.cluster_size * launch.cluster_size)) && launch.next_cluster < launch.clusters) return true;
    }
    return false;
}

// ---- reports

}  // namespace

std::string describe(const Site& site) {
    const char* const slash = std::strrchr(site.file, '/');
    return std::string(slash ? slash + 1 : site.file) + ":" + std::to_string(site.line);
}

namespace {

std::string describe(const uint3& v) {
    return "(" + std::to_string(v.x) + "," + std::to_string(v.y) + "," + std::to_string(v.z) + ")";
}
std::string describe(const dim3& v) { return describe(uint3{v.x, v.y, v.z}); }
// Who waits where: a line for each place.
std::string waiting() {
    struct Place {
        const char* what;
        Site site;
        uint64_t lanes;
        Position first;
    };
    std::vector<Place> places;
    for (unsigned int r = 0; r < launch.residents; ++r) {
        Block& block = *launch.resident[r];
        if (!block.loaded) continue;
        for (Lane& lane : block.lanes) {
            if (lane.state < Stage::AT_BARRIER || lane.state == Stage::RETURNED) continue;
            auto same = std::find_if(places.begin(), places.end(), [&](const Place& p) { return p.what == lane.waits_for && p.site == lane.site; });
            if (same == places.end()) {
                places.push_back({lane.waits_for, lane.site, 1, lane.where});
            } else {
                ++same->lanes;
            }
        }
    }
    std::string text;
    for (const Place& p : places) {
        text += "\n    " + std::to_string(p.lanes) + " thread(s) wait at " + p.what + " " + describe(p.site) + ", the first is block "
                + describe(p.first.block) + " thread " + describe(p.first.thread);
    }
    return text;
}

// ---- waiting and going on

void worker_main();

Fiber* free_fiber() {
    if (idle.empty()) {
        all_fibers.push_back(new_fiber(&worker_main));
        return all_fibers.back();
    }
    Fiber* const fiber = idle.back();
    idle.pop_back();
    return fiber;
}

void go_to(Fiber* to) {
    Fiber* const from = worker;
    worker = to;
    ++traffic().switches;
    switch_fiber(from, to);
}

void resume(Lane* lane) {
    lane->state = Stage::RUNNING;
    current = lane;
    position = &lane->where;
    if (lane->fiber != worker) go_to(lane->fiber);
}

}  // namespace

void wait(Stage state, const char* what, Site site) {
    Lane* const self = current;
    self->state = state;
    self->waits_for = what;
    self->site = site;
    self->fiber = worker;
    ++traffic().waits;
    if (!ready.empty() && !(prefers_start() && can_start())) {
        resume(next_ready());
    } else if (can_start()) {
        start_first = true;
        go_to(free_fiber());
    } else {
        leave_kernel(CUDA_ERROR_LAUNCH_FAILED, "divergence: no thread can go on" + waiting());
    }
}

namespace {

void release_barrier(Block& block) {
    idle_turns = 0;
    block.at_barrier = 0;
    ++block.barriers_passed;
    all_hear(block);
    const bool reversed = launch.schedule.order == Schedule::Order::REVERSE;
    const size_t count = block.lanes.size();
    for (size_t i = 0; i < count; ++i) {
        Lane& lane = block.lanes[reversed ? count - 1 - i : i];
        if (lane.state == Stage::AT_BARRIER) ready.push(&lane);
    }
}

void release_grid_barrier() {
    launch.at_grid_barrier = 0;
    for (unsigned int r = 0; r < launch.residents; ++r) {
        all_hear(*launch.resident[r]);
        for (Lane& lane : launch.resident[r]->lanes) {
            if (lane.state == Stage::AT_GRID_BARRIER) ready.push(&lane);
        }
    }
}

// Deals out the results of a group all of whose lanes have arrived or returned; self, if not null, goes on by itself.
void complete(Warp& warp, size_t which, const Lane* self) {
    idle_turns = 0;
    Group& group = warp.groups[which];
    group.exchange.present = group.arrived;
    group.combine(group.exchange);
    for (unsigned int i = 0; i < WARP; ++i) {
        Lane* const lane = warp.lanes + i;
        if ((group.arrived >> i & 1) && lane != self) ready.push(lane);
    }
    warp.groups.erase(warp.groups.begin() + long(which));
}

void returned(Lane* lane) {
    Block& block = *lane->block;
    Warp& warp = *lane->warp;
    lane->state = Stage::RETURNED;
    idle_turns = 0;
    --block.live;
    --launch.grid_live;
    warp.alive &= ~(1u << (lane->where.linear & (WARP - 1)));
    for (size_t g = warp.groups.size(); g-- > 0;) {
        if ((warp.groups[g].mask & warp.alive) == warp.groups[g].arrived) complete(warp, g, nullptr);
    }
    if (block.at_barrier > 0 && block.at_barrier == block.live) release_barrier(block);
    if (launch.at_grid_barrier > 0 && launch.at_grid_barrier == launch.grid_live && launch.next_cluster == launch.clusters) release_grid_barrier();
    bulk_returned(lane);
}

void worker_main() {
    arrived();
    Fiber* const self = worker;
    for (;;) {
        if (!ready.empty() && !start_first && !prefers_start()) {
            idle.push_back(self);
            resume(next_ready());
            continue;
        }
        Lane* const lane = next_start();
        start_first = false;
        if (!ready.empty() && lane == nullptr) continue;
        if (lane != nullptr) {
            current = lane;
            position = &lane->where;
            launch.kernel->invoke(launch.arguments);
            returned(lane);
        } else if (launch.loaded == 0) {
            idle.push_back(self);
            go_to(&main_fiber);
        } else {
            leave_kernel(CUDA_ERROR_LAUNCH_FAILED, "divergence: no thread can go on" + waiting());
        }
    }
}

// ---- a launch

void shape_blocks() {
    const dim3& b = launch.shape.block;
    launch.threads = b.x * b.y * b.z;
    launch.blocks = uint64_t(launch.shape.grid.x) * launch.shape.grid.y * launch.shape.grid.z;
    // blocks that are not cooperative run one behind the other, or in random order some at a time
    launch.cluster_size = unsigned(launch.kernel->cluster);
    launch.clusters = launch.blocks / launch.cluster_size;
    launch.residents = launch.cluster_size
                       * (launch.shape.cooperative ? (unsigned int)launch.clusters
                          : in_random_order()      ? (unsigned int)std::min<uint64_t>(launch.clusters, 1 + next_random() % 3)
                                                   : 1);
    launch.resident_clusters.assign(launch.residents / launch.cluster_size, Cluster{});
    launch.thread_of.resize(launch.threads);
    launch.start_order.resize(launch.threads);
    for (unsigned int t = 0; t < launch.threads; ++t) {
        launch.thread_of[t] = {t % b.x, t / b.x % b.y, t / b.x / b.y};
        launch.start_order[t] = launch.schedule.order == Schedule::Order::REVERSE ? launch.threads - 1 - t : t;
    }
    if (in_random_order()) {
        for (unsigned int t = launch.threads; t > 1; --t) std::swap(launch.start_order[t - 1], launch.start_order[next_random() % t]);
        launch.block_offset = next_random() % launch.clusters;
        do {
            launch.block_step = 1 + next_random() % launch.clusters;
        } while (std::__gcd(launch.block_step, launch.clusters) != 1);
    }
    while (launch.resident.size() < launch.residents) launch.resident.push_back(std::make_unique<Block>());
    for (unsigned int r = 0; r < launch.residents; ++r) {
        Block& block = *launch.resident[r];
        const size_t warps = (launch.threads + WARP - 1) / WARP;
        block.loaded = false;
        block.shared.begin_launch(launch.shape.shared_bytes);
        if (block.lanes.size() == launch.threads) continue;
        block.warps.clear();
        block.lanes.clear();
        block.warps.resize(warps);
        block.lanes.resize(launch.threads);
        for (unsigned int t = 0; t < launch.threads; ++t) {
            Lane& lane = block.lanes[t];
            lane.where.linear = t;
            lane.warp = &block.warps[t / WARP];
            lane.block = &block;
            if (t % WARP == 0) lane.warp->lanes = &lane;
        }
    }
    launch.shared_end = launch.resident[0]->shared.end();
}

}  // namespace

Traffic& traffic() {
    static Traffic counts;
    return counts;
}

bool inside_kernel() { return running; }
uint64_t launch_serial() { return launch.serial; }
const Fiber* kernel_fiber() { return running ? worker : nullptr; }

LaunchOutcome run_launch(const KernelRecord& kernel, const LaunchShape& shape, const uint64_t* arguments, const Schedule& schedule) {
    launch.kernel = &kernel;
    launch.arguments = arguments;
    launch.shape = shape;
    launch.schedule = schedule;
    launch.random = schedule.seed;
    ++launch.serial;
    // in one of three launches one warp runs as far as it can, then another: as far apart as barriers let them get
    launch.race = in_random_order() && launch.serial % 3 == 0;
    launch.next_cluster = launch.grid_live = launch.at_grid_barrier = 0;
    launch.loaded = launch.starting = 0;
    launch.static_bytes = 0;
    idle_turns = 0;
    start_first = false;
    current = nullptr;
    launch.outcome = {};
    shape_blocks();
    ready.clear(size_t(launch.threads) * launch.residents);
    grid_shape = shape.grid;
    block_shape = shape.block;
    traffic().launches++;
    kernel.launches++;
    traffic().threads += launch.blocks * launch.threads;

    adopt(&main_fiber);
    running = true;
    worker = &main_fiber;
    go_to(free_fiber());
    running = false;
    if (launch.outcome.code != CUDA_SUCCESS) {  // the fibers stopped midway: they start afresh
        for (Fiber* fiber : all_fibers) rewind(fiber, &worker_main);
        idle = all_fibers;
        for (auto& block : launch.resident) block->lanes.clear();
    }
    return launch.outcome;
}

void leave_kernel(CUresult code, const std::string& message) {
    launch.outcome.code = code;
    launch.outcome.report = std::string(launch.kernel->name) + " <<<" + describe(launch.shape.grid) + "," + describe(launch.shape.block) + ","
                            + std::to_string(launch.shape.shared_bytes) + ">>> " + message;
    if (current != nullptr) {
        launch.outcome.report += "\n    in block " + describe(current->where.block) + " thread " + describe(current->where.thread);
    }
    static Fiber abandoned;
    worker = &main_fiber;
    switch_fiber(&abandoned, &main_fiber);
    __builtin_unreachable();
}

// ---- what kernel code calls

void block_barrier(Site site) {
    ++traffic().barriers;
    Block& block = *current->block;
    if (block.at_barrier == 0) {
        block.barrier = site;
    } else if (!(block.barrier == site)) {
        current->state = Stage::AT_BARRIER;
        current->waits_for = "__syncthreads";
        current->site = site;
        leave_kernel(CUDA_ERROR_LAUNCH_FAILED, "divergence: threads of one block wait at different barriers" + waiting());
    }
    if (++block.at_barrier == block.live) {
        // the last to come goes on last: it takes its turn behind those it releases
        current->fiber = worker;
        current->state = Stage::AT_BARRIER;
        ++traffic().waits;
        Lane* const self = current;
        release_barrier(block);
        Lane* const next = next_ready();
        if (next != self) {
            resume(next);
        } else {
            self->state = Stage::RUNNING;
        }
        return;
    }
    wait(Stage::AT_BARRIER, "__syncthreads", site);
}

void grid_barrier(Site site) {
    ++traffic().barriers;
    if (!launch.shape.cooperative) {
        leave_kernel(CUDA_ERROR_LAUNCH_FAILED, "grid_sync at " + describe(site) + " in a launch that is not cooperative");
    }
    if (launch.at_grid_barrier == 0) {
        launch.grid_barrier = site;
    } else if (!(launch.grid_barrier == site)) {
        leave_kernel(CUDA_ERROR_LAUNCH_FAILED, "divergence: threads wait at different grid barriers, " + describe(launch.grid_barrier) + " and "
                                                       + describe(site));
    }
    // blocks that have not been loaded yet will come too
    const bool all_loaded = launch.next_cluster == launch.clusters;
    if (++launch.at_grid_barrier == launch.grid_live && all_loaded) {
        current->state = Stage::AT_GRID_BARRIER;
        current->fiber = worker;
        Lane* const self = current;
        release_grid_barrier();
        Lane* const next = next_ready();
        if (next != self) {
            resume(next);
        } else {
            self->state = Stage::RUNNING;
        }
        return;
    }
    wait(Stage::AT_GRID_BARRIER, "grid_sync", site);
}

void warp_collective(const char* kind, Site site, unsigned int mask, const void* in, void* out, Combine combine) {
    ++traffic().barriers;
    Warp& warp = *current->warp;
    const unsigned int bit = 1u << (current->where.linear & (WARP - 1));
    if (!(mask & bit)) {
        leave_kernel(CUDA_ERROR_LAUNCH_FAILED, std::string(kind) + " at " + describe(site) + ": the thread's lane is not in its own mask");
    }
    size_t which = 0;
    while (which < warp.groups.size() && warp.groups[which].mask != mask) {
        if (warp.groups[which].mask & mask) {
            leave_kernel(CUDA_ERROR_LAUNCH_FAILED, std::string("divergence: lanes of one warp wait under different masks, ") + kind + " at " + describe(site)
                                                           + " and " + warp.groups[which].kind + " at " + describe(warp.groups[which].site));
        }
        ++which;
    }
    if (which == warp.groups.size()) {
        warp.groups.emplace_back();
        warp.groups[which].kind = kind;
        warp.groups[which].site = site;
        warp.groups[which].mask = mask;
        warp.groups[which].combine = combine;
    } else if (!(warp.groups[which].site == site) || (warp.groups[which].kind != kind && std::strcmp(warp.groups[which].kind, kind) != 0)) {
        leave_kernel(CUDA_ERROR_LAUNCH_FAILED, std::string("divergence: lanes of one warp are at different collectives, ") + kind + " at " + describe(site)
                                                       + " and " + warp.groups[which].kind + " at " + describe(warp.groups[which].site));
    }
    Group& group = warp.groups[which];
    const unsigned int lane = current->where.linear & (WARP - 1);
    group.exchange.in[lane] = in;
    group.exchange.out[lane] = out;
    group.arrived |= bit;
    if ((mask & warp.alive) == group.arrived) {
        complete(warp, which, current);
        return;
    }
    wait(Stage::AT_COLLECTIVE, kind, site);
}

void relax() {
    if (++spins % 64 != 0) return;
    if (++idle_turns > MOST_IDLE_TURNS) {
        leave_kernel(CUDA_ERROR_LAUNCH_TIMEOUT, "threads spin on atomics and none gets anywhere" + waiting());
    }
    start_first = can_start();
    if (!start_first && ready.empty()) return;
    current->fiber = worker;
    ready.push(current);
    if (start_first) {
        go_to(free_fiber());
    } else {
        resume(next_ready());
    }
}

void fault(Fault kind, Site site, const char* message) {
    const CUresult code = kind == Fault::MISALIGNED        ? CUDA_ERROR_MISALIGNED_ADDRESS
                          : kind == Fault::ILLEGAL_ADDRESS ? CUDA_ERROR_ILLEGAL_ADDRESS
                          : kind == Fault::TRAP            ? CUDA_ERROR_ILLEGAL_INSTRUCTION
                          : kind == Fault::ASSERT          ? CUDA_ERROR_ASSERT
                                                           : CUDA_ERROR_LAUNCH_FAILED;
    leave_kernel(code, std::string(message) + " at " + describe(site));
}

// ---- shared memory

void* dynamic_shared() { return current->block->shared.dynamic(); }

void* static_shared(SharedArray& array, uint32_t bytes, uint32_t alignment, const char* name) {
    if (array.launch != launch.serial) {
        constexpr uint32_t zone = SharedMemory::ZONE;
        array.launch = launch.serial;
        array.offset = (launch.shared_end + zone + alignment - 1) / alignment * alignment;
        launch.shared_end = array.offset + (bytes + zone - 1) / zone * zone;
        launch.static_bytes += bytes;
        if (launch.static_bytes > SharedMemory::STATIC_LIMIT || launch.static_bytes + launch.shape.shared_bytes > launch.shape.most_shared) {
            leave_kernel(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "static shared memory over the limit: " + std::to_string(launch.static_bytes) + " bytes with " + name);
        }
    }
    return current->block->shared.place(array.offset, bytes, name);
}

// ---- cp.async

static void land(const AsyncCopies::Copy& copy) {
    std::memcpy(copy.shared, copy.global, copy.valid);
    std::memset(static_cast<char*>(copy.shared) + copy.valid, 0, copy.bytes - copy.valid);
}

void async_copy(void* shared, const void* global, unsigned int bytes, unsigned int valid) {
    const AsyncCopies::Copy copy{shared, global, bytes, valid};
    coming(*current->block, shared, bytes);
    if (in_random_order() && next_random() % 2 == 0) land(copy);  // at any time from now to the wait
    if (!current->copies) current->copies = std::make_unique<AsyncCopies>();
    current->copies->open.push_back(copy);
}

void async_commit() {
    if (!current->copies) current->copies = std::make_unique<AsyncCopies>();
    current->copies->groups.push_back(std::move(current->copies->open));
    current->copies->open.clear();
}

void async_wait(unsigned int newest_left) {
    if (!current->copies) return;
    auto& groups = current->copies->groups;
    if (groups.size() <= newest_left) return;
    const size_t done = groups.size() - newest_left;
    for (size_t g = 0; g < done; ++g) {
        for (const AsyncCopies::Copy& copy : groups[g]) {
            land(copy);
            copied_by_thread(copy.shared, copy.bytes);
        }
    }
    groups.erase(groups.begin(), groups.begin() + long(done));
}

// ---- wgmma

static AsyncProducts& products() {
    if (!current->products) current->products = std::make_unique<AsyncProducts>();
    return *current->products;
}

void product_fence() { products().fenced = true; }

void product_issue(const char* kind, const Product& product) {
    AsyncProducts& mine = products();
    if (!mine.fenced) fault(Fault::LAUNCH_FAILED, product.site, (std::string(kind) + " without wgmma_fence since its registers were last used").c_str());
    mine.queue.push_back(product);
    if (current->where.linear % WARP == 0) mine.heard.insert(mine.heard.end(), heard(), heard() + current->block->warps.size());
    if (product.shared_a != nullptr) ++current->block->reads;
    ++mine.open;
}

void product_commit() {
    AsyncProducts& mine = products();
    mine.groups.push_back(mine.open);
    mine.open = 0;
}

void product_wait(const unsigned int newest_left, const Site site, const Combine perform) {
    AsyncProducts& mine = products();
    const size_t done = mine.groups.size() > newest_left ? mine.groups.size() - newest_left : 0;
    size_t count = 0;
    for (size_t g = 0; g < done; ++g) count += mine.groups[g];
    const size_t warps = current->block->warps.size();
    const Products asked{mine.queue.data(), count, mine.heard.data(), warps};
    warp_collective("wgmma_wait", site, 0xFFFFFFFFu, &asked, nullptr, perform);
    current->block->reads -= size_t(std::count_if(mine.queue.begin(), mine.queue.begin() + long(count), [](const Product& one) { return one.shared_a != nullptr; }));
    mine.queue.erase(mine.queue.begin(), mine.queue.begin() + long(count));
    if (!mine.heard.empty()) mine.heard.erase(mine.heard.begin(), mine.heard.begin() + long(count * warps));
    mine.groups.erase(mine.groups.begin(), mine.groups.begin() + long(done));
    mine.fenced = false;
}

}  // namespace tw
