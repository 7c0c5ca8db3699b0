// perturb.cuh: the time of a sample, and clean coordinates mixed with noise
#pragma once
#include "rng/quads.cuh"
#include "sde/coefficients.cuh"

namespace perturb {
constexpr int32_t TOGETHER = 4;  // quads a thread, of rows that have many

/// Weights of x0 and eps.
struct Mix {
    float x0, eps;
};

__device__ __forceinline__ Mix mix_at(const float* __restrict__ table, const hermite::Place place, const int32_t column) {
    return {hermite::value(table, place, 6, column), hermite::value(table, place, 6, column + 1)};
}

__device__ __forceinline__ float4 mixed(const Mix by, const float4 x, const float4 z) {
    return rng::fma_quad(by.eps, z, rng::scale_quad(by.x0, x));
}

/// The time of sample index: quantile(u), u its own uniform, or of a group (inverse: 1 / group) evenly spread with one shared.
__device__ __forceinline__ float time(const float* __restrict__ quantile, const int32_t nodes, const uint64_t seed, const int64_t index,
                                      const int64_t group, const float inverse, const uint32_t what) {
    const int64_t source = group > 0 ? index / group : index;
    float u = rng::uniform(rng::row_words(seed, source, what, 0).x);
    if (group > 0) u = (float(index % group) + u) * inverse;
    return hermite::value(quantile, hermite::place(u * float(nodes - 1), nodes), 1, 0);
}
}  // namespace perturb
