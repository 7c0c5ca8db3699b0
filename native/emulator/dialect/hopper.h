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
    void (*widen)(float* into, const void* from);  // eight numbers of 16 bits; null: tf32, 8 inputs of 32 bits
    Site site;
    bool half_rows = false;    // 64 bytes of inputs a column
    const unsigned char* shared_a = nullptr;
};

void store_operands_at(unsigned char* at, uint32_t pair, Site site);
void proxy_fence_stores();
// Why products that were issued when the current warp had heard so much do not see those bytes of the dynamic shared memory; or null.
const char* unseen(size_t offset, size_t bytes, const uint32_t* heard);

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

// The Combine of a wait: what each lane hands in are Products.
void perform_products(Exchange& exchange);

template <float (*widen)(uint16_t)>
inline void widen_eight(float* into, const void* from) {
    uint16_t bits[8];
    std::memcpy(bits, from, sizeof bits);
    for (int i = 0; i < 8; ++i) into[i] = widen(bits[i]);
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
        tw::product_issue(#name, {d, a, reinterpret_cast<const unsigned char*>(b), columns, &tw::widen_eight<&widen>, site});          \
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
TWEEDIE_WGMMA(wgmma_ss_n64_f16, 64, &tw::widen_eight<&f16_to_f32>)
TWEEDIE_WGMMA(wgmma_ss_n64_bf16, 64, &tw::widen_eight<&bf16_to_f32>)
TWEEDIE_WGMMA(wgmma_ss_n64_tf32, 64, nullptr)
TWEEDIE_WGMMA(wgmma_ss_n128_f16, 128, &tw::widen_eight<&f16_to_f32>)
TWEEDIE_WGMMA(wgmma_ss_n128_bf16, 128, &tw::widen_eight<&bf16_to_f32>)
TWEEDIE_WGMMA(wgmma_ss_n256_f16, 256, &tw::widen_eight<&f16_to_f32>)
TWEEDIE_WGMMA(wgmma_ss_n256_bf16, 256, &tw::widen_eight<&bf16_to_f32>)
TWEEDIE_WGMMA(wgmma_ss_n256_tf32, 256, nullptr)
#undef TWEEDIE_WGMMA
