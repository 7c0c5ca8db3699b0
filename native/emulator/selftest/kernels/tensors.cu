// Kernels of the emulator's self-test: mma, ldmatrix, cp.async, conversions. One warp.
#include "hopper.cuh"
#include "intrinsics.cuh"
#include "score/activation_fast.cuh"

// c = a b, a 16x16 row-major, b 16x8 row-major, c 16x8, 16-bit operands; through shared memory and ldmatrix
template <bool bf16>
__device__ void product(const uint16_t* a, const uint16_t* b, float* c) {
    TWEEDIE_STATIC_SHARED(uint16_t, ta, 16 * 16);
    TWEEDIE_STATIC_SHARED(uint16_t, tb, 16 * 8);
    const int lane = int(threadIdx.x);
    for (int i = lane; i < 32; i += 32) cp_async_16(ta + 8 * i, a + 8 * i);
    if (lane < 16) cp_async_16(tb + 8 * lane, b + 8 * lane);
    cp_async_commit();
    cp_async_wait<0>();
    __syncwarp();
    uint32_t fa[4], fb[2];
    ldmatrix_x4(fa, ta + 16 * (lane % 16) + 8 * (lane / 16));
    ldmatrix_x2_trans(fb, tb + 8 * (lane % 16));
    float d[4] = {0, 0, 0, 0};
    if (bf16) {
        mma_m16n8k16_bf16(d, fa, fb, d);
    } else {
        mma_m16n8k16_f16(d, fa, fb, d);
    }
    const int g = lane / 4, q = lane % 4;
    for (int j = 0; j < 4; ++j) c[(g + 8 * (j / 2)) * 8 + 2 * q + j % 2] = d[j];
}
extern "C" __global__ void selftest_product_f16(const uint16_t* a, const uint16_t* b, float* c) { product<false>(a, b, c); }
extern "C" __global__ void selftest_product_bf16(const uint16_t* a, const uint16_t* b, float* c) { product<true>(a, b, c); }

// f16 and bf16 bits of in[i], and back
extern "C" __global__ void selftest_round(const float* in, uint16_t* half, uint16_t* brain, float* half_back, float* brain_back, int32_t count) {
    for (int32_t i = int32_t(threadIdx.x); i < count; i += int32_t(blockDim.x)) {
        half[i] = f32_to_f16(in[i]);
        brain[i] = f32_to_bf16(in[i]);
        half_back[i] = f16_to_f32(half[i]);
        brain_back[i] = bf16_to_f32(brain[i]);
    }
}
extern "C" __global__ void selftest_widen(float* half, float* brain) {
    for (int32_t i = int32_t(threadIdx.x); i < 65536; i += int32_t(blockDim.x)) {
        half[i] = f16_to_f32(uint16_t(i));
        brain[i] = bf16_to_f32(uint16_t(i));
    }
}

// two groups in flight: the second must not have landed before its wait
extern "C" __global__ void selftest_async_copies(const uint32_t* from, uint32_t* out) {
    TWEEDIE_STATIC_SHARED(uint32_t, ring, 64);
    const int lane = int(threadIdx.x);
    cp_async_4(ring + lane, from + lane);
    cp_async_commit();
    cp_async_4(ring + 32 + lane, from + 32 + lane, lane % 2 == 0);
    cp_async_commit();
    cp_async_wait<1>();
    __syncwarp();
    out[lane] = ring[31 - lane];
    out[32 + lane] = ring[32 + lane];  // read too early
    cp_async_wait<0>();
    __syncwarp();
    out[64 + lane] = ring[32 + lane];
}

