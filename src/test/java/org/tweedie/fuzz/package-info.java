/**
 * Coverage-guided fuzzing of everything that reads what others wrote. {@link org.tweedie.fuzz.FuzzingTest} runs it;
 * {@link org.tweedie.fuzz.Parser} lists what is fuzzed.
 */
package org.tweedie.fuzz;
