package org.tweedie.kernels.host;

/**
 * Pairs of standard normal numbers from pairs of words, the arithmetic of {@code kernels/rng/normal.cuh} bit for bit. At most
 * 6.77 in size.
 */
final class BoxMuller {
    private BoxMuller() {}

    /** sqrt(-2 ln((w + 1/2) 2^-32)); the logarithm keeps its relative error at both ends. */
    static float radius(int w) {
        float c = Math.fma(
                (float) (w ^ (w >> 31)), 0x1p-31f, 0x1p-32f); // twice the distance of u to the nearer of 0 and 1
        float u = w < 0 ? 2.0f - c : c; // twice u
        int bits = Float.floatToRawIntBits(u);
        int e = (bits - 0x3faaaaab) & 0xff800000;
        float m = 2.0f - Float.intBitsToFloat(bits - e);
        float g = e == 0 ? c : m;
        return Approx.squareRoot(Math.fma((float) e, -2.0f * 0x1p-23f * 0.693147182f, Approx.minusTwoLogNearOne(g)));
    }

    /** {@code into[at + 2 i]} and the next: radius times cosine and sine of {@code angle[i]} 2^-32 turns. */
    static void pairs(int[] radius, int[] angle, int from, int to, float[] into, int at) {
        for (int i = from; i < to; i++) {
            float length = radius(radius[i]);
            int turn = angle[i];
            int quadrant = turn + 0x20000000; // in its two top bits
            float x = (float) (turn << 2) * (1.46291808e-9f / 4);
            float sine = Approx.sine(x);
            float cosine = Approx.cosine(x);
            boolean odd = (quadrant & 0x40000000) != 0;
            float s = Float.intBitsToFloat(Float.floatToRawIntBits(odd ? cosine : sine) ^ (quadrant & 0x80000000));
            float c = Float.intBitsToFloat(
                    Float.floatToRawIntBits(odd ? sine : cosine) ^ (quadrant + 0x40000000 & 0x80000000));
            into[at + 2 * i] = length * c;
            into[at + 2 * i + 1] = length * s;
        }
    }
}
