package org.tweedie.theory;

import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.VariancePreserving;

/**
 * The theorem of De Bortoli (TMLR 2022, arXiv 2208.05314) for data of bounded support, a manifold or points, without a density: dX = -beta X dt +
 * sqrt(2 beta) dW over T, run back by the exponential integrator and stopped at eps. The 1-Wasserstein distance of the output from the
 * data is at most a constant times
 *
 * <pre>
 * e^(kappa/eps) (M + sqrt(delta)) / eps^2 + e^(kappa/eps) e^(-T/b) + sqrt(eps),    kappa = diameter^2 (1 + b) / 2,
 * </pre>
 *
 * where the score is off by at most M (1 + |x|)/sigma_t^2, delta is the largest h_k sup beta/sigma^2 over the steps h_k, and b is such that beta is
 * between 1/b and b. The constant is not known: terms say how things scale, not what happens; those of data with a diameter
 * are soon beyond all numbers, and then infinite here. Immutable.
 *
 * @param kappa of the exponent, in the time of the theorem
 * @param delta of the steps
 * @param start what ending noising at T costs
 * @param steps what steps cost
 * @param score what an error of the score costs
 * @param stop what stopping at eps costs
 */
public record ManifoldBound(double kappa, double delta, double start, double steps, double score, double stop) {
    /**
     * The terms.
     *
     * @param diameter of the support of the data, not negative
     * @param clock one unit of the process's time in the theorem's; the bound is not the same for all, take that in which beta is about 1
     * @param scoreError length of a constant vector that the score is off by: M = scoreError sigma_T^2
     * @throws IllegalArgumentException if the diameter is negative or not finite, or the grid ends at 0
     */
    public static ManifoldBound of(
            double diameter, VariancePreserving sde, TimeGrid grid, double clock, double scoreError) {
        double end = grid.times()[grid.steps()];
        if (!(diameter >= 0 && diameter < Double.POSITIVE_INFINITY) || !(end > 0) || !(clock > 0)) {
            throw new IllegalArgumentException(
                    "the theorem needs data of a finite diameter and a grid that ends above 0, got " + diameter
                            + " and " + end);
        }
        double delta = 0;
        double most = 0;
        for (int k = 0; k < grid.steps(); k++) {
            double t = grid.t(k);
            double s = grid.s(k);
            double beta = StrictMath.max(-sde.drift(t), -sde.drift(s)); // it is monotone
            double least = StrictMath.min(-sde.drift(t), -sde.drift(s));
            delta = StrictMath.max(delta, (t - s) * beta / (sde.sigma(s) * sde.sigma(s)));
            most = StrictMath.max(most, StrictMath.max(beta / clock, clock / least));
        }
        double eps = end * clock;
        double kappa = diameter == 0 ? 0 : diameter * diameter * (1 + most) / 2;
        double grows = StrictMath.exp(kappa / eps);
        double noise = sde.sigma(sde.horizon());
        return new ManifoldBound(
                kappa,
                delta,
                grows * StrictMath.exp(-grid.times()[0] * clock / most),
                grows * StrictMath.sqrt(delta) / (eps * eps),
                scoreError == 0 ? 0 : grows * scoreError * noise * noise / (eps * eps),
                StrictMath.sqrt(eps));
    }

    /** The four terms together. */
    public double sum() {
        return start + steps + score + stop;
    }
}
