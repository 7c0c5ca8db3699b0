package org.tweedie.sde;

import org.tweedie.plan.Curves;

/**
 * Times by their rank, for a device: t(u), cubic between nodes equally spaced in u from 0 to 1. The layout is that of the kernel
 * {@code time_sample_f32}: [nodes][2], the time, then its slope dt/du times the spacing.
 * Immutable but for its arrays, which nobody may change while threads share them.
 *
 * @param nodes at least 2
 * @param values not to be changed
 */
public record QuantileTable(int nodes, float[] values) {
    private static final int NODES = 2049;

    public static QuantileTable of(Sde sde, TimeSampling sampling) {
        float[] values = new float[2 * NODES];
        for (int i = 0; i < NODES; ++i) {
            double t = sampling.quantile(sde, (double) i / (NODES - 1));
            values[2 * i] = (float) t;
            values[2 * i + 1] = (float) (1 / (sampling.density(sde, t) * (NODES - 1)));
        }
        monotone(values);
        return new QuantileTable(NODES, values);
    }

    /** Uniform from the cutoff to T. */
    public static QuantileTable uniform(Noising process) {
        double length = process.horizon() - process.cutoff();
        float[] values = new float[2 * NODES];
        for (int i = 0; i < NODES; ++i) {
            values[2 * i] = (float) (process.cutoff() + length * i / (NODES - 1));
            values[2 * i + 1] = (float) (length / (NODES - 1));
        }
        return new QuantileTable(NODES, values);
    }

    /** Slopes of at most three times the neighbouring differences keep the cubic rising (Fritsch and Carlson, 1980). */
    private static void monotone(float[] values) {
        for (int i = 0; i < NODES; ++i) {
            float least = Float.POSITIVE_INFINITY;
            if (i > 0) {
                least = Math.min(least, values[2 * i] - values[2 * i - 2]);
            }
            if (i + 1 < NODES) {
                least = Math.min(least, values[2 * i + 2] - values[2 * i]);
            }
            values[2 * i + 1] = Math.min(values[2 * i + 1], 3 * least);
        }
    }

    /** The time of rank u, interpolated in double from the table's floats. */
    public double at(double u) {
        return Curves.interpolated(values, 1, nodes, u * (nodes - 1))[0];
    }
}
