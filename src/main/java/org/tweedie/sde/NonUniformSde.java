package org.tweedie.sde;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.tweedie.plan.GivenStart;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;

/**
 * Blocks of coordinates that become noise each at its own speed: dX_b = f_b(t) X_b dt + g_b(t) dW_b on one clock t. A block whose process ends
 * before the others is noise from then on and leaves; on the way back it joins there with fresh noise.
 *
 * <p>The times at which blocks end cut the clock into intervals, numbered from data: in interval i, from the end before (the cutoff, for
 * i = 0) to end i, the blocks that end no earlier are alive. What moves at its own speed is its own register, so that a method written for one
 * register serves all ({@link #plan}); the blocks meet in the score alone, which is one field for each interval, {@link #field}.
 *
 * <p>Batzolis, Stanczuk, Schoenlieb, Etmann, "Non-uniform diffusion models", arXiv 2207.09786. Immutable.
 *
 * @param blocks in the order of their coordinates
 */
public record NonUniformSde(List<Block> blocks) implements Noising {
    /** The name in specs: {@code nonuniform:2*vp/1*vp:0.1,10}. */
    public static final String NONUNIFORM = "nonuniform";

    private static final int MOST_BLOCKS = 64;

    /**
     * Coordinates that share a process. Immutable.
     *
     * @param name unique among the blocks
     * @param sde of as many coordinates as its space has
     */
    public record Block(String name, Sde sde) {
        /** Coordinates. */
        public int width() {
            return sde.space().width();
        }
    }

    public NonUniformSde {
        blocks = List.copyOf(blocks);
        if (blocks.isEmpty() || blocks.size() > MOST_BLOCKS) {
            throw new IllegalArgumentException("a process has 1 to " + MOST_BLOCKS + " blocks, got " + blocks.size());
        }
        Set<String> names = new HashSet<>();
        double cutoff = 0;
        double first = Double.POSITIVE_INFINITY;
        long width = 0;
        for (Block block : blocks) {
            if (!names.add(block.name())) {
                throw new IllegalArgumentException("two blocks named '" + block.name() + "'");
            }
            cutoff = StrictMath.max(cutoff, block.sde().cutoff());
            first = StrictMath.min(first, block.sde().horizon());
            width += block.width();
        }
        if (width > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("the blocks have " + width + " coordinates, more than 2^31");
        }
        if (!(cutoff < first)) {
            throw new IllegalArgumentException("every block must be alive at the largest cutoff, " + cutoff
                    + ", and one ends at " + first + "; give it a later end or the others a smaller cutoff");
        }
    }

    /**
     * Reads {@code nonuniform:COUNT*PROCESS/COUNT*PROCESS/...}, blocks in the order of their coordinates, named {@code b1}, {@code b2}, ...
     *
     * @throws IllegalArgumentException naming the part at fault
     */
    public static NonUniformSde parse(String spec) {
        String text = spec.strip();
        if (!is(text)) {
            throw new IllegalArgumentException("a non-uniform process is written " + NONUNIFORM
                    + ":COUNT*PROCESS/COUNT*PROCESS, as " + NONUNIFORM + ":2*vp/1*vp:0.1,10; got '" + text + "'");
        }
        List<Block> blocks = new ArrayList<>();
        for (String part : text.substring(NONUNIFORM.length() + 1).split("/", -1)) {
            int star = part.indexOf('*');
            int width = star < 1 ? 0 : Spelling.whole(part.substring(0, star), text);
            if (width < 1) {
                throw new IllegalArgumentException(
                        "'" + part + "' says no coordinates; write COUNT*PROCESS, as 2*vp, in '" + text + "'");
            }
            Sde sde = ProcessSpec.parse(part.substring(star + 1)).on(Space.euclidean(width));
            blocks.add(new Block("b" + (blocks.size() + 1), sde));
        }
        return new NonUniformSde(blocks);
    }

    /** Whether a spec is that of a non-uniform process. */
    public static boolean is(String spec) {
        return spec.strip().startsWith(NONUNIFORM + ":");
    }

    @Override
    public Space space() {
        return Space.euclidean(blocks.stream().mapToInt(Block::width).sum());
    }

