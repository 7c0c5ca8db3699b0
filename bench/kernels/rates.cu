// rates.cu — what one multiprocessor does in a clock: the numbers that the model of docs/kernels.md is made of
//
//   rates_mma_*   mma.sync m16n8k16, 8 sums a warp that do not wait for each other
//   rates_tanh    tanh.approx.f32, 8 values a thread; rates_tanh_f16x2 the packed form
//   rates_hfma2   fma.rn.f16x2, 8 values a thread
//   rates_mix     both pipes as in W1, three mma to two tanh
//   rates_wgmma_* layers of 64 and of 128 columns for 64 rows a warpgroup: wgmma of f16 with the rows in registers, which each layer writes
//                 anew from its sums; weights are a Hadamard matrix, so that numbers keep their size (sm_90a)
//   rates_copy    cp.async from memory that stays in L2 to shared memory, 16 bytes a thread, four in flight
//   rates_bulk_*  bulk copies from the same memory through four places of 16 KB; of a cluster of 1, 2 or 4 blocks each brings its part of a
//                 place and sends it to all (sm_90a)
//
// Each runs `iterations` rounds; thread 0 of a block writes the clocks of its block (0 under the emulated driver, which has no clock) and
// every thread something that depends on all it did, so that nothing is removed and the answer can be checked.
#include "bulk.cuh"
#include "intrinsics.cuh"

