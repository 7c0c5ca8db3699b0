// register.h — the registry record of one kernel, made from its C++ type: what the driver needs to know to marshal arguments.
// The generator (scan.cc) writes one TWEEDIE_REGISTER for each entry it finds; authors write nothing.
#pragma once

#pragma GCC visibility push(hidden)
namespace tw {

// Written as the letters p i l f d.
template <class T>
constexpr char kind_of() {
    static_assert(std::is_pointer<T>::value || std::is_same<T, int32_t>::value || std::is_same<T, int64_t>::value ||
                      std::is_same<T, uint64_t>::value || std::is_same<T, float>::value || std::is_same<T, double>::value,
                  "a kernel parameter must be a pointer, int32_t, int64_t, uint64_t, float or double");
    return std::is_pointer<T>::value            ? 'p'
           : std::is_same<T, int32_t>::value    ? 'i'
           : std::is_same<T, float>::value      ? 'f'
           : std::is_same<T, double>::value     ? 'd'
                                                : 'l';
}

struct KernelRecord {
    const char* name;
    const char* source;
    int max_threads;      // __launch_bounds__, or 1024
    int cluster;          // blocks of a cluster: TWEEDIE_CLUSTER, or 1
    const char* kinds;    // one letter a parameter
    void (*invoke)(const uint64_t* arguments);  // one 8-byte slot a parameter
    KernelRecord* next = nullptr;
    mutable uint64_t launches = 0;
};
void register_kernel(KernelRecord* record);

template <auto function>
struct Entry;
template <class... Parameters, void (*function)(Parameters...)>
struct Entry<function> {
    static constexpr char kinds[sizeof...(Parameters) + 1] = {kind_of<Parameters>()..., '\0'};

    template <class T>
    static T read(const uint64_t& slot) {
        T value;
        std::memcpy(&value, &slot, sizeof value);
        return value;
    }
    template <std::size_t... I>
    static void call(const uint64_t* arguments, std::index_sequence<I...>) {
        (void)arguments;
        function(read<Parameters>(arguments[I])...);
    }
    static void invoke(const uint64_t* arguments) { call(arguments, std::index_sequence_for<Parameters...>()); }
};

struct Registration {
    explicit Registration(KernelRecord* record) { register_kernel(record); }
};

}  // namespace tw
#pragma GCC visibility pop

#define TWEEDIE_REGISTER(name, source, cluster, ...)                                                                          \
    static ::tw::KernelRecord name##_record{#name, source, ::tw::bounds(__VA_ARGS__), cluster, ::tw::Entry<&name>::kinds, \
                                            &::tw::Entry<&name>::invoke};                                                \
    static const ::tw::Registration name##_registration{&name##_record};

namespace tw {
constexpr int bounds() { return 1024; }
constexpr int bounds(int threads, int = 0, int = 0) { return threads; }
}  // namespace tw
