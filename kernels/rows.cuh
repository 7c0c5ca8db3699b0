// rows.cuh — which rows a launch works on. Every kernel reads its rows from here, so that a replayed graph can be pointed at others.
//
//   row r of the buffers, 0 <= r < count, is sample index[r], or first + r where there is no index list
//   a row whose alive is not above 0 is left untouched
//   grids are sized by capacity: guard with rows->count
//
// The layout is that of org.tweedie.kernels.RowSet: 48 bytes, six words.
#pragma once
#include "cuda.cuh"

struct RowSet {
    uint64_t seed;
    int64_t first;
    int64_t count;
    const int64_t* index;
    const float* alive;
    int64_t iteration;
};
static_assert(sizeof(RowSet) == 48, "RowSet is six words, as RowSet.java writes them");

// the sample number of row r
__device__ __forceinline__ int64_t row_index(const RowSet* __restrict__ rows, const int64_t r) {
    return rows->index == nullptr ? rows->first + r : rows->index[r];
}

// whether row r is to be worked on
__device__ __forceinline__ bool row_alive(const RowSet* __restrict__ rows, const int64_t r) {
    return rows->alive == nullptr || rows->alive[r] > 0.0f;
}
