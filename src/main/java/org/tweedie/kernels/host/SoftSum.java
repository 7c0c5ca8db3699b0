package org.tweedie.kernels.host;

/** A sum of exponentials as e^top sum, so that none overflows (kernels/metric/pairs.cuh). For one thread. */
final class SoftSum {
    /** An exponent that is not there. */
    static final float NONE = -Float.MAX_VALUE;

    private float top = NONE;
    private double sum;

    void clear() {
        top = NONE;
        sum = 0;
    }

    float top() {
        return top;
    }

    double sum() {
        return sum;
    }

    /** Four exponents at once. */
    void take(float[] exponent, int at) {
        float most = NONE;
        for (int c = 0; c < 4; c++) {
            most = exponent[at + c] > most ? exponent[at + c] : most;
        }
        if (most > top) {
            sum *= Approx.exp(top - most);
            top = most;
        }
        if (most > NONE) {
            sum += (Approx.exp(exponent[at] - top) + Approx.exp(exponent[at + 1] - top))
                    + (Approx.exp(exponent[at + 2] - top) + Approx.exp(exponent[at + 3] - top));
        }
    }

    void join(float otherTop, double otherSum) {
        if (!(otherTop > NONE)) {
            return;
        }
        if (otherTop > top) {
            sum = sum * Approx.exp(top - otherTop) + otherSum;
            top = otherTop;
        } else {
            sum = sum + otherSum * Approx.exp(otherTop - top);
        }
    }
}