    /**
     * The same process, whose blocks say how wide their spaces are.
     *
     * @throws IllegalArgumentException if the space is of another width
     */
    @Override
    public NonUniformSde on(Space space) {
        if (space.width() != space().width()) {
            throw new IllegalArgumentException(
                    "blocks of " + space().width() + " coordinates do not fit a space of " + space.width());
        }
        return this;
    }

    /** The end of the block that lives longest. */
    @Override
    public double horizon() {
        return end(intervals() - 1);
    }

    @Override
    public double cutoff() {
        return blocks.stream().mapToDouble(block -> block.sde().cutoff()).max().orElseThrow();
    }

    /** Each block's own, one register a block. */
    @Override
    public void prior(Plan.Writer plan, int... state) {
        if (state.length != blocks.size()) {
            throw new IllegalArgumentException(
                    "the start has a register for each of " + blocks.size() + " blocks, got " + state.length);
        }
        for (int b = 0; b < state.length; ++b) {
            blocks.get(b).sde().prior(plan, state[b]);
        }
    }

    /** Different ends. */
    public int intervals() {
        return ends().length;
    }

    private double[] ends() {
        return blocks.stream()
                .mapToDouble(block -> block.sde().horizon())
                .sorted()
                .distinct()
                .toArray();
    }

    /** Where interval i, from 0, starts: its smallest time. */
    public double start(int interval) {
        return interval == 0 ? cutoff() : end(interval - 1);
    }

    /** The largest time of interval i, from 0. */
    public double end(int interval) {
        return ends()[interval];
    }

    /** The interval of the step from t to s: that of its larger time. */
    int interval(double t, double s) {
        int i = 0;
        while (i + 1 < intervals() && end(i) < StrictMath.max(t, s)) {
            ++i;
        }
        return i;
    }

    /** The places of the blocks that live in interval i, in their order. */
    public List<Integer> alive(int interval) {
        List<Integer> alive = new ArrayList<>();
        for (int b = 0; b < blocks.size(); ++b) {
            if (blocks.get(b).sde().horizon() >= end(interval)) {
                alive.add(b);
            }
        }
        return alive;
    }

    /** Coordinates that the score of interval i is of. */
    public int width(int interval) {
        return widths(interval).stream().mapToInt(w -> w).sum();
    }

    /** Coordinates of each block that lives in interval i. */
    public List<Integer> widths(int interval) {
        return alive(interval).stream().map(b -> blocks.get(b).width()).toList();
    }

    /** The name in plans of the score of interval i: (alive blocks; t) to the score of each. {@code score} where there is one interval. */
    public String field(int interval) {
        return intervals() == 1 ? Sde.SCORE : Sde.SCORE + "." + (interval + 1);
    }

    @Override
    public List<String> scores() {
        return IntStream.range(0, intervals()).mapToObj(this::field).toList();
    }

    /** Of each block that lives, its own. */
    @Override
    public double[] noiseToSignal(String score, double t) {
        return alive(scores().indexOf(score)).stream()
                .mapToDouble(b -> blocks.get(b).sde().noiseToSignal(t))
                .toArray();
    }

    /** The mean of the log-SNRs of the blocks that live in an interval: its common measure of noise. Falls in t. */
    public double logSnr(int interval, double t) {
        List<Integer> alive = alive(interval);
        double sum = 0;
        for (int b : alive) {
            sum += blocks.get(b).sde().logSnr(t);
        }
        return sum / alive.size();
    }

    /** How fast {@link #logSnr} falls: the mean of g^2/sigma^2 over the blocks that live in an interval. */
    public double fall(int interval, double t) {
        List<Integer> alive = alive(interval);
        double sum = 0;
        for (int b : alive) {
            sum += fall(blocks.get(b).sde(), t) / alive.size();
        }
        return sum;
    }

    private static double fall(Sde sde, double t) {
        double ratio = sde.diffusion(t) / sde.sigma(t);
        return ratio * ratio;
    }

    /** How fast a block's log-SNR falls by the mean's of an interval in which it lives. */
    double pace(int interval, int block, double t) {
        return fall(blocks.get(block).sde(), t) / fall(interval, t);
    }

