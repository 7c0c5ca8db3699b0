package org.tweedie.bridge.domain;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.tweedie.train.Dataset;

/**
 * Where the rows of a bridge end: a product of sets in some coordinates each. With h(y, v) the probability that y + sqrt(v) z falls into it, z standard normal, a
 * bridge into it is pulled by grad ln h; of a product that is factor by factor, so that it costs the sum of the factors' sizes and not their product.
 *
 * <pre>{@code
 * BridgeDomain row = BridgeDomain.product(BridgeDomain.finite(0, 1, 2), BridgeDomain.oneHot(4), BridgeDomain.interval(0, 1));
 * }</pre>
 *
 * <p>Immutable.
 *
 * @param parts in the order of their coordinates
 */
public record BridgeDomain(List<DomainPart> parts) {
    /** Points or coordinates of a factor, at most. */
    public static final int MOST_POINTS = 65_536;

    public BridgeDomain {
        parts = List.copyOf(parts);
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("a domain has at least one coordinate");
        }
    }

    private static BridgeDomain of(DomainPart part) {
        return new BridgeDomain(List.of(part));
    }

    /** All of R^width. */
    public static BridgeDomain free(int width) {
        return of(new DomainPart.Free(width));
    }

    /** A coordinate that takes one of these values. */
    public static BridgeDomain finite(double... levels) {
        return points(
                Arrays.stream(levels).mapToObj(level -> new double[] {level}).toArray(double[][]::new));
    }

    /** Coordinates that are one of these points, [point][coordinate]. */
    public static BridgeDomain points(double[][] points) {
        return of(new DomainPart.Points(points, new double[points.length]));
    }

    /** k coordinates of which one is 1 and the others 0. */
    public static BridgeDomain oneHot(int k) {
        return of(DomainPart.OneHot.of(k));
    }

    /** A coordinate from {@code a} to {@code b}. */
    public static BridgeDomain interval(double a, double b) {
        return of(new DomainPart.Interval(a, b));
    }

    /** A coordinate of at least {@code a}. */
    public static BridgeDomain halfLine(double a) {
        return interval(a, Double.POSITIVE_INFINITY);
    }

    /** The coordinates of these domains, one after the other. */
    public static BridgeDomain product(BridgeDomain... factors) {
        return new BridgeDomain(
                Arrays.stream(factors).flatMap(factor -> factor.parts.stream()).toList());
    }

    /** The product of this domain with itself, {@code count} factors in all. */
    public BridgeDomain times(int count) {
        if (count < 1 || (long) count * width() > 1 << 24) {
            throw new IllegalArgumentException(
                    "a product has at least one factor and at most 2^24 coordinates, got " + count + " factors");
        }
        List<DomainPart> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.addAll(parts);
        }
        return new BridgeDomain(all);
    }

    /**
     * The domain that rows look like: columns of zeros and ones that sum to 1 are {@code onehot}, a column of few values has these {@code levels}, else what is from 0 to 1 is
     * {@code interval:0,1}, what is not negative {@code above:0}, and the rest {@code free}. A proposal: rows that are not there yet may be elsewhere.
     */
    public static BridgeDomain guess(Dataset rows) {
        return DomainGuess.of(rows);
    }

    /** Coordinates of a row. */
    public int width() {
        return parts.stream().mapToInt(DomainPart::width).sum();
    }

    /**
     * Fills {@code into} with grad ln h(y, v): (E[end] - y)/v, the end's law that of y + sqrt(v) z in the domain.
     *
     * @param v above 0
     */
    public void pull(double[] y, double v, double[] into) {
        int at = 0;
        for (DomainPart part : parts) {
            part.pull(y, at, v, into);
            at += part.width();
        }
    }

    /** The point of the domain nearest to y; NaN where a factor's coordinates are not finite. */
    public double[] nearest(double[] y) {
        double[] into = new double[y.length];
        int at = 0;
        for (DomainPart part : parts) {
            part.nearest(y, at, into);
            at += part.width();
        }
        return into;
    }

    /** The domain under x to (x - mean)/scale, coordinate by coordinate. */
    public BridgeDomain mapped(double[] means, double[] scales) {
        List<DomainPart> mapped = new ArrayList<>();
        int at = 0;
        for (DomainPart part : parts) {
            mapped.add(part.mapped(means, scales, at));
            at += part.width();
        }
        return new BridgeDomain(mapped);
    }

    /**
     * The domain of one finite factor weighted so that, from Z_0 = 0 and without a network, bridges end in its points with these shares exactly: weight is share/N(point; 0, v_0).
     *
     * @param shares one a point, positive; of any sum
     * @throws IllegalArgumentException if the domain is another, or a share is not positive
     */
    public BridgeDomain drawing(BridgeBase base, double... shares) {
        if (parts.size() != 1 || shares.length == 0 || parts.get(0).squares().length != shares.length) {
            throw new IllegalArgumentException(
                    shares.length + " shares are of one finite factor of as many points, got " + spec());
        }
        for (double share : shares) {
            if (!(share > 0 && share < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("shares must be positive, got " + Arrays.toString(shares)
                        + "; leave points out that have none");
            }
        }
        return of(drawing(parts.get(0), base, shares));
    }

    private static DomainPart drawing(DomainPart part, BridgeBase base, double[] shares) {
        double[] squares = part.squares();
        double[] logs = new double[shares.length];
        double most = Double.NEGATIVE_INFINITY;
        for (int e = 0; e < shares.length; e++) {
            logs[e] = StrictMath.log(shares[e]) + squares[e] / (2 * base.left(0));
            most = Math.max(most, logs[e]);
        }
        for (int e = 0; e < logs.length; e++) {
            logs[e] = Math.max(-1e4, logs[e] - most);
        }
        return part.weighted(logs);
    }

    /** The logarithms of the weights of all points and categories, factor by factor. */
    public double[] logWeights() {
        return parts.stream()
                .flatMapToDouble(part -> Arrays.stream(part.logWeights()))
                .toArray();
    }

    /**
     * The domain with these logarithms of weights, as {@link #logWeights} has them.
     *
     * @throws IllegalArgumentException if they are not as many as points and categories, or one is not within 1e4 of 0
     */
    public BridgeDomain weighted(double[] logs) {
        int points = parts.stream().mapToInt(part -> part.logWeights().length).sum();
        if (logs.length != points) {
            throw new IllegalArgumentException(
                    "the domain's finite factors have " + points + " points, got " + logs.length + " weights");
        }
        List<DomainPart> weighted = new ArrayList<>();
        int at = 0;
        for (DomainPart part : parts) {
            int count = part.logWeights().length;
            weighted.add(count == 0 ? part : part.weighted(Arrays.copyOfRange(logs, at, at + count)));
            at += count;
        }
        return new BridgeDomain(weighted);
    }

    /**
     * The domain whose finite factors are weighted to be drawn, each by itself and without a network, with their shares of some rows: what is left to learn is how factors hang
     * together. A point that no row has counts as half a row.
     *
     * @param rows row-major, as wide as the domain
     */
    public BridgeDomain sharing(BridgeBase base, float[] rows) {
        int width = width();
        List<DomainPart> weighted = new ArrayList<>();
        double[] row = new double[width];
        int at = 0;
        for (DomainPart part : parts) {
            double[] shares = new double[part.squares().length];
            for (int r = 0; shares.length > 0 && r < rows.length; r += width) {
                for (int d = at; d < at + part.width(); d++) {
                    row[d] = rows[r + d];
                }
                shares[part.which(row, at)]++;
            }
            for (int e = 0; e < shares.length; e++) {
                shares[e] = Math.max(0.5, shares[e]);
            }
            weighted.add(shares.length == 0 ? part : drawing(part, base, shares));
            at += part.width();
        }
        return new BridgeDomain(weighted);
    }

    /**
     * Reads what {@link #spec} writes: factors {@code free:WIDTH}, {@code levels:-1,0,2}, {@code points:0,0;1,1}, {@code onehot:K}, {@code interval:0,1}, {@code above:0} and
     * {@code below:0} in the order of their columns, joined by {@code " x "}, each with a power where it repeats, as {@code interval:0,1^4}; at most 100,000 columns.
     *
     * @throws IllegalArgumentException naming the part at fault
     */
    public static BridgeDomain parse(String spec) {
        return DomainText.parse(spec);
    }

    /** The factors, {@code levels:-1,0,2 x interval:0,1^4}, numbers exact; weights are not part of it. */
    public String spec() {
        return DomainText.of(parts);
    }
}
