package org.tweedie.sde;

import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.rng.Purpose;

/**
 * dX = f(t) X dt + g(t) dW on [0, T], so that X_t given X_0 = x0 is N(alpha(t) x0, sigma(t)^2 I); t = 0 is data.
 *
 * <p>The four functions obey two identities: (ln alpha)' = f and (sigma^2)' = 2 f sigma^2 + g^2. Immutable, safe for use by many threads.
 */
public interface Sde extends Noising {
    /** The field that methods evaluate: grad log p_t(x). */
    String SCORE = "score";

    double alpha(double t);

    double sigma(double t);

    /** f, the factor of X in the drift. */
    double drift(double t);

    /** g; not sigma. */
    double diffusion(double t);

    /** The standard deviation of the draw that starts a sampler at time T. */
    double priorDeviation();

    /** The time of a log-SNR; the inverse of {@link #logSnr}. Beyond the values on [0, T] the result is outside [0, T] or NaN. */
    double timeOfLogSnr(double logSnr);

    @Override
    Sde on(Space space);

    /** sigma/alpha: what EDM writes sigma. */
    default double noiseToSignal(double t) {
        return sigma(t) / alpha(t);
    }

    @Override
    default double[] noiseToSignal(String score, double t) {
        return new double[] {noiseToSignal(t)};
    }

    /** ln(alpha^2/sigma^2), falling in t; twice DPM-Solver's lambda. */
    default double logSnr(double t) {
        return -2 * StrictMath.log(noiseToSignal(t));
    }

    /** The time at which sigma/alpha has this value. */
    default double timeOfNoiseToSignal(double ratio) {
        return timeOfLogSnr(-2 * StrictMath.log(ratio));
    }

    @Override
    default void prior(Plan.Writer plan, int... state) {
        for (int x : state) {
            plan.normal(Purpose.PRIOR, x);
            if (priorDeviation() != 1) {
                plan.set(x, priorDeviation(), x);
            }
        }
    }
}
