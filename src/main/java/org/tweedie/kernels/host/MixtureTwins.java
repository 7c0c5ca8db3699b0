package org.tweedie.kernels.host;

import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.RowSet;

/** Twins of kernels/score/mixture.cu. Stateless. */
public final class MixtureTwins {
    private MixtureTwins() {}

    public static void score(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 0);
        int dim = a.int32(3);
        Mixture mixture = new Mixture(
                dim,
                a.int32(4),
                a.floats(5),
                a.offset(5),
                a.floats(6),
                a.offset(6),
                a.floats(7),
                a.offset(7),
                a.int32(8));
        float[] x = a.floats(1);
        float[] score = a.floats(13);
        boolean oneTime = a.int32(10) == 0 && a.int32(12) == 0;
        Live.each(rows, team, Math.max(1, 4096 / Math.max(1, dim * mixture.components)), (from, to) -> {
            float[] terms = new float[mixture.components * dim * CarriedMixture.TERM];
            for (int r = from; r < to; r++) {
                float alpha = a.floats(9)[a.offset(9) + r * a.int32(10)];
                if (r == from || !oneTime) {
                    mixture.carry(alpha, a.floats(11)[a.offset(11) + r * a.int32(12)], terms, 0);
                }
                float log = new CarriedMixture(dim, mixture.components, alpha, terms, 0)
                        .score(x, a.offset(1) + r * a.int32(2), score, a.offset(13) + r * a.int32(14));
                if (!a.isNull(15)) {
                    a.floats(15)[a.offset(15) + r * a.int32(16)] = Math.fma((float) dim, -0.918938533f, log);
                }
            }
        });
    }

    public static void tangent(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 0);
        int dim = a.int32(5);
        Mixture mixture = new Mixture(
                dim,
                a.int32(6),
                a.floats(7),
                a.offset(7),
                a.floats(8),
                a.offset(8),
                a.floats(9),
                a.offset(9),
                a.int32(10));
        boolean oneTime = a.int32(12) == 0 && a.int32(14) == 0;
        Live.each(rows, team, Math.max(1, 2048 / Math.max(1, dim * mixture.components)), (from, to) -> {
            float[] terms = new float[mixture.components * dim * CarriedMixture.TERM];
            for (int r = from; r < to; r++) {
                float alpha = a.floats(11)[a.offset(11) + r * a.int32(12)];
                if (r == from || !oneTime) {
                    mixture.carry(alpha, a.floats(13)[a.offset(13) + r * a.int32(14)], terms, 0);
                }
                new CarriedMixture(dim, mixture.components, alpha, terms, 0)
                        .tangent(
                                a.floats(1),
                                a.offset(1) + r * a.int32(2),
                                a.floats(3),
                                a.offset(3) + r * a.int32(4),
                                a.floats(15),
                                a.offset(15) + r * a.int32(16));
            }
        });
    }

    public static void terms(Arguments a, Team team) {
        int times = a.int32(2);
        int components = a.int32(3);
        int dim = a.int32(4);
        Mixture mixture = new Mixture(
                dim, components, a.floats(5), a.offset(5), a.floats(6), a.offset(6), a.floats(7), a.offset(7), dim);
        int each = components * dim * CarriedMixture.TERM;
        team.forRange(times, Math.max(1, 4096 / Math.max(1, each)), (from, to) -> {
            for (int t = (int) from; t < to; t++) {
                mixture.carry(
                        a.floats(0)[a.offset(0) + t],
                        a.floats(1)[a.offset(1) + t],
                        a.floats(8),
                        a.offset(8) + t * each);
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

        void carry(float alpha, float sigma, float[] terms, int at) {
            for (int k = 0; k < components; k++) {
                for (int d = 0; d < dim; d++) {
                    CarriedMixture.carry(
                            mean[meanAt + k * dim + d],
                            variance[varianceAt + k * varianceWidth + Math.min(d, varianceWidth - 1)],
                            logWeight[logWeightAt + k],
                            alpha,
                            sigma * sigma,
                            terms,
                            at + (k * dim + d) * CarriedMixture.TERM);
                }
            }
        }
    }
}
