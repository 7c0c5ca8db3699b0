// sorted.cu: transport between samples on many lines at once, by sorting, of the samples themselves and of rows drawn again (sorted.cuh)
//
//   keys, rows  [lines, count]: a line's numbers and the rows that they are of
//   counts      [replicates, count]: how often each row counts, count in all, in the order of the rows, the same for all lines
//   slots       [replicates, lines, count]
//   order       sums of doubles are of 1024 slots a warp, lane l those of l, l + 32 .., then lanes by halves; no launch shape changes a bit
//   floor       n log n: 24 bytes a key and pass, 1 + ceil(log2(count / 1024)) passes. A replicate: 20 bytes a row and line to find its slots,
//               24 a slot of the larger sample for its cost
#include "metric/sorted.cuh"
#include "rng/philox.cuh"
#include "rng/quads.cuh"

// sorted_project_f64: keys[l][i] = sum_d directions[l][d] (x[i][d] - centre[d]), in double and in order of d
//
//   x           [count, width], rows x_stride apart;  centre  [width];  directions  [lines, width]
//   shape       one key a thread at a time, in grid strides;  moves  8 bytes a key; x comes from cache but for the first line
extern "C" __global__ void __launch_bounds__(256)
sorted_project_f64(const float* __restrict__ x, int32_t x_stride, int64_t count, int32_t width, const float* __restrict__ centre,
                   const double* __restrict__ directions, int32_t lines, double* __restrict__ keys) {
    for (int64_t item = rng::first_item(); item < count * lines; item += rng::item_stride()) {
        const int64_t line = item / count;
        const float* const of = x + (item - line * count) * x_stride;
        const double* const direction = directions + line * width;
        double sum = 0.0;
        for (int32_t d = 0; d < width; ++d) sum += direction[d] * (double(of[d]) - double(centre[d]));
        keys[item] = sum;
    }
}

// sorted_tiles_f64: each 1024 keys of a line in order, with their rows, by a bitonic network
//
//   out_keys  may be keys
//   shape     256 threads a tile at a time, in grid strides;  moves  20 bytes a key
extern "C" __global__ void __launch_bounds__(sorted::THREADS)
sorted_tiles_f64(const double* keys, int64_t count, int32_t lines, double* out_keys, int32_t* __restrict__ out_rows) {
    TWEEDIE_STATIC_SHARED(double, key, sorted::TILE);
    TWEEDIE_STATIC_SHARED(int32_t, row, sorted::TILE);
    const int64_t tiles = (count + sorted::TILE - 1) / sorted::TILE;
    for (int64_t item = blockIdx.x; item < tiles * lines; item += gridDim.x) {
        const int64_t first = item % tiles * sorted::TILE, at = item / tiles * count + first;
        const int32_t length = int32_t(count - first < sorted::TILE ? count - first : sorted::TILE);
        int32_t room = 1;
        while (room < length) room *= 2;
        for (int32_t e = int32_t(threadIdx.x); e < room; e += sorted::THREADS) {
            key[e] = e < length ? keys[at + e] : sorted::LAST;
            row[e] = e < length ? int32_t(first) + e : sorted::LAST_ROW;
        }
        for (int32_t size = 2; size <= room; size *= 2) {
            for (int32_t apart = size / 2; apart > 0; apart /= 2) {
                __syncthreads();
                for (int32_t e = int32_t(threadIdx.x); e < room / 2; e += sorted::THREADS) {
                    const int32_t i = 2 * e - (e & (apart - 1)), j = i + apart;
                    const double a = key[i], b = key[j];
                    const int32_t of_a = row[i], of_b = row[j];
                    if (sorted::before(b, of_b, a, of_a) == ((i & size) == 0)) {
                        key[i] = b;
                        key[j] = a;
                        row[i] = of_b;
                        row[j] = of_a;
                    }
                }
            }
        }
        __syncthreads();
        for (int32_t e = int32_t(threadIdx.x); e < length; e += sorted::THREADS) {  // what this thread puts in of the next tile
            out_keys[at + e] = key[e];
            out_rows[at + e] = row[e];
        }
    }
}

