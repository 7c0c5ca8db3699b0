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

TWEEDIE_INLINE Words philox(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t k0, uint32_t k1) {
#pragma unroll
    for (int round = 0; round < 10; ++round) {
        const uint64_t p0 = uint64_t(0xD2511F53u) * c0;
        const uint64_t p1 = uint64_t(0xCD9E8D57u) * c2;
        c0 = uint32_t(p1 >> 32) ^ c1 ^ k0;
        c2 = uint32_t(p0 >> 32) ^ c3 ^ k1;
        c1 = uint32_t(p1);
        c3 = uint32_t(p0);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return {c0, c1, c2, c3};
}

/// The third counter word: purpose in the high byte, 24 bits of ordinal below.
TWEEDIE_INLINE uint32_t purpose_word(int32_t purpose, int64_t ordinal) {
    return uint32_t(purpose) << 24 | (uint32_t(ordinal) & 0xffffffu);
}

/// The four words of a quad of coordinates of sample index, attempt 0.
TWEEDIE_INLINE Words row_words(uint64_t seed, int64_t index, uint32_t purpose_ordinal, int32_t quad) {
    return philox(uint32_t(index), uint32_t(uint64_t(index) >> 32), purpose_ordinal, uint32_t(quad), uint32_t(seed),
                  uint32_t(seed >> 32));
}

}  // namespace rng
