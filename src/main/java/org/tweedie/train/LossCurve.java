package org.tweedie.train;

import java.util.Arrays;

/**
 * The loss over steps in at most {@value #MOST} points, each the mean of as many steps; when they are full, neighbours meet.
 * Not thread-safe.
 */
public final class LossCurve {
    /** The most points that are kept. */
    public static final int MOST = 2048;

    private final double[] sums;
    private int points;
    private long stride;
    private long steps;

    public LossCurve() {
        this(new double[MOST], 1, 0);
    }

    private LossCurve(double[] sums, long stride, long steps) {
        this.sums = sums;
        this.stride = stride;
        this.steps = steps;
        this.points = (int) ((steps + stride - 1) / stride);
    }

    /** A copy. */
    public LossCurve copy() {
        return new LossCurve(sums.clone(), stride, steps);
    }

    /** Adds the loss of the next step. */
    void add(double loss) {
        if (steps == stride * MOST) {
            for (int i = 0; i < MOST / 2; i++) {
                sums[i] = sums[2 * i] + sums[2 * i + 1];
            }
            Arrays.fill(sums, MOST / 2, MOST, 0);
            stride *= 2;
        }
        sums[(int) (steps / stride)] += loss;
        steps++;
        points = (int) ((steps + stride - 1) / stride);
    }

    /** Steps that were added. */
    public long steps() {
        return steps;
    }

    public int points() {
        return points;
    }

    /** The step at the middle of point {@code i}. */
    public double step(int i) {
        return i * stride + (inPoint(i) + 1) / 2.0;
    }

    /** The mean loss of point {@code i}. */
    public double loss(int i) {
        return sums[i] / inPoint(i);
    }

    private long inPoint(int i) {
        return Math.min(stride, steps - i * stride);
    }

    /** Stride, steps and the bits of the sums, for a checkpoint. */
    long[] state() {
        long[] state = new long[2 + MOST];
        state[0] = stride;
        state[1] = steps;
        for (int i = 0; i < MOST; i++) {
            state[2 + i] = Double.doubleToRawLongBits(sums[i]);
        }
        return state;
    }

    static LossCurve of(long[] state) {
        if (state.length != 2 + MOST || state[0] < 1 || state[1] < 0 || (state[1] + state[0] - 1) / state[0] > MOST) {
            throw new IllegalArgumentException("not the state of a loss curve");
        }
        double[] sums = new double[MOST];
        for (int i = 0; i < MOST; i++) {
            sums[i] = Double.longBitsToDouble(state[2 + i]);
        }
        return new LossCurve(sums, state[0], state[1]);
    }
}
