/**
 * NVIDIA GPUs through JCuda's driver API. The only package that knows JCuda; nothing of JCuda shows in its public types.
 *
 * <p>How close is made safe: every handle has a {@link org.tweedie.device.cuda.Guard}. A call enters the guards of all
 * that it touches before the first native call; closing lets the calls inside finish, and the last one out returns the
 * resource. Each open handle is itself inside the guard of its device, so a context outlives what lives in it.
 */
@org.jspecify.annotations.NullMarked
package org.tweedie.device.cuda;
