package org.tweedie.metric;

/** e^x in double by our own polynomial, to 2e-16 of itself, the same bits on every machine; quicker than StrictMath's. Stateless. */
final class Exponential {
    private static final double PER_LN2 = 1.4426950408889634;
    private static final double LN2_HIGH = 6.93147180369123816490e-01; // its last 21 bits are 0, so k times it is exact
    private static final double LN2_LOW = 1.90821492927058770002e-10;

    private Exponential() {}

    /** @param x at most 700; below -708 the result is 0 */
    static double of(double x) {
        if (!(x > -708)) {
            return x <= -708 ? 0 : Double.NaN;
        }
        double k = Math.rint(x * PER_LN2);
        double r =
                (x - k * LN2_HIGH) - k * LN2_LOW; // at most ln(2)/2 in size: Taylor's remainder of degree 14 is 4e-18
        double p = 1.0 / 6227020800.0;
        p = p * r + 1.0 / 479001600;
        p = p * r + 1.0 / 39916800;
        p = p * r + 1.0 / 3628800;
        p = p * r + 1.0 / 362880;
        p = p * r + 1.0 / 40320;
        p = p * r + 1.0 / 5040;
        p = p * r + 1.0 / 720;
        p = p * r + 1.0 / 120;
        p = p * r + 1.0 / 24;
        p = p * r + 1.0 / 6;
        p = p * r + 0.5;
        p = r + r * r * p;
        return (1 + p) * Double.longBitsToDouble(((long) k + 1023) << 52);
    }
}
