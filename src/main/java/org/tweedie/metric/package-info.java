/** How far two samples are apart, with error bars. Pure: double sums on the host. */
@org.jspecify.annotations.NullMarked
package org.tweedie.metric;
