package org.tweedie.kernels;

import java.util.List;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.StandardLaw;

/**
 * How the linear part of a cell lies in device memory (kernels/execution/step.cu): a header of {@value #HEADER} int32 (ins,
 * outs, draws, 0, slots of the ins, slots of the outs, law, purpose and ordinal of the draws, spare) and {@value #WEIGHTS}
 * f32 weights, [out][in 0..7, draw 0..3]. Stateless.
 */
public final class CellLayout {
    /** Registers that a cell reads at most. */
    public static final int MOST_INS = 8;

    /** Registers that a cell writes at most. */
    public static final int MOST_OUTS = 8;

    /** Draws that a cell makes at most. */
    public static final int MOST_DRAWS = 4;

    /** int32 a header. */
    public static final int HEADER = 48;

    /** Weights a row. */
    public static final int COLUMNS = MOST_INS + MOST_DRAWS;

    /** f32 weights a cell. */
    public static final int WEIGHTS = MOST_OUTS * COLUMNS;

    /** Where in a header the count of ins is. */
    public static final int INS = 0;

    /** Where the count of outs is. */
    public static final int OUTS = 1;

    /** Where the count of draws is. */
    public static final int DRAWS = 2;

    /** Where the slots of the ins start. */
    public static final int IN_SLOTS = 4;

    /** Where the slots of the outs start. */
    public static final int OUT_SLOTS = 12;

    /** Where the laws of the draws start. */
    public static final int LAWS = 20;

    /** Where the purposes of the draws start. */
    public static final int PURPOSES = 24;

    /** Where the ordinals of the draws start. */
    public static final int ORDINALS = 28;

    private CellLayout() {}

    /** A draw without parameters. Immutable. */
    public record CellDraw(StandardLaw law, Purpose purpose, int ordinal) {}

    /** Whether a cell of this size has a place in the layout. */
    public static boolean fits(int ins, int outs, int draws) {
        return ins <= MOST_INS && outs <= MOST_OUTS && draws <= MOST_DRAWS;
    }

    /**
     * Writes cell number {@code cell}: outs &larr; weights (ins, draws), all read before any is written.
     *
     * @param ins slots of the registers read
     * @param outs slots of the registers written, all different
     * @param weights [outs][ins..., draws...]; exactly 0 (in f32) reads nothing
     * @param headers of all cells, {@value #HEADER} each
     * @param table weights of all cells, {@value #WEIGHTS} each
     */
    public static void encode(
            int[] ins, int[] outs, double[][] weights, List<CellDraw> draws, int cell, int[] headers, float[] table) {
        if (!fits(ins.length, outs.length, draws.size())) {
            throw new IllegalArgumentException(
                    "a cell takes at most " + MOST_INS + " ins, " + MOST_OUTS + " outs and " + MOST_DRAWS
                            + " draws, got " + ins.length + ", " + outs.length + " and " + draws.size() + "; split it");
        }
        int header = cell * HEADER;
        headers[header + INS] = ins.length;
        headers[header + OUTS] = outs.length;
        headers[header + DRAWS] = draws.size();
        System.arraycopy(ins, 0, headers, header + IN_SLOTS, ins.length);
        System.arraycopy(outs, 0, headers, header + OUT_SLOTS, outs.length);
        for (int k = 0; k < draws.size(); k++) {
            headers[header + LAWS + k] = draws.get(k).law().code();
            headers[header + PURPOSES + k] = draws.get(k).purpose().code();
            headers[header + ORDINALS + k] = Fill.ordinal(draws.get(k).ordinal());
        }
        for (int o = 0; o < outs.length; o++) {
            if (weights[o].length != ins.length + draws.size()) {
                throw new IllegalArgumentException("row " + o + " of the weights must have "
                        + (ins.length + draws.size()) + " columns, got " + weights[o].length);
            }
            int row = cell * WEIGHTS + o * COLUMNS;
            for (int i = 0; i < ins.length; i++) {
                table[row + i] = (float) weights[o][i];
            }
            for (int k = 0; k < draws.size(); k++) {
                table[row + MOST_INS + k] = (float) weights[o][ins.length + k];
            }
        }
    }
}
