// pairs.cu: what metrics need of all pairs of two samples (pairs.cuh), one number a row of x
//
//   x, y     [count, dim] and [columns, dim], rows x_stride and y_stride apart; values up to 2^50, so that no square overflows
//   same     y is x: the pair of a row with itself is left out
//   parts    [chunks, count], chunks = ceil(columns / chunk); the kernels *_finish_* put them together in their order
//   shape    256 threads, 64 rows by a chunk of columns at a time, in grid strides
//   moves    8 dim bytes for 64 pairs through shared memory, from the second cache; 8 to 12 bytes a row and chunk
//   floor    2 dim slots a pair for the square, and those of its function: 20 for e^s, 10 for a root
#include "metric/pairs.cuh"
#include "rng/quads.cuh"

namespace pairs {
/// Sums of a function of the square.
struct Sum {
    int32_t kind;
    bool same;
    float factor;
    const float* bound;
    int64_t bound_stride;
    double* parts;
    double* lanes;
    double sum[SIDE];

    __device__ void start(const Place, const int64_t) {
#pragma unroll
        for (int32_t r = 0; r < SIDE; ++r) sum[r] = 0.0;
    }

    /// s below 2^-100 is 0
    static __device__ float root(const float s) { return s < 7.8886091e-31f ? 0.0f : approx::square_root(s); }
    static __device__ float power(const float s, const float half) {
        return s < 7.8886091e-31f ? 0.0f : approx::exp(half * approx::log(s));
    }

    __device__ void take(const Place place, float (&square)[SIDE][SIDE]) {
        if (kind == 0) {
#pragma unroll
            for (int32_t e = 0; e < SIDE * SIDE; ++e) square[e / SIDE][e % SIDE] = approx::exp(factor * square[e / SIDE][e % SIDE]);
        } else if (kind == 1) {
#pragma unroll
            for (int32_t e = 0; e < SIDE * SIDE; ++e) square[e / SIDE][e % SIDE] = root(square[e / SIDE][e % SIDE]);
        } else if (kind == 2) {
#pragma unroll
            for (int32_t e = 0; e < SIDE * SIDE; ++e) square[e / SIDE][e % SIDE] = power(square[e / SIDE][e % SIDE], factor);
        } else {
#pragma unroll
            for (int32_t c = 0; c < SIDE; ++c) {
                const float most = place.there(c) ? bound[place.column(c) * bound_stride] : 0.0f;
#pragma unroll
                for (int32_t r = 0; r < SIDE; ++r) square[r][c] = square[r][c] <= most ? 1.0f : 0.0f;
            }
        }
        const int32_t self = same ? place.self() : 2 * SIDE;
#pragma unroll
        for (int32_t r = 0; r < SIDE; ++r) {
#pragma unroll
            for (int32_t c = 0; c < SIDE; ++c) {
                if (!place.there(c) || c == self + r) square[r][c] = 0.0f;
            }
            sum[r] += double((square[r][0] + square[r][1]) + (square[r][2] + square[r][3]));
        }
    }

    __device__ void leave(const int32_t at) {
#pragma unroll
        for (int32_t r = 0; r < SIDE; ++r) lanes[at + r] = sum[r];
    }

    __device__ void meet(const int32_t row, const int64_t part) {
        double total = lanes[row];
        for (int32_t lane = 1; lane < LANES; ++lane) total += lanes[lane * TILE + row];
        parts[part] = total;
    }
};

/// Sums of exponentials.
struct Softs {
    bool same;
    float inverse;
    const float* potential;
    int64_t potential_stride;
    float* tops;
    double* sums;
    float* lane_tops;
    double* lane_sums;
    float top[SIDE];
    double sum[SIDE];

    __device__ void start(const Place, const int64_t) {
#pragma unroll
        for (int32_t r = 0; r < SIDE; ++r) {
            top[r] = NONE;
            sum[r] = 0.0;
        }
    }

    __device__ void take(const Place place, float (&square)[SIDE][SIDE]) {
        const int32_t self = same ? place.self() : 2 * SIDE;
        float of[SIDE];
#pragma unroll
        for (int32_t c = 0; c < SIDE; ++c) {
            of[c] = potential != nullptr && place.there(c) ? inverse * potential[place.column(c) * potential_stride] : 0.0f;
        }
#pragma unroll
        for (int32_t r = 0; r < SIDE; ++r) {
            float most = NONE;
#pragma unroll
            for (int32_t c = 0; c < SIDE; ++c) {
                const float exponent = place.there(c) && c != self + r ? fmaf(-inverse, square[r][c], of[c]) : NONE;
                square[r][c] = exponent;
                most = exponent > most ? exponent : most;
            }
            if (most > top[r]) {
                sum[r] *= double(approx::exp(top[r] - most));
                top[r] = most;
            }
            if (most > NONE) {
                sum[r] += double((approx::exp(square[r][0] - top[r]) + approx::exp(square[r][1] - top[r])) +
                                 (approx::exp(square[r][2] - top[r]) + approx::exp(square[r][3] - top[r])));
            }
        }
    }

