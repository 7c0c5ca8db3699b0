package org.tweedie.kernels;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.tweedie.kernels.CellLayout.CellDraw;
import org.tweedie.rng.StandardLaw;

/**
 * What a trajectory does, in order, as kernels/execution/trajectory_sde.cuh reads it: {@value #OPERATION} int32 an operation, and a table of
 * f32 weights, {@value CellLayout#WEIGHTS} a mix, whose columns and rows are slots, {@value #STEP} a step of a run. For one thread.
 */
public final class SdeOperations {
    /** Slots of a row at most. */
    public static final int MOST_SLOTS = 8;

    /** int32 an operation. */
    public static final int OPERATION = 16;

    /** Slot &larr; row of a view: code, slot, 0, view. */
    public static final int LOAD = 0;

    /** Row of a view &larr; slot: code, slot, 0, view. */
    public static final int STORE = 1;

    /** Slot &larr; score at a slot: code, from, into, components, first of the terms, bits of alpha. */
    public static final int EVALUATE = 2;

    /**
     * Slots &larr; W (slots, draws), each with a term: code, place of the weights in fours of floats, slots written (bits), draws; at
     * {@value #DRAWN} two words a draw: law, and purpose &lt;&lt; 24 | ordinal.
     */
    public static final int MIX = 3;

    /** Slots &larr; 0: code, 0, slots (bits), 0. */
    public static final int CLEAR = 4;

    /**
     * So many times slot 0 &larr; w slot 0 + w' normal, where it is the only one: code, place of the steps in fours of floats, law, steps. A
     * step is purpose &lt;&lt; 24 | ordinal, w, w', 0; neither weight is 0.
     */
    public static final int RUN = 5;

    /** Where in a mix the draws start. */
    public static final int DRAWN = 8;

    /** The law of normals by the GPU's special functions (kernels/rng/normal_fast.cuh); the twin makes the usual ones. */
    public static final int FAST_NORMAL = 3;

    /** f32 a step of a run. */
    public static final int STEP = 4;

    private final int slots;
    private final int normal;
    private final List<int[]> operations = new ArrayList<>();
    private float[] weights = new float[CellLayout.WEIGHTS];
    private int used;

    /**
     * @param slots that the plan needs
     * @param fast whether normals may be those of {@link #FAST_NORMAL}
     */
    public SdeOperations(int slots, boolean fast) {
        this.slots = slots;
        normal = fast ? FAST_NORMAL : StandardLaw.NORMAL.code();
    }

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
        float[] table = new float[CellLayout.WEIGHTS];
        int written = 0;
        int bare = 0;
        for (int o = 0; o < outs.length; o++) {
            boolean any = false;
            for (int c = 0; c < mix[o].length; c++) {
                float w = (float) mix[o][c];
                int column = c < ins.length ? ins[c] : CellLayout.MOST_INS + c - ins.length;
                table[outs[o] * CellLayout.COLUMNS + column] = w;
                any |= w != 0;
            }
            written |= any ? 1 << outs[o] : 0;
            bare |= any ? 0 : 1 << outs[o];
        }
        float kept = table[0];
        float stirred = table[CellLayout.MOST_INS];
        if (slots == 1 && draws.size() == 1 && draws.get(0).law() == StandardLaw.NORMAL && kept != 0 && stirred != 0) {
            step(word(draws.get(0)), kept, stirred);
        } else if (written != 0) {
            int[] operation = add(MIX, place(table), written, draws.size());
            for (int k = 0; k < draws.size(); k++) {
                StandardLaw law = draws.get(k).law();
                operation[DRAWN + 2 * k] = law == StandardLaw.NORMAL ? normal : law.code();
                operation[DRAWN + 2 * k + 1] = word(draws.get(k));
            }
        }
        if (bare != 0) {
            add(CLEAR, 0, bare, 0);
        }
    }

    private static int word(CellDraw draw) {
        return draw.purpose().code() << 24 | Fill.ordinal(draw.ordinal());
    }

    /** One more step of the run that the last operation is, or the first of a new one. */
    private void step(int word, float kept, float stirred) {
        int[] last = operations.isEmpty() ? new int[OPERATION] : operations.get(operations.size() - 1);
        int place = place(Float.intBitsToFloat(word), kept, stirred, 0);
        if (last[0] == RUN) {
            last[3]++;
        } else {
            add(RUN, place, normal, 1);
        }
    }

    /** Puts weights at the end of their table; returns where, in fours of floats. */
    private int place(float... more) {
        int at = used;
        if (used + more.length > weights.length) {
            weights = Arrays.copyOf(weights, 2 * weights.length);
        }
        System.arraycopy(more, 0, weights, at, more.length);
        used += more.length;
        return at / 4;
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

    /** All weights, one after the other. */
    public float[] weights() {
        return Arrays.copyOf(weights, used);
    }
}
