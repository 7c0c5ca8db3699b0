package org.tweedie.kernels;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What {@link TrajectoryMlp} does with each row, in order: {@value #WORDS} int32 an operation, {@value MlpShape#MOST_INPUTS} int32 for each
 * evaluation's inputs. Registers lie one after the other; a register is named by its first column. For one thread.
 */
public final class MlpOperations {
    /** int32 an operation. */
    public static final int WORDS = 8;

    /** Columns &larr; io: code, column, width, place. */
    public static final int LOAD = 0;

    /** Io &larr; columns: code, column, width, place. */
    public static final int STORE = 1;

    /** Registers &larr; W (registers, draws): code, cell, width. */
    public static final int MIX = 2;

    /** Columns &larr; network: code, column, row of biases, that of the next evaluation or -1, number of its places. */
    public static final int EVALUATE = 3;

    private final List<int[]> operations = new ArrayList<>();
    private final List<int[]> places = new ArrayList<>();
    private int launch;

    public void load(int column, int width, int place) {
        add(LOAD, column, width, place);
    }

    public void store(int column, int width, int place) {
        add(STORE, column, width, place);
    }

    public void mix(int cell, int width) {
        add(MIX, cell, width, 0);
    }

    /**
     * @param inputs the column of each coordinate of the network's inputs
     * @param into first column of its outputs
     * @param biases row of the biases of this time
     */
    public void evaluate(int[] inputs, int into, int biases) {
        int[] padded = Arrays.copyOf(inputs, MlpShape.MOST_INPUTS);
        Arrays.fill(padded, inputs.length, padded.length, -1);
        int number = 0;
        while (number < places.size() && !Arrays.equals(places.get(number), padded)) {
            number++;
        }
        if (number == places.size()) {
            places.add(padded);
        }
        for (int i = operations.size() - 1; i >= launch; i--) {
            if (operations.get(i)[0] == EVALUATE) {
                operations.get(i)[3] = biases;
                break;
            }
        }
        add(EVALUATE, into, biases, -1)[4] = number;
    }

    private int[] add(int code, int a, int b, int c) {
        int[] operation = new int[WORDS];
        operation[0] = code;
        operation[1] = a;
        operation[2] = b;
        operation[3] = c;
        operations.add(operation);
        return operation;
    }

    /** What follows is another launch: it fetches its first biases itself. */
    public void cut() {
        launch = operations.size();
    }

    public int size() {
        return operations.size();
    }

    /** All operations, one after the other. */
    public int[] table() {
        return flat(operations, WORDS);
    }

    /** The places of all different inputs, one after the other. */
    public int[] places() {
        return flat(places, MlpShape.MOST_INPUTS);
    }

    private static int[] flat(List<int[]> rows, int width) {
        int[] flat = new int[Math.max(1, rows.size()) * width];
        for (int i = 0; i < rows.size(); i++) {
            System.arraycopy(rows.get(i), 0, flat, i * width, width);
        }
        return flat;
    }
}
