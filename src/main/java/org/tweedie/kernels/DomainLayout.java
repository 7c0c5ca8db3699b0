package org.tweedie.kernels;

/** How the parts of a domain lie in the table of {@link DomainPull} (kernels/bridge/domain.cuh). Stateless. */
public final class DomainLayout {
    /** Nothing pulls. */
    public static final int FREE = 0;

    /** A finite set; its numbers are of each point ln weight and the coordinates. */
    public static final int POINTS = 1;

    /** The corners of a simplex; its numbers are a ln weight for each. */
    public static final int ONE_HOT = 2;

    /** One coordinate between two bounds, which may be infinite; its numbers. */
    public static final int INTERVAL = 3;

    /** Words of a part in the table: kind, first coordinate, width, points, where its numbers start. */
    public static final int WORDS = 5;

    private DomainLayout() {}
}
