package org.tweedie.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Writes a {@link Formula} as one would on paper: {@code Value x = f.input(2); f.output(x.times(x).sum())}. A value one wide stands beside a
 * wider one for all its coordinates. Not for use by many threads.
 */
public final class FormulaWriter {
    private final String name;
    private final List<Integer> inputs = new ArrayList<>();
    private final List<Memory> memories = new ArrayList<>();
    private final List<Draft> drafts = new ArrayList<>();
    private final List<Double> constants = new ArrayList<>();
    private final List<Value> outputs = new ArrayList<>();

    FormulaWriter(String name) {
        this.name = name;
    }

    /** What one line, or an input, fills; {@code last} is the last line that reads it. */
    private static final class Memory {
        private final int width;
        private final int born;
        private int last;
        private int at = -1;

        Memory(int width, int born) {
            this.width = width;
            this.born = born;
            this.last = born;
        }
    }

    private record Draft(
            FormulaOperation operation, int width, Memory into, List<Value> operands, int constant, int inner) {}

    /** The row of the next register that the function reads. */
    public Value input(int width) {
        if (!drafts.isEmpty()) {
            throw new IllegalStateException("formula '" + name + "': inputs come before the first line");
        }
        inputs.add(width);
        return fresh(width);
    }

    /** A number. */
    public Value number(double value) {
        return literal(new double[] {value});
    }

    /** A row of numbers. */
    public Value literal(double[] values) {
        int constant = constants.size();
        for (double value : values) {
            if (!Double.isFinite(value)) {
                throw new IllegalArgumentException(
                        "formula '" + name + "': constants are finite, got " + Arrays.toString(values));
            }
            constants.add(value);
        }
        return line(FormulaOperation.LITERAL, values.length, values.length, constant, 0);
    }

    /** The columns of {@code curves} at time {@code t}, one wide. */
    public Value curves(Curves curves, Value t) {
        require(t.width == 1, "a time is one wide, got " + t.width);
        int constant = constants.size();
        constants.add(curves.logFirst());
        constants.add(curves.inverseSpacing());
        for (float value : curves.values()) {
            constants.add((double) value);
        }
        return line(FormulaOperation.CURVES, curves.columns(), curves.columns(), constant, curves.nodes(), t);
    }

    /** The next register that the function writes. */
    public FormulaWriter output(Value value) {
        outputs.add(value);
        return this;
    }

    /** The coordinates of several values, one after the other. */
    public Value joined(Value... parts) {
        Memory into = new Memory(Arrays.stream(parts).mapToInt(Value::width).sum(), drafts.size());
        memories.add(into);
        int at = 0;
        for (Value part : parts) {
            read(part);
            // a line fills its own part of the memory: the place is told by the constant
            drafts.add(new Draft(FormulaOperation.COPY, part.width, into, List.of(part), at, 0));
            at += part.width;
        }
        into.last = drafts.size();
        return new Value(into, 0, into.width);
    }

    /** The formula written so far. */
    public Formula formula() {
        require(!outputs.isEmpty(), "it has no output");
        outputs.forEach(value -> value.memory.last = Integer.MAX_VALUE);
        int room = place();
        List<Formula.Line> lines = drafts.stream().map(FormulaWriter::line).toList();
        return new Formula(
                name,
                inputs.stream().mapToInt(Integer::intValue).toArray(),
                outputs.stream().mapToInt(Value::width).toArray(),
                lines,
                constants.stream().mapToDouble(Double::doubleValue).toArray(),
                outputs.stream()
                        .mapToInt(value -> value.memory.at + value.first)
                        .toArray(),
                room);
    }

    /** Gives each memory the lowest place that nothing else holds while it lives; the inputs lie first. */
    private int place() {
        int room = 0;
        List<Memory> placed = new ArrayList<>();
        for (Memory memory : memories) {
            int at = 0;
            boolean moved = true;
            while (moved) {
                moved = false;
                for (Memory other : placed) {
                    boolean lives = memory.born < 0 || other.last >= memory.born;
                    if (lives && at < other.at + other.width && other.at < at + memory.width) {
                        at = other.at + other.width;
                        moved = true;
                    }
                }
            }
            memory.at = at;
            placed.add(memory);
            room = Math.max(room, at + memory.width);
        }
        return room;
    }

    private static Formula.Line line(Draft draft) {
        int[] at = new int[3];
        int[] step = new int[3];
        for (int i = 0; i < draft.operands().size(); i++) {
            Value value = draft.operands().get(i);
            at[i] = value.memory.at + value.first;
            step[i] = value.width == 1 && draft.operation().coordinatewise() ? 0 : 1;
        }
        boolean part = draft.operation() == FormulaOperation.COPY;
        return new Formula.Line(
                draft.operation(),
                draft.width(),
                draft.into().at + (part ? draft.constant() : 0),
                at[0],
                step[0],
                at[1],
                step[1],
                at[2],
                step[2],
                part ? 0 : draft.constant(),
                draft.inner());
    }

    private Value fresh(int width) {
        require(width >= 1, "a row has at least one coordinate, got " + width);
        Memory memory = new Memory(width, inputs.size() > memories.size() ? -1 : drafts.size());
        memories.add(memory);
        return new Value(memory, 0, width);
    }

