package org.tweedie.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Formulas of a seed in which every operation turns up, over inputs of widths {@code wide, 1, wide}. */
public final class RandomFormulas {
    private final SplittableRandom random;
    private final FormulaWriter writer;
    private final int wide;
    private final List<FormulaWriter.Value> rows = new ArrayList<>();
    private final List<FormulaWriter.Value> numbers = new ArrayList<>();

    private RandomFormulas(long seed, int wide) {
        random = new SplittableRandom(seed);
        writer = Formula.writer("formula " + seed);
        this.wide = wide;
    }

    /** Outputs of widths {@code wide} and 1. */
    public static Formula of(long seed, int wide) {
        return new RandomFormulas(seed, wide).formula();
    }

    private Formula formula() {
        rows.add(writer.input(wide));
        numbers.add(writer.input(1));
        rows.add(writer.input(wide));
        for (int i = 0; i < 60; i++) {
            line();
        }
        return writer.output(rows.get(rows.size() - 1).plus(rows.get(rows.size() - 2)))
                .output(numbers.get(numbers.size() - 1))
                .formula();
    }

    private FormulaWriter.Value row() {
        return rows.get(Math.max(0, rows.size() - 1 - random.nextInt(6)));
    }

    private FormulaWriter.Value number() {
        return numbers.get(Math.max(0, numbers.size() - 1 - random.nextInt(4)));
    }

    private FormulaWriter.Value any() {
        return random.nextInt(3) == 0 ? number() : row();
    }

    private void line() {
        FormulaWriter.Value x = row();
        switch (random.nextInt(22)) {
            case 0 -> rows.add(x.negated());
            case 1 -> rows.add(x.absolute().root());
            case 2 -> rows.add(x.tanh().exp());
            case 3 -> rows.add(x.square().plus(0.1).log());
            case 4 -> rows.add(x.tanh().times(4).sin());
            case 5 -> rows.add(x.tanh().times(4).cos());
            case 6 -> rows.add(x.tanh());
            case 7 -> rows.add(x.tanh().times(3).floor());
            case 8 -> rows.add(x.plus(any()));
            case 9 -> rows.add(x.minus(any()));
            case 10 -> rows.add(x.tanh().times(any()));
            case 11 -> rows.add(x.over(any().square().plus(0.5)));
            case 12 -> rows.add(x.least(any()));
            case 13 -> rows.add(x.greatest(any()));
            case 14 -> rows.add(x.tanh().fma(any(), row()));
            case 15 -> rows.add(x.select(row(), any().plus(row())));
            case 16 -> numbers.add(x.tanh().sum());
            case 17 -> numbers.add(x.tanh().dot(row().tanh()));
            case 18 -> numbers.add(x.greatestOf());
            case 19 -> rows.add(x.tanh().times(matrix(wide, wide)));
            case 20 -> {
                FormulaWriter.Value t = number().tanh().plus(1.5);
                FormulaWriter.Value read = writer.curves(curves(), t);
                numbers.add(read.at(1));
                rows.add(x.times(read.at(0)));
            }
            default -> {
                int cut = random.nextInt(wide);
                rows.add(
                        cut == 0
                                ? writer.joined(x)
                                : writer.joined(x.part(wide - cut, cut), row().part(0, wide - cut)));
            }
        }
    }

    private double[][] matrix(int rows, int columns) {
        double[][] matrix = new double[rows][columns];
        for (double[] one : matrix) {
            for (int j = 0; j < columns; j++) {
                one[j] = (random.nextDouble() - 0.5) / columns;
            }
        }
        return matrix;
    }

    /** Two columns over t from 0.5 to 3. */
    static Curves curves() {
        int nodes = 9;
        double first = Math.log(0.5);
        double spacing = (Math.log(3) - first) / (nodes - 1);
        float[] values = new float[4 * nodes];
        for (int i = 0; i < nodes; i++) {
            double l = first + i * spacing;
            values[4 * i] = (float) Math.sin(l);
            values[4 * i + 1] = (float) (2 + l);
            values[4 * i + 2] = (float) (spacing * Math.cos(l));
            values[4 * i + 3] = (float) spacing;
        }
        return new Curves(2, nodes, first, 1 / spacing, values);
    }
}
