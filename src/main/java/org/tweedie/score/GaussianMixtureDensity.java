package org.tweedie.score;

import java.util.List;
import org.tweedie.device.Device;
import org.tweedie.plan.Space;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.Sde;

/**
 * The exact score and log-density of Gaussian-mixture data under a process, at process time t: outputs {@code score}, as wide as x, and
 * {@code logDensity}, one wide, in nats. Covariances must be diagonal. Immutable, shared by threads.
 */
public record GaussianMixtureDensity(GaussianMixtureScore score) implements Field {
    public GaussianMixtureDensity(GaussianMixture mixture, Sde sde) {
        this(new GaussianMixtureScore(mixture, sde));
    }

    @Override
    public Signature signature() {
        return density(score.sde().space());
    }

    /** The ports of every field that is a density. */
    static Signature density(Space space) {
        return new Signature(
                List.of(new Signature.Port("x", space)),
                List.of(new Signature.Port("score", space), new Signature.Port("logDensity", Space.euclidean(1))));
    }

    @Override
    public Evaluator open(Device device, int rows) {
        return new GaussianMixtureEvaluator(score, signature(), device, rows);
    }
}
