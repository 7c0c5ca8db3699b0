package org.tweedie.bridge;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * A law that a file can hold, since all of it are a spec and numbers: N(m(y), diag s^2) where m(y) is 0, a constant or a regression. Immutable; any thread.
 */
public final class FittedLaw implements ConditionalLaw {
    private final LawSpec spec;
    private final Ridge.Linear mean;
    private final double[] deviation;

    private FittedLaw(LawSpec spec, Ridge.Linear mean, double[] deviation) {
        this.spec = spec;
        this.mean = mean;
        this.deviation = deviation;
    }

    /** N(0, I). */
    static FittedLaw standard() {
        return new FittedLaw(LawSpec.of(LawSpec.Kind.NORMAL), constant(), new double[0]);
    }

    static FittedLaw columns(double[] mean, double[] deviation) {
        return new FittedLaw(LawSpec.of(LawSpec.Kind.COLUMNS), constant(mean), deviation);
    }

    /** @param spec that the regression was made by, but for centres that the rows were too few for */
    static FittedLaw regression(LawSpec spec, Ridge.Linear mean, double[] deviation) {
        LawSpec made = mean.features() instanceof Features.Bumps bumps
                ? new LawSpec(spec.kind(), bumps.centres().length, spec.scale(), spec.penalty())
                : spec;
        return new FittedLaw(made, mean, deviation);
    }

    private static Ridge.Linear constant(double... mean) {
        double[] none = {};
        return new Ridge.Linear(y -> none, none, none, new double[mean.length][0], mean);
    }

    /**
     * The law of these numbers.
     *
     * @param x columns of rows
     * @param y columns of conditions
     * @param numbers row-major, of the names and shapes of {@link LawSpec#shapes}
     * @throws IllegalArgumentException if some are not finite, or deviations not positive
     */
    public static FittedLaw of(LawSpec spec, int x, int y, Map<String, double[]> numbers) {
        numbers.forEach(FittedLaw::require);
        if (spec.kind() == LawSpec.Kind.NORMAL) {
            return standard();
        }
        double[] mean = named(numbers, "mean");
        double[] deviation = named(numbers, "deviation");
        if (spec.kind() == LawSpec.Kind.COLUMNS) {
            return columns(mean, deviation);
        }
        Features features = spec.kind() == LawSpec.Kind.AFFINE
                ? Features.affine()
                : new Features.Bumps(
                        rows(named(numbers, "bump.centre"), spec.centres(), y),
                        named(numbers, "bump.variance"),
                        spec.scale());
        Ridge.Linear regression = new Ridge.Linear(
                features,
                named(numbers, "feature.mean"),
                named(numbers, "feature.deviation"),
                rows(named(numbers, "weight"), x, y + spec.centres()),
                mean);
        return new FittedLaw(spec, regression, deviation);
    }

    private static double[] named(Map<String, double[]> numbers, String name) {
        return Objects.requireNonNull(numbers.get(name), name);
    }

    private static void require(String name, double[] numbers) {
        boolean positive = name.endsWith("deviation");
        for (double number : numbers) {
            if (!Double.isFinite(number) || (positive && number <= 0)) {
                throw new IllegalArgumentException(
                        "a law has finite numbers and positive deviations, got " + number + " in '" + name + "'");
            }
        }
    }

    private static double[][] rows(double[] values, int rows, int columns) {
        double[][] cut = new double[rows][];
        for (int i = 0; i < rows; i++) {
            cut[i] = Arrays.copyOfRange(values, i * columns, (i + 1) * columns);
        }
        return cut;
    }

    /** Which it is; of a radial law with as many centres as it has. */
    public LawSpec spec() {
        return spec;
    }

    /** Its numbers by name, row-major: {@link LawSpec#shapes} tells which. */
    public Map<String, double[]> numbers() {
        Map<String, double[]> numbers = new LinkedHashMap<>();
        for (String name : spec.shapes(deviation.length, 1).keySet()) {
            numbers.put(
                    name,
                    switch (name) {
                        case "mean" -> mean.constant().clone();
                        case "deviation" -> deviation.clone();
                        case "weight" -> joined(mean.weights());
                        case "feature.mean" -> mean.centres().clone();
                        case "feature.deviation" -> mean.scales().clone();
                        case "bump.centre" -> joined(((Features.Bumps) mean.features()).centres());
                        default -> ((Features.Bumps) mean.features()).variance().clone();
                    });
        }
        return numbers;
    }

    private static double[] joined(double[][] rows) {
        return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    }

    @Override
    public void at(double[] y, double[] into, double[] deviations) {
        if (spec.kind() == LawSpec.Kind.NORMAL) {
            Arrays.fill(into, 0);
            Arrays.fill(deviations, 1);
            return;
        }
        double[] value = mean.at(y);
        System.arraycopy(value, 0, into, 0, value.length);
        System.arraycopy(deviation, 0, deviations, 0, value.length);
    }
}
