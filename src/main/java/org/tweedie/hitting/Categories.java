package org.tweedie.hitting;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Space;

/**
 * Rows of categories, each written as as many columns as it has levels, of which one is 1 and the others are 0. Columns walk as those of a {@link Cube}, from 1/levels, and every walk ends at
 * a row of categories, whatever the network says: its mean end is made a law w of the levels that are not ruled out, so that the drift is a mixture of bridges,
 *
 * <pre>
 *   sum_k w_k eta^k        w_k = max(0, out_k) of levels whose column is not 0, over their sum
 * </pre>
 *
 * <p>(the alternative of the paper for finite sets), and a category is decided at once when one of its columns is 1, or all but one are 0: there all bridges agree. A row is done with its last
 * category. Immutable.
 */
public final class Categories implements HittingDomain {
    private final int[] levels;
    private final Cube cube;

    private Categories(int[] levels) {
        this.levels = levels;
        if (levels.length == 0) {
            throw new IllegalArgumentException("rows of categories have at least one, got 0");
        }
        long width = 0;
        for (int count : levels) {
            if (count < 2) {
                throw new IllegalArgumentException(
                        "a category has at least two levels, got " + count + " in " + Arrays.toString(levels));
            }
            width += count;
        }
        if (width > 1024) {
            throw new IllegalArgumentException("categories have at most 1024 levels in all, got " + width);
        }
        double[] start = new double[(int) width];
        int at = 0;
        for (int count : levels) {
            Arrays.fill(start, at, at + count, 1.0 / count);
            at += count;
        }
        cube = Cube.from(start);
    }

    /** Of these numbers of levels, one a category. */
    public static Categories of(int... levels) {
        return new Categories(levels.clone());
    }

    /**
     * Rows of levels, from 0, as rows of columns.
     *
     * @param levels rows x categories
     */
    public float[] columns(int[] levels) {
        int categories = this.levels.length;
        if (levels.length % categories != 0) {
            throw new IllegalArgumentException(levels.length + " levels are no rows of " + categories + " categories");
        }
        float[] columns = new float[levels.length / categories * space().width()];
        int at = 0;
        for (int i = 0; i < levels.length; i++) {
            int count = this.levels[i % categories];
            if (levels[i] < 0 || levels[i] >= count) {
                throw noLevel(i, Integer.toString(levels[i]));
            }
            columns[at + levels[i]] = 1;
            at += count;
        }
        return columns;
    }

    private IllegalArgumentException noLevel(int i, String got) {
        int category = i % levels.length;
        return new IllegalArgumentException("row " + (i / levels.length + 1) + " has the level " + got
                + " of category " + (category + 1) + ", whose levels are 0 to " + (levels[category] - 1)
                + "; count levels from 0, or give the domain more");
    }

    @Override
    public int written() {
        return levels.length;
    }

    /** Rows of levels, as numbers of a file. */
    @Override
    public float[] read(float[] rows) {
        int[] whole = new int[rows.length];
        for (int i = 0; i < rows.length; i++) {
            whole[i] = (int) rows[i];
            if (whole[i] != rows[i]) {
                throw noLevel(i, Float.toString(rows[i]));
            }
        }
        return columns(whole);
    }

    /** Rows of levels; -1 where a category is not decided. */
    @Override
    public float[] write(float[] rows) {
        int[] whole = levels(rows);
        float[] written = new float[whole.length];
        for (int i = 0; i < whole.length; i++) {
            written[i] = whole[i];
        }
        return written;
    }

    /** {@code colour=0}, {@code colour=1}, ... */
    @Override
    public List<String> names(List<String> written) {
        List<String> names = new ArrayList<>();
        for (int c = 0; c < levels.length; c++) {
            for (int k = 0; k < levels[c]; k++) {
                names.add(written.get(c) + "=" + k);
            }
        }
        return names;
    }

    /** Rows of columns, as walks end at, as rows of levels; -1 where a category is not decided. */
    public int[] levels(float[] columns) {
        int width = space().width();
        if (columns.length % width != 0) {
            throw new IllegalArgumentException(columns.length + " numbers are no rows of " + width);
        }
        int[] found = new int[columns.length / width * levels.length];
        int at = 0;
        for (int i = 0; i < found.length; i++) {
            int count = levels[i % levels.length];
            found[i] = -1;
            for (int k = 0; k < count; k++) {
                found[i] = columns[at + k] == 1 ? k : found[i];
            }
            at += count;
        }
        return found;
    }

