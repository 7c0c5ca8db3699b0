package org.tweedie.bridge;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Iterated proportional fitting between two normal laws, exactly, in discrete time: each half bridge keeps the chain before it but for one
 * end, which it makes right, and runs the other way. All its steps are affine with normal noise.
 *
 * <p>{@link Noise#EXACT} is fitting itself: the noise of a half bridge is what is left of a step's start given its end. {@link Noise#STEP} is the
 * scheme of the diffusion Schrödinger bridge (De Bortoli, Thornton, Heng and Doucet, NeurIPS 2021, arXiv 2106.01357), whose half bridges
 * have the noise of the reference's steps and learn their mean alone, by B(y) = E[y + F(x) - F(y) | y]; each half bridge differs from the
 * former's by O(gamma), and the differences add up along the half bridges. For one thread.
 */
public final class GaussianFitting {
    /** Which noise the steps of a half bridge have. Immutable. */
    public enum Noise {
        /** What is left of a step's start given its end: fitting as it is defined. */
        EXACT,
        /** That of the reference's step: what networks learn. */
        STEP
    }

    private final Gaussian from;
    private final Gaussian to;
    private final Noise noise;
    private final StepSizes sizes;
    private AffineChain chain;
    private int halves;

    /**
     * Starts with the reference from {@code from}.
     *
     * @throws IllegalArgumentException if the laws differ in size
     */
    public GaussianFitting(Gaussian from, Gaussian to, Reference reference, StepSizes sizes, Noise noise) {
        from.requireLike(to);
        this.from = from;
        this.to = to;
        this.noise = noise;
        this.sizes = sizes;
        int n = from.dimension();
        List<AffineChain.Step> steps = new ArrayList<>();
        for (int k = 0; k < sizes.count(); k++) {
            double gamma = sizes.gamma(k);
            double[] offset = new double[n];
            Arrays.fill(offset, gamma * reference.pull() * reference.centre());
            steps.add(
                    new AffineChain.Step(Dense.scalar(n, reference.factor(gamma)), offset, Dense.scalar(n, 2 * gamma)));
        }
        chain = new AffineChain(from, steps);
    }

    /** Half bridges done: after an odd number the chain runs backward, from {@code to}. */
    public int halves() {
        return halves;
    }

    /** The law at the chain's end: {@code to} in the limit for a chain that runs forward, {@code from} for one that runs backward. */
    public Gaussian end() {
        return chain.end();
    }

    /** The law that {@link #end} is to become. */
    public Gaussian wanted() {
        return halves % 2 == 0 ? to : from;
    }

    /** KL(wanted | end): with exact noise that of the next chain from this one, which never rises. */
    public double gap() {
        return wanted().divergence(end());
    }

    /** Cov(X_0, X_N) of the chain: [coordinate of X_0][coordinate of X_N]. */
    public double[][] coupling() {
        Dense coupling = chain.coupling();
        return (halves % 2 == 0 ? coupling : coupling.transposed()).numbers();
    }

    /**
     * The drift of a step as the chain walks it, b in y = x + gamma b(x) + sqrt(2 gamma) z.
     *
     * @param k in the chain's own order, from 0
     */
    public Drift drift(int k) {
        AffineChain.Step step = chain.steps().get(k);
        double gamma = gamma(k);
        int n = from.dimension();
        double[] offset = step.offset().clone();
        for (int i = 0; i < n; i++) {
            offset[i] /= gamma;
        }
        return new Drift(
                step.factor().minus(Dense.scalar(n, 1)).times(1 / gamma).numbers(), offset);
    }

    /**
     * An affine drift, matrix x + offset. Immutable but for its arrays, which nobody may change while threads share them.
     *
     * @param matrix [coordinate of the drift][coordinate of x]
     */
    public record Drift(double[][] matrix, double[] offset) {}

    /** The law after k steps of the chain, in its own order. */
    public Gaussian law(int k) {
        return chain.law(k);
    }

    /** Fits the next half bridge. */
    public void next() {
        int count = sizes.count();
        List<AffineChain.Step> steps = new ArrayList<>();
        for (int k = count - 1; k >= 0; k--) {
            AffineChain.Step back = chain.regression(k);
            steps.add(noise == Noise.EXACT ? back : matched(back, chain.steps().get(k), gamma(k)));
        }
        chain = new AffineChain(wanted(), steps);
        halves++;
    }

    /** y + F(E[x | y]) - F(y), with the noise of the step. */
    private static AffineChain.Step matched(AffineChain.Step back, AffineChain.Step forward, double gamma) {
        int n = back.factor().size();
        Dense factor =
                forward.factor().times(back.factor().minus(Dense.scalar(n, 1))).plus(Dense.scalar(n, 1));
        return new AffineChain.Step(factor, forward.factor().times(back.offset()), Dense.scalar(n, 2 * gamma));
    }

    /** The size of the k-th step in the chain's own order. */
    private double gamma(int k) {
        return sizes.gamma(halves % 2 == 0 ? k : sizes.count() - 1 - k);
    }
}
