/** JMH benchmarks. Each states its floor, checks its answer and reports rows a second. */
package org.tweedie.bench;
