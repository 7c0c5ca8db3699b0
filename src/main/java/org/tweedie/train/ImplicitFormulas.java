package org.tweedie.train;

import org.tweedie.plan.Curves;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.sde.Coefficients;
import org.tweedie.sde.Parametrisation;

/**
 * The losses of {@link ImplicitScoreMatching} and what goes back from them, row by row. With the network's input c x and output o, its derivative
 * along v j: score = skip x + gain o, its derivative along v skip v + gain c j.
 */
final class ImplicitFormulas {
    private final int width;
    private final double rows;
    private final double slices;
    private final Curves curves;

    /** @param rows of a step: what goes back is that of the mean */
    ImplicitFormulas(ImplicitScoreMatching matching, int rows) {
        Parametrisation p = matching.parametrisation();
        this.width = p.sde().space().width();
        this.rows = rows;
        this.slices = matching.slices().law().isPresent() ? matching.slices().count() : 1;
        this.curves = Coefficients.of(p.sde(), t -> new double[] {
            p.skip(t) / p.inputScale(t),
            p.gain(t),
            p.gain(t) * p.inputScale(t),
            p.skip(t),
            matching.weighting().ofScore(p.sde(), t, p.dataScale().orElse(1))
                    * matching.sampling().correction(p.sde(), t)
        });
    }

    /** (input, out, t) to (what goes back to out, loss) of w |score|^2. */
    Formula square() {
        FormulaWriter f = Formula.writer("square of the score");
        Value input = f.input(width);
        Value out = f.input(width);
        Value at = f.curves(curves, f.input(1));
        Value score = score(at, input, out);
        Value weight = at.at(4);
        return f.output(score.times(weight.times(at.at(1)).times(2 / rows)))
                .output(weight.times(score.dot(score)))
                .formula();
    }

    /** (v, derivative of out along v, t, loss) to (what goes back to the derivative, loss) with 2 w v . derivative of the score added. */
    Formula divergence() {
        FormulaWriter f = Formula.writer("divergence of the score");
        Value v = f.input(width);
        Value along = f.input(width);
        Value t = f.input(1);
        Value loss = f.input(1);
        Value at = f.curves(curves, t);
        return f.output(v.times(back(at)))
                .output(loss.plus(share(at, v, along)))
                .formula();
    }

    /** (v, derivative of out along v, t, loss, input, out) to (back to the derivative, loss, back to out), with w (v . score)^2 added too. */
    Formula slice() {
        FormulaWriter f = Formula.writer("slice of the score");
        Value v = f.input(width);
        Value along = f.input(width);
        Value t = f.input(1);
        Value loss = f.input(1);
        Value input = f.input(width);
        Value out = f.input(width);
        Value at = f.curves(curves, t);
        Value score = v.dot(score(at, input, out));
        Value weight = at.at(4).times(1 / slices);
        return f.output(v.times(back(at)))
                .output(loss.plus(share(at, v, along)).plus(weight.times(score.square())))
                .output(v.times(weight.times(at.at(1)).times(2 / rows).times(score)))
                .formula();
    }

    private static Value score(Value at, Value input, Value out) {
        return input.fma(at.at(0), out.times(at.at(1)));
    }

    /** 2 w gain c, of the mean over slices and rows. */
    private Value back(Value at) {
        return at.at(4).times(at.at(2)).times(2 / (slices * rows));
    }

    private Value share(Value at, Value v, Value along) {
        Value slope = at.at(3).times(v.dot(v)).plus(at.at(2).times(v.dot(along)));
        return at.at(4).times(slope).times(2 / slices);
    }
}
