package org.tweedie.sde;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.plan.Time;
import org.tweedie.rng.Law;
import org.tweedie.rng.Purpose;

/**
 * The log-density that the probability-flow ODE gives rows at the first time of a grid that rises to the horizon (Song et al., ICLR 2021,
 * arXiv 2011.13456, appendix D.2; Chen et al., NeurIPS 2018). In y = x/alpha and u = ln n, n = sigma/alpha,
 *
 * <pre>
 * dy/du = -n sigma score(alpha y),    d ln p(y)/du = sigma^2 tr grad score(alpha y),
 * ln p_0(x) = ln p_T(x_T) + d ln(alpha_T / alpha_0) + change,    change = -integral of sigma^2 tr grad score du
 * </pre>
 *
 * by the classical Runge-Kutta method of order 4, four evaluations a step, both with the same weights. The linear part of the process is
 * exact. Reads the given register {@code x}; puts out {@code latent} = x_T and {@code change}.
 *
 * <p>Blocks that move each at its own speed share u, the mean of their ln n_b, and each has a pace du_b/du beside it:
 *
 * <pre>
 * dy_b/du = -n_b sigma_b score_b du_b/du,    change = -integral of sum_b sigma_b^2 tr grad_b score_b (du_b/du) du
 * </pre>
 *
 * over the blocks that live. A block leaves at its own end with x_b there for its part of {@code latent}: from then on it is noise that knows
 * nothing of the rest (Batzolis et al., arXiv 2207.09786).
 *
 * <p>Immutable.
 *
 * @param probe the law of the direction v, one for the whole way of a row, whose v . grad score v stands for the trace (Hutchinson): NORMAL
 *     or RADEMACHER; without it the trace is exact
 */
public record FlowDensity(Optional<Law> probe) {
    private static final String BY_DIVERGENCE = ".divergence";
    private static final String BY_TANGENT = ".tangent";

    /** The field (x; t) to (score, its divergence), where the trace is exact. */
    public static final String DIVERGENCE = divergence(Sde.SCORE);

    /** The field (x, direction; t) to (score, its derivative along the direction), where it is probed. */
    public static final String TANGENT = tangent(Sde.SCORE);

    /** The name of a score of blocks with its divergence: (each block; t) to (score of each, divergence of each by that block). */
    public static String divergence(String score) {
        return score + BY_DIVERGENCE;
    }

    /** The name of a score of blocks with its derivative: (each block, direction of each; t) to (score of each, derivative of each along all). */
    public static String tangent(String score) {
        return score + BY_TANGENT;
    }

    static boolean isTangent(String field) {
        return field.endsWith(BY_TANGENT);
    }

    public FlowDensity {
        requireLaw(probe);
    }

    /** Refuses laws of other covariance than I. */
    static void requireLaw(Optional<Law> probe) {
        if (probe.isPresent() && probe.get() != Law.NORMAL && probe.get() != Law.RADEMACHER) {
            throw new IllegalArgumentException("probes have mean 0 and covariance I: NORMAL or RADEMACHER");
        }
    }

    /** The trace as the sum of the derivatives along the axes. */
    public static FlowDensity exact() {
        return new FlowDensity(Optional.empty());
    }

    /** The trace by one random direction a row. */
    public static FlowDensity probed(Law probe) {
        return new FlowDensity(Optional.of(probe));
    }

    /** @param grid that rises, from a time above 0 to the horizon */
    public Plan plan(Sde sde, TimeGrid grid) {
        requireWay(sde, grid);
        Way way = new Way(List.of(new Lane("", sde)));
        way.start(grid.t(0));
        for (int i = 0; i < grid.steps(); i++) {
            way.step(new OwnClock(sde), grid.t(i), grid.s(i));
        }
        return way.plan();
    }

    /** Refuses a grid that is no way of rows to noise. */
    static void requireWay(Noising process, TimeGrid grid) {
        if (grid.falls() || grid.steps() < 1 || !(grid.t(0) > 0) || grid.s(grid.steps() - 1) != process.horizon()) {
            throw new IllegalArgumentException("a density needs a grid that rises from a time above 0 to the horizon "
                    + process.horizon() + ", got " + grid.times().length + " times from " + grid.times()[0] + " to "
                    + grid.times()[grid.times().length - 1] + "; take reversed() of a sampler's grid");
        }
    }

