/**
 * Linear noising processes and the methods that sample with them, in double and without a device. t = 0 is data.
 */
@org.jspecify.annotations.NullMarked
package org.tweedie.sde;
