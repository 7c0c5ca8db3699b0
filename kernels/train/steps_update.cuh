// steps_update.cuh — the optimiser: sums of losses and squares, then Adam, running mean and packing of a block's parameters
#pragma once
#include "train/adam.cuh"
#include "train/steps.cuh"

namespace steps {

// Sum of count numbers: the same in all threads, blocks and grids. lanes: eight doubles of shared memory
TWEEDIE_INLINE double total(const double* from, const int32_t count, double* lanes) {
    double sum = 0.0;
    for (int32_t i = int32_t(threadIdx.x); i < count; i += THREADS) sum += from[i];
    for (int32_t half = 16; half > 0; half /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, half);
    if (threadIdx.x % 32 == 0) lanes[threadIdx.x / 32] = sum;
    __syncthreads();
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
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

constexpr int32_t STAGED = 2048;  // parameters of which gradient and weight come together

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
TWEEDIE_INLINE void update(const Call& c, const AdamRule& rule, const Slice& mine, float* staged) {
    int32_t turn = 0;
    const int32_t *tensor = c.tensors, *const last = c.tensors + TENSOR * (c.tensor_count - 1);
    if (mine.first < mine.end) queue_parameters(c, staged, mine.first, mine.end);
    for (int32_t from = mine.first; from < mine.end; from += STAGED) {
        cp_async_wait<0>();
        __syncthreads();  // and all are through with the other half
        const float* const here = staged + turn * (2 * STAGED);
        turn = 1 - turn;
        if (from + STAGED < mine.end) queue_parameters(c, staged + turn * (2 * STAGED), from + STAGED, mine.end);
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
