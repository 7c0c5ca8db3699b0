package org.tweedie.sde;

/**
 * What a row costs in nats under a {@link FlexibleSde} and a score, and how that changes with the process's numbers: the variational bound with
 * full matrices (Du et al., ICML 2023, arXiv 2206.10365; Huang, Lim and Courville, NeurIPS 2021, arXiv 2106.02808). With x = E x0 + L eps and
 * L L' = I - E E' at the time told,
 *
 * <pre>
 * prior            KL(N(E x0, Sigma) || N(0, I)) = (tr Sigma + |E x0|^2 - d - ln det Sigma)/2               at T
 * diffusion        integral of beta |R^(-1/2) (score(x; t) + L^(-T) eps)|^2/2 dt                          cutoff to T
 * reconstruction   |eps + L' score(x)|^2/2 + (d ln 2 pi + ln det Sigma + tr R^-1 B)/2                     at the cutoff
 * </pre>
 *
 * <p>Gradients are along ln of each rate, then along each number of omega; through E they go by the adjoint of the derivative of exp (Frechet), through
 * L by that of Cholesky's decomposition ({@link FlexibleTerms}). Double. Immutable, shared by threads if the score is.
 */
public final class FlexibleBound {
    private final FlexibleSde sde;
    private final Score score;

    /** A score with its vector-Jacobian product. Immutable, shared by threads. */
    public interface Score {
        /** score(x; t). */
        double[] at(double[] x, double t);

        /** J' c, J the derivative of score(x; t) along x. */
        double[] back(double[] x, double t, double[] cotangent);
    }

    /**
     * A term of a row's cost. Immutable but for its array, which nobody may change while threads share it.
     *
     * @param value in nats
     * @param gradient along ln of each rate, then along each number of omega above its diagonal, row by row
     */
    public record Term(double value, double[] gradient) {}

    public FlexibleBound(FlexibleSde sde, Score score) {
        this.sde = sde;
        this.score = score;
    }

    /** What the prior costs a row. */
    public Term prior(double[] x0) {
        FlexibleTerms terms = new FlexibleTerms(new FlexibleMoment(sde, sde.horizon()));
        terms.prior(1, x0);
        return terms.term();
    }

    /** The integrand of what the way costs a row, at time t and this noise; its mean over times uniform between cutoff and T, times their distance, is it. */
    public Term diffusion(double[] x0, double[] eps, double t) {
        FlexibleMoment at = new FlexibleMoment(sde, t);
        FlexibleTerms terms = new FlexibleTerms(at);
        double[] x = at.noisy(x0, eps);
        double[] back = terms.way(1, eps, score.at(x, t));
        terms.moved(score.back(x, t, back), x0, eps);
        return terms.term();
    }

    /** What the cutoff costs a row. */
    public Term reconstruction(double[] x0, double[] eps) {
        double t = sde.cutoff();
        FlexibleMoment at = new FlexibleMoment(sde, t);
        FlexibleTerms terms = new FlexibleTerms(at);
        double[] x = at.noisy(x0, eps);
        double[] back = terms.end(1, eps, score.at(x, t));
        terms.moved(score.back(x, t, back), x0, eps);
        return terms.term();
    }
}
