package org.tweedie.theory;

import org.tweedie.sde.GaussLegendre;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.VariancePreserving;

/**
 * A bound of KL(p_s | output) with no unknown constant: by Girsanov's theorem the paths of the exponential integrator are off by
 * {@code KL(p_T | N(0, I)) + 1/2 integral of g^2 E|score used - score|^2 dt}, and their ends by no more. Immutable.
 *
 * <p>For the exact score frozen at the start t_k of a step, {@code E|s(X_tk, tk) - s(X_t, t)|^2 = J(t) - (2 alpha(tk)/alpha(t) - 1) J(tk)} with
 * the Fisher information {@code J(t) = E|s(X_t, t)|^2}, as alpha s is a martingale of the reversed process. A constant error b of the score is
 * uncorrelated with that and adds |b|^2. Chen et al., ICLR 2023, arXiv 2209.11215, section 5, with the inequalities left out.
 *
 * @param start KL(p_T | N(0, I))
 * @param steps the part of the steps
 * @param score the part of the score's error
 */
public record GirsanovBound(double start, double steps, double score) {
    /** Nothing yet but the start. */
    public static GirsanovBound from(double klOfStart) {
        return new GirsanovBound(klOfStart, 0, 0);
    }

    /** One more stretch of time over which the score is off by {@code E|error|^2}. */
    public GirsanovBound accumulate(double squaredDiffusion, double squaredError, double duration) {
        if (!(squaredDiffusion >= 0 && squaredError >= 0 && duration >= 0)) {
            throw new IllegalArgumentException("g^2, E|error|^2 and a duration are not negative, got "
                    + squaredDiffusion + ", " + squaredError + " and " + duration);
        }
        return new GirsanovBound(start, steps, score + 0.5 * squaredDiffusion * squaredError * duration);
    }

    /**
     * The bound of {@code ei} along a grid from T.
     *
     * @param scoreError |b| of a constant error b of the score, all coordinates together
     */
    public static GirsanovBound of(ProductLaw data, VariancePreserving sde, TimeGrid grid, double scoreError) {
        int d = data.dimension();
        GirsanovBound bound = from(d * data.klToNormal(sde, grid.t(0)));
        double steps = 0;
        for (int k = 0; k < grid.steps(); k++) {
            double t = grid.t(k);
            double s = grid.s(k);
            double frozen = data.fisher(sde, t);
            double alpha = sde.alpha(t);
            steps += d
                    * GaussLegendre.integral(
                            r -> 0.5 * sde.beta(r) * (data.fisher(sde, r) - (2 * alpha / sde.alpha(r) - 1) * frozen),
                            s,
                            t);
            bound = bound.accumulate(GaussLegendre.integral(sde::beta, s, t) / (t - s), scoreError * scoreError, t - s);
        }
        return new GirsanovBound(bound.start, steps, bound.score);
    }

    /** The bound of KL. */
    public double kl() {
        return start + steps + score;
    }

    /** The bound of total variation that follows: Pinsker's sqrt(KL/2), or Bretagnolle and Huber's sqrt(1 - exp(-KL)). */
    public double totalVariation() {
        return StrictMath.min(StrictMath.sqrt(kl() / 2), StrictMath.sqrt(-StrictMath.expm1(-kl())));
    }
}
