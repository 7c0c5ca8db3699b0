package org.tweedie.sde;

import org.tweedie.plan.Plan;
import org.tweedie.rng.Purpose;

/**
 * Predict, then project: a step of the reversed process and, before its noise, a second field's step towards p_s (Ghimire et al.,
 * arXiv 2302.04411). With b = beta/2 and h = t - s:
 *
 * <pre>
 *   x &larr; x + h b (2 score(x; t) + x)
 *   x &larr; x + sqrt(b) amount h projector(x; s)
 *   x &larr; x + sqrt(2 b h) z         but for the last step
 * </pre>
 *
 * <p>The paper prints the noise without its sqrt(h), which would be no step of an SDE. The projector is fitted ({@link ProjectorPairs}) to a conditional mean and
 * so contracts: it helps below about 40 steps and makes the variance too small above; take the amount 0 there, which asks for no
 * projector. Knows variance-preserving processes. Immutable.
 *
 * @param amount the paper's delta mu, not negative
 */
public record PredictProject(double amount) implements Method {
    /** The field that projects: x and the time that the step goes to, to a direction. */
    public static final String PROJECTOR = "projector";

    public PredictProject {
        if (!(amount >= 0 && amount < 1e6)) {
            throw new IllegalArgumentException("the amount of projection must not be negative, got " + amount);
        }
    }

    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        VariancePreserving sde = known(this, process);
        Trajectory trajectory = Trajectory.start(this, process, grid, true);
        int x = trajectory.x;
        int direction = amount == 0 ? -1 : trajectory.plan.register("direction", sde.space());
        for (int i = 0; i < grid.steps(); ++i) {
            double t = grid.t(i);
            double s = grid.s(i);
            double h = t - s;
            double b = sde.beta(t) / 2;
            trajectory.plan.step(t, s);
            trajectory.evaluate(t, x);
            trajectory.plan.set(x, 1 + h * b, x, 2 * h * b, trajectory.score);
            if (amount > 0) {
                trajectory.plan.evaluate(PROJECTOR, s, x, direction);
                trajectory.plan.set(x, 1, x, StrictMath.sqrt(b) * amount * h, direction);
            }
            if (i + 1 < grid.steps()) {
                trajectory.plan.normal(Purpose.STEP, trajectory.noise);
                trajectory.plan.set(x, 1, x, StrictMath.sqrt(2 * b * h), trajectory.noise);
            }
        }
        return trajectory.plan();
    }

    /** The process, if it is one that prediction knows. */
    static VariancePreserving known(Method method, Noising process) {
        if (process instanceof VariancePreserving sde) {
            return sde;
        }
        throw new IllegalArgumentException(
                "method " + method.spec() + " knows variance-preserving processes; " + process.spec() + " is none");
    }

    /** {@inheritDoc} Not read by {@link MethodSpec}: its second field has no place in a model file yet. */
    @Override
    public String spec() {
        return "predict-project:" + Spelling.number(amount);
    }
}
