/** Bridges between two distributions: Schrödinger bridges by iterated half bridges, and their closed forms. */
@org.jspecify.annotations.NullMarked
package org.tweedie.bridge;
