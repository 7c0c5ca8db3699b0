// quads.cuh: rows cut into quads of coordinates, the unit of a random block and of a 16-byte access
#pragma once
#include "rows.cuh"
#include "rng/normal.cuh"

namespace rng {

struct Quad {
    int64_t row;
    int32_t quad;
};

/// The quad of work item number item, row by row; divides in 32 bits where that is enough.
TWEEDIE_INLINE Quad quad_of(int64_t item, int32_t quads) {
    if (quads == 1) return {item, 0};
    if (item <= 0x7fffffff) {
        const uint32_t row = uint32_t(item) / uint32_t(quads);
        return {int64_t(row), int32_t(uint32_t(item) - row * uint32_t(quads))};
    }
    return {item / quads, int32_t(item % quads)};
}

TWEEDIE_INLINE int64_t first_item() { return int64_t(blockIdx.x) * blockDim.x + threadIdx.x; }
TWEEDIE_INLINE int64_t item_stride() { return int64_t(gridDim.x) * blockDim.x; }

/// Whether quads of rows of this width and stride are 16-byte accesses.
TWEEDIE_INLINE bool whole_quads(const void* at, int32_t width, int64_t stride) {
    return ((width | stride) & 3) == 0 && (reinterpret_cast<uintptr_t>(at) & 15) == 0;
}

/// Up to four coordinates from d on; what is beyond the width is 0.
TWEEDIE_INLINE float4 load_quad(const float* row, int32_t d, int32_t width, bool whole) {
    if (whole) return load_f32x4(row + d);
    float4 v = make_float4(row[d], 0.0f, 0.0f, 0.0f);
    if (d + 1 < width) v.y = row[d + 1];
    if (d + 2 < width) v.z = row[d + 2];
    if (d + 3 < width) v.w = row[d + 3];
    return v;
}

TWEEDIE_INLINE void store_quad(float* row, int32_t d, int32_t width, bool whole, const float4 v) {
    if (whole) {
        store_f32x4(row + d, v);
        return;
    }
    row[d] = v.x;
    if (d + 1 < width) row[d + 1] = v.y;
    if (d + 2 < width) row[d + 2] = v.z;
    if (d + 3 < width) row[d + 3] = v.w;
}

/// a v + sum, lane by lane.
TWEEDIE_INLINE float4 fma_quad(float a, const float4 v, const float4 sum) {
    return make_float4(fmaf(a, v.x, sum.x), fmaf(a, v.y, sum.y), fmaf(a, v.z, sum.z), fmaf(a, v.w, sum.w));
}

TWEEDIE_INLINE float4 scale_quad(float a, const float4 v) { return make_float4(a * v.x, a * v.y, a * v.z, a * v.w); }

}  // namespace rng
