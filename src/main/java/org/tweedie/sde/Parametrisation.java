package org.tweedie.sde;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Steering;
import org.tweedie.plan.Time;

/**
 * What a network sees and what its output means, for a process: the one place that training and sampling take it from.
 *
 * <p>With x_t = alpha x0 + sigma eps, the network gets {@code inputScale(t)} x_t and {@code networkTime(t)}; the score is
 * {@code skip(t)} x_t + {@code gain(t)} out; the network's target is {@code targetX0(t)} x0 + {@code targetEps(t)} eps. So the error of the
 * score is gain times the error of the output, whatever is predicted.
 *
 * <table>
 * <caption>n = sigma/alpha, c the scale of the data, r^2 = sigma^2 + alpha^2 c^2, the variance of x_t</caption>
 * <tr><th>prediction</th><th>target</th><th>skip</th><th>gain</th></tr>
 * <tr><td>NOISE</td><td>eps</td><td>0</td><td>-1/sigma</td></tr>
 * <tr><td>DENOISED</td><td>x0</td><td>-1/sigma^2</td><td>alpha/sigma^2</td></tr>
 * <tr><td>SCORE</td><td>-eps/sigma</td><td>0</td><td>1</td></tr>
 * <tr><td>VELOCITY</td><td>alpha eps - sigma x0</td><td>-1/(alpha^2 + sigma^2)</td><td>-alpha/(sigma (alpha^2 + sigma^2))</td></tr>
 * </table>
 *
 * <p>Preconditioned for data of scale c, after EDM (Karras et al., NeurIPS 2022, arXiv 2206.00364) for any alpha and sigma: the input has
 * variance 1 (scale 1/r), the network's time is ln(n)/4, and the target has variance 1: NOISE is unchanged; SCORE is sigma score;
 * VELOCITY is divided by sqrt(alpha^2 + sigma^2 c^2); DENOISED is EDM's, D = c_skip x/alpha + c_out out with c_skip = c^2/(n^2 + c^2) and
 * c_out = n c/sqrt(n^2 + c^2): target (sigma x0/c - alpha c eps)/r, skip -1/r^2, gain alpha c/(sigma r). Immutable.
 *
 * @param dataScale c, the standard deviation of the data (1 for standardised data), when preconditioned
 */
public record Parametrisation(Sde sde, Prediction prediction, OptionalDouble dataScale) {
    public Parametrisation {
        if (dataScale.isPresent()
                && !(dataScale.getAsDouble() > 0 && dataScale.getAsDouble() < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "the scale of the data must be positive, got " + dataScale.getAsDouble());
        }
    }

    /** The prediction as it is, of x_t and t as they are. */
    public static Parametrisation plain(Sde sde, Prediction prediction) {
        return new Parametrisation(sde, prediction, OptionalDouble.empty());
    }

    /** EDM's preconditioning. */
    public static Parametrisation preconditioned(Sde sde, Prediction prediction, double dataScale) {
        return new Parametrisation(sde, prediction, OptionalDouble.of(dataScale));
    }

    /** The same, with what a learned process is at one time looked up once. */
    public Parametrisation held(double t) {
        return sde instanceof VdmSde vdm ? new Parametrisation(vdm.held(t), prediction, dataScale) : this;
    }

    /** What x_t is multiplied by on its way into the network. */
    public double inputScale(double t) {
        return dataScale.isPresent() ? 1 / spread(t) : 1;
    }

    /** The time that the network is told. */
    public double networkTime(double t) {
        return dataScale.isPresent() ? 0.25 * StrictMath.log(sde.noiseToSignal(t)) : t;
    }

    /** The factor of x_t in the score. */
    public double skip(double t) {
        double alpha = sde.alpha(t);
        double sigma = sde.sigma(t);
        return switch (prediction) {
            case NOISE, SCORE -> 0;
            case DENOISED -> dataScale.isPresent() ? -1 / (spread(t) * spread(t)) : -1 / (sigma * sigma);
            case VELOCITY -> -1 / (alpha * alpha + sigma * sigma);
        };
    }

