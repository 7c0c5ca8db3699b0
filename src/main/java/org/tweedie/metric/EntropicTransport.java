package org.tweedie.metric;

import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.kernels.PairParts;

/**
 * Entropic optimal transport between two samples of equal weights: the coupling P that has the least
 * {@code sum P |x - y|^2 + epsilon KL(P | X x Y)} (Cuturi 2013; Peyré and Cuturi 2019, chapter 4). It is
 * {@code P_ij = exp((f_i + g_j - |x_i - y_j|^2) / epsilon) / (n m)}, and its cost is the mean of f plus the mean of g.
 *
 * <p>Solved for the potentials f and g in the log domain, the scale halved from the largest cost down to epsilon (Schmitzer 2019), until the
 * marginals are off by at most {@link #TOLERANCE} of the mass. All passes run on the device, which keeps the potentials; the host reads
 * them only to see whether they have settled. A pass costs n m exponentials and keeps no pair, so that memory is of order n + m. Potentials
 * are f32: off by some 2^-22 of the largest of them. The same bits on every device. Immutable but for its arrays, which nobody may
 * change while threads share them.
 *
 * @param epsilon in the units of squared distances
 * @param f the potential of each row of x
 * @param g the potential of each row of y
 * @param misplaced the share of the mass that the coupling of f and g has in wrong rows of x; those of y are exact
 */
public record EntropicTransport(Points x, Points y, double epsilon, float[] f, float[] g, double misplaced) {
    /** The mass that may be in the wrong place when the solver stops. */
    public static final double TOLERANCE = 1e-3;

    private static final int MOST_PASSES = 10_000;
    private static final double RESOLUTION = 0x1p-22; // of a potential in f32, over its size

    /** {@link #solve(Points, Points, double, Device)} on the cores of the host. */
    public static EntropicTransport solve(Points x, Points y, double epsilon) {
        return DevicePairs.onHost(host -> solve(x, y, epsilon, host));
    }

    /**
     * Solves for the potentials.
     *
     * @param epsilon between 1e-30 and 1e30; a twentieth of the median squared distance is usual
     * @throws IllegalArgumentException if the widths differ, or epsilon is out of range
     * @throws IllegalStateException if epsilon is so small beside the costs that f32 does not resolve it or 10,000 passes do not settle the
     *     potentials
     */
    public static EntropicTransport solve(Points x, Points y, double epsilon, Device device) {
        Points.requireComparable(x, y);
        require(epsilon);
        try (DevicePairs on = new DevicePairs(device)) {
            return solve(on, on.place(x), on.place(y), x, y, epsilon);
        }
    }

    private static EntropicTransport solve(
            DevicePairs on, DevicePairs.Placed a, DevicePairs.Placed b, Points x, Points y, double epsilon) {
        PairParts parts = on.parts(a, b);
        DeviceBuffer f = on.upload(new float[x.rows()]);
        DeviceBuffer next = on.upload(new float[x.rows()]);
        DeviceBuffer g = on.upload(new float[y.rows()]);
        double scale = largest(x, y, epsilon);
        on.softMinimum(a, b, g, scale, null, parts, f);
        for (int pass = 0; pass < MOST_PASSES; pass++) {
            boolean last = scale <= epsilon;
            on.softMinimum(b, a, f, scale, null, parts, g);
            on.softMinimum(a, b, g, scale, null, parts, next);
            if (last) {
                float[] then = on.read(f);
                float[] now = on.read(next);
                requireResolved(now, epsilon);
                double misplaced = misplaced(then, now, 1, epsilon);
                if (misplaced <= TOLERANCE) {
                    float[] other = on.read(g);
                    requireResolved(other, epsilon);
                    return new EntropicTransport(x, y, epsilon, now, other, misplaced);
                }
            }
            DeviceBuffer spare = f;
            f = next;
            next = spare;
            scale = Math.max(epsilon, scale / 2);
        }
        throw notSettled(epsilon);
    }

