package org.tweedie.theory;

/**
 * The theorem of Chen, Chewi, Li, Li, Salim and Zhang (ICLR 2023, arXiv 2209.11215) for dX = -X dt + sqrt(2) dW run back by the exponential
 * integrator: TV is at most a constant times the sum of three terms,
 * {@code sqrt(KL(data | N(0, I))) e^-T + (L sqrt(d h) + L m2 h) sqrt(T) + error sqrt(T)}. The constant is not known: terms say how
 * things scale, not what happens; {@link GirsanovBound} is exact. Immutable.
 *
 * @param horizon T
 * @param step h
 * @param steps N = T/h, or {@link Long#MAX_VALUE} where it is more
 * @param scoreError the error of the score that may remain, in L2
 * @param terms at these
 */
public record ConvergenceBudget(double horizon, double step, long steps, double scoreError, Terms terms) {
    /** The three terms. Immutable. */
    public record Terms(double start, double steps, double score) {
        public double sum() {
            return start + steps + score;
        }
    }

    /**
     * The terms.
     *
     * @param lipschitz L, of every score, at least 1
     * @param dimension d
     * @param m2 root of the second moment E|x|^2
     * @param kl KL(data | N(0, I))
     */
    public static Terms terms(
            double lipschitz, int dimension, double m2, double kl, double horizon, double step, double scoreError) {
        requirePositive("the horizon", horizon);
        requirePositive("the step", step);
        double l = StrictMath.max(1, lipschitz);
        double root = StrictMath.sqrt(horizon);
        return new Terms(
                StrictMath.sqrt(kl) * StrictMath.exp(-horizon),
                (l * StrictMath.sqrt(dimension * step) + l * m2 * step) * root,
                scoreError * root);
    }

    /**
     * Horizon and step that make each of the three terms at most {@code epsilon}, with KL(data | N(0, I)) at most (L d + m2^2 - 2 d)/2:
     * half the relative Fisher information, by the logarithmic Sobolev inequality of N(0, I), as E|grad log p|^2 is at most L d.
     *
     * @param lipschitz L, of every score; below 1 it counts as 1
     * @param dimension d, at least 1
     * @param m2 root of the second moment E|x|^2
     * @param epsilon in (0, 1)
     */
    public static ConvergenceBudget ddpm(double lipschitz, int dimension, double m2, double epsilon) {
        requirePositive("the Lipschitz constant", lipschitz);
        requirePositive("m2, the root of the second moment,", m2);
        if (dimension < 1 || !(epsilon > 0 && epsilon < 1)) {
            throw new IllegalArgumentException("a budget needs a dimension of at least 1 and an epsilon in (0, 1), got "
                    + dimension + " and " + epsilon);
        }
        double l = StrictMath.max(1, lipschitz);
        double kl = StrictMath.max(0, 0.5 * (l * dimension + m2 * m2 - 2.0 * dimension));
        double horizon = StrictMath.max(1, StrictMath.log(StrictMath.sqrt(kl) / epsilon));
        double root = StrictMath.sqrt(horizon);
        // (L m2 sqrt T) h + (L sqrt(d T)) sqrt h = epsilon, for sqrt h
        double b = l * StrictMath.sqrt(dimension) * root;
        double a = l * m2 * root;
        double sqrtStep = 2 * epsilon / (b + StrictMath.sqrt(b * b + 4 * a * epsilon));
        double count = StrictMath.ceil(horizon / StrictMath.min(1 / l, sqrtStep * sqrtStep));
        long steps = (long) count; // no more than fit
        double step = horizon / count;
        double scoreError = epsilon / root;
        return new ConvergenceBudget(
                horizon, step, steps, scoreError, terms(l, dimension, m2, kl, horizon, step, scoreError));
    }

    private static void requirePositive(String what, double value) {
        if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(what + " must be positive and finite, got " + value);
        }
    }
}