// sorted_merge_f64: each two neighbouring runs of a line as one; run is 1024 2^k, and the last may be shorter or alone
//
//   shape    256 threads, 1024 keys of the answer at a time, in grid strides: where they begin and end in both runs is found by bisection
//            (merge path: Green, McColl and Bader, ICS 2012), and again by each thread for its four;  moves  24 bytes a key
extern "C" __global__ void __launch_bounds__(sorted::THREADS)
sorted_merge_f64(const double* __restrict__ keys, const int32_t* __restrict__ rows, int64_t count, int32_t lines, int64_t run,
                 double* __restrict__ out_keys, int32_t* __restrict__ out_rows) {
    TWEEDIE_STATIC_SHARED(double, key, sorted::TILE);
    TWEEDIE_STATIC_SHARED(int32_t, row, sorted::TILE);
    TWEEDIE_STATIC_SHARED(int64_t, ends, 2);
    const int64_t tiles = (count + sorted::TILE - 1) / sorted::TILE;
    for (int64_t item = blockIdx.x; item < tiles * lines; item += gridDim.x) {
        const int64_t line = item / tiles * count, begin = item % tiles * sorted::TILE, pair = begin & ~(2 * run - 1);
        const int64_t middle = pair + run < count ? pair + run : count, end = middle + run < count ? middle + run : count;
        const int64_t from = begin - pair, to = from + sorted::TILE < end - pair ? from + sorted::TILE : end - pair;
        if (threadIdx.x < 2) {
            const sorted::Run<int64_t> a = {keys + line + pair, rows + line + pair, middle - pair};
            const sorted::Run<int64_t> b = {keys + line + middle, rows + line + middle, end - middle};
            ends[threadIdx.x] = sorted::taken(a, b, threadIdx.x == 0 ? from : to);
        }
        __syncthreads();
        const int64_t skipped = ends[0];
        const int32_t length = int32_t(to - from), of_a = int32_t(ends[1] - skipped);
        for (int32_t e = int32_t(threadIdx.x); e < length; e += sorted::THREADS) {
            const int64_t at = line + (e < of_a ? pair + skipped + e : middle + (from - skipped) + (e - of_a));
            key[e] = keys[at];
            row[e] = rows[at];
        }
        __syncthreads();
        const int32_t first = sorted::EACH * int32_t(threadIdx.x), last = first + sorted::EACH < length ? first + sorted::EACH : length;
        if (first < length) {
            int32_t i = sorted::taken<int32_t>({key, row, of_a}, {key + of_a, row + of_a, length - of_a}, first), j = of_a + first - i;
            for (int32_t e = first; e < last; ++e) {
                const bool of_first = j == length || (i < of_a && sorted::before(key[i], row[i], key[j], row[j]));
                const int32_t next = of_first ? i++ : j++;
                out_keys[line + begin + e] = key[next];
                out_rows[line + begin + e] = row[next];
            }
        }
        // whoever puts keys in again has passed the first barrier of the next tile
    }
}

// sorted_draw_i32: counts of rows drawn with replacement, count a replicate; counts must be 0 before
//
//   draw     i of replicate r is row (word count) >> 32, word the i-th of sample 0, ordinal + r apart
//   shape    four draws a thread at a time, in grid strides;  moves  4 bytes a draw; adding whole numbers has no order
extern "C" __global__ void __launch_bounds__(256)
sorted_draw_i32(int32_t* __restrict__ counts, int64_t count, int32_t replicates, uint64_t seed, int32_t purpose, int64_t ordinal, int32_t apart) {
    const int64_t quads = (count + 3) / 4;
    for (int64_t item = rng::first_item(); item < quads * replicates; item += rng::item_stride()) {
        const int64_t replicate = item / quads, quad = item - replicate * quads;
        const rng::Words words = rng::row_words(seed, 0, rng::purpose_word(purpose, ordinal + replicate * apart), int32_t(quad));
        const uint32_t word[4] = {words.x, words.y, words.z, words.w};
#pragma unroll
        for (int32_t lane = 0; lane < 4; ++lane) {
            if (4 * quad + lane < count) atomicAdd(counts + replicate * count + int64_t(uint64_t(word[lane]) * uint64_t(count) >> 32), 1);
        }
    }
}

// sorted_sums_i32: how much the rows of each 1024 ranks of a line count
//
//   sums     [replicates, lines, tiles]
//   shape    a warp a tile at a time, in grid strides;  moves  8 bytes a row and line
extern "C" __global__ void __launch_bounds__(256)
sorted_sums_i32(const int32_t* __restrict__ counts, const int32_t* __restrict__ rows, int64_t count, int32_t lines, int32_t replicates,
                int32_t* __restrict__ sums) {
    const int64_t tiles = (count + sorted::TILE - 1) / sorted::TILE;
    const int32_t lane = int32_t(threadIdx.x) % sorted::WARP;
    for (int64_t item = sorted::first_warp(); item < tiles * lines * replicates; item += sorted::warps()) {
        const int64_t group = item / tiles, first = item % tiles * sorted::TILE, line = group % lines * count;
        const int32_t* const of = counts + group / lines * count;
        int32_t sum = 0;
        for (int64_t rank = first + lane; rank < count && rank < first + sorted::TILE; rank += sorted::WARP) sum += of[rows[line + rank]];
        sum = sorted::all_lanes(sum);
        if (lane == 0) sums[item] = sum;
    }
}

