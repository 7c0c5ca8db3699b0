/** The hot loops of the twins on {@code jdk.incubator.vector}, found by name: nothing else needs the module. */
@org.jspecify.annotations.NullMarked
package org.tweedie.kernels.host.vector;
