// Streams and events.
#include <algorithm>
#include <chrono>
#include <cmath>

#include "../call.h"
#include "streams.h"

using namespace tw;

#define TW_STREAM(handle)                                            \
    Stream* const stream = stream_of(call.context, handle);          \
    TW_REQUIRE(stream, CUDA_ERROR_INVALID_HANDLE)

static CUresult create(Call& call, CUstream* into, unsigned int flags, int priority) {
    TW_REQUIRE(into && flags <= 1, CUDA_ERROR_INVALID_VALUE);
    State& s = state();
    Stream* const stream = new Stream;
    stream->context = call.context;
    stream->flags = flags;
    stream->priority = std::max(-5, std::min(0, priority));
    stream->id = ++s.ids;
    s.streams.insert(stream);
    *into = stream;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuStreamCreate(CUstream* into, unsigned int flags) {
    TW_CALL(cuStreamCreate, CONTEXT);
    return create(call, into, flags, 0);
}
TW_EXPORT CUresult cuStreamCreateWithPriority(CUstream* into, unsigned int flags, int priority) {
    TW_CALL(cuStreamCreateWithPriority, CONTEXT);
    return create(call, into, flags, priority);
}

TW_EXPORT CUresult cuStreamDestroy_v2(CUstream handle) {
    TW_CALL(cuStreamDestroy_v2, CONTEXT);
    TW_STREAM(handle);
    TW_REQUIRE(!stream->legacy, CUDA_ERROR_INVALID_HANDLE);
    if (stream->capture != nullptr) {
        stream->capture->invalid = true;
        auto& streams = stream->capture->streams;
        streams.erase(std::remove(streams.begin(), streams.end(), stream), streams.end());
    }
    state().streams.erase(stream);
    if (stream->queue.empty()) {
        delete stream;
    } else {
        state().detached.insert(stream);  // the call does not wait
    }
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuStreamSynchronize(CUstream handle) {
    TW_CALL(cuStreamSynchronize, CONTEXT);
    TW_STREAM(handle);
    if (capturing(stream)) {
        stream->capture->invalid = true;
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
    if (stream->legacy) TW_UNSAFE_IN_CAPTURE();
    if (!(stream->flags & 1)) {
        const CUresult before = stream->legacy ? drain_blocking(call.context) : drain(call.context->legacy.get());
        if (before != CUDA_SUCCESS) return before;
    }
    return drain(stream);
}

// Polling makes progress: one operation a call.
static CUresult poll(Stream* stream) {
    if (stream->queue.empty()) return CUDA_SUCCESS;
    const CUresult code = drain(stream, stream->done + 1);
    if (code != CUDA_SUCCESS) return code;
    return stream->queue.empty() ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

TW_EXPORT CUresult cuStreamQuery(CUstream handle) {
    TW_CALL(cuStreamQuery, CONTEXT);
    TW_STREAM(handle);
    if (capturing(stream)) {
        stream->capture->invalid = true;
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
    return poll(stream);
}

TW_EXPORT CUresult cuStreamGetCtx(CUstream handle, CUcontext* context) {
    TW_CALL(cuStreamGetCtx, CONTEXT);
    TW_STREAM(handle);
    TW_REQUIRE(context, CUDA_ERROR_INVALID_VALUE);
    *context = stream->context;
    return CUDA_SUCCESS;
}
TW_EXPORT CUresult cuStreamGetFlags(CUstream handle, unsigned int* flags) {
    TW_CALL(cuStreamGetFlags, CONTEXT);
    TW_STREAM(handle);
    TW_REQUIRE(flags, CUDA_ERROR_INVALID_VALUE);
    *flags = stream->flags;
    return CUDA_SUCCESS;
}
TW_EXPORT CUresult cuStreamGetPriority(CUstream handle, int* priority) {
    TW_CALL(cuStreamGetPriority, CONTEXT);
    TW_STREAM(handle);
    TW_REQUIRE(priority, CUDA_ERROR_INVALID_VALUE);
    *priority = stream->priority;
    return CUDA_SUCCESS;
}
TW_EXPORT CUresult cuStreamGetId(CUstream handle, unsigned long long* id) {
    TW_CALL(cuStreamGetId, CONTEXT);
    TW_STREAM(handle);
    TW_REQUIRE(id, CUDA_ERROR_INVALID_VALUE);
    *id = stream->id;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuStreamWaitEvent(CUstream handle, CUevent event, unsigned int) {
    TW_CALL(cuStreamWaitEvent, CONTEXT);
    TW_STREAM(handle);
    TW_REQUIRE(state().events.count(event), CUDA_ERROR_INVALID_HANDLE);
    return await(stream, event);
}

static CUresult call_host(Stream* stream, std::function<void()> function) {
    auto work = std::make_shared<HostWork>();
    work->call = std::move(function);
    return enqueue(stream, work);
}

TW_EXPORT CUresult cuLaunchHostFunc(CUstream handle, CUhostFn function, void* user) {
    TW_CALL(cuLaunchHostFunc, CONTEXT);
    TW_STREAM(handle);
    TW_REQUIRE(function, CUDA_ERROR_INVALID_VALUE);
    return call_host(stream, [=] { function(user); });
}

TW_EXPORT CUresult cuStreamAddCallback(CUstream handle, CUstreamCallback function, void* user, unsigned int flags) {
    TW_CALL(cuStreamAddCallback, CONTEXT);
    TW_STREAM(handle);
    TW_REQUIRE(function && flags == 0, CUDA_ERROR_INVALID_VALUE);
    TW_REQUIRE(!capturing(stream), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    return call_host(stream, [=] { function(handle, CUDA_SUCCESS, user); });
}

// ---- capture

TW_EXPORT CUresult cuStreamBeginCapture_v2(CUstream handle, int mode) {
    TW_CALL(cuStreamBeginCapture_v2, CONTEXT);
    TW_STREAM(handle);
    return begin_capture(stream, mode);
}
TW_EXPORT CUresult cuStreamEndCapture(CUstream handle, CUgraph* graph) {
    TW_CALL(cuStreamEndCapture, CONTEXT);
    TW_STREAM(handle);
    TW_REQUIRE(graph, CUDA_ERROR_INVALID_VALUE);
    return end_capture(stream, graph);
}
TW_EXPORT CUresult cuStreamIsCapturing(CUstream handle, int* status) {
    TW_CALL(cuStreamIsCapturing, CONTEXT);
    TW_STREAM(handle);
    TW_REQUIRE(status, CUDA_ERROR_INVALID_VALUE);
    *status = !capturing(stream) ? 0 : stream->capture->invalid ? 2 : 1;
    return CUDA_SUCCESS;
}
TW_EXPORT CUresult cuThreadExchangeStreamCaptureMode(int* mode) {
    TW_CALL(cuThreadExchangeStreamCaptureMode, CONTEXT);
    static thread_local int current = 0;
    TW_REQUIRE(mode && *mode >= 0 && *mode <= 2, CUDA_ERROR_INVALID_VALUE);
    std::swap(*mode, current);
    return CUDA_SUCCESS;
}

// ---- events

#define TW_EVENT(event) TW_REQUIRE(state().events.count(event), CUDA_ERROR_INVALID_HANDLE)

TW_EXPORT CUresult cuEventCreate(CUevent* into, unsigned int flags) {
    TW_CALL(cuEventCreate, CONTEXT);
    TW_REQUIRE(into && flags <= 7, CUDA_ERROR_INVALID_VALUE);
    Event* const event = new Event;
    event->context = call.context;
    event->flags = flags;
    state().events.insert(event);
    *into = event;
    return CUDA_SUCCESS;
}

TW_EXPORT CUresult cuEventDestroy_v2(CUevent event) {
    TW_CALL(cuEventDestroy_v2, CONTEXT);
    TW_EVENT(event);
    state().events.erase(event);
    delete event;
    return CUDA_SUCCESS;
}

static CUresult record_event(Call& call, CUevent event, CUstream handle) {
    TW_STREAM(handle);
    TW_EVENT(event);
    TW_REQUIRE(event->context == stream->context, CUDA_ERROR_INVALID_HANDLE);
    return record(event, stream);
}
TW_EXPORT CUresult cuEventRecord(CUevent event, CUstream handle) {
    TW_CALL(cuEventRecord, CONTEXT);
    return record_event(call, event, handle);
}
TW_EXPORT CUresult cuEventRecordWithFlags(CUevent event, CUstream handle, unsigned int) {
    TW_CALL(cuEventRecordWithFlags, CONTEXT);
    return record_event(call, event, handle);
}

static bool pending(const Event* event) {
    return event->recorded && !event->happened && event->stream != nullptr && known(event->stream);
}

TW_EXPORT CUresult cuEventSynchronize(CUevent event) {
    TW_CALL(cuEventSynchronize, CONTEXT);
    TW_EVENT(event);
    TW_REQUIRE(event->capture == nullptr, CUDA_ERROR_CAPTURED_EVENT);
    return pending(event) ? drain(event->stream, event->ticket) : CUDA_SUCCESS;
}

TW_EXPORT CUresult cuEventQuery(CUevent event) {
    TW_CALL(cuEventQuery, CONTEXT);
    TW_EVENT(event);
    TW_REQUIRE(event->capture == nullptr, CUDA_ERROR_CAPTURED_EVENT);
    if (!pending(event)) return CUDA_SUCCESS;
    const CUresult code = poll(event->stream);
    if (code != CUDA_SUCCESS && code != CUDA_ERROR_NOT_READY) return code;
    return pending(event) ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}

TW_EXPORT CUresult cuEventElapsedTime(float* milliseconds, CUevent from, CUevent to) {
    TW_CALL(cuEventElapsedTime, CONTEXT);
    TW_REQUIRE(milliseconds, CUDA_ERROR_INVALID_VALUE);
    TW_EVENT(from);
    TW_EVENT(to);
    TW_REQUIRE(!((from->flags | to->flags) & 2) && from->recorded && to->recorded, CUDA_ERROR_INVALID_HANDLE);
    TW_REQUIRE(from->happened && to->happened, CUDA_ERROR_NOT_READY);
    *milliseconds = std::chrono::duration<float, std::milli>(to->at - from->at).count();
    return CUDA_SUCCESS;
}
