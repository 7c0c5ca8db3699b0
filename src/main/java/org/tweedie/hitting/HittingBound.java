package org.tweedie.hitting;

import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.plan.Time;
import org.tweedie.sde.Method;
import org.tweedie.sde.Noising;
import org.tweedie.sde.TimeGrid;

/**
 * What the path loss says of the likelihood: a bridge to the row y given as {@value HittingPairs#END}, and averaged over places z at times uniform on [0, tau] the output {@value #BOUND},
 * whose mean over walks is at most, by Girsanov and Jensen,
 *
 * <pre>
 *   ln p(y)             - tau |eta^y(z) - f(z)|^2/2            where ends are few: cube, categories
 *   ln p(y)/p_0(y)      tau (eta^y(z) . f(z) - |f(z)|^2/2)      where they have densities: ball, half-space; p_0 that of the base
 * </pre>
 *
 * <p>up to the O(h) of the steps. Less its mean over rows of data, the first is at least the data's entropy plus KL(data | model); the mean of the second falls short of
 * KL(data | base) by at least KL(data | model). {@code remaining} is above 0 for a walk that ran out of steps, whose bound says nothing. Immutable.
 */
public record HittingBound(HittingSteps steps) implements Method {
    /** The output. */
    public static final String BOUND = "bound";
    /** Places of a walk that are averaged over: the square of a drift to the nearest wall has a wide law. */
    private static final int PLACES = 8;

    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        if (!(process instanceof HittingProcess walk)) {
            throw new IllegalArgumentException(
                    "method " + spec() + " knows walks that hit; " + process.spec() + " is none");
        }
        HittingDomain domain = walk.domain();
        Space space = domain.space();
        Plan.Writer plan = Plan.writer();
        HittingPairs.Walked walked = new HittingPairs(domain, steps, PLACES, 0).walk(plan);
        int[] inputs = new int[2 * PLACES + 3];
        int[] places = new int[PLACES];
        for (int k = 0; k < PLACES; k++) {
            places[k] = plan.register("place." + k, space);
            inputs[2 * k] = places[k];
            inputs[2 * k + 1] = plan.register("told." + k, space);
        }
        inputs[2 * PLACES] = walked.end();
        inputs[2 * PLACES + 1] = walked.tau();
        inputs[2 * PLACES + 2] = walked.left();
        int bound = plan.register(BOUND, Space.euclidean(1));
        int remaining = plan.register("remaining", Space.euclidean(1));
        plan.step(1, 1).apply(split(space.width()), new int[] {walked.held()}, places);
        for (int k = 0; k < PLACES; k++) {
            plan.evaluate(FirstHitting.FIELD, new int[] {places[k]}, Time.at(0), inputs[2 * k + 1]);
        }
        plan.apply(bound(domain), inputs, bound, remaining);
        return plan.plan(bound, remaining);
    }

    private static Formula split(int width) {
        FormulaWriter f = Formula.writer("bridge places");
        Value held = f.input(PLACES * width);
        for (int k = 0; k < PLACES; k++) {
            f.output(held.part(k * width, width));
        }
        return f.formula();
    }

    private Formula bound(HittingDomain domain) {
        FormulaWriter f = Formula.writer("hitting bound");
        Value[] z = new Value[PLACES];
        Value[] told = new Value[PLACES];
        for (int k = 0; k < PLACES; k++) {
            z[k] = f.input(domain.space().width());
            told[k] = f.input(domain.space().width());
        }
        Value y = f.input(domain.ends().width());
        Value tau = f.input(1);
        Value left = f.input(1);
        Value sum = f.number(0);
        for (int k = 0; k < PLACES; k++) {
            sum = sum.plus(rate(f, domain, z[k], y, told[k]));
        }
        return f.output(sum.times(tau).times(1.0 / PLACES))
                .output(left.select(left, f.number(0)))
                .formula();
    }

    /** What a time of one at z adds. */
    private Value rate(FormulaWriter f, HittingDomain domain, Value z, Value y, Value told) {
        Value eta = domain.drift(f, z, y, steps.tolerance());
        if (domain.learns() == Drive.DRIFT) {
            return eta.dot(told).minus(told.dot(told).times(0.5));
        }
        Value off = eta.minus(domain.drift(f, z, told, StrictMath.sqrt(steps.most())));
        Value moved = domain.moving(f, z).select(off, off.minus(off));
        return moved.dot(moved).times(-0.5);
    }

    @Override
    public String spec() {
        return "hitting bound:" + steps.spec();
    }
}
