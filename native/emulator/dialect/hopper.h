// hopper.h — C++ twins of the warpgroup products in kernels/hopper.cuh: performed at the wait that asks for them, from the registers and the
// shared memory as they are then, each warp's 16 rows by themselves.
#pragma once

namespace tw {

/// One lane's part of a product.
struct Product {
    float* d;
    const uint32_t* a;         // or null: from shared memory
    const unsigned char* b;
    int n;
    float (*widen)(uint16_t);  // of 16 bits; null: tf32, 8 inputs of 32 bits
    Site site;
    bool half_rows = false;    // 64 bytes of inputs a column
    const unsigned char* shared_a = nullptr;

    unsigned int inputs() const { return widen == nullptr ? 8 : 16; }
    unsigned int bytes() const { return 32 / inputs(); }
};

void store_operands_at(unsigned char* at, uint32_t pair, Site site);
void proxy_fence_stores();
// Why products that were issued when the current warp had heard so much do not see that byte of the dynamic shared memory; or null.
const char* unseen(size_t offset, const uint32_t* heard);

/// A lane's products that a wait asks for.
struct Products {
    const Product* first;
    size_t count;
    const uint32_t* heard;  // of each, of the first lane: what its warp knew of the block's others
    size_t warps;
};

void product_fence();
void product_issue(const char* kind, const Product& product);
void product_commit();
// Calls perform, once a warp, with the products of each lane that are not of the newest groups left.
void product_wait(unsigned int newest_left, Site site, Combine perform);

inline void product_sees(const Product& p, const size_t offset, const uint32_t* heard) {
    if (const char* why = unseen(offset, heard)) {
        char text[128];
        std::snprintf(text, sizeof text, "wgmma %s", why);
        fault(Fault::LAUNCH_FAILED, p.site, text);
    }
}

/// A number of an operand in dynamic shared memory.
inline float product_number(const Product& p, const size_t offset, const uint32_t* heard) {
    product_sees(p, offset, heard);
    const unsigned char* const at = static_cast<const unsigned char*>(dynamic_shared()) + offset;
    uint16_t bits;
    std::memcpy(&bits, at, sizeof bits);
    if (p.widen != nullptr) return p.widen(bits);
    float value;
    std::memcpy(&value, at, sizeof value);
    if ((bits & 0x1FFF) != 0 && value == value) fault(Fault::LAUNCH_FAILED, p.site, "an operand of tf32 that is not rounded: the hardware cuts off what is below");
    return value;
}

inline float product_weight(const Product& p, const unsigned int k, const unsigned int column, const uint32_t* heard) {
    const unsigned char* const base = static_cast<const unsigned char*>(dynamic_shared());
    const size_t first = size_t(p.b - base);
    if (p.half_rows && (p.b < base || (first & 0x1DF) != 0)) {
        fault(Fault::MISALIGNED, p.site, "a matrix of wgmma with 64 bytes a column starts at a multiple of 512 bytes of the dynamic shared memory, its inputs at one of 32");
    }
    if (!p.half_rows && (p.b < base || (first & 0x38F) != 0)) {
        fault(Fault::MISALIGNED, p.site, "a matrix of wgmma starts at a multiple of 1024 bytes of the dynamic shared memory, its inputs at one of 32");
    }
    const size_t at = first + (p.half_rows ? 64 : 128) * column + p.bytes() * k;
    return product_number(p, at ^ (at >> 3 & (p.half_rows ? 0x30 : 0x70)), heard);
}

/// A of the warp's 16 rows from shared memory; all 64 have to be there.
inline float product_input(const Product& p, const unsigned int row, const unsigned int k, const uint32_t* heard) {
    const unsigned char* const base = static_cast<const unsigned char*>(dynamic_shared());
    const size_t first = size_t(p.shared_a - base);
    if (p.shared_a < base || (first & 0x38F) != 0) {
        fault(Fault::MISALIGNED, p.site, "inputs of wgmma start at a multiple of 1024 bytes of the dynamic shared memory, 16 of them at one of 32");
    }
    for (unsigned int other = row; other < 64; other += 16) {
        const size_t there = first + 128 * other + p.bytes() * k;
        product_sees(p, there ^ (there >> 3 & 0x70), heard);
    }
    const size_t at = first + 128 * (position->linear / WARP % 4 * 16 + row) + p.bytes() * k;
    return product_number(p, at ^ (at >> 3 & 0x70), heard);
}

typedef float SixteenRows __attribute__((vector_size(64)));

inline void perform_products(Exchange& exchange) {
    if (exchange.present != 0xFFFFFFFFu) fault(Fault::LAUNCH_FAILED, Site{"kernels/hopper.cuh", 0}, "wgmma where lanes have returned");
    const Products* lanes[WARP];
    for (unsigned int lane = 0; lane < WARP; ++lane) lanes[lane] = static_cast<const Products*>(exchange.in[lane]);
    for (size_t i = 0; i < lanes[0]->count; ++i) {
        const Product& one = lanes[0]->first[i];
        const uint32_t* const heard = lanes[0]->heard + i * lanes[0]->warps;
        SixteenRows a[16];  // by input
        for (unsigned int lane = 0; lane < WARP; ++lane) {
            if (lanes[lane]->count != lanes[0]->count || lanes[lane]->first[i].b != one.b || lanes[lane]->first[i].shared_a != one.shared_a) {
                fault(Fault::LAUNCH_FAILED, one.site, "lanes of a warp issue different products");
            }
            const unsigned int g = lane / 4, q = lane % 4;
            for (unsigned int j = 0; one.a != nullptr && j < 8; ++j) {
                const uint32_t pair = lanes[lane]->first[i].a[j / 2];
                a[2 * q + 8 * (j / 4) + j % 2][g + 8 * (j / 2 & 1)] = one.widen(uint16_t(pair >> (16 * (j % 2))));
            }
        }
        const unsigned int inputs = one.inputs();
        for (unsigned int j = 0; one.a == nullptr && j < 16 * inputs; ++j) a[j % inputs][j / inputs] = product_input(one, j / inputs, j % inputs, heard);
        for (unsigned int column = 0; column < unsigned(one.n); ++column) {
            float b[16];
            for (unsigned int k = 0; k < inputs; ++k) b[k] = product_weight(one, k, column, heard);
            float* at[16];
            SixteenRows sum;
            for (unsigned int row = 0; row < 16; ++row) {
                const Product& mine = lanes[4 * (row % 8) + column % 8 / 2]->first[i];
                at[row] = &mine.d[4 * (column / 8) + 2 * (row / 8) + column % 2];
                sum[row] = *at[row];
            }
            for (unsigned int k = 0; k < inputs; ++k) sum += a[k] * b[k];  // the products are exact in f32
            for (unsigned int row = 0; row < 16; ++row) *at[row] = sum[row];
        }
    }
}

}  // namespace tw

