// steps_tile.cuh — tiles of products of bf16 numbers by a block of four warps: sum[m][n] += sum over k of A[m][k] B[k][n]
//
//   square   64 x 64 numbers of a matrix in memory, 8 KB in shared memory: 128 bytes a row, 16 bytes at place chunk ^ row % 8, so that
//            neither copies nor ldmatrix meet twice in a bank
//   slice    64 k of a tile: SIDE / 64 squares of A, then as many of B
//   ALONG    k runs along the rows of the square in memory; else m (or n) does, and ldmatrix transposes
//   ring     slices on their way by cp.async. It goes on from product to product: the place that a product begins with was read before the
//            last barrier of the one before, so none stands between two of them
//   order    an element's sum takes k in blocks of sixteen in their order: its bits are those of its row and column
#pragma once
#include "math.cuh"
#include "score/operands.cuh"

namespace steps {

constexpr int32_t THREADS = 128;
constexpr int32_t SQUARE = 64;
constexpr int32_t SQUARE_BYTES = 2 * SQUARE * SQUARE;

// A tile of 64 x 64 with a warp to 32 x 32, or of 128 x 128 with a warp to 64 x 64: what a warp reads of shared memory a product halves.
template <int32_t SIDE_, int32_t STAGES_>
struct Shape {
    static constexpr int32_t SIDE = SIDE_, STAGES = STAGES_;
    static constexpr int32_t UNROLLED = SIDE == SQUARE ? 4 : 1;     // blocks of sixteen k
    static constexpr int32_t SQUARES = SIDE / SQUARE;               // of A in a slice, and of B
    static constexpr int32_t DOWN = SIDE / 32, ACROSS = SIDE / 16;  // products of 16 x 8 of a warp
    static constexpr int32_t SLICE = 2 * SQUARES * SQUARE_BYTES;
    static constexpr int32_t RING = STAGES * SLICE;                 // bytes of shared memory, as org.tweedie.kernels.TrainSteps has them
    static constexpr int32_t ROOM = 112 * SIDE;                     // beside it
};

struct Square {
    const uint16_t* at;
    int32_t pitch;
    bool there;  // else zeros, and at is any valid address
};

// This thread's number, new to the compiler: else it computes what follows from it once for all tiles, and registers are for sums.
TWEEDIE_INLINE int32_t this_thread() {
    int32_t thread = int32_t(threadIdx.x);
#if defined(__CUDA_ARCH__)
    asm volatile("" : "+r"(thread));
#endif
    return thread;
}

TWEEDIE_INLINE void copy_square(unsigned char* to, const Square from, const int32_t thread) {
    const int32_t row = thread / 8, chunk = thread % 8;
    unsigned char* const place = to + 128 * row + 16 * (chunk ^ row % 8);
    const uint16_t* const at = from.there ? from.at + int64_t(row) * from.pitch + 8 * chunk : from.at;
    const int64_t pitch = from.there ? 16 * int64_t(from.pitch) : 0;
#pragma unroll
    for (int32_t i = 0; i < 4; ++i) cp_async_16(place + 128 * 16 * i, at + i * pitch, from.there);
}

TWEEDIE_INLINE const unsigned char* in_square(const unsigned char* square, const int32_t row, const int32_t chunk) {
    return square + 128 * row + 16 * (chunk ^ row % 8);
}

// rows m .. m + 15 of A, k .. k + 15
template <bool ALONG>
TWEEDIE_INLINE void load_a(uint32_t (&a)[4], const unsigned char* squares, const int32_t m, const int32_t k, const int32_t lane) {
    const unsigned char* const square = squares + m / SQUARE * SQUARE_BYTES;
    if (ALONG) ldmatrix_x4(a, in_square(square, m % SQUARE + lane % 16, k / 8 + lane / 16));
    else ldmatrix_x4_trans(a, in_square(square, k + 8 * (lane / 16) + lane % 8, m % SQUARE / 8 + lane / 8 % 2));
}

// k .. k + 15 of B, columns n .. n + 15: two operands
template <bool ALONG>
TWEEDIE_INLINE void load_b(uint32_t (&b)[4], const unsigned char* squares, const int32_t n, const int32_t k, const int32_t lane) {
    const unsigned char* const square = squares + n / SQUARE * SQUARE_BYTES;
    if (ALONG) ldmatrix_x4(b, in_square(square, n % SQUARE + 8 * (lane / 16) + lane % 8, k / 8 + lane / 8 % 2));
    else ldmatrix_x4_trans(b, in_square(square, k + lane % 16, n % SQUARE / 8 + lane / 16));
}

struct Ring {
    unsigned char* memory;
    int32_t turn;  // where the next slice that is used lies
};

// sum: rows m + 16 i + g (+ 8), columns n + 8 j + 2 q (+ 1) of the tile. a(i, s), b(i, s): square i of slice s; the B of a product of few
// columns is across squares wide. each(k, operands): what else is done with the columns, after the operands of sixteen k are there
template <class Tile, bool A_ALONG, bool B_ALONG, int32_t DOWN, int32_t ACROSS, class A, class B, class Each>
TWEEDIE_INLINE void product(float (&sum)[DOWN][ACROSS][4], Ring& ring, const int32_t slices, const A& a, const B& b, const int32_t across,
                            const int32_t m, const int32_t n, const Each& each) {
    const int32_t thread = this_thread(), lane = thread % 32;
    // slice s into the place that lies `ahead` from the next
    const auto queue = [&](const int32_t s, const int32_t ahead) {
        if (s < slices) {
            const int32_t turn = ring.turn + ahead;
            unsigned char* const to = ring.memory + (turn < Tile::STAGES ? turn : turn - Tile::STAGES) * Tile::SLICE;
#pragma unroll
            for (int32_t i = 0; i < Tile::SQUARES; ++i) copy_square(to + i * SQUARE_BYTES, a(i, s), thread);
#pragma unroll
            for (int32_t i = 0; i < Tile::SQUARES; ++i) {
                if (i < across) copy_square(to + (Tile::SQUARES + i) * SQUARE_BYTES, b(i, s), thread);
            }
        }
        cp_async_commit();
    };
#pragma unroll
    for (int32_t s = 0; s < Tile::STAGES - 1; ++s) queue(s, s);
#pragma unroll 1
    for (int32_t s = 0; s < slices; ++s) {
        cp_async_wait<Tile::STAGES - 2>();
        __syncthreads();  // the slice of all threads' copies is there, and nobody reads the one before it any more
        const unsigned char* const slice = ring.memory + ring.turn * Tile::SLICE;
        queue(s + Tile::STAGES - 1, Tile::STAGES - 1);  // to the place of the slice before this one
        ring.turn = ring.turn + 1 < Tile::STAGES ? ring.turn + 1 : 0;
#pragma unroll(Tile::UNROLLED)
        for (int32_t k = 0; k < SQUARE; k += 16) {
            uint32_t left[DOWN][4];
#pragma unroll
            for (int32_t i = 0; i < DOWN; ++i) load_a<A_ALONG>(left[i], slice, m + 16 * i, k, lane);
#pragma unroll
            for (int32_t j = 0; j < ACROSS; j += 2) {
                uint32_t r[4];
                load_b<B_ALONG>(r, slice + Tile::SQUARES * SQUARE_BYTES, n + 8 * j, k, lane);
                const uint32_t right[2][2] = {{r[0], r[1]}, {r[2], r[3]}};
#pragma unroll
                for (int32_t i = 0; i < DOWN; ++i) {
                    mixed::BF16::multiply(sum[i][j], left[i], right[0]);
                    mixed::BF16::multiply(sum[i][j + 1], left[i], right[1]);
                }
                each(j, right);
            }
        }
    }
}

// What four lanes hold of four tiles of eight columns, a word of each: afterwards lane q holds all eight columns of tile q. Its own inverse.
TWEEDIE_INLINE void transpose(uint32_t* w, const int32_t q) {
    const bool odd = (q & 1) != 0, high = (q & 2) != 0;
    const uint32_t a = __shfl_xor_sync(0xffffffffu, odd ? w[0] : w[1], 1), b = __shfl_xor_sync(0xffffffffu, odd ? w[2] : w[3], 1);
    w[0] = odd ? a : w[0];
    w[1] = odd ? w[1] : a;
    w[2] = odd ? b : w[2];
    w[3] = odd ? w[3] : b;
    const uint32_t c = __shfl_xor_sync(0xffffffffu, high ? w[0] : w[2], 2), d = __shfl_xor_sync(0xffffffffu, high ? w[1] : w[3], 2);
    w[0] = high ? c : w[0];
    w[1] = high ? d : w[1];
    w[2] = high ? w[2] : c;
    w[3] = high ? w[3] : d;
}

// row: of the warp's first column; 16 bytes a lane
template <int32_t ACROSS>
TWEEDIE_INLINE void store_transposed(uint16_t* row, const uint32_t (&w)[ACROSS], const int32_t q) {
#pragma unroll
    for (int32_t j = 0; j < ACROSS; j += 4) store_b128(row + 8 * (j + q), make_uint4(w[j], w[j + 1], w[j + 2], w[j + 3]));
}

template <int32_t ACROSS>
TWEEDIE_INLINE void load_transposed(uint32_t (&w)[ACROSS], const uint16_t* row, const int32_t q) {
#pragma unroll
    for (int32_t j = 0; j < ACROSS; j += 4) {
        const uint4 v = load_b128(row + 8 * (j + q));
        w[j] = v.x;
        w[j + 1] = v.y;
        w[j + 2] = v.z;
        w[j + 3] = v.w;
    }
}

template <int32_t ACROSS>
TWEEDIE_INLINE void transpose_all(uint32_t (&w)[ACROSS], const int32_t q) {
#pragma unroll
    for (int32_t j = 0; j < ACROSS; j += 4) transpose(w + j, q);
}

}  // namespace steps
