package org.tweedie.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Standardises columns: {@code (x - mean) / scale}, in double, column by column.
 * Immutable but for its arrays, which nobody may change while threads share them.
 *
 * @param means one a column, finite
 * @param scales one a column, positive and finite
 */
public record Normaliser(double[] means, double[] scales) implements Encoding {
    static final String NAME = "standardise";

    public Normaliser {
        means = means.clone();
        scales = scales.clone();
        if (means.length == 0 || means.length != scales.length) {
            throw new IllegalArgumentException(
                    "a normaliser has a mean and a scale a column, got " + means.length + " and " + scales.length);
        }
        for (int c = 0; c < means.length; c++) {
            if (!Double.isFinite(means[c]) || !(scales[c] > 0 && scales[c] < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("column " + (c + 1) + " has mean " + means[c] + " and scale "
                        + scales[c] + "; scales must be positive");
            }
        }
    }

    /**
     * Means and standard deviations of data. Immutable.
     *
     * @param constant names of columns that hold one number only; they keep scale 1
     */
    public record Fit(Normaliser normaliser, List<String> constant) {}

    /** Mean 0 and standard deviation 1 for each column of a port. */
    public static Fit fit(Dataset data, String port) {
        List<String> columns = data.port(port).columns();
        double[] means = new double[columns.size()];
        double[] scales = new double[columns.size()];
        List<String> constant = new ArrayList<>();
        for (int c = 0; c < means.length; c++) {
            int at = data.offset(port) + c;
            means[c] = mean(data, at);
            scales[c] = deviation(data, at, means[c]);
            if (scales[c] == 0) {
                means[c] = data.values()[at];
                scales[c] = 1;
                constant.add(columns.get(c));
            }
        }
        return new Fit(new Normaliser(means, scales), constant);
    }

    private static double mean(Dataset data, int column) {
        double sum = 0;
        for (int r = 0; r < data.rows(); r++) {
            sum += data.values()[r * data.width() + column];
        }
        return sum / data.rows();
    }

    /** 0 exactly where all rows are equal. */
    private static double deviation(Dataset data, int column, double mean) {
        float first = data.values()[column];
        boolean constant = true;
        double sum = 0;
        for (int r = 0; r < data.rows(); r++) {
            float x = data.values()[r * data.width() + column];
            constant &= x == first;
            sum += (x - mean) * (x - mean);
        }
        return constant ? 0 : StrictMath.sqrt(sum / data.rows());
    }

    @Override
    public int width() {
        return means.length;
    }

    @Override
    public void encode(float[] rows, float[] into, int count) {
        for (int i = 0; i < count * means.length; i++) {
            int c = i % means.length;
            into[i] = (float) ((rows[i] - means[c]) / scales[c]);
        }
    }

    @Override
    public void decode(float[] rows, float[] into, int count) {
        for (int i = 0; i < count * means.length; i++) {
            int c = i % means.length;
            into[i] = (float) (rows[i] * scales[c] + means[c]);
        }
    }

    @Override
    public double logDeterminant(float[] row) {
        double sum = 0;
        for (double scale : scales) {
            sum -= StrictMath.log(scale);
        }
        return sum;
    }

    /** {@code standardise:mean1,mean2;scale1,scale2}, exact. */
    @Override
    public String spec() {
        return NAME + ":" + list(means) + ";" + list(scales);
    }

    private static String list(double[] values) {
        return Arrays.stream(values).mapToObj(Double::toString).collect(Collectors.joining(","));
    }

    static Normaliser parse(String spec) {
        String[] half = spec.substring(NAME.length() + 1).split(";", -1);
        if (half.length != 2) {
            throw new IllegalArgumentException("a normaliser is written " + NAME + ":means;scales, got '" + spec + "'");
        }
        return new Normaliser(numbers(half[0]), numbers(half[1]));
    }

    private static double[] numbers(String list) {
        try {
            return Arrays.stream(list.split(",", -1))
                    .mapToDouble(Double::parseDouble)
                    .toArray();
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("not a list of numbers: '" + list + "'", e);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Normaliser that
                && Arrays.equals(means, that.means)
                && Arrays.equals(scales, that.scales);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(means) + Arrays.hashCode(scales);
    }

    @Override
    public String toString() {
        return spec();
    }
}
