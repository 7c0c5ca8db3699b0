// tiles_linear_f16, _bf16, _tf32   y = act(bias + add + x W) + residual by the products of warpgroups; x, residual rows in tiles (tiles.cuh);
//                                  y as f32 to out, as tiles to half (rounded)
//
//   shape     128 rows x 256 columns by two warpgroups, 64 rows each; a warp more brings what they multiply: 128 bytes of each row and
//             column at a time (48 KB) by bulk copies through four places, counted by barriers. A block a multiprocessor takes tiles in
//             strides of the grid, tiles of columns of the same rows neighbours. Up to 64 columns are products of 64
//   in turns  the second warpgroup starts when all places have been filled once, so that one multiplies while the other activates and stores:
//             what one is ahead when it stores, the other is ahead a tile later
//   order     of sums inside a product the hardware's; products of 16 inputs (8 of tf32) in the order of k, from bias + add on: a row's
//             bits depend on the row alone
//   shared    four places, then their barriers: that it is full, that all eight warps have read it
//   moves     128 bytes of a row for 64 inputs (32 of tf32) once a tile of columns, those of the weights once a tile of rows (second cache);
//             half, out and residual once
//   elsewhere than on sm_90a these do nothing but stop
#include "bulk.cuh"
#include "rows.cuh"
#include "score/activation_fast.cuh"
#include "score/tiles.cuh"

namespace tiles {

constexpr int32_t WARPS = 8, THREADS = 32 * (WARPS + 4);  // registers are exchanged by warpgroups

struct Layer {
    const uint8_t* __restrict__ x;
    const uint8_t* __restrict__ weights;
    const float* __restrict__ bias;
    const float* __restrict__ add;
    const uint8_t* __restrict__ residual;
    float* __restrict__ out;
    uint8_t* __restrict__ half;
    const RowSet* __restrict__ rows;
    int32_t in, width, add_stride, out_stride, activation;
};

#ifdef TWEEDIE_WARPGROUPS
constexpr int32_t COLUMNS = 256, NARROW = 64;
constexpr int32_t STAGES = 4;
constexpr int32_t STAGE = 3 * TILE;  // rows, then columns

/// The places of the ring, one after the other: of step s number s % STAGES, for the s / STAGES-th time.
struct Ring {
    unsigned char* const memory;
    int32_t step = 0;

