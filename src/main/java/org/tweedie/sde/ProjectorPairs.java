package org.tweedie.sde;

import org.tweedie.plan.Plan;
import org.tweedie.rng.Purpose;

/**
 * What teaches the projector of {@link PredictProject} for each step from t to s of a grid (Ghimire et al., arXiv 2302.04411): rows of data are noised to t and predicted,
 *
 * <pre>
 *   x = alpha_t x0 + sigma_t eps      p = x + h b (2 score(x; t) + x)
 * </pre>
 *
 * <p>and T(p, s) makes |p + T - alpha_s x0|^2 + (sqrt(b)/2) |T|^2 small. With k = sqrt(b)/2 that is (1 + k) |T - (alpha_s x0 - p)/(1 + k)|^2 and something that T does not
 * change: a regression. No sampler; a method because a model knows how its score is evaluated in the plan of one. Immutable.
 */
public record ProjectorPairs() implements Method {
    /** The given register of the rows of data. */
    public static final String DATA = "data";

    /** The register of what T is to be. */
    public static final String TARGET = "target";

    /** The weight of a step that begins at t. */
    public static double weight(VariancePreserving sde, double t) {
        return 1 + StrictMath.sqrt(sde.beta(t) / 2) / 2;
    }

    /** Traces {@code x}, the predicted row, and {@value #TARGET} of each step. */
    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        VariancePreserving sde = PredictProject.known(this, process);
        Plan.Writer plan = Plan.writer();
        int data = plan.given(DATA, sde.space());
        int x = plan.register("x", sde.space());
        int noise = plan.register("noise", sde.space());
        int score = plan.register("score", sde.space());
        int target = plan.register(TARGET, sde.space());
        for (int i = 0; i < grid.steps(); i++) {
            double t = grid.t(i);
            double s = grid.s(i);
            double moved = (t - s) * sde.beta(t) / 2;
            double share = 1 / weight(sde, t);
            plan.step(t, s)
                    .normal(Purpose.NOISE, noise)
                    .set(x, sde.alpha(t), data, sde.sigma(t), noise)
                    .evaluate(Sde.SCORE, t, x, score)
                    .set(x, 1 + moved, x, 2 * moved, score)
                    .set(target, share * sde.alpha(s), data, -share, x);
        }
        return plan.plan(x, target).traced("x", TARGET);
    }

    @Override
    public String spec() {
        return "predict-project-pairs";
    }
}
