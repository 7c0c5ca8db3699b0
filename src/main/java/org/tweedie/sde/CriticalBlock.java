package org.tweedie.sde;

import java.util.function.DoubleUnaryOperator;

/**
 * du = A u dt + (0, sqrt(q)) dW of a pair u = (x, v), whose A has one eigenvalue lambda twice: then exp(A h) = e^(lambda h) (1 + (A - lambda) h),
 * for (A - lambda)^2 = 0. The three linear SDEs of critically damped Langevin diffusion are such. Immutable.
 *
 * @param xv drift of x by v; x does not drift by itself
 * @param vx drift of v by x
 * @param vv drift of v by itself, 2 lambda
 * @param q what noise adds to the variance of v in a unit of time
 */
record CriticalBlock(double xv, double vx, double vv, double q) {
    /** Of the size of lambda h: so many fit a panel of the quadrature. */
    private static final double PANEL = 4;

    CriticalBlock {
        double off = vv * vv / 4 + xv * vx;
        if (!(StrictMath.abs(off) <= 1e-12 * vv * vv)) {
            throw new IllegalArgumentException(
                    "not critically damped: the eigenvalues are " + vv / 2 + " plus and minus the root of " + off);
        }
    }

    /** exp(A h), row by row. */
    double[][] flow(double h) {
        double scale = StrictMath.exp(vv / 2 * h);
        return new double[][] {
            {scale * (1 - vv / 2 * h), scale * xv * h},
            {scale * vx * h, scale * (1 + vv / 2 * h)}
        };
    }

    /** What noise adds in a time h: the integral of exp(A r) (0, q) exp(A r)' over r from 0 to h, with nothing that cancels. */
    double[][] covariance(double h) {
        double xx = integral(h, r -> reach(r)[0] * reach(r)[0]);
        double both = integral(h, r -> reach(r)[0] * reach(r)[1]);
        double own = integral(h, r -> reach(r)[1] * reach(r)[1]);
        return new double[][] {{q * xx, q * both}, {q * both, q * own}};
    }

    /** Where a force of 1 on v takes the pair in a time h: the integral of exp(A r) (0, 1). */
    double[] push(double h) {
        return new double[] {integral(h, r -> reach(r)[0]), integral(h, r -> reach(r)[1])};
    }

    /** exp(A r) (0, 1). */
    private double[] reach(double r) {
        double scale = StrictMath.exp(vv / 2 * r);
        return new double[] {scale * xv * r, scale * (1 + vv / 2 * r)};
    }

    private double integral(double h, DoubleUnaryOperator f) {
        int panels = 1 + (int) (StrictMath.abs(vv / 2 * h) / PANEL);
        double sum = 0;
        for (int i = 0; i < panels; ++i) {
            sum += GaussLegendre.integral(f, h * i / panels, h * (i + 1) / panels);
        }
        return sum;
    }

    /** L of a covariance L L', lower: {xx, vx, vv}. */
    static double[] cholesky(double[][] covariance) {
        double xx = StrictMath.sqrt(covariance[0][0]);
        double vx = xx == 0 ? 0 : covariance[1][0] / xx;
        return new double[] {xx, vx, StrictMath.sqrt(StrictMath.max(0, covariance[1][1] - vx * vx))};
    }
}