    @Override
    public Space space() {
        return cube.space();
    }

    @Override
    public Space ends() {
        return space();
    }

    @Override
    public double[] start() {
        return cube.start();
    }

    @Override
    public Drive learns() {
        return Drive.END;
    }

    @Override
    public int coins() {
        return cube.coins();
    }

    @Override
    public int bridgeNormals() {
        return cube.bridgeNormals();
    }

    @Override
    public Value distance(FormulaWriter f, Value z) {
        return cube.distance(f, z);
    }

    @Override
    public Value moving(FormulaWriter f, Value z) {
        return cube.moving(f, z);
    }

    @Override
    public Value drift(FormulaWriter f, Value z, Value y, double least) {
        Value open = z.select(f.number(1), f.number(0));
        Value weight = f.number(0).greatest(y).times(open);
        Value sum = weight.times(alike());
        Value share = sum.select(weight.over(sum), open.over(open.times(alike())));
        return cube.drift(f, z, share.plus(y.minus(y)), least); // a NaN stays one
    }

    @Override
    public Move move(FormulaWriter f, Value z, Value drift, Value normals, Value coins, HittingSteps steps) {
        return decided(f, z, cube.move(f, z, drift, normals, coins, steps), steps);
    }

    @Override
    public Move towards(FormulaWriter f, Value z, Value y, Value normals, Value coins, HittingSteps steps) {
        return decided(f, z, cube.towards(f, z, y, normals, coins, steps), steps);
    }

    /** The move with every category set that is certain after it; of columns that hit at once, the first. */
    private Move decided(FormulaWriter f, Value z, Move move, HittingSteps steps) {
        Value next = move.place();
        Value free = Cube.free(f, next);
        Value ones = free.select(f.number(0), next);
        Value first = ones.times(before()).select(f.number(0), ones);
        Value any = ones.times(alike());
        Value zeros = free.select(f.number(0), f.number(1).minus(next));
        Value left = f.number(1).minus(zeros).times(alike()); // columns that are not 0
        Value only = f.number(1).minus(zeros);
        // where the last columns were ruled out by one step, the first of those stays
        Value was = z.select(f.number(1), f.number(0));
        Value rest = was.times(before()).select(f.number(0), was);
        Value last = left.minus(0.5).select(only, rest);
        Value sure = f.number(1.5).minus(left);
        Value place = any.select(first, sure.select(last, next));
        return Cube.moved(f, place, steps.most());
    }

    /** The matrix that gives each column the sum over its category. */
    private double[][] alike() {
        return matrix(false);
    }

    /** The matrix that gives each column the sum over those of its category before it. */
    private double[][] before() {
        return matrix(true);
    }

    private double[][] matrix(boolean before) {
        int width = space().width();
        double[][] matrix = new double[width][width];
        int at = 0;
        for (int count : levels) {
            for (int i = at; i < at + count; i++) {
                Arrays.fill(matrix[i], at, before ? i : at + count, 1);
            }
            at += count;
        }
        return matrix;
    }

    @Override
    public Value end(FormulaWriter f, Value z) {
        return cube.end(f, z);
    }

    @Override
    public void require(float[] rows) {
        cube.require(rows);
        int width = space().width();
        for (int r = 0; r < rows.length / width; r++) {
            int at = r * width;
            for (int c = 0; c < levels.length; c++) {
                int ones = 0;
                for (int k = 0; k < levels[c]; k++) {
                    ones += rows[at + k] == 1 ? 1 : 0;
                }
                if (ones != 1) {
                    throw new IllegalArgumentException("row " + (r + 1) + " has " + ones + " levels of category "
                            + (c + 1) + ", one is 1 and the others are 0; columns(levels) writes such rows");
                }
                at += levels[c];
            }
        }
    }

    @Override
    public String spec() {
        return "categories:" + Arrays.stream(levels).mapToObj(Integer::toString).collect(Collectors.joining(","));
    }
}
