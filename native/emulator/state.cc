#include "state.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace tw {

State& state() {
    static State* const s = new State;  // never destroyed: threads may call the driver while the process ends
    return *s;
}

std::vector<Context*>& context_stack() {
    static thread_local std::vector<Context*> stack;
    return stack;
}

void report(const std::string& text) {
    State& s = state();
    s.last_report = text;
    ++s.reports;
    if (!s.settings.quiet) std::fprintf(stderr, "[tweedie emulated GPU] %s\n", text.c_str());
}

static const char* environment(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr || value[0] == '\0' ? nullptr : value;
}

// TW_EMU_DEVICES=1..8  TW_EMU_MEMORY=bytes  TW_EMU_CC=9.0  TW_EMU_SCHEDULE=forward|reverse|random:SEED  TW_EMU_STREAMS=eager|late
// TW_EMU_TIMEOUT=seconds  TW_EMU_QUIET=1
void State::read_environment() {
    Profile profile;
    int count = 1;
    if (const char* v = environment("TW_EMU_DEVICES")) count = std::min(8, std::max(0, std::atoi(v)));
    if (const char* v = environment("TW_EMU_MEMORY")) profile.memory = std::strtoull(v, nullptr, 0);
    if (const char* v = environment("TW_EMU_CC")) {
        if (std::sscanf(v, "%d.%d", &profile.major, &profile.minor) != 2) {
            profile.major = 9;
            profile.minor = 0;
            std::fprintf(stderr, "[tweedie emulated GPU] TW_EMU_CC must be like 8.0, got %s\n", v);
        }
    }
    read_settings();
    for (int i = 0; i < count; ++i) devices.push_back(std::unique_ptr<Device>(new Device{i, profile}));
}

void State::read_settings() {
    if (const char* v = environment("TW_EMU_SCHEDULE")) {
        if (std::strcmp(v, "reverse") == 0) settings.schedule.order = Schedule::Order::REVERSE;
        if (std::strncmp(v, "random", 6) == 0) {
            settings.schedule.order = Schedule::Order::RANDOM;
            settings.schedule.seed = v[6] == ':' ? std::strtoull(v + 7, nullptr, 0) : 1;
        }
    }
    if (const char* v = environment("TW_EMU_STREAMS")) settings.late = std::strcmp(v, "late") == 0;
    if (const char* v = environment("TW_EMU_TIMEOUT")) settings.timeout_seconds = std::atof(v);
    settings.quiet = environment("TW_EMU_QUIET") != nullptr;
}

template <class T>
static std::vector<T*> owned(const std::unordered_set<const void*>& handles, const Context* context) {
    std::vector<T*> list;
    for (const void* h : handles) {
        T* const item = static_cast<T*>(const_cast<void*>(h));
        if (item->context == context) list.push_back(item);
    }
    return list;
}

void destroy_context(Context* context) {
    State& s = state();
    if (context->sticky == CUDA_SUCCESS) drain_all(context);
    std::vector<uintptr_t> memory;
    for (const auto& entry : s.arena.all()) {
        if (entry.second.owner == context) memory.push_back(entry.first);
    }
    for (const uintptr_t address : memory) s.arena.free(address);
    for (auto h = s.host.begin(); h != s.host.end();) {
        if (h->second.context == context) {
            if (!h->second.registered) std::free(reinterpret_cast<void*>(h->first));
            h = s.host.erase(h);
        } else {
            ++h;
        }
    }
    for (Event* event : owned<Event>(s.events, context)) {
        s.events.erase(event);
        delete event;
    }
    for (Stream* stream : owned<Stream>(s.streams, context)) {
        if (stream->capture != nullptr) stream->capture->invalid = true;
        s.streams.erase(stream);
        if (!stream->legacy) delete stream;
    }
    for (auto d = s.detached.begin(); d != s.detached.end();) {
        if ((*d)->context == context) {
            delete *d;
            d = s.detached.erase(d);
        } else {
            ++d;
        }
    }
    for (Module* module : owned<Module>(s.modules, context)) {
        for (const auto& f : module->functions) s.functions.erase(f.second.get());
        s.modules.erase(module);
        delete module;
    }
    context->legacy.reset();
    s.contexts.erase(context);
    if (context->primary) context->device->primary = nullptr;
    // the object itself stays: other threads may still name it, and get CUDA_ERROR_CONTEXT_IS_DESTROYED
}

}  // namespace tw
