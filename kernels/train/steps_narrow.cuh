// steps_narrow.cuh — rows of a step through a network 65 to 128 wide by one block, whose registers hold the gradients of its weights meanwhile
//
//   part       rows of a step whose gradients are summed together: tiles of 64 rows, one after the other. Rows alone decide the parts
//   weights    of all layers lie in shared memory while a part lasts: 124 KB; a tile's layers, slopes and d beside them
//   d          lies where the slopes of its layer were, and that of the last layer where its hidden units were: its slopes are in registers
//   gradients  of layers 0 and 1, of their features and of the outputs: sums in registers over all tiles of a part (Sums). No layer, slope or d
//              goes to memory for them
//   deferred   the gradient of a third layer finds no room: its d, and the hidden units before it, are kept, 512 bytes a row, and multiplied
//              when the part is through, 16 K products a row of 158 K
//   warps      eight: of a tile each 32 x 32; of a gradient each 64 x 32, of that of features 32 x 32, of inputs and outputs a strip of sixteen
//   tape       bf16, all rows of one after the other: entry (steps.cuh), hidden units before the last of three layers, d of that
#pragma once
#include "train/steps_layers.cuh"
#include "train/steps_rows.cuh"
#include "train/steps_update.cuh"

namespace steps {

struct Narrow {
    static constexpr int32_t THREADS = 256;
    static constexpr int32_t ROWS = SQUARE;                 // of a tile
    static constexpr int32_t WIDE = 2 * SQUARE;             // numbers of a layer
    static constexpr int32_t LAYER = 2 * SQUARE_BYTES;      // bytes of a tile of it
    static constexpr int32_t DEEP = 3;                      // layers at most
    static constexpr int32_t COORDINATES = 8;               // in and out at most
    static constexpr int32_t RUN = 128;                     // parameters summed together
    static constexpr int32_t SLICE = 5 * SQUARE_BYTES;      // 64 rows of what is deferred: hidden units and features, d
    static constexpr int32_t STAGES = 4;
    static constexpr int32_t BYTES = 230400;                // of shared memory, as org.tweedie.kernels.TrainSteps has them

