package org.tweedie.score;

import java.util.List;
import org.tweedie.device.Device;
import org.tweedie.plan.Formula;
import org.tweedie.plan.Space;

/**
 * A field of your own, as a formula: x to one output, the same at all times. Runs on every device with the same bits. Immutable, shared by threads.
 *
 * @param formula one input and one output
 */
public record FormulaField(Formula formula) implements Field {
    public FormulaField {
        if (formula.inputs().length != 1 || formula.outputs().length != 1) {
            throw new IllegalArgumentException("a field of one formula takes x and gives one row; formula '"
                    + formula.name() + "' takes " + formula.inputs().length + " and gives "
                    + formula.outputs().length);
        }
    }

    @Override
    public Signature signature() {
        return new Signature(
                List.of(new Signature.Port("x", Space.euclidean(formula.inputs()[0]))),
                List.of(new Signature.Port("out", Space.euclidean(formula.outputs()[0]))));
    }

    @Override
    public Evaluator open(Device device, int rows) {
        return new FormulaEvaluator(signature(), formula, false, device, rows);
    }
}
