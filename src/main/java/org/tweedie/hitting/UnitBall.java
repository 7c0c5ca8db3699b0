package org.tweedie.hitting;

import java.util.Arrays;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Space;

/**
 * The unit ball of R^d, whose sphere is hit: data are unit vectors. From the centre Brownian motion ends uniformly on the sphere, after a time of mean 1/d.
 *
 * <pre>
 *   h^y(z) = (1 - |z|^2)/(A_d |z - y|^d)        eta^y(z) = -2 z/(1 - |z|^2) - d (z - y)/|z - y|^2
 * </pre>
 *
 * <p>Immutable.
 */
public final class UnitBall implements HittingDomain {
    /** Rows of data may be so far from the sphere: what is left of a division in f32, or of seven decimals. */
    private static final double ROUNDED = 1e-3;

    private final double[] start;

    private UnitBall(double[] start) {
        this.start = start;
        double square = 0;
        for (double x : start) {
            square += x * x;
        }
        if (start.length == 0 || !(square < 1)) {
            throw new IllegalArgumentException(
                    "a walk in the ball starts within it, in at least one dimension, got " + Arrays.toString(start));
        }
    }

    /** From the centre of the ball in R^dimension. */
    public static UnitBall of(int dimension) {
        if (dimension < 1) {
            throw new IllegalArgumentException("the dimension of a ball must be positive, got " + dimension);
        }
        return new UnitBall(new double[dimension]);
    }

    /** From this point within the ball. */
    public static UnitBall from(double... start) {
        return new UnitBall(start.clone());
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
        return Drive.DRIFT;
    }

    @Override
    public int coins() {
        return 0;
    }

    @Override
    public Value distance(FormulaWriter f, Value z) {
        return f.number(1).minus(z.dot(z).root());
    }

    @Override
    public Value drift(FormulaWriter f, Value z, Value y, double least) {
        Value inside = f.number(least).greatest(f.number(1).minus(z.dot(z)));
        Value away = y.minus(z);
        Value square = f.number(least * least).greatest(away.dot(away));
        return away.times(start.length).over(square).minus(z.times(2).over(inside));
    }

    @Override
    public Move move(FormulaWriter f, Value z, Value drift, Value normals, Value coins, HittingSteps steps) {
        Value far = distance(f, z);
        Value h = f.number(steps.most()).least(far.square().times(steps.share()));
        Value place = z.plus(h.times(drift)).plus(h.root().times(normals));
        return new Move(place, h, distance(f, place).minus(steps.tolerance()));
    }

    @Override
    public Value end(FormulaWriter f, Value z) {
        return z.over(z.dot(z).root());
    }

    @Override
    public void require(float[] rows) {
        for (int r = 0; r < rows.length / start.length; r++) {
            double square = 0;
            for (int d = 0; d < start.length; d++) {
                square += (double) rows[r * start.length + d] * rows[r * start.length + d];
            }
            double length = StrictMath.sqrt(square);
            if (!(Math.abs(length - 1) <= ROUNDED)) {
                throw new IllegalArgumentException("row " + r + " is no unit vector, its length is " + length
                        + "; divide rows by their lengths, or turn angles into x, y, z first");
            }
        }
    }

    @Override
    public String spec() {
        return "ball from " + Arrays.toString(start);
    }
}
