/**
 * The kernel library's public face: one class for each {@code .cu}, typed launch methods, on the caller's own buffers and
 * streams. The Java twin of each kernel is in {@code org.tweedie.kernels.host}.
 */
@org.jspecify.annotations.NullMarked
package org.tweedie.kernels;
