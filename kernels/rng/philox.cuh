// philox.cuh: Philox4x32-10, raw blocks as in Random123 (Salmon, Moraes, Dror, Shaw, SC 2011)
//
//   key     seed low, seed high
//   counter index low, index high, purpose << 24 | ordinal, attempt << 24 | quad of coordinates
#pragma once
#include "math.cuh"

namespace rng {

struct Words {
    uint32_t x, y, z, w;
};

/// The key of each round, made as it goes.
struct RollingKey {
    uint32_t k0, k1;
    __device__ __forceinline__ uint32_t first(int) const { return k0; }
    __device__ __forceinline__ uint32_t second(int) const { return k1; }
    __device__ __forceinline__ void next() {
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
};

/// The keys of all rounds in registers: for many blocks of one seed.
struct HeldKey {
    uint32_t k0[10], k1[10];
    __device__ __forceinline__ uint32_t first(int round) const { return k0[round]; }
    __device__ __forceinline__ uint32_t second(int round) const { return k1[round]; }
    __device__ __forceinline__ void next() {}
};

TWEEDIE_INLINE HeldKey held_key(uint64_t seed) {
    RollingKey key = {uint32_t(seed), uint32_t(seed >> 32)};
    HeldKey held;
#pragma unroll
    for (int round = 0; round < 10; ++round) {
        held.k0[round] = key.first(round);
        held.k1[round] = key.second(round);
#if defined(__CUDA_ARCH__)
        asm volatile("" : "+r"(held.k0[round]), "+r"(held.k1[round]));  // else the compiler adds anew in every block
#endif
        key.next();
    }
    return held;
}

template <class Key>
TWEEDIE_INLINE Words philox(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, Key key) {
#pragma unroll
    for (int round = 0; round < 10; ++round) {
        const uint64_t p0 = uint64_t(0xD2511F53u) * c0;
        const uint64_t p1 = uint64_t(0xCD9E8D57u) * c2;
        c0 = uint32_t(p1 >> 32) ^ c1 ^ key.first(round);
        c2 = uint32_t(p0 >> 32) ^ c3 ^ key.second(round);
        c1 = uint32_t(p1);
        c3 = uint32_t(p0);
        key.next();
    }
    return {c0, c1, c2, c3};
}

/// The third counter word: purpose in the high byte, 24 bits of ordinal below.
TWEEDIE_INLINE uint32_t purpose_word(int32_t purpose, int64_t ordinal) {
    return uint32_t(purpose) << 24 | (uint32_t(ordinal) & 0xffffffu);
}

/// A purpose word with its ordinal moved on.
TWEEDIE_INLINE uint32_t later_ordinal(uint32_t word, uint32_t by) { return (word & 0xff000000u) | ((word + by) & 0xffffffu); }

/// The four words of a quad of coordinates of sample index, attempt 0.
template <class Key>
TWEEDIE_INLINE Words row_words(const Key& key, int64_t index, uint32_t purpose_ordinal, int32_t quad) {
    return philox(uint32_t(index), uint32_t(uint64_t(index) >> 32), purpose_ordinal, uint32_t(quad), key);
}

TWEEDIE_INLINE Words row_words(uint64_t seed, int64_t index, uint32_t purpose_ordinal, int32_t quad) {
    return row_words(RollingKey{uint32_t(seed), uint32_t(seed >> 32)}, index, purpose_ordinal, quad);
}

}  // namespace rng
