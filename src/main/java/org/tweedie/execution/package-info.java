/**
 * Executions of a plan: fused, graph and stepwise, all from one table of cells, one answer.
 */
@org.jspecify.annotations.NullMarked
package org.tweedie.execution;
