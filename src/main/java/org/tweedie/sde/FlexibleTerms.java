package org.tweedie.sde;

/**
 * What rows cost at one time of a {@link FlexibleSde}, summed, and how the sum changes with the process's numbers: the terms of {@link
 * FlexibleBound}, whose gradient goes through the matrices once for all rows. For one thread.
 */
public final class FlexibleTerms {
    private final FlexibleMoment at;
    private final double[][] ofE;
    private final double[][] ofLower;
    private double[][] ofSigma;

    /** Along each rate where it stands by itself. */
    private final double[] direct;

    /** Along ln of the network's scale. */
    private double ofScale;

    private double value;

    public FlexibleTerms(FlexibleMoment at) {
        this.at = at;
        int d = at.rates.length;
        ofE = new double[d][d];
        ofLower = new double[d][d];
        ofSigma = new double[d][d];
        direct = new double[d];
    }

    /** Adds what the prior costs a row: its weight times KL(N(E x0, Sigma) || N(0, I)). */
    public void prior(double weight, double[] x0) {
        double[] mean = FlexibleMoment.times(at.e, x0);
        for (int i = 0; i < mean.length; i++) {
            value += weight * (0.5 * (at.sigma[i][i] + mean[i] * mean[i] - 1) - StrictMath.log(at.lower[i][i]));
        }
        addOuter(ofE, weight, mean, x0);
        int d = mean.length;
        ofSigma = SquareMatrix.sum(
                1, ofSigma, 0.5 * weight, SquareMatrix.sum(1, SquareMatrix.identity(d), -1, at.precision()));
    }

    /**
     * Adds what the way costs a row here: its weight times beta |R^(-1/2) (score + L^-T eps)|^2/2, the noisy row and the score held.
     *
     * @return what goes back to the score
     */
    public double[] way(double weight, double[] eps, double[] score) {
        double[] whitened = at.whitened(eps);
        double[] back = new double[eps.length];
        for (int i = 0; i < back.length; i++) {
            double off = score[i] + whitened[i];
            back[i] = weight * at.beta * at.rates[i] * off;
            value += 0.5 * back[i] * off;
            direct[i] += 0.5 * weight * at.beta * off * off;
        }
        // L^-T eps changes by -L^-T dL' L^-T eps: along L by -(L^-T eps) (L^-1 back)'
        addOuter(ofLower, -1, whitened, FlexibleMoment.times(at.inverseLower, back));
        return back;
    }

    /**
     * Adds what the cutoff, which this time is, costs a row: its weight times |eps + L' score|^2/2 + (d ln 2 pi + ln det Sigma + tr R^-1 B)/2, the
     * noisy row and the score held.
     *
     * @return what goes back to the score
     */
    public double[] end(double weight, double[] eps, double[] score) {
        double[] error = FlexibleMoment.times(SquareMatrix.transposed(at.lower), score);
        for (int i = 0; i < error.length; i++) {
            error[i] += eps[i];
            value += weight
                    * (0.5 * (error[i] * error[i] + StrictMath.log(2 * Math.PI) + at.rates[i] * at.clock)
                            + StrictMath.log(at.lower[i][i]));
            direct[i] += 0.5 * weight * at.clock;
        }
        addOuter(ofLower, weight, score, error);
        ofSigma = SquareMatrix.sum(1, ofSigma, 0.5 * weight, at.precision());
        double[] back = FlexibleMoment.times(at.lower, error);
        for (int i = 0; i < back.length; i++) {
            back[i] *= weight;
        }
        return back;
    }

    /** Adds how the noisy row E x0 + L eps moves a term, from what goes back to it. */
    public void moved(double[] back, double[] x0, double[] eps) {
        addOuter(ofE, 1, back, x0);
        addOuter(ofLower, 1, back, eps);
    }

    /**
     * Adds how the factors of a network's output in its score move a term ({@link FlexibleParametrisation}).
     *
     * @param back what goes back to the score
     * @param share what the network's output puts into the score, c R^(1/2) out
     */
    public void scaled(double[] back, double[] share) {
        for (int i = 0; i < back.length; i++) {
            direct[i] -= 0.5 * back[i] * share[i] / at.rates[i];
            ofScale += back[i] * share[i];
        }
    }

    /** All that was added. */
    public FlexibleBound.Term term() {
        int d = direct.length;
        double[] rates = at.rates;
        double[] along = direct.clone();
        double[][] all = SquareMatrix.sum(1, ofSigma, 1, fromLower());
        if (at.told && ofScale != 0) { // d c^2 = tr R^-1 (Sigma^-1 - I)
            double part = 0.5 * ofScale / (d * at.scale() * at.scale());
            double[][] precision = at.precision();
            double[][] weighed = new double[d][d];
            for (int i = 0; i < d; i++) {
                along[i] += part * at.excess[i];
                for (int j = 0; j < d; j++) {
                    weighed[i][j] = rates[i] * precision[i][j];
                }
            }
            all = SquareMatrix.sum(1, all, -part, SquareMatrix.product(precision, weighed));
        }
        double[][] back = SquareMatrix.sum(1, ofE, -2, SquareMatrix.product(all, at.e));
        double[][] ofDrift = at.sde().transitionAdjoint(at.clock, back);
        double[] gradient = new double[d + d * (d - 1) / 2];
        int next = d;
        for (int i = 0; i < d; i++) {
            gradient[i] = rates[i] * (along[i] - 0.5 * ofDrift[i][i]);
            for (int j = i + 1; j < d; j++) {
                gradient[next++] = ofDrift[j][i] - ofDrift[i][j];
            }
        }
        return new FlexibleBound.Term(value, gradient);
    }

    /** What a change of L is to one of Sigma: L^-T (P + P')/2 L^-1, P the lower triangle of L' G with half its diagonal. */
    private double[][] fromLower() {
        int d = direct.length;
        double[][] p = SquareMatrix.product(SquareMatrix.transposed(at.lower), ofLower);
        double[][] half = new double[d][d];
        for (int i = 0; i < d; i++) {
            for (int j = 0; j < i; j++) {
                half[i][j] = 0.5 * p[i][j];
                half[j][i] = 0.5 * p[i][j];
            }
            half[i][i] = 0.5 * p[i][i];
        }
        return SquareMatrix.product(
                SquareMatrix.transposed(at.inverseLower), SquareMatrix.product(half, at.inverseLower));
    }

    private static void addOuter(double[][] into, double factor, double[] a, double[] b) {
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < b.length; j++) {
                into[i][j] += factor * a[i] * b[j];
            }
        }
    }
}
