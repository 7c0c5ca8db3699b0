package org.tweedie.sde;

import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.plan.Time;
import org.tweedie.rng.Purpose;

/**
 * The reverse-time SDE by steps that each row chooses. An attempt of length h makes x' by Euler and Maruyama at t, x~ by the same increment
 * with drift and diffusion at (x', t - h), and x'' = (x' + x~)/2; it is taken, x'', where
 *
 * <p>sqrt(mean over coordinates of ((x' - x'')/max(absolute, relative max(|x'|, |x'_before|)))^2)
 *
 * <p>is below 1. The next length is h times 0.9 error^-0.9. Two evaluations an attempt.
 *
 * <p>The noise of a refused attempt is not drawn again, which would favour small increments, but divided by a Brownian bridge; a row that has
 * refused so often in a row that it has no memory left takes its step as it is. So the increments of the steps taken are those of a
 * Brownian path, whatever was refused.
 *
 * <p>The steps of the grid are the most a row may try; its times between the ends do not matter. Outputs beside {@code x}: {@code nfe} and
 * {@code remaining}, as those of {@link AdaptiveFlow}.
 *
 * <p>Jolicoeur-Martineau et al., 2021, arXiv 2105.14080, "Gotta Go Fast When Generating Data with Score-Based Models", algorithm 1, but for the noise
 * and for bounds on how fast the length changes. Only towards data. Immutable.
 *
 * @param relative tolerance, above 0 to 1; the paper takes 0.01 to 0.05
 * @param absolute tolerance, above 0; the paper takes a step of the data's resolution
 */
public record GottaGoFast(double relative, double absolute) implements Method {
    /** Equal tolerances. */
    public GottaGoFast(double tolerance) {
        this(tolerance, tolerance);
    }

    public GottaGoFast {
        if (!(relative > 0 && relative <= 1)) {
            throw new IllegalArgumentException(
                    "the relative tolerance must lie between 0 and 1, got " + relative + "; 0.02 is usual");
        }
        if (!(absolute > 0 && absolute < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("the absolute tolerance must be positive, got " + absolute);
        }
    }

    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        Trajectory trajectory = Trajectory.start(this, process, grid, true);
        OwnPace.requireSteps(this, trajectory.sde, grid);
        Plan.Writer plan = trajectory.plan;
        Space space = trajectory.sde.space();
        Space one = Space.euclidean(1);
        Space two = Space.euclidean(GottaGoFastFormulas.PACE);
        Space lengths = Space.euclidean(BrownianMemory.DEPTH);
        Space increments = Space.euclidean(BrownianMemory.DEPTH * space.width());
        double first = grid.times()[0];
        double end = grid.times()[grid.steps()];
        GottaGoFastFormulas formulas = new GottaGoFastFormulas(this, trajectory.sde, first, end);

        int x = trajectory.x;
        int score = trajectory.score;
        int z = trajectory.noise;
        int[] row = {
            x,
            plan.register("euler.before", space),
            plan.register("t", one),
            plan.register("pace", two),
            plan.register("lengths", lengths),
            plan.register("increments", increments)
        };
        int alive = plan.register("alive", one);
        int euler = plan.register("euler", space);
        int when = plan.register("euler.t", one);
        int ahead = plan.register("ahead.lengths", lengths);
        int noise = plan.register("ahead.increments", increments);
        int[] next = {
            plan.register("next", space),
            plan.register("next.euler", space),
            plan.register("next.t", one),
            plan.register("next.pace", two),
            plan.register("next.lengths", lengths),
            plan.register("next.increments", increments)
        };

        plan.step(first, first).set(row[1], 1, x).apply(formulas.start(), new int[] {x}, row[2], row[3]);
        plan.combine(row[4], new double[0]).combine(row[5], new double[0]);

        plan.repeat(first, end, alive, grid.steps());
        plan.evaluate(Sde.SCORE, new int[] {x}, Time.of(row[2]), score);
        plan.normal(Purpose.STEP, z);
        plan.apply(
                formulas.attempt(), new int[] {x, row[2], row[3], row[4], row[5], score, z}, euler, when, ahead, noise);
        plan.evaluate(Sde.SCORE, new int[] {euler}, Time.of(when), score);
        int[] decides = new int[next.length + 1];
        System.arraycopy(next, 0, decides, 0, next.length);
        decides[next.length] = alive;
        plan.apply(
                formulas.decision(), new int[] {x, row[1], row[2], row[3], ahead, noise, euler, when, score}, decides);
        for (int i = 0; i < row.length; ++i) {
            plan.set(row[i], 1, next[i]);
        }

        int nfe = plan.register("nfe", one);
        int remaining = plan.register("remaining", one);
        plan.step(end, end).apply(formulas.report(), new int[] {row[2], row[3]}, nfe, remaining);
        return plan.plan(x, nfe, remaining);
    }

    @Override
    public String spec() {
        String spec = "ggf:" + Spelling.number(relative);
        return absolute == relative ? spec : spec + "," + Spelling.number(absolute);
    }
}
