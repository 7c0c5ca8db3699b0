package org.tweedie.score;

import java.util.List;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.kernels.MixtureScore;
import org.tweedie.kernels.View;
import org.tweedie.plan.Space;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.Sde;

/**
 * The exact score of Gaussian-mixture data under a process, at process time t: what a network would learn. Covariances must
 * be diagonal. Immutable, shared by threads.
 */
public record GaussianMixtureScore(GaussianMixture mixture, Sde sde) implements Differentiable {
    public GaussianMixtureScore {
        if (sde.space().width() != mixture.dimension()) {
            throw new IllegalArgumentException(
                    "the process is " + sde.space().width() + " wide, the mixture " + mixture.dimension());
        }
        for (int k = 0; k < mixture.components(); k++) {
            double[][] covariance = mixture.covariance(k);
            for (int i = 0; i < covariance.length; i++) {
                for (int j = 0; j < i; j++) {
                    if (covariance[i][j] != 0) {
                        throw new IllegalArgumentException(
                                "covariances must be diagonal; component " + k + " has " + covariance[i][j]
                                        + " at ("
                                        + i + ", " + j + "): rotate the data onto its axes");
                    }
                }
            }
        }
    }

    @Override
    public Signature signature() {
        Space space = sde.space();
        return new Signature(List.of(new Signature.Port("x", space)), List.of(new Signature.Port("score", space)));
    }

    @Override
    public Evaluator open(Device device, int rows) {
        return new GaussianMixtureEvaluator(this, signature(), device, rows);
    }

    @Override
    public Tape tape(Device device, int rows) {
        return new GaussianMixtureEvaluator(this, signature(), device, rows);
    }

    /** What a kernel reads of the mixture, in f32: the logarithms of the weights, the means, the variances. */
    public float[] numbers() {
        int k = mixture.components();
        int d = mixture.dimension();
        float[] numbers = new float[k + 2 * k * d];
        for (int c = 0; c < k; c++) {
            numbers[c] = (float) StrictMath.log(mixture.weight(c));
            for (int i = 0; i < d; i++) {
                numbers[k + c * d + i] = (float) mixture.mean(c)[i];
                numbers[k + k * d + c * d + i] = (float) mixture.covariance(c)[i][i];
            }
        }
        return numbers;
    }

    /** The mixture in a buffer that starts with {@link #numbers}. */
    public MixtureScore.Mixture in(DeviceBuffer numbers) {
        int k = mixture.components();
        int d = mixture.dimension();
        return new MixtureScore.Mixture(
                View.shared(numbers, 0, k), new View(numbers, k, d, d), new View(numbers, k + (long) k * d, d, d));
    }
}