// sorted_spread_i32: slots[s] = the rank whose row is there, each as often as its row counts
//
//   shape    a warp 1024 ranks at a time, in grid strides; it adds the sums of the tiles before its own;  moves  12 bytes a row and line
extern "C" __global__ void __launch_bounds__(256)
sorted_spread_i32(const int32_t* __restrict__ counts, const int32_t* __restrict__ rows, const int32_t* __restrict__ sums, int64_t count,
                  int32_t lines, int32_t replicates, int32_t* __restrict__ slots) {
    const int64_t tiles = (count + sorted::TILE - 1) / sorted::TILE;
    const int32_t lane = int32_t(threadIdx.x) % sorted::WARP;
    for (int64_t item = sorted::first_warp(); item < tiles * lines * replicates; item += sorted::warps()) {
        const int64_t group = item / tiles, tile = item % tiles, line = group % lines * count;
        const int32_t* const of = counts + group / lines * count;
        int32_t start = 0;
        for (int64_t t = lane; t < tile; t += sorted::WARP) start += sums[group * tiles + t];
        start = sorted::all_lanes(start);
        const int64_t first = tile * sorted::TILE, last = first + sorted::TILE < count ? first + sorted::TILE : count;
        for (int64_t from = first; from < last; from += sorted::WARP) {
            const int64_t rank = from + lane;
            const int32_t here = rank < count ? of[rows[line + rank]] : 0;
            int32_t end = here;
#pragma unroll
            for (int32_t by = 1; by < sorted::WARP; by *= 2) {
                const int32_t below = __shfl_up_sync(0xffffffffu, end, by);
                if (lane >= by) end += below;
            }
            for (int32_t s = start + end - here; s < start + end && s < count; ++s) slots[group * count + s] = int32_t(rank);
            start += __shfl_sync(0xffffffffu, end, sorted::WARP - 1);
        }
    }
}

// sorted_cost_f64: parts of the cost between each two lines, of 1024 slots of x each, in units of mass 1/(n m)
//
//   x, y     [lines, n] and [lines, m], in order, n >= m;  slots null: of the samples themselves;  power  1 or 2
//   parts    [replicates, lines, ceil(n / 1024)]
//   shape    a warp a part at a time, in grid strides;  moves  24 bytes a slot, where samples and slots come from memory
extern "C" __global__ void __launch_bounds__(256)
sorted_cost_f64(const double* __restrict__ x, const int32_t* __restrict__ x_slots, int64_t n, const double* __restrict__ y,
                const int32_t* __restrict__ y_slots, int64_t m, int32_t lines, int32_t replicates, int32_t power, double* __restrict__ parts) {
    const int64_t chunks = (n + sorted::TILE - 1) / sorted::TILE;
    const int32_t lane = int32_t(threadIdx.x) % sorted::WARP;
    for (int64_t item = sorted::first_warp(); item < chunks * lines * replicates; item += sorted::warps()) {
        const int64_t group = item / chunks, line = group % lines, first = item % chunks * sorted::TILE;
        const int64_t end = first + sorted::TILE < n ? first + sorted::TILE : n;
        const sorted::Line of_x = {x + line * n, x_slots == nullptr ? nullptr : x_slots + group * n};
        const sorted::Line of_y = {y + line * m, y_slots == nullptr ? nullptr : y_slots + group * m};
        const sorted::Meeting step = sorted::meeting(sorted::WARP, n, m);
        sorted::Meeting at = sorted::meeting(first + lane, n, m);
        double sum = 0.0;
        for (int64_t s = first + lane; s < end; s += sorted::WARP) {
            const double value = of_x.at(s);
            const int64_t here = n - at.past < m ? n - at.past : m;
            sum += double(here) * sorted::cost(value - of_y.at(at.slot), power);
            if (here < m) sum += double(m - here) * sorted::cost(value - of_y.at(at.slot + 1), power);
            at = sorted::later(at, step, n);
        }
        sum = sorted::all_lanes(sum);
        if (lane == 0) parts[item] = sum;
    }
}

// sorted_cost_finish_f64: out[replicate][line] = the sum of its parts, over mass: lane l of a warp those of l, l + 32 .., then lanes by halves
//
//   shape    a warp a line at a time, in grid strides;  moves  8 bytes a part
extern "C" __global__ void __launch_bounds__(256)
sorted_cost_finish_f64(const double* __restrict__ parts, int64_t chunks, int64_t items, double mass, double* __restrict__ out) {
    const int32_t lane = int32_t(threadIdx.x) % sorted::WARP;
    for (int64_t item = sorted::first_warp(); item < items; item += sorted::warps()) {
        double sum = 0.0;
        for (int64_t c = lane; c < chunks; c += sorted::WARP) sum += parts[item * chunks + c];
        sum = sorted::all_lanes(sum);
        if (lane == 0) out[item] = sum / mass;
    }
}
