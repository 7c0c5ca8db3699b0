package org.tweedie.theory;

import java.util.Locale;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.Sde;
import org.tweedie.sde.VpSde;

/**
 * Independent coordinates of one law on the line, a Gaussian or a mixture of Gaussians: laws for which everything that a sampler
 * does is known coordinate by coordinate. Immutable.
 *
 * @param coordinate of dimension 1
 * @param dimension number of coordinates
 */
public record ProductLaw(GaussianMixture coordinate, int dimension) {
    private static final int TIMES = 200;

    public ProductLaw {
        if (coordinate.dimension() != 1 || dimension < 1) {
            throw new IllegalArgumentException(
                    "a product law needs a law on the line and at least 1 coordinate, got dimension "
                            + coordinate.dimension() + " and " + dimension + " coordinates");
        }
    }

    /** N(mean, variance) in each coordinate; variance 0 is a point. */
    public static ProductLaw gaussian(double mean, double variance, int dimension) {
        requireVariance(variance, 0);
        return new ProductLaw(GaussianMixture.gaussian(new double[] {mean}, new double[][] {{variance}}), dimension);
    }

    /** N(-mean, variance)/2 + N(mean, variance)/2 in each coordinate. */
    public static ProductLaw mixture(double mean, double variance, int dimension) {
        requireVariance(variance, 1e-6);
        return new ProductLaw(GaussianMixture.round(variance, new double[] {-mean}, new double[] {mean}), dimension);
    }

    private static void requireVariance(double variance, double least) {
        if (!(variance >= least && variance < 1e12)) {
            throw new IllegalArgumentException("the variance of a coordinate must be at least "
                    + String.format(Locale.ROOT, "%.0e", least) + " and finite, got " + variance);
        }
    }

    /** dX = -X dt + sqrt(2) dW on [0, horizon], in our clock t/horizon from 0 to 1. */
    public static Sde ornsteinUhlenbeck(double horizon) {
        if (!(horizon > 0 && horizon < 1e6)) {
            throw new IllegalArgumentException(
                    "the horizon must be positive and finite, got " + horizon + "; 5 is long");
        }
        return new VpSde(2 * horizon, 2 * horizon);
    }

    /** Of the support: 0 where all data are one point, else infinite. */
    public double diameter() {
        return coordinate.covariance(0)[0][0] > 0 ? Double.POSITIVE_INFINITY : 0;
    }

    boolean gaussian() {
        return coordinate.components() == 1;
    }

    /** One coordinate at time t. */
    GaussianMixture at(Sde sde, double t) {
        return t == 0 ? coordinate : coordinate.at(sde, t);
    }

    /** The second moment of all coordinates, {@code E|x|^2}. */
    public double secondMoment() {
        double mean = coordinate.mean()[0];
        return dimension * (coordinate.covariance()[0][0] + mean * mean);
    }

    /** {@code KL(law | N(0, I))}. */
    public double klToNormal() {
        return dimension * klToNormal(coordinate);
    }

    /** The Fisher information {@code E|grad log p_t|^2} of one coordinate at time t. */
    double fisher(Sde sde, double t) {
        GaussianMixture law = at(sde, t);
        if (gaussian()) {
            return 1 / law.covariance()[0][0];
        }
        LineDensity line = LineDensity.fine(law);
        double sum = 0;
        double[] x = new double[1];
        for (int i = 0; i < line.points(); i++) {
            x[0] = line.at(i);
            double score = coordinate.score(sde, x, t)[0];
            sum += line.density()[i] * score * score * line.spacing();
        }
        return sum;
    }

    /** KL(p_t | N(0, 1)) of one coordinate. */
    double klToNormal(Sde sde, double t) {
        return klToNormal(at(sde, t));
    }

    private double klToNormal(GaussianMixture law) {
        GaussianMixture normal = GaussianMixture.gaussian(new double[] {0}, new double[][] {{1}});
        if (gaussian()) {
            return Gap.klOfGaussians(law.mean()[0], law.covariance()[0][0], 0, 1);
        }
        LineDensity line = LineDensity.fine(law);
        return line.kl(LineDensity.on(line, normal));
    }

    /** The Lipschitz constant of the score, the largest over x and over times from {@code end} to T. */
    public double lipschitz(Sde sde, double end) {
        double most = 0;
        for (int k = 0; k <= TIMES; k++) {
            double u = (double) k / TIMES;
            double t = end + (sde.horizon() - end) * u * u * u; // most of them near data
            GaussianMixture law = at(sde, t);
            if (gaussian()) {
                most = StrictMath.max(most, 1 / law.covariance()[0][0]);
            } else {
                most = StrictMath.max(most, slope(sde, t, LineDensity.fine(law)));
            }
        }
        return most;
    }

    private double slope(Sde sde, double t, LineDensity line) {
        double most = 0;
        double tiny = 1e-3 * line.spacing();
        for (int i = 0; i < line.points(); i++) {
            double left = coordinate.score(sde, new double[] {line.at(i) - tiny}, t)[0];
            double right = coordinate.score(sde, new double[] {line.at(i) + tiny}, t)[0];
            most = StrictMath.max(most, StrictMath.abs(right - left) / (2 * tiny));
        }
        return most;
    }
}
