/** What others make of the same work on the CPU. Not part of the GPU bundle. */
package org.tweedie.bench.yardsticks;
