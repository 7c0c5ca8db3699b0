package org.tweedie.sde;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.tweedie.plan.Curves;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Time;

/** A {@link Parametrisation} at each row's own time: its four functions as tables, made when the first evaluation asks. For one thread. */
final class RowParametrisation {
    private final Parametrisation parametrisation;
    private Optional<Formulas> formulas = Optional.empty();

    /** x, t to the network's input and time; x, output, t to the score. */
    private record Formulas(Formula input, Formula score) {}

    RowParametrisation(Parametrisation parametrisation) {
        this.parametrisation = parametrisation;
    }

    /** What an evaluation of the score becomes. */
    List<Stage> stages(Stage.Evaluate evaluate, String network, int input, int output, int time) {
        if (formulas.isEmpty()) {
            formulas = Optional.of(new Formulas(input(), score()));
        }
        int x = evaluate.from()[0];
        int t = evaluate.t().register();
        int[] from = evaluate.from().clone();
        List<Stage> stages = new ArrayList<>();
        Time told = evaluate.t();
        if (parametrisation.dataScale().isPresent()) {
            stages.add(new Stage.Apply(formulas.get().input(), new int[] {x, t}, new int[] {input, time}));
            from[0] = input;
            told = Time.of(time);
        }
        stages.add(new Stage.Evaluate(network, from, told, new int[] {output}));
        stages.add(new Stage.Apply(formulas.get().score(), new int[] {x, output, t}, evaluate.into()));
        return stages;
    }

    private Formula input() {
        Curves scales = Coefficients.of(parametrisation.sde(), t ->
                new double[] {parametrisation.inputScale(t), parametrisation.networkTime(t)});
        FormulaWriter f = Formula.writer("network input");
        Value x = f.input(parametrisation.sde().space().width());
        Value at = f.curves(scales, f.input(1));
        return f.output(x.times(at.at(0))).output(at.at(1)).formula();
    }

    private Formula score() {
        Curves scales = Coefficients.of(
                parametrisation.sde(), t -> new double[] {parametrisation.skip(t), parametrisation.gain(t)});
        FormulaWriter f = Formula.writer("score of network");
        Value x = f.input(parametrisation.sde().space().width());
        Value out = f.input(parametrisation.sde().space().width());
        Value at = f.curves(scales, f.input(1));
        return f.output(x.times(at.at(0)).plus(out.times(at.at(1)))).formula();
    }
}
