package org.tweedie.io;

import java.util.List;

/**
 * What the header of an NPY array says, as numpy.lib.format describes it. Immutable.
 *
 * @param major format version 1, 2 or 3
 * @param dtype NumPy's name of the element type, as {@code <f4}
 * @param fortran true for column-major order
 * @param shape one or two extents, each at least 1
 * @param offset bytes before the first element
 */
public record NpyHeader(int major, String dtype, boolean fortran, List<Long> shape, long offset) {
    public NpyHeader {
        shape = List.copyOf(shape);
    }

    /** Number of rows: the first extent. */
    public long rows() {
        return shape.get(0);
    }

    /** Number of columns: the second extent; a vector is one column. */
    public int columns() {
        return shape.size() == 1 ? 1 : Math.toIntExact(shape.get(1));
    }

    NpyType type() {
        return NpyType.of(dtype);
    }

    /** True where the elements of a row follow each other. */
    boolean rowMajor() {
        return !fortran || shape.size() == 1;
    }
}