// c = start + a b by a warpgroup: a 64 x 64 row-major, b 64 inputs x 128 columns row-major, in two groups of products. early: the sums as they
// are before the wait. way: how the weights come, and the mistakes; what came is written again (store_b128) or copied (cp.async) by some
enum Way : int32_t { NO_WGMMA_FENCE, STORED, UNFENCED, FENCED_BEFORE, NO_BARRIER, PLAIN, AGAIN, AGAIN_UNFENCED, COPIED, COPIED_UNFENCED, FENCED_BEFORE_WAIT };
extern "C" __global__ void selftest_warpgroup_product(const uint16_t* a, const uint16_t* b, const float* start, float* c, float* early,
                                                      int32_t brain, int32_t way, int32_t offset) {
    TWEEDIE_SHARED(unsigned char, memory);
    if (way == FENCED_BEFORE) proxy_fence();
    for (int32_t i = int32_t(threadIdx.x); i < 64 * 128; i += int32_t(blockDim.x)) {
        const int32_t k = i / 128, n = i % 128;
        unsigned char* const at = memory + swizzle_128(128 * n + 2 * k);
        const uint32_t pair = uint32_t(b[i + (k % 2 == 0 ? 128 : 0)]) << 16 | b[i];
        if (k % 2 == 0 && way == PLAIN) *reinterpret_cast<uint32_t*>(at) = pair;
        if (k % 2 == 0 && way != PLAIN) store_operands(at, pair);
    }
    if (way != UNFENCED && way != FENCED_BEFORE) proxy_fence();
    if (way != NO_BARRIER) __syncthreads();
    for (int32_t i = 16 * int32_t(threadIdx.x); way >= AGAIN && i < 64 * 256; i += 16 * int32_t(blockDim.x)) {
        store_b128(way < COPIED ? memory + i : reinterpret_cast<unsigned char*>(early) + i, load_b128(memory + i));
        if (way >= COPIED) cp_async_16(memory + i, reinterpret_cast<const unsigned char*>(early) + i);
    }
    cp_async_commit();
    if (way == FENCED_BEFORE_WAIT) proxy_fence();
    cp_async_wait<0>();
    if (way == AGAIN || way == COPIED) proxy_fence();
    if (way >= AGAIN) __syncthreads();
    const int32_t lane = int32_t(threadIdx.x) % 32, row = int32_t(threadIdx.x) / 32 * 16 + lane / 4, q = lane % 4;
    uint32_t fa[4][4];
    for (int32_t kb = 0; kb < 4; ++kb) {
        for (int32_t i = 0; i < 4; ++i) {
            const uint16_t* const at = a + (row + 8 * (i % 2)) * 64 + 16 * kb + 2 * q + 8 * (i / 2);
            fa[kb][i] = uint32_t(at[1]) << 16 | at[0];
        }
    }
    float d[64];
    const auto place = [&](const int32_t i) { return (row + 8 * (i / 2 % 2)) * 128 + 8 * (i / 4) + 2 * q + i % 2; };
    for (int32_t i = 0; i < 64; ++i) d[i] = start[place(i)];
    if (way != NO_WGMMA_FENCE) wgmma_fence();
    for (int32_t kb = 0; kb < 4; ++kb) {
        if (brain != 0) {
            wgmma_n128_bf16(d, fa[kb], wgmma_matrix(memory + 32 * kb + offset));
        } else {
            wgmma_n128_f16(d, fa[kb], wgmma_matrix(memory + 32 * kb + offset));
        }
        if (kb % 2 == 1) wgmma_commit();
    }
    wgmma_wait<1>();
    for (int32_t i = 0; i < 64; ++i) early[place(i)] = d[i];
    wgmma_wait<0>();
    for (int32_t i = 0; i < 64; ++i) c[place(i)] = d[i];
}

// the functions between two layers of 16-bit operands: SiLU by special functions and by products, tanh, sine, softplus, GELU of in[i]
extern "C" __global__ void selftest_fast(const float* in, float* out, int32_t count) {
    for (int32_t i = int32_t(threadIdx.x); i < count; i += int32_t(blockDim.x)) {
        const float x = in[i];
        out[i] = fast::silu_of_half(0.5f * x);
        out[count + i] = fast::silu_of_half_by_products(0.5f * x);
        out[2 * count + i] = fast::tanh(x);
        out[3 * count + i] = fast::sine(x);
        out[4 * count + i] = fast::softplus(x);
        out[5 * count + i] = fast::gelu(x);
    }
}
