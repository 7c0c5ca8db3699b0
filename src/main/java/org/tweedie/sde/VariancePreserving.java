package org.tweedie.sde;

/** dX = -1/2 beta(t) X dt + sqrt(beta(t)) dW, so that alpha^2 + sigma^2 = 1 and N(0, I) is stationary. Immutable. */
public interface VariancePreserving extends Sde {
    /** The noise rate; DDPM's beta_i is a step times it. */
    double beta(double t);

    /**
     * DDPM's beta_i of the step from t down to s, in (0, 1): here of the exact law, 1 - (alpha_t/alpha_s)^2.
     *
     * @throws IllegalArgumentException if the process has another rule, and the step is too long for it
     */
    default double rate(double t, double s) {
        double a = alpha(t) / alpha(s);
        return 1 - a * a;
    }

    @Override
    default double drift(double t) {
        return -0.5 * beta(t);
    }

    @Override
    default double diffusion(double t) {
        return StrictMath.sqrt(beta(t));
    }

    @Override
    default double priorDeviation() {
        return 1;
    }
}
