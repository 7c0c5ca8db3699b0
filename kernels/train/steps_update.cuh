// steps_update.cuh — the optimiser: loss and norm of a step, then Adam, running mean and packing of a block's parameters
#pragma once
#include "train/adam.cuh"
#include "train/steps.cuh"

namespace steps {

struct Run {
    AdamControl* control;
    const double* schedule;
    int64_t step;
    int32_t steps;
    float* history;
    int32_t capacity, held;
    double clip;
    float keep1, keep2, epsilon, decay;
};

// Sum of count numbers: the same in all threads, blocks and grids. lanes: a double of shared memory a warp
template <int32_t THREADS>
TWEEDIE_INLINE double total(const double* from, const int32_t count, double* lanes) {
    double sum = 0.0;
    for (int32_t i = int32_t(threadIdx.x); i < count; i += THREADS) sum += from[i];
    for (int32_t half = 16; half > 0; half /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, half);
    if (threadIdx.x % 32 == 0) lanes[threadIdx.x / 32] = sum;
    __syncthreads();
    sum = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
#pragma unroll
    for (int32_t i = 4; i < THREADS / 32; i += 4) sum += (lanes[i] + lanes[i + 1]) + (lanes[i + 2] + lanes[i + 3]);
    return sum;
}

// loss and norm of a step, the same in all blocks; whether both are finite. lanes: two doubles of shared memory a warp
template <int32_t THREADS>
TWEEDIE_INLINE bool judge(const Call& c, const Run& run, const int32_t s, const int32_t tiles, const int32_t squares, double* lanes,
                          AdamRule& rule) {
    const double loss = total<THREADS>(c.sums, tiles, lanes) * (1.0 / double(c.net.rows));
    const double norm = sqrt(total<THREADS>(c.sums + tiles, squares, lanes + THREADS / 32));
    const bool finite = loss - loss == 0.0 && norm - norm == 0.0;
    const double* const scalars = run.schedule + SCALARS * s;
    const float rate = float(scalars[0]);
    rule = {run.clip > 0.0 && norm > run.clip ? float(run.clip / norm) : 1.0f, rate, -rate * run.decay, float(scalars[1]), float(scalars[2]),
            run.keep1, run.keep2, run.epsilon, float(scalars[3])};
    if (blockIdx.x == 0 && threadIdx.x == 0) {
        const int64_t k = run.step + s, at = (k - 1) % run.capacity;
        run.history[at] = float(loss);
        run.history[run.capacity + at] = float(norm);
        run.control->step = double(k);
        run.control->loss = loss;
        run.control->norm = norm;
        if (!finite) run.control->halted = double(k);
    }
    return finite;
}

// weight p, rounded, to where tiles read it; tensor: the one that holds it
TWEEDIE_INLINE void pack(const Call& c, const int32_t* tensor, const int32_t p, const float w) {
    const int32_t kind = tensor[3];
    if (kind == BIASES) return;
    const int32_t i = p - tensor[0], k = i / tensor[2], n = i - k * tensor[2], pitch = tensor[5];
    uint16_t* const to = c.packed + tensor[4] + int64_t(k) * pitch + n;
    const uint16_t hi = f32_to_bf16(w);
    to[0] = hi;
    if (kind == INPUTS) {
        to[COORDINATES * pitch] = hi;
        to[2 * COORDINATES * pitch] = to[3 * COORDINATES * pitch] = f32_to_bf16(w - bf16_to_f32(hi));
    }
}

// What a block keeps of the parameters from first to end: moments and running mean in shared memory, or where they are.
struct Slice {
    int32_t first, end;
    float *moment1, *moment2, *mean;  // element 0 is that of `first`
};

// from: to the block's share of n things, `unit` of them at a time
TWEEDIE_INLINE int32_t share(const int32_t n, const int32_t unit) {
    const int32_t blocks = int32_t(gridDim.x);
    return (n + unit * blocks - 1) / (unit * blocks) * unit;
}

template <int32_t THREADS>
TWEEDIE_INLINE void pack_slice(const Call& c, const Slice& mine) {
    const int32_t* tensor = c.tensors;
    for (int32_t t = 0; t < c.tensor_count; ++t, tensor += TENSOR) {
        const int32_t from = tensor[0] > mine.first ? tensor[0] : mine.first, end = tensor[1] < mine.end ? tensor[1] : mine.end;
        for (int32_t p = from + int32_t(threadIdx.x); p < end; p += THREADS) pack(c, tensor, p, c.weights[p]);
    }
}

constexpr int32_t STAGED = 2048;  // parameters of which gradient and weight come together

template <int32_t THREADS>
TWEEDIE_INLINE void queue_parameters(const Call& c, float* staged, const int32_t from, const int32_t end) {
    const int32_t count = end - from < STAGED ? end - from : STAGED;
    for (int32_t i = 4 * int32_t(threadIdx.x); i + 4 <= count; i += 4 * THREADS) {
        cp_async_16(staged + i, c.partial + from + i);
        cp_async_16(staged + STAGED + i, c.weights + from + i);
    }
    const int32_t i = count / 4 * 4 + int32_t(threadIdx.x);
    if (i < count) {
        cp_async_4(staged + i, c.partial + from + i);
        cp_async_4(staged + STAGED + i, c.weights + from + i);
    }
    cp_async_commit();
}

// Adam, running mean and packing for the block's parameters; staged: twice 2 STAGED numbers of shared memory, which nobody else uses
template <int32_t THREADS>
TWEEDIE_INLINE void update(const Call& c, const AdamRule& rule, const Slice& mine, float* staged) {
    int32_t turn = 0;
    const int32_t *tensor = c.tensors, *const last = c.tensors + TENSOR * (c.tensor_count - 1);
    if (mine.first < mine.end) queue_parameters<THREADS>(c, staged, mine.first, mine.end);
    for (int32_t from = mine.first; from < mine.end; from += STAGED) {
        cp_async_wait<0>();
        __syncthreads();  // and all are through with the other half
        const float* const here = staged + turn * (2 * STAGED);
        turn = 1 - turn;
        if (from + STAGED < mine.end) queue_parameters<THREADS>(c, staged + turn * (2 * STAGED), from + STAGED, mine.end);
        const int32_t end = mine.end < from + STAGED ? mine.end : from + STAGED;
#pragma unroll 4
        for (int32_t p = from + int32_t(threadIdx.x); p < end; p += THREADS) {
            while (p >= tensor[1] && tensor != last) tensor += TENSOR;
            if (p < tensor[0] || p >= tensor[1]) continue;  // is not trained
            const int32_t i = p - mine.first;
            float w = here[STAGED + p - from];
            adam_element(rule, here[p - from], w, mine.moment1[i], mine.moment2[i], mine.mean[i]);
            c.weights[p] = w;
            pack(c, tensor, p, w);
        }
    }
}

}  // namespace steps
