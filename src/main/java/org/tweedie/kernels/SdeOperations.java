package org.tweedie.kernels;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.kernels.CellLayout.CellDraw;

/**
 * What a trajectory does, in order, as kernels/execution/trajectory_sde.cuh reads it: {@value #OPERATION} int32 an operation, and
 * {@value CellLayout#WEIGHTS} f32 weights a mix, whose columns and rows are slots. For one thread.
 */
public final class SdeOperations {
    /** int32 an operation. */
    public static final int OPERATION = 16;

    /** Slot &larr; row of a view: code, slot, 0, view. */
    public static final int LOAD = 0;

    /** Row of a view &larr; slot: code, slot, 0, view. */
    public static final int STORE = 1;

    /** Slot &larr; score at a slot: code, from, into, components, first of the terms, bits of alpha. */
    public static final int EVALUATE = 2;

    /** Slots &larr; W (slots, draws): code, number of the weights, slots written and above {@value #BARE} bits those without a term, draws. */
    public static final int MIX = 3;

    /** Where in a mix's slots the bits of those start that are written without a term. */
    public static final int BARE = 8;

    /** Where in a mix the draws start, two words each: law, and purpose &lt;&lt; 24 | ordinal. */
    public static final int DRAWN = 8;

    private final List<int[]> operations = new ArrayList<>();
    private final List<float[]> weights = new ArrayList<>();

    /** Operations so far. */
    public int size() {
        return operations.size();
    }

    public void load(int slot, int view) {
        add(LOAD, slot, 0, view);
    }

    public void store(int slot, int view) {
        add(STORE, slot, 0, view);
    }

    /**
     * @param firstTerm the place, in fours of floats, of what {@link MixtureScore#terms} wrote for this time
     * @param alpha at this time
     */
    public void evaluate(int from, int into, int components, int firstTerm, float alpha) {
        int[] operation = add(EVALUATE, from, into, components);
        operation[4] = firstTerm;
        operation[5] = Float.floatToRawIntBits(alpha);
    }

    /**
     * @param ins slots read, ascending: a sum goes in the order of slots
     * @param outs slots written
     * @param mix [outs][ins..., draws...]; exactly 0 (in f32) reads nothing
     */
    public void mix(int[] ins, int[] outs, double[][] mix, List<CellDraw> draws) {
        if (!CellLayout.fits(ins.length, outs.length, draws.size())) {
            throw new IllegalArgumentException("a mix of " + ins.length + " ins, " + outs.length + " outs and "
                    + draws.size() + " draws has no place; split it");
        }
        for (int i = 1; i < ins.length; i++) {
            if (ins[i] <= ins[i - 1]) {
                throw new IllegalArgumentException("slots read must ascend, got " + ins[i - 1] + " before " + ins[i]);
            }
        }
        int[] operation = add(MIX, weights.size(), 0, draws.size());
        float[] table = new float[CellLayout.WEIGHTS];
        for (int o = 0; o < outs.length; o++) {
            boolean any = false;
            for (int c = 0; c < mix[o].length; c++) {
                float w = (float) mix[o][c];
                int column = c < ins.length ? ins[c] : CellLayout.MOST_INS + c - ins.length;
                table[outs[o] * CellLayout.COLUMNS + column] = w;
                any |= w != 0;
            }
            operation[2] |= 1 << outs[o];
            operation[2] |= any ? 0 : 1 << BARE + outs[o];
        }
        for (int k = 0; k < draws.size(); k++) {
            CellDraw draw = draws.get(k);
            operation[DRAWN + 2 * k] = draw.law().code();
            operation[DRAWN + 2 * k + 1] = draw.purpose().code() << 24 | Fill.ordinal(draw.ordinal());
        }
        weights.add(table);
    }

    private int[] add(int code, int a, int b, int c) {
        int[] operation = new int[OPERATION];
        operation[0] = code;
        operation[1] = a;
        operation[2] = b;
        operation[3] = c;
        operations.add(operation);
        return operation;
    }

    /** All operations, one after the other. */
    public int[] table() {
        int[] table = new int[operations.size() * OPERATION];
        for (int i = 0; i < operations.size(); i++) {
            System.arraycopy(operations.get(i), 0, table, i * OPERATION, OPERATION);
        }
        return table;
    }

    /** The weights of all mixes, one after the other. */
    public float[] weights() {
        float[] table = new float[weights.size() * CellLayout.WEIGHTS];
        for (int i = 0; i < weights.size(); i++) {
            System.arraycopy(weights.get(i), 0, table, i * CellLayout.WEIGHTS, CellLayout.WEIGHTS);
        }
        return table;
    }
}