    /** The time in an interval at which {@link #logSnr} has this value, cut to the interval; by bisection, to the last bit. */
    public double timeOfLogSnr(int interval, double logSnr) {
        List<Integer> alive = alive(interval);
        if (alive.size() == 1) {
            double t = blocks.get(alive.get(0)).sde().timeOfLogSnr(logSnr);
            return StrictMath.min(end(interval), StrictMath.max(start(interval), t));
        }
        double low = start(interval);
        double high = end(interval);
        while (true) {
            double middle = 0.5 * (low + high);
            if (middle <= low || middle >= high) {
                return high;
            }
            if (logSnr(interval, middle) > logSnr) {
                low = middle;
            } else {
                high = middle;
            }
        }
    }

    /**
     * Times from T down to the cutoff through every end, steps shared among the intervals by their length. Within an interval they are spread as
     * {@link GridShape} says, by the mean log-SNR of what lives, for EDM's down to the interval's end. With one block, the block's own grid.
     *
     * @param steps at least one an interval
     */
    public TimeGrid grid(GridShape shape, int steps) {
        if (blocks.size() == 1) {
            return shape.grid(blocks.get(0).sde(), steps);
        }
        int intervals = intervals();
        if (steps < intervals) {
            throw new IllegalArgumentException(
                    "a process of " + intervals + " intervals needs a step in each, got " + steps + " steps");
        }
        TimeGrid.requireUpdates(steps);
        double[] times = new double[steps + 1];
        int at = 0;
        for (int i = intervals - 1; i >= 0; --i) {
            // to this end so many of all, one at least for this interval and for each of those that are left
            double share = (horizon() - start(i)) / (horizon() - cutoff());
            int until = i == 0
                    ? steps
                    : StrictMath.min(steps - i, StrictMath.max(at + 1, (int) StrictMath.round(steps * share)));
            for (int k = at; k < until; ++k) {
                times[k] = k == at ? end(i) : time(shape, i, (double) (k - at) / (until - at));
            }
            at = until;
        }
        times[steps] = cutoff();
        return new TimeGrid(times);
    }

    private double time(GridShape shape, int interval, double u) {
        double first = end(interval);
        double last = start(interval);
        if (shape == GridShape.UNIFORM) {
            return first + u * (last - first);
        }
        if (shape == GridShape.QUADRATIC) {
            return last + (1 - u) * (1 - u) * (first - last);
        }
        double noisy = logSnr(interval, first);
        double clean = logSnr(interval, last);
        if (shape == GridShape.LOGSNR) {
            return timeOfLogSnr(interval, noisy + u * (clean - noisy));
        }
        double most = StrictMath.exp(-0.5 * noisy / TimeGrid.RHO);
        double least = StrictMath.exp(-0.5 * clean / TimeGrid.RHO);
        return timeOfLogSnr(interval, -2 * TimeGrid.RHO * StrictMath.log(most + u * (least - most)));
    }

    /**
     * A method's plan for every block, step by step beside each other, with the blocks' evaluations of the score made one. Registers are the
     * method's, named {@code x.NAME} for the block of that name; the last step puts all blocks side by side into the output {@code x}. With
     * one block it is the method's plan as it is.
     *
     * <p>Along a grid that rises, rows start from the given register {@code start} and each block goes as far as its own end, where it leaves: the output
     * has it as it was there.
     *
     * @param grid with every end that it passes among its times, as {@link #grid} makes it
     * @throws IllegalArgumentException if the method asks the score at times that depend on the block, or steps row by row
     */
    public Plan plan(Method method, TimeGrid grid) {
        return blocks.size() == 1
                ? method.plan(blocks.get(0).sde(), grid)
                : new BlockPlans(this, method, grid, false).together();
    }

    /**
     * The same from the caller's rows alone, in the given register {@code start}: down a grid too, where each block starts, when it joins, from its own columns,
     * which a plan up that grid ended with.
     */
    public Plan flow(Method method, TimeGrid grid) {
        if (blocks.size() > 1) {
            return new BlockPlans(this, method, grid, true).together();
        }
        Plan plan = plan(method, grid);
        return grid.falls() ? new GivenStart().steer(plan) : plan;
    }

    @Override
    public String spec() {
        return NONUNIFORM + ":"
                + blocks.stream()
                        .map(block -> block.width() + "*" + block.sde().spec())
                        .collect(Collectors.joining("/"));
    }
}
