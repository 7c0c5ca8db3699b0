package org.tweedie.bridge;

import java.util.Optional;
import org.tweedie.plan.Plan;

/**
 * What the walk one way teaches the network of the other: a walk that keeps, after each step from x to y, the input y as {@code x} and the
 * {@value #TARGET}, whose mean given y is the mean of the step back,
 *
 * <pre>
 *   B(y) = E[ y + F(x) - F(y) | y ]
 * </pre>
 *
 * <p>(De Bortoli et al., NeurIPS 2021, arXiv 2106.01357, proposition 3; code of the authors: {@code t_old - t_new}). The reference's own walk from
 * x_0 has y = alpha x_0 + sigma z, and the same mean is y + gamma pull y + 2 gamma (score of y); the score is matched by
 * (alpha x_0 - y)/sigma^2, of less variance: denoising score matching. Immutable.
 *
 * @param walk the walk that teaches
 * @param learned what the network that learns puts out
 * @param byScore whether targets are those of score matching; of the reference's walk alone
 */
public record BridgePairs(BridgeWalk walk, Matching learned, boolean byScore) {
    /** The register of the target. */
    public static final String TARGET = "target";

    public BridgePairs {
        if (byScore && walk.by().isPresent()) {
            throw new IllegalArgumentException(
                    "the law of a learned walk has no score in closed form; match its means");
        }
    }

    /** The pairs of the reference, from which the first half bridge is learned. */
    public static BridgePairs first(Matching learned, boolean byScore) {
        return new BridgePairs(new BridgeWalk(Direction.FORWARD, Optional.empty()), learned, byScore);
    }

    /** The walk, tracing {@code x} and {@value #TARGET} after each step; what it traces of the start teaches nothing. */
    public Plan plan(BridgeProcess bridge) {
        BridgeWalk.Writing writing = walk.new Writing(bridge);
        int target = writing.plan.register(TARGET, bridge.space());
        int first = writing.plan.register("first", bridge.space());
        writing.plan.set(target, 0, writing.x);
        if (byScore) {
            writing.plan.set(first, 1, writing.x);
        }
        double alpha = 1;
        double variance = 0;
        for (int j = 0; j < bridge.sizes().count(); j++) {
            double gamma = writing.gamma(j);
            writing.step(j);
            writing.evaluate(j, writing.out);
            writing.mean(j, writing.x, writing.out, writing.x);
            if (byScore) {
                double factor = bridge.reference().factor(gamma);
                alpha *= factor;
                variance = factor * factor * variance + 2 * gamma;
                writing.noise(j);
                double stay = 1 + gamma * bridge.reference().pull() - 2 * gamma / variance;
                told(writing, target, gamma, stay, writing.x, 2 * gamma * alpha / variance, first);
            } else {
                writing.plan.set(first, 1, writing.x); // F(x)
                writing.noise(j);
                writing.evaluate(j, writing.out);
                writing.mean(j, writing.x, writing.out, writing.out); // F(y)
                writing.plan.set(target, 1, writing.x, 1, first, -1, writing.out);
                told(writing, target, gamma, 1, target, 0, target);
            }
        }
        return writing.plan.plan(writing.x, target).traced("x", TARGET);
    }

    /** {@code into} &larr; what the network is to put out where the mean of the step back is {@code a} u + {@code b} v: out = (mean - stay y)/gain. */
    private void told(BridgeWalk.Writing writing, int into, double gamma, double a, int u, double b, int v) {
        double gain = learned.gain(gamma);
        writing.plan.set(into, a / gain, u, b / gain, v, -learned.stay() / gain, writing.x);
    }
}
