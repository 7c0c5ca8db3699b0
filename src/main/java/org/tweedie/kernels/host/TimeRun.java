package org.tweedie.kernels.host;

/** Features of the times of a few rows, computed together; scratch of one thread. */
final class TimeRun {
    /** The most rows of a run that is not somebody's tile. */
    static final int ROWS = 64;

    private static final ThreadLocal<TimeRun> MINE = ThreadLocal.withInitial(TimeRun::new);

    private float[] frequencies = new float[0];
    private int at;
    private int n;
    private int count;
    private float[] turns = new float[0];
    private float[] sines = new float[0];
    private float[] cosines = new float[0];

    /** The calling thread's, empty, for {@code rows} rows at most of {@code n} frequencies each. */
    static TimeRun start(int rows, float[] frequencies, int at, int n) {
        TimeRun run = MINE.get();
        run.frequencies = frequencies;
        run.at = at;
        run.n = n;
        run.count = 0;
        if (run.turns.length < rows * n) {
            run.turns = new float[rows * n];
            run.sines = new float[rows * n];
            run.cosines = new float[rows * n];
        }
        return run;
    }

    /** The next row's time. */
    void add(float time) {
        for (int k = 0; k < n; k++) {
            turns[count + k] = fraction(frequencies[at + k], time);
        }
        count += n;
    }

    /** All rows are there. */
    void finish() {
        Simd.best().turns(turns, count, sines, cosines);
    }

    /** Sines, then cosines of the run's row {@code r}. */
    void copy(int r, float[] out, int into) {
        System.arraycopy(sines, r * n, out, into, n);
        System.arraycopy(cosines, r * n, out, into + n, n);
    }

    /** f t less its nearest integer, rounded once: fused multiply-add keeps what the rounded product lost. */
    private static float fraction(float f, float t) {
        float product = f * t;
        float size = Math.abs(product);
        float whole = size < 8388608f ? (size + 8388608f) - 8388608f : size;
        return Math.fma(f, t, product < 0f ? whole : -whole);
    }
}
