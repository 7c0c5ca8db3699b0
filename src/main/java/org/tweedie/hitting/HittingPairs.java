package org.tweedie.hitting;

import java.util.Arrays;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.rng.Law;
import org.tweedie.rng.Purpose;

/**
 * What bridges teach: each walks from the start to the row given as {@value #END} and keeps places of itself at times uniform on its own [0, tau], each by a reservoir: a place
 * that lasts h replaces the one kept with the probability h/(time so far). A place z is a pair of
 *
 * <pre>
 *   input z      target eta^y(z), or y where a mean end is learned      weight tau min(1, distance/damping)^2
 * </pre>
 *
 * <p>so that the sum over pairs is the path loss E int_0^tau |eta^y(Z) - f(Z)|^2 dt, but for the damping: the target has infinite variance where the set is near, and any weight that
 * is a function of z leaves what is learned, E[target | z], the same. Mean ends are bounded, and weigh tau. A walk that ran out of steps weighs 0. Immutable.
 *
 * @param kept places of each walk, 1 to 256
 * @param damping distance below which pairs weigh less, at least 0; 0 is the path loss itself
 */
public record HittingPairs(HittingDomain domain, HittingSteps steps, int kept, double damping) {
    /** The given register of the row that the walk ends at. */
    public static final String END = "end";

    public HittingPairs {
        require(kept, damping);
    }

    static void require(int kept, double damping) {
        if (kept < 1 || kept > 256) {
            throw new IllegalArgumentException("places kept of a walk must be 1 to 256, got " + kept);
        }
        if (!(damping >= 0 && Double.isFinite(damping))) {
            throw new IllegalArgumentException("the distance of damping must be at least 0 (0: none), got " + damping);
        }
    }

    /** Numbers of a pair: input, target, as wide, weight, and the time that the network is told, 0. */
    public int width() {
        return 2 * domain.space().width() + 2;
    }

    /** The plan, whose output is the {@code kept} pairs of a walk, side by side. */
    public Plan plan() {
        Plan.Writer plan = Plan.writer();
        Walked walked = walk(plan);
        int pairs = plan.register("pairs", Space.euclidean(kept * width()));
        plan.step(1, 1).apply(pairs(), new int[] {walked.held(), walked.end(), walked.tau(), walked.left()}, pairs);
        return plan.plan(pairs);
    }

    /** Registers of a bridge that has been walked: places kept, its end, its time, and above 0 how far it is from the set. */
    record Walked(int held, int end, int tau, int left) {}

    /** Walks, as far as the last step, which the caller begins. */
    Walked walk(Plan.Writer plan) {
        Space space = domain.space();
        Space one = Space.euclidean(1);
        Space places = Space.euclidean(kept * space.width());
        int end = plan.given(END, domain.ends());
        int place = plan.register("place", space);
        int noise = plan.register("noise", Space.euclidean(domain.bridgeNormals()));
        int coins = domain.coins() == 0 ? noise : plan.register("coins", Space.euclidean(domain.coins()));
        int keep = plan.register("keep", Space.euclidean(kept));
        int tau = plan.register("tau", one);
        int alive = plan.register("alive", one);
        int held = plan.register("kept", places);
        int next = plan.register("next", space);
        int nextTau = plan.register("next.tau", one);
        int nextHeld = plan.register("next.kept", places);

        plan.step(0, 0).apply(begin(), new int[0], place, tau, held);
        plan.repeat(0, 1, alive, steps.limit());
        plan.normal(Purpose.STEP, noise);
        if (coins != noise) {
            plan.draw(Law.UNIFORM, Purpose.ACCEPT, coins);
        }
        plan.draw(Law.UNIFORM, Purpose.KEEP, keep);
        int[] from = {place, end, noise, coins, keep, tau, held};
        plan.apply(step(), from, next, nextTau, nextHeld, alive);
        plan.set(place, 1, next).set(tau, 1, nextTau).set(held, 1, nextHeld);
        return new Walked(held, end, tau, alive);
    }

    private Formula begin() {
        FormulaWriter f = Formula.writer("bridge start");
        Value start = f.literal(domain.start());
        return f.output(start)
                .output(f.number(0))
                .output(f.joined(filled(start)))
                .formula();
    }

    private Value[] filled(Value value) {
        Value[] all = new Value[kept];
        Arrays.fill(all, value);
        return all;
    }

    private Formula step() {
        int width = domain.space().width();
        FormulaWriter f = Formula.writer("bridge step");
        Value z = f.input(width);
        Value y = f.input(domain.ends().width());
        Value noise = f.input(domain.bridgeNormals());
        Value coins = f.input(domain.coins() == 0 ? domain.bridgeNormals() : domain.coins());
        Value keep = f.input(kept);
        Value tau = f.input(1);
        Value held = f.input(kept * width);
        HittingDomain.Move move = domain.towards(f, z, y, noise, coins, steps);
        Value nextTau = tau.plus(move.time());
        Value taken = move.time().minus(keep.times(nextTau)); // above 0 where u < h/tau
        Value[] places = new Value[kept];
        for (int k = 0; k < kept; k++) {
            places[k] = taken.at(k).select(z, held.part(k * width, width));
        }
        return f.output(move.place())
                .output(nextTau)
                .output(f.joined(places))
                .output(move.left())
                .formula();
    }

    private Formula pairs() {
        int width = domain.space().width();
        FormulaWriter f = Formula.writer("bridge pairs");
        Value held = f.input(kept * width);
        Value y = f.input(domain.ends().width());
        Value tau = f.input(1);
        Value left = f.input(1);
        boolean ends = domain.learns() == Drive.END;
        Value whole = left.select(f.number(0), tau);
        Value[] pairs = new Value[4 * kept];
        for (int k = 0; k < kept; k++) {
            Value z = held.part(k * width, width);
            pairs[4 * k] = z;
            pairs[4 * k + 1] = ends ? y : domain.drift(f, z, y, steps.tolerance());
            pairs[4 * k + 2] = ends || damping == 0 ? whole : whole.times(damped(f, z));
            pairs[4 * k + 3] = f.number(0);
        }
        return f.output(f.joined(pairs)).formula();
    }

    private Value damped(FormulaWriter f, Value z) {
        return domain.distance(f, z).times(1 / damping).least(f.number(1)).square();
    }

    /** Everything that decides the pairs but rows and seed, for checkpoints. */
    String spec() {
        return domain.spec() + " by " + steps.spec() + " keeping " + kept + " damped " + damping;
    }
}