    /** The factor of the network's output in the score. */
    public double gain(double t) {
        double alpha = sde.alpha(t);
        double sigma = sde.sigma(t);
        return switch (prediction) {
            case NOISE -> -1 / sigma;
            case DENOISED ->
                dataScale.isPresent() ? alpha * dataScale.getAsDouble() / (sigma * spread(t)) : alpha / (sigma * sigma);
            case SCORE -> 1 / unit(t);
            case VELOCITY -> -alpha / (sigma * (alpha * alpha + sigma * sigma) * unit(t));
        };
    }

    /** The factor of x0 in the network's target. */
    public double targetX0(double t) {
        return switch (prediction) {
            case NOISE, SCORE -> 0;
            case DENOISED -> dataScale.isPresent() ? sde.sigma(t) / (dataScale.getAsDouble() * spread(t)) : 1;
            case VELOCITY -> -sde.sigma(t) * unit(t);
        };
    }

    /** The factor of eps in the network's target. */
    public double targetEps(double t) {
        return switch (prediction) {
            case NOISE -> 1;
            case DENOISED -> dataScale.isPresent() ? -sde.alpha(t) * dataScale.getAsDouble() / spread(t) : 0;
            case SCORE -> -unit(t) / sde.sigma(t);
            case VELOCITY -> sde.alpha(t) * unit(t);
        };
    }

    /** The weight of |out - target|^2 that gives |score error|^2 the weight lambda. */
    public double weight(Weighting weighting, double t) {
        double gain = gain(t);
        return weighting.ofScore(sde, t, dataScale.orElse(1)) * gain * gain;
    }

    /** The standard deviation of x_t for data of scale c. */
    private double spread(double t) {
        return StrictMath.hypot(sde.sigma(t), sde.alpha(t) * dataScale.orElse(1));
    }

    /** What a preconditioned target is multiplied by to have variance 1. */
    private double unit(double t) {
        if (dataScale.isEmpty()) {
            return 1;
        }
        return prediction == Prediction.SCORE
                ? sde.sigma(t)
                : 1 / StrictMath.hypot(sde.alpha(t), sde.sigma(t) * dataScale.getAsDouble());
    }

    /**
     * Rewrites every evaluation of the score with a derivative, as {@link FlowDensity} makes them, as one of a network with its own.
     *
     * @param field {@link FlowDensity#DIVERGENCE} or {@link FlowDensity#TANGENT}
     * @param network the field that is evaluated instead, with the same ports
     */
    public Steering foldDerivative(String field, String network) {
        return new DerivativeFold(
                sde.space(), 0, t -> new double[] {inputScale(t), skip(t), gain(t), networkTime(t)}, field, network);
    }

    /**
     * Rewrites every evaluation of the score as one of a network: input, network, score as its linear combination. At a single time these are
     * numbers and fold into the cells; at a time per row they are formulas of the row's own time. Inputs beyond the first go to the network as
     * they are.
     *
     * @param score the field that the plan evaluates
     * @param network the field that it evaluates instead
     */
    public Steering fold(String score, String network) {
        return plan -> {
            List<Register> registers = new ArrayList<>(plan.registers());
            int input = registers.size();
            registers.add(new Register(network + ".input", sde.space(), false));
            int output = registers.size();
            registers.add(new Register(network + ".output", sde.space(), false));
            int time = registers.size();
            registers.add(new Register(network + ".time", Space.euclidean(1), false));
            RowParametrisation perRow = new RowParametrisation(this);
            return plan.rewritten(registers, stage -> {
                if (!(stage instanceof Stage.Evaluate evaluate)
                        || !evaluate.field().equals(score)) {
                    return List.of(stage);
                }
                if (evaluate.into().length != 1) {
                    throw new IllegalArgumentException("a score has one output, got " + evaluate.into().length);
                }
                if (evaluate.t().perRow()) {
                    return perRow.stages(evaluate, network, input, output, time);
                }
                double t = evaluate.t().at();
                int x = evaluate.from()[0];
                int[] from = evaluate.from().clone();
                List<Stage> stages = new ArrayList<>();
                if (inputScale(t) != 1) {
                    stages.add(new Stage.Combine(new int[] {input}, new double[][] {{inputScale(t)}}, new int[] {x}));
                    from[0] = input;
                }
                stages.add(new Stage.Evaluate(network, from, Time.at(networkTime(t)), new int[] {output}));
                stages.add(new Stage.Combine(
                        evaluate.into(), new double[][] {{skip(t), gain(t)}}, new int[] {x, output}));
                return stages;
            });
        };
    }
}
