package org.tweedie.plan;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tweedie.plan.CellTable.Cell;
import org.tweedie.plan.CellTable.Mix;
import org.tweedie.plan.CellTable.Noise;
import org.tweedie.rng.Law;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;

/**
 * Runs a plan in double, row by row: the reference of every execution. The row of an index draws the same random words as on any
 * device.
 *
 * <p>Immutable; safe for use by many threads if the fields are.
 */
public final class Interpreter {
    private final CellTable table;
    private final Map<String, RowField> fields;

    private Interpreter(CellTable table, Map<String, RowField> fields) {
        this.table = table;
        this.fields = Map.copyOf(fields);
        for (Cell cell : table.cells()) {
            if (cell.before().isPresent()
                    && cell.before().get() instanceof Stage.Evaluate evaluate
                    && !fields.containsKey(evaluate.field())) {
                throw new IllegalArgumentException(
                        "the plan evaluates '" + evaluate.field() + "', and the fields given are " + fields.keySet());
            }
        }
    }

    /** Runs the stages as they stand in the plan. */
    public static Interpreter of(Plan plan, Map<String, ? extends RowField> fields) {
        return new Interpreter(Literal.of(plan), Map.copyOf(fields));
    }

    /** Runs the cells. */
    public static Interpreter of(CellTable table, Map<String, ? extends RowField> fields) {
        return new Interpreter(table, Map.copyOf(fields));
    }

    /**
     * What one row came to. Immutable but for its arrays, which nobody may change while threads share them.
     *
     * @param outputs [output][coordinate]
     * @param trace [step][traced register][coordinate]
     * @param evaluations of fields, for this row
     */
    public record Row(double[][] outputs, double[][][] trace, int evaluations) {}

    /** The row of an index, from no given registers. */
    public Row row(long seed, long index) {
        return row(seed, index, Map.of());
    }

    /**
     * The row of an index.
     *
     * @param given the row of each given register, by name
     */
    public Row row(long seed, long index, Map<String, double[]> given) {
        return new Run(seed, index, given).run();
    }

    /** One output of rows {@code first} to {@code first + count}: [row][coordinate]. */
    public double[][] rows(int output, long seed, long first, int count) {
        double[][] rows = new double[count][];
        for (int i = 0; i < count; ++i) {
            rows[i] = row(seed, first + i).outputs()[output];
        }
        return rows;
    }

    private final class Run {
        private final long seed;
        private final long index;
        private final double[][] state;
        private final double[][][] trace = new double[table.untils().size()][][];
        private int evaluations;

        Run(long seed, long index, Map<String, double[]> given) {
            this.seed = seed;
            this.index = index;
            List<Register> registers = table.registers();
            state = new double[registers.size()][];
            for (int r = 0; r < state.length; ++r) {
                Register register = registers.get(r);
                state[r] = new double[register.width()];
                if (register.given()) {
                    double[] row = given.get(register.name());
                    if (row == null || row.length != register.width()) {
                        throw new IllegalArgumentException(
                                "the plan needs a row of width " + register.width() + " given for '" + register.name()
                                        + "', got " + (row == null ? "none" : "width " + row.length));
                    }
                    state[r] = row.clone();
                }
            }
        }

        Row run() {
            List<Cell> cells = table.cells();
            int begin = 0;
            while (begin < cells.size()) {
                int step = cells.get(begin).step();
                int end = begin;
                while (!cells.get(end).closesStep()) {
                    ++end;
                }
                Optional<Until> until = table.untils().get(step);
                int iteration = 0;
                do {
                    for (Cell cell : cells.subList(begin, end + 1)) {
                        cell(cell, iteration);
                    }
                    ++iteration;
                } while (until.isPresent()
                        && iteration < until.get().most()
                        && state[until.get().alive()][0] > 0);
                trace[step] = copies(table.trace());
                begin = end + 1;
            }
            return new Row(copies(table.outputs()), trace, evaluations);
        }

        private double[][] copies(int[] which) {
            double[][] copies = new double[which.length][];
            for (int i = 0; i < which.length; ++i) {
                copies[i] = state[which[i]].clone();
            }
            return copies;
        }

        private double[][] rows(int[] which) {
            double[][] rows = new double[which.length][];
            for (int i = 0; i < which.length; ++i) {
                rows[i] = state[which[i]];
            }
            return rows;
        }

        private void cell(Cell cell, int iteration) {
            if (cell.before().isPresent()) {
                Stage stage = cell.before().get();
                if (stage instanceof Stage.Evaluate evaluate) {
                    Time t = evaluate.t();
                    double at = t.perRow() ? state[t.register()][0] : t.at();
                    RowField field = fields.get(evaluate.field());
                    if (field == null) {
                        throw new IllegalStateException("no field '" + evaluate.field() + "'");
                    }
                    field.evaluate(rows(evaluate.from()), at, rows(evaluate.into()));
                    ++evaluations;
                } else if (stage instanceof Stage.Apply apply) {
                    apply.function().apply(rows(apply.from()), rows(apply.into()));
                } else if (stage instanceof Stage.Draw draw) {
                    draw(draw.law(), draw.purpose(), cell.ordinal() + iteration, rows(draw.from()), state[draw.into()]);
                }
            }
            for (Mix mix : cell.mixes()) {
                mix(mix, iteration);
            }
        }

        private void draw(Law law, Purpose purpose, int ordinal, double[][] from, double[] into) {
            law.draw(Philox.words(seed, index, purpose, ordinal), from, into);
        }

        private void mix(Mix mix, int iteration) {
            int width = table.registers().get(mix.into()[0]).width();
            double[][] columns = new double[mix.from().length + mix.draws().size()][];
            for (int j = 0; j < mix.from().length; ++j) {
                columns[j] = state[mix.from()[j]];
            }
            for (int j = 0; j < mix.draws().size(); ++j) {
                Noise noise = mix.draws().get(j);
                double[] into = new double[width];
                draw(noise.law(), noise.purpose(), noise.ordinal() + iteration, new double[0][], into);
                columns[mix.from().length + j] = into;
            }
            double[][] results = new double[mix.into().length][width];
            for (int i = 0; i < results.length; ++i) {
                for (int d = 0; d < width; ++d) {
                    double sum = 0;
                    for (int j = 0; j < columns.length; ++j) {
                        sum = Math.fma(mix.weights()[i][j], columns[j][d], sum);
                    }
                    results[i][d] = sum;
                }
            }
            for (int i = 0; i < results.length; ++i) {
                state[mix.into()[i]] = results[i];
            }
        }
    }
}
