package org.tweedie.sde;

import java.util.Arrays;
import java.util.Optional;
import java.util.function.DoubleFunction;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Time;

/** A sum of registers with weights that follow from time: a combine at a single time, a formula at each row's own. For one thread. */
public final class TimedSum {
    private final Sde sde;
    private final int width;
    private final DoubleFunction<double[]> weights;
    private Optional<Formula> perRow = Optional.empty();

    public TimedSum(Sde sde, int width, DoubleFunction<double[]> weights) {
        this.sde = sde;
        this.width = width;
        this.weights = weights;
    }

    /** into &larr; the sum of weights(t)[j] from[j]; {@code into} is none of {@code from}, which have the width. */
    public Stage stage(Time t, int into, int... from) {
        if (!t.perRow()) {
            return new Stage.Combine(new int[] {into}, new double[][] {weights.apply(t.at())}, from);
        }
        Formula formula = perRow.orElseGet(() -> formula(from.length));
        perRow = Optional.of(formula);
        int[] with = Arrays.copyOf(from, from.length + 1);
        with[from.length] = t.register();
        return new Stage.Apply(formula, with, new int[] {into});
    }

    private Formula formula(int count) {
        FormulaWriter f = Formula.writer("sum at a row's time");
        Value[] from = new Value[count];
        for (int j = 0; j < count; j++) {
            from[j] = f.input(width);
        }
        Value at = f.curves(Coefficients.of(sde, weights), f.input(1));
        Value sum = from[0].times(at.at(0));
        for (int j = 1; j < count; j++) {
            sum = sum.plus(from[j].times(at.at(j)));
        }
        return f.output(sum).formula();
    }
}
