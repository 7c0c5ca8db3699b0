// The gradient of a multilayer perceptron up to 128 wide by products of 16-bit numbers: three kernels, launched in this order.
//
// train_mlp_pack_bf16 — weights from f32 into the stages of train_mlp_rows (train_mlp.cuh), rounded to nearest even
//
//   matrices  9 int32 each: kind, first parameter, first 16 bytes of packed, blocks of k, blocks of columns, k, columns, strides of k and
//             of columns in the parameters. BIASES: f32 as they are; INPUTS: four k a block of sixteen, hi, hi, lo, lo; else MATRIX
//   shape     items of 16 bytes by matrices, both in strides of the grid
//
// train_mlp_rows_bf16 — forward, loss and back of each row: what the weights' gradients are made from
//
//   x         [count, inputs], features [count, time], target [count, outputs]; weight a number a row
//   loss[r]   w |out - target|^2;  the cotangent is 2 scale w (out - target)
//   tape      16 rows after the other, as train_mlp.cuh orders them; a row that is dead or beyond the count has zeros
//   shape     a warp 32 rows, all warps of a block in step; the next stage of weights is copied while this one is multiplied
//   shared    two stages, and for each warp inputs and features of its rows
//   moves     x, features, target once; a tape of (in + time + 1 + 2 depth wide) 32 bytes a row; weights once a tile of a block's rows
//
// train_mlp_weights_bf16 — partial[c * (parameters + 1) + p]: the gradient of parameter p from chunk c of the rows (chunks.cuh)
//
//   places    3 int32 a layer, the last the outputs: first parameter of weights, of the features' weights, of biases
//   shape     a block 64 inputs of a layer by all of its outputs; tiles of inputs, layers and chunks in strides of the grid
//   moves     of the tape what it multiplies, 4 bytes a parameter and chunk
//
// Sums in f32 by mma.sync: held to a bound, not to bits; a row's bits depend on the row alone, a parameter's on the rows alone.
#include "rows.cuh"
#include "score/chunks.cuh"
#include "train/train_mlp.cuh"

namespace train_mlp {

enum Kind : int32_t { MATRIX, BIASES, INPUTS };
constexpr int32_t WORDS = 9;
constexpr int32_t THREADS = 256;  // one block a multiprocessor: all its registers
constexpr int32_t PRODUCT_THREADS = 128;
constexpr int32_t SLICE = 12 * BLOCK * 2;  // 32 rows of 64 inputs and 128 outputs
constexpr int32_t SLICES = 3;

template <class Type>
TWEEDIE_INLINE float packed_input(const float* __restrict__ w, const int32_t k, const int32_t inputs, const int32_t stride) {
    const int32_t c = 4 * (k / 16) + k % 4;
    const float v = c < inputs ? w[c * stride] : 0.0f;
    return k % 16 < 8 ? v : v - Type::low(Type::pair(v, 0.0f));
}

template <class Type>
TWEEDIE_INLINE uint4 packed_item(const float* __restrict__ w, const int32_t* __restrict__ matrix, const int32_t item) {
    const int32_t kind = matrix[0], depth = matrix[3], ks = matrix[5], columns = matrix[6], k_stride = matrix[7], j_stride = matrix[8];
    if (kind == BIASES) {
        uint32_t words[4];
#pragma unroll
        for (int32_t i = 0; i < 4; ++i) words[i] = 4 * item + i < columns ? __float_as_uint(w[4 * item + i]) : 0;
        return make_uint4(words[0], words[1], words[2], words[3]);
    }
    const int32_t lane = item % 32, kb = item / 32 % depth, nb = item / 32 / depth;
    uint32_t words[4];
#pragma unroll
    for (int32_t i = 0; i < 4; ++i) {
        const int32_t k = 16 * kb + 2 * (lane % 4) + 8 * (i % 2), j = 16 * nb + 8 * (i / 2) + lane / 4;
        const float* const from = w + j * j_stride;
        float lo = 0.0f, hi = 0.0f;
        if (j < columns && kind == INPUTS) {
            lo = packed_input<Type>(from, k, ks, k_stride);
            hi = packed_input<Type>(from, k + 1, ks, k_stride);
        } else if (j < columns) {
            if (k < ks) lo = from[k * k_stride];
            if (k + 1 < ks) hi = from[(k + 1) * k_stride];
        }
        words[i] = Type::pair(lo, hi);
    }
    return make_uint4(words[0], words[1], words[2], words[3]);
}

// Stages of weights through two places in shared memory.
struct Stages {
    unsigned char* memory;
    const unsigned char* packed;
    Shape shape;
    int32_t room, stage, from, turn;  // bytes of a place; the stage that is queued next, where it begins, where it goes

