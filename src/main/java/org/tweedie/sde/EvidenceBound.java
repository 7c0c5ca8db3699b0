package org.tweedie.sde;

import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.plan.Time;
import org.tweedie.rng.Law;
import org.tweedie.rng.Purpose;

/**
 * What a row costs in nats on its way to noise: the terms of the variational bound that need the score (Kingma et al., NeurIPS 2021, arXiv
 * 2107.00630, sections 3 and 4; Luo, arXiv 2208.11970). With gamma = -log-SNR, z(t) = alpha x + sigma eps and |eps + sigma score(z)|^2 the
 * squared error of the noise,
 *
 * <pre>
 * reconstruction = |error at the first time|^2 / 2
 * diffusion      = sum over the intervals of a rising grid of  w |error|^2 / 2
 * </pre>
 *
 * In discrete time the error is that at the end t of an interval from s and w = exp(gamma(t) - gamma(s)) - 1: the bound of the chain with just
 * these steps, whatever their number. In continuous time w = gamma(t) - gamma(s) and the error is that at a share of the interval, counted in
 * gamma: a share drawn evenly makes the sum an unbiased estimate of the integral. Each error has noise of its own.
 *
 * <p>Reads the given register {@code x}; puts out {@code diffusion} and {@code reconstruction}. Immutable but for its array, which nobody may
 * change while threads share it.
 *
 * @param shares where in each interval the error is measured, in [0, 1); empty in discrete time
 */
public record EvidenceBound(double[] shares) implements Method {
    /** Of the chain with the grid's steps. */
    public static EvidenceBound discrete() {
        return new EvidenceBound(new double[0]);
    }

    @Override
    public String spec() {
        return "bound";
    }

    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        if (!(process instanceof Sde sde)) {
            throw new IllegalArgumentException("the variational bound knows SDEs; " + process.spec() + " is none");
        }
        if (grid.falls() || grid.steps() < 1 || !(grid.t(0) > 0) || grid.s(grid.steps() - 1) != sde.horizon()) {
            throw new IllegalArgumentException("a bound needs a grid that rises from a time above 0 to the horizon "
                    + sde.horizon() + ", got " + grid.times().length + " times from " + grid.times()[0] + " to "
                    + grid.times()[grid.times().length - 1] + "; take reversed() of a sampler's grid");
        }
        if (shares.length != 0 && shares.length != grid.steps()) {
            throw new IllegalArgumentException(
                    "a share for each interval: got " + shares.length + " for " + grid.steps() + " intervals");
        }
        Terms terms = new Terms(sde);
        double first = grid.t(0);
        terms.plan.step(first, first);
        terms.plan.combine(terms.diffusion, new double[] {});
        terms.error(first);
        terms.plan.set(terms.reconstruction, 0.5, terms.square);
        for (int i = 0; i < grid.steps(); i++) {
            terms.plan.step(grid.t(i), grid.s(i));
            double from = -sde.logSnr(grid.t(i));
            double way = -sde.logSnr(grid.s(i)) - from;
            terms.error(shares.length == 0 ? grid.s(i) : sde.timeOfLogSnr(-(from + shares[i] * way)));
            double weight = shares.length == 0 ? StrictMath.expm1(way) : way;
            terms.plan.set(terms.diffusion, 1, terms.diffusion, 0.5 * weight, terms.square);
        }
        return terms.plan.plan(terms.diffusion, terms.reconstruction);
    }

    /** The plan under way. */
    private static final class Terms {
        private final Plan.Writer plan = Plan.writer();
        private final Sde sde;
        private final int x;
        private final int noise;
        private final int noisy;
        private final int score;
        private final int error;
        private final int square;
        private final int diffusion;
        private final int reconstruction;
        private final Formula norm;

        Terms(Sde sde) {
            this.sde = sde;
            Space rows = sde.space();
            Space one = Space.euclidean(1);
            x = plan.given("x", rows);
            noise = plan.register("noise", rows);
            noisy = plan.register("noisy", rows);
            score = plan.register("score", rows);
            error = plan.register("error", rows);
            square = plan.register("square", one);
            diffusion = plan.register("diffusion", one);
            reconstruction = plan.register("reconstruction", one);
            FormulaWriter f = Formula.writer("norm");
            FormulaWriter.Value row = f.input(rows.width());
            norm = f.output(row.dot(row)).formula();
        }

        /** The squared error of the noise at time t, with fresh noise. */
        void error(double t) {
            plan.draw(Law.NORMAL, Purpose.NOISE, noise);
            plan.set(noisy, sde.alpha(t), x, sde.sigma(t), noise);
            plan.evaluate(Sde.SCORE, new int[] {noisy}, Time.at(t), score);
            plan.set(error, 1, noise, sde.sigma(t), score);
            plan.apply(norm, new int[] {error}, square);
        }
    }
}
