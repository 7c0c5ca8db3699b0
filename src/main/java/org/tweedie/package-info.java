/** Score-based generative modelling for the JVM: train a score model, sample from it. */
package org.tweedie;