    __device__ __forceinline__ void queue() {
        const int32_t bytes = stage_bytes(shape, stage);
        for (int32_t i = 16 * int32_t(threadIdx.x); i < bytes; i += 16 * int32_t(blockDim.x)) {
            cp_async_16(memory + turn * room + i, packed + from + i);
        }
        cp_async_commit();
        stage = stage + 1 == 2 * shape.depth ? 0 : stage + 1;
        from = stage == 0 ? 0 : from + bytes;
        turn = 1 - turn;
    }

    // the stage that was queued last; the next one is on its way where there is more
    __device__ __forceinline__ const unsigned char* next(const bool more) {
        cp_async_wait<0>();
        __syncthreads();  // and all have read the one before
        const unsigned char* const present = memory + (1 - turn) * room;
        if (more) queue();
        return present;
    }
};

// d <- the cotangent of the outputs, and the loss of each row
template <class Type>
TWEEDIE_INLINE void judge(uint32_t (&d)[2][4], const float (&out)[2][2][4], const float* __restrict__ target,
                          const float* __restrict__ weight, float* __restrict__ loss, const Rows& rows, const int32_t outputs,
                          const int64_t target_stride, const int64_t weight_stride, const float scale, const int32_t q) {
#pragma unroll
    for (int32_t m = 0; m < 2; ++m) {
#pragma unroll
        for (int32_t i = 0; i < 2; ++i) {
            const bool there = rows.has(m, i);
            const int64_t row = rows.row(m, i);
            const float w = !there ? 0.0f : weight == nullptr ? 1.0f : weight[row * weight_stride];
            const float factor = (scale + scale) * w;
            float sum = 0.0f;
#pragma unroll
            for (int32_t n = 0; n < 2; ++n) {
                float error[2];
#pragma unroll
                for (int32_t j = 0; j < 2; ++j) {
                    const int32_t c = 8 * n + 2 * q + j;
                    error[j] = there && c < outputs ? out[m][n][2 * i + j] - target[row * target_stride + c] : 0.0f;
                    sum = fmaf(error[j], error[j], sum);
                }
                d[m][i + 2 * n] = Type::pair(factor * error[0], factor * error[1]);
            }
            sum += __shfl_xor_sync(0xffffffffu, sum, 1);
            sum += __shfl_xor_sync(0xffffffffu, sum, 2);
            if (q == 0 && there) loss[row] = w * sum;
        }
    }
}

template <class Type>
TWEEDIE_INLINE void rows(const RowSet* __restrict__ rows, const float* __restrict__ x, const float* __restrict__ features,
                         const float* __restrict__ target, const float* __restrict__ weight, const uint16_t* __restrict__ packed,
                         uint16_t* tape_memory, float* __restrict__ loss, const int32_t inputs, const int32_t time, const int32_t outputs,
                         const int32_t width, const int32_t depth, const int32_t x_stride, const int32_t time_stride,
                         const int32_t target_stride, const int32_t weight_stride, const int32_t activation, const int32_t residual,
                         const float scale) {
    TWEEDIE_SHARED(unsigned char, memory);
    const Shape s = {(inputs + 3) / 4, (time + 15) / 16, 2 * ((width + 31) / 32), depth};
    const int32_t lane = int32_t(threadIdx.x) % 32, warp = int32_t(threadIdx.x) / 32;
    const int32_t q = lane % 4;
    if (int64_t(blockIdx.x) * blockDim.x >= rows->count) return;  // a thread a row: blocks of 32 rows a warp

    int32_t room = 64 + 2 * BLOCK * s.wide;
    if (layer_bytes(s, 0) > room) room = layer_bytes(s, 0);
    if (depth > 1 && layer_bytes(s, 1) > room) room = layer_bytes(s, 1);
    Stages stages = {memory, reinterpret_cast<const unsigned char*>(packed), s, room, 0, 0, 0};
    unsigned char* const parked = memory + 2 * room + PARKED * (s.in + s.time) * warp + 16 * lane;
    stages.queue();
    for (int64_t block = int64_t(blockIdx.x) * blockDim.x; block < rows->count; block += int64_t(gridDim.x) * blockDim.x) {
        const int64_t first = block + 32 * warp;
        const int64_t left = rows->count - first;
        const Tape tape = {reinterpret_cast<unsigned char*>(tape_memory) + first / 16 * tape_blocks(s) * BLOCK + 4 * lane,
                           tape_blocks(s) * BLOCK, left > 16 ? 2 : left > 0 ? 1 : 0};
        Rows mine = {first, 0};
#pragma unroll
        for (int32_t j = 0; j < 4; ++j) {
            const int64_t row = mine.row(j / 2, j % 2);
            if (row < rows->count && row_alive(rows, row)) mine.there |= 1u << j;
        }
        uint32_t a[BLOCKS][2][4], next[BLOCKS][2][4];
#pragma unroll 1
        for (int32_t kb = 0; kb < s.in + s.time; ++kb) {
            uint32_t each[2][4];
            if (kb < s.in) load_inputs<Type>(each, x, mine, x_stride, inputs, kb, q);
            else load_features<Type>(each, features, mine, time_stride, time, kb - s.in, q);
            tape.keep(kb, each);
            park(parked + PARKED * kb, each);
        }
        layer<Type, true>(a, a, parked, s, stages.next(true), 0, tape, activation, false, lane);
#pragma unroll 1
        for (int32_t l = 1; l < depth; ++l) {
            layer<Type, false>(next, a, parked, s, stages.next(true), l, tape, activation, residual != 0, lane);
#pragma unroll
            for (int32_t i = 0; i < 8 * BLOCKS; ++i) a[i / 8][i / 4 % 2][i % 4] = next[i / 8][i / 4 % 2][i % 4];
        }

        const bool again = block + int64_t(gridDim.x) * blockDim.x < rows->count;
        const unsigned char* const out = stages.next(depth > 1 || again);
        float sum[2][2][4];
        start(sum, reinterpret_cast<const float*>(out), q);
#pragma unroll
        for (int32_t kb = 0; kb < BLOCKS; ++kb) {
            if (kb - kb % GROUP < s.wide) multiply<Type>(sum, a[kb], out + 64 + BLOCK * kb + 16 * lane);
        }
        uint32_t d[1][2][4];
        judge<Type>(d[0], sum, target, weight, loss, mine, outputs, target_stride, weight_stride, scale, q);
        tape.keep(out_at(s), d[0]);
        back<Type, 1>(a, d, 1, s, out + 64 + BLOCK * s.wide + 16 * lane, false);
        towards<Type>(next, a, s, depth - 1, tape);
#pragma unroll 1
        for (int32_t l = depth - 1; l > 0; --l) {
            back<Type, BLOCKS>(a, next, s.wide, s, stages.next(l > 1 || again) + 16 * lane, residual != 0);
            towards<Type>(next, a, s, l - 1, tape);
        }
    }
}

// What a block multiplies: x_blocks of inputs, those from split on at time_at, and d_blocks of d.
struct Operands { int32_t x_at, split, time_at, x_blocks, d_at, d_blocks; };

// 32 rows of the tape into a slice: for each sixteen rows four blocks of inputs, then eight of d; zeros for what is not there
TWEEDIE_INLINE void fetch(unsigned char* slice, const unsigned char* __restrict__ tape, const int32_t tape_bytes, const int64_t tile,
                          const int64_t tiles, const Operands& o) {
#pragma unroll
    for (int32_t i = 0; i < SLICE / 16 / PRODUCT_THREADS; ++i) {
        const int32_t item = int32_t(threadIdx.x) + PRODUCT_THREADS * i;
        const int32_t half = item / (12 * BLOCK / 16), block = item / (BLOCK / 16) % 12;
        const bool there = tile + half < tiles && (block < 4 ? block < o.x_blocks : block - 4 < o.d_blocks);
        const int32_t at = block >= 4 ? o.d_at + block - 4 : block < o.split ? o.x_at + block : o.time_at + block - o.split;
        cp_async_16(slice + 16 * item,
                    there ? tape + (tile + half) * tape_bytes + at * BLOCK + item % (BLOCK / 16) * 16 : tape, there);
    }
}

// Four blocks of the inputs of layer l, from first on, by the outputs; the rows from start to end, tiles of sixteen. turn: the next slice;
// the one before it may still be read by other warps, and is written last.
template <class Type>
TWEEDIE_INLINE void product(unsigned char* slices, const unsigned char* __restrict__ from, const int32_t* __restrict__ places,
                            float* __restrict__ into, int32_t& turn, const Shape& s, const int32_t l, const int32_t first,
                            const int64_t start, const int64_t tiles, const int32_t inputs, const int32_t time, const int32_t outputs, const int32_t width) {
    const int32_t lane = int32_t(threadIdx.x) % 32, warp = int32_t(threadIdx.x) / 32;
    const int32_t g = lane / 4, q = lane % 4, down = warp % 2, across = warp / 2;
    // the layer's inputs, those of the layer before and then the features
    const int32_t before = l == 0 ? s.in : s.wide, blocks = before + (l == s.depth ? 0 : s.time);
    if (first >= blocks) return;
    const int32_t columns = l == s.depth ? outputs : width;
    const Operands o = {(l == 0 ? 0 : hidden_at(s, l - 1)) + first, before - first > 0 ? before - first : 0,
                        first > before ? s.in + first - before : s.in, blocks - first < 4 ? blocks - first : 4,
                        l == s.depth ? out_at(s) : towards_at(s, l), l == s.depth ? 1 : s.wide};
    const bool with_biases = first == 0;  // each of the two warps of a column half of them
    const int32_t bytes = tape_blocks(s) * BLOCK;
    float sum[2][8][4] = {}, bias[4][4] = {};
    const int32_t ahead = SLICES - 1;
#pragma unroll
    for (int32_t i = 0; i < ahead; ++i) {
        fetch(slices + SLICE * (turn + i < SLICES ? turn + i : turn + i - SLICES), from, bytes, start + 2 * i, tiles, o);
        cp_async_commit();
    }
    for (int64_t t = start; t < tiles; t += 2) {
        cp_async_wait<SLICES - 2>();
        __syncthreads();
        const int32_t then = turn + ahead < SLICES ? turn + ahead : turn + ahead - SLICES;
        fetch(slices + SLICE * then, from, bytes, t + 2 * ahead, tiles, o);
        cp_async_commit();
        const unsigned char* const slice = slices + SLICE * turn + 16 * lane;
        turn = turn + 1 < SLICES ? turn + 1 : 0;
#pragma unroll
        for (int32_t half = 0; half < 2; ++half) {
            const unsigned char* const mine = slice + 12 * BLOCK * half;
            uint32_t a[2][4];
#pragma unroll
            for (int32_t m = 0; m < 2; ++m) {
                uint32_t r[4];
                ldmatrix_x4_trans(r, mine + BLOCK * (2 * down + m));
                a[m][0] = r[0];
                a[m][1] = r[2];
                a[m][2] = r[1];
                a[m][3] = r[3];
            }
            const uint32_t one = Type::pair(1.0f, 1.0f);
            const uint32_t ones[4] = {one, one, one, one};
#pragma unroll
            for (int32_t n = 0; n < 4; ++n) {
                if (4 * across + n < o.d_blocks) {
                    uint32_t r[4];
                    ldmatrix_x4_trans(r, mine + BLOCK * (4 + 4 * across + n));
                    const uint32_t b[2][2] = {{r[0], r[1]}, {r[2], r[3]}};
#pragma unroll
                    for (int32_t j = 0; j < 2; ++j) {
                        Type::multiply(sum[0][2 * n + j], a[0], b[j]);
                        Type::multiply(sum[1][2 * n + j], a[1], b[j]);
                        if (with_biases && n / 2 == down) Type::multiply(bias[2 * n % 4 + j], ones, b[j]);
                    }
                }
            }
        }
    }
    cp_async_wait<0>();
#pragma unroll
    for (int32_t n = 0; n < 8; ++n) {
#pragma unroll
        for (int32_t i = 0; i < 4; ++i) {
            const int32_t j = 64 * across + 8 * n + 2 * q + i % 2;
#pragma unroll
            for (int32_t m = 0; m < 2; ++m) {
                const int32_t block = first + 2 * down + m;
                float value = sum[m][n][i];
                const float other = __shfl_xor_sync(0xffffffffu, value, 16);
                int32_t k = 16 * block + g + 8 * (i / 2), count = width, place = places[3 * l];
                if (block >= before) {
                    k -= 16 * before;
                    count = block < blocks ? time : 0;
                    place = places[3 * l + 1];
                } else if (l == 0) {  // four coordinates a block: hi and, four rows further, lo
                    value += other;
                    k = 4 * block + g;
                    count = g < 4 && i < 2 ? inputs : 0;
                }
                if (k < count && j < columns) into[place + int64_t(k) * columns + j] = value;
            }
            if (with_biases && n / 4 == down && g == 0 && i < 2 && j < columns) into[places[3 * l + 2] + j] = bias[n % 4][i];
        }
    }
}

template <class Type>
TWEEDIE_INLINE void weights(const RowSet* __restrict__ rows, const uint16_t* __restrict__ tape, const int32_t* __restrict__ places,
                            float* __restrict__ partial, const int32_t parameters, const int32_t inputs, const int32_t time,
                            const int32_t outputs, const int32_t width, const int32_t depth) {
    TWEEDIE_STATIC_SHARED(unsigned char, slices, SLICE * SLICES);
    const Shape s = {(inputs + 3) / 4, (time + 15) / 16, 2 * ((width + 31) / 32), depth};
    const int64_t chunk = chunks::length(rows->count);
    int32_t turn = 0;
    for (int64_t c = blockIdx.z; c * chunk < rows->count; c += gridDim.z) {
        const int64_t end = (c + 1) * chunk < rows->count ? (c + 1) * chunk : rows->count;
        for (int32_t l = int32_t(blockIdx.y); l <= depth; l += int32_t(gridDim.y)) {
            for (int32_t first = 4 * int32_t(blockIdx.x); first < BLOCKS + 4; first += 4 * int32_t(gridDim.x)) {
                product<Type>(slices, reinterpret_cast<const unsigned char*>(tape), places, partial + c * (int64_t(parameters) + 1), turn,
                              s, l, first, c * chunk / 16, (end + 15) / 16, inputs, time, outputs, width);
            }
        }
    }
}

}  // namespace train_mlp

