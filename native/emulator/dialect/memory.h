// memory.h — loads and stores that say more than a dereference: wide ones, whose alignment is checked, and cache hints,
// which mean nothing here.
#pragma once

namespace tw {
// A store to shared memory, for who reads it past the threads' stores (operands.cc).
void stored(const void* at, size_t bytes, Site site);

template <class T>
inline void aligned(const void* address, Site site) {
    if (reinterpret_cast<uintptr_t>(address) % sizeof(T) != 0) {
        fault(Fault::MISALIGNED, site, "an access of several words at an address that is not a multiple of its size");
    }
}
}  // namespace tw

#define TWEEDIE_LOAD(name)                                                                                             \
    template <class T>                                                                                                 \
    inline T name(const T* from, tw::Site site = tw::Site::here(__builtin_FILE(), __builtin_LINE())) {                 \
        tw::aligned<T>(from, site);                                                                                    \
        T value;                                                                                                       \
        std::memcpy(&value, from, sizeof value);                                                                       \
        return value;                                                                                                  \
    }
#define TWEEDIE_STORE(name)                                                                                            \
    template <class T>                                                                                                 \
    inline void name(T* into, const T value, tw::Site site = tw::Site::here(__builtin_FILE(), __builtin_LINE())) {     \
        tw::aligned<T>(into, site);                                                                                    \
        std::memcpy(into, &value, sizeof value);                                                                       \
        tw::stored(into, sizeof value, site);                                                                          \
    }
TWEEDIE_LOAD(__ldg)
TWEEDIE_LOAD(__ldca)
TWEEDIE_LOAD(__ldcg)
TWEEDIE_LOAD(__ldcs)
TWEEDIE_LOAD(__ldlu)
TWEEDIE_LOAD(__ldcv)
TWEEDIE_STORE(__stwb)
TWEEDIE_STORE(__stcg)
TWEEDIE_STORE(__stcs)
TWEEDIE_STORE(__stwt)
#undef TWEEDIE_LOAD
#undef TWEEDIE_STORE

inline float4 load_f32x4(const float* from, tw::Site site = tw::Site::here(__builtin_FILE(), __builtin_LINE())) {
    return __ldg(reinterpret_cast<const float4*>(from), site);
}
inline void store_f32x4(float* into, const float4 value, tw::Site site = tw::Site::here(__builtin_FILE(), __builtin_LINE())) {
    __stwb(reinterpret_cast<float4*>(into), value, site);
}
inline uint4 load_b128(const void* from, tw::Site site = tw::Site::here(__builtin_FILE(), __builtin_LINE())) {
    return __ldg(static_cast<const uint4*>(from), site);
}
inline void store_b128(void* into, const uint4 value, tw::Site site = tw::Site::here(__builtin_FILE(), __builtin_LINE())) {
    __stwb(static_cast<uint4*>(into), value, site);
}
