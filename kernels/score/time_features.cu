// time_features_f32 — out[k] = sin(2 pi f[k] t), out[n + k] = cos(2 pi f[k] t)
//
//   t      one a row (stride 1 or more), or one for all (stride 0)
//   f      [n], turns per unit of time
//   out    [count, 2 n]
//   shape  one thread a frequency and row at a time
//   moves  8 bytes a pair of features
#include "rows.cuh"
#include "score/turns.cuh"

extern "C" __global__ void __launch_bounds__(256)
time_features_f32(const float* __restrict__ t, const float* __restrict__ f, float* __restrict__ out, const RowSet* __restrict__ rows,
                  int32_t n, int32_t t_stride, int32_t out_stride) {
    const int64_t items = rows->count * n;
    for (int64_t item = blockIdx.x * int64_t(blockDim.x) + threadIdx.x; item < items; item += gridDim.x * int64_t(blockDim.x)) {
        const int64_t r = item / n;
        const int64_t k = item % n;
        if (!row_alive(rows, r)) continue;
        const approx::SinCos pair = approx::sincos_turns(fraction_of_turn(f[k], t[r * t_stride]));
        out[r * out_stride + k] = pair.sin;
        out[r * out_stride + n + k] = pair.cos;
    }
}
