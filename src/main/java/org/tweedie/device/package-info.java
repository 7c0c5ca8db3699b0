/**
 * One launch call, two machines: a {@link org.tweedie.device.Device} is a CUDA GPU or the host's own cores, and the
 * code above this package never asks which it got. Only this package imports JCuda.
 */
@org.jspecify.annotations.NullMarked
package org.tweedie.device;
