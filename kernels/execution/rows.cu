// rows_assign — writes the row set that later launches of the stream read
//
//   shape  one thread
//   moves  48 bytes; by a launch and not by a copy, so that it is ordered in the stream and needs no host memory
#include "rows.cuh"

extern "C" __global__ void __launch_bounds__(32)
rows_assign(RowSet* __restrict__ rows, uint64_t seed, int64_t first, int64_t count, const int64_t* index, const float* alive,
            int64_t iteration) {
    if (blockIdx.x != 0 || threadIdx.x != 0) return;
    rows->seed = seed;
    rows->first = first;
    rows->count = count;
    rows->index = index;
    rows->alive = alive;
    rows->iteration = iteration;
}

// rows_again_f32: before a step is repeated, the rows that go on and the number of the iteration; last becomes it while a row is alive
//
//   shape  a thread a row, in grid strides
//   moves  8 bytes a row
extern "C" __global__ void __launch_bounds__(256)
rows_again_f32(RowSet* rows, const float* __restrict__ alive, float* __restrict__ mask, int64_t* __restrict__ last, int64_t iteration) {
    const int64_t first = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    for (int64_t row = first; row < rows->count; row += int64_t(gridDim.x) * blockDim.x) {
        const float still = alive[row];
        mask[row] = still;
        if (still > 0.0f) *last = iteration;  // whoever writes, writes the same
    }
    if (first != 0) return;
    rows->alive = mask;
    rows->iteration = iteration;
}

// rows_permute_f32: out[r] = in[order[r]], rows of dim numbers
//
//   shape  a thread a number, in grid strides
//   moves  8 bytes a number, and the order
extern "C" __global__ void __launch_bounds__(256)
rows_permute_f32(float* __restrict__ out, const float* __restrict__ in, const int32_t* __restrict__ order, int64_t count, int32_t dim) {
    for (int64_t item = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; item < count * dim; item += int64_t(gridDim.x) * blockDim.x) {
        const int64_t row = item / dim;
        out[item] = in[int64_t(order[row]) * dim + (item - row * dim)];
    }
}
