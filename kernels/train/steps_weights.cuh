// steps_weights.cuh — tiles of the gradients of the weights, and the sum of their chunks
#pragma once
#include "train/steps.cuh"

namespace steps {

// The tiles of all layers, in the order in which what they multiply is there: outputs, last layer, ..., first.
struct WeightTiles {
    int32_t down_out, down, down_first, across, chunks;

    WeightTiles() = default;
    __device__ __forceinline__ WeightTiles(const Call& c, const int32_t side)
        : down_out((c.net.wide + side - 1) / side), down((c.net.wide + SQUARE + side - 1) / side), down_first((ENTRY + side - 1) / side),
          across((c.net.wide + side - 1) / side), chunks(c.chunks) {}

    __device__ __forceinline__ int32_t of_outputs() const { return down_out * chunks; }
    __device__ __forceinline__ int32_t of_layer() const { return down * across * chunks; }
    // of the outputs and the layers from l on
    __device__ __forceinline__ int32_t down_to(const int32_t l, const int32_t depth) const {
        return of_outputs() + (l > 0 ? (depth - l) * of_layer() : (depth - 1) * of_layer() + down_first * across * chunks);
    }
};

template <class Tile>
TWEEDIE_INLINE void weights_tile(const Call& c, Ring& ring, const WeightTiles& tiles, const int32_t item, const int32_t turn) {
    const Place<Tile> at;
    const int32_t wide = c.net.wide, depth = c.net.depth;
    int32_t l = depth, rest = item;
    if (item >= tiles.of_outputs()) {
        const int32_t layer = (item - tiles.of_outputs()) / tiles.of_layer();
        l = layer < depth - 1 ? depth - 1 - layer : 0;
        rest = item - tiles.of_outputs() - (depth - 1 - l) * tiles.of_layer();
    }
    const int32_t part = rest % c.chunks;
    rest /= c.chunks;
    const int32_t across = l == depth ? 1 : tiles.across;
    const int32_t block = rest / across * Tile::SQUARES, column = rest % across * Tile::SIDE;  // squares of h, and columns of d
    const int32_t columns = l == depth ? c.net.outputs : c.net.width, pitch = l == depth ? SQUARE : wide;
    const int32_t blocks = l == 0 ? 2 : l == depth ? wide / SQUARE : wide / SQUARE + 1;
    const int64_t start = part * c.chunk, end = start + c.chunk < c.net.rows ? start + c.chunk : c.net.rows;
    const uint16_t* const entry = c.entry(turn) + start * ENTRY;
    const uint16_t* const before = l == 0 ? entry : c.hidden(l - 1) + start * wide;
    const uint16_t* const d = (l == depth ? c.tape + c.net.out_at() : c.towards(l)) + start * pitch + column;

    float sum[Tile::DOWN][Tile::ACROSS][4] = {}, bias[Tile::ACROSS / 2][4] = {};
    const bool with_biases = block == 0;  // each of the two warps of a column those of every second operand
    const uint32_t one = Type::pair(1.0f, 1.0f);
    const uint32_t ones[4] = {one, one, one, one};
    const bool odd = at.warp / 2 != 0;
    product<Tile, false, false>(
        sum, ring, int32_t((end - start + SQUARE - 1) / SQUARE),
        [&](const int32_t i, const int32_t s) {
            const int32_t b = block + i;
            const bool hidden = l > 0 && b < wide / SQUARE, there = b < blocks;
            const uint16_t* const from = hidden ? before + int64_t(SQUARE * s) * wide + SQUARE * b
                                                : entry + int64_t(SQUARE * s) * ENTRY + (l == 0 && there ? SQUARE * b : SQUARE);
            return Square{from, hidden ? wide : ENTRY, there};
        },
        [&](const int32_t i, const int32_t s) {
            const bool there = column + SQUARE * i < pitch;
            return Square{there ? d + int64_t(SQUARE * s) * pitch + SQUARE * i : c.tape, pitch, there};
        },
        l == depth ? 1 : Tile::SQUARES, at.m, at.n,
        [&](const int32_t j, const uint32_t (&right)[2][2]) {
            const uint32_t mine[2] = {odd ? right[1][0] : right[0][0], odd ? right[1][1] : right[0][1]};
            if (with_biases) Type::multiply(bias[j / 2], ones, mine);
        });

    float* const into = c.partial + part * c.partial_stride;
    double squares = 0.0;
    const auto store = [&](const int32_t p, const float v) {
        into[p] = v;
        squares = fma(double(v), double(v), squares);
    };
    const int32_t of_weights = c.places[3 * l], of_features = c.places[3 * l + 1], of_biases = c.places[3 * l + 2];
    if (with_biases && at.g == 0) {
#pragma unroll
        for (int32_t j = 0; j < Tile::ACROSS; ++j) {
            const int32_t n = column + at.n + 16 * (j / 2) + (odd ? 8 : 0) + 2 * at.q + j % 2;
            if (n < columns) store(of_biases + n, bias[j / 2][j % 2]);
        }
    }
#pragma unroll 1
    for (int32_t i = 0; i < Tile::DOWN; ++i) {
        const int32_t b = block + (at.m + 16 * i) / SQUARE, inside = (at.m + 16 * i) % SQUARE;
        const bool inputs = l == 0 && b == 0, hidden = l > 0 && b < wide / SQUARE;
        if (inputs && inside == 0 && Tile::DOWN > 1) {  // hi and lo
#pragma unroll
            for (int32_t j = 0; j < 4 * Tile::ACROSS; ++j) sum[0][j / 4][j % 4] += sum[1][j / 4][j % 4];
        }
        const int32_t first = (inputs || !hidden ? 0 : SQUARE * b) + inside, count = inputs ? c.net.inputs : hidden ? c.net.width : c.net.features;
        const int32_t place = inputs || hidden ? of_weights : of_features;
        if (b < blocks && !(inputs && inside > 0)) {
#pragma unroll
            for (int32_t h = 0; h < 2; ++h) {
                const int32_t k = first + 8 * h + at.g;
#pragma unroll
                for (int32_t j = 0; j < 2 * Tile::ACROSS; ++j) {
                    const int32_t n = column + at.n + 8 * (j / 2) + 2 * at.q + j % 2;
                    if (k < count && n < columns) store(place + k * columns + n, sum[0][j / 2][2 * h + j % 2]);
                }
            }
        }
        move_up(sum);
    }
    if (c.chunks == 1) {
        for (int32_t half = 16; half > 0; half /= 2) squares += __shfl_xor_sync(0xffffffffu, squares, half);
        if (at.lane == 0) c.sums[c.net.all / Tile::SIDE + 4 * item + at.warp] = squares;
    }
}

// A run of parameters: the sum of all chunks, in their order, in the place of the first
template <class Tile>
TWEEDIE_INLINE void sum_chunks(const Call& c, const int32_t run) {
    double squares = 0.0;
#pragma unroll 4
    for (int32_t p = RUN * run + int32_t(threadIdx.x); p < RUN * (run + 1); p += THREADS) {
        if (p < c.parameters) {
            float sum = c.partial[p];
            for (int32_t part = 1; part < c.chunks; ++part) sum += c.partial[part * c.partial_stride + p];
            c.partial[p] = sum;
            squares = fma(double(sum), double(sum), squares);
        }
    }
    for (int32_t half = 16; half > 0; half /= 2) squares += __shfl_xor_sync(0xffffffffu, squares, half);
    if (threadIdx.x % 32 == 0) c.sums[c.net.all / Tile::SIDE + 4 * run + threadIdx.x / 32] = squares;
}

}  // namespace steps
