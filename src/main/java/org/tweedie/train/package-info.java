/** Learning a field from rows: data, objectives, the optimiser's loop, checkpoints. */
@org.jspecify.annotations.NullMarked
package org.tweedie.train;