    __device__ void leave(const int32_t at) {
#pragma unroll
        for (int32_t r = 0; r < SIDE; ++r) {
            lane_tops[at + r] = top[r];
            lane_sums[at + r] = sum[r];
        }
    }

    __device__ void meet(const int32_t row, const int64_t part) {
        Soft all = {NONE, 0.0};
        for (int32_t lane = 0; lane < LANES; ++lane) all = join(all, {lane_tops[lane * TILE + row], lane_sums[lane * TILE + row]});
        tops[part] = all.top;
        sums[part] = all.sum;
    }
};

/// The least square behind a given one; equal squares in the order of their columns.
struct Nearest {
    bool same;
    const float* after;
    const int64_t* after_column;
    float* least;
    int64_t* columns;
    float* lane_least;
    int32_t* lane_offset;
    float best[SIDE], behind[SIDE];
    int32_t at[SIDE], behind_offset[SIDE];  // in the chunk; -1 for none
    int64_t first;

    __device__ void start(const Place place, const int64_t count) {
        first = place.first;
#pragma unroll
        for (int32_t r = 0; r < SIDE; ++r) {
            const bool there = after != nullptr && place.row + r < count;
            const int64_t offset = there ? after_column[place.row + r] - first : -1;
            behind[r] = there ? after[place.row + r] : -1.0f;
            behind_offset[r] = offset < 0 ? -1 : offset < 0x7fffffff ? int32_t(offset) : 0x7fffffff;
            best[r] = approx::from_bits(0x7f800000);
            at[r] = -1;
        }
    }

    __device__ void take(const Place place, float (&square)[SIDE][SIDE]) {
        const int32_t self = same ? place.self() : 2 * SIDE;
#pragma unroll
        for (int32_t r = 0; r < SIDE; ++r) {
#pragma unroll
            for (int32_t c = 0; c < SIDE; ++c) {
                const float s = square[r][c];
                const bool further = s > behind[r] || (s == behind[r] && place.offset + c > behind_offset[r]);
                if (further && s < best[r] && place.there(c) && c != self + r) {
                    best[r] = s;
                    at[r] = place.offset + c;
                }
            }
        }
    }

    __device__ void leave(const int32_t place) {
#pragma unroll
        for (int32_t r = 0; r < SIDE; ++r) {
            lane_least[place + r] = best[r];
            lane_offset[place + r] = at[r];
        }
    }

    __device__ void meet(const int32_t row, const int64_t part) {
        float s = lane_least[row];
        int32_t j = lane_offset[row];
        for (int32_t lane = 1; lane < LANES; ++lane) {
            const float other = lane_least[lane * TILE + row];
            const int32_t offset = lane_offset[lane * TILE + row];
            if (other < s || (other == s && offset < j)) {
                s = other;
                j = offset;
            }
        }
        least[part] = s;
        columns[part] = j < 0 ? -1 : first + j;
    }
};
}  // namespace pairs

// pairs_sum_f32: parts of sum_j k(s_ij)
//
//   kind     0 e^(factor s), 1 the root of s, 2 s^factor, 3 one where s <= bound[j]
extern "C" __global__ void __launch_bounds__(pairs::THREADS)
pairs_sum_f32(const RowSet* __restrict__ rows, const float* __restrict__ x, int32_t x_stride, const float* __restrict__ y, int32_t y_stride,
              int64_t columns, int32_t dim, int64_t chunk, int32_t same, int32_t kind, float factor, const float* __restrict__ bound,
              int32_t bound_stride, double* __restrict__ parts) {
    TWEEDIE_STATIC_SHARED(float, xs, pairs::DEEP * pairs::PITCH);
    TWEEDIE_STATIC_SHARED(float, ys, pairs::DEEP * pairs::PITCH);
    TWEEDIE_STATIC_SHARED(double, lanes, pairs::LANES * pairs::TILE);
    pairs::Sum fold = {kind, same != 0, factor, bound, bound_stride, parts, lanes, {}};
    pairs::each(xs, ys, rows, {x, x_stride, rows->count}, {y, y_stride, columns}, dim, chunk, fold);
}

// pairs_sum_finish_f64: out[r] = the parts of row r in order; a dead row is not written
//
//   shape    one row a thread at a time, in grid strides;  moves  8 bytes a row and chunk
extern "C" __global__ void __launch_bounds__(256)
pairs_sum_finish_f64(const RowSet* __restrict__ rows, const double* __restrict__ parts, int32_t chunks, double* __restrict__ out) {
    for (int64_t r = rng::first_item(); r < rows->count; r += rng::item_stride()) {
        if (!row_alive(rows, r)) continue;
        double sum = 0.0;
        for (int32_t c = 0; c < chunks; ++c) sum += parts[c * rows->count + r];
        out[r] = sum;
    }
}

