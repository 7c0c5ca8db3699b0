/**
 * Bridges that end in a set: diffusions learned from bridges to the rows of data, and steered into a domain whatever a network adds (Liu, Wu, Ye and Liu, "Let us
 * build bridges", arXiv 2208.14699; "Learning diffusion bridges on constrained domains", ICLR 2023).
 */
@org.jspecify.annotations.NullMarked
package org.tweedie.bridge.domain;