    __device__ __forceinline__ unsigned char* place() const { return memory + step % STAGES * STAGE; }
    __device__ __forceinline__ uint64_t* full() const { return full_of(step % STAGES); }
    __device__ __forceinline__ uint64_t* full_of(const int32_t number) const {
        return reinterpret_cast<uint64_t*>(memory + STAGES * STAGE) + number;
    }
    __device__ __forceinline__ uint64_t* empty() const { return full() + STAGES; }
    /// Of the place so many steps ago, at most STAGES.
    __device__ __forceinline__ uint64_t* empty_before(const int32_t steps) const { return full_of((step + STAGES - steps) % STAGES) + STAGES; }
    __device__ __forceinline__ int32_t parity() const { return step / STAGES & 1; }
};

/// One thread brings all.
template <class Type>
__device__ __forceinline__ void bring(const Layer& layer, Ring ring, const int64_t count, const int64_t work, const int32_t parts) {
    const int32_t depth = (layer.in + DEPTH<Type> - 1) / DEPTH<Type>;
    #pragma unroll 1
    for (int64_t tile = blockIdx.x; tile < work; tile += gridDim.x) {
        const int64_t r = tile / parts, left = count - r * LINES;
        const int32_t c = int32_t(tile % parts), columns = layer.width - c * COLUMNS;
        const int32_t row_bytes = int32_t(left < LINES ? left : LINES) * LINE;
        const int32_t first = columns <= NARROW ? NARROW * LINE : TILE, second = columns > LINES ? TILE : 0;
        const uint8_t* const x = layer.x + r * depth * TILE;
        const uint8_t* const weights = layer.weights + int64_t(2 * c) * depth * TILE;
        #pragma unroll 1
        for (int32_t k = 0; k < depth; ++k) {
            barrier_wait(ring.empty(), ring.parity() ^ 1);
            barrier_expect(ring.full(), row_bytes + first + second);
            bulk_load(ring.place(), x + int64_t(k) * TILE, row_bytes, ring.full());
            bulk_load(ring.place() + TILE, weights + int64_t(k) * TILE, first, ring.full());
            if (second > 0) bulk_load(ring.place() + 2 * TILE, weights + int64_t(depth + k) * TILE, second, ring.full());
            ++ring.step;
        }
    }
}

// eight neighbours of f32, of which some are there; whole: 16 bytes at once
__device__ __forceinline__ void load(float (&v)[GROUP], const float* from, const int32_t some, const bool whole) {
    if (whole && some >= GROUP) {
        const float4 a = load_f32x4(from), b = load_f32x4(from + 4);
        v[0] = a.x, v[1] = a.y, v[2] = a.z, v[3] = a.w, v[4] = b.x, v[5] = b.y, v[6] = b.z, v[7] = b.w;
    } else {
        #pragma unroll
        for (int32_t i = 0; i < GROUP; ++i) v[i] = i < some ? from[i] : 0.0f;
    }
}

__device__ __forceinline__ bool aligned(const float* p, const int32_t stride) { return reinterpret_cast<uintptr_t>(p) % 16 == 0 && stride % 4 == 0; }

template <int32_t SUMS, class Function>
__device__ __forceinline__ void apply(float (&d)[SUMS], const Function& function) {
    #pragma unroll
    for (int32_t i = 0; i < SUMS; ++i) d[i] = function(d[i]);
}

template <int32_t SUMS>
__device__ __forceinline__ void activate_all(float (&d)[SUMS], const int32_t activation) {
    switch (activation) {
        case SILU: apply(d, [](const float x) { return fast::activate(SILU, x); }); break;
        case SIN: apply(d, [](const float x) { return fast::activate(SIN, x); }); break;
        case TANH: apply(d, [](const float x) { return fast::activate(TANH, x); }); break;
        case RELU: apply(d, [](const float x) { return fast::activate(RELU, x); }); break;
        case SOFTPLUS: apply(d, [](const float x) { return fast::activate(SOFTPLUS, x); }); break;
        case GELU: apply(d, [](const float x) { return fast::activate(GELU, x); }); break;
        default: break;
    }
}

/// The products of the next place.
template <class Type, int32_t SUMS>
__device__ __forceinline__ void issue(float (&d)[SUMS], Ring& ring, const int32_t group) {
    const unsigned char* const a = ring.place() + group * (64 * LINE);
    const unsigned char* const b = ring.place() + TILE;
    barrier_wait(ring.full(), ring.parity());
    wgmma_fence();
    #pragma unroll
    for (int32_t i = 0; i < LINE / 32; ++i) Type::multiply(d, wgmma_matrix(a + 32 * i), wgmma_matrix(b + 32 * i));
    wgmma_commit();
    ++ring.step;
}

/// 64 rows of a warpgroup by 2 SUMS columns. Of 32 columns from 32 b on a lane has 8 q to 8 q + 7, of rows g and g + 8 of its warp.
template <class Type, int32_t SUMS>
__device__ __forceinline__ void multiply(const Layer& layer, Ring& ring, const int64_t count, const int64_t first_row, const int32_t first_column) {
    const int32_t lane = int32_t(threadIdx.x) % 32, warp = int32_t(threadIdx.x) / 32, q = lane % 4;
    const int32_t depth = (layer.in + DEPTH<Type> - 1) / DEPTH<Type>;
    const int64_t row = first_row + 16 * warp + lane / 4;
    const int32_t column = first_column + GROUP * q;
    float d[SUMS];
    #pragma unroll
    for (int32_t b = 0; b < SUMS / 16; ++b) {
        const int32_t j = column + 32 * b, some = layer.width - j;
        float v[GROUP];
        load(v, layer.bias == nullptr ? nullptr : layer.bias + j, layer.bias == nullptr ? 0 : some, aligned(layer.bias, 0));
        #pragma unroll
        for (int32_t i = 0; i < 16; ++i) d[16 * b + i] = v[2 * (i / 4) + i % 2];
        if (layer.add != nullptr) {
            #pragma unroll
            for (int32_t h = 0; h < 2; ++h) {
                const int64_t r = row + 8 * h;
                load(v, layer.add + r * layer.add_stride + j, r < count ? some : 0, aligned(layer.add, layer.add_stride));
                #pragma unroll
                for (int32_t i = 0; i < GROUP; ++i) d[16 * b + i / 2 * 4 + 2 * h + i % 2] += v[i];
            }
        }
    }

    issue<Type>(d, ring, warp / 4);
    #pragma unroll 1
    for (int32_t k = 1; k < depth; ++k) {
        issue<Type>(d, ring, warp / 4);
        wgmma_wait<1>();
        if (lane == 0) barrier_arrive(ring.empty_before(2));  // this warp has read the place before
    }
    wgmma_wait<0>();
    if (lane == 0) barrier_arrive(ring.empty_before(1));

    activate_all(d, layer.activation);
    const int32_t out_depth = (layer.width + DEPTH<Type> - 1) / DEPTH<Type>;
    const bool whole = aligned(layer.out, layer.out_stride);
    #pragma unroll
    for (int32_t h = 0; h < 2; ++h) {
        const int64_t r = row + 8 * h;
        if (r >= count || !row_alive(layer.rows, r)) continue;
        #pragma unroll
        for (int32_t b = 0; b < SUMS / 16; ++b) {
            const int32_t j = column + 32 * b, some = layer.width - j;
            if (j >= out_depth * DEPTH<Type>) break;
            float v[GROUP];
            #pragma unroll
            for (int32_t i = 0; i < GROUP; ++i) v[i] = d[16 * b + i / 2 * 4 + 2 * h + i % 2];
            if (layer.residual != nullptr) add<Type>(v, layer.residual, r, j, out_depth);
            if (layer.half != nullptr) {
                float filled[GROUP];
                #pragma unroll
                for (int32_t i = 0; i < GROUP; ++i) filled[i] = i < some ? v[i] : 0.0f;
                store<Type>(layer.half, r, j, out_depth, filled);
            }
            if (layer.out != nullptr) {
                float* const into = layer.out + r * layer.out_stride + j;
                if (whole && some >= GROUP) {
                    store_f32x4(into, make_float4(v[0], v[1], v[2], v[3]));
                    store_f32x4(into + 4, make_float4(v[4], v[5], v[6], v[7]));
                } else {
                    #pragma unroll
                    for (int32_t i = 0; i < GROUP; ++i) {
                        if (i < some) into[i] = v[i];
                    }
                }
            }
        }
    }
}

/// For speed alone: one group stores while the other multiplies.
__device__ __forceinline__ void start_late(uint64_t* full) { barrier_wait(full, 0); }

template <class Type>
__device__ __forceinline__ void linear(const Layer& layer) {
    TWEEDIE_SHARED(unsigned char, memory);
    Ring ring{memory};
    const int64_t count = layer.rows->count;
    const int32_t parts = (layer.width + COLUMNS - 1) / COLUMNS;
    const int64_t work = (count + LINES - 1) / LINES * parts;
    if (threadIdx.x == 0) {
        for (int32_t i = 0; i < STAGES; ++i) {
            barrier_init(ring.full_of(i), 1);
            barrier_init(ring.full_of(i) + STAGES, WARPS);
        }
        barrier_init_fence();
    }
    __syncthreads();
    if (int32_t(threadIdx.x) >= 32 * WARPS) {
        registers_keep<40>();
        if (threadIdx.x == 32 * WARPS) bring<Type>(layer, ring, count, work, parts);
        return;
    }
    registers_take<232>();
    if (int32_t(threadIdx.x) >= 32 * (WARPS / 2) && int64_t(blockIdx.x) < work) {
        const int64_t steps = (work - blockIdx.x + gridDim.x - 1) / gridDim.x * ((layer.in + DEPTH<Type> - 1) / DEPTH<Type>);
        start_late(ring.full_of(int32_t(steps < STAGES ? steps : STAGES) - 1));
    }
    #pragma unroll 1
    for (int64_t tile = blockIdx.x; tile < work; tile += gridDim.x) {
        const int64_t row = tile / parts * LINES;
        const int32_t column = int32_t(tile % parts) * COLUMNS;
        if (layer.width - column <= NARROW) {
            multiply<Type, NARROW / 2>(layer, ring, count, row, column);
        } else {
            multiply<Type, COLUMNS / 2>(layer, ring, count, row, column);
        }
    }
}
#else
template <class Type>
__device__ __forceinline__ void linear(const Layer&) {
    __trap();
}
#endif

}  // namespace tiles

