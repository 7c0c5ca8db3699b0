/** Statistics of the random words and of the normal numbers made of them. {@link org.tweedie.randomness.WordsTest} runs the battery. */
package org.tweedie.randomness;
