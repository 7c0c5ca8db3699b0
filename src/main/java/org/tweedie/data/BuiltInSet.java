package org.tweedie.data;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

/**
 * The two-dimensional sets of the literature. Coordinates 0 to 7 of a row's words feed it: 0 and 1 uniform choices, 4 and up
 * normals, so that no two numbers share a word. Immutable.
 */
public enum BuiltInSet {
    /** Two interleaved half circles of radius 1, noise 0.1 (scikit-learn's make_moons). */
    MOONS {
        @Override
        void row(Words words, double[] into) {
            double angle = Math.PI * words.uniform(1);
            boolean upper = words.uniform(0) < 0.5;
            into[0] = upper ? StrictMath.cos(angle) : 1 - StrictMath.cos(angle);
            into[1] = upper ? StrictMath.sin(angle) : 0.5 - StrictMath.sin(angle);
            blur(words, 0.1, into);
        }
    },
    /** Circles of radius 1 and 1/2, noise 0.05 (scikit-learn's make_circles). */
    CIRCLES {
        @Override
        void row(Words words, double[] into) {
            polar(words.uniform(0) < 0.5 ? 1 : 0.5, 2 * Math.PI * words.uniform(1), into);
            blur(words, 0.05, into);
        }
    },
    /** The plane section of the Swiss roll: radius t over t in [1.5 pi, 4.5 pi], divided by 5, noise 0.1. */
    SWISSROLL {
        @Override
        void row(Words words, double[] into) {
            double t = 1.5 * Math.PI * (1 + 2 * words.uniform(0));
            polar(t / 5, t, into);
            blur(words, 0.1, into);
        }
    },
    /** The dark squares of a 4 x 4 board on [-2, 2] x [-2, 2]. */
    CHECKERBOARD {
        @Override
        void row(Words words, double[] into) {
            double x = 4 * words.uniform(0);
            double y = 2 * words.uniform(1);
            int column = (int) x;
            // of the two dark squares in this column: y picks one and the place in it
            into[0] = x - 2;
            into[1] = y + (int) y + column % 2 - 2;
        }
    },
    /** Five curved arms (Johnson et al. 2016). */
    PINWHEEL {
        @Override
        void row(Words words, double[] into) {
            double radial = 1 + 0.3 * words.normal(4);
            double across = 0.1 * words.normal(5);
            double turn = 2 * Math.PI / 5 * (int) (5 * words.uniform(0)) + 0.25 * StrictMath.exp(radial);
            into[0] = 2 * (radial * StrictMath.cos(turn) - across * StrictMath.sin(turn));
            into[1] = 2 * (radial * StrictMath.sin(turn) + across * StrictMath.cos(turn));
        }
    },
    /** Eight normals of deviation 0.2 on a circle of radius 2. */
    EIGHTGAUSSIANS {
        @Override
        void row(Words words, double[] into) {
            polar(2, 2 * Math.PI / 8 * (int) (8 * words.uniform(0)), into);
            blur(words, 0.2, into);
        }
    },
    /** The plane section of the S-curve, noise 0.05 (scikit-learn's make_s_curve). */
    SCURVE {
        @Override
        void row(Words words, double[] into) {
            double t = 3 * Math.PI * (words.uniform(0) - 0.5);
            into[0] = StrictMath.sin(t);
            into[1] = Math.signum(t) * (StrictMath.cos(t) - 1);
            blur(words, 0.05, into);
        }
    },
    /** Two arms of a spiral, noise 0.1. */
    SPIRAL {
        @Override
        void row(Words words, double[] into) {
            double angle = 3 * Math.PI * StrictMath.sqrt(words.uniform(1));
            polar(words.uniform(0) < 0.5 ? angle / 3 : -angle / 3, angle, into);
            blur(words, 0.1, into);
        }
    };

    /** One row, unscaled. */
    abstract void row(Words words, double[] into);

    /** Numbers a row holds: 2. */
    public int width() {
        return 2;
    }

    /** The word that the command line uses. */
    public String spec() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** @throws IllegalArgumentException if there is no such set; lists those there are */
    public static BuiltInSet of(String spec) {
        for (BuiltInSet set : values()) {
            if (set.spec().equals(spec.toLowerCase(Locale.ROOT).replace("-", "").replace("_", ""))) {
                return set;
            }
        }
        throw new IllegalArgumentException("no built-in set '" + spec + "'; there are "
                + Arrays.stream(values()).map(BuiltInSet::spec).collect(Collectors.joining(", ")));
    }

    /**
     * Rows {@code [first, first + count)} of the endless set of that seed.
     *
     * @return count x 2, row-major
     */
    public float[] rows(long seed, long first, int count) {
        if (count < 0 || first < 0) {
            throw new IllegalArgumentException("rows must not be negative, got first " + first + ", count " + count);
        }
        float[] values = new float[Math.multiplyExact(count, 2)];
        double[] row = new double[2];
        for (int i = 0; i < count; i++) {
            row(Philox.words(seed, first + i, Purpose.DATA, 0), row);
            values[2 * i] = (float) row[0];
            values[2 * i + 1] = (float) row[1];
        }
        return values;
    }

    private static void polar(double radius, double angle, double[] into) {
        into[0] = radius * StrictMath.cos(angle);
        into[1] = radius * StrictMath.sin(angle);
    }

    private static void blur(Words words, double deviation, double[] into) {
        into[0] += deviation * words.normal(4);
        into[1] += deviation * words.normal(5);
    }
}
