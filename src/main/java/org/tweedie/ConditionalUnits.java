package org.tweedie;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.tweedie.bridge.ConditionalLaw;
import org.tweedie.bridge.FrozenConditions;
import org.tweedie.execution.GivenRows;
import org.tweedie.score.Signature;
import org.tweedie.sde.Spelling;
import org.tweedie.train.Dataset;
import org.tweedie.train.Normaliser;

/**
 * The units that a conditional bridge walks in: u = (x - m(y))/s(y) of rows, so that the law N(m(y), diag s(y)^2) is N(0, I), and every condition by its encoding. Immutable.
 *
 * @param width of x
 * @param law of x given y, in the units of the data
 * @param encodings of the conditions, by port
 */
record ConditionalUnits(int width, ConditionalLaw law, Map<String, Normaliser> encodings, FrozenConditions conditions) {
    /** The most deviations that rows may lie from a law's means, in the root of the mean square. */
    private static final double FAR = 100;

    /**
     * Mean and deviations of the law, row by row.
     *
     * @param deviation positive
     */
    record Moments(GivenRows mean, GivenRows deviation) {}

    /** @throws IllegalArgumentException if there are no conditions */
    static ConditionalUnits of(Dataset data, ConditionalLaw law, boolean standardise) {
        if (data.ports().size() < 2) {
            throw new IllegalArgumentException(
                    "a conditional bridge needs observations beside x; name their columns by given(port, columns), got "
                            + data.ports());
        }
        FrozenConditions conditions = FrozenConditions.of(data);
        Map<String, Normaliser> encodings = new LinkedHashMap<>();
        for (Signature.Port port : conditions.ports()) {
            double[] ones = new double[port.space().width()];
            Arrays.fill(ones, 1);
            encodings.put(
                    port.name(),
                    standardise
                            ? Normaliser.fit(data, port.name()).normaliser()
                            : new Normaliser(new double[ones.length], ones));
        }
        return new ConditionalUnits(data.port(Dataset.X).width(), law, encodings, conditions);
    }

    /** Numbers of all conditions. */
    int observed() {
        return conditions.ports().stream()
                .mapToInt(port -> port.space().width())
                .sum();
    }

    /** One observation, condition by condition. */
    Map<String, float[]> parts(float[] y) {
        if (y.length != observed()) {
            throw new IllegalArgumentException(
                    "an observation has " + observed() + " numbers, " + conditions.ports() + ", got " + y.length);
        }
        Map<String, float[]> parts = new LinkedHashMap<>();
        int at = 0;
        for (Signature.Port port : conditions.ports()) {
            parts.put(port.name(), Arrays.copyOfRange(y, at, at += port.space().width()));
        }
        return parts;
    }

    /**
     * The rows with u in the place of x, and encoded conditions.
     *
     * @throws IllegalArgumentException if a deviation of the law is not positive, or rows lie far from it
     */
    Dataset encoded(Dataset data) {
        float[] values = data.values().clone();
        double[] y = new double[data.width() - width];
        double[] mean = new double[width];
        double[] deviation = new double[width];
        double square = 0;
        for (int i = 0; i < data.rows(); i++) {
            for (int j = 0; j < y.length; j++) {
                y[j] = values[i * data.width() + width + j];
            }
            ask(y, mean, deviation);
            for (int j = 0; j < width; j++) {
                double u = (values[i * data.width() + j] - mean[j]) / deviation[j];
                values[i * data.width() + j] = (float) u;
                square += u * u / ((double) data.rows() * width);
            }
        }
        if (!(square <= FAR * FAR)) {
            throw new IllegalArgumentException(
                    "rows lie " + Spelling.number(StrictMath.sqrt(square))
                            + " deviations from the means of the law that the bridge starts from, in the root of the mean square, and 100 are the most; give the law larger deviations");
        }
        Dataset moved = Dataset.of(values, data.columns().toArray(String[]::new));
        for (Dataset.Port port : data.ports().subList(1, data.ports().size())) {
            moved = moved.given(port.name(), port.columns().toArray(String[]::new));
        }
        return moved.encoded(encodings);
    }

    private void ask(double[] y, double[] mean, double[] deviation) {
        law.at(y, mean, deviation);
        for (int j = 0; j < mean.length; j++) {
            if (!Double.isFinite(mean[j]) || !(deviation[j] > 0 && deviation[j] < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        "the law that a bridge starts from has finite means and positive deviations, got " + mean[j]
                                + " and " + deviation[j] + " at y = " + Arrays.toString(y));
            }
        }
    }