extern "C" __global__ void __launch_bounds__(256)
train_mlp_pack_bf16(const float* __restrict__ parameters, uint16_t* __restrict__ packed, const int32_t* __restrict__ matrices,
                    int32_t count) {
    for (int32_t m = int32_t(blockIdx.y); m < count; m += int32_t(gridDim.y)) {
        const int32_t* const matrix = matrices + train_mlp::WORDS * m;
        const int32_t items = matrix[0] == train_mlp::BIASES ? 4 * matrix[4] : 32 * matrix[3] * matrix[4];
        for (int32_t item = int32_t(blockIdx.x * blockDim.x + threadIdx.x); item < items; item += int32_t(gridDim.x * blockDim.x)) {
            store_b128(packed + 8 * (int64_t(matrix[2]) + item),
                       train_mlp::packed_item<mixed::BF16>(parameters + matrix[1], matrix, item));
        }
    }
}

extern "C" __global__ void __launch_bounds__(train_mlp::THREADS, 1)
train_mlp_rows_bf16(const RowSet* __restrict__ rows, const float* __restrict__ x, const float* __restrict__ features,
                    const float* __restrict__ target, const float* __restrict__ weight, const uint16_t* __restrict__ packed, uint16_t* tape,
                    float* __restrict__ loss, int32_t inputs, int32_t time, int32_t outputs, int32_t width, int32_t depth, int32_t x_stride,
                    int32_t time_stride, int32_t target_stride, int32_t weight_stride, int32_t activation, int32_t residual, float scale) {
    train_mlp::rows<mixed::BF16>(rows, x, features, target, weight, packed, tape, loss, inputs, time, outputs, width, depth, x_stride,
                                 time_stride, target_stride, weight_stride, activation, residual, scale);
}

extern "C" __global__ void __launch_bounds__(train_mlp::PRODUCT_THREADS, 2)
train_mlp_weights_bf16(const RowSet* __restrict__ rows, const uint16_t* __restrict__ tape, const int32_t* __restrict__ places,
                       float* __restrict__ partial, int32_t parameters, int32_t inputs, int32_t time, int32_t outputs, int32_t width,
                       int32_t depth) {
    train_mlp::weights<mixed::BF16>(rows, tape, places, partial, parameters, inputs, time, outputs, width, depth);
}
