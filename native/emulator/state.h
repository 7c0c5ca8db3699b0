// state.h — everything the driver knows: devices, contexts, handles, memory, queues. One lock around all of it; a launch holds it
// while it runs.
#pragma once
#include <pthread.h>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "api.h"
#include "arena.h"
#include "queue.h"
#include "scheduler.h"

namespace tw {

// What a device claims to be: its compute capability, with the limits of that, and its memory.
struct Profile {
    int major = 9, minor = 0;
    int processors = 132;
    int shared_per_block_optin = 227 << 10, shared_per_processor = 228 << 10;
    int threads_per_processor = 2048, blocks_per_processor = 32;
    size_t memory = size_t(141) << 30;
    int shared_per_block = 48 << 10;
};

struct Device {
    int ordinal;
    Profile profile;
    Context* primary = nullptr;
    unsigned int primary_flags = 0;
};

struct Context {
    Device* device;
    bool primary;
    unsigned int references = 0;
    unsigned int flags = 0;
    uint64_t id = 0;
    CUresult sticky = CUDA_SUCCESS;  // after an error inside a kernel every call gives it, until the context is gone
    size_t stack_limit = 1024, printf_limit = 1 << 20, heap_limit = 8 << 20;
    std::unique_ptr<Stream> legacy;
};

struct Function {
    const KernelRecord* kernel;
    Module* module;
    int dynamic_shared = 48 << 10;
};

struct Module {
    Context* context;
    std::map<std::string, std::unique_ptr<Function>> functions;
};

// Page-locked host memory, ours or registered.
struct HostRange {
    size_t bytes;
    unsigned int flags;
    Context* context;
    bool registered;
};

extern uint32_t roughness;  // dialect/rough.h

// When queued work runs: in the call that queues it, when something waits for it, or in between: at each driver call some streams go on
// for some operations, chosen by the seed.
enum class Streams { EAGER, LATE, RANDOM };

struct Settings {
    Schedule schedule;
    uint64_t scheduled = 0;  // launches in this order, so that each has an order of its own and a run can be repeated
    Streams streams = Streams::EAGER;
    uint64_t moments = 0;    // state of the generator that chooses the moments
    unsigned int haste = 0;  // of 8: how often a stream goes on when it may, drawn from the seed
    bool quiet = false;
    double timeout_seconds = 60;  // of one launch

    // By their names; false where there is none of that name.
    bool order(const std::string& word, uint64_t seed);
    bool when(const std::string& word, uint64_t seed);
    bool goes_on();  // a draw
};

struct State {
    std::recursive_mutex lock;
    bool initialized = false;
    pthread_t executing{};
    Settings settings;
    std::vector<std::unique_ptr<Device>> devices;
    Arena arena;
    std::map<uintptr_t, HostRange> host;
    std::unordered_set<const void*> contexts, modules, functions, streams, events, graphs, execs, nodes;
    std::unordered_set<Stream*> detached;  // destroyed with work left: it still runs, and nobody can wait for it by name
    std::string last_report;
    uint64_t reports = 0, ids = 0;
    uint64_t graph_launches = 0, copies = 0, toolkit_calls = 0;
    uint64_t at_once = 0, between = 0, at_wait = 0;  // operations by the moment they ran at

    void read_environment();
    void read_settings();
};
State& state();

// This thread's stack of current contexts.
std::vector<Context*>& context_stack();
inline Context* current_context() { return context_stack().empty() ? nullptr : context_stack().back(); }

// Prints why something failed, and keeps it for tests to read.
void report(const std::string& text);

// Frees what a context holds: memory, streams, modules, events.
void destroy_context(Context* context);

const KernelRecord* find_kernel(const std::string& name);
const KernelRecord* first_kernel();

inline bool is_error_of_a_kernel(CUresult code) {
    return code == CUDA_ERROR_ILLEGAL_ADDRESS || code == CUDA_ERROR_LAUNCH_TIMEOUT || code == CUDA_ERROR_ASSERT ||
           (code >= CUDA_ERROR_HARDWARE_STACK_ERROR && code <= CUDA_ERROR_LAUNCH_FAILED) || code == CUDA_ERROR_ECC_UNCORRECTABLE;
}

}  // namespace tw