    // W of the inputs: 8 rows rounded, 8 rows of what that left; squares are those of steps_tile.cuh
    unsigned char first[WIDE * 32];
    unsigned char times[DEEP][LAYER], weights[DEEP - 1][2 * LAYER];
    unsigned char hidden[DEEP][LAYER], slopes[DEEP - 1][LAYER];
    unsigned char features[SQUARE_BYTES];
    unsigned char inputs[ROWS * SIDEWAYS], cotangents[ROWS * SIDEWAYS];  // of inputs 8 rounded, 8 of what that left
    unsigned char out[WIDE * SIDEWAYS];
    float biases[DEEP * WIDE + 16];
    float d_sums[2][DEEP][WIDE], out_sums[4][COORDINATES];               // of each half of a tile's rows, and of each quarter
    float losses[ROWS];
    double lanes[2 * THREADS / 32];
    Call call;
    Run run;
    Slice mine;
};

// Gradients that one block sums.
struct Sums {
    float weights[4][4][4];   // of layer 1
    float times[2][2][4][4];  // of features, layers 0 and 1
    float inputs[2][4];       // rows g rounded, rows g + 8 of what that left
    float out[4];
};

// Where this thread stands.
struct Corner {
    int32_t thread, lane, warp, g, q, m, n;  // m, n: of the warp's 32 x 32 of a tile
    __device__ __forceinline__ Corner()
        : thread(this_thread()), lane(thread % 32), warp(thread / 32), g(lane / 4), q(lane % 4), m(32 * (warp / 4)), n(32 * (warp % 4)) {}
    // two neighbours of a tile: row m + 16 i + 8 h + g, columns n + 8 j + 2 q and one more
    __device__ __forceinline__ uint32_t& word(unsigned char* layer, const int32_t i, const int32_t h, const int32_t j) const {
        unsigned char* const row = layer + n / SQUARE * SQUARE_BYTES + 128 * (m + 16 * i + 8 * h + g);
        return *reinterpret_cast<uint32_t*>(row + 16 * ((n % SQUARE / 8 + j) ^ g) + 4 * q);
    }
};

// ---- what comes from memory

// squares of sixteen bits by halves of the block, two at a time
template <int32_t COUNT, class From>
TWEEDIE_INLINE void copy_squares(unsigned char* to, const int32_t thread, const From& from) {
#pragma unroll
    for (int32_t i = 0; i < COUNT; i += 2) {
        const int32_t square = i + thread / 128;
        if (square < COUNT) copy_square(to + square * SQUARE_BYTES, from(square), thread % 128);
    }
}

TWEEDIE_INLINE void load_weights(const Call& c, Narrow& to, const int32_t thread) {
    constexpr int32_t WIDE = Narrow::WIDE;
    const int32_t depth = c.net.depth;
    const int32_t row = thread / 8 % 16, square = thread / 128, chunk = thread % 8;
    cp_async_16(to.first + square * 2048 + 128 * row + 16 * (chunk ^ row % 8),
                c.packed + (row < 8 ? row : 24 + row) * WIDE + SQUARE * square + 8 * chunk);
    cp_async_16(to.out + SIDEWAYS * (thread / 2) + 16 * (thread % 2), c.packed + c.net.packed_at(depth) + thread / 2 * SQUARE + 8 * (thread % 2));
#pragma unroll 1
    for (int32_t l = 0; l < depth; ++l) {
        const uint16_t* const matrix = c.packed + c.net.packed_at(l);
        const uint16_t* const times = matrix + (l == 0 ? SQUARE : WIDE) * WIDE;
        copy_squares<2>(to.times[l], thread, [&](const int32_t i) { return Square{times + SQUARE * i, WIDE, true}; });
        if (l > 0) {
            copy_squares<4>(to.weights[l - 1], thread,
                            [&](const int32_t i) { return Square{matrix + i / 2 * SQUARE * WIDE + i % 2 * SQUARE, WIDE, true}; });
        }
    }
    cp_async_commit();
    for (int32_t i = thread; i < depth * WIDE + 16; i += Narrow::THREADS) {
        const int32_t l = i / WIDE, n = i % WIDE;
        to.biases[i] = n < (l == depth ? c.net.outputs : c.net.width) ? c.weights[c.places[3 * l + 2] + n] : 0.0f;
    }
}

// The entries of 64 rows on their way to a place where they may wait, each thread's own; then to where they are multiplied.
TWEEDIE_INLINE void queue_entries(const Call& c, unsigned char* place, const int64_t row, const int32_t thread) {
    const uint16_t* const from = c.entry(0) + row * ENTRY;
#pragma unroll
    for (int32_t i = 0; i < 2; ++i) {
        cp_async_16(place + 16 * (thread + Narrow::THREADS * i), from + (thread / 8 + 32 * i) * ENTRY + SQUARE + 8 * (thread % 8));
    }
    if (thread < 128) cp_async_16(place + SQUARE_BYTES + 16 * thread, from + thread / 2 * ENTRY + COORDINATES * (thread % 2));
    cp_async_commit();
}

TWEEDIE_INLINE void take_entries(Narrow& k, const unsigned char* place, const int32_t thread) {
#pragma unroll
    for (int32_t i = 0; i < 2; ++i) {
        const int32_t row = thread / 8 + 32 * i;
        store_b128(k.features + 128 * row + 16 * (thread % 8 ^ row % 8), load_b128(place + 16 * (thread + Narrow::THREADS * i)));
    }
    if (thread < 128) store_b128(k.inputs + SIDEWAYS * (thread / 2) + 16 * (thread % 2), load_b128(place + SQUARE_BYTES + 16 * thread));
}

// ---- products

// B of sixteen columns: two operands
TWEEDIE_INLINE void multiply_pair(float (&left)[4], float (&right)[4], const uint32_t (&a)[4], const uint32_t (&b)[4]) {
    const uint32_t one[2] = {b[0], b[1]}, two[2] = {b[2], b[3]};
    Type::multiply(left, a, one);
    Type::multiply(right, a, two);
}

// sum += rows m .. m + 31 of a by columns n .. n + 31 of b: 64 k. B_ALONG: b lies transposed
template <bool B_ALONG>
TWEEDIE_INLINE void multiply_tile(float (&sum)[2][4][4], const unsigned char* a, const unsigned char* b, const int32_t m, const int32_t n,
                                  const int32_t lane) {
#pragma unroll 2
    for (int32_t k = 0; k < SQUARE; k += 16) {
        uint32_t left[2][4];
#pragma unroll
        for (int32_t i = 0; i < 2; ++i) load_a<true>(left[i], a, m + 16 * i, k, lane);
#pragma unroll
        for (int32_t j = 0; j < 4; j += 2) {
            uint32_t right[4];
            load_b<B_ALONG>(right, b, n + 8 * j, k, lane);
#pragma unroll
            for (int32_t i = 0; i < 2; ++i) multiply_pair(sum[i][j], sum[i][j + 1], left[i], right);
        }
    }
}

// sum += columns m .. of a, transposed, by columns n .. n + 31 of d: 64 rows
template <int32_t DOWN>
TWEEDIE_INLINE void multiply_rows(float (&sum)[DOWN][4][4], const unsigned char* a, const unsigned char* d, const int32_t m, const int32_t n,
                                  const int32_t lane) {
#pragma unroll 1
    for (int32_t k = 0; k < SQUARE; k += 16) {
        uint32_t right[2][4];
#pragma unroll
        for (int32_t j = 0; j < 2; ++j) load_b<false>(right[j], d, n + 16 * j, k, lane);
#pragma unroll
        for (int32_t i = 0; i < DOWN; ++i) {
            uint32_t left[4];
            load_a<false>(left, a, m + 16 * i, k, lane);
#pragma unroll
            for (int32_t j = 0; j < 2; ++j) multiply_pair(sum[i][2 * j], sum[i][2 * j + 1], left, right[j]);
        }
    }
}

// ---- a tile of rows forward and back

// sum <- what is activated
TWEEDIE_INLINE void forward(float (&sum)[2][4][4], const Narrow& k, const int32_t l, const Corner& at) {
    const float* const bias = k.biases + Narrow::WIDE * l + at.n + 2 * at.q;
#pragma unroll
    for (int32_t j = 0; j < 8; ++j) {
        const float b = bias[8 * (j / 2) + j % 2];
#pragma unroll
        for (int32_t i = 0; i < 2; ++i) sum[i][j / 2][j % 2] = sum[i][j / 2][2 + j % 2] = b;
    }
    if (l == 0) {
        uint32_t left[2][4];
#pragma unroll
        for (int32_t i = 0; i < 2; ++i) ldmatrix_x4(left[i], k.inputs + SIDEWAYS * (at.m + 16 * i + at.lane % 16) + 16 * (at.lane / 16));
#pragma unroll
        for (int32_t part = 0; part < 2; ++part) {  // hi and lo by W rounded, and by what that left
#pragma unroll
            for (int32_t j = 0; j < 2; ++j) {
                const int32_t n = at.n + 16 * j, row = 8 * part + at.lane % 8;
                uint32_t right[4];
                ldmatrix_x4_trans(right, in_square(k.first + n / SQUARE * 2048, row, n % SQUARE / 8 + at.lane / 16));
#pragma unroll
                for (int32_t i = 0; i < 2; ++i) multiply_pair(sum[i][2 * j], sum[i][2 * j + 1], left[i], right);
            }
        }
    } else {
#pragma unroll 1
        for (int32_t half = 0; half < 2; ++half) {
            multiply_tile<false>(sum, k.hidden[l - 1] + SQUARE_BYTES * half, k.weights[l - 1] + Narrow::LAYER * half, at.m, at.n, at.lane);
        }
    }
    multiply_tile<false>(sum, k.features, k.times[l], at.m, at.n, at.lane);
}

// sum -> hidden units, and slopes to their place or, where there is none, into slope; sixteen rows at a time, so that it is compiled once
TWEEDIE_INLINE void keep_forward(float (&sum)[2][4][4], uint32_t (&slope)[2][2][4], unsigned char* hidden, unsigned char* slopes,
                                 const int32_t activation, const Corner& at) {
#pragma unroll
    for (int32_t w = 0; w < 8; ++w) slope[1][w / 4][w % 4] = 0;  // nothing of the layer before is needed
#pragma unroll 1
    for (int32_t i = 0; i < 2; ++i) {
#pragma unroll
        for (int32_t w = 0; w < 8; ++w) slope[0][w / 4][w % 4] = slope[1][w / 4][w % 4];
        activate(sum[0], slope[1], activation);
#pragma unroll
        for (int32_t w = 0; w < 8; ++w) {
            const int32_t h = w / 4, j = w % 4;
            at.word(hidden, i, h, j) = Type::pair(sum[0][j][2 * h], sum[0][j][2 * h + 1]);
            if (slopes != nullptr) at.word(slopes, i, h, j) = slope[1][h][j];
        }
        move_up(sum);
    }
}

// sum <- d W'
TWEEDIE_INLINE void backward(float (&sum)[2][4][4], const unsigned char* d, const unsigned char* weights, const Corner& at) {
#pragma unroll
    for (int32_t i = 0; i < 32; ++i) sum[i / 16][i / 4 % 4][i % 4] = 0.0f;
    // columns n of the product are rows of W: of a row of squares the loads take the first
    const unsigned char* const from = weights + at.n / SQUARE * SQUARE_BYTES;
#pragma unroll 1
    for (int32_t half = 0; half < 2; ++half) {
        multiply_tile<true>(sum, d + SQUARE_BYTES * half, from + SQUARE_BYTES * half, at.m, at.n, at.lane);
    }
}

// d = dh by slopes, into the layer's place, and its sums over the warp's rows. slope(i, h, j): a pair
template <class Slope>
TWEEDIE_INLINE void keep_d(float (&sum)[2][4][4], unsigned char* to, float* d_sums, const Slope& slope, const Corner& at) {
#pragma unroll
    for (int32_t j = 0; j < 4; ++j) {
        float low = 0.0f, high = 0.0f;
#pragma unroll
        for (int32_t r = 0; r < 4; ++r) {
            const int32_t i = r / 2, h = r % 2;
            const uint32_t w = Type::pair(sum[i][j][2 * h], sum[i][j][2 * h + 1]), p = slope(i, h, j);
            const uint32_t d = Type::pair(Type::low(w) * Type::low(p), Type::high(w) * Type::high(p));
            at.word(to, i, h, j) = d;
            low += Type::low(d);
            high += Type::high(d);
        }
#pragma unroll
        for (int32_t lanes = 4; lanes < 32; lanes *= 2) {
            low += __shfl_xor_sync(0xffffffffu, low, lanes);
            high += __shfl_xor_sync(0xffffffffu, high, lanes);
        }
        if (at.g == 0) {
            float* const into = d_sums + at.n + 8 * j + 2 * at.q;
            into[0] += low;
            into[1] += high;
        }
    }
}

// Outputs, cotangents and losses of sixteen rows a warp, by four of them
TWEEDIE_INLINE void top(const Call& c, Narrow& k, const int64_t row, const Corner& at) {
    const int32_t m = 16 * at.warp, last = c.net.depth - 1;
    const float* const bias = k.biases + Narrow::WIDE * c.net.depth + 2 * at.q;
    float out[4] = {bias[0], bias[1], bias[0], bias[1]};
#pragma unroll
    for (int32_t kk = 0; kk < Narrow::WIDE; kk += 16) {
        uint32_t left[4], r[4];
        load_a<true>(left, k.hidden[last] + kk / SQUARE * SQUARE_BYTES, m, kk % SQUARE, at.lane);
        ldmatrix_x4_trans(r, k.out + SIDEWAYS * (kk + at.lane % 16) + 16 * (at.lane / 16));
        const uint32_t right[2] = {r[0], r[1]};
        Type::multiply(out, left, right);
    }
    float sums[2] = {};
#pragma unroll
    for (int32_t h = 0; h < 2; ++h) {
        const int32_t inside = m + 8 * h + at.g;
        const int64_t r = row + inside;
        const bool there = r < c.net.rows;
        const float w = there ? c.numbers[c.net.weight_at(0) + r] : 0.0f;
        const float factor = (c.scale + c.scale) * w;
        const float* const target = c.numbers + c.net.target_at(0) + r * COORDINATES;
        float error[2], loss = 0.0f;
#pragma unroll
        for (int32_t j = 0; j < 2; ++j) {
            const int32_t n = 2 * at.q + j;
            error[j] = there && n < c.net.outputs ? out[2 * h + j] - target[n] : 0.0f;
            loss = fmaf(error[j], error[j], loss);
        }
        const uint32_t d = Type::pair(factor * error[0], factor * error[1]);
        sums[0] += Type::low(d);
        sums[1] += Type::high(d);
        *reinterpret_cast<uint32_t*>(k.cotangents + SIDEWAYS * inside + 4 * at.q) = d;
        *reinterpret_cast<uint32_t*>(k.cotangents + SIDEWAYS * inside + 16 + 4 * at.q) = 0;
        loss += __shfl_xor_sync(0xffffffffu, loss, 1);
        loss += __shfl_xor_sync(0xffffffffu, loss, 2);
        if (at.q == 0) k.losses[inside] = w * loss;
    }
#pragma unroll
    for (int32_t lanes = 4; lanes < 32; lanes *= 2) {
#pragma unroll
        for (int32_t j = 0; j < 2; ++j) sums[j] += __shfl_xor_sync(0xffffffffu, sums[j], lanes);
    }
    if (at.g == 0) {
        k.out_sums[at.warp][2 * at.q] += sums[0];
        k.out_sums[at.warp][2 * at.q + 1] += sums[1];
    }
}

// 64 rows of a layer to where they are read again; count threads, this one `thread`
TWEEDIE_INLINE void keep_layer(uint16_t* to, const unsigned char* layer, const int32_t thread, const int32_t count) {
#pragma unroll 4
    for (int32_t item = thread; item < Narrow::LAYER / 16; item += count) {
        const int32_t row = item / 16, chunk = item % 16;
        store_b128(to + row * Narrow::WIDE + 8 * chunk, load_b128(in_square(layer + chunk / 8 * SQUARE_BYTES, row, chunk % 8)));
    }
}

TWEEDIE_INLINE uint16_t* deferred(const Call& c, const int32_t which) { return c.tape + c.net.all * (ENTRY + which * Narrow::WIDE); }

// where the entries of the next tile wait: the way back does not read it
TWEEDIE_INLINE unsigned char* waiting(Narrow& k, const int32_t depth) { return k.hidden[depth == 3 ? 1 : 2]; }

// A tile whose entries are there. more: those of the next one are to come
TWEEDIE_INLINE void tile(const Call& c, Narrow& k, Sums& sums, const int64_t row, const bool more) {
    const int32_t last = c.net.depth - 1;
    float sum[2][4][4];
    uint32_t slope[2][2][4];
#pragma unroll 1
    for (int32_t l = 0; l <= last; ++l) {
        forward(sum, k, l, Corner());
        keep_forward(sum, slope, k.hidden[l], l < last ? k.slopes[l] : nullptr, c.net.activation, Corner());
        __syncthreads();  // the layer is there
    }
    if (this_thread() < 128) top(c, k, row, Corner());
    else if (last == 2) keep_layer(deferred(c, 0) + row * Narrow::WIDE, k.hidden[1], this_thread() - 128, 128);
    __syncthreads();  // cotangents are there
    if (this_thread() < 32) {
        const int32_t lane = this_thread();
        double loss = double(k.losses[lane]) + double(k.losses[lane + 32]);
        for (int32_t half = 16; half > 0; half /= 2) loss += __shfl_xor_sync(0xffffffffu, loss, half);
        if (lane == 0) c.sums[row / Narrow::ROWS] = loss;
    }
    const Corner at;
#pragma unroll 1
    for (int32_t kk = 0; kk < SQUARE; kk += 16) {
        uint32_t left[4], r[4];
        load_a<false>(left, k.hidden[last], 16 * at.warp, kk, at.lane);
        ldmatrix_x4_trans(r, k.cotangents + SIDEWAYS * (kk + at.lane % 16) + 16 * (at.lane / 16));
        const uint32_t right[2] = {r[0], r[1]};
        Type::multiply(sums.out, left, right);
    }
#pragma unroll
    for (int32_t i = 0; i < 32; ++i) sum[i / 16][i / 4 % 4][i % 4] = 0.0f;
#pragma unroll
    for (int32_t j = 0; j < 2; ++j) {
        uint32_t right[4];
        ldmatrix_x4(right, k.out + SIDEWAYS * (at.n + 16 * j + 8 * (at.lane / 16) + at.lane % 8) + 16 * (at.lane / 8 % 2));
#pragma unroll
        for (int32_t i = 0; i < 2; ++i) {
            uint32_t left[4];
            ldmatrix_x4(left, k.cotangents + SIDEWAYS * (at.m + 16 * i + at.lane % 16) + 16 * (at.lane / 16));
            multiply_pair(sum[i][2 * j], sum[i][2 * j + 1], left, right);
        }
    }
    __syncthreads();  // nobody reads the last hidden units any more
    keep_d(sum, k.hidden[last], k.d_sums[at.warp / 4][last], [&](const int32_t i, const int32_t h, const int32_t j) { return slope[i][h][j]; }, at);
    __syncthreads();  // d of the last layer is there
    if (more) queue_entries(c, waiting(k, c.net.depth), row + Narrow::ROWS, this_thread());
    if (last == 2) keep_layer(deferred(c, 1) + row * Narrow::WIDE, k.hidden[2], this_thread(), Narrow::THREADS);
#pragma unroll 1
    for (int32_t l = last; l > 0; --l) {
        const unsigned char* const d = l == last ? k.hidden[last] : k.slopes[l];
        backward(sum, d, k.weights[l - 1], Corner());
        const Corner here;
        keep_d(sum, k.slopes[l - 1], k.d_sums[here.warp / 4][l - 1],
               [&](const int32_t i, const int32_t h, const int32_t j) { return here.word(k.slopes[l - 1], i, h, j); }, here);
        if (l == 1) {
            const Corner at;
            multiply_rows<4>(sums.weights, k.hidden[0], d, 2 * at.m, at.n, at.lane);
            multiply_rows<2>(sums.times[1], k.features, d, at.m, at.n, at.lane);
        }
        __syncthreads();  // d of the layer before is there
    }
    const unsigned char* const d = last == 0 ? k.hidden[0] : k.slopes[0];
    const Corner end;
    multiply_rows<2>(sums.times[0], k.features, d, end.m, end.n, end.lane);
#pragma unroll 1
    for (int32_t kk = 0; kk < SQUARE; kk += 16) {
        uint32_t left[4], right[4];
        ldmatrix_x4_trans(left, k.inputs + SIDEWAYS * (kk + 8 * (end.lane / 16) + end.lane % 8) + 16 * (end.lane / 8 % 2));
        load_b<false>(right, d, 16 * end.warp, kk, end.lane);
        multiply_pair(sums.inputs[0], sums.inputs[1], left, right);
    }
}

// ---- gradients

// Two neighbours of a row of a gradient, of `columns` numbers a row
TWEEDIE_INLINE void keep_pair(float* row, const int32_t n, const int32_t columns, const float v, const float w) {
    float* const to = row + n;
    if (n + 1 < columns && reinterpret_cast<uintptr_t>(to) % sizeof(float2) == 0) {
        *reinterpret_cast<float2*>(to) = make_float2(v, w);
    } else {
        if (n < columns) to[0] = v;
        if (n + 1 < columns) to[1] = w;
    }
}

// sums of rows first .. of a tensor
template <int32_t DOWN>
TWEEDIE_INLINE void keep_gradient(float* tensor, const float (&sum)[DOWN][4][4], const int32_t first, const int32_t count, const int32_t columns,
                                  const Corner& at) {
#pragma unroll
    for (int32_t r = 0; r < 2 * DOWN; ++r) {
        const int32_t row = first + 8 * r + at.g;
        if (row >= count) continue;
#pragma unroll
        for (int32_t j = 0; j < 4; ++j) {
            keep_pair(tensor + row * columns, at.n + 8 * j + 2 * at.q, columns, sum[r / 2][j][2 * (r % 2)], sum[r / 2][j][2 * (r % 2) + 1]);
        }
    }
}

TWEEDIE_INLINE void keep_sums(const Call& c, const Narrow& k, const Sums& sums, float* into, const Corner& at) {
    const int32_t width = c.net.width, depth = c.net.depth, outputs = c.net.outputs;
    if (depth > 1) {
        keep_gradient<4>(into + c.places[3], sums.weights, 64 * (at.warp / 4), width, width, at);
        keep_gradient<2>(into + c.places[4], sums.times[1], at.m, c.net.features, width, at);
    }
    keep_gradient<2>(into + c.places[1], sums.times[0], at.m, c.net.features, width, at);
    if (at.g < c.net.inputs) {
#pragma unroll
        for (int32_t j = 0; j < 2; ++j) {
            keep_pair(into + c.places[0] + at.g * width, 16 * at.warp + 8 * j + 2 * at.q, width, sums.inputs[j][0] + sums.inputs[j][2],
                      sums.inputs[j][1] + sums.inputs[j][3]);
        }
    }
#pragma unroll
    for (int32_t h = 0; h < 2; ++h) {
        const int32_t row = 16 * at.warp + 8 * h + at.g;
        if (row < width) keep_pair(into + c.places[3 * depth] + row * outputs, 2 * at.q, outputs, sums.out[2 * h], sums.out[2 * h + 1]);
    }
    for (int32_t i = at.thread; i < depth * Narrow::WIDE; i += Narrow::THREADS) {
        const int32_t l = i / Narrow::WIDE, n = i % Narrow::WIDE;
        if (n < width) into[c.places[3 * l + 2] + n] = k.d_sums[0][l][n] + k.d_sums[1][l][n];
    }
    if (at.thread < outputs) {
        const int32_t n = at.thread;
        into[c.places[3 * depth + 2] + n] = (k.out_sums[0][n] + k.out_sums[1][n]) + (k.out_sums[2][n] + k.out_sums[3][n]);
    }
}

// What the third layer left, over the rows of the part: 192 inputs by 128, 96 x 32 a warp. memory: STAGES slices
TWEEDIE_INLINE void deferred_layer(const Call& c, unsigned char* memory, const int64_t start, const int32_t slices, float* into, const Corner& at) {
    constexpr int32_t WIDE = Narrow::WIDE;
    const auto queue = [&](const int32_t s) {
        if (s < slices) {
            const int64_t row = start + int64_t(SQUARE) * s;
            copy_squares<5>(memory + s % Narrow::STAGES * Narrow::SLICE, at.thread, [&](const int32_t i) {
                return i < 2 ? Square{deferred(c, 0) + row * WIDE + SQUARE * i, WIDE, true}
                       : i == 2 ? Square{c.entry(0) + row * ENTRY + SQUARE, ENTRY, true}
                                : Square{deferred(c, 1) + row * WIDE + SQUARE * (i - 3), WIDE, true};
            });
        }
        cp_async_commit();
    };
    float sum[6][4][4] = {};
#pragma unroll 1
    for (int32_t s = 0; s < Narrow::STAGES - 1; ++s) queue(s);
#pragma unroll 1
    for (int32_t s = 0; s < slices; ++s) {
        cp_async_wait<Narrow::STAGES - 2>();
        __syncthreads();  // the slice is there, and nobody reads the one before it any more
        queue(s + Narrow::STAGES - 1);
        const unsigned char* const slice = memory + s % Narrow::STAGES * Narrow::SLICE;
        multiply_rows<6>(sum, slice, slice + 3 * SQUARE_BYTES, 96 * (at.warp / 4), at.n, at.lane);
    }
    const int32_t width = c.net.width;
#pragma unroll
    for (int32_t r = 0; r < 12; ++r) {
        const int32_t k = 96 * (at.warp / 4) + 8 * r + at.g;
        const bool hidden = k < WIDE;
        if (hidden ? k >= width : k - WIDE >= c.net.features) continue;
        float* const row = into + (hidden ? c.places[6] + k * width : c.places[7] + (k - WIDE) * width);
#pragma unroll
        for (int32_t j = 0; j < 4; ++j) {
            keep_pair(row, at.n + 8 * j + 2 * at.q, width, sum[r / 2][j][2 * (r % 2)], sum[r / 2][j][2 * (r % 2) + 1]);
        }
    }
}

// Rows of a part drawn, forward and back, and its gradients
TWEEDIE_INLINE void part(const Call& c, Narrow& k, const int64_t step, const int32_t p) {
    const int64_t start = p * c.chunk, left = c.net.rows - start;
    const int32_t tiles = int32_t(((left < c.chunk ? left : c.chunk) + Narrow::ROWS - 1) / Narrow::ROWS);
    float* const into = c.partial + p * c.partial_stride;
    const int32_t thread = this_thread();
    load_weights(c, k, thread);
    for (int32_t i = thread; i < 2 * Narrow::DEEP * Narrow::WIDE; i += Narrow::THREADS) (&k.d_sums[0][0][0])[i] = 0.0f;
    if (thread < 4 * Narrow::COORDINATES) (&k.out_sums[0][0])[thread] = 0.0f;
#pragma unroll 1
    for (int32_t t = 0; t < tiles; ++t) draw_rows(c, step, 0, start + Narrow::ROWS * t);
    __syncthreads();  // rows are drawn
    queue_entries(c, waiting(k, c.net.depth), start, thread);
    {
        Sums sums = {};
#pragma unroll 1
        for (int32_t t = 0; t < tiles; ++t) {
            cp_async_wait<0>();
            __syncthreads();  // nobody reads the entries before any more
            take_entries(k, waiting(k, c.net.depth), this_thread());
            __syncthreads();  // entries are there, and weights
            tile(c, k, sums, p * c.chunk + Narrow::ROWS * t, t + 1 < tiles);
        }
        keep_sums(c, k, sums, into, Corner());
    }
    __syncthreads();  // nobody needs the memory any more, and what is deferred is there
    if (c.net.depth == 3) {
        deferred_layer(c, reinterpret_cast<unsigned char*>(&k), start, tiles, into, Corner());
        cp_async_wait<0>();
        __syncthreads();  // nor what lies there now
    }
}

// A run of parameters: each warp every eighth part, and then the warps, in the place of the first part
TWEEDIE_INLINE void sum_parts(const Call& c, float* sums, const int32_t run) {
    constexpr int32_t WARPS = Narrow::THREADS / 32;
    const int32_t thread = int32_t(threadIdx.x), warp = thread / 32, lane = thread % 32;
    const int32_t p = Narrow::RUN * run + 4 * lane;
    float4 sum = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    if (p < c.parameters) {
#pragma unroll 8
        for (int32_t part = warp; part < c.chunks; part += WARPS) {
            const float4 v = *reinterpret_cast<const float4*>(c.partial + part * c.partial_stride + p);
            sum = make_float4(sum.x + v.x, sum.y + v.y, sum.z + v.z, sum.w + v.w);
        }
    }
    *reinterpret_cast<float4*>(sums + Narrow::RUN * warp + 4 * lane) = sum;
    __syncthreads();  // all parts are read
    if (thread < Narrow::RUN) {
        const int32_t mine = Narrow::RUN * run + thread;
        float all = 0.0f;
#pragma unroll
        for (int32_t w = 0; w < WARPS; ++w) all += sums[Narrow::RUN * w + thread];
        if (mine < c.parameters) c.partial[mine] = all;
        double square = mine < c.parameters ? double(all) * double(all) : 0.0;
        for (int32_t half = 16; half > 0; half /= 2) square += __shfl_xor_sync(0xffffffffu, square, half);
        if (lane == 0) c.sums[c.net.all / Narrow::ROWS + 4 * run + warp] = square;
    }
    __syncthreads();  // and summed
}

}  // namespace steps
