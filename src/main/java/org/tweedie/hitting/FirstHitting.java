package org.tweedie.hitting;

import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.plan.Time;
import org.tweedie.rng.Law;
import org.tweedie.rng.Purpose;
import org.tweedie.sde.Method;
import org.tweedie.sde.Noising;
import org.tweedie.sde.TimeGrid;

/**
 * The walk of a {@link HittingDomain} until it hits: Euler steps z + h drift + sqrt(h) n, each row by lengths of its own and for a time of its own, as {@link HittingSteps} say.
 * The drift is that of the field {@value #FIELD}, or is made of the mean end that it tells. It is evaluated at the time 0 always: the walk does not know how long it has gone.
 *
 * <p>Outputs: {@code x}, where the row hit; {@value #TIME}, when; {@code remaining}, how far from the set a row was that ran out of steps, else 0; {@code nfe}, the steps
 * it took. The trace is {@value #PLACE}, which for half-spaces is wider than x. Ye, Wu, Liu, NeurIPS 2022, arXiv 2209.01170. Immutable.
 */
public record FirstHitting(HittingSteps steps, Drive drive) implements Method {
    /** The field that drives. */
    public static final String FIELD = "hitting";
    /** The register of where a row is. */
    public static final String PLACE = "place";
    /** The output of when it hit. */
    public static final String TIME = "tau";

    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        HittingDomain domain = require(process, grid);
        Space space = domain.space();
        Space one = Space.euclidean(1);
        Plan.Writer plan = Plan.writer();
        int x = plan.register("x", domain.ends());
        int place = plan.register(PLACE, space);
        int driven = plan.register("drive", space);
        int noise = plan.register("noise", space);
        int coins = domain.coins() == 0 ? noise : plan.register("coins", Space.euclidean(domain.coins()));
        int tau = plan.register(TIME, one);
        int nfe = plan.register("nfe", one);
        int alive = plan.register("alive", one);
        int next = plan.register("next", space);
        int nextTau = plan.register("next.tau", one);
        int nextNfe = plan.register("next.nfe", one);
        int remaining = plan.register("remaining", one);

        plan.step(0, 0);
        process.prior(plan, place);
        plan.apply(zeros(), new int[0], tau, nfe);
        plan.repeat(0, 1, alive, steps.limit());
        if (drive == Drive.BASE) {
            plan.combine(driven, new double[0]);
        } else {
            plan.evaluate(FIELD, new int[] {place}, Time.at(0), driven);
        }
        plan.normal(Purpose.STEP, noise);
        if (coins != noise) {
            plan.draw(Law.UNIFORM, Purpose.ACCEPT, coins);
        }
        plan.apply(step(domain), new int[] {place, driven, noise, coins, tau, nfe}, next, nextTau, nextNfe, alive);
        plan.set(place, 1, next).set(tau, 1, nextTau).set(nfe, 1, nextNfe);
        plan.step(1, 1).apply(report(domain), new int[] {place, alive}, x, remaining);
        return plan.plan(x, tau, remaining, nfe).traced(PLACE);
    }

    private HittingDomain require(Noising process, TimeGrid grid) {
        if (!(process instanceof HittingProcess walk)) {
            throw new IllegalArgumentException(
                    "method " + spec() + " knows walks that hit; " + process.spec() + " is none");
        }
        if (!grid.equals(HittingProcess.grid())) {
            throw new IllegalArgumentException("rows take steps of their own, " + steps.spec() + ", and no grid, got "
                    + grid + "; set the steps where the model is made");
        }
        if (drive == Drive.END && walk.domain().learns() != Drive.END) {
            throw new IllegalArgumentException("the bridge drift of "
                    + walk.domain().spec() + " is not affine in the end, so no mean end tells it; learn the drift");
        }
        return walk.domain();
    }

    private static Formula zeros() {
        FormulaWriter f = Formula.writer("no time");
        return f.output(f.number(0)).output(f.number(0)).formula();
    }

    private Formula step(HittingDomain domain) {
        FormulaWriter f = Formula.writer("hitting step");
        Value z = f.input(domain.space().width());
        Value driven = f.input(domain.space().width());
        Value noise = f.input(domain.space().width());
        Value coins = f.input(domain.coins() == 0 ? domain.space().width() : domain.coins());
        Value tau = f.input(1);
        Value nfe = f.input(1);
        // a step of h resolves no drift nearer than its root
        Value drift = drive == Drive.END ? domain.drift(f, z, driven, StrictMath.sqrt(steps.most())) : driven;
        HittingDomain.Move move = domain.move(f, z, drift, noise, coins, steps);
        return f.output(move.place())
                .output(tau.plus(move.time()))
                .output(nfe.plus(1))
                .output(move.left())
                .formula();
    }

    private static Formula report(HittingDomain domain) {
        FormulaWriter f = Formula.writer("hitting report");
        Value z = f.input(domain.space().width());
        Value left = f.input(1);
        return f.output(domain.end(f, z)).output(left.select(left, f.number(0))).formula();
    }

    /** For people; no {@link org.tweedie.sde.MethodSpec}. */
    @Override
    public String spec() {
        return "hitting:" + steps.spec();
    }
}
