package org.tweedie.theory;

import java.util.HashMap;
import java.util.Map;
import org.tweedie.plan.AffineField;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.OneStep;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;

/**
 * How far the law of a sampler's output is from the law it should have, with no sample drawn: of Gaussian data the method is affine
 * and the output Gaussian; of a mixture the density of a coordinate is carried through the steps on the line. Immutable.
 *
 * @param kl KL(p_s | output), s the end of the grid
 * @param leastTv total variation from p_s: at least this; exact in one dimension, else 1 minus the overlap
 * @param mostTv and at most this; else sqrt(1 - overlap^2)
 * @param w2 2-Wasserstein distance from p_s
 * @param w2ToData 2-Wasserstein distance from the data
 */
public record Gap(double kl, double leastTv, double mostTv, double w2, double w2ToData) {
    private static final int POINTS = 2001;

    /**
     * The gap of a method along a grid from T, with the exact score plus a constant in each coordinate.
     *
     * @param bias what is added to the score of each coordinate
     */
    public static Gap of(ProductLaw data, OneStep method, Sde sde, TimeGrid grid, double bias) {
        double end = grid.times()[grid.steps()];
        GaussianMixture target = data.at(sde, end);
        return data.gaussian()
                ? ofGaussian(data, target, method, sde, grid, bias)
                : ofMixture(data, target, method, sde, grid, bias);
    }

    private static Gap ofGaussian(
            ProductLaw data, GaussianMixture target, OneStep method, Sde sde, TimeGrid grid, double bias) {
        Plan plan = method.plan(sde, grid);
        AffineField exact = data.coordinate().affineScore(sde);
        AffineField biased = t -> {
            AffineField.Affine affine = exact.at(t);
            return new AffineField.Affine(affine.matrix(), new double[] {affine.offset()[0] + bias});
        };
        Map<String, AffineField> fields = new HashMap<>();
        fields.put(Sde.SCORE, biased);
        Moments moments = MomentOracle.after(plan, fields);
        int x = plan.register("x");
        double mean = moments.mean(x)[0];
        double variance = moments.covariance(x)[0][0];
        GaussianMixture output = GaussianMixture.gaussian(new double[] {mean}, new double[][] {{variance}});
        double kl = klOfGaussians(target.mean()[0], target.covariance()[0][0], mean, variance);
        LineDensity p = LineDensity.around(target, output, POINTS);
        LineDensity q = LineDensity.on(p, output);
        return of(
                data.dimension(),
                kl,
                p,
                q,
                squaredTransport(target, mean, variance),
                squaredTransport(data.coordinate(), mean, variance));
    }

    private static double squaredTransport(GaussianMixture law, double mean, double variance) {
        double shift = law.mean()[0] - mean;
        double spread = StrictMath.sqrt(law.covariance()[0][0]) - StrictMath.sqrt(variance);
        return shift * shift + spread * spread;
    }

    private static Gap ofMixture(
            ProductLaw data, GaussianMixture target, OneStep method, Sde sde, TimeGrid grid, double bias) {
        GaussianMixture prior = GaussianMixture.gaussian(
                new double[] {0}, new double[][] {{sde.priorDeviation() * sde.priorDeviation()}});
        LineDensity points = LineDensity.around(data.coordinate(), prior, POINTS);
        LineDensity q = LineDensity.on(points, prior);
        for (int k = 0; k < grid.steps(); k++) {
            double t = grid.t(k);
            q = q.after(method.update(sde, t, grid.s(k)), data.coordinate(), sde, t, bias);
        }
        LineDensity p = LineDensity.on(points, target);
        return of(
                data.dimension(),
                p.kl(q),
                p,
                q,
                p.squaredTransport(q),
                LineDensity.on(points, data.coordinate()).squaredTransport(q));
    }

    private static Gap of(
            int dimension, double kl, LineDensity p, LineDensity q, double transport, double transportToData) {
        double overlap = StrictMath.pow(StrictMath.min(1, p.overlap(q)), dimension);
        double tv = p.totalVariation(q);
        return new Gap(
                dimension * kl,
                dimension == 1 ? tv : 1 - overlap,
                dimension == 1 ? tv : StrictMath.sqrt(1 - overlap * overlap),
                StrictMath.sqrt(dimension * transport),
                StrictMath.sqrt(dimension * transportToData));
    }

    /** {@code KL(N(m0, v0) | N(m1, v1))} on the line. */
    static double klOfGaussians(double m0, double v0, double m1, double v1) {
        double ratio = v0 / v1;
        double excess = ratio - 1;
        double log = StrictMath.log1p(excess);
        return 0.5 * (excess - log + (m0 - m1) * (m0 - m1) / v1);
    }
}