    /**
     * For blocks that move each at its own speed; with one block it is the plan of its process.
     *
     * @param grid that rises, from a time at which all live to the horizon, with every end between among its times, as
     *     {@link NonUniformSde#grid} makes them, reversed
     */
    public Plan plan(NonUniformSde process, TimeGrid grid) {
        if (process.blocks().size() == 1) {
            return plan(process.blocks().get(0).sde(), grid);
        }
        double first = grid.times()[0];
        for (int i = 0; i < process.intervals(); i++) {
            double end = process.end(i);
            if (grid.falls()
                    || first < process.cutoff()
                    || first >= end
                    || grid.times()[grid.steps()] != process.horizon()
                    || Arrays.stream(grid.times()).noneMatch(t -> t == end)) {
                throw new IllegalArgumentException("a density of blocks needs a grid that rises from the cutoff "
                        + process.cutoff() + " or later through every end, such as " + end + ", to the horizon "
                        + process.horizon() + ", got " + grid + "; take reversed() of the process's grid");
            }
        }
        Way way = new Way(process.blocks().stream()
                .map(block -> new Lane("." + block.name(), block.sde()))
                .toList());
        way.start(first);
        for (int i = 0; i < grid.steps(); i++) {
            IntervalClock clock = new IntervalClock(process, process.interval(grid.t(i), grid.s(i)));
            way.step(clock, grid.t(i), grid.s(i));
        }
        return way.plan();
    }

    /** A block, and what its registers have behind their names. */
    private record Lane(String behind, Sde sde) {}

    /** What steps are counted in, and what moves. */
    private interface Clock {
        double u(double t);

        double time(double u);

        /** The places of what moves. */
        List<Integer> alive();

        /** How fast u_b goes by u. */
        double pace(int block, double t);

        String score();
    }

    private record OwnClock(Sde sde) implements Clock {
        @Override
        public double u(double t) {
            return StrictMath.log(sde.noiseToSignal(t));
        }

        @Override
        public double time(double u) {
            return sde.timeOfNoiseToSignal(StrictMath.exp(u));
        }

        @Override
        public List<Integer> alive() {
            return List.of(0);
        }

        @Override
        public double pace(int block, double t) {
            return 1;
        }

        @Override
        public String score() {
            return Sde.SCORE;
        }
    }

    private record IntervalClock(NonUniformSde process, int interval) implements Clock {
        @Override
        public double u(double t) {
            return -0.5 * process.logSnr(interval, t);
        }

        @Override
        public double time(double u) {
            return process.timeOfLogSnr(interval, -2 * u);
        }

        @Override
        public List<Integer> alive() {
            return process.alive(interval);
        }

        @Override
        public double pace(int block, double t) {
            return process.pace(interval, block, t);
        }

        @Override
        public String score() {
            return process.field(interval);
        }
    }

    /** The plan under way. */
    private final class Way {
        private final List<Lane> lanes;
        private final Plan.Writer plan = Plan.writer();
        private final int x;
        private final int latent;
        private final int change;
        private final int[] y;
        private final int[] at;
        private final int[] sum;
        private final int[] score;
        private final int[] trace;
        private final int[] direction;
        private final int[] along;
        private final int[] widths;
        private final Formula[] dot;

        Way(List<Lane> lanes) {
            this.lanes = lanes;
            widths = lanes.stream().mapToInt(lane -> lane.sde().space().width()).toArray();
            boolean one = lanes.size() == 1;
            Space rows = one
                    ? lanes.get(0).sde().space()
                    : Space.euclidean(Arrays.stream(widths).sum());
            x = plan.given("x", rows);
            y = registers("scaled");
            at = registers("latent");
            latent = one ? at[0] : plan.register("latent", rows);
            sum = registers("sum");
            score = registers("score");
            change = plan.register("change", Space.euclidean(1));
            trace = lanes.stream()
                    .mapToInt(lane -> plan.register("trace" + lane.behind(), Space.euclidean(1)))
                    .toArray();
            direction = probe.isPresent() ? registers("direction") : new int[0];
            along = probe.isPresent() ? registers("along") : new int[0];
            dot = Arrays.stream(widths).mapToObj(Way::dot).toArray(Formula[]::new);
        }

