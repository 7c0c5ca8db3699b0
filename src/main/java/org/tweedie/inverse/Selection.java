package org.tweedie.inverse;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;

/** Some coordinates, each times a number that is not 0. */
final class Selection implements LinearOperator {
    private final int from;
    private final int[] known;
    private final double[] weights;

    Selection(int from, int... known) {
        this(from, known, ones(known.length));
    }

    private Selection(int from, int[] known, double[] weights) {
        this.from = from;
        this.known = known.clone();
        this.weights = weights;
        BitSet seen = new BitSet();
        for (int place : known) {
            if (place < 0 || place >= from || seen.get(place)) {
                throw new IllegalArgumentException(
                        "a mask of rows of " + from + " numbers knows different places from 0 to " + (from - 1)
                                + ", got " + Arrays.toString(known));
            }
            seen.set(place);
        }
        if (known.length == 0) {
            throw new IllegalArgumentException("a mask knows at least one place; sample without it otherwise");
        }
    }

    private static double[] ones(int count) {
        double[] ones = new double[count];
        Arrays.fill(ones, 1);
        return ones;
    }

    @Override
    public int from() {
        return from;
    }

    @Override
    public int into() {
        return known.length;
    }

    @Override
    public void forward(double[] x, double[] y) {
        for (int i = 0; i < known.length; i++) {
            y[i] = weights[i] * x[known[i]];
        }
    }

    @Override
    public void adjoint(double[] y, double[] x) {
        Arrays.fill(x, 0);
        for (int i = 0; i < known.length; i++) {
            x[known[i]] = weights[i] * y[i];
        }
    }

    @Override
    public Value forward(FormulaWriter f, Value x) {
        List<Value> parts = new ArrayList<>();
        for (int i = 0; i < known.length; ) {
            int run = 1;
            while (i + run < known.length && known[i + run] == known[i] + run) {
                run++;
            }
            parts.add(x.part(known[i], run));
            i += run;
        }
        return weighted(f, f.joined(parts.toArray(new Value[0])));
    }

    @Override
    public Value adjoint(FormulaWriter f, Value y) {
        Value weighted = weighted(f, y);
        int[] places = new int[from];
        Arrays.fill(places, -1);
        for (int i = 0; i < known.length; i++) {
            places[known[i]] = i;
        }
        Value zeros = f.literal(new double[from]);
        List<Value> parts = new ArrayList<>();
        for (int j = 0; j < from; ) {
            int run = 1;
            if (places[j] < 0) {
                while (j + run < from && places[j + run] < 0) {
                    run++;
                }
                parts.add(zeros.part(0, run));
            } else {
                while (j + run < from && places[j + run] == places[j] + run) {
                    run++;
                }
                parts.add(weighted.part(places[j], run));
            }
            j += run;
        }
        return f.joined(parts.toArray(new Value[0]));
    }

    private Value weighted(FormulaWriter f, Value y) {
        return Arrays.equals(weights, ones(weights.length)) ? y : y.times(f.literal(weights));
    }

    @Override
    public Svd svd() {
        double[] values = new double[weights.length];
        double[] signs = new double[weights.length];
        int[] all = new int[weights.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = StrictMath.abs(weights[i]);
            signs[i] = StrictMath.signum(weights[i]);
            all[i] = i;
        }
        return new Svd(new Selection(values.length, all, signs), values, new Transposed(new Selection(from, known)));
    }

    @Override
    public LinearOperator scaled(double[] scale) {
        if (scale.length != from) {
            throw new IllegalArgumentException(
                    "an operator on rows of " + from + " numbers is scaled by as many, got " + scale.length);
        }
        double[] product = weights.clone();
        for (int i = 0; i < product.length; i++) {
            product[i] *= scale[known[i]];
        }
        return new Selection(from, known, product);
    }

    /** A' of another. */
    private record Transposed(LinearOperator of) implements LinearOperator {
        @Override
        public int from() {
            return of.into();
        }

        @Override
        public int into() {
            return of.from();
        }

        @Override
        public void forward(double[] x, double[] y) {
            of.adjoint(x, y);
        }

        @Override
        public void adjoint(double[] y, double[] x) {
            of.forward(y, x);
        }

        @Override
        public Value forward(FormulaWriter f, Value x) {
            return of.adjoint(f, x);
        }

        @Override
        public Value adjoint(FormulaWriter f, Value y) {
            return of.forward(f, y);
        }

        @Override
        public Svd svd() {
            Svd other = of.svd();
            return new Svd(other.v(), other.values(), other.u());
        }
    }
}
