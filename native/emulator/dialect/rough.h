// rough.h — the approximate units as far from the exact number as their bounds let them be (TW_EMU_ROUGH=SEED), where else they are exact: a
// tolerance that only exact units keep is seen before a GPU sees it.
//
//   special functions  off by up to what the PTX ISA states, by their argument and the seed alone: a row's bits stay its own
//   tensor cores       the terms of a product, and the sum that they are added to, cut off at 2^-24 of the largest; their sum cut off to f32. No
//                      rounding to nearest anywhere (Fasi, Higham, Mikaitis, Pranesh, "Numerical behavior of NVIDIA tensor cores", 2021)
#pragma once

namespace tw {

extern uint32_t roughness;  // the seed; 0: exact

// Relative: y (1 + e), |e| <= most; absolute: y + e. x: the argument; unit: of each function another.
float off_by_share(double y, float x, double most, uint32_t unit);
float off_by(double y, float x, double most, uint32_t unit);
float within_one(float y);

/// start + sum of a[k] b[k], as tensor cores add.
float cut_off_sum(float start, const float* a, const float* b, unsigned int count);

}  // namespace tw
