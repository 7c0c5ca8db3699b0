/**
 * A sampler as data: what happens to one row, written down as registers, steps and stages. Pure: everything that can be
 * wrong in a formula is tested here, in double, with no device.
 */
@org.jspecify.annotations.NullMarked
package org.tweedie.plan;
