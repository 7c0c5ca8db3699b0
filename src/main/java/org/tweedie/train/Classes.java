package org.tweedie.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.tweedie.sde.Spelling;

/**
 * Rows of which each is of a class: what a classifier learns from. Immutable, shared by threads.
 *
 * @param rows with a port {@value #LABEL} beside x: the number of the row's class, from 0
 * @param names of the classes, in the order of their numbers
 */
public record Classes(Dataset rows, List<String> names) {
    /** The port of the number of a row's class. */
    public static final String LABEL = "label";

    /** So many classes are told apart at most: a column of more numbers measures something. */
    public static final int MOST = 1000;

    public Classes {
        names = List.copyOf(names);
        requireNames(names);
        if (rows.ports().size() != 2 || rows.port(LABEL).width() != 1) {
            throw new IllegalArgumentException(
                    "rows of classes have the ports x and " + LABEL + ", got " + rows.ports());
        }
    }

    /**
     * Refuses names that cannot be told apart or not be asked for.
     *
     * @throws IllegalArgumentException naming the fault
     */
    public static void requireNames(List<String> names) {
        if (names.size() < 2 || names.size() > MOST) {
            throw new IllegalArgumentException("a classifier tells 2 to " + MOST + " classes apart, got " + names.size()
                    + (names.size() < 2 ? " " + names : ""));
        }
        for (String name : names) {
            if (name.isBlank() || name.indexOf(',') >= 0 || !name.equals(name.strip())) {
                throw new IllegalArgumentException(
                        "the name of a class is without comma and without blanks at its ends, got '" + name + "'");
            }
        }
        if (names.stream().distinct().count() != names.size()) {
            throw new IllegalArgumentException("the names of classes differ, got " + names);
        }
    }

    /**
     * Classes by a column: its different numbers, from the least on, and named by them.
     *
     * @param data rows of x alone, with the column among them
     * @throws IllegalArgumentException if there is no such column, or it has less than 2 or more than {@value #MOST} numbers
     */
    public static Classes of(Dataset data, String column) {
        Dataset rows = data.given(LABEL, column);
        float[] numbers = rows.values(LABEL);
        float[] known = distinct(numbers);
        if (known.length < 2 || known.length > MOST) {
            throw new IllegalArgumentException("column '" + column + "' has " + known.length
                    + " different numbers, a classifier tells 2 to " + MOST + " classes apart");
        }
        List<String> names = new ArrayList<>();
        for (float number : known) {
            names.add(Spelling.number(Double.parseDouble(Float.toString(number))));
        }
        float[] values = rows.values().clone();
        int width = rows.width();
        for (int r = 0; r < numbers.length; r++) {
            values[r * width + width - 1] = Arrays.binarySearch(known, numbers[r] + 0f);
        }
        return new Classes(rows.with(values), names);
    }

    /** In order; -0 is 0. */
    private static float[] distinct(float[] numbers) {
        float[] sorted = numbers.clone();
        for (int i = 0; i < sorted.length; i++) {
            sorted[i] += 0f;
        }
        Arrays.sort(sorted);
        int count = 0;
        for (int i = 0; i < sorted.length; i++) {
            if (i == 0 || sorted[i] != sorted[count - 1]) {
                sorted[count++] = sorted[i];
            }
        }
        return Arrays.copyOf(sorted, count);
    }

    /**
     * Classes by name, each its own rows of x alone, of one width. The columns are called as those of the first; others may call them
     * otherwise, but not by the names of each other.
     *
     * @param each class's rows, in the order of their numbers
     */
    public static Classes of(Map<String, Dataset> each) {
        if (each.isEmpty()) {
            throw new IllegalArgumentException("there is no class to learn");
        }
        List<String> columns = each.values().iterator().next().columns();
        int width = columns.size();
        int rows = 0;
        for (Map.Entry<String, Dataset> one : each.entrySet()) {
            if (one.getValue().ports().size() != 1
                    || !one.getValue().ports().get(0).matches(columns)) {
                throw new IllegalArgumentException("classes are rows of the same columns " + columns + ", class '"
                        + one.getKey() + "' has " + one.getValue().columns() + "; choose them, in one order");
            }
            rows = Math.addExact(rows, one.getValue().rows());
        }
        float[] values = new float[Math.multiplyExact(rows, width + 1)];
        int at = 0;
        int number = 0;
        for (Dataset one : each.values()) {
            for (int r = 0; r < one.rows(); r++) {
                System.arraycopy(one.values(), r * width, values, at, width);
                values[at + width] = number;
                at += width + 1;
            }
            number++;
        }
        List<String> all = new ArrayList<>(columns);
        all.add(columns.contains(LABEL) ? LABEL + " of the class" : LABEL);
        Dataset joined = Dataset.of(values, all.toArray(String[]::new)).given(LABEL, all.get(width));
        return new Classes(joined, List.copyOf(each.keySet()));
    }

    /**
     * Sets a share of the rows aside, as {@link Dataset#split}; the classes stay the same on both sides.
     *
     * @throws IllegalArgumentException if one side would be empty
     */
    public Split split(double share, long seed) {
        Dataset.Split split = rows.split(share, seed);
        return new Split(new Classes(split.learned(), names), new Classes(split.heldOut(), names));
    }

    /** Rows to learn from and rows to judge by. Immutable. */
    public record Split(Classes learned, Classes heldOut) {}
}
