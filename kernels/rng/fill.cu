// fill.cu: random numbers into rows of a buffer; row r gets the numbers of sample index(r), purpose, ordinal
//
//   out    [count, width], rows stride apart
//   shape  one quad of coordinates a thread at a time, in grid strides; the launch shape does not change a bit
//   moves  4 bytes a number
#include "rng/quads.cuh"

namespace fill {
template <class Quad4>
__device__ __forceinline__ void rows_of(float* out, const RowSet* rows, int32_t width, int32_t stride, int32_t purpose, int32_t ordinal,
                                        Quad4 numbers) {
    const int32_t quads = (width + 3) / 4;
    const bool whole = rng::whole_quads(out, width, stride);
    const uint32_t what = rng::purpose_word(purpose, ordinal + rows->iteration);
    for (int64_t item = rng::first_item(); item < rows->count * quads; item += rng::item_stride()) {
        const rng::Quad at = rng::quad_of(item, quads);
        if (!row_alive(rows, at.row)) continue;
        rng::store_quad(out + at.row * stride, 4 * at.quad, width, whole, numbers(rng::row_words(rows->seed, row_index(rows, at.row), what, at.quad)));
    }
}
struct Normal {
    __device__ float4 operator()(const rng::Words w) const { return rng::normals(w); }
};
struct Uniform {
    __device__ float4 operator()(const rng::Words w) const { return rng::uniforms(w); }
};
struct Rademacher {
    __device__ float4 operator()(const rng::Words w) const { return rng::rademachers(w); }
};
struct Raw {
    __device__ float4 operator()(const rng::Words w) const {
        return make_float4(__uint_as_float(w.x), __uint_as_float(w.y), __uint_as_float(w.z), __uint_as_float(w.w));
    }
};
}  // namespace fill

// The raw words, for known answers and test batteries; out holds 32-bit words.
extern "C" __global__ void __launch_bounds__(256)
philox_words(int32_t* out, const RowSet* __restrict__ rows, int32_t width, int32_t stride, int32_t purpose, int32_t ordinal) {
    fill::rows_of(reinterpret_cast<float*>(out), rows, width, stride, purpose, ordinal, fill::Raw());
}

extern "C" __global__ void __launch_bounds__(256)
fill_normal_f32(float* out, const RowSet* __restrict__ rows, int32_t width, int32_t stride, int32_t purpose, int32_t ordinal) {
    fill::rows_of(out, rows, width, stride, purpose, ordinal, fill::Normal());
}

extern "C" __global__ void __launch_bounds__(256)
fill_uniform_f32(float* out, const RowSet* __restrict__ rows, int32_t width, int32_t stride, int32_t purpose, int32_t ordinal) {
    fill::rows_of(out, rows, width, stride, purpose, ordinal, fill::Uniform());
}

extern "C" __global__ void __launch_bounds__(256)
fill_rademacher_f32(float* out, const RowSet* __restrict__ rows, int32_t width, int32_t stride, int32_t purpose, int32_t ordinal) {
    fill::rows_of(out, rows, width, stride, purpose, ordinal, fill::Rademacher());
}
