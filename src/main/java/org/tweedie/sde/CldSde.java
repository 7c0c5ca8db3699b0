package org.tweedie.sde;

import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.rng.Purpose;

/**
 * Critically damped Langevin diffusion: beside each row x goes a velocity v, and noise enters through v alone,
 * dx = v/M beta dt, dv = -(x + Gamma v/M) beta dt + sqrt(2 Gamma beta) dW on [0, 1], Gamma^2 = 4 M; v_0 ~ N(0, gamma M). What is
 * learned is grad_v ln p_t(x, v), which is smoother than a score of x.
 *
 * <p>Given x_0 the pair (x_t, v_t) is Gaussian, coordinate by coordinate, with mean {@link #mean} x_0 and covariance {@link #noise}.
 * Dockhorn, Vahdat, Kreis, ICLR 2022, arXiv 2112.07068. A rate that changes in time is another clock and nothing else: take another grid.
 * Immutable.
 *
 * @param beta the rate, above 0
 * @param inverseMass 1/M, above 0
 * @param initial gamma, so that velocities start as N(0, gamma M); above 0, at most 1
 * @param mixed whether a network's score is that of velocities alone plus what it learns (the mixed score), or all of it learned
 * @param cutoff smallest time used, in (0, 1)
 */
public record CldSde(double beta, double inverseMass, double initial, boolean mixed, double cutoff, Space space)
        implements Noising {
    static final double CUTOFF = 1e-3;

    /** The register of velocities, and the network's input of them. */
    public static final String VELOCITY = "velocity";

    public CldSde {
        if (!(beta > 0 && beta <= 1e4)) {
            throw new IllegalArgumentException("the rate beta must be above 0 and at most 10000, got " + beta);
        }
        if (!(inverseMass >= 1e-4 && inverseMass <= 1e4)) {
            throw new IllegalArgumentException("the inverse mass must be 0.0001 to 10000, got " + inverseMass);
        }
        if (!(initial >= 1e-6 && initial <= 1)) {
            throw new IllegalArgumentException(
                    "velocities start at a share of 1e-6 to 1 of their variance, got " + initial);
        }
        Cutoff.check(cutoff, 1);
    }

    /** The paper's: beta 4, M = 1/4 and so Gamma = 1, gamma 0.04, the score learned whole. */
    public CldSde() {
        this(4, 4, 0.04);
    }

    public CldSde(double beta, double inverseMass, double initial) {
        this(beta, inverseMass, initial, false, CUTOFF, Space.euclidean(1));
    }

    /**
     * That of Chen et al., ICLR 2023, arXiv 2209.11215: dx = v dt, dv = -(x + 2 v) dt + 2 dW over a time T, which is [0, 1] here at rate T;
     * stationary at N(0, 1), where velocities start.
     */
    public static CldSde unit(double horizon) {
        return new CldSde(horizon, 1, 1);
    }

    @Override
    public double horizon() {
        return 1;
    }

    /** M. */
    public double mass() {
        return 1 / inverseMass;
    }

    /** Gamma, 2 sqrt(M). */
    public double friction() {
        return 2 / StrictMath.sqrt(inverseMass);
    }

    /** The variance of v_0, gamma M. */
    public double initialVariance() {
        return initial * mass();
    }

    /** The pair's own drift, towards noise. */
    CriticalBlock forward() {
        return new CriticalBlock(beta * inverseMass, -beta, -beta * friction() * inverseMass, 2 * friction() * beta);
    }

    /** The drift towards data but for the score: the pair's own, turned round. */
    CriticalBlock backward() {
        return new CriticalBlock(-beta * inverseMass, beta, beta * friction() * inverseMass, 2 * friction() * beta);
    }

    /** The drift towards data where the score is that of the prior, -v/M: the pair swings in its prior, turned round. */
    CriticalBlock swing() {
        return new CriticalBlock(-beta * inverseMass, beta, -beta * friction() * inverseMass, 2 * friction() * beta);
    }

    /** exp of the drift over a time h, towards noise: [2][2]. */
    public double[][] flow(double h) {
        return forward().flow(h);
    }

    /** The factors of x_0 in the means of x_t and v_t. */
    public double[] mean(double t) {
        double[][] flow = flow(t);
        return new double[] {flow[0][0], flow[1][0]};
    }

    /** The covariance of a coordinate's (x_t, v_t) given x_0, its velocity drawn: [2][2]. */
    public double[][] noise(double t) {
        return covariance(t, 0, initialVariance());
    }

    /** The covariance of a coordinate's (x_t, v_t) for independent x_0 and v_0 of these variances: [2][2]. */
    public double[][] covariance(double t, double positionVariance, double velocityVariance) {
        double[][] flow = flow(t);
        double[][] noise = forward().covariance(t);
        double[] start = {positionVariance, velocityVariance};
        for (int i = 0; i < 2; ++i) {
            for (int j = 0; j < 2; ++j) {
                for (int k = 0; k < 2; ++k) {
                    noise[i][j] += flow[i][k] * start[k] * flow[j][k];
                }
            }
        }
        return noise;
    }

    /** That of positions, their velocities averaged out: x_t given x_0 is normal, its deviation by the factor of x_0 in its mean. */
    @Override
    public double[] noiseToSignal(String score, double t) {
        return new double[] {StrictMath.sqrt(noise(t)[0][0]) / mean(t)[0]};
    }

    @Override
    public void prior(Plan.Writer plan, int... state) {
        if (state.length != 2) {
            throw new IllegalArgumentException(
                    "the prior fills position and velocity, got " + state.length + " registers");
        }
        plan.normal(Purpose.PRIOR, state[0]);
        plan.normal(Purpose.PRIOR, state[1]);
        if (inverseMass != 1) {
            plan.set(state[1], StrictMath.sqrt(mass()), state[1]);
        }
    }

    @Override
    public CldSde on(Space other) {
        return new CldSde(beta, inverseMass, initial, mixed, cutoff, other);
    }

    @Override
    public String spec() {
        return ProcessSpec.print(mixed ? "cld-mixed" : "cld", cutoff, CUTOFF, beta, inverseMass, initial);
    }
}
