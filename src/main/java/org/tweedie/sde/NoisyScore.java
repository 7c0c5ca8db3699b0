package org.tweedie.sde;

import org.tweedie.plan.Plan;
import org.tweedie.plan.Time;
import org.tweedie.rng.Purpose;

/**
 * The score at a noisy copy of a row, score(alpha x + sigma z; t): what {@code LocalDimension} makes many of. Reads the given register {@code x}; puts out
 * {@code score}. The time is the first of the grid. Immutable.
 */
public record NoisyScore() implements Method {
    @Override
    public String spec() {
        return "noisy-score";
    }

    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        if (!(process instanceof Sde sde)) {
            throw new IllegalArgumentException("noisy scores are those of SDEs; " + process.spec() + " is none");
        }
        double t = grid.times()[0];
        Plan.Writer plan = Plan.writer();
        int x = plan.given("x", sde.space());
        int noise = plan.register("noise", sde.space());
        int noisy = plan.register("noisy", sde.space());
        int score = plan.register("score", sde.space());
        plan.step(t, t);
        plan.normal(Purpose.PROBE, noise);
        plan.set(noisy, sde.alpha(t), x, sde.sigma(t), noise);
        plan.evaluate(Sde.SCORE, new int[] {noisy}, Time.at(t), score);
        return plan.plan(score);
    }
}
