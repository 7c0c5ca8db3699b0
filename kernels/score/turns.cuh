// turns.cuh — the angle of a time feature
#pragma once
#include "math.cuh"

// f t less its nearest integer, rounded once: fused multiply-add keeps what the rounded product lost
TWEEDIE_INLINE float fraction_of_turn(const float f, const float t) {
    const float product = f * t;
    const float size = approx::magnitude(product);
    const float whole = size < 8388608.0f ? (size + 8388608.0f) - 8388608.0f : size;
    return fmaf(f, t, product < 0.0f ? whole : -whole);
}
