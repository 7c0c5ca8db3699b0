// Kernels of the emulator's self-test: memory, and what goes wrong with it.
#include "rows.cuh"

extern "C" __global__ void selftest_write_at(int32_t* base, int64_t element, int32_t value) { base[element] = value; }

extern "C" __global__ void selftest_read_at(const int32_t* base, int64_t element, int32_t* out) { *out = base[element]; }

extern "C" __global__ void selftest_load_vector(const float* from, int64_t offset, float* out) {
    const float4 v = load_f32x4(from + offset);
    out[0] = v.x + v.y + v.z + v.w;
}

// follows a pointer that the host wrote into device memory
extern "C" __global__ void selftest_follow(const int64_t* table, int32_t* out) { *out = *reinterpret_cast<const int32_t*>(table[0]); }

extern "C" __global__ void selftest_divide(int32_t* out, int32_t by) { *out = 100 / by; }

extern "C" __global__ void selftest_assert(int32_t* out, int32_t value) {
    assert(value == 1);
    *out = value;
}

extern "C" __global__ void selftest_trap(int32_t* out) {
    *out = 1;
    __trap();
}

__device__ int32_t deeper(int32_t depth, volatile int32_t* out) {
    volatile int32_t frame[64];
    frame[depth % 64] = depth;
    if (depth > 0) frame[0] = deeper(depth - 1, out) + frame[depth % 64];
    *out = frame[0];
    return frame[0];
}
extern "C" __global__ void selftest_recurse(int32_t* out, int32_t depth) { *out = deeper(depth, out); }

// defined only where a + b and a << b are: for the sanitizer of undefined behaviour
extern "C" __global__ void selftest_undefined(int32_t* out, int32_t a, int32_t b) {
    out[0] = a + b;
    out[1] = a << b;
}

// sums count elements, in one thread
extern "C" __global__ void selftest_total(const float* in, int32_t count, float* out) {
    float sum = 0;
    for (int32_t i = 0; i < count; ++i) sum += in[i];
    *out = sum;
}

// which rows a row set names: out[r] = index of row r, or -1 where it is not alive
extern "C" __global__ void selftest_rows(const RowSet* __restrict__ rows, int64_t* __restrict__ out, int32_t capacity) {
    const int64_t r = blockIdx.x * int64_t(blockDim.x) + threadIdx.x;
    if (r >= rows->count || r >= capacity) return;
    out[r] = row_alive(rows, r) ? row_index(rows, r) : -1;
}