// pairs_soft_f32: parts of sum_j e^(inverse (potential[j] - s_ij)), each as e^top sum
//
//   potential  one a column, potential_stride apart; null for 0
extern "C" __global__ void __launch_bounds__(pairs::THREADS, 3)
pairs_soft_f32(const RowSet* __restrict__ rows, const float* __restrict__ x, int32_t x_stride, const float* __restrict__ y, int32_t y_stride,
               int64_t columns, int32_t dim, int64_t chunk, int32_t same, float inverse, const float* __restrict__ potential,
               int32_t potential_stride, float* __restrict__ tops, double* __restrict__ sums) {
    TWEEDIE_STATIC_SHARED(float, xs, pairs::DEEP * pairs::PITCH);
    TWEEDIE_STATIC_SHARED(float, ys, pairs::DEEP * pairs::PITCH);
    TWEEDIE_STATIC_SHARED(float, lane_tops, pairs::LANES * pairs::TILE);
    TWEEDIE_STATIC_SHARED(double, lane_sums, pairs::LANES * pairs::TILE);
    pairs::Softs fold = {same != 0, inverse, potential, potential_stride, tops, sums, lane_tops, lane_sums, {}, {}};
    pairs::each(xs, ys, rows, {x, x_stride, rows->count}, {y, y_stride, columns}, dim, chunk, fold);
}

// pairs_soft_finish_f32: out[r] = scale (top + ln(share sum)) of all parts in order, or its mean with old[r]; a dead row is not written
//
//   shape    one row a thread at a time, in grid strides;  moves  12 bytes a row and chunk
extern "C" __global__ void __launch_bounds__(256)
pairs_soft_finish_f32(const RowSet* __restrict__ rows, const float* __restrict__ tops, const double* __restrict__ sums, int32_t chunks,
                      double share, float scale, const float* old, int32_t old_stride, float* out, int32_t out_stride) {
    for (int64_t r = rng::first_item(); r < rows->count; r += rng::item_stride()) {
        if (!row_alive(rows, r)) continue;
        pairs::Soft all = {pairs::NONE, 0.0};
        for (int32_t c = 0; c < chunks; ++c) all = pairs::join(all, {tops[c * rows->count + r], sums[c * rows->count + r]});
        const float value = scale * (all.top + approx::log(float(all.sum * share)));
        out[r * out_stride] = old == nullptr ? value : 0.5f * (old[r * old_stride] + value);
    }
}

// pairs_nearest_f32: parts of the least s_ij that comes after (after[r], after_column[r]), by s and then by j
//
//   after    [count] with after_column, both dense; null to begin
extern "C" __global__ void __launch_bounds__(pairs::THREADS, 3)
pairs_nearest_f32(const RowSet* __restrict__ rows, const float* __restrict__ x, int32_t x_stride, const float* __restrict__ y,
                  int32_t y_stride, int64_t columns, int32_t dim, int64_t chunk, int32_t same, const float* __restrict__ after,
                  const int64_t* __restrict__ after_column, float* __restrict__ least, int64_t* __restrict__ least_column) {
    TWEEDIE_STATIC_SHARED(float, xs, pairs::DEEP * pairs::PITCH);
    TWEEDIE_STATIC_SHARED(float, ys, pairs::DEEP * pairs::PITCH);
    TWEEDIE_STATIC_SHARED(float, lane_least, pairs::LANES * pairs::TILE);
    TWEEDIE_STATIC_SHARED(int32_t, lane_offset, pairs::LANES * pairs::TILE);
    pairs::Nearest fold = {same != 0, after, after_column, least, least_column, lane_least, lane_offset, {}, {}, {}, {}, 0};
    pairs::each(xs, ys, rows, {x, x_stride, rows->count}, {y, y_stride, columns}, dim, chunk, fold);
}

// pairs_nearest_finish_f32: the first of the parts of each row, and its column; infinite and -1 where there is none. A dead row is not written
//
//   shape    one row a thread at a time, in grid strides;  moves  12 bytes a row and chunk
extern "C" __global__ void __launch_bounds__(256)
pairs_nearest_finish_f32(const RowSet* __restrict__ rows, const float* __restrict__ least, const int64_t* __restrict__ least_column,
                         int32_t chunks, float* __restrict__ out, int64_t* __restrict__ out_column) {
    for (int64_t r = rng::first_item(); r < rows->count; r += rng::item_stride()) {
        if (!row_alive(rows, r)) continue;
        float s = approx::from_bits(0x7f800000);
        int64_t j = -1;
        for (int32_t c = 0; c < chunks; ++c) {
            const int64_t at = c * rows->count + r;
            if (least[at] < s) {
                s = least[at];
                j = least_column[at];
            }
        }
        out[r] = s;
        out_column[r] = j;
    }
}
