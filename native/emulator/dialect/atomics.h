// atomics.h — atomics. The threads of a launch share one OS thread and change only at barriers and collectives, so plain
// read-modify-write is atomic; a thread that spins on one lets others run.
#pragma once

namespace tw {
template <class T, class F>
inline T read_modify(T* address, Site site, F&& next) {
    aligned<T>(address, site);
    relax();
    const T old = *address;
    *address = next(old);
    return old;
}
}  // namespace tw

#define TWEEDIE_ATOMIC(name, type, expression)                                                                    \
    inline type name(type* address, type value, TWEEDIE_HERE) {                                                   \
        return tw::read_modify(address, site, [value](type old) -> type { return expression; });                     \
    }
TWEEDIE_ATOMIC(atomicAdd, int, int((unsigned int)old + (unsigned int)value))
TWEEDIE_ATOMIC(atomicAdd, unsigned int, old + value)
TWEEDIE_ATOMIC(atomicAdd, unsigned long long, old + value)
TWEEDIE_ATOMIC(atomicAdd, float, old + value)
TWEEDIE_ATOMIC(atomicAdd, double, old + value)
TWEEDIE_ATOMIC(atomicSub, int, int((unsigned int)old - (unsigned int)value))
TWEEDIE_ATOMIC(atomicSub, unsigned int, old - value)
TWEEDIE_ATOMIC(atomicExch, int, (void(old), value))
TWEEDIE_ATOMIC(atomicExch, unsigned int, (void(old), value))
TWEEDIE_ATOMIC(atomicExch, unsigned long long, (void(old), value))
TWEEDIE_ATOMIC(atomicExch, float, (void(old), value))
#define TWEEDIE_ATOMIC_INTEGER(type)                                     \
    TWEEDIE_ATOMIC(atomicMin, type, value < old ? value : old)           \
    TWEEDIE_ATOMIC(atomicMax, type, old < value ? value : old)           \
    TWEEDIE_ATOMIC(atomicAnd, type, old & value)                         \
    TWEEDIE_ATOMIC(atomicOr, type, old | value)                          \
    TWEEDIE_ATOMIC(atomicXor, type, old ^ value)                         \
    inline type atomicCAS(type* address, type compare, type value, TWEEDIE_HERE) {                                 \
        return tw::read_modify(address, site, [=](type old) { return old == compare ? value : old; });                \
    }
TWEEDIE_ATOMIC_INTEGER(int)
TWEEDIE_ATOMIC_INTEGER(unsigned int)
TWEEDIE_ATOMIC_INTEGER(unsigned long long)
TWEEDIE_ATOMIC_INTEGER(long long)
TWEEDIE_ATOMIC(atomicInc, unsigned int, old >= value ? 0 : old + 1)
TWEEDIE_ATOMIC(atomicDec, unsigned int, old == 0 || old > value ? value : old - 1)
#undef TWEEDIE_ATOMIC_INTEGER
#undef TWEEDIE_ATOMIC
