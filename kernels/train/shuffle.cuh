// shuffle.cuh — a keyed permutation of 0 .. n - 1, at one place, without a table
//
//   An unbalanced Feistel network over 2^bits >= n: six rounds, in turn left ^= hash(right, key), right ^= hash(left, key);
//   a result of n or more is fed back in until it falls inside ("cycle walking"), on average less than once from 2^7 rows on.
//   Keys: the first six words of sample `epoch`, purpose DATA.
//   After Mitchell, Stokes, Frank, Holmes, "Bandwidth-optimal random shuffling for GPUs", 2106.06161.
#pragma once
#include "rng/philox.cuh"

namespace shuffle {

constexpr int32_t ROUNDS = 6;

// the finaliser of MurmurHash3 over key + x
TWEEDIE_INLINE uint32_t hash(uint32_t x, const uint32_t key) {
    x = x * 0x9E3779B1u + key;
    x ^= x >> 16;
    x *= 0x85EBCA6Bu;
    x ^= x >> 13;
    x *= 0xC2B2AE35u;
    return x ^ (x >> 16);
}

struct Keys { uint32_t key[ROUNDS]; };

TWEEDIE_INLINE Keys keys(const uint64_t seed, const int64_t epoch, const uint32_t purpose_ordinal) {
    const rng::Words a = rng::row_words(seed, epoch, purpose_ordinal, 0);
    const rng::Words b = rng::row_words(seed, epoch, purpose_ordinal, 1);
    return {{a.x, a.y, a.z, a.w, b.x, b.y}};
}

// where place goes; 0 <= place < n <= 2^bits, 8 <= bits <= 62
TWEEDIE_INLINE int64_t permute(const int64_t place, const int64_t n, const int32_t bits, const Keys& keys) {
    const int32_t left_bits = bits / 2, right_bits = bits - left_bits;
    const uint32_t left_mask = (1u << left_bits) - 1u, right_mask = (1u << right_bits) - 1u;
    int64_t x = place;
    do {
        uint32_t left = uint32_t(x >> right_bits), right = uint32_t(x) & right_mask;
#pragma unroll
        for (int32_t round = 0; round < ROUNDS; round += 2) {
            left ^= hash(right, keys.key[round]) & left_mask;
            right ^= hash(left, keys.key[round + 1]) & right_mask;
        }
        x = int64_t(left) << right_bits | int64_t(right);
    } while (x >= n);
    return x;
}

}  // namespace shuffle
