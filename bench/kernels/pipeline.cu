// pipeline.cu — what a user of JCuda writes beside cuRAND and cuBLAS: bias and SiLU between two products, and the step
//
//   bias_silu  h <- silu(h + bias), h [rows, width] of f32, f16 or bf16 in place, 16 bytes a thread; width a multiple of 8
//   step       x <- a x + b (net + bias) + c z, [rows, dim] of f32; into half, unless null, x again in 16 bits for the next product
//   affine     out <- a x + b s + c z, 16 bytes a thread, count a multiple of 4; without s where it is null
//   narrow     half <- x in 16 bits
//
// Not Tweedie's kernels: the yardstick's (bench/). Memory binds them all.
#include "score/operands.cuh"

namespace {

__device__ __forceinline__ float silu(const float x) { return x / (1.0f + exp2_approx(-1.44269502f * x)); }

template <typename Operand>
__device__ __forceinline__ void bias_silu_half(uint4* h, const float* bias, const int32_t items, const int32_t width) {
    const int32_t i = int32_t(blockIdx.x * blockDim.x + threadIdx.x);
    if (i >= items) return;
    const uint4 word = load_b128(h + i);
    uint32_t pair[4] = {word.x, word.y, word.z, word.w};
    const float* const b = bias + 8 * (i % (width / 8));
    #pragma unroll
    for (int p = 0; p < 4; ++p) {
        pair[p] = Operand::pair(silu(Operand::low(pair[p]) + b[2 * p]), silu(Operand::high(pair[p]) + b[2 * p + 1]));
    }
    store_b128(h + i, uint4{pair[0], pair[1], pair[2], pair[3]});
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
pipeline_bias_silu_f32(float* h, const float* __restrict__ bias, int32_t items, int32_t width) {
    const int32_t i = int32_t(blockIdx.x * blockDim.x + threadIdx.x);
    if (i >= items) return;
    float4 v = load_f32x4(h + 4 * int64_t(i));
    const float* const b = bias + 4 * (i % (width / 4));
    v.x = silu(v.x + b[0]);
    v.y = silu(v.y + b[1]);
    v.z = silu(v.z + b[2]);
    v.w = silu(v.w + b[3]);
    store_f32x4(h + 4 * int64_t(i), v);
}

extern "C" __global__ void __launch_bounds__(256)
pipeline_bias_silu_f16(uint4* h, const float* __restrict__ bias, int32_t items, int32_t width) {
    bias_silu_half<mixed::F16>(h, bias, items, width);
}

extern "C" __global__ void __launch_bounds__(256)
pipeline_bias_silu_bf16(uint4* h, const float* __restrict__ bias, int32_t items, int32_t width) {
    bias_silu_half<mixed::BF16>(h, bias, items, width);
}

// kind: 0 none, 1 f16, 2 bf16
extern "C" __global__ void __launch_bounds__(256)
pipeline_narrow(const float* __restrict__ x, uint16_t* half, int32_t kind, int32_t count) {
    const int32_t i = int32_t(blockIdx.x * blockDim.x + threadIdx.x);
    if (i >= count) return;
    half[i] = kind == 1 ? f32_to_f16(x[i]) : f32_to_bf16(x[i]);
}

extern "C" __global__ void __launch_bounds__(256)
pipeline_step_f32(float* x, const float* __restrict__ net, const float* __restrict__ bias, const float* __restrict__ z, uint16_t* half,
                  int32_t kind, int32_t count, int32_t dim, float a, float b, float c) {
    const int32_t i = int32_t(blockIdx.x * blockDim.x + threadIdx.x);
    if (i >= count) return;
    const float next = a * x[i] + b * (net[i] + bias[i % dim]) + c * z[i];
    x[i] = next;
    if (kind == 1) half[i] = f32_to_f16(next);
    if (kind == 2) half[i] = f32_to_bf16(next);
}

extern "C" __global__ void __launch_bounds__(256)
pipeline_affine_f32(float* out, const float* x, const float* s, const float* z, int64_t items, float a, float b, float c) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i >= items) return;
    const float4 v = load_f32x4(x + 4 * i);
    const float4 w = s ? load_f32x4(s + 4 * i) : float4{0, 0, 0, 0};
    const float4 n = load_f32x4(z + 4 * i);
    store_f32x4(out + 4 * i, float4{a * v.x + b * w.x + c * n.x, a * v.y + b * w.y + c * n.y, a * v.z + b * w.z + c * n.z,
                                    a * v.w + b * w.w + c * n.w});
}
