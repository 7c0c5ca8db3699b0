package org.tweedie.theory;

import java.util.Map;
import org.tweedie.plan.AffineField;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;
import org.tweedie.sde.CldSde;
import org.tweedie.sde.ExponentialIntegrator;
import org.tweedie.sde.GaussLegendre;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.PairMixture;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;

/**
 * What is promised of the exponential integrator of critically damped Langevin diffusion, and what it does, for Gaussian data with no sample
 * drawn. As for rows alone ({@link GirsanovBound}, {@link Gap}): the paths are off by
 * {@code KL(p_T | prior) + 1/2 integral of g^2 E|score used - score|^2}, here of the score of the velocity, g^2 = 2 Gamma beta, and the ends of
 * position and velocity by no more. The frozen score is linear in the pair, so with J = E|s_v|^2 and the flow Phi of the drift
 * {@code E|s_v(u_t, t) - s_v(u_tk, tk)|^2 = J(t) + J(tk) - 2 (C_tk^-1 Phi(tk - t))_vv}.
 *
 * <p>Chen et al., ICLR 2023, arXiv 2209.11215, section 3.3: their process is {@link CldSde#unit}. Immutable.
 *
 * @param bound of KL(p_s | output) of position and velocity, s the end of the grid; with no unknown constant
 * @param kl KL(p_s | output) of position and velocity
 * @param klOfPositions the same of positions
 * @param w2ToData 2-Wasserstein distance of the positions from the data
 * @param lipschitz of every score of the pair on the grid
 * @param klToPrior KL of data and their velocities from the prior
 * @param fisherToPrior the relative Fisher information of the same, E|grad ln(p_0/prior)|^2
 */
