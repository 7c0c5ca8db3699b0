// Kernels of the emulator's self-test: barriers, shared memory, launch order.
#include "cuda.cuh"

// sums[block] = sum of in[block * blockDim ...], by a tree in dynamic shared memory
extern "C" __global__ void __launch_bounds__(1024)
selftest_block_sum(const int32_t* __restrict__ in, int32_t* __restrict__ sums, int32_t count) {
    TWEEDIE_SHARED(int32_t, tree);
    const int32_t i = int32_t(blockIdx.x * blockDim.x + threadIdx.x);
    tree[threadIdx.x] = i < count ? in[i] : 0;
    __syncthreads();
    for (unsigned int half = blockDim.x / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) tree[threadIdx.x] += tree[threadIdx.x + half];
        __syncthreads();
    }
    if (threadIdx.x == 0) sums[blockIdx.x] = tree[0];
}

// threads from `stay` on return before the barrier; the others must pass it
extern "C" __global__ void selftest_early_return(int32_t* out, int32_t stay) {
    if (int32_t(threadIdx.x) >= stay) return;
    __syncthreads();
    out[threadIdx.x] = 1;
}

// two barriers in two branches
extern "C" __global__ void selftest_two_barriers(int32_t* out) {
    if (threadIdx.x < 16) {
        __syncthreads();
    } else {
        __syncthreads();
    }
    out[threadIdx.x] = 1;
}

// one warp waits for the block, the other for its own lane 0, which waits for the block
extern "C" __global__ void selftest_deadlock(int32_t* out) {
    if (threadIdx.x % 32 == 0) {
        __syncthreads();
    } else {
        __syncwarp();
    }
    out[threadIdx.x] = 1;
}

// lacks a barrier: what a thread reads depends on the order in which threads run
extern "C" __global__ void selftest_race(int32_t* out) {
    TWEEDIE_STATIC_SHARED(int32_t, cell, 1024);
    cell[threadIdx.x] = int32_t(threadIdx.x);
    out[threadIdx.x] = cell[(threadIdx.x + 1) % blockDim.x];
}

// adds one for each block, and lacks an atomic: two blocks that run side by side may add one together
extern "C" __global__ void selftest_lost_update(int32_t* sum) {
    const int32_t before = *sum;
    __syncthreads();
    if (threadIdx.x == 0) *sum = before + 1;
}

// every block writes the same word
extern "C" __global__ void selftest_last_writer(int32_t* out) {
    if (threadIdx.x == 0) *out = int32_t(blockIdx.x);
}

// lanes read what the next lane wrote, with nothing between
extern "C" __global__ void selftest_no_syncwarp(int32_t* out) {
    TWEEDIE_STATIC_SHARED(int32_t, lanes, 32);
    lanes[threadIdx.x] = int32_t(threadIdx.x);
    out[threadIdx.x] = lanes[(threadIdx.x + 1) % 32];
}

// what shared memory holds at the start of a block: all ones, also behind a block that wrote to it
extern "C" __global__ void selftest_fresh_shared(uint32_t* out) {
    TWEEDIE_SHARED(uint32_t, dynamic);
    TWEEDIE_STATIC_SHARED(uint32_t, fixed, 32);
    out[2 * blockIdx.x] = dynamic[3];
    out[2 * blockIdx.x + 1] = fixed[5];
    dynamic[3] = 1;
    fixed[5] = 2;
}

// writes `past` elements behind the end of a static array of 8
extern "C" __global__ void selftest_shared_overrun(int32_t* out, int32_t past) {
    TWEEDIE_STATIC_SHARED(int32_t, small, 8);
    small[7 + past] = 1;
    out[0] = small[7 + past];
}

// barriers only: how long one takes
extern "C" __global__ void selftest_many_barriers(int32_t* out, int32_t count) {
    int32_t sum = 0;
    for (int32_t i = 0; i < count; ++i) {
        __syncthreads();
        sum += i;
    }
    out[threadIdx.x] = sum;
}

// no barrier at all
extern "C" __global__ void selftest_add_one(float* x, int64_t count) {
    const int64_t i = blockIdx.x * int64_t(blockDim.x) + threadIdx.x;
    if (i < count) x[i] = x[i] + 1.0f;
}

// where every thread is
extern "C" __global__ void selftest_position(int32_t* out) {
    const int64_t block = blockIdx.x + int64_t(gridDim.x) * (blockIdx.y + int64_t(gridDim.y) * blockIdx.z);
    const int64_t thread = threadIdx.x + int64_t(blockDim.x) * (threadIdx.y + int64_t(blockDim.y) * threadIdx.z);
    out[block * (int64_t(blockDim.x) * blockDim.y * blockDim.z) + thread] += int32_t(1 + block * 1000 + thread);
}

// every kind of parameter
extern "C" __global__ void selftest_parameters(double* out, int32_t a, int64_t b, uint64_t c, float d, double e) {
    out[0] = a;
    out[1] = double(b);
    out[2] = double(c);
    out[3] = d;
    out[4] = e;
}
