/**
 * The Java twin of each kernel: the same formula with the same order of operations, so the same bits. Plain Java arrays,
 * no library transcendentals.
 */
@org.jspecify.annotations.NullMarked
package org.tweedie.kernels.host;
