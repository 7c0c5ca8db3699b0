package org.tweedie.sde;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Steering;
import org.tweedie.plan.Time;

/**
 * What a network of a {@link FlexibleSde} sees and what its output means: the one place that training and sampling take it from.
 *
 * <pre>
 * score = -x + c R^(1/2) out        target of out: R^(-1/2) (E x0 - M L^-T eps)/c        c^2 = tr R^-1 (Sigma^-1 - I)/d
 * </pre>
 *
 * For data of N(0, I) x is N(0, I) at every time, out is 0 and the target has variance 1: EDM's preconditioning of a denoised row (Karras et al.,
 * NeurIPS 2022, arXiv 2206.00364) with matrices, to which it comes down for R = I and omega = 0. The bound's integrand, which weighs errors of the score
 * with beta R^-1, is beta c^2 |out - target|^2/2: one weight for all coordinates. The network gets x and ln(sigma/alpha)/4 of {@link VpSde} at the same
 * clock. Immutable.
 */
public record FlexibleParametrisation(FlexibleSde sde) {
    /** The process at a time. */
    public FlexibleMoment at(double t) {
        return new FlexibleMoment(sde, t);
    }

    /** The time that the network is told. */
    public double networkTime(double t) {
        return 0.25 * StrictMath.log(sde.straight().noiseToSignal(t));
    }

    /** The time of rank u in [0, 1] where times are drawn uniform in VP's log-SNR, for which the bound's integrand varies little. */
    public double time(double u) {
        return TimeSampling.IMPORTANCE.quantile(sde.straight(), u);
    }

    /** The density of those times, per unit of time. */
    public double density(double t) {
        return TimeSampling.IMPORTANCE.density(sde.straight(), t);
    }

    /** Rewrites every evaluation of the score at (x, more; t) as one of a network: network, then score. With R = I and omega = 0 it is VP's. */
    public Steering fold(String score, String network) {
        if (sde.plain().isPresent()) {
            return Parametrisation.preconditioned(sde.straight(), Prediction.DENOISED, 1)
                    .fold(score, network);
        }
        return plan -> {
            List<Register> registers = new ArrayList<>(plan.registers());
            int output = registers.size();
            registers.add(new Register(network + ".output", sde.space(), false));
            return plan.rewritten(registers, stage -> {
                if (!(stage instanceof Stage.Evaluate evaluate)
                        || !evaluate.field().equals(score)) {
                    return List.of(stage);
                }
                if (evaluate.t().perRow() || evaluate.into().length != 1) {
                    throw new IllegalArgumentException(
                            "the score of a flexible process is of rows at one time, and has one output");
                }
                double t = evaluate.t().at();
                int[] pair = {evaluate.from()[0], output};
                return List.of(
                        new Stage.Evaluate(network, evaluate.from(), Time.at(networkTime(t)), new int[] {output}),
                        sde.even()
                                ? new Stage.Combine(evaluate.into(), new double[][] {{-1, at(t).gain(0)}}, pair)
                                : new Stage.Apply(formula(at(t)), pair, evaluate.into()));
            });
        };
    }

    private Formula formula(FlexibleMoment at) {
        Space space = sde.space();
        double[] gains = new double[space.width()];
        for (int i = 0; i < gains.length; i++) {
            gains[i] = at.gain(i);
        }
        FormulaWriter f = Formula.writer("score of matrices");
        FormulaWriter.Value x = f.input(gains.length);
        FormulaWriter.Value out = f.input(gains.length);
        return f.output(out.times(f.literal(gains)).minus(x)).formula();
    }
}
