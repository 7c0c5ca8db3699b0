package org.tweedie.score;

import java.util.Arrays;
import org.tweedie.device.Device;
import org.tweedie.plan.Formula;
import org.tweedie.plan.Space;

/**
 * A density of your own, as a formula: x to the gradient of ln p at x, as wide as x, and ln p itself, one wide, up to a constant. The
 * same at all times. Runs on every device with the same bits. Immutable, shared by threads.
 *
 * @param formula one input, and two outputs: the gradient and the log-density
 */
public record FormulaDensity(Formula formula) implements Field {
    public FormulaDensity {
        int[] from = formula.inputs();
        if (from.length != 1 || !Arrays.equals(formula.outputs(), new int[] {from[0], 1})) {
            throw new IllegalArgumentException(
                    "a density takes x and gives the gradient, as wide, and ln p, 1 wide; formula '"
                            + formula.name() + "' takes " + Arrays.toString(from) + " and gives "
                            + Arrays.toString(formula.outputs()));
        }
    }

    @Override
    public Signature signature() {
        return GaussianMixtureDensity.density(Space.euclidean(formula.inputs()[0]));
    }

    @Override
    public Evaluator open(Device device, int rows) {
        return new FormulaEvaluator(signature(), formula, false, device, rows);
    }
}
