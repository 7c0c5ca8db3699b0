package org.tweedie.score;

import java.util.Arrays;
import java.util.List;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowFormula;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
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
        return new Open(signature(), formula, device, Math.max(1, rows));
    }

    /** The formula on rows of its own, to and from which the caller's are copied: its table holds where they lie. */
    private static final class Open implements Evaluator {
        private final Signature signature;
        private final int rows;
        private final Closing owned = new Closing();
        private final View x;
        private final View score;
        private final View logDensity;
        private final RowFormula formula;

        Open(Signature signature, Formula formula, Device device, int rows) {
            this.signature = signature;
            this.rows = rows;
            int width = formula.inputs()[0];
            try (Stream stream = device.stream()) {
                x = View.rows(owned.add(device.allocate(Element.F32, (long) rows * width)), width);
                score = View.rows(owned.add(device.allocate(Element.F32, (long) rows * width)), width);
                logDensity = View.rows(owned.add(device.allocate(Element.F32, rows)), 1);
                this.formula = owned.add(RowFormula.open(
                        stream, List.of(new RowFormula.Use(formula, List.of(x), List.of(score, logDensity)))));
                stream.synchronize();
            } catch (RuntimeException | Error e) {
                owned.close();
                throw e;
            }
        }

        @Override
        public void evaluate(Stream stream, RowSet rows, List<View> from, Instant t, List<View> into) {
            signature.require(from, into);
            copy(stream, from.get(0), x);
            formula.run(stream, rows, 0);
            copy(stream, score, into.get(0));
            copy(stream, logDensity, into.get(1));
        }

        private void copy(Stream stream, View from, View into) {
            if (from.stride() != from.width() || into.stride() != into.width()) {
                throw new IllegalArgumentException("a formula's rows lie densely, got strides " + from.stride()
                        + " and " + into.stride() + " of rows " + from.width() + " wide");
            }
            stream.copy(from.data(), from.offset(), into.data(), into.offset(), (long) rows * from.width());
        }

        @Override
        public void close() {
            owned.close();
        }
    }
}
