package org.tweedie.hitting;

import java.util.Arrays;
import java.util.List;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Space;
import org.tweedie.sde.Spelling;

/**
 * A place to walk in and a set to hit: Brownian motion dZ = dW from a fixed start, until it first hits the set. Conditioned to hit at y (Doob's transform) it has the drift
 *
 * <pre>
 *   eta^y(z) = grad ln h^y(z)        h^y the density of where Brownian motion from z hits
 * </pre>
 *
 * <p>A model is the walk with the drift E[ eta^Y(z) | the walk to Y is at z ], whose ends have the law of the data Y (Ye, Wu, Liu, "First hitting diffusion models
 * for generating manifold, graph and categorical data", NeurIPS 2022, arXiv 2209.01170). Domains write themselves as formulas, so every device walks by the same bits.
 *
 * <p>Immutable, shared by threads.
 */
public interface HittingDomain {
    /** The most dimensions of ball, cube and half-space. */
    int MOST = 100_000;

    /** Where walks go. */
    Space space();

    /** Where they end, as rows of data are written. */
    Space ends();

    /** Where every walk starts. */
    double[] start();

    /** What a network of this domain tells: the drift, or the mean end where the bridge drift is affine in it. */
    Drive learns();

    /** Uniform numbers that a step draws beside its normals; 0 where distance alone tells of a hit. */
    int coins();

    /** Normals that a step of a bridge draws. */
    default int bridgeNormals() {
        return space().width();
    }

    /** How far z is from the set. */
    Value distance(FormulaWriter f, Value z);

    /** Above 0 at the coordinates of z that still move, where some stop before others. */
    default Value moving(FormulaWriter f, Value z) {
        double[] all = new double[space().width()];
        Arrays.fill(all, 1);
        return f.literal(all);
    }

    /**
     * eta^y(z).
     *
     * @param y an end, or, where {@link #learns} is {@link Drive#END}, a mean of ends
     * @param least distances below it count as it, where the drift is infinite; above 0
     */
    Value drift(FormulaWriter f, Value z, Value y, double least);

    /**
     * One step.
     *
     * @param drift as wide as z
     * @param normals as wide as z
     * @param coins {@link #coins} wide; not read where that is 0
     */
    Move move(FormulaWriter f, Value z, Value drift, Value normals, Value coins, HittingSteps steps);

    /**
     * One step of the bridge towards the end y.
     *
     * @param normals {@link #bridgeNormals} wide
     */
    default Move towards(FormulaWriter f, Value z, Value y, Value normals, Value coins, HittingSteps steps) {
        return move(f, z, drift(f, z, y, steps.tolerance()), normals, coins, steps);
    }

    /** The end of a walk that got to z. */
    Value end(FormulaWriter f, Value z);

    /**
     * Refuses rows that no walk could end at.
     *
     * @param rows as wide as {@link #ends}
     * @throws IllegalArgumentException naming the row, and what it should be
     */
    void require(float[] rows);

    /** Numbers of a row as files have it: levels of categories, degrees of a place on the earth; else those of {@link #ends}. */
    default int written() {
        return ends().width();
    }

    /**
     * Rows as files have them, as walks end at them.
     *
     * @param rows {@link #written} wide
     * @return as wide as {@link #ends}; the same array where both are the same
     * @throws IllegalArgumentException naming the row, and what it should be
     */
    default float[] read(float[] rows) {
        return rows;
    }

    /** The way back of {@link #read}. */
    default float[] write(float[] rows) {
        return rows;
    }

    /** Names for the columns of {@link #ends} where those of a file have these. */
    default List<String> names(List<String> written) {
        return written;
    }

    /** As {@link #parse} reads it, such as {@code ball:3}; checkpoints and files keep it. */
    String spec();

    /**
     * Reads {@code ball:3} or {@code ball:0.5,0,0} (a dimension, or where walks start), {@code cube:4} or {@code cube:0.3,0.5} (a dimension, or shares of
     * ones), {@code categories:3,2} (levels of each), {@code halfspace:2,1} (a dimension and a height) or {@code earth} (latitude and longitude in degrees).
     *
     * @throws IllegalArgumentException naming the part at fault
     */
    static HittingDomain parse(String spec) {
        String text = spec.strip();
        int colon = text.indexOf(':');
        String name = colon < 0 ? text : text.substring(0, colon);
        List<String> numbers = Spelling.list(colon < 0 ? "" : text.substring(colon + 1));
        List<String> known = List.of("ball", "cube", "categories", "halfspace", "earth");
        if (!known.contains(name)) {
            throw Spelling.unknown("domain", name, known);
        }
        boolean alone = name.equals("earth");
        if (alone ? colon >= 0 : numbers.isEmpty() || name.equals("halfspace") && numbers.size() != 2) {
            throw new IllegalArgumentException("'" + text + "' has " + numbers.size()
                    + " numbers; say ball:DIMENSION, ball:START, cube:DIMENSION, cube:SHARES, categories:LEVELS,"
                    + " halfspace:DIMENSION,HEIGHT or earth");
        }
        boolean dimension = numbers.size() == 1 && numbers.get(0).strip().matches("[+-]?[0-9]+");
        return switch (name) {
            case "ball" ->
                dimension ? UnitBall.of(Spelling.whole(numbers.get(0), text)) : UnitBall.from(all(numbers, text));
            case "cube" -> dimension ? Cube.of(Spelling.whole(numbers.get(0), text)) : Cube.from(all(numbers, text));
            case "categories" ->
                Categories.of(numbers.stream()
                        .mapToInt(number -> Spelling.whole(number, text))
                        .toArray());
            case "halfspace" ->
                new HalfSpace(Spelling.whole(numbers.get(0), text), Spelling.number(numbers.get(1), text));
            default -> UnitBall.earth();
        };
    }

    private static double[] all(List<String> numbers, String text) {
        return numbers.stream()
                .mapToDouble(number -> Spelling.number(number, text))
                .toArray();
    }

    /**
     * What became of a row in a step. Immutable.
     *
     * @param place after it
     * @param time that it took
     * @param left above 0 while the set is not hit, as far as it is away
     */
    record Move(Value place, Value time, Value left) {}
}
