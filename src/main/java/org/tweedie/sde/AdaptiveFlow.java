package org.tweedie.sde;

import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.plan.Time;

/**
 * The probability-flow ODE dx/dt = f x - g^2 score/2 by an embedded Runge-Kutta pair whose every row chooses its own steps: a step is taken
 * where the error estimate, in the norm
 *
 * <p>sqrt(mean over coordinates of (error/(absolute + relative max(|x|, |x_next|)))^2),
 *
 * <p>is below 1, and tried again, shorter, where it is not. Lengths follow from this error and the one before (a PI controller). Rows do not
 * see each other: each has its time, its step and its error norm on the device, and stops when it is done.
 *
 * <p>The steps of the grid are the most a row may try; its times between the ends do not matter. Outputs beside {@code x}: {@code nfe}, the
 * evaluations that the row cost, and {@code remaining}, the time that it had still to go when it ran out of steps, 0 if it is done.
 *
 * <p>Song et al., ICLR 2021, arXiv 2011.13456, section 4.3; Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I, II.4. Goes both
 * ways. Immutable.
 *
 * @param relative tolerance, from {@value #LEAST} to 1
 * @param absolute tolerance, above 0
 */
public record AdaptiveFlow(RungeKutta pair, double relative, double absolute) implements Method {
    /** Below this a row of 32-bit numbers has no digits to tell an error from a rounding. */
    static final double LEAST = 1e-6;

    /** Equal tolerances. */
    public AdaptiveFlow(RungeKutta pair, double tolerance) {
        this(pair, tolerance, tolerance);
    }

    public AdaptiveFlow {
        if (!(relative >= LEAST && relative <= 1)) {
            throw new IllegalArgumentException(
                    "the relative tolerance must lie between " + LEAST + " and 1, got " + relative + "; 1e-3 is usual");
        }
        if (!(absolute > 0 && absolute < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("the absolute tolerance must be positive, got " + absolute);
        }
    }

    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        Trajectory trajectory = Trajectory.start(this, process, grid, false);
        OwnPace.requireSteps(this, trajectory.sde, grid);
        Sde sde = trajectory.sde;
        Plan.Writer plan = trajectory.plan;
        Space space = sde.space();
        Space one = Space.euclidean(1);
        double first = grid.times()[0];
        double end = grid.times()[grid.steps()];
        AdaptiveFlowFormulas formulas = new AdaptiveFlowFormulas(this, sde, first, end);

        int x = trajectory.x;
        int score = trajectory.score;
        int stages = pair.stages();
        int t = plan.register("t", one);
        int pace = plan.register("pace", Space.euclidean(AdaptiveFlowFormulas.PACE));
        int alive = plan.register("alive", one);
        int[] k = new int[stages];
        for (int i = 0; i < stages; ++i) {
            k[i] = plan.register("slope." + i, space);
        }
        int[] at = {plan.register("stage", space), plan.register("stage.other", space)};
        int[] when = {plan.register("stage.t", one), plan.register("stage.other.t", one)};
        int nextX = plan.register("next", space);
        int nextT = plan.register("next.t", one);
        int nextPace = plan.register("next.pace", Space.euclidean(AdaptiveFlowFormulas.PACE));
        int nextSlope = plan.register("next.slope", space);

        plan.step(first, first);
        trajectory.evaluate(first, x);
        plan.apply(formulas.start(), new int[] {x, score}, k[0], t, pace);

        plan.repeat(first, end, alive, grid.steps());
        plan.apply(formulas.opening(), new int[] {x, t, pace, k[0]}, at[1], when[1]);
        for (int i = 1; i < stages - 1; ++i) {
            int here = i % 2;
            plan.evaluate(Sde.SCORE, new int[] {at[here]}, Time.of(when[here]), score);
            int[] from = with(new int[] {x, t, pace, at[here], when[here], score}, k, i);
            plan.apply(formulas.stage(i), from, k[i], at[1 - here], when[1 - here]);
        }
        int last = (stages - 1) % 2;
        plan.evaluate(Sde.SCORE, new int[] {at[last]}, Time.of(when[last]), score);
        int[] from = with(new int[] {x, t, pace, at[last], when[last], score}, k, stages - 1);
        plan.apply(formulas.closing(), from, nextX, nextT, nextPace, nextSlope, alive);
        plan.set(x, 1, nextX).set(k[0], 1, nextSlope).set(t, 1, nextT).set(pace, 1, nextPace);

        int nfe = plan.register("nfe", one);
        int remaining = plan.register("remaining", one);
        plan.step(end, end).apply(formulas.report(), new int[] {t, pace}, nfe, remaining);
        return plan.plan(x, nfe, remaining);
    }

    private static int[] with(int[] registers, int[] more, int count) {
        int[] all = java.util.Arrays.copyOf(registers, registers.length + count);
        System.arraycopy(more, 0, all, registers.length, count);
        return all;
    }

    @Override
    public String spec() {
        String spec = pair.word() + ":" + Spelling.number(relative);
        return absolute == relative ? spec : spec + "," + Spelling.number(absolute);
    }
}
