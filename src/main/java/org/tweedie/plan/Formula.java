package org.tweedie.plan;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A row function written down as arithmetic, line by line: so it has its double form, its host twin and its kernel at once, and they cannot
 * drift apart. Every device gives the same bits; the double form differs by their roundings. Written by a {@link FormulaWriter}.
 *
 * <p>Immutable but for its arrays, which nobody may change while threads share them.
 *
 * @param name the word that messages use
 * @param inputs widths
 * @param outputs widths
 * @param lines in order; the inputs lie in the first numbers of the scratch, one after the other
 * @param results where in the scratch each output lies at the end
 * @param room numbers of scratch a row takes
 */
public record Formula(
        String name, int[] inputs, int[] outputs, List<Line> lines, double[] constants, int[] results, int room)
        implements RowFunction {
    /** Coordinates above which sums run in 32 strands that meet in a tree, as a warp adds them. */
    static final int STRANDS = 32;

    private static final Set<FormulaOperation> LINEAR =
            Set.of(FormulaOperation.COPY, FormulaOperation.NEGATE, FormulaOperation.SUM, FormulaOperation.MATRIX);

    public Formula {
        lines = List.copyOf(lines);
    }

    /**
     * One line: the coordinates {@code into, into + 1, ...} of the scratch &larr; operation(a, b, c). Immutable.
     *
     * @param width coordinates of the result, or for a sum of its operands
     * @param a where the first operand lies
     * @param aStep 1, or 0 for a single number that stands for all coordinates
     * @param constant the first of the line's constants
     * @param inner of a matrix the columns, of curves the nodes
     */
    public record Line(
            FormulaOperation operation,
            int width,
            int into,
            int a,
            int aStep,
            int b,
            int bStep,
            int c,
            int cStep,
            int constant,
            int inner) {}

    public static FormulaWriter writer(String name) {
        return new FormulaWriter(name);
    }

    @Override
    public void apply(double[][] from, double[][] into) {
        double[] scratch = new double[room];
        int at = 0;
        for (int i = 0; i < inputs.length; i++) {
            if (from[i].length != inputs[i]) {
                throw new IllegalArgumentException("formula '" + name + "' takes rows of widths "
                        + Arrays.toString(inputs) + ", its input " + i + " is " + from[i].length + " wide");
            }
            System.arraycopy(from[i], 0, scratch, at, inputs[i]);
            at += inputs[i];
        }
        for (Line line : lines) {
            run(line, scratch);
        }
        for (int i = 0; i < outputs.length; i++) {
            System.arraycopy(scratch, results[i], into[i], 0, outputs[i]);
        }
    }

    private void run(Line line, double[] s) {
        switch (line.operation()) {
            case LITERAL -> System.arraycopy(constants, line.constant(), s, line.into(), line.width());
            case SUM -> s[line.into()] = sum(line, s, false);
            case DOT -> s[line.into()] = sum(line, s, true);
            case GREATEST_OF -> {
                double greatest = s[line.a()];
                for (int i = 1; i < line.width(); i++) {
                    greatest = FormulaOperation.GREATEST.of(greatest, s[line.a() + i], 0);
                }
                s[line.into()] = greatest;
            }
            case MATRIX -> {
                for (int i = 0; i < line.width(); i++) {
                    double sum = 0;
                    for (int j = 0; j < line.inner(); j++) {
                        sum = Math.fma(constants[line.constant() + i * line.inner() + j], s[line.a() + j], sum);
                    }
                    s[line.into() + i] = sum;
                }
            }
            case CURVES -> System.arraycopy(curves(line).at(s[line.a()]), 0, s, line.into(), line.width());
            default -> {
                for (int i = 0; i < line.width(); i++) {
                    s[line.into() + i] = line.operation()
                            .of(
                                    s[line.a() + i * line.aStep()],
                                    s[line.b() + i * line.bStep()],
                                    s[line.c() + i * line.cStep()]);
                }
            }
        }
    }

    private static double sum(Line line, double[] s, boolean dot) {
        double sum = 0;
        for (int i = 0; i < line.width(); i++) {
            sum = Math.fma(s[line.a() + i], dot ? s[line.b() + i] : 1, sum);
        }
        return sum;
    }

    private Curves curves(Line line) {
        int at = line.constant();
        float[] values = new float[2 * line.width() * line.inner()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) constants[at + 2 + i];
        }
        return new Curves(line.width(), line.inner(), constants[at], constants[at + 1], values);
    }

    /** The widest of its values: what decides whether a thread or a warp takes a row. */
    public int widest() {
        return lines.stream()
                .mapToInt(
                        line -> Math.max(line.width(), line.operation() == FormulaOperation.MATRIX ? line.inner() : 1))
                .max()
                .orElse(1);
    }

    /** Found by what becomes of unit rows, where no line but sums, products with constants and matrices touches an input. */
    @Override
    public Optional<double[][]> linear() {
        BitSet touched = new BitSet();
        int total = Arrays.stream(inputs).sum();
        touched.set(0, total);
        for (Line line : lines) {
            if (!linear(line, touched)) {
                return Optional.empty();
            }
        }
        int rows = Arrays.stream(outputs).sum();
        double[][] matrix = new double[rows][total];
        double[][] at = rows(inputs);
        double[][] into = rows(outputs);
        apply(at, into);
        if (Arrays.stream(flat(into)).anyMatch(x -> x != 0)) {
            return Optional.empty(); // affine, not linear
        }
        int column = 0;
        for (double[] input : at) {
            for (int i = 0; i < input.length; i++) {
                input[i] = 1;
                apply(at, into);
                input[i] = 0;
                double[] image = flat(into);
                for (int r = 0; r < rows; r++) {
                    matrix[r][column] = image[r];
                }
                column++;
            }
        }
        return Optional.of(matrix);
    }

    /** Whether a line keeps what it writes an affine function of the inputs; notes which numbers depend on them. */
    private static boolean linear(Line line, BitSet touched) {
        boolean a = touches(touched, line.a(), line.aStep(), line, 1);
        boolean b = touches(touched, line.b(), line.bStep(), line, 2);
        boolean c = touches(touched, line.c(), line.cStep(), line, 3);
        boolean affine = !(a || b || c)
                || LINEAR.contains(line.operation())
                || line.operation() == FormulaOperation.ADD
                || line.operation() == FormulaOperation.SUBTRACT
                || ((line.operation() == FormulaOperation.MULTIPLY
                                || line.operation() == FormulaOperation.DOT
                                || line.operation() == FormulaOperation.FMA)
                        && !(a && b))
                || (line.operation() == FormulaOperation.DIVIDE && !b);
        int width = switch (line.operation()) {
            case SUM, DOT, GREATEST_OF -> 1;
            default -> line.width();
        };
        touched.set(line.into(), line.into() + width, a || b || c);
        return affine;
    }

    private static boolean touches(BitSet touched, int at, int step, Line line, int operand) {
        if (operand > line.operation().operands()) {
            return false;
        }
        int span = line.operation() == FormulaOperation.MATRIX ? line.inner() : step == 0 ? 1 : line.width();
        int first = touched.nextSetBit(at);
        return first >= 0 && first < at + span;
    }

    private static double[][] rows(int[] widths) {
        double[][] rows = new double[widths.length][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = new double[widths[i]];
        }
        return rows;
    }

    private static double[] flat(double[][] rows) {
        return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    }

    @Override
    public String toString() {
        return "Formula[" + name + ", " + Arrays.toString(inputs) + " to " + Arrays.toString(outputs) + ", "
                + lines.size() + " lines]";
    }
}
