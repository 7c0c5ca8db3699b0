package org.tweedie;

/**
 * The way between two rows along the great circle of their directions (Shoemake, 1985): at a share a of it, (sin((1 - a) w) x + sin(a w) y) / sin w,
 * with w the angle between them. Rows of one or opposite directions have no great circle of their own: the way is then straight. Immutable but for
 * its arrays.
 */
final class GreatCircle {
    private static final double LEAST_SINE = 1e-6;

    private final float[] from;
    private final float[] to;
    private final int start;
    private final int width;
    private final double angle;

    /** The rows that begin at {@code start} of both arrays. */
    GreatCircle(float[] from, float[] to, int start, int width) {
        this.from = from;
        this.to = to;
        this.start = start;
        this.width = width;
        double dot = 0;
        double ofFrom = 0;
        double ofTo = 0;
        for (int i = start; i < start + width; i++) {
            dot += (double) from[i] * to[i];
            ofFrom += (double) from[i] * from[i];
            ofTo += (double) to[i] * to[i];
        }
        double lengths = Math.sqrt(ofFrom) * Math.sqrt(ofTo);
        angle = lengths == 0 ? 0 : Math.acos(Math.max(-1, Math.min(1, dot / lengths)));
    }

    /** Writes the row at a share of the way. */
    void at(double share, float[] into, int place) {
        double sine = Math.sin(angle);
        boolean straight = sine < LEAST_SINE;
        double a = straight ? 1 - share : Math.sin((1 - share) * angle) / sine;
        double b = straight ? share : Math.sin(share * angle) / sine;
        for (int i = 0; i < width; i++) {
            into[place + i] = (float) (a * from[start + i] + b * to[start + i]);
        }
    }
}