inline uint64_t wgmma_matrix(const void* at) { return reinterpret_cast<uint64_t>(at); }
inline void wgmma_fence() { tw::product_fence(); }
inline void wgmma_commit() { tw::product_commit(); }
template <int LEFT>
inline void wgmma_wait(TWEEDIE_HERE) {
    tw::product_wait(LEFT, site, &tw::perform_products);
}
inline void proxy_fence(TWEEDIE_HERE) {
    if (!tw::left_out(site)) tw::proxy_fence_stores();
}
inline uint64_t wgmma_matrix_64(const void* at) { return reinterpret_cast<uint64_t>(at) | 1; }
inline void store_operands(unsigned char* at, const uint32_t pair, TWEEDIE_HERE) { tw::store_operands_at(at, pair, site); }

#define TWEEDIE_WGMMA(name, columns, widen)                                                                          \
    inline void name(float (&d)[columns / 2], const uint32_t (&a)[4], const uint64_t b, TWEEDIE_HERE) {              \
        tw::product_issue(#name, {d, a, reinterpret_cast<const unsigned char*>(b), columns, &widen, site});          \
    }
TWEEDIE_WGMMA(wgmma_n64_f16, 64, f16_to_f32)
TWEEDIE_WGMMA(wgmma_n64_bf16, 64, bf16_to_f32)
TWEEDIE_WGMMA(wgmma_n128_f16, 128, f16_to_f32)
TWEEDIE_WGMMA(wgmma_n128_bf16, 128, bf16_to_f32)
#undef TWEEDIE_WGMMA
#define TWEEDIE_WGMMA(name, columns, widen)                                                                          \
    template <int32_t SIZE>                                                                                          \
    inline void name(float (&d)[SIZE], const uint64_t a, const uint64_t b, TWEEDIE_HERE) {                           \
        static_assert(SIZE >= columns / 2, "a sum for each column");                                                 \
        tw::product_issue(#name, {d, nullptr, reinterpret_cast<const unsigned char*>(b & ~uint64_t(1)), columns, widen, site, (b & 1) != 0, \
                                  reinterpret_cast<const unsigned char*>(a)});                                       \
    }
TWEEDIE_WGMMA(wgmma_ss_n64_f16, 64, &f16_to_f32)
TWEEDIE_WGMMA(wgmma_ss_n64_bf16, 64, &bf16_to_f32)
TWEEDIE_WGMMA(wgmma_ss_n64_tf32, 64, nullptr)
TWEEDIE_WGMMA(wgmma_ss_n128_f16, 128, &f16_to_f32)
TWEEDIE_WGMMA(wgmma_ss_n128_bf16, 128, &bf16_to_f32)
TWEEDIE_WGMMA(wgmma_ss_n256_f16, 256, &f16_to_f32)
TWEEDIE_WGMMA(wgmma_ss_n256_bf16, 256, &bf16_to_f32)
TWEEDIE_WGMMA(wgmma_ss_n256_tf32, 256, nullptr)
#undef TWEEDIE_WGMMA