    private Value line(FormulaOperation operation, int width, int wide, int constant, int inner, Value... operands) {
        for (Value operand : operands) {
            read(operand);
        }
        Value into = fresh(wide);
        drafts.add(new Draft(operation, width, into.memory, List.of(operands), constant, inner));
        return into;
    }

    private void read(Value value) {
        require(value.writer() == this, "its values are its own, got one of formula '" + value.writer().name + "'");
        value.memory.last = Math.max(value.memory.last, drafts.size());
    }

    private void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalArgumentException("formula '" + name + "': " + what);
        }
    }

    /** Some coordinates of a row. Immutable once written; belongs to its writer. */
    public final class Value {
        private final Memory memory;
        private final int first;
        private final int width;

        private Value(Memory memory, int first, int width) {
            this.memory = memory;
            this.first = first;
            this.width = width;
        }

        private FormulaWriter writer() {
            return FormulaWriter.this;
        }

        public int width() {
            return width;
        }

        /** Coordinates {@code from} to {@code from + count}. */
        public Value part(int from, int count) {
            require(
                    from >= 0 && count >= 1 && from + count <= width,
                    "coordinates " + from + " to " + (from + count) + " of a row of " + width);
            return new Value(memory, first + from, count);
        }

        /** One coordinate. */
        public Value at(int coordinate) {
            return part(coordinate, 1);
        }

        private Value each(FormulaOperation operation, Value... others) {
            Value[] operands = new Value[others.length + 1];
            operands[0] = this;
            System.arraycopy(others, 0, operands, 1, others.length);
            int most = Arrays.stream(operands).mapToInt(Value::width).max().orElse(1);
            for (Value operand : operands) {
                require(
                        operand.width == most || operand.width == 1,
                        operation + " of rows of " + operand.width + " and " + most + " coordinates");
            }
            return line(operation, most, most, 0, 0, operands);
        }

        public Value negated() {
            return each(FormulaOperation.NEGATE);
        }

        public Value absolute() {
            return each(FormulaOperation.ABSOLUTE);
        }

        /** The square root, 0 below 2^-100. */
        public Value root() {
            return each(FormulaOperation.ROOT);
        }

        public Value exp() {
            return each(FormulaOperation.EXP);
        }

        /** The natural logarithm, minus infinity below 2^-126. */
        public Value log() {
            return each(FormulaOperation.LOG);
        }

        /** For at most 10,000 radians. */
        public Value sin() {
            return each(FormulaOperation.SIN);
        }

        /** For at most 10,000 radians. */
        public Value cos() {
            return each(FormulaOperation.COS);
        }

        public Value tanh() {
            return each(FormulaOperation.TANH);
        }

        public Value floor() {
            return each(FormulaOperation.FLOOR);
        }

        public Value plus(Value other) {
            return each(FormulaOperation.ADD, other);
        }

        public Value plus(double number) {
            return plus(number(number));
        }

        public Value minus(Value other) {
            return each(FormulaOperation.SUBTRACT, other);
        }

        public Value minus(double number) {
            return minus(number(number));
        }

        public Value times(Value other) {
            return each(FormulaOperation.MULTIPLY, other);
        }

        public Value times(double number) {
            return times(number(number));
        }

        public Value over(Value other) {
            return each(FormulaOperation.DIVIDE, other);
        }

        public Value over(double number) {
            return over(number(number));
        }

        public Value least(Value other) {
            return each(FormulaOperation.LEAST, other);
        }

        public Value greatest(Value other) {
            return each(FormulaOperation.GREATEST, other);
        }

        /** This times {@code factor}, plus {@code summand}, rounded once. */
        public Value fma(Value factor, Value summand) {
            return each(FormulaOperation.FMA, factor, summand);
        }

        /** {@code then} where this is above 0, else {@code otherwise}: NaN is not above 0. */
        public Value select(Value then, Value otherwise) {
            return each(FormulaOperation.SELECT, then, otherwise);
        }

        public Value square() {
            return times(this);
        }

        /** The sum of all coordinates. */
        public Value sum() {
            return line(FormulaOperation.SUM, width, 1, 0, 0, this);
        }

        /** The sum of the products of the coordinates. */
        public Value dot(Value other) {
            require(other.width == width, "a product of rows of " + width + " and " + other.width + " coordinates");
            return line(FormulaOperation.DOT, width, 1, 0, 0, this, other);
        }

        /** The greatest coordinate. */
        public Value greatestOf() {
            return line(FormulaOperation.GREATEST_OF, width, 1, 0, 0, this);
        }

        /** The product of a matrix, a row for each coordinate of the result, with this. */
        public Value times(double[][] matrix) {
            int constant = constants.size();
            for (double[] row : matrix) {
                require(row.length == width, "a matrix of " + row.length + " columns times a row of " + width);
                for (double weight : row) {
                    require(Double.isFinite(weight), "a matrix is of finite numbers, got " + weight);
                    constants.add(weight);
                }
            }
            return line(FormulaOperation.MATRIX, matrix.length, matrix.length, constant, width, this);
        }
    }
}
