/** Filters of state-space models by ensembles: particles, ensemble Kalman, conditional bridges. */
@org.jspecify.annotations.NullMarked
package org.tweedie.bridge.filter;
