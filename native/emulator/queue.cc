#include "queue.h"

#include <algorithm>
#include <cstring>

#include "state.h"
#include "trap.h"

namespace tw {

// ---- operations

static CUresult fail(Context* context, CUresult code, const std::string& text) {
    report(text);
    if (context != nullptr && is_error_of_a_kernel(code)) context->sticky = code;
    return code;
}

CUresult KernelWork::run() {
    State& s = state();
    // pointers go from the device's addresses to where the bytes are
    std::vector<uint64_t> working = arguments;
    for (size_t i = 0; i < working.size(); ++i) {
        if (kernel->kinds[i] == 'p' && s.arena.contains(working[i])) working[i] = reinterpret_cast<uintptr_t>(s.arena.work(working[i]));
    }
    s.executing = pthread_self();
    LaunchOutcome outcome;
    {
        TrapStack stack;
        Schedule schedule = s.settings.schedule;
        schedule.seed = schedule.seed * 0x9E3779B97F4A7C15u + s.settings.scheduled++;
        outcome = run_launch(*kernel, shape, working.data(), schedule);
    }
    s.arena.drop_aliases();
    if (outcome.code == CUDA_SUCCESS) {
        const std::string damage = s.arena.check();
        if (!damage.empty()) {
            outcome.code = CUDA_ERROR_ILLEGAL_ADDRESS;
            outcome.report = std::string(kernel->name) + ": " + damage;
        }
    }
    if (outcome.code == CUDA_SUCCESS) return CUDA_SUCCESS;
    return fail(context, outcome.code, outcome.report);
}

CUresult check_device_range(uintptr_t address, size_t bytes) {
    if (bytes == 0) return CUDA_SUCCESS;
    return state().arena.find(address, bytes) == nullptr ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUresult CopyWork::run() {
    State& s = state();
    ++s.copies;
    for (size_t z = 0; z < depth; ++z) {
        for (size_t y = 0; y < height; ++y) {
            const uintptr_t f = from.address + z * from.plane + y * from.pitch, t = into.address + z * into.plane + y * into.pitch;
            if (!from.host && check_device_range(f, width) != CUDA_SUCCESS) {
                report("a copy reads " + std::to_string(width) + " bytes from " + s.arena.describe(f));
                return CUDA_ERROR_INVALID_VALUE;
            }
            if (!into.host && check_device_range(t, width) != CUDA_SUCCESS) {
                report("a copy writes " + std::to_string(width) + " bytes to " + s.arena.describe(t));
                return CUDA_ERROR_INVALID_VALUE;
            }
            const void* const source = from.host ? reinterpret_cast<const void*>(f) : s.arena.work(f);
            void* const target = into.host ? reinterpret_cast<void*>(t) : s.arena.work(t);
            std::memmove(target, source, width);
        }
    }
    return CUDA_SUCCESS;
}

CUresult FillWork::run() {
    State& s = state();
    for (size_t y = 0; y < height; ++y) {
        const uintptr_t at = address + y * pitch;
        if (check_device_range(at, width * element) != CUDA_SUCCESS) {
            report("a fill writes " + std::to_string(width * element) + " bytes to " + s.arena.describe(at));
            return CUDA_ERROR_INVALID_VALUE;
        }
        if (width == 0) continue;
        char* const to = s.arena.work(at);
        if (element == 1) {
            std::memset(to, int(value & 0xFF), width);
        } else {
            for (size_t i = 0; i < width; ++i) std::memcpy(to + i * element, &value, element);  // little-endian: the low bytes
        }
    }
    return CUDA_SUCCESS;
}

CUresult HostWork::run() {
    call();
    return CUDA_SUCCESS;
}

static CUresult advance(Stream* stream);

namespace {

struct RecordWork : Operation {
    explicit RecordWork(Event* event) : Operation(Type::EVENT_RECORD), event(event) {}
    CUresult run() override {
        if (state().events.count(event) == 0) return CUDA_SUCCESS;  // destroyed in the meantime
        event->at = std::chrono::steady_clock::now();
        event->happened = true;
        return CUDA_SUCCESS;
    }
    Event* event;
};

struct AwaitWork : Operation {
    AwaitWork(Stream* other, uint64_t ticket) : Operation(Type::WAIT_EVENT), other(other), ticket(ticket) {}
    CUresult run() override { return known(other) ? drain(other, ticket) : CUDA_SUCCESS; }
    CUresult step(bool* finished) override {
        const CUresult code = passed() ? CUDA_SUCCESS : advance(other);
        *finished = passed();
        return code;
    }
    bool passed() const { return !known(other) || other->queue.empty() || other->done >= ticket; }
    Stream* other;
    uint64_t ticket;
};

}  // namespace

// ---- queues

static uint64_t* moment = nullptr;  // the counter of what runs now

// One step of a stream's first operation.
static CUresult advance(Stream* stream) {
    const Work work = stream->queue.front();
    stream->queue.pop_front();
    bool finished = true;
    const CUresult code = stream->context->sticky != CUDA_SUCCESS ? stream->context->sticky : work->step(&finished);
    if (code == CUDA_SUCCESS && !finished) {
        stream->queue.push_front(work);
        return code;
    }
    ++stream->done;
    ++*(moment == nullptr ? &state().at_wait : moment);
    return code;
}

CUresult drain(Stream* stream, uint64_t ticket) {
    CUresult first = stream->failed;
    stream->failed = CUDA_SUCCESS;
    while (!stream->queue.empty() && stream->done < ticket) {
        const CUresult code = advance(stream);
        if (first == CUDA_SUCCESS) first = code;
    }
    return first;
}

static void delete_drained(Stream* stream) {
    if (stream->queue.empty() && state().detached.erase(stream) != 0) delete stream;
}

void go_on() {
    State& s = state();
    static bool going = false;  // an operation that calls the driver finds its own stream as it left it
    if (s.settings.streams != Streams::RANDOM || going) return;
    going = true;
    std::vector<Stream*> busy;
    while (s.settings.goes_on()) {
        busy.clear();
        for (const void* stream : s.streams) busy.push_back(static_cast<Stream*>(const_cast<void*>(stream)));
        busy.insert(busy.end(), s.detached.begin(), s.detached.end());
        busy.erase(std::remove_if(busy.begin(), busy.end(), [](const Stream* stream) { return stream->queue.empty(); }), busy.end());
        if (busy.empty()) break;
        std::sort(busy.begin(), busy.end(), [](const Stream* a, const Stream* b) { return a->id < b->id; });
        Stream* const stream = busy[mix(s.settings.moments) % busy.size()];
        uint64_t* const outer = moment;
        if (moment == nullptr) moment = &s.between;
        const CUresult code = advance(stream);
        moment = outer;
        if (stream->failed == CUDA_SUCCESS) stream->failed = code;
        delete_drained(stream);
    }
    going = false;
}

static void streams_of(Context* context, std::vector<Stream*>& into) {
    for (const void* s : state().streams) {
        Stream* const stream = static_cast<Stream*>(const_cast<void*>(s));
        if (stream->context == context) into.push_back(stream);
    }
    for (Stream* stream : state().detached) {
        if (stream->context == context) into.push_back(stream);
    }
    std::sort(into.begin(), into.end(), [](const Stream* a, const Stream* b) { return a->id < b->id; });
}

bool known(Stream* stream) { return state().streams.count(stream) != 0 || state().detached.count(stream) != 0; }

static CUresult drain_some(Context* context, bool blocking_only) {
    std::vector<Stream*> streams;
    streams_of(context, streams);
    CUresult first = CUDA_SUCCESS;
    for (Stream* stream : streams) {
        if (blocking_only && (stream->flags & 1)) continue;
        const CUresult code = drain(stream);
        if (first == CUDA_SUCCESS) first = code;
    }
    for (Stream* stream : streams) delete_drained(stream);
    return first;
}

CUresult drain_all(Context* context) { return drain_some(context, false); }

CUresult drain_blocking(Context* context) { return drain_some(context, true); }

bool capturing(const Stream* stream) { return stream->capture != nullptr; }

CUresult enqueue(Stream* stream, Work work) {
    if (stream->capture != nullptr) {
        if (stream->capture->invalid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
        Graph* const graph = stream->capture->graph;
        graph->nodes.push_back(std::make_unique<Node>(Node{graph, std::move(work), stream->capture_tail}));
        Node* const node = graph->nodes.back().get();
        state().nodes.insert(node);
        stream->capture_tail = {node};
        return CUDA_SUCCESS;
    }
    // the legacy stream waits for all blocking ones, and they for it
    CUresult before = CUDA_SUCCESS;
    if (stream->legacy) {
        before = drain_blocking(stream->context);
    } else if (!(stream->flags & 1)) {
        before = drain(stream->context->legacy.get());
    }
    if (before != CUDA_SUCCESS) return before;
    stream->queue.push_back(std::move(work));
    ++stream->queued;
    State& s = state();
    if (s.settings.streams == Streams::LATE) return CUDA_SUCCESS;
    uint64_t* const outer = moment;
    CUresult code = CUDA_SUCCESS;
    if (s.settings.streams == Streams::EAGER) {
        moment = &s.at_once;
        code = drain(stream);
    } else {
        while (code == CUDA_SUCCESS && !stream->queue.empty() && s.settings.goes_on()) {
            moment = stream->queue.size() == 1 ? &s.at_once : &s.between;
            code = advance(stream);
        }
    }
    moment = outer;
    return code;
}

CUresult record(Event* event, Stream* stream) {
    if (stream->capture != nullptr) {
        if (stream->capture->invalid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
        event->capture = stream->capture;
        event->capture_tail = stream->capture_tail;
        event->recorded = true;
        return CUDA_SUCCESS;
    }
    event->capture = nullptr;
    event->recorded = true;
    event->happened = false;
    event->stream = stream;
    event->ticket = stream->queued + 1;
    return enqueue(stream, std::make_shared<RecordWork>(event));
}

CUresult await(Stream* stream, Event* event) {
    if (!event->recorded) return CUDA_SUCCESS;
    if (event->capture != nullptr) {
        // the stream joins the capture
        Capture* const capture = event->capture;
        if (stream->capture != nullptr && stream->capture != capture) {
            stream->capture->invalid = capture->invalid = true;
            return CUDA_ERROR_STREAM_CAPTURE_MERGE;
        }
        if (stream->capture == nullptr) {
            stream->capture = capture;
            stream->capture_tail.clear();
            capture->streams.push_back(stream);
        }
        for (Node* node : event->capture_tail) {
            if (std::find(stream->capture_tail.begin(), stream->capture_tail.end(), node) == stream->capture_tail.end()) {
                stream->capture_tail.push_back(node);
            }
        }
        return CUDA_SUCCESS;
    }
    if (stream->capture != nullptr) {
        stream->capture->invalid = true;
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;  // an event from outside of the capture
    }
    if (event->happened) return CUDA_SUCCESS;
    return enqueue(stream, std::make_shared<AwaitWork>(event->stream, event->ticket));
}

// ---- capture

static std::vector<std::unique_ptr<Capture>>& captures() {
    static std::vector<std::unique_ptr<Capture>> all;
    return all;
}

bool capture_forbids() {
    for (const auto& capture : captures()) {
        const bool mine = pthread_equal(capture->thread, pthread_self());
        if (capture->mode == 0 || (capture->mode == 1 && mine)) return true;
    }
    return false;
}

void invalidate_captures() {
    for (const auto& capture : captures()) capture->invalid = true;
}

CUresult begin_capture(Stream* stream, int mode) {
    if (stream->legacy) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (stream->capture != nullptr) return CUDA_ERROR_ILLEGAL_STATE;
    if (mode < 0 || mode > 2) return CUDA_ERROR_INVALID_VALUE;
    Graph* const graph = new Graph;
    graph->context = stream->context;
    captures().push_back(std::make_unique<Capture>(Capture{graph, stream, mode, pthread_self(), false, {stream}}));
    stream->capture = captures().back().get();
    stream->capture_tail.clear();
    return CUDA_SUCCESS;
}

CUresult end_capture(Stream* stream, Graph** into) {
    *into = nullptr;
    Capture* const capture = stream->capture;
    if (capture == nullptr) return CUDA_ERROR_ILLEGAL_STATE;
    if (capture->origin != stream) return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
    if (capture->mode != 2 && !pthread_equal(capture->thread, pthread_self())) return CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
    CUresult code = capture->invalid ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED : CUDA_SUCCESS;
    // every captured operation must lie before the end of the stream that began
    if (code == CUDA_SUCCESS) {
        std::vector<const Node*> reached;
        std::unordered_set<const Node*> seen;
        const auto visit = [&](const std::vector<Node*>& nodes) {
            for (const Node* node : nodes) {
                if (seen.insert(node).second) reached.push_back(node);
            }
        };
        visit(stream->capture_tail);
        for (size_t i = 0; i < reached.size(); ++i) visit(reached[i]->after);
        if (reached.size() != capture->graph->nodes.size()) code = CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
    }
    for (Stream* s : capture->streams) {
        if (state().streams.count(s) == 0 || s->capture != capture) continue;
        s->capture = nullptr;
        s->capture_tail.clear();
    }
    for (const void* e : state().events) {
        Event* const event = static_cast<Event*>(const_cast<void*>(e));
        if (event->capture != capture) continue;
        event->capture = nullptr;
        event->capture_tail.clear();
        event->recorded = false;
    }
    Graph* const graph = capture->graph;
    captures().erase(std::find_if(captures().begin(), captures().end(), [&](const auto& c) { return c.get() == capture; }));
    if (code != CUDA_SUCCESS) {
        for (const auto& node : graph->nodes) state().nodes.erase(node.get());
        delete graph;
        return code;
    }
    state().graphs.insert(graph);
    *into = graph;
    return CUDA_SUCCESS;
}

}  // namespace tw