    /** The one potential of a sample against itself; averaging with the last makes it settle in a few passes. */
    static EntropicTransport own(Points x, double epsilon, Device device) {
        Points.requireComparable(x, x);
        require(epsilon);
        try (DevicePairs on = new DevicePairs(device)) {
            DevicePairs.Placed a = on.place(x);
            PairParts parts = on.parts(a, a);
            DeviceBuffer f = on.upload(new float[x.rows()]);
            DeviceBuffer next = on.upload(new float[x.rows()]);
            double scale = largest(x, x, epsilon);
            for (int pass = 0; pass < MOST_PASSES; pass++) {
                on.softMinimum(a, a, f, scale, f, parts, next);
                if (scale <= epsilon) {
                    float[] then = on.read(f);
                    float[] now = on.read(next);
                    requireResolved(now, epsilon);
                    double misplaced = misplaced(then, now, 2, epsilon); // half of the way was gone
                    if (misplaced <= TOLERANCE) {
                        return new EntropicTransport(x, x, epsilon, now, now, misplaced);
                    }
                }
                DeviceBuffer spare = f;
                f = next;
                next = spare;
                scale = Math.max(epsilon, scale / 2);
            }
            throw notSettled(epsilon);
        }
    }

    /** The least cost, {@code sum P |x - y|^2 + epsilon KL(P | X x Y)}. */
    public double cost() {
        double sum = 0;
        for (float one : f) {
            sum += one / (double) f.length;
        }
        for (float one : g) {
            sum += one / (double) g.length;
        }
        return sum;
    }

    /** The mass that goes from row i of x to row j of y. */
    public double mass(int i, int j) {
        int width = x.width();
        double square = 0;
        for (int d = 0; d < width; d++) {
            double apart = (double) x.values()[i * width + d] - y.values()[j * width + d];
            square += apart * apart;
        }
        return StrictMath.exp(((double) f[i] + g[j] - square) / epsilon) / ((double) f.length * g.length);
    }

    /** Mass in the wrong rows: row i of the coupling of (f, g) sums to exp((f - next)/epsilon) / rows. */
    private static double misplaced(float[] then, float[] now, double steps, double epsilon) {
        double sum = 0;
        for (int i = 0; i < then.length; i++) {
            sum += Math.abs(StrictMath.expm1(Math.min(50, steps * ((double) then[i] - now[i]) / epsilon)));
        }
        return sum / then.length;
    }

    /** The squared diagonal of the box around both samples: no cost is larger. */
    private static double largest(Points x, Points y, double epsilon) {
        double square = 0;
        for (int d = 0; d < x.width(); d++) {
            double low = Double.POSITIVE_INFINITY;
            double high = Double.NEGATIVE_INFINITY;
            for (Points side : new Points[] {x, y}) {
                for (int i = d; i < side.values().length; i += side.width()) {
                    low = Math.min(low, side.values()[i]);
                    high = Math.max(high, side.values()[i]);
                }
            }
            square += (high - low) * (high - low);
        }
        return Math.max(epsilon, square);
    }

    static void require(double epsilon) {
        if (!(epsilon >= 1e-30 && epsilon <= 1e30)) {
            throw new IllegalArgumentException("epsilon must be between 1e-30 and 1e30, got " + epsilon
                    + "; a twentieth of the median squared distance is usual");
        }
    }

    private static void requireResolved(float[] potential, double epsilon) {
        double most = 0;
        for (float one : potential) {
            most = Math.max(most, Math.abs(one));
        }
        if (!(most * RESOLUTION <= TOLERANCE * epsilon)) {
            throw new IllegalStateException("potentials of " + most + " in f32 do not resolve an epsilon of " + epsilon
                    + "; take a larger one, at least " + (float) (1.1 * most * RESOLUTION / TOLERANCE));
        }
    }

    private static IllegalStateException notSettled(double epsilon) {
        return new IllegalStateException("the potentials have not settled in " + MOST_PASSES + " passes: epsilon "
                + epsilon + " is too small beside these distances; take a larger one");
    }
}