public record PairTheory(
        GirsanovBound bound,
        double kl,
        double klOfPositions,
        double w2ToData,
        double lipschitz,
        double klToPrior,
        double fisherToPrior) {
    /**
     * The theory of a grid from T.
     *
     * @param scoreError |b| of a constant error b of the score, all coordinates together
     * @throws IllegalArgumentException of data that are no Gaussian
     */
    public static PairTheory of(ProductLaw data, CldSde sde, TimeGrid grid, double scoreError) {
        if (!data.gaussian() || !(data.coordinate().covariance()[0][0] > 0)) {
            throw new IllegalArgumentException(
                    "the theory of positions with velocities is of Gaussian data with a density; say gaussian:MEAN,VARIANCE");
        }
        double mean = data.coordinate().mean()[0];
        double variance = data.coordinate().covariance()[0][0];
        int d = data.dimension();
        Line line = new Line(sde, mean, variance);
        double mass = sde.mass();
        double[][] prior = {{1, 0}, {0, mass}};
        double end = grid.times()[grid.steps()];
        double shift = mean;
        double pull = StrictMath.sqrt(variance) - 1 / StrictMath.sqrt(variance);
        double still = sde.initialVariance();
        double velocity = StrictMath.sqrt(still) / mass - 1 / StrictMath.sqrt(still);
        double[][] start = {{variance, 0}, {0, still}};
        Gaussian2 output = output(line, grid, scoreError / StrictMath.sqrt(d));
        Gaussian2 wanted = new Gaussian2(line.mean(end), line.covariance(end));
        double spread = StrictMath.sqrt(variance) - StrictMath.sqrt(output.covariance[0][0]);
        double off = mean - output.mean[0];
        return new PairTheory(
                bound(line, grid, d, scoreError, prior),
                d * wanted.kl(output),
                d * Gap.klOfGaussians(wanted.mean[0], wanted.covariance[0][0], output.mean[0], output.covariance[0][0]),
                StrictMath.sqrt(d * (off * off + spread * spread)),
                line.lipschitz(grid),
                d * new Gaussian2(new double[] {mean, 0}, start).kl(new Gaussian2(new double[2], prior)),
                d * (shift * shift + pull * pull + velocity * velocity));
    }

    /**
     * The three terms of Chen et al., theorem 6, up to a constant: as of rows alone, but that the start is
     * {@code sqrt(KL + FI) e^(-c T)}, here with c = 1, which their theorem leaves open too.
     */
    public ConvergenceBudget.Terms terms(int dimension, double m2, double horizon, double step, double scoreError) {
        return ConvergenceBudget.terms(lipschitz, dimension, m2, klToPrior + fisherToPrior, horizon, step, scoreError);
    }

    private static GirsanovBound bound(Line line, TimeGrid grid, int d, double scoreError, double[][] prior) {
        CldSde sde = line.sde;
        double rate = 2 * sde.friction() * sde.beta();
        double first = grid.t(0);
        Gaussian2 last = new Gaussian2(line.mean(first), line.covariance(first));
        GirsanovBound bound = GirsanovBound.from(d * last.kl(new Gaussian2(new double[2], prior)));
        double steps = 0;
        for (int k = 0; k < grid.steps(); k++) {
            double t = grid.t(k);
            double s = grid.s(k);
            double[][] frozen = inverse(line.covariance(t));
            steps += d
                    * GaussLegendre.integral(
                            r -> {
                                double[][] flow = sde.flow(t - r);
                                double both = frozen[1][0] * flow[0][1] + frozen[1][1] * flow[1][1];
                                return 0.5 * rate * (inverse(line.covariance(r))[1][1] + frozen[1][1] - 2 * both);
                            },
                            s,
                            t);
            bound = bound.accumulate(rate, scoreError * scoreError, t - s);
        }
        return new GirsanovBound(bound.start(), steps, bound.score());
    }

    private static Gaussian2 output(Line line, TimeGrid grid, double bias) {
        Plan plan = new ExponentialIntegrator().plan(line.sde, grid);
        AffineField exact = new PairMixture(
                        GaussianMixture.gaussian(new double[] {line.data}, new double[][] {{line.variance}}), line.sde)
                .affineScore();
        AffineField biased = t -> {
            AffineField.Affine affine = exact.at(t);
            return new AffineField.Affine(affine.matrix(), new double[] {affine.offset()[0] + bias});
        };
        Moments moments = MomentOracle.after(plan, Map.of(Sde.SCORE, biased));
        int x = plan.register("x");
        int v = plan.register(CldSde.VELOCITY);
        double both = moments.covariance(x, v)[0][0];
        return new Gaussian2(new double[] {moments.mean(x)[0], moments.mean(v)[0]}, new double[][] {
            {moments.covariance(x)[0][0], both}, {both, moments.covariance(v)[0][0]}
        });
    }

    private static double[][] inverse(double[][] c) {
        double det = c[0][0] * c[1][1] - c[0][1] * c[1][0];
        return new double[][] {{c[1][1] / det, -c[0][1] / det}, {-c[1][0] / det, c[0][0] / det}};
    }

    /** A coordinate's law at every time. */
    private record Line(CldSde sde, double data, double variance) {
        double[] mean(double t) {
            double[] factors = sde.mean(t);
            return new double[] {factors[0] * data, factors[1] * data};
        }

        double[][] covariance(double t) {
            return sde.covariance(t, variance, sde.initialVariance());
        }

        /** The largest eigenvalue of a precision: 1 over the least of a covariance. */
        double lipschitz(TimeGrid grid) {
            double most = 0;
            for (double t : grid.times()) {
                double[][] c = covariance(t);
                double half = (c[0][0] + c[1][1]) / 2;
                double det = c[0][0] * c[1][1] - c[0][1] * c[0][1];
                most = StrictMath.max(most, (half + StrictMath.sqrt(StrictMath.max(0, half * half - det))) / det);
            }
            return most;
        }
    }

    /** A Gaussian of position and velocity. */
    private record Gaussian2(double[] mean, double[][] covariance) {
        /** {@code KL(this | other)}. */
        double kl(Gaussian2 other) {
            double[][] p = inverse(other.covariance);
            double[] d = {mean[0] - other.mean[0], mean[1] - other.mean[1]};
            // eigenvalues of C' ^-1 C less 1, by their sum and product: each is small where the laws are near
            double[][] e = new double[2][2];
            for (int i = 0; i < 2; i++) {
                for (int j = 0; j < 2; j++) {
                    for (int k = 0; k < 2; k++) {
                        e[i][j] += p[i][k] * (covariance[k][j] - other.covariance[k][j]);
                    }
                }
            }
            double trace = e[0][0] + e[1][1];
            double det = e[0][0] * e[1][1] - e[0][1] * e[1][0];
            double square = p[0][0] * d[0] * d[0] + 2 * p[0][1] * d[0] * d[1] + p[1][1] * d[1] * d[1];
            return 0.5 * (trace - StrictMath.log1p(trace + det) + square);
        }
    }
}
