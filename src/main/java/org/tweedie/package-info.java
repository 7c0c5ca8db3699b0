/** The front door: {@link org.tweedie.ScoreModel}, its {@link org.tweedie.Sampler}, and the {@link org.tweedie.Samples}. */
@org.jspecify.annotations.NullMarked
package org.tweedie;
