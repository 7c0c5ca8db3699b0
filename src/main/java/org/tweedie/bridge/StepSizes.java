package org.tweedie.bridge;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.tweedie.sde.Spelling;
import org.tweedie.sde.TimeGrid;

/**
 * The steps of a bridge's chains: step k goes from time t_k to t_(k+1) = t_k + gamma_k with noise sqrt(2 gamma_k). Their sum is the horizon T, and
 * 2 T the regularisation: the variance of Brownian motion from one end to the other. Immutable but for its array, which nobody may change
 * while threads share it.
 */
public record StepSizes(double[] gammas) {
    /** Steps of a bridge, at most. */
    public static final int MOST = 10_000;

    public StepSizes {
        gammas = gammas.clone();
        if (gammas.length < 1 || gammas.length > MOST) {
            throw new IllegalArgumentException("a bridge takes 1 to " + MOST + " steps, got " + gammas.length);
        }
        for (double gamma : gammas) {
            if (!(gamma > 0 && gamma <= 1e6)) {
                throw new IllegalArgumentException(
                        "step sizes (half of the regularisation, a step) must be positive and at most 1e6, got "
                                + Spelling.number(gamma));
            }
        }
    }

    /** Steps of one size. */
    public static StepSizes constant(int steps, double gamma) {
        return symmetric(steps, gamma, gamma);
    }

    /** Sizes that rise in equal parts from {@code least} at the ends to {@code most} in the middle, as the paper's. */
    public static StepSizes symmetric(int steps, double least, double most) {
        if (steps < 1 || steps > MOST) {
            throw new IllegalArgumentException("a bridge takes 1 to " + MOST + " steps, got " + steps);
        }
        double[] gammas = new double[steps];
        int half = (steps + 1) / 2;
        for (int k = 0; k < half; k++) {
            double gamma = half == 1 ? most : least + (most - least) * k / (half - 1);
            gammas[k] = gamma;
            gammas[steps - 1 - k] = gamma;
        }
        return new StepSizes(gammas);
    }

    public int count() {
        return gammas.length;
    }

    /** The size of step k, from 0. */
    public double gamma(int k) {
        return gammas[k];
    }

    /** T, the sum of all. */
    public double horizon() {
        return Arrays.stream(gammas).sum();
    }

    /** The times 0 = t_0 to t_N = T, rising. */
    public TimeGrid grid() {
        double[] times = new double[gammas.length + 1];
        for (int k = 0; k < gammas.length; k++) {
            times[k + 1] = times[k] + gammas[k];
        }
        return new TimeGrid(times);
    }

    /** {@code 20x0.01} (constant), {@code 30x0.001-0.1} (symmetric), or all sizes: {@code 0.1,0.2,0.3}. */
    public String spec() {
        int n = gammas.length;
        double least = gammas[0];
        double most = gammas[(n - 1) / 2];
        if (least <= most && this.equals(symmetric(n, least, most))) {
            return n + "x" + Spelling.number(least) + (least == most ? "" : "-" + Spelling.number(most));
        }
        return Arrays.stream(gammas).mapToObj(Spelling::number).collect(Collectors.joining(","));
    }

    /**
     * Reads what {@link #spec} wrote.
     *
     * @throws IllegalArgumentException naming the part at fault
     */
    public static StepSizes parse(String spec) {
        String text = spec.strip();
        int times = text.indexOf('x');
        if (times < 0) {
            List<String> all = List.of(text.split(",", -1));
            return new StepSizes(
                    all.stream().mapToDouble(one -> Spelling.number(one, text)).toArray());
        }
        int steps = Spelling.whole(text.substring(0, times), text);
        String sizes = text.substring(times + 1);
        int to = dash(sizes);
        return to < 0
                ? constant(steps, Spelling.number(sizes, text))
                : symmetric(
                        steps,
                        Spelling.number(sizes.substring(0, to), text),
                        Spelling.number(sizes.substring(to + 1), text));
    }

    /** The dash between two numbers: not a sign, nor that of an exponent. */
    private static int dash(String sizes) {
        for (int i = 1; i < sizes.length(); i++) {
            if (sizes.charAt(i) == '-' && "eE".indexOf(sizes.charAt(i - 1)) < 0) {
                return i;
            }
        }
        return -1;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof StepSizes sizes && Arrays.equals(gammas, sizes.gammas);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(gammas);
    }

    @Override
    public String toString() {
        return spec();
    }
}
