package org.tweedie.inverse;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Time;
import org.tweedie.score.DenoisedGradient;
import org.tweedie.score.Guide;
import org.tweedie.sde.Coefficients;
import org.tweedie.sde.Sde;
import org.tweedie.sde.Spelling;

/**
 * Pseudo-inverse guided diffusion: the clean row given the noisy one is taken as N(D, r^2 I), so that with J = dD/dx
 *
 * <pre>score + J' A'(r^2 A A' + noise^2 I)^-1 (y - A D),    r^2 = n^2 c^2/(n^2 + c^2), n = sigma/alpha,</pre>
 *
 * by the singular values of A (Song, Vahdat, Mardani, Kautz, ICLR 2023, whose data have c = 1). At noise 0 the gradient is that of the pseudo-inverse.
 *
 * <p>Exact where the data are N(m, c^2 I); otherwise biased as far as the clean row given the noisy one is not round. Immutable.
 *
 * @param deviation c, the standard deviation of the data in the units of the process: 1 where a model standardises them
 */
public record PseudoInverseGuidance(Observation observation, double deviation) implements Guide {
    public PseudoInverseGuidance {
        if (!(deviation > 0 && deviation < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("the standard deviation of the data must be positive, got " + deviation);
        }
    }

    /** For data of standard deviation 1. */
    public PseudoInverseGuidance(Observation observation) {
        this(observation, 1);
    }

    @Override
    public String spec() {
        return deviation == 1 ? "pigdm" : "pigdm:" + Spelling.number(deviation);
    }

    @Override
    public Guided on(Target target) {
        LinearOperator operator = Observed.inUnits(observation, target);
        String field = observation.name() + ".gradient";
        DenoisedGradient gradient =
                new DenoisedGradient(target.score().get(), target.rows(), likelihood(operator.svd()));
        return new Guided(
                plan -> steer(new Observed(observation, target, operator, plan), field),
                Map.of(field, gradient),
                Set.of(field));
    }

    /** D, y~ = diag(1/s) U' y, gains to V (gains (y~ - V' D)), with gains s^2/(r^2 s^2 + noise^2). */
    private static Formula likelihood(Svd svd) {
        FormulaWriter f = Formula.writer("gradient of the likelihood");
        Value denoised = f.input(svd.v().into());
        Value inverted = f.input(svd.values().length);
        Value gains = f.input(svd.values().length);
        Value rest = inverted.minus(svd.v().adjoint(f, denoised));
        return f.output(svd.v().forward(f, rest.times(gains))).formula();
    }

    private Plan steer(Observed observed, String field) {
        int width = observed.operator.from();
        double[] values = observed.operator.svd().values();
        int inverted = observed.inverted();
        int gains = observed.register("gains", values.length);
        int own = observed.register("score", width);
        int gradient = observed.register("gradient", width);
        List<Formula> perRow = new ArrayList<>(); // made once, if rows have times of their own
        return observed.scores(evaluate -> List.of(
                gains(observed, evaluate.t(), gains, perRow),
                new Stage.Evaluate(
                        field, new int[] {evaluate.from()[0], inverted, gains}, evaluate.t(), new int[] {own, gradient
                        }),
                new Stage.Combine(evaluate.into(), new double[][] {{1, 1}}, new int[] {own, gradient})));
    }

    private double open(Sde sde, double t) {
        double n = sde.noiseToSignal(t);
        return n * n * deviation * deviation / (n * n + deviation * deviation);
    }

    private Stage gains(Observed observed, Time t, int into, List<Formula> perRow) {
        if (t.perRow()) {
            if (perRow.isEmpty()) {
                perRow.add(perRow(observed));
            }
            return new Stage.Apply(perRow.get(0), new int[] {t.register()}, new int[] {into});
        }
        double open = open(observed.sde, t.at());
        double[] gains = observed.operator.svd().values().clone();
        for (int i = 0; i < gains.length; i++) {
            gains[i] = 1 / (open + observed.noise * observed.noise / (gains[i] * gains[i]));
        }
        FormulaWriter f = Formula.writer("gains");
        return new Stage.Apply(f.output(f.literal(gains)).formula(), new int[0], new int[] {into});
    }

    private Formula perRow(Observed observed) {
        double[] widths = observed.operator.svd().values().clone();
        for (int i = 0; i < widths.length; i++) {
            widths[i] = observed.noise * observed.noise / (widths[i] * widths[i]);
        }
        FormulaWriter f = Formula.writer("gains at a row's time");
        Value open = f.curves(Coefficients.of(observed.sde, t -> new double[] {open(observed.sde, t)}), f.input(1));
        return f.output(f.number(1).over(f.literal(widths).plus(open))).formula();
    }
}
