package org.tweedie.sde;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Steering;
import org.tweedie.plan.Time;

/**
 * What a network of {@link CldSde} sees and what its output means: the one place that training and sampling take it from.
 *
 * <p>With (x_t, v_t) = mean x_0 + L (z_x, z_v), L L' the covariance of {@link CldSde#noise}, grad_v ln p(x_t, v_t | x_0) = -l z_v with
 * l = 1/L_vv: it stays bounded where the score of x does not. The network gets x_t, {@code velocityScale} v_t and {@code networkTime};
 * the score is {@code skip} v_t + {@code gain} out, gain = -l, skip 0 or, mixed, that of v_t for x_0 = 0, which leaves the network what data
 * change; its target is z_v + (skip/l) v_t. Dockhorn, Vahdat, Kreis, ICLR 2022, arXiv 2112.07068. Immutable.
 */
public record HybridParametrisation(CldSde sde) {
    /** What v_t is multiplied by on its way into the network: variance 1 for data of variance 1. */
    public double velocityScale(double t) {
        return 1 / StrictMath.sqrt(sde.covariance(t, 1, sde.initialVariance())[1][1]);
    }

    /** The time that the network is told, ln(t)/4. */
    public double networkTime(double t) {
        return 0.25 * StrictMath.log(t);
    }

    /** L: xx, vx, vv. */
    public double[] cholesky(double t) {
        return CriticalBlock.cholesky(sde.noise(t));
    }

    /** The factor of v_t in the score. */
    public double skip(double t) {
        return sde.mixed() ? -1 / sde.noise(t)[1][1] : 0;
    }

    /** The factor of the network's output in the score, -l. */
    public double gain(double t) {
        return -1 / cholesky(t)[2];
    }

    /** The factor of v_t in the network's target, beside z_v. */
    public double targetVelocity(double t) {
        return sde.mixed() ? -skip(t) / gain(t) : 0;
    }

    /**
     * The weight of |out - target|^2: l^2 Gamma beta for {@link Weighting#LIKELIHOOD}; else 1, the paper's reweighted objective, for which every
     * noise level counts the same.
     */
    public double weight(Weighting weighting, double t) {
        double l = gain(t);
        return weighting == Weighting.LIKELIHOOD ? sde.friction() * sde.beta() * l * l : 1;
    }

    /**
     * Rewrites every evaluation of the score with its derivative by v, as {@link PairFlowDensity} makes them, as one of a network with its own.
     *
     * @param field {@link FlowDensity#DIVERGENCE} or {@link FlowDensity#TANGENT}
     * @param network the field that is evaluated instead, with the same ports
     */
    public Steering foldDerivative(String field, String network) {
        return new DerivativeFold(
                sde.space(), 1, t -> new double[] {velocityScale(t), skip(t), gain(t), networkTime(t)}, field, network);
    }

    /** Rewrites every evaluation of the score at (x, v, more; t) as one of a network: its inputs, network, score as a linear combination. */
    public Steering fold(String score, String network) {
        return plan -> {
            List<Register> registers = new ArrayList<>(plan.registers());
            Space space = sde.space();
            int scaled = registers.size();
            registers.add(new Register(network + ".velocity", space, false));
            int output = registers.size();
            registers.add(new Register(network + ".output", space, false));
            return plan.rewritten(registers, stage -> {
                if (!(stage instanceof Stage.Evaluate evaluate)
                        || !evaluate.field().equals(score)) {
                    return List.of(stage);
                }
                if (evaluate.t().perRow() || evaluate.from().length < 2 || evaluate.into().length != 1) {
                    throw new IllegalArgumentException(
                            "the score of " + sde.spec() + " is of position and velocity at one time for all rows");
                }
                double t = evaluate.t().at();
                int v = evaluate.from()[1];
                int[] from = evaluate.from().clone();
                from[1] = scaled;
                return List.of(
                        new Stage.Combine(new int[] {scaled}, new double[][] {{velocityScale(t)}}, new int[] {v}),
                        new Stage.Evaluate(network, from, Time.at(networkTime(t)), new int[] {output}),
                        new Stage.Combine(evaluate.into(), new double[][] {{skip(t), gain(t)}}, new int[] {v, output}));
            });
        };
    }
}
