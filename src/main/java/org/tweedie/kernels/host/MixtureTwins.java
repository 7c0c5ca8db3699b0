package org.tweedie.kernels.host;

import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.RowSet;

/** Twin of kernels/score/mixture.cu. Stateless. */
public final class MixtureTwins {
    private MixtureTwins() {}

    public static void score(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 0);
        Mixture mixture = new Mixture(
                a.int32(3),
                a.int32(4),
                a.floats(5),
                a.offset(5),
                a.floats(6),
                a.offset(6),
                a.floats(7),
                a.offset(7),
                a.int32(8));
        int dim = mixture.dim;
        float[] x = a.floats(1);
        float[] score = a.floats(13);
        Live.each(rows, team, Math.max(1, 4096 / Math.max(1, dim * mixture.components)), (from, to) -> {
            for (int r = from; r < to; r++) {
                float alpha = a.floats(9)[a.offset(9) + r * a.int32(10)];
                float sigma = a.floats(11)[a.offset(11) + r * a.int32(12)];
                float log = mixture.score(
                        x, a.offset(1) + r * a.int32(2), alpha, sigma, score, a.offset(13) + r * a.int32(14));
                if (!a.isNull(15)) {
                    a.floats(15)[a.offset(15) + r * a.int32(16)] = log;
                }
            }
        });
    }

    private record Mixture(
            int dim,
            int components,
            float[] logWeight,
            int logWeightAt,
            float[] mean,
            int meanAt,
            float[] variance,
            int varianceAt,
            int varianceWidth) {

        /** Writes the score and gives the log density. */
        float score(float[] x, int xAt, float alpha, float sigma, float[] out, int at) {
            float most = -Float.MAX_VALUE;
            for (int k = 0; k < components; k++) {
                float term = logTerm(k, x, xAt, alpha, sigma);
                most = term > most ? term : most;
            }
            for (int d = 0; d < dim; d++) {
                out[at + d] = 0;
            }
            float total = 0;
            for (int k = 0; k < components; k++) {
                float share = Approx.exp(logTerm(k, x, xAt, alpha, sigma) - most);
                total += share;
                float pull = 0;
                for (int d = 0; d < dim; d++) {
                    if (d == 0 || varianceWidth > 1) {
                        pull = share * Approx.reciprocal(spread(k, d, alpha, sigma));
                    }
                    out[at + d] = Math.fma(pull, Math.fma(alpha, mean[meanAt + k * dim + d], -x[xAt + d]), out[at + d]);
                }
            }
            float inverse = Approx.reciprocal(total);
            for (int d = 0; d < dim; d++) {
                out[at + d] *= inverse;
            }
            return Math.fma((float) dim, -0.918938533f, most + Approx.log(total));
        }

        private float spread(int k, int d, float alpha, float sigma) {
            return Math.fma(alpha * alpha, variance[varianceAt + k * varianceWidth + d], sigma * sigma);
        }

        private float logTerm(int k, float[] x, int xAt, float alpha, float sigma) {
            float sum = 0;
            float precision = 0;
            float logSpread = 0;
            for (int d = 0; d < dim; d++) {
                if (d == 0 || varianceWidth > 1) {
                    float spread = spread(k, d, alpha, sigma);
                    precision = Approx.reciprocal(spread);
                    logSpread = Approx.log(spread);
                }
                float apart = Math.fma(alpha, mean[meanAt + k * dim + d], -x[xAt + d]);
                sum = Math.fma(apart * precision, apart, sum) + logSpread;
            }
            return Math.fma(-0.5f, sum, logWeight[logWeightAt + k]);
        }
    }
}
