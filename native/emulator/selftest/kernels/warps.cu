// Kernels of the emulator's self-test: warp collectives and atomics.
#include "intrinsics.cuh"

// out[k * blockDim + thread], k = 0..7
extern "C" __global__ void selftest_shuffles(int32_t* out) {
    const int32_t t = int32_t(threadIdx.x), n = int32_t(blockDim.x), v = 100 + t;
    out[0 * n + t] = __shfl_sync(0xFFFFFFFFu, v, 5);
    out[1 * n + t] = __shfl_up_sync(0xFFFFFFFFu, v, 3);
    out[2 * n + t] = __shfl_down_sync(0xFFFFFFFFu, v, 3);
    out[3 * n + t] = __shfl_xor_sync(0xFFFFFFFFu, v, 6);
    out[4 * n + t] = __shfl_sync(0xFFFFFFFFu, v, 9, 8);
    out[5 * n + t] = int32_t(__shfl_xor_sync(0xFFFFFFFFu, double(v), 1));
    out[6 * n + t] = __shfl_down_sync(0xFFFFFFFFu, v, 3, 8);
    out[7 * n + t] = int32_t(__ballot_sync(0xFFFFFFFFu, t % 3 == 0));
}

extern "C" __global__ void selftest_votes(int32_t* out) {
    const int32_t t = int32_t(threadIdx.x);
    int32_t bits = 0;
    bits |= __any_sync(0xFFFFFFFFu, t == 7) << 0;
    bits |= __any_sync(0xFFFFFFFFu, t == 1000) << 1;
    bits |= __all_sync(0xFFFFFFFFu, t >= 0) << 2;
    bits |= __all_sync(0xFFFFFFFFu, t != 7) << 3;
    out[t] = bits;
    out[blockDim.x + t] = __reduce_add_sync(0xFFFFFFFFu, t);
    out[2 * blockDim.x + t] = __reduce_max_sync(0xFFFFFFFFu, t % 20);
}

// halves of a warp sum apart, under their own masks
extern "C" __global__ void selftest_half_warps(int32_t* out) {
    const int32_t t = int32_t(threadIdx.x);
    int32_t v = t;
    if (t < 16) {
        for (int d = 8; d > 0; d /= 2) v += __shfl_xor_sync(0x0000FFFFu, v, d);
    } else {
        for (int d = 8; d > 0; d /= 2) v += __shfl_xor_sync(0xFFFF0000u, v, d);
    }
    out[t] = v;
}

// lanes from `stay` on return first; the others shuffle under the full mask and read from one of them
extern "C" __global__ void selftest_read_returned(int32_t* out, int32_t stay) {
    if (int32_t(threadIdx.x) >= stay) return;
    out[threadIdx.x] = __shfl_sync(0xFFFFFFFFu, int32_t(threadIdx.x), stay);
}

extern "C" __global__ void selftest_not_in_mask(int32_t* out) { out[threadIdx.x] = __shfl_sync(0x0000FFFFu, 1, 0); }

extern "C" __global__ void selftest_two_collectives(int32_t* out) {
    int32_t v = 1;
    if (threadIdx.x < 8) {
        v = __shfl_sync(0xFFFFFFFFu, v, 0);
    } else {
        v = int32_t(__ballot_sync(0xFFFFFFFFu, true));
    }
    out[threadIdx.x] = v;
}

// counts[value % bins]: all threads add
extern "C" __global__ void selftest_histogram(int32_t* counts, int32_t bins, float* total) {
    const int32_t i = int32_t(blockIdx.x * blockDim.x + threadIdx.x);
    atomicAdd(&counts[i % bins], 1);
    atomicMax(&counts[bins], i);
    atomicAdd(total, 1.0f);
}

// thread 0 waits on an atomic for the last thread of its block
extern "C" __global__ void selftest_spin(int32_t* flag, int32_t* out) {
    if (threadIdx.x == 0) {
        while (atomicAdd(flag, 0) == 0) {
        }
        out[0] = 1;
    }
    if (threadIdx.x == blockDim.x - 1) atomicExch(flag, 1);
}

extern "C" __global__ void selftest_spin_forever(int32_t* flag) {
    while (atomicAdd(flag, 0) == 0) {
    }
}

// spins without any call that the scheduler sees
extern "C" __global__ void selftest_hang(const volatile int32_t* flag, int32_t* out) {
    while (*flag == 0) {
    }
    *out = 1;
}

// cooperative: each block writes, all meet, each reads its neighbour's
extern "C" __global__ void selftest_grid_sync(int32_t* cells, int32_t* out) {
    if (threadIdx.x == 0) cells[blockIdx.x] = int32_t(blockIdx.x) + 1;
    grid_sync();
    if (threadIdx.x == 0) out[blockIdx.x] = cells[(blockIdx.x + 1) % gridDim.x];
    grid_sync();
    if (threadIdx.x == 0) cells[blockIdx.x] = 0;
}
