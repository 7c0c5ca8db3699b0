// warp.h — warp collectives. A lane hands in its value and the lane it wants; the last to arrive deals them out. A value
// read from a lane that has returned, or is not in the mask, is all ones (NaN): undefined on the hardware.
#pragma once

namespace tw {

template <class T>
struct Wanted {
    T value;
    unsigned int from;
};

template <class T>
inline void deal(Exchange& exchange) {
    for (unsigned int lane = 0; lane < WARP; ++lane) {
        if (!(exchange.present >> lane & 1)) continue;
        const unsigned int from = static_cast<const Wanted<T>*>(exchange.in[lane])->from;
        if (exchange.present >> from & 1) {
            std::memcpy(exchange.out[lane], &static_cast<const Wanted<T>*>(exchange.in[from])->value, sizeof(T));
        } else {
            std::memset(exchange.out[lane], 0xFF, sizeof(T));
        }
    }
}

template <class T>
inline T shuffle(const char* kind, Site site, unsigned int mask, T value, unsigned int from) {
    static_assert(std::is_trivially_copyable<T>::value && (sizeof(T) == 4 || sizeof(T) == 8), "shuffles move 4 or 8 bytes");
    const Wanted<T> in{value, from};
    T out;
    warp_collective(kind, site, mask, &in, &out, &deal<T>);
    return out;
}

struct Vote {
    unsigned int ballot;
    unsigned int voters;
};
inline Vote vote(const char* kind, Site site, unsigned int mask, bool yes) {
    Vote out;
    warp_collective(kind, site, mask, &yes, &out, [](Exchange& exchange) {
        Vote result{0, exchange.present};
        for (unsigned int lane = 0; lane < WARP; ++lane) {
            if ((exchange.present >> lane & 1) && *static_cast<const bool*>(exchange.in[lane])) result.ballot |= 1u << lane;
        }
        for (unsigned int lane = 0; lane < WARP; ++lane) {
            if (exchange.present >> lane & 1) *static_cast<Vote*>(exchange.out[lane]) = result;
        }
    });
    return out;
}

// All present lanes' values folded in lane order; integers only on the hardware too.
template <class T, class Fold>
inline T fold(const char* kind, Site site, unsigned int mask, T value) {
    T out;
    warp_collective(kind, site, mask, &value, &out, [](Exchange& exchange) {
        T sum{};
        bool first = true;
        for (unsigned int lane = 0; lane < WARP; ++lane) {
            if (!(exchange.present >> lane & 1)) continue;
            const T v = *static_cast<const T*>(exchange.in[lane]);
            sum = first ? v : Fold()(sum, v);
            first = false;
        }
        for (unsigned int lane = 0; lane < WARP; ++lane) {
            if (exchange.present >> lane & 1) *static_cast<T*>(exchange.out[lane]) = sum;
        }
    });
    return out;
}

}  // namespace tw

#define TWEEDIE_HERE tw::Site site = tw::Site::here(__builtin_FILE(), __builtin_LINE())

template <class T>
inline T __shfl_sync(unsigned int mask, T value, int source, int width = 32, TWEEDIE_HERE) {
    const unsigned int lane = tw::lane_id(), start = lane & ~(unsigned(width) - 1);
    return tw::shuffle("__shfl_sync", site, mask, value, start | (unsigned(source) & (unsigned(width) - 1)));
}
template <class T>
inline T __shfl_up_sync(unsigned int mask, T value, unsigned int delta, int width = 32, TWEEDIE_HERE) {
    const unsigned int lane = tw::lane_id(), start = lane & ~(unsigned(width) - 1);
    return tw::shuffle("__shfl_up_sync", site, mask, value, lane - start >= delta ? lane - delta : lane);
}
template <class T>
inline T __shfl_down_sync(unsigned int mask, T value, unsigned int delta, int width = 32, TWEEDIE_HERE) {
    const unsigned int lane = tw::lane_id(), end = (lane & ~(unsigned(width) - 1)) + unsigned(width);
    return tw::shuffle("__shfl_down_sync", site, mask, value, lane + delta < end ? lane + delta : lane);
}
template <class T>
inline T __shfl_xor_sync(unsigned int mask, T value, int bits, int width = 32, TWEEDIE_HERE) {
    const unsigned int lane = tw::lane_id(), end = (lane & ~(unsigned(width) - 1)) + unsigned(width);
    const unsigned int from = lane ^ unsigned(bits);
    return tw::shuffle("__shfl_xor_sync", site, mask, value, from < end ? from : lane);
}
inline unsigned int __ballot_sync(unsigned int mask, bool yes, TWEEDIE_HERE) {
    return tw::vote("__ballot_sync", site, mask, yes).ballot;
}
inline int __any_sync(unsigned int mask, bool yes, TWEEDIE_HERE) { return tw::vote("__any_sync", site, mask, yes).ballot != 0; }
inline int __all_sync(unsigned int mask, bool yes, TWEEDIE_HERE) {
    const tw::Vote v = tw::vote("__all_sync", site, mask, yes);
    return v.ballot == v.voters;
}
inline void __syncwarp(unsigned int mask = 0xFFFFFFFFu, TWEEDIE_HERE) {
    if (!tw::left_out(site)) tw::warp_collective("__syncwarp", site, mask, nullptr, nullptr, [](tw::Exchange&) {});
}

#define TWEEDIE_FOLD(name, type, expression)                                                  \
    inline type name(unsigned int mask, type value, TWEEDIE_HERE) {                           \
        struct Fold {                                                                         \
            type operator()(type a, type b) const { return expression; }                      \
        };                                                                                    \
        return tw::fold<type, Fold>(#name, site, mask, value);                                \
    }
TWEEDIE_FOLD(__reduce_add_sync, unsigned int, a + b)
TWEEDIE_FOLD(__reduce_add_sync, int, int((unsigned int)a + (unsigned int)b))
TWEEDIE_FOLD(__reduce_min_sync, unsigned int, b < a ? b : a)
TWEEDIE_FOLD(__reduce_min_sync, int, b < a ? b : a)
TWEEDIE_FOLD(__reduce_max_sync, unsigned int, a < b ? b : a)
TWEEDIE_FOLD(__reduce_max_sync, int, a < b ? b : a)
TWEEDIE_FOLD(__reduce_and_sync, unsigned int, a & b)
TWEEDIE_FOLD(__reduce_or_sync, unsigned int, a | b)
TWEEDIE_FOLD(__reduce_xor_sync, unsigned int, a ^ b)
#undef TWEEDIE_FOLD
