/** The yardstick in Java: the workloads as a user of JCuda writes them, from cuRAND, cuBLAS and kernels of their own. A program, {@code Pipeline}. */
package org.tweedie.bench.jcuda;
