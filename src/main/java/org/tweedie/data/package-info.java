/** Built-in two-dimensional sets: seeded, any size, row i a function of seed and i alone. Pure. */
@org.jspecify.annotations.NullMarked
package org.tweedie.data;