extern "C" __global__ void __launch_bounds__(tiles::THREADS, 1)
tiles_linear_f16(const uint8_t* __restrict__ x, const uint8_t* __restrict__ weights, const float* __restrict__ bias,
                 const float* __restrict__ add, const uint8_t* __restrict__ residual, float* __restrict__ out, uint8_t* __restrict__ half,
                 const RowSet* __restrict__ rows, int32_t in, int32_t width, int32_t add_stride, int32_t out_stride, int32_t activation) {
    tiles::linear<tiles::F16>({x, weights, bias, add, residual, out, half, rows, in, width, add_stride, out_stride, activation});
}

extern "C" __global__ void __launch_bounds__(tiles::THREADS, 1)
tiles_linear_bf16(const uint8_t* __restrict__ x, const uint8_t* __restrict__ weights, const float* __restrict__ bias,
                  const float* __restrict__ add, const uint8_t* __restrict__ residual, float* __restrict__ out, uint8_t* __restrict__ half,
                  const RowSet* __restrict__ rows, int32_t in, int32_t width, int32_t add_stride, int32_t out_stride, int32_t activation) {
    tiles::linear<tiles::BF16>({x, weights, bias, add, residual, out, half, rows, in, width, add_stride, out_stride, activation});
}

extern "C" __global__ void __launch_bounds__(tiles::THREADS, 1)
tiles_linear_tf32(const uint8_t* __restrict__ x, const uint8_t* __restrict__ weights, const float* __restrict__ bias,
                  const float* __restrict__ add, const uint8_t* __restrict__ residual, float* __restrict__ out, uint8_t* __restrict__ half,
                  const RowSet* __restrict__ rows, int32_t in, int32_t width, int32_t add_stride, int32_t out_stride, int32_t activation) {
    tiles::linear<tiles::TF32>({x, weights, bias, add, residual, out, half, rows, in, width, add_stride, out_stride, activation});
}
