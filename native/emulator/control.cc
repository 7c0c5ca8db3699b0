#include "control.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "call.h"
#include "left_out.h"

using namespace tw;

#define TW_LOCKED() const std::lock_guard<std::recursive_mutex> lock(state().lock)

TW_EXPORT int64_t tw_emu_stat(const char* name) {
    TW_LOCKED();
    State& s = state();
    const std::string n = name;
    if (n.rfind("cu", 0) == 0) return int64_t(calls_of(n));  // also cublas, curand
    if (n.rfind("launches:", 0) == 0) {
        const KernelRecord* const kernel = find_kernel(n.substr(9));
        return kernel == nullptr ? -1 : int64_t(kernel->launches);
    }
    size_t bytes = 0, host = 0;
    for (const auto& a : s.arena.all()) bytes += a.second.bytes;
    for (const auto& h : s.host) host += h.second.bytes;
    const size_t legacy = s.contexts.size();
    const std::pair<const char*, uint64_t> counters[] = {
        {"launches", traffic().launches},   {"threads", traffic().threads},        {"waits", traffic().waits},
        {"barriers", traffic().barriers},   {"copies", s.copies},                  {"graphLaunches", s.graph_launches},
        {"toolkitCalls", s.toolkit_calls}, {"atOnce", s.at_once},              {"between", s.between},                {"atWait", s.at_wait},
        {"calls", calls().total},
        {"injected", calls().injected},     {"unsupported", calls().unsupported},  {"reports", s.reports},
        {"bytes", bytes},                   {"peakBytes", s.arena.peak},           {"allocations", s.arena.all().size()},
        {"hostBytes", host},                {"contexts", s.contexts.size()},       {"streams", s.streams.size() - legacy},
        {"events", s.events.size()},        {"modules", s.modules.size()},         {"graphs", s.graphs.size()},
        {"execs", s.execs.size()},          {"leftOut", left_out_times()},
    };
    for (const auto& counter : counters) {
        if (n == counter.first) return int64_t(counter.second);
    }
    return -1;
}

TW_EXPORT void tw_emu_fail(const char* call, uint64_t nth, int code, int persistent) {
    TW_LOCKED();
    fail_call(call, nth, CUresult(code), persistent != 0);
}

TW_EXPORT void tw_emu_leave_out(const char* place) {
    TW_LOCKED();
    leave_out(place);
}

TW_EXPORT void tw_emu_reset() {
    TW_LOCKED();
    disarm();
    leave_out("");
    State& s = state();
    for (const void* c : s.contexts) static_cast<Context*>(const_cast<void*>(c))->sticky = CUDA_SUCCESS;
    for (const void* stream : s.streams) static_cast<Stream*>(const_cast<void*>(stream))->failed = CUDA_SUCCESS;
    s.last_report.clear();
    s.reports = 0;
    s.settings = {};
    s.read_settings();
}

TW_EXPORT int tw_emu_schedule(const char* order, uint64_t seed) {
    TW_LOCKED();
    return state().settings.order(order, seed);
}

TW_EXPORT int tw_emu_streams(const char* when, uint64_t seed) {
    TW_LOCKED();
    return state().settings.when(when, seed);
}

TW_EXPORT void tw_emu_timeout(double seconds) {
    TW_LOCKED();
    state().settings.timeout_seconds = seconds;
}

TW_EXPORT const char* tw_emu_report() {
    TW_LOCKED();
    static thread_local std::string copy;
    copy = state().last_report;
    return copy.c_str();
}

TW_EXPORT const char* tw_emu_parameters(const char* kernel) {
    const KernelRecord* const record = find_kernel(kernel);
    return record == nullptr ? nullptr : record->kinds;
}

TW_EXPORT const char* tw_emu_kernels() {
    TW_LOCKED();
    static std::string names;
    if (names.empty()) {
        std::vector<std::string> all;
        for (const KernelRecord* k = first_kernel(); k != nullptr; k = k->next) all.push_back(k->name);
        std::sort(all.begin(), all.end());
        for (const std::string& n : all) names += n + "\n";
    }
    return names.c_str();
}

// ---- for Java, without the JDK's headers: the few functions used of the JNI function table, by their fixed places in it

namespace {

using Environment = void**;
void** table(Environment* env) { return reinterpret_cast<void**>(*env); }

struct Text {  // the characters of a java.lang.String
    Text(Environment* env, void* string) : env(env), string(string) {
        characters = reinterpret_cast<const char* (*)(Environment*, void*, unsigned char*)>(table(env)[169])(env, string, nullptr);
    }
    ~Text() { reinterpret_cast<void (*)(Environment*, void*, const char*)>(table(env)[170])(env, string, characters); }
    Environment* env;
    void* string;
    const char* characters;
};

void* new_string(Environment* env, const char* text) {
    return text == nullptr ? nullptr : reinterpret_cast<void* (*)(Environment*, const char*)>(table(env)[167])(env, text);
}

}  // namespace

#define TW_JAVA(type, name) TW_EXPORT type Java_org_tweedie_testing_EmulatedDriver_##name

TW_JAVA(int64_t, stat)(Environment* env, void*, void* name) { return tw_emu_stat(Text(env, name).characters); }
TW_JAVA(void, fail)(Environment* env, void*, void* call, int64_t nth, int code, unsigned char persistent) {
    tw_emu_fail(Text(env, call).characters, uint64_t(nth), code, persistent);
}
TW_JAVA(void, leaveOut)(Environment* env, void*, void* place) { tw_emu_leave_out(Text(env, place).characters); }
TW_JAVA(void, reset)(Environment*, void*) { tw_emu_reset(); }
TW_JAVA(unsigned char, schedule)(Environment* env, void*, void* order, int64_t seed) {
    return (unsigned char)tw_emu_schedule(Text(env, order).characters, uint64_t(seed));
}
TW_JAVA(unsigned char, streams)(Environment* env, void*, void* when, int64_t seed) {
    return (unsigned char)tw_emu_streams(Text(env, when).characters, uint64_t(seed));
}
TW_JAVA(void*, report)(Environment* env, void*) { return new_string(env, tw_emu_report()); }
TW_JAVA(void*, parameters)(Environment* env, void*, void* kernel) { return new_string(env, tw_emu_parameters(Text(env, kernel).characters)); }
TW_JAVA(void*, kernels)(Environment* env, void*) { return new_string(env, tw_emu_kernels()); }
