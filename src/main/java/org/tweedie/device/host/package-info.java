/** The host device: kernels as Java twins, threaded over rows. */
@org.jspecify.annotations.NullMarked
package org.tweedie.device.host;
