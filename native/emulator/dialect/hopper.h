// hopper.h — C++ twins of the warpgroup products in kernels/hopper.cuh: performed at the wait that asks for them, from the registers and the
// shared memory as they are then, each warp's 16 rows by themselves.
#pragma once

namespace tw {

/// One lane's part of a product.
struct Product {
    float* d;
    const uint32_t* a;
    const unsigned char* b;
    int n;
    float (*widen)(uint16_t);
    Site site;
};

/// A lane's products that a wait asks for.
struct Products {
    const Product* first;
    size_t count;
};

void product_fence();
void product_issue(const char* kind, const Product& product);
void product_commit();
// Calls perform, once a warp, with the products of each lane that are not of the newest groups left.
void product_wait(unsigned int newest_left, Site site, Combine perform);

inline float product_weight(const Product& p, const unsigned int k, const unsigned int column) {
    const unsigned char* const base = static_cast<const unsigned char*>(dynamic_shared());
    const size_t first = size_t(p.b - base);
    if (p.b < base || (first & 0x38F) != 0) {
        fault(Fault::MISALIGNED, p.site, "a matrix of wgmma starts at a multiple of 1024 bytes of the dynamic shared memory, its inputs at one of 32");
    }
    const size_t at = first + 128 * column + 2 * k;
    uint16_t bits;
    std::memcpy(&bits, base + (at ^ (at >> 3 & 0x70)), sizeof bits);
    return p.widen(bits);
}

inline void perform_products(Exchange& exchange) {
    if (exchange.present != 0xFFFFFFFFu) fault(Fault::LAUNCH_FAILED, Site{"kernels/hopper.cuh", 0}, "wgmma where lanes have returned");
    const Products* lanes[WARP];
    for (unsigned int lane = 0; lane < WARP; ++lane) lanes[lane] = static_cast<const Products*>(exchange.in[lane]);
    for (size_t i = 0; i < lanes[0]->count; ++i) {
        const Product& one = lanes[0]->first[i];
        float a[16][16];
        for (unsigned int lane = 0; lane < WARP; ++lane) {
            if (lanes[lane]->count != lanes[0]->count || lanes[lane]->first[i].b != one.b) {
                fault(Fault::LAUNCH_FAILED, one.site, "lanes of a warp issue different products");
            }
            const unsigned int g = lane / 4, q = lane % 4;
            for (unsigned int j = 0; j < 8; ++j) {
                const uint32_t pair = lanes[lane]->first[i].a[j / 2];
                a[g + 8 * (j / 2 & 1)][2 * q + 8 * (j / 4) + j % 2] = one.widen(uint16_t(pair >> (16 * (j % 2))));
            }
        }
        for (unsigned int column = 0; column < unsigned(one.n); ++column) {
            float b[16];
            for (unsigned int k = 0; k < 16; ++k) b[k] = product_weight(one, k, column);
            for (unsigned int row = 0; row < 16; ++row) {
                const Product& mine = lanes[4 * (row % 8) + column % 8 / 2]->first[i];
                float& sum = mine.d[4 * (column / 8) + 2 * (row / 8) + column % 2];
                for (unsigned int k = 0; k < 16; ++k) sum += a[row][k] * b[k];  // the products are exact in f32
            }
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
inline void proxy_fence() {}

#define TWEEDIE_WGMMA(name, columns, widen)                                                                          \
    inline void name(float (&d)[columns / 2], const uint32_t (&a)[4], const uint64_t b, TWEEDIE_HERE) {              \
        tw::product_issue(#name, {d, a, reinterpret_cast<const unsigned char*>(b), columns, &widen, site});          \
    }
TWEEDIE_WGMMA(wgmma_n64_f16, 64, f16_to_f32)
TWEEDIE_WGMMA(wgmma_n64_bf16, 64, bf16_to_f32)
TWEEDIE_WGMMA(wgmma_n128_f16, 128, f16_to_f32)
TWEEDIE_WGMMA(wgmma_n128_bf16, 128, bf16_to_f32)
#undef TWEEDIE_WGMMA
