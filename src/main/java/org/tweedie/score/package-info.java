/** Fields, learned or exact: what a sampler evaluates. */
@org.jspecify.annotations.NullMarked
package org.tweedie.score;
