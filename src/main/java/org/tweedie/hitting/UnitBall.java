package org.tweedie.hitting;

import java.util.Arrays;
import java.util.List;
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
 * <p>Of the earth ({@link #earth}) files have latitude and longitude in degrees, and walks end at x, y, z: the axes lead to (0, 0), (0, 90 E) and the north pole. Immutable.
 */
public final class UnitBall implements HittingDomain {
    /** Rows of data may be so far from the sphere: what is left of a division in f32, or of seven decimals. */
    private static final double ROUNDED = 1e-3;
    /** Numbers of a row that a message shows. */
    private static final int SHOWN = 8;

    private final double[] start;
    private final boolean degrees;

    private UnitBall(double[] start, boolean degrees) {
        this.start = start;
        this.degrees = degrees;
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
        if (dimension < 1 || dimension > MOST) {
            throw new IllegalArgumentException("the dimension of a ball must be positive, got " + dimension
                    + (dimension > MOST ? "; " + MOST + " is the most" : ""));
        }
        return new UnitBall(new double[dimension], false);
    }

    /** From this point within the ball. */
    public static UnitBall from(double... start) {
        return new UnitBall(start.clone(), false);
    }

    /** The ball in R^3, from its centre, whose sphere is the earth: files have latitude and longitude, in degrees. */
    public static UnitBall earth() {
        return new UnitBall(new double[3], true);
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
                int at = r * start.length;
                int shown = Math.min(start.length, SHOWN);
                throw new IllegalArgumentException("row " + (r + 1) + " is no unit vector, its length is " + length
                        + ": " + Arrays.toString(Arrays.copyOfRange(rows, at, at + shown))
                        + "; divide rows by their lengths; latitude and longitude are those of the domain earth");
            }
        }
    }

    @Override
    public int written() {
        return degrees ? 2 : start.length;
    }

    @Override
    public float[] read(float[] rows) {
        if (!degrees) {
            return rows;
        }
        float[] places = new float[rows.length / 2 * 3];
        for (int r = 0; r < rows.length / 2; r++) {
            double latitude = rows[2 * r];
            double longitude = rows[2 * r + 1];
            if (!(latitude >= -90 && latitude <= 90 && longitude >= -180 && longitude <= 360)) {
                throw new IllegalArgumentException("row " + (r + 1) + " is no place on the earth: latitude " + latitude
                        + ", longitude " + longitude
                        + "; the first column goes from -90 to 90 degrees, the second from -180 to 360");
            }
            double up = StrictMath.toRadians(latitude);
            double east = StrictMath.toRadians(longitude);
            places[3 * r] = (float) (StrictMath.cos(up) * StrictMath.cos(east));
            places[3 * r + 1] = (float) (StrictMath.cos(up) * StrictMath.sin(east));
            places[3 * r + 2] = (float) StrictMath.sin(up);
        }
        return places;
    }

    /** Of the earth latitudes, and longitudes from -180 to 180. */
    @Override
    public float[] write(float[] rows) {
        if (!degrees) {
            return rows;
        }
        float[] angles = new float[rows.length / 3 * 2];
        for (int r = 0; r < rows.length / 3; r++) {
            double x = rows[3 * r];
            double y = rows[3 * r + 1];
            double level = StrictMath.sqrt(x * x + y * y);
            angles[2 * r] = (float) StrictMath.toDegrees(StrictMath.atan2(rows[3 * r + 2], level));
            angles[2 * r + 1] = (float) StrictMath.toDegrees(StrictMath.atan2(y, x));
        }
        return angles;
    }

    @Override
    public List<String> names(List<String> written) {
        return degrees ? List.of("x", "y", "z") : written;
    }

    @Override
    public String spec() {
        return degrees ? "earth" : "ball:" + Cube.spelled(start, 0);
    }
}
