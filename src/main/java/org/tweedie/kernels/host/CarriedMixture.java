package org.tweedie.kernels.host;

/**
 * A Gaussian mixture carried to a time, as kernels/score/mixture.cuh scores it.
 *
 * @param terms for each component and coordinate (mean, precision, log spread, log weight), from {@code at} on
 */
record CarriedMixture(int dim, int components, float alpha, float[] terms, int at) {
    /** Floats a term. */
    static final int TERM = 4;

    /** Writes a term; {@code square} is sigma squared. */
    static void carry(float mean, float variance, float logWeight, float alpha, float square, float[] terms, int at) {
        float spread = Math.fma(alpha * alpha, variance, square);
        terms[at] = mean;
        terms[at + 1] = Approx.reciprocal(spread);
        terms[at + 2] = Approx.log(spread);
        terms[at + 3] = logWeight;
    }

    /** Writes the score and gives the log density without its constant. */
    float score(float[] x, int xAt, float[] out, int outAt) {
        float most = -Float.MAX_VALUE;
        for (int k = 0; k < components; k++) {
            float term = logTerm(k, x, xAt);
            most = term > most ? term : most;
        }
        for (int d = 0; d < dim; d++) {
            out[outAt + d] = 0;
        }
        float total = 0;
        for (int k = 0; k < components; k++) {
            float share = Approx.exp(logTerm(k, x, xAt) - most);
            total += share;
            for (int d = 0; d < dim; d++) {
                int term = term(k, d);
                out[outAt + d] =
                        Math.fma(share * terms[term + 1], Math.fma(alpha, terms[term], -x[xAt + d]), out[outAt + d]);
            }
        }
        float inverse = Approx.reciprocal(total);
        for (int d = 0; d < dim; d++) {
            out[outAt + d] *= inverse;
        }
        return most + Approx.log(total);
    }

    /** Writes the derivative of the score along v. */
    void tangent(float[] x, int xAt, float[] v, int vAt, float[] out, int outAt) {
        float most = -Float.MAX_VALUE;
        for (int k = 0; k < components; k++) {
            float term = logTerm(k, x, xAt);
            most = term > most ? term : most;
        }
        float total = 0;
        float mean = 0;
        for (int k = 0; k < components; k++) {
            float share = Approx.exp(logTerm(k, x, xAt) - most);
            total += share;
            mean = Math.fma(share, along(k, x, xAt, v, vAt), mean);
        }
        float inverse = Approx.reciprocal(total);
        mean *= inverse;
        for (int d = 0; d < dim; d++) {
            out[outAt + d] = 0;
        }
        for (int k = 0; k < components; k++) {
            float share = Approx.exp(logTerm(k, x, xAt) - most) * inverse;
            float apart = along(k, x, xAt, v, vAt) - mean;
            for (int d = 0; d < dim; d++) {
                int term = term(k, d);
                float pull = Math.fma(Math.fma(alpha, terms[term], -x[xAt + d]), apart, -v[vAt + d]);
                out[outAt + d] = Math.fma(share * terms[term + 1], pull, out[outAt + d]);
            }
        }
    }

    private float along(int k, float[] x, int xAt, float[] v, int vAt) {
        float sum = 0;
        for (int d = 0; d < dim; d++) {
            int term = term(k, d);
            sum = Math.fma(Math.fma(alpha, terms[term], -x[xAt + d]) * terms[term + 1], v[vAt + d], sum);
        }
        return sum;
    }

    private int term(int k, int d) {
        return at + (k * dim + d) * TERM;
    }

    private float logTerm(int k, float[] x, int xAt) {
        float sum = 0;
        for (int d = 0; d < dim; d++) {
            int term = term(k, d);
            float apart = Math.fma(alpha, terms[term], -x[xAt + d]);
            sum = Math.fma(apart * terms[term + 1], apart, sum) + terms[term + 2];
        }
        return Math.fma(-0.5f, sum, terms[term(k, 0) + 3]);
    }
}
