package org.tweedie.kernels.host;

/**
 * Pairs of standard normal numbers from pairs of words, the arithmetic of {@code kernels/rng/normal.cuh} bit for bit. At most
 * 6.77 in size.
 */
final class BoxMuller {
    private BoxMuller() {}

    /** sqrt(-2 ln((w + 1/2) 2^-32)); the logarithm keeps its relative error at both ends. */
    static float radius(int w) {
        float c = Math.fma((float) (w ^ (w >> 31)), 2.3283064365386963e-10f, 1.1641532182693481e-10f);
        float u = w < 0 ? 1.0f - c : c;
        int bits = Float.floatToRawIntBits(u);
        int e = (bits - 0x3f2aaaab) & 0xff800000;
        float m = Float.intBitsToFloat(bits - e) - 1.0f;
        float f = e == 0 ? -c : m;
        float logU = Math.fma((float) (e >> 23), 0.693147182f, Approx.logNearOne(f));
        return Approx.squareRoot(-2.0f * logU);
    }

    /** {@code into[at + 2 i]} and the next: radius times cosine and sine of {@code angle[i]} 2^-32 turns. */
    static void pairs(int[] radius, int[] angle, int from, int to, float[] into, int at) {
        for (int i = from; i < to; i++) {
            float length = radius(radius[i]);
            int turn = angle[i];
            int quadrant = (turn + 0x20000000) >>> 30;
            float x = (float) (turn - (quadrant << 30)) * 1.46291808e-9f;
            float sine = Approx.sine(x);
            float cosine = Approx.cosine(x);
            boolean odd = (quadrant & 1) != 0;
            float s = Float.intBitsToFloat(Float.floatToRawIntBits(odd ? cosine : sine) ^ ((quadrant & 2) << 30));
            float c = Float.intBitsToFloat(Float.floatToRawIntBits(odd ? sine : cosine) ^ (((quadrant + 1) & 2) << 30));
            into[at + 2 * i] = length * c;
            into[at + 2 * i + 1] = length * s;
        }
    }
}