        private int[] registers(String name) {
            return lanes.stream()
                    .mapToInt(lane ->
                            plan.register(name + lane.behind(), lane.sde().space()))
                    .toArray();
        }

        private static Formula dot(int width) {
            FormulaWriter f = Formula.writer("dot");
            return f.output(f.input(width).dot(f.input(width))).formula();
        }

        void start(double first) {
            plan.step(first, first);
            if (lanes.size() == 1) {
                plan.set(at[0], 1, x);
            } else {
                plan.apply(SideBySide.apart(widths), new int[] {x}, at);
            }
            for (int b = 0; b < at.length; b++) {
                plan.set(y[b], 1 / lanes.get(b).sde().alpha(first), at[b]);
            }
            plan.combine(change, new double[] {});
            probe.ifPresent(law -> {
                for (int v : direction) {
                    plan.draw(law, Purpose.PROBE, v);
                }
            });
        }

        Plan plan() {
            if (lanes.size() > 1) {
                plan.apply(SideBySide.together(widths), at, latent);
            }
            return plan.plan(latent, change);
        }

        void step(Clock clock, double t, double s) {
            double from = clock.u(t);
            double h = clock.u(s) - from;
            double middle = clock.time(from + 0.5 * h);
            plan.step(t, s);
            evaluate(clock, t, h / 6);
            for (int b : clock.alive()) {
                double m = alpha(b, middle);
                double slope = slope(clock, b, t);
                plan.combine(
                        new int[] {at[b], sum[b]},
                        new double[][] {{m, m * 0.5 * h * slope}, {1, h / 6 * slope}},
                        y[b],
                        score[b]);
            }
            evaluate(clock, middle, h / 3);
            for (int b : clock.alive()) {
                double m = alpha(b, middle);
                double slope = slope(clock, b, middle);
                plan.combine(
                        new int[] {at[b], sum[b]},
                        new double[][] {{m, 0, m * 0.5 * h * slope}, {0, 1, h / 3 * slope}},
                        y[b],
                        sum[b],
                        score[b]);
            }
            evaluate(clock, middle, h / 3);
            for (int b : clock.alive()) {
                double end = alpha(b, s);
                double slope = slope(clock, b, middle);
                plan.combine(
                        new int[] {at[b], sum[b]},
                        new double[][] {{end, 0, end * h * slope}, {0, 1, h / 3 * slope}},
                        y[b],
                        sum[b],
                        score[b]);
            }
            evaluate(clock, s, h / 6);
            for (int b : clock.alive()) {
                double end = alpha(b, s);
                double slope = slope(clock, b, s);
                plan.combine(
                        new int[] {y[b], at[b]},
                        new double[][] {{1, h / 6 * slope}, {end, end * h / 6 * slope}},
                        sum[b],
                        score[b]);
            }
        }

        private double alpha(int b, double t) {
            return lanes.get(b).sde().alpha(t);
        }

        /** dy/du by the score. */
        private double slope(Clock clock, int b, double t) {
            Sde sde = lanes.get(b).sde();
            return -sde.noiseToSignal(t) * sde.sigma(t) * clock.pace(b, t);
        }

        /** The scores of what lives; change takes {@code weight} times the slope there. */
        private void evaluate(Clock clock, double t, double weight) {
            List<Integer> alive = clock.alive();
            if (probe.isEmpty()) {
                plan.evaluate(
                        divergence(clock.score()), of(alive, at, new int[0]), Time.at(t), of(alive, score, trace));
            } else {
                plan.evaluate(tangent(clock.score()), of(alive, at, direction), Time.at(t), of(alive, score, along));
                for (int b : alive) {
                    plan.apply(dot[b], new int[] {direction[b], along[b]}, trace[b]);
                }
            }
            for (int b : alive) {
                double sigma = lanes.get(b).sde().sigma(t);
                plan.set(change, 1, change, -weight * sigma * sigma * clock.pace(b, t), trace[b]);
            }
        }

        /** The registers of what lives, of one kind and then of another. */
        private static int[] of(List<Integer> alive, int[] first, int[] then) {
            int[] chosen = new int[then.length == 0 ? alive.size() : 2 * alive.size()];
            for (int i = 0; i < chosen.length; i++) {
                chosen[i] = i < alive.size() ? first[alive.get(i)] : then[alive.get(i - alive.size())];
            }
            return chosen;
        }
    }
}
