package org.tweedie.kernels.host;

import java.util.Arrays;
import java.util.List;
import org.tweedie.device.Arguments;
import org.tweedie.device.Arguments.ArrayBacked;
import org.tweedie.device.Team;
import org.tweedie.kernels.FormulaLayout;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.FormulaOperation;

/** Twin of kernels/execution/formula.cu: a line at a time over a tile of rows, number i of all its rows side by side. Stateless. */
public final class FormulaTwins {
    /** Rows of a tile. */
    private static final int TILE = 64;

    private static final FormulaOperation[] OPERATIONS = FormulaOperation.values();

    private FormulaTwins() {}

    public static void run(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 0);
        List<?> ports = a.struct(1, List.class);
        Table table = new Table(ports, a.ints(2), a.offset(2), a.floats(3), a.offset(3));
        int first = a.int32(4);
        int count = a.int32(5);
        int room = table.room(first, count);
        Live.each(rows, team, 16 * TILE, (from, to) -> {
            float[] scratch = Draws.mine().scratch(room * TILE);
            for (int r = from; r < to; r += TILE) {
                for (int line = first; line < first + count; line++) {
                    new Line(table, line).run(scratch, r, Math.min(TILE, to - r));
                }
            }
        });
    }

    private record Table(List<?> ports, int[] code, int codeAt, float[] constants, int constantsAt) {
        int word(int line, int i) {
            return code[codeAt + line * FormulaLayout.WORDS + i];
        }

        int room(int first, int count) {
            int room = 1;
            for (int line = first; line < first + count; line++) {
                room = Math.max(room, word(line, 2) + word(line, 1));
            }
            return room;
        }
    }

    /** One line of the table, over the rows of a tile: number i of row r lies at {@code i * TILE + r}. */
    private static final class Line {
        private final Table table;
        private final int number;
        private final int operation;
        private final int width;
        private final int into;
        private final int a;
        private final int b;
        private final int c;
        private final int constant;
        private final int inner;

        Line(Table table, int number) {
            this.table = table;
            this.number = number;
            operation = table.word(number, 0);
            width = table.word(number, 1);
            into = table.word(number, 2);
            a = table.word(number, 3);
            b = table.word(number, 5);
            c = table.word(number, 7);
            constant = table.constantsAt() + table.word(number, 9);
            inner = table.word(number, 10);
        }

        void run(float[] s, int row, int count) {
            if (operation == FormulaLayout.LOAD || operation == FormulaLayout.STORE) {
                move(s, row, count);
                return;
            }
            switch (OPERATIONS[operation]) {
                case LITERAL -> {
                    for (int i = 0; i < width; i++) {
                        fill(s, into + i, table.constants()[constant + i], count);
                    }
                }
                case SUM, DOT, GREATEST_OF -> gather(s, count);
                case MATRIX -> matrix(s, count);
                case CURVES -> curves(s, count);
                default -> {
                    for (int i = 0; i < width; i++) {
                        Coordinates.run(
                                OPERATIONS[operation],
                                s,
                                (into + i) * TILE,
                                (a + i * table.word(number, 4)) * TILE,
                                (b + i * table.word(number, 6)) * TILE,
                                (c + i * table.word(number, 8)) * TILE,
                                count);
                    }
                }
            }
        }

        private static void fill(float[] s, int at, float value, int count) {
            Arrays.fill(s, at * TILE, at * TILE + count, value);
        }

        private void move(float[] s, int row, int count) {
            View view = (View) table.ports().get(table.word(number, 11));
            float[] data = (float[]) ((ArrayBacked) view.data()).array();
            for (int r = 0; r < count; r++) {
                int at = Math.toIntExact(view.offset() + (long) (row + r) * view.stride());
                for (int i = 0; i < width; i++) {
                    if (operation == FormulaLayout.LOAD) {
                        s[(into + i) * TILE + r] = data[at + i];
                    } else {
                        data[at + i] = s[(a + i) * TILE + r];
                    }
                }
            }
        }

        private float term(float[] s, float value, int i, int r) {
            float x = s[(a + i) * TILE + r];
            return switch (OPERATIONS[operation]) {
                case SUM -> value + x;
                case DOT -> Math.fma(x, s[(b + i) * TILE + r], value);
                default -> value > x ? value : x;
            };
        }

        private void gather(float[] s, int count) {
            boolean most = OPERATIONS[operation] == FormulaOperation.GREATEST_OF;
            float start = most ? Float.NEGATIVE_INFINITY : 0;
            int strands = width <= 32 ? 1 : 32;
            float[] strand = new float[strands];
            for (int r = 0; r < count; r++) {
                for (int l = 0; l < strands; l++) {
                    float value = start;
                    for (int i = l; i < width; i += strands) {
                        value = term(s, value, i, r);
                    }
                    strand[l] = value;
                }
                for (int half = strands / 2; half > 0; half /= 2) {
                    for (int l = 0; l < half; l++) {
                        float other = strand[l + half];
                        strand[l] = most ? strand[l] > other ? strand[l] : other : strand[l] + other;
                    }
                }
                s[into * TILE + r] = strand[0];
            }
        }

        private void matrix(float[] s, int count) {
            for (int i = 0; i < width; i++) {
                int out = (into + i) * TILE;
                fill(s, into + i, 0, count);
                for (int j = 0; j < inner; j++) {
                    float w = table.constants()[constant + i * inner + j];
                    int in = (a + j) * TILE;
                    for (int r = 0; r < count; r++) {
                        s[out + r] = Math.fma(w, s[in + r], s[out + r]);
                    }
                }
            }
        }

        private void curves(float[] s, int count) {
            Hermite place = new Hermite();
            float[] numbers = table.constants();
            for (int r = 0; r < count; r++) {
                place.atLog(s[a * TILE + r], numbers[constant], numbers[constant + 1], inner);
                for (int i = 0; i < width; i++) {
                    s[(into + i) * TILE + r] = place.value(numbers, constant + 2, width, i);
                }
            }
        }
    }

    /** What happens to one coordinate of all rows of a tile. */
    private static final class Coordinates {
        private static final float LEAST_SQUARE = 0x1p-100f;
        private static final float LEAST_NORMAL = 0x1p-126f;

        private Coordinates() {}

        static void run(FormulaOperation operation, float[] s, int into, int a, int b, int c, int count) {
            for (int r = 0; r < count; r++) {
                float x = s[a + r];
                float y = s[b + r];
                float z = s[c + r];
                s[into + r] = switch (operation) {
                    case COPY -> x;
                    case NEGATE -> -x;
                    case ABSOLUTE -> Math.abs(x);
                    case ROOT -> x < LEAST_SQUARE ? 0 : (float) Math.sqrt(x);
                    case EXP -> Approx.exp(x);
                    case LOG -> x < LEAST_NORMAL ? Float.NEGATIVE_INFINITY : Approx.log(x);
                    case SIN -> Approx.sin(x);
                    case COS -> Approx.cos(x);
                    case TANH -> Approx.tanh(x);
                    case FLOOR -> (float) Math.floor(x);
                    case ADD -> x + y;
                    case SUBTRACT -> x - y;
                    case MULTIPLY -> x * y;
                    case DIVIDE -> x / y;
                    case LEAST -> x < y ? x : y;
                    case GREATEST -> x > y ? x : y;
                    case FMA -> Math.fma(x, y, z);
                    case SELECT -> x > 0 ? y : z;
                    default -> throw new IllegalStateException(operation + " is not of single coordinates");
                };
            }
        }
    }
}
