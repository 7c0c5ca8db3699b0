package org.tweedie.sde;

import java.util.function.DoubleFunction;

/**
 * Columns of numbers as functions of time, for a device: cubic between nodes equally spaced in ln t, and constant beyond the ends. The
 * layout is that of the kernels: [nodes][2 columns], the values of all columns, then their slopes d/d ln t times the spacing.
 * Immutable but for its arrays, which nobody may change while threads share them.
 *
 * @param nodes at least 2
 * @param logFirst ln t of the first node
 * @param inverseSpacing nodes a unit of ln t
 * @param values not to be changed
 */
public record CoefficientTable(int columns, int nodes, double logFirst, double inverseSpacing, float[] values) {
    private static final int FEWEST = 129;
    private static final int MOST = 8193;

    /** Relative error of the interpolation at which the table is fine enough: a few roundings of the result. */
    static final double TOLERANCE = 0x1p-21;

    /**
     * For {@code perturb_f32}, per time t: x_t = alpha x0 + sigma eps, and eps itself; columns
     * [alpha, sigma, 0, 1, 1, t].
     */
    public static CoefficientTable perturbation(Sde sde) {
        return of(sde, t -> new double[] {sde.alpha(t), sde.sigma(t), 0, 1, 1, t});
    }

    /**
     * For {@code perturb_f32} in training: columns [a_x0, a_eps, b_x0, b_eps, weight, noise_level], so that the network's input is
     * a_x0 x0 + a_eps eps, its target b_x0 x0 + b_eps eps, the weight of the squared error {@code weight} (the weighting's, in the units of
     * the output, with the time sampling's correction), and the time it is told {@code noise_level}.
     */
    public static CoefficientTable training(
            Parametrisation parametrisation, Weighting weighting, TimeSampling sampling) {
        Sde sde = parametrisation.sde();
        return of(sde, t -> new double[] {
            parametrisation.inputScale(t) * sde.alpha(t),
            parametrisation.inputScale(t) * sde.sigma(t),
            parametrisation.targetX0(t),
            parametrisation.targetEps(t),
            parametrisation.weight(weighting, t) * sampling.correction(sde, t),
            parametrisation.networkTime(t)
        });
    }

    /** A table over [cutoff, T], as fine as its columns need. */
    public static CoefficientTable of(Sde sde, DoubleFunction<double[]> columns) {
        double first = StrictMath.log(sde.cutoff());
        double last = StrictMath.log(sde.horizon());
        // the ends exactly, whatever the logarithm and its inverse round to
        DoubleFunction<double[]> ofLog =
                l -> columns.apply(StrictMath.min(sde.horizon(), StrictMath.max(sde.cutoff(), StrictMath.exp(l))));
        int nodes = FEWEST;
        Hermite table = new Hermite(ofLog, first, last, nodes);
        while (nodes < MOST && !table.fine()) {
            nodes = 2 * nodes - 1;
            table = new Hermite(ofLog, first, last, nodes);
        }
        return new CoefficientTable(table.columns(), nodes, first, (nodes - 1) / (last - first), table.floats());
    }

    /** The columns at time t, interpolated in double from the table's floats. */
    public double[] at(double t) {
        double u = (StrictMath.log(t) - logFirst) * inverseSpacing;
        return Hermite.at(values, columns, nodes, u);
    }
}
