package org.tweedie.hitting;

import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Space;
import org.tweedie.sde.Spelling;

/**
 * The half-space above R^d, whose floor is hit: data are any rows of d numbers, of the size of the height. A walk has one coordinate more, u, which starts at the height and
 * ends at 0; from (x, u) Brownian motion ends with the law of Cauchy about x, of width u, and after a time without a mean.
 *
 * <pre>
 *   h^y(x, u) = c u/(u^2 + |x - y|^2)^((d+1)/2)
 *   eta^y     = ( -(d+1) (x - y)/(u^2 + |x - y|^2),  1/u - (d+1) u/(u^2 + |x - y|^2) )
 * </pre>
 *
 * <p>Immutable.
 *
 * @param dimension of the data, at least 1
 * @param height where u starts, above 0
 */
public record HalfSpace(int dimension, double height) implements HittingDomain {
    public HalfSpace {
        if (dimension < 1 || dimension > MOST) {
            throw new IllegalArgumentException("the dimension of the floor must be positive, got " + dimension
                    + (dimension > MOST ? "; " + MOST + " is the most" : ""));
        }
        if (!(height > 0 && Double.isFinite(height))) {
            throw new IllegalArgumentException("the height of the start must be positive, got " + height);
        }
    }

    @Override
    public Space space() {
        return Space.euclidean(dimension + 1);
    }

    @Override
    public Space ends() {
        return Space.euclidean(dimension);
    }

    @Override
    public double[] start() {
        double[] start = new double[dimension + 1];
        start[dimension] = height;
        return start;
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
        return z.at(dimension);
    }

    @Override
    public Value drift(FormulaWriter f, Value z, Value y, double least) {
        Value u = f.number(least).greatest(z.at(dimension));
        Value away = y.minus(z.part(0, dimension));
        Value pull = f.number(dimension + 1).over(away.dot(away).plus(u.square()));
        return f.joined(away.times(pull), f.number(1).over(u).minus(pull.times(u)));
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
        return z.part(0, dimension);
    }

    @Override
    public void require(float[] rows) {
        for (int i = 0; i < rows.length; i++) {
            if (!Float.isFinite(rows[i])) {
                throw new IllegalArgumentException(
                        "row " + (i / dimension + 1) + " is not finite: " + rows[i] + "; leave it out");
            }
        }
    }

    @Override
    public String spec() {
        return "halfspace:" + dimension + "," + Spelling.number(height);
    }
}
