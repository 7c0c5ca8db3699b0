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

// "random:7" is the word random and the seed 7; without a seed it is 1.
static std::string word(const char* text) { return std::string(text, std::strcspn(text, ":")); }
static uint64_t seed(const char* text) {
    const char* const colon = std::strchr(text, ':');
    return colon == nullptr ? 1 : std::strtoull(colon + 1, nullptr, 0);
}
// Nothing to run with: tests that mean one thing must not silently do another.
[[noreturn]] static void unknown(const char* name, const char* wanted, const char* got) {
    std::fprintf(stderr, "[tweedie emulated GPU] %s must be %s, got %s\n", name, wanted, got);
    std::exit(2);
}

// The table "Technical Specifications per Compute Capability" of the CUDA programming guide; processors of a usual card.
static constexpr Profile PROFILES[] = {
    {7, 5, 40, 64 << 10, 64 << 10, 1024, 16},    {8, 0, 108, 163 << 10, 164 << 10, 2048, 32}, {8, 6, 84, 99 << 10, 100 << 10, 1536, 16},
    {8, 9, 142, 99 << 10, 100 << 10, 1536, 24},  {9, 0, 132, 227 << 10, 228 << 10, 2048, 32}, {10, 0, 148, 227 << 10, 228 << 10, 2048, 32},
    {12, 0, 170, 99 << 10, 100 << 10, 1536, 24},
};

// The i-th of "a,b,c", or the last where there are fewer: what a machine of unlike devices is made from.
static std::string item(const std::string& list, int i) {
    size_t from = 0;
    for (; i > 0 && list.find(',', from) != std::string::npos; --i) from = list.find(',', from) + 1;
    return list.substr(from, list.find(',', from) - from);
}

// TW_EMU_DEVICES=0..8  TW_EMU_MEMORY=BYTES, or 8G  TW_EMU_CC=9.0; both may be lists, an item a device  TW_EMU_SCHEDULE=forward|reverse|random:SEED  TW_EMU_STREAMS=eager|late|random:SEED
// TW_EMU_TIMEOUT=seconds  TW_EMU_QUIET=1
void State::read_environment() {
    const char* const devices_wanted = environment("TW_EMU_DEVICES");
    const char* const memory = environment("TW_EMU_MEMORY");
    const char* const capability = environment("TW_EMU_CC");
    const int count = devices_wanted == nullptr ? 1 : std::atoi(devices_wanted);
    if (count < 0 || count > 8) unknown("TW_EMU_DEVICES", "0 to 8", devices_wanted);
    read_settings();
    for (int i = 0; i < count; ++i) {
        const std::string cc = capability == nullptr ? "9.0" : item(capability, i);
        const auto named = std::find_if(std::begin(PROFILES), std::end(PROFILES), [&](const Profile& p) {
            return cc == std::to_string(p.major) + "." + std::to_string(p.minor);
        });
        if (named == std::end(PROFILES)) unknown("TW_EMU_CC", "7.5, 8.0, 8.6, 8.9, 9.0, 10.0 or 12.0", cc.c_str());
        Profile profile = *named;
        if (memory != nullptr) {
            const std::string bytes = item(memory, i);
            char* unit = nullptr;
            profile.memory = std::strtoull(bytes.c_str(), &unit, 0) << (*unit == 'G' ? 30 : *unit == 'M' ? 20 : 0);
        }
        devices.push_back(std::unique_ptr<Device>(new Device{i, profile}));
    }
}

bool Settings::order(const std::string& word, uint64_t seed) {
    if (word != "forward" && word != "reverse" && word != "random") return false;
    schedule.order = word == "forward" ? Schedule::Order::FORWARD : word == "reverse" ? Schedule::Order::REVERSE : Schedule::Order::RANDOM;
    schedule.seed = seed;
    scheduled = 0;
    return true;
}

bool Settings::when(const std::string& word, uint64_t seed) {
    if (word != "eager" && word != "late" && word != "random") return false;
    streams = word == "eager" ? Streams::EAGER : word == "late" ? Streams::LATE : Streams::RANDOM;
    moments = seed;
    haste = 1u << mix(moments) % 3;
    return true;
}

bool Settings::goes_on() { return mix(moments) % 8 < haste; }

void State::read_settings() {
    if (const char* v = environment("TW_EMU_SCHEDULE")) {
        if (!settings.order(word(v), seed(v))) unknown("TW_EMU_SCHEDULE", "forward, reverse or random:SEED", v);
    }
    if (const char* v = environment("TW_EMU_STREAMS")) {
        if (!settings.when(word(v), seed(v))) unknown("TW_EMU_STREAMS", "eager, late or random:SEED", v);
    }
    if (const char* v = environment("TW_EMU_TIMEOUT")) settings.timeout_seconds = std::atof(v);
    settings.quiet = environment("TW_EMU_QUIET") != nullptr;
    if (const char* v = environment("TW_EMU_ROUGH")) roughness = uint32_t(std::atol(v));
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
