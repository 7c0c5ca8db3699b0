package org.tweedie.train;

import java.util.Arrays;
import org.tweedie.sde.MonotoneSchedule;

/**
 * A noise schedule on its way down: the gradient of the variational bound for its two ends, of the loss's square for the way between them
 * (Kingma et al., NeurIPS 2021, arXiv 2107.00630, section 5 and appendix I).
 *
 * <p>With e(gamma) = E|eps - eps_hat|^2 at a noise level, rows of d numbers with mean square M, and the bound's terms as in
 * {@link org.tweedie.sde.EvidenceBound}, the cost of a row is
 *
 * <pre>
 * e(gamma_0)/2 + d (ln 2 pi + gamma_0)/2 + integral of e/2 from gamma_0 to gamma_1 + KL(gamma_1)
 * d/d gamma_0 = (d - e + e')/2 at gamma_0         d/d gamma_1 = (e + alpha^2 sigma^2 (d - M) - alpha^2 d)/2 at gamma_1
 * </pre>
 *
 * which the way between does not change. It does change the square of the loss l = gamma' |eps - eps_hat|^2/2 of a row at a uniform u: the mean
 * of l^2 d ln(gamma')/d theta, at gamma held, is its gradient, and needs no derivative of the network. Divided by the mean of l^2 it has no
 * unit, and Adam takes it. Double on the host. For one thread.
 */
public final class ScheduleDescent {
    /** Between the noise levels whose errors give e', and gamma_0. */
    public static final double NEAR = 0.0625;

    /** Ends of a schedule that is learned lie within: sigma is 1e-4 at one, alpha at the other. */
    private static final double FARTHEST = 18;

    private static final double BETA_1 = 0.9;
    private static final double BETA_2 = 0.99;

    /** How much faster the ends go, a unit of which is little, and the most that they go at once. */
    private static final double ENDS = 10;

    private static final double MOST = 0.5;

    private MonotoneSchedule schedule;
    private final double[] first;
    private final double[] second;
    private long steps;

    /** From a schedule, at rest. */
    public ScheduleDescent(MonotoneSchedule schedule) {
        this.schedule = schedule;
        int count = schedule.numbers().length;
        first = new double[count];
        second = new double[count];
    }

    /** The schedule as it is now. */
    public MonotoneSchedule schedule() {
        return schedule;
    }

    /**
     * What a network's errors were under the schedule as it is now. Immutable but for its arrays, which nobody may change while threads share
     * them.
     *
     * @param ways u of each row, uniform in (0, 1)
     * @param squares |eps - eps_hat|^2 of each row at its u
     * @param above mean of them at gamma_0 + {@link #NEAR}
     * @param below mean of them at gamma_0 - {@link #NEAR}
     * @param last mean of them at gamma_1
     * @param width d
     * @param meanSquare M, of |x|^2
     */
    public record Errors(
            double[] ways, double[] squares, double above, double below, double last, int width, double meanSquare) {}

    /** d/d gamma_0 of a row's cost, d/d gamma_1, then the gradient of ln E[l^2] for the other numbers. */
    public static double[] gradient(MonotoneSchedule schedule, Errors errors) {
        double[] gradient = new double[schedule.numbers().length];
        double sum = 0;
        for (int r = 0; r < errors.ways.length; r++) {
            double u = errors.ways[r];
            double loss = 0.5 * schedule.slope(u) * errors.squares[r];
            double[] of = schedule.logSlopeGradient(u);
            sum += loss * loss;
            for (int i = 2; i < gradient.length; i++) {
                gradient[i] += loss * loss * of[i]; // E[l^2] is the integral of gamma' |.|^4/4 over gamma
            }
        }
        for (int i = 2; i < gradient.length; i++) {
            gradient[i] = sum > 0 ? gradient[i] / sum : 0;
        }
        int d = errors.width;
        gradient[0] = 0.5 * (d - 0.5 * (errors.above + errors.below) + (errors.above - errors.below) / (2 * NEAR));
        double signal = 1 / (1 + StrictMath.exp(schedule.last()));
        gradient[1] = 0.5 * (errors.last + signal * (1 - signal) * (d - errors.meanSquare) - signal * d);
        return gradient;
    }

    /** A step of that rate. Errors that are not finite move nothing. */
    public void step(Errors errors, double rate) {
        double[] gradient = gradient(schedule, errors);
        for (double part : gradient) {
            if (!Double.isFinite(part)) {
                return;
            }
        }
        steps++;
        double[] by = new double[gradient.length];
        for (int i = 0; i < 2; i++) {
            double down = -ENDS * rate * gradient[i] / errors.width;
            by[i] = StrictMath.max(-MOST, StrictMath.min(MOST, down));
        }
        double unbiased1 = 1 - StrictMath.pow(BETA_1, steps);
        double unbiased2 = 1 - StrictMath.pow(BETA_2, steps);
        for (int i = 2; i < by.length; i++) {
            first[i] += (1 - BETA_1) * (gradient[i] - first[i]);
            second[i] += (1 - BETA_2) * (gradient[i] * gradient[i] - second[i]);
            by[i] = -rate * (first[i] / unbiased1) / (StrictMath.sqrt(second[i] / unbiased2) + 1e-8);
        }
        schedule = schedule.moved(by, -FARTHEST, FARTHEST);
    }

    /** All that the next step depends on: {@link #stateLength} numbers. */
    double[] state() {
        double[] numbers = schedule.numbers();
        int count = numbers.length;
        double[] state = new double[3 * count + 1];
        System.arraycopy(numbers, 0, state, 0, count);
        System.arraycopy(first, 0, state, count, count);
        System.arraycopy(second, 0, state, 2 * count, count);
        state[3 * count] = steps;
        return state;
    }

    int stateLength() {
        return 3 * first.length + 1;
    }

    void restore(double[] state) {
        int count = first.length;
        schedule = new MonotoneSchedule(Arrays.copyOf(state, count));
        System.arraycopy(state, count, first, 0, count);
        System.arraycopy(state, 2 * count, second, 0, count);
        steps = (long) state[3 * count];
    }
}
