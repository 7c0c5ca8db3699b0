// queue.h — streams, events and graphs: operations in queues, run at once or as late as the rules allow.
#pragma once
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api.h"
#include "scheduler.h"

namespace tw {

// One operation: immutable once queued, so that a graph can run it again.
struct Operation {
    enum class Type { KERNEL = 0, MEMCPY = 1, MEMSET = 2, HOST = 3, EMPTY = 5, WAIT_EVENT = 6, EVENT_RECORD = 7, GRAPH_LAUNCH = 100 };
    explicit Operation(Type type) : type(type) {}
    virtual ~Operation() = default;
    virtual CUresult run() = 0;
    // Runs a part; what has none runs whole.
    virtual CUresult step(bool* finished) {
        *finished = true;
        return run();
    }
    const Type type;
};
using Work = std::shared_ptr<Operation>;

struct KernelWork : Operation {
    KernelWork() : Operation(Type::KERNEL) {}
    CUresult run() override;
    const KernelRecord* kernel = nullptr;
    Context* context = nullptr;
    LaunchShape shape;
    std::vector<uint64_t> arguments;
};

// Bytes in a box of rows and planes, from host or device to host or device.
struct Side {
    bool host = false;
    uintptr_t address = 0;  // of the first byte; a device address where not host
    size_t pitch = 0, plane = 0;
};
struct CopyWork : Operation {
    CopyWork() : Operation(Type::MEMCPY) {}
    CUresult run() override;
    Side from, into;
    size_t width = 0, height = 1, depth = 1;
};

struct FillWork : Operation {
    FillWork() : Operation(Type::MEMSET) {}
    CUresult run() override;
    uintptr_t address = 0;
    size_t pitch = 0, width = 0, height = 1;  // width in elements
    unsigned int element = 1, value = 0;
};

struct HostWork : Operation {
    HostWork() : Operation(Type::HOST) {}
    CUresult run() override;
    std::function<void()> call;
};

struct EmptyWork : Operation {
    EmptyWork() : Operation(Type::EMPTY) {}
    CUresult run() override { return CUDA_SUCCESS; }
};

struct Stream {
    Context* context = nullptr;
    unsigned int flags = 0;  // 1: does not wait for the legacy stream
    int priority = 0;
    uint64_t id = 0;
    std::deque<Work> queue;
    uint64_t queued = 0, done = 0;  // operations ever queued and finished
    CUresult failed = CUDA_SUCCESS;  // what ran while nobody waited, and is yet to be told
    struct Capture* capture = nullptr;
    std::vector<Node*> capture_tail;  // what the next captured operation depends on
    bool legacy = false;
};

struct Event {
    Context* context = nullptr;
    unsigned int flags = 0;  // 2: no timing
    Stream* stream = nullptr;  // recorded here
    uint64_t ticket = 0;       // happens when the stream has done this many operations
    bool recorded = false, happened = false;
    std::chrono::steady_clock::time_point at;
    struct Capture* capture = nullptr;  // recorded in a capture: its nodes instead
    std::vector<Node*> capture_tail;
};

struct Node {
    Graph* graph;
    Work work;
    std::vector<Node*> after;
};

struct Graph {
    Context* context = nullptr;
    std::vector<std::unique_ptr<Node>> nodes;  // in an order that respects the edges
};

struct GraphExec {
    Context* context = nullptr;
    std::vector<Work> work;
    std::vector<const Node*> of;  // the node each came from, for updates
    std::vector<std::vector<size_t>> after;  // which of them each waits for
};

struct Capture {
    Graph* graph;
    Stream* origin;
    int mode;
    pthread_t thread;
    bool invalid = false;
    std::vector<Stream*> streams;
};

// Splitmix64: the generator of everything random here.
inline uint64_t mix(uint64_t& state) {
    uint64_t z = (state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

// Appends to the stream, or to the graph it is being captured into.
CUresult enqueue(Stream* stream, Work work);
CUresult record(Event* event, Stream* stream);
CUresult await(Stream* stream, Event* event);
// Runs what is queued: all of one stream, of all streams of a context, up to an event.
CUresult drain(Stream* stream, uint64_t ticket = UINT64_MAX);
// Under Streams::RANDOM: some streams go on for some operations, as they may at any moment. Called once a driver call.
void go_on();
// A stream that was destroyed with work left counts as known until the work is done.
bool known(Stream* stream);
CUresult drain_all(Context* context);
CUresult drain_blocking(Context* context);
bool capturing(const Stream* stream);
// True while any capture that forbids unsafe calls on this thread is under way.
bool capture_forbids();
// Makes captures of this thread invalid.
void invalidate_captures();

CUresult begin_capture(Stream* stream, int mode);
CUresult end_capture(Stream* stream, Graph** graph);

// An address and a length that a copy may touch: CUDA_ERROR_INVALID_VALUE if it is partly outside of an allocation.
CUresult check_device_range(uintptr_t address, size_t bytes);

}  // namespace tw
