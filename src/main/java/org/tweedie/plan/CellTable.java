package org.tweedie.plan;

import java.util.List;
import java.util.Optional;
import org.tweedie.rng.Law;
import org.tweedie.rng.Purpose;

/**
 * The normal form of a plan, which every execution runs: cells in order, each "evaluate or apply, then registers &larr; W (registers,
 * draws)".
 *
 * <p>All draws and combines between two other stages collapse to one small matrix, in double. The draws and combines that open a step
 * join the last cell of the step before (unless either step is repeated by an {@link Until}, or the opening step has nothing but draws
 * and combines), so that a step costs one mix an evaluation; every step still has exactly one cell that closes it. What nothing reads
 * later is not computed, and registers that no cell uses are left out.
 *
 * <p>Asking for a trace changes no value: the collapse does not look at the trace; a traced register that the opening of the next step
 * would overwrite gets a register of its own (named {@code name@end}), which takes its value at the end of the step. A row of weights
 * keeps its order whatever rows stand beside it, and what a trace adds to a mix has weight 0 in the other rows.
 *
 * <p>Numbering of registers in cells is that of {@link #registers()}, not the plan's.
 * Immutable but for its arrays, which nobody may change while threads share them.
 *
 * @param registers those of the plan that the cells use, in the plan's order, then the table's own
 * @param outputs one for each output of the plan, in its order
 * @param trace one for each traced register of the plan, in its order; to be read after each cell that closes a step
 * @param untils one for each step of the plan
 */
public record CellTable(
        List<Register> registers, List<Cell> cells, int[] outputs, int[] trace, List<Optional<Until>> untils) {
    /** Registers that one mix reads at most. */
    public static final int MOST_FROM = 8;

    /** Registers that one mix writes at most. */
    public static final int MOST_INTO = 8;

    /** Draws that one mix makes at most. */
    public static final int MOST_DRAWS = 4;

    public CellTable {
        registers = List.copyOf(registers);
        cells = List.copyOf(cells);
        outputs = outputs.clone();
        trace = trace.clone();
        untils = List.copyOf(untils);
    }

    /** The normal form of a plan. */
    public static CellTable of(Plan plan) {
        return new Collapse(plan).table();
    }

    /**
     * One row of the table. Immutable.
     *
     * @param step the step of the plan it belongs to
     * @param before an Evaluate, an Apply, or a Draw with parameters from registers
     * @param mixes one after the other; each reads all, then writes all
     * @param closesStep true for the last cell of a step: the trace is read after it, and an {@link Until} decided
     * @param ordinal of the Draw in {@code before}; -1 otherwise
     */
    public record Cell(int step, Optional<Stage> before, List<Mix> mixes, boolean closesStep, int ordinal) {
        public Cell {
            mixes = List.copyOf(mixes);
        }
    }

    /**
     * Registers &larr; W (registers, draws), for registers of one width, simultaneous. A row sums in the order of its columns.
     * Immutable but for its arrays, which nobody may change while threads share them.
     *
     * @param into distinct, ascending
     * @param from distinct, ascending
     * @param weights [into][from..., draws...]
     */
    public record Mix(int[] into, int[] from, double[][] weights, List<Noise> draws) {
        public Mix {
            draws = List.copyOf(draws);
        }
    }

    /**
     * A draw without parameters: row i, coordinate d always gets the same number. Immutable.
     *
     * @param ordinal k for the k-th draw of the purpose in the plan; within an {@link Until} the iteration is added, for which as many
     *     ordinals are set aside as it may run
     */
    public record Noise(Law law, Purpose purpose, int ordinal) {}

    /** Field evaluations a row costs, the body of an {@link Until} counted once. */
    public int evaluations() {
        int count = 0;
        for (Cell cell : cells) {
            if (cell.before().isPresent() && cell.before().get() instanceof Stage.Evaluate) {
                ++count;
            }
        }
        return count;
    }
}
