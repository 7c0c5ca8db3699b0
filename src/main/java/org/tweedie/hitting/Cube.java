package org.tweedie.hitting;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Space;
import org.tweedie.sde.Spelling;

/**
 * The cube [0, 1]^d, whose corners are hit: data are rows of zeros and ones. Each coordinate moves until it is 0 or 1 and stays there; the row is done with its last.
 * From x a coordinate ends at 1 with probability x, after a mean time x (1 - x).
 *
 * <pre>
 *   eta^1(x) = 1/x        eta^0(x) = -1/(1 - x)        so eta^m = m/x - (1 - m)/(1 - x) is that towards the mean end m
 * </pre>
 *
 * <p>Whether a coordinate has crossed to a wall within a step is drawn, with the probability exp(-2 a b/h) of a Brownian bridge between distances a and b (Gobet,
 * Stochastic Processes and their Applications 87, 2000), so that steps need not shorten as walls come near, of which some coordinate always is. The bridge to an end is a Bessel process of
 * dimension 3, away from the other wall, whose steps are exact: |(x, 0, 0) + sqrt(h) N(0, I)|. Immutable.
 */
public final class Cube implements HittingDomain {
    private final double[] start;

    private Cube(double[] start) {
        this.start = start;
        if (start.length == 0) {
            throw new IllegalArgumentException("a cube has at least one dimension, got 0");
        }
        for (double x : start) {
            if (!(x > 0 && x < 1)) {
                throw new IllegalArgumentException(
                        "a walk in the cube starts between 0 and 1, got " + x + " in " + Arrays.toString(start));
            }
        }
    }

    /** From the middle of the cube of that dimension. */
    public static Cube of(int dimension) {
        if (dimension < 1 || dimension > MOST) {
            throw new IllegalArgumentException("the dimension of a cube must be positive, got " + dimension
                    + (dimension > MOST ? "; " + MOST + " is the most" : ""));
        }
        double[] start = new double[dimension];
        Arrays.fill(start, 0.5);
        return new Cube(start);
    }

    /** From this point within the cube: best where each coordinate is about as often 1 in the data. */
    public static Cube from(double... start) {
        return new Cube(start.clone());
    }

    @Override
    public Space space() {
        return Space.euclidean(start.length);
    }

    @Override
    public Space ends() {
        return space();
    }

    @Override
    public double[] start() {
        return start.clone();
    }

    @Override
    public Drive learns() {
        return Drive.END;
    }

    @Override
    public int coins() {
        return start.length;
    }

    @Override
    public int bridgeNormals() {
        return 3 * start.length;
    }

    /** That of the coordinate that is farthest from its walls: what is left to do. */
    @Override
    public Value distance(FormulaWriter f, Value z) {
        return free(f, z).greatestOf();
    }

    /** Of each coordinate the distance to the nearer wall, 0 once it is there. */
    static Value free(FormulaWriter f, Value z) {
        return z.least(f.number(1).minus(z));
    }

    @Override
    public Value moving(FormulaWriter f, Value z) {
        return free(f, z);
    }

    @Override
    public Value drift(FormulaWriter f, Value z, Value y, double least) {
        Value mean = f.number(0).greatest(f.number(1).least(y));
        Value up = mean.over(f.number(least).greatest(z));
        Value rest = f.number(1).minus(z);
        Value down = f.number(1).minus(mean).over(f.number(least).greatest(rest));
        return up.minus(down);
    }

    @Override
    public Move move(FormulaWriter f, Value z, Value drift, Value normals, Value coins, HittingSteps steps) {
        double h = steps.most();
        Value place = z.plus(drift.times(h)).plus(normals.times(StrictMath.sqrt(h)));
        Value rest = f.number(1).minus(z);
        Value up = crossing(f, rest, f.number(1).minus(place), h).minus(coins);
        Value down = crossing(f, z, place, h).minus(f.number(1).minus(coins));
        Value moved = up.select(f.number(1), down.select(f.number(0), place));
        return moved(f, free(f, z).select(moved, z), h);
    }

    @Override
    public Move towards(FormulaWriter f, Value z, Value y, Value normals, Value coins, HittingSteps steps) {
        int width = start.length;
        double h = steps.most();
        double root = StrictMath.sqrt(h);
        Value other = f.number(1).minus(y);
        Value rest = f.number(1).minus(z);
        Value from = y.times(z).plus(other.times(rest)); // the distance from the wall that is not hit
        Value along = from.plus(normals.part(0, width).times(root));
        Value side = normals.part(width, width).times(root);
        Value third = normals.part(2 * width, width).times(root);
        Value to = along.square().plus(side.square()).plus(third.square()).root();
        Value hit =
                crossing(f, f.number(1).minus(from), f.number(1).minus(to), h).minus(coins);
        Value reached = hit.select(f.number(1), to);
        Value unreached = f.number(1).minus(reached);
        Value place = y.times(reached).plus(other.times(unreached));
        return moved(f, free(f, z).select(place, z), h);
    }

    /** The probability that a Brownian bridge of length h between these distances from a wall, the second negative behind it, touches it. */
    private static Value crossing(FormulaWriter f, Value before, Value after, double h) {
        Value within = f.number(0).greatest(after);
        return before.times(within).times(-2 / h).exp();
    }

    /** A coordinate that hits does so, on average, in the middle of its step. */
    static Move moved(FormulaWriter f, Value place, double h) {
        Value left = free(f, place).greatestOf();
        return new Move(place, left.select(f.number(h), f.number(h / 2)), left);
    }

    @Override
    public Value end(FormulaWriter f, Value z) {
        return z.times(1);
    }

    @Override
    public void require(float[] rows) {
        for (int i = 0; i < rows.length; i++) {
            if (rows[i] != 0 && rows[i] != 1) {
                throw new IllegalArgumentException("row " + (i / start.length + 1)
                        + " is no row of zeros and ones, it holds " + rows[i] + " in column "
                        + (i % start.length + 1) + "; levels are those of the domain of categories");
            }
        }
    }

    @Override
    public String spec() {
        return "cube:" + spelled(start, 0.5);
    }

    /** The numbers of a start, or how many where all are the usual one. */
    static String spelled(double[] start, double usual) {
        return Arrays.stream(start).allMatch(x -> x == usual)
                ? Integer.toString(start.length)
                : Arrays.stream(start).mapToObj(Spelling::number).collect(Collectors.joining(","));
    }
}