    /** Rows of a condition as networks get them; as they are where the port is none, or of another width. */
    GivenRows encoded(String port, GivenRows given) {
        Normaliser encoding = encodings.get(port);
        if (encoding == null || encoding.width() != given.width()) {
            return given;
        }
        float[] encoded = new float[given.values().length];
        encoding.encode(given.values(), encoded, given.rows());
        return new GivenRows(encoded, given.width());
    }

    /** Encoded rows of a condition in the units of the data, of which each sample draws one. */
    GivenRows decoded(String port, GivenRows drawn) {
        float[] decoded = drawn.values().clone();
        Objects.requireNonNull(encodings.get(port)).decode(decoded, decoded, drawn.rows());
        return GivenRows.drawn(decoded, drawn.width());
    }

    /**
     * u of rows that the caller gives, with their conditions; as they are where a condition lacks or does not fit, which is named where the plan reads it.
     *
     * @param name of the rows
     * @param before the names of their conditions
     */
    GivenRows u(String name, Map<String, GivenRows> given, String before) {
        GivenRows start = Objects.requireNonNull(given.get(name));
        Optional<Moments> of = moments(given, before);
        if (of.isEmpty() || start.width() != width) {
            return start;
        }
        GivenRows mean = of.get().mean();
        GivenRows deviation = of.get().deviation();
        int count = Math.max(start.rows(), mean.rows());
        float[] u = new float[count * width];
        for (int i = 0; i < u.length; i++) {
            int x = start.rows() == 1 ? i % width : i;
            int m = mean.rows() == 1 ? i % width : i;
            if (x >= start.values().length || m >= mean.values().length) {
                throw new IllegalArgumentException(
                        "row i of " + name + " and of its conditions belongs to sample i, got " + start.rows() + " and "
                                + mean.rows() + " rows; give as many of both, or one");
            }
            u[i] = (start.values()[x] - mean.values()[m]) / deviation.values()[m];
        }
        return new GivenRows(u, width);
    }

    /**
     * The law at conditions in the units of the data; nothing where one lacks or does not fit.
     *
     * @param before the names of the conditions
     */
    Optional<Moments> moments(Map<String, GivenRows> given, String before) {
        int count = 1;
        boolean drawn = false;
        for (Signature.Port port : conditions.ports()) {
            GivenRows rowsOf = given.get(before + port.name());
            if (rowsOf == null || rowsOf.width() != port.space().width()) {
                return Optional.empty();
            }
            count = Math.max(count, rowsOf.rows());
            drawn = rowsOf.drawn();
        }
        double[] mean = new double[width];
        double[] deviation = new double[width];
        float[] means = new float[count * width];
        float[] deviations = new float[count * width];
        for (int i = 0; i < count; i++) {
            ask(observation(given, before, i, count), mean, deviation);
            for (int j = 0; j < width; j++) {
                means[i * width + j] = (float) mean[j];
                deviations[i * width + j] = (float) deviation[j];
            }
        }
        return Optional.of(new Moments(new GivenRows(means, width, drawn), new GivenRows(deviations, width, drawn)));
    }

    /** The i-th of {@code count} observations, whose conditions have as many rows each, or one. */
    private double[] observation(Map<String, GivenRows> given, String before, int i, int count) {
        double[] y = new double[observed()];
        int column = 0;
        for (Signature.Port port : conditions.ports()) {
            GivenRows rowsOf = Objects.requireNonNull(given.get(before + port.name()));
            int row = rowsOf.rows() == 1 ? 0 : i;
            if (row >= rowsOf.rows()) {
                throw new IllegalArgumentException("row i of every condition belongs to sample i, and '" + port.name()
                        + "' has " + rowsOf.rows() + " of " + count + "; give as many of each, or one");
            }
            for (int j = 0; j < rowsOf.width(); j++) {
                y[column++] = rowsOf.values()[row * rowsOf.width() + j];
            }
        }
        return y;
    }

    /** ln |du/dx| of row {@code index}: minus the sum of ln s(y). */
    double logDeterminant(int index, Map<String, GivenRows> given) {
        double[] deviation = new double[width];
        ask(observation(given, "", index, index + 1), new double[width], deviation);
        double sum = 0;
        for (double s : deviation) {
            sum -= StrictMath.log(s);
        }
        return sum;
    }
}
