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
