/** The workloads that Tweedie and its peers are timed on, each with the check of its answer. A program, {@code Workloads}. */
package org.tweedie.bench.workloads;
