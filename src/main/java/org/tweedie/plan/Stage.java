package org.tweedie.plan;

import java.util.Arrays;
import org.tweedie.rng.Law;
import org.tweedie.rng.Purpose;

/** One thing that happens to a row. Registers are named by their place in the plan. Arrays are not to be changed. Immutable. */
public sealed interface Stage {
    /** {@code into} &larr; a sample of {@code law}, whose parameters, if it has any, are read from {@code from}. */
    record Draw(Law law, Purpose purpose, int[] from, int into) implements Stage {
        public Draw {
            from = from.clone();
        }
    }

    /**
     * {@code into[i]} &larr; the sum over j of {@code weights[i][j] from[j]}, for all i at once; the registers have one width.
     *
     * @param weights [into][from]
     */
    record Combine(int[] into, double[][] weights, int[] from) implements Stage {
        public Combine {
            into = into.clone();
            from = from.clone();
            weights = copy(weights);
            if (into.length == 0 || weights.length != into.length) {
                throw new IllegalArgumentException("a combine has a row of weights for each of its registers, got "
                        + weights.length + " rows for " + into.length);
            }
            for (double[] row : weights) {
                if (row.length != from.length) {
                    throw new IllegalArgumentException("a combine has a weight for each register it reads, got "
                            + row.length + " for " + from.length);
                }
                for (double weight : row) {
                    if (!Double.isFinite(weight)) {
                        throw new IllegalArgumentException("weights are finite, got " + Arrays.toString(row)
                                + "; does the time grid reach a time at which the process is singular?");
                    }
                }
            }
        }
    }

    /** {@code into} &larr; the field named {@code field} at the registers {@code from} and the time {@code t}. */
    record Evaluate(String field, int[] from, Time t, int[] into) implements Stage {
        public Evaluate {
            from = from.clone();
            into = into.clone();
            if (field.isBlank() || into.length == 0) {
                throw new IllegalArgumentException("an evaluation needs a field and a register for its result");
            }
        }
    }

    /** {@code into} &larr; {@code function(from)}. */
    record Apply(RowFunction function, int[] from, int[] into) implements Stage {
        public Apply {
            from = from.clone();
            into = into.clone();
            if (into.length == 0) {
                throw new IllegalArgumentException(
                        "function '" + function.name() + "' needs a register for its result");
            }
        }
    }

    /** Registers that the stage reads, the register of a time included. */
    default int[] reads() {
        if (this instanceof Draw draw) {
            return draw.from();
        } else if (this instanceof Combine combine) {
            return combine.from();
        } else if (this instanceof Apply apply) {
            return apply.from();
        }
        Evaluate evaluate = (Evaluate) this;
        int[] from = evaluate.from();
        if (!evaluate.t().perRow()) {
            return from;
        }
        int[] reads = Arrays.copyOf(from, from.length + 1);
        reads[from.length] = evaluate.t().register();
        return reads;
    }

    /** Registers that the stage writes. */
    default int[] writes() {
        if (this instanceof Draw draw) {
            return new int[] {draw.into()};
        } else if (this instanceof Combine combine) {
            return combine.into();
        } else if (this instanceof Apply apply) {
            return apply.into();
        }
        return ((Evaluate) this).into();
    }

    private static double[][] copy(double[][] weights) {
        double[][] copy = new double[weights.length][];
        for (int i = 0; i < copy.length; ++i) {
            copy[i] = weights[i].clone();
        }
        return copy;
    }
}
