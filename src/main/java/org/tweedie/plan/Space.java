package org.tweedie.plan;

/** Where a register's values live; a shape, to which a manifold adds its operations. Immutable. */
public interface Space {
    /** Numbers a row holds. */
    int width();

    /** Euclidean space of dimension {@code width}, at least 1. */
    static Space euclidean(int width) {
        return new Euclidean(width);
    }

    /** R^width. */
    record Euclidean(int width) implements Space {
        public Euclidean {
            if (width < 1) {
                throw new IllegalArgumentException("a space has at least one dimension, got " + width);
            }
        }
    }
}
