/** Rows seen through linear operators with noise, and the ways to sample what they may have been. */
@org.jspecify.annotations.NullMarked
package org.tweedie.inverse;
