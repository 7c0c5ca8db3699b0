/** Samplers of p(x) made samplers of p(x given something) by likelihoods, classifiers and conditions. */
@org.jspecify.annotations.NullMarked
package org.tweedie.guidance;
