package org.tweedie.sde;

import java.util.function.DoubleFunction;
import org.tweedie.plan.Curves;

/** What a process's and a network's scales are over time, as {@link Curves} for a device. Stateless. */
public final class Coefficients {
    private static final int FEWEST = 129;
    private static final int MOST = 8193;

    /** Nodes of a table of training whose process learns: one size for all that it may become. */
    private static final int LEARNED = 1025;

    /** Relative error of the interpolation at which the table is fine enough: a few roundings of the result. */
    static final double TOLERANCE = 0x1p-21;

    private Coefficients() {}

    /**
     * For {@code perturb_f32}, per time t: x_t = alpha x0 + sigma eps, and eps itself; columns
     * [alpha, sigma, 0, 1, 1, t].
     */
    public static Curves perturbation(Sde sde) {
        return of(sde, perturbed(sde));
    }

    /** The same with so many nodes, at least 2. */
    public static Curves perturbation(Sde sde, int nodes) {
        return of(sde.cutoff(), sde.horizon(), nodes, perturbed(sde));
    }

    private static DoubleFunction<double[]> perturbed(Sde sde) {
        return t -> new double[] {sde.alpha(t), sde.sigma(t), 0, 1, 1, t};
    }

    /**
     * For {@code perturb_f32} in training: columns [a_x0, a_eps, b_x0, b_eps, weight, noise_level], so that the network's input is
     * a_x0 x0 + a_eps eps, its target b_x0 x0 + b_eps eps, the weight of the squared error {@code weight} (the weighting's, in the units of
     * the output, with the time sampling's correction), and the time it is told {@code noise_level}.
     */
    public static Curves training(Parametrisation parametrisation, Weighting weighting, TimeSampling sampling) {
        Sde noised = parametrisation.sde();
        int fixed = noised instanceof VdmSde ? LEARNED : 0;
        return of(noised.cutoff(), noised.horizon(), fixed, t -> {
            Parametrisation p = parametrisation.held(t);
            Sde sde = p.sde();
            return new double[] {
                p.inputScale(t) * sde.alpha(t),
                p.inputScale(t) * sde.sigma(t),
                p.targetX0(t),
                p.targetEps(t),
                p.weight(weighting, t) * sampling.correction(sde, t),
                p.networkTime(t)
            };
        });
    }

    /** A table over [cutoff, T], as fine as its columns need. */
    public static Curves of(Noising process, DoubleFunction<double[]> columns) {
        return of(process.cutoff(), process.horizon(), columns);
    }

    /** A table over the times from {@code least} to {@code most}, as fine as its columns need. */
    public static Curves of(double least, double most, DoubleFunction<double[]> columns) {
        return of(least, most, 0, columns);
    }

    private static Curves of(double least, double most, int fixed, DoubleFunction<double[]> columns) {
        double first = StrictMath.log(least);
        double last = StrictMath.log(most);
        DoubleFunction<double[]> ofLog = clamped(least, most, columns);
        int nodes = fixed > 0 ? fixed : FEWEST;
        Hermite table = new Hermite(ofLog, first, last, nodes);
        while (fixed == 0 && nodes < MOST && !table.fine()) {
            nodes = 2 * nodes - 1;
            table = new Hermite(ofLog, first, last, nodes);
        }
        return curves(table, first, last, nodes);
    }

    /** Of ln t: the ends exactly, whatever the logarithm and its inverse round to. */
    private static DoubleFunction<double[]> clamped(double least, double most, DoubleFunction<double[]> columns) {
        return l -> columns.apply(StrictMath.min(most, StrictMath.max(least, StrictMath.exp(l))));
    }

    private static Curves curves(Hermite table, double first, double last, int nodes) {
        return new Curves(table.columns(), nodes, first, (nodes - 1) / (last - first), table.floats());
    }
}