namespace {

#ifdef TWEEDIE_EMU
inline long long now() { return 0; }
inline uint32_t tanh_f16x2(const uint32_t x) {
    return f32_to_f16x2(tanh_approx(f16_to_f32(uint16_t(x))), tanh_approx(f16_to_f32(uint16_t(x >> 16))));
}
inline uint32_t fma_f16x2(const uint32_t a, const uint32_t b, const uint32_t c) {
    return f32_to_f16x2(fmaf(f16_to_f32(uint16_t(a)), f16_to_f32(uint16_t(b)), f16_to_f32(uint16_t(c))),
                        fmaf(f16_to_f32(uint16_t(a >> 16)), f16_to_f32(uint16_t(b >> 16)), f16_to_f32(uint16_t(c >> 16))));
}
#else
__device__ __forceinline__ long long now() { return clock64(); }
__device__ __forceinline__ uint32_t tanh_f16x2(const uint32_t x) {
    uint32_t y;
    asm volatile("tanh.approx.f16x2 %0, %1;" : "=r"(y) : "r"(x));
    return y;
}
__device__ __forceinline__ uint32_t fma_f16x2(const uint32_t a, const uint32_t b, const uint32_t c) {
    uint32_t d;
    asm volatile("fma.rn.f16x2 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
    return d;
}
#endif

constexpr int CHAINS = 8;

// begins and ends the clock of a block
struct Clock {
    long long began;
    __device__ __forceinline__ Clock() {
        __syncthreads();
        began = now();
    }
    __device__ __forceinline__ void stop(int64_t* clocks) const {
        __syncthreads();
        if (threadIdx.x == 0) clocks[blockIdx.x] = now() - began;
    }
};

__device__ __forceinline__ int64_t self() { return int64_t(blockIdx.x) * blockDim.x + threadIdx.x; }

// values of this lane around 1/4, signs mixed, no two lanes alike
__device__ __forceinline__ float value(const unsigned int i) {
    const uint32_t bits = (i * 2654435761u) ^ (i << 7);
    return (float(bits >> 9 & 1023u) - 511.5f) * (1.0f / 1024.0f);
}

template <typename Multiply, typename Pair>
__device__ __forceinline__ void mma(int64_t* clocks, float* out, const int32_t iterations, const Multiply multiply, const Pair pair) {
    uint32_t a[4], b[2];
    const unsigned int lane = threadIdx.x % 32;
    for (int j = 0; j < 4; ++j) a[j] = pair(value(16 * lane + 2 * j), value(16 * lane + 2 * j + 1));
    for (int j = 0; j < 2; ++j) b[j] = pair(value(16 * lane + 2 * j + 8), value(16 * lane + 2 * j + 9));
    float sum[CHAINS][4] = {};
    const Clock clock;
    for (int32_t i = 0; i < iterations; ++i) {
        #pragma unroll
        for (int k = 0; k < CHAINS; ++k) multiply(sum[k], a, b, sum[k]);
    }
    clock.stop(clocks);
    float all = 0;
    for (int k = 0; k < CHAINS; ++k) all += sum[k][0] + sum[k][1] + sum[k][2] + sum[k][3];
    out[self()] = all;
}

// the weight of input k in column j: 1/sqrt(N) with the sign of a Hadamard matrix whose columns are exchanged
template <int N>
__device__ __forceinline__ float hadamard(const int j, const int k) {
    const int at = (5 * j + 3) % N & k;
    int odd = at ^ at >> 4;
    odd ^= odd >> 2;
    odd ^= odd >> 1;
    const float size = N == 64 ? 0.125f : 0.0883883476f;
    return (odd & 1) != 0 ? -size : size;
}

template <int N, typename Multiply>
__device__ __forceinline__ void layers(int64_t* clocks, float* out, const int32_t iterations, const Multiply multiply) {
#ifdef TWEEDIE_WARPGROUPS
    TWEEDIE_SHARED(unsigned char, weights);
    constexpr int MATRIX = 128 * N;  // bytes of 64 inputs
    for (int i = int(threadIdx.x); i < N * N / 2; i += int(blockDim.x)) {
        const int j = 2 * i / N, k = 2 * i % N;
        store_operands(weights + k / 64 * MATRIX + swizzle_128(128 * j + 2 * (k % 64)),
                       f32_to_f16x2(hadamard<N>(j, k), hadamard<N>(j, k + 1)));
    }
    proxy_fence();
    const int lane = int(threadIdx.x) % 32, row = int(threadIdx.x) / 32 * 16 + lane / 4;
    uint32_t a[N / 16][4];
    #pragma unroll
    for (int b = 0; b < N / 16; ++b) {
        #pragma unroll
        for (int i = 0; i < 4; ++i) {
            const int at = (row + 8 * (i % 2)) * N + 16 * b + 8 * (i / 2) + 2 * (lane % 4);
            a[b][i] = f32_to_f16x2(value(at), value(at + 1));
        }
    }
    const Clock clock;
    #pragma unroll 1
    for (int32_t round = 0; round < iterations; ++round) {
        float d[N / 2];
        #pragma unroll
        for (int i = 0; i < N / 2; ++i) d[i] = 0.0f;
        wgmma_fence();
        #pragma unroll
        for (int b = 0; b < N / 16; ++b) multiply(d, a[b], wgmma_matrix(weights + b / 4 * MATRIX + b % 4 * 32));
        wgmma_commit();
        wgmma_wait<0>();
        #pragma unroll
        for (int b = 0; b < N / 16; ++b) {
            #pragma unroll
            for (int i = 0; i < 4; ++i) a[b][i] = f32_to_f16x2(d[8 * b + 2 * i], d[8 * b + 2 * i + 1]);
        }
    }
    clock.stop(clocks);
    float all = 0;
    #pragma unroll
    for (int b = 0; b < N / 16; ++b) {
        #pragma unroll
        for (int i = 0; i < 4; ++i) all += f16_to_f32(uint16_t(a[b][i])) + f16_to_f32(uint16_t(a[b][i] >> 16));
    }
    out[self()] = all;
#else
    __trap();
#endif
}

// words: as of rates_copy
template <int BLOCKS>
__device__ __forceinline__ void bulk(int64_t* clocks, float* out, const int32_t iterations, const float4* from, const int32_t words) {
#ifdef TWEEDIE_WARPGROUPS
    TWEEDIE_SHARED(float4, places);
    constexpr int32_t PLACE = 1024, DEEP = 4, PART = PLACE / BLOCKS;  // of 16 bytes
    uint64_t* const full = reinterpret_cast<uint64_t*>(places + DEEP * PLACE);
    uint64_t* const empty = full + DEEP;
    if (threadIdx.x == 0) {
        for (int32_t p = 0; p < DEEP; ++p) {
            barrier_init(full + p, 1);
            barrier_init(empty + p, BLOCKS);
        }
        barrier_init_fence();
    }
    cluster_arrive();
    cluster_wait();
    const Clock clock;
    if (threadIdx.x == 0) {
        const int32_t part = cluster_rank() * PART;
        uint32_t at = blockIdx.x / BLOCKS * 8192u;
        for (int32_t i = 0; i < iterations + DEEP; ++i) {
            const int32_t p = i % DEEP, before = 1 - i / DEEP % 2;
            if (i >= DEEP) {
                barrier_wait(full + p, before);
                for (int32_t rank = 0; rank < BLOCKS; ++rank) barrier_free_at(empty + p, rank);
            }
            if (i >= iterations) continue;
            if (i >= DEEP) barrier_wait(empty + p, before);
            barrier_expect(full + p, 16 * PLACE);
            const float4* const some = from + (at & uint32_t(words - 1)) + part;
            if (BLOCKS == 1) bulk_load(places + p * PLACE, some, 16 * PART, full + p);
            else bulk_load_to(places + p * PLACE + part, some, 16 * PART, full + p, (1u << BLOCKS) - 1);
            at += PLACE;
        }
    }
    clock.stop(clocks);
    const float4 last = places[(iterations - 1) % DEEP * PLACE + threadIdx.x];
    out[self()] = last.x + last.y + last.z + last.w;
    cluster_arrive();
    cluster_wait();
#else
    __trap();
#endif
}

}  // namespace

extern "C" __global__ void __launch_bounds__(512)
rates_bulk_1(int64_t* clocks, float* out, int32_t iterations, const float4* __restrict__ from, int32_t words) {
    bulk<1>(clocks, out, iterations, from, words);
}
extern "C" __global__ void TWEEDIE_CLUSTER(2) __launch_bounds__(512)
rates_bulk_2(int64_t* clocks, float* out, int32_t iterations, const float4* __restrict__ from, int32_t words) {
    bulk<2>(clocks, out, iterations, from, words);
}
extern "C" __global__ void TWEEDIE_CLUSTER(4) __launch_bounds__(512)
rates_bulk_4(int64_t* clocks, float* out, int32_t iterations, const float4* __restrict__ from, int32_t words) {
    bulk<4>(clocks, out, iterations, from, words);
}

extern "C" __global__ void __launch_bounds__(384) rates_wgmma_n64(int64_t* clocks, float* out, int32_t iterations) {
    layers<64>(clocks, out, iterations,
               [](float(&d)[32], const uint32_t(&a)[4], const uint64_t b) { wgmma_n64_f16(d, a, b); });
}

extern "C" __global__ void __launch_bounds__(384) rates_wgmma_n128(int64_t* clocks, float* out, int32_t iterations) {
    layers<128>(clocks, out, iterations,
                [](float(&d)[64], const uint32_t(&a)[4], const uint64_t b) { wgmma_n128_f16(d, a, b); });
}

extern "C" __global__ void __launch_bounds__(1024) rates_mma_f16(int64_t* clocks, float* out, int32_t iterations) {
    mma(clocks, out, iterations,
        [](float(&d)[4], const uint32_t(&a)[4], const uint32_t(&b)[2], const float(&c)[4]) { mma_m16n8k16_f16(d, a, b, c); },
        [](const float lo, const float hi) { return f32_to_f16x2(lo, hi); });
}

extern "C" __global__ void __launch_bounds__(1024) rates_mma_bf16(int64_t* clocks, float* out, int32_t iterations) {
    mma(clocks, out, iterations,
        [](float(&d)[4], const uint32_t(&a)[4], const uint32_t(&b)[2], const float(&c)[4]) { mma_m16n8k16_bf16(d, a, b, c); },
        [](const float lo, const float hi) { return f32_to_bf16x2(lo, hi); });
}

extern "C" __global__ void __launch_bounds__(1024) rates_tanh(int64_t* clocks, float* out, int32_t iterations) {
    float x[CHAINS];
    for (int k = 0; k < CHAINS; ++k) x[k] = 1.0f + value(threadIdx.x + k);
    const Clock clock;
    for (int32_t i = 0; i < iterations; ++i) {
        #pragma unroll
        for (int k = 0; k < CHAINS; ++k) x[k] = tanh_approx(x[k]);
    }
    clock.stop(clocks);
    float all = 0;
    for (int k = 0; k < CHAINS; ++k) all += x[k];
    out[self()] = all;
}

extern "C" __global__ void __launch_bounds__(1024) rates_tanh_f16x2(int64_t* clocks, float* out, int32_t iterations) {
    uint32_t x[CHAINS];
    for (int k = 0; k < CHAINS; ++k) x[k] = f32_to_f16x2(1.0f + value(threadIdx.x + k), 1.0f - value(threadIdx.x + k));
    const Clock clock;
    for (int32_t i = 0; i < iterations; ++i) {
        #pragma unroll
        for (int k = 0; k < CHAINS; ++k) x[k] = tanh_f16x2(x[k]);
    }
    clock.stop(clocks);
    float all = 0;
    for (int k = 0; k < CHAINS; ++k) all += f16_to_f32(uint16_t(x[k])) + f16_to_f32(uint16_t(x[k] >> 16));
    out[self()] = all;
}

extern "C" __global__ void __launch_bounds__(1024) rates_hfma2(int64_t* clocks, float* out, int32_t iterations) {
    uint32_t x[CHAINS];
    for (int k = 0; k < CHAINS; ++k) x[k] = f32_to_f16x2(value(threadIdx.x + k), value(threadIdx.x - k));
    // x <- x / 2 + 1, which goes to 2
    const uint32_t half = f32_to_f16x2(0.5f, 0.5f), one = f32_to_f16x2(1.0f, 1.0f);
    const Clock clock;
    for (int32_t i = 0; i < iterations; ++i) {
        #pragma unroll
        for (int k = 0; k < CHAINS; ++k) x[k] = fma_f16x2(x[k], half, one);
    }
    clock.stop(clocks);
    float all = 0;
    for (int k = 0; k < CHAINS; ++k) all += f16_to_f32(uint16_t(x[k])) + f16_to_f32(uint16_t(x[k] >> 16));
    out[self()] = all;
}

extern "C" __global__ void __launch_bounds__(1024) rates_mix(int64_t* clocks, float* out, int32_t iterations) {
    uint32_t a[4], b[2];
    const unsigned int lane = threadIdx.x % 32;
    for (int j = 0; j < 4; ++j) a[j] = f32_to_f16x2(value(16 * lane + 2 * j), value(16 * lane + 2 * j + 1));
    for (int j = 0; j < 2; ++j) b[j] = f32_to_f16x2(value(16 * lane + 2 * j + 8), value(16 * lane + 2 * j + 9));
    float sum[6][4] = {};
    float x[CHAINS];
    for (int k = 0; k < CHAINS; ++k) x[k] = 1.0f + value(threadIdx.x + k);
    const Clock clock;
    for (int32_t i = 0; i < iterations; ++i) {
        #pragma unroll
        for (int k = 0; k < 12; ++k) {
            mma_m16n8k16_f16(sum[k % 6], a, b, sum[k % 6]);
            if (k % 3 < 2) x[k / 3 * 2 + k % 3] = tanh_approx(x[k / 3 * 2 + k % 3]);
        }
    }
    clock.stop(clocks);
    float all = 0;
    for (int k = 0; k < 6; ++k) all += sum[k][0] + sum[k][1] + sum[k][2] + sum[k][3];
    for (int k = 0; k < CHAINS; ++k) all += x[k];
    out[self()] = all;
}

// words: of 16 bytes, a power of two; blocks begin at different places
extern "C" __global__ void __launch_bounds__(1024)
rates_copy(int64_t* clocks, float* out, int32_t iterations, const float4* __restrict__ from, int32_t words) {
    TWEEDIE_SHARED(float4, shared);
    constexpr int DEEP = 4;
    const Clock clock;
    uint32_t at = blockIdx.x * 8192u + threadIdx.x;
    for (int32_t i = 0; i < iterations; ++i) {
        #pragma unroll
        for (int k = 0; k < DEEP; ++k) {
            cp_async_16(shared + k * blockDim.x + threadIdx.x, from + (at & uint32_t(words - 1)));
            at += blockDim.x;
        }
        cp_async_commit();
        cp_async_wait<0>();
    }
    clock.stop(clocks);
    const float4 last = shared[(DEEP - 1) * blockDim.x + threadIdx.x];
    out[self()] = last.x + last.y + last.z + last.w;
}
