/**
 * Counter-based random numbers: a draw is a function of (seed, sample index, purpose, ordinal, attempt, coordinate) and of
 * nothing else. Pure Java in double precision; the kernels make the same words and f32 numbers from them.
 */
@org.jspecify.annotations.NullMarked
package org.tweedie.rng;
