package org.tweedie.bridge;

import java.util.ArrayList;
import java.util.List;

/**
 * A Markov chain of normal laws: a start, and steps y = A x + b + N(0, Q). Every half bridge of such chains is one, so that iterated
 * proportional fitting between normal laws is exact arithmetic. Immutable.
 */
final class AffineChain {
    /** One step. Immutable. */
    record Step(Dense factor, double[] offset, Dense noise) {
        Gaussian of(Gaussian x) {
            double[] mean = factor.times(x.mean());
            for (int i = 0; i < mean.length; i++) {
                mean[i] += offset[i];
            }
            Dense spread = factor.times(x.spread()).times(factor.transposed()).plus(noise);
            return new Gaussian(mean, spread.symmetric().numbers());
        }
    }

    private final List<Step> steps;
    private final List<Gaussian> laws = new ArrayList<>();

    AffineChain(Gaussian start, List<Step> steps) {
        this.steps = List.copyOf(steps);
        laws.add(start);
        for (Step step : this.steps) {
            laws.add(step.of(laws.get(laws.size() - 1)));
        }
    }

    List<Step> steps() {
        return steps;
    }

    /** The law after so many steps. */
    Gaussian law(int k) {
        return laws.get(k);
    }

    Gaussian end() {
        return laws.get(laws.size() - 1);
    }

    /** Cov(start, end). */
    Dense coupling() {
        Dense cross = laws.get(0).spread();
        for (Step step : steps) {
            cross = cross.times(step.factor().transposed());
        }
        return cross;
    }

    /** E[x | y] of step k as factor and offset: the regression of where a step came from. */
    Step regression(int k) {
        Gaussian before = law(k);
        Gaussian after = law(k + 1);
        Dense gain = before.spread()
                .times(steps.get(k).factor().transposed())
                .times(after.spread().inverse());
        double[] offset = gain.times(after.mean());
        for (int i = 0; i < offset.length; i++) {
            offset[i] = before.mean()[i] - offset[i];
        }
        Dense left = before.spread()
                .minus(gain.times(after.spread()).times(gain.transposed()))
                .symmetric();
        return new Step(gain, offset, left);
    }
}
