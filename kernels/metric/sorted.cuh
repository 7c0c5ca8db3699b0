// sorted.cuh: samples on a line: their order, and what it costs to take one to another
//
//   order   by key, then by row: total, so that every way of sorting gives the same answer. 0 and -0 are equal; no key is NaN
//   slots   n rows of which each counts so often that they are n in all have n slots of mass 1/n, in order; a slot holds the rank of its row
//   cost    the integral over q in [0, 1] of |x(q) - y(q)|^p, x and y the quantile functions. In units of 1/(n m) a slot of x is m long and
//           one of y is n; with n >= m slot s of x, [s m, (s + 1) m), meets slot floor(s m / n) of y and the next at most, by whole numbers
#pragma once
#include "math.cuh"

namespace sorted {
constexpr int32_t TILE = 1024, THREADS = 256, EACH = TILE / THREADS, WARP = 32;
constexpr double LAST = 1.7976931348623157e308;  // with LAST_ROW: behind whatever there is
constexpr int32_t LAST_ROW = 0x7fffffff;

TWEEDIE_INLINE bool before(const double a, const int32_t i, const double b, const int32_t j) { return a < b || (a == b && i < j); }

/// Keys in order, and their rows.
template <class Number>
struct Run {
    const double* key;
    const int32_t* row;
    Number length;
};

/// How many of the first `of` of both runs, merged, are of the first run.
template <class Number>
TWEEDIE_INLINE Number taken(const Run<Number>& a, const Run<Number>& b, const Number of) {
    Number least = of > b.length ? of - b.length : 0, most = of < a.length ? of : a.length;
    while (least < most) {
        const Number i = (least + most) / 2, j = of - 1 - i;
        if (before(a.key[i], a.row[i], b.key[j], b.row[j])) {
            least = i + 1;
        } else {
            most = i;
        }
    }
    return least;
}

/// The warp of this thread among those of the grid, and how many these are.
TWEEDIE_INLINE int64_t first_warp() { return (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) / WARP; }
TWEEDIE_INLINE int64_t warps() { return int64_t(gridDim.x) * blockDim.x / WARP; }

/// The sum over the lanes of a warp, by halves, in each of them.
template <class Number>
TWEEDIE_INLINE Number all_lanes(Number sum) {
#pragma unroll
    for (int32_t half = WARP / 2; half > 0; half /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, half);
    return sum;
}

/// Where slot s of x begins in y: s m = slot n + past.
struct Meeting {
    int64_t slot, past;
};

TWEEDIE_INLINE Meeting meeting(const int64_t s, const int64_t n, const int64_t m) {
    const int64_t slot = s * m / n;
    return {slot, s * m - slot * n};
}

TWEEDIE_INLINE Meeting later(const Meeting a, const Meeting by, const int64_t n) {
    const int64_t past = a.past + by.past;
    return past < n ? Meeting{a.slot + by.slot, past} : Meeting{a.slot + by.slot + 1, past - n};
}

/// |gap|^power of power 1 or 2.
TWEEDIE_INLINE double cost(const double gap, const int32_t power) { return power == 2 ? gap * gap : gap < 0.0 ? -gap : gap; }

/// A sample in order: rank by rank, or slot by slot where it has slots.
struct Line {
    const double* key;
    const int32_t* slots;

    __device__ double at(const int64_t s) const { return key[slots == nullptr ? s : slots[s]]; }
};
}  // namespace sorted
