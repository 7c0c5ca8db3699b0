// Products of warpgroups (dialect/hopper.h), as their wait asks for them: the warp's 16 rows of A by a column of B after the other, in order of k.
#include <cstring>

#include "inside.h"

namespace tw {
namespace {

constexpr size_t PIECE = 16;  // bytes of shared memory that the swizzle leaves together
typedef float EightRows __attribute__((vector_size(32)));

// A number of each of the warp's rows, the lower eight and the upper.
struct SixteenRows {
    EightRows half[2];
};

const unsigned char* shared_start() { return static_cast<const unsigned char*>(dynamic_shared()); }

void sees(const Product& p, const size_t offset, const uint32_t* heard) {
    if (const char* why = unseen(offset, PIECE, heard)) fault(Fault::LAUNCH_FAILED, p.site, (std::string("wgmma ") + why).c_str());
}

// The numbers of a piece of an operand; returns what lies behind them.
float* numbers(const Product& p, const size_t offset, const uint32_t* heard, float* into) {
    sees(p, offset, heard);
    const unsigned char* const at = shared_start() + offset;
    if (p.widen != nullptr) {
        p.widen(into, at);
        return into + PIECE / 2;
    }
    std::memcpy(into, at, PIECE);
    for (const float* value = into; value < into + PIECE / 4; ++value) {
        uint32_t bits;
        std::memcpy(&bits, value, sizeof bits);
        if ((bits & 0x1FFF) != 0 && *value == *value) {
            fault(Fault::LAUNCH_FAILED, p.site, "an operand of tf32 that is not rounded: the hardware cuts off what is below");
        }
    }
    return into + PIECE / 4;
}

// Where B begins in the dynamic shared memory.
size_t weights(const Product& p) {
    const size_t first = size_t(p.b - shared_start());
    if (p.half_rows && (p.b < shared_start() || (first & 0x1DF) != 0)) {
        fault(Fault::MISALIGNED, p.site, "a matrix of wgmma with 64 bytes a column starts at a multiple of 512 bytes of the dynamic shared memory, its inputs at one of 32");
    }
    if (!p.half_rows && (p.b < shared_start() || (first & 0x38F) != 0)) {
        fault(Fault::MISALIGNED, p.site, "a matrix of wgmma starts at a multiple of 1024 bytes of the dynamic shared memory, its inputs at one of 32");
    }
    return first;
}

// A of the warp's 16 rows, by input, from shared memory; all 64 have to be there.
void shared_rows(const Product& p, const uint32_t* heard, SixteenRows* a) {
    const size_t first = size_t(p.shared_a - shared_start());
    if (p.shared_a < shared_start() || (first & 0x38F) != 0) {
        fault(Fault::MISALIGNED, p.site, "inputs of wgmma start at a multiple of 1024 bytes of the dynamic shared memory, 16 of them at one of 32");
    }
    const auto piece = [&](const unsigned int row, const size_t half) {
        const size_t at = first + 128 * row + PIECE * half;
        return at ^ (at >> 3 & 0x70);
    };
    for (unsigned int row = 0; row < 64; ++row) {
        for (size_t half = 0; half < 2; ++half) sees(p, piece(row, half), heard);
    }
    for (unsigned int row = 0; row < 16; ++row) {
        float all[16];
        float* end = all;
        for (size_t half = 0; half < 2; ++half) end = numbers(p, piece(position->linear / WARP % 4 * 16 + row, half), heard, end);
        for (const float* value = all; value < end; ++value) a[value - all].half[row / 8][row % 8] = *value;
    }
}

}  // namespace

void perform_products(Exchange& exchange) {
    if (exchange.present != 0xFFFFFFFFu) fault(Fault::LAUNCH_FAILED, Site{"kernels/hopper.cuh", 0}, "wgmma where lanes have returned");
    const Products* lanes[WARP];
    for (unsigned int lane = 0; lane < WARP; ++lane) lanes[lane] = static_cast<const Products*>(exchange.in[lane]);
    for (size_t i = 0; i < lanes[0]->count; ++i) {
        const Product& one = lanes[0]->first[i];
        const uint32_t* const heard = lanes[0]->heard + i * lanes[0]->warps;
        SixteenRows a[16];  // by input
        float* d[WARP];
        for (unsigned int lane = 0; lane < WARP; ++lane) {
            if (lanes[lane]->count != lanes[0]->count || lanes[lane]->first[i].b != one.b || lanes[lane]->first[i].shared_a != one.shared_a) {
                fault(Fault::LAUNCH_FAILED, one.site, "lanes of a warp issue different products");
            }
            d[lane] = lanes[lane]->first[i].d;
            if (one.a == nullptr) continue;
            float mine[8];
            one.widen(mine, lanes[lane]->first[i].a);
            const unsigned int g = lane / 4, q = lane % 4;
            for (unsigned int half = 0; half < 2; ++half) {
                for (unsigned int j = 0; j < 2; ++j) {
                    SixteenRows& both = a[2 * q + 8 * half + j];
                    both.half[0][g] = mine[4 * half + j];
                    both.half[1][g] = mine[4 * half + 2 + j];
                }
            }
        }
        if (one.a == nullptr) shared_rows(one, heard, a);
        const size_t first = weights(one);
        for (unsigned int column = 0; column < unsigned(one.n); ++column) {
            float b[16];
            float* end = b;
            for (size_t half = 0; half < 2; ++half) {
                const size_t at = first + (one.half_rows ? 64 : 128) * column + PIECE * half;
                end = numbers(one, at ^ (at >> 3 & (one.half_rows ? 0x30 : 0x70)), heard, end);
            }
            // of row r it is in lane 4 (r mod 8) + this, behind the sums of eight columns before
            float* const* const own = d + column % 8 / 2;
            const unsigned int at = 4 * (column / 8) + column % 2;
            SixteenRows sum;
            for (unsigned int row = 0; row < 8; ++row) sum.half[0][row] = own[4 * row][at], sum.half[1][row] = own[4 * row][at + 2];
            for (unsigned int k = 0; roughness == 0 && k < end - b; ++k) {  // the products are exact in f32
                sum.half[0] += a[k].half[0] * b[k];
                sum.half[1] += a[k].half[1] * b[k];
            }
            for (unsigned int row = 0; roughness != 0 && row < 16; ++row) {
                float mine[16];
                for (unsigned int k = 0; k < end - b; ++k) mine[k] = a[k].half[row / 8][row % 8];
                const float before = sum.half[row / 8][row % 8];
                sum.half[row / 8][row % 8] = cut_off_sum(before, mine, b, static_cast<unsigned int>(end - b));
            }
            for (unsigned int row = 0; row < 8; ++row) own[4 * row][at] = sum.half[0][row], own[4 * row][at + 2] = sum.half[1][row];
        }
    }
}

}  // namespace tw
