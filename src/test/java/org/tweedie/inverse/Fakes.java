package org.tweedie.inverse;

import java.util.List;
import org.tweedie.device.Device;
import org.tweedie.plan.AffineField;
import org.tweedie.plan.Space;
import org.tweedie.score.Differentiable;
import org.tweedie.score.Evaluator;
import org.tweedie.score.Guide;
import org.tweedie.score.Signature;
import org.tweedie.score.Tape;
import org.tweedie.sde.Sde;

/** What stands for a score where only the plan is looked at, and the gradients of guides in double. */
final class Fakes {
    private Fakes() {}

    /** A score that is never evaluated. */
    static Differentiable differentiable(Space space) {
        return new Differentiable() {
            @Override
            public Signature signature() {
                return new Signature(
                        List.of(new Signature.Port("x", space)), List.of(new Signature.Port("score", space)));
            }

            @Override
            public Tape tape(Device device, int rows) {
                throw new AssertionError("a plan alone opens nothing");
            }

            @Override
            public Evaluator open(Device device, int rows) {
                throw new AssertionError("a plan alone opens nothing");
            }
        };
    }

    static Observation observation(Guide guide) {
        if (guide instanceof AnnealedLikelihood annealed) {
            return annealed.observation();
        } else if (guide instanceof DiffusionPosterior dps) {
            return dps.observation();
        } else if (guide instanceof PseudoInverseGuidance pigdm) {
            return pigdm.observation();
        } else if (guide instanceof Ddrm ddrm) {
            return ddrm.observation();
        }
        return ((Replacement) guide).observation();
    }

    /**
     * (x, y; t) to (score, J' A'(y - A D)), or (x, y~, gains; t) to (score, J' V gains (y~ - V' D)), of an affine score: written
     * apart from the code under test, from the formulas in the guides' documentation.
     */
    static AffineField gradient(Guide guide, Sde sde, AffineField score) {
        boolean pseudo = guide instanceof PseudoInverseGuidance;
        Observation observation = observation(guide);
        int d = sde.space().width();
        return t -> {
            AffineField.Affine s = score.at(t);
            double alpha = sde.alpha(t);
            double var = sde.sigma(t) * sde.sigma(t);
            double[][] a = observation.operator().matrix();
            double[][] left; // how the rest y - A D becomes the cotangent
            double[][] see; // what D is seen through
            if (pseudo) {
                Svd svd = observation.operator().svd();
                double[][] v = svd.v().matrix();
                double c = ((PseudoInverseGuidance) guide).deviation();
                double n2 = var / (alpha * alpha);
                double r2 = n2 * c * c / (n2 + c * c);
                int rank = svd.values().length;
                see = new double[rank][d];
                left = new double[d][rank];
                for (int k = 0; k < rank; k++) {
                    double q = observation.noise() / svd.values()[k];
                    for (int i = 0; i < d; i++) {
                        see[k][i] = v[i][k];
                        left[i][k] = v[i][k] / (r2 + q * q);
                    }
                }
            } else {
                see = a;
                left = new double[d][a.length];
                for (int i = 0; i < d; i++) {
                    for (int k = 0; k < a.length; k++) {
                        left[i][k] = a[k][i];
                    }
                }
            }
            int m = see.length;
            int more = pseudo ? 2 * m : m;
            double[][] matrix = new double[2 * d][d + more];
            double[] offset = new double[2 * d];
            double[][] j = new double[d][d]; // D = J x + j0
            double[] j0 = new double[d];
            for (int i = 0; i < d; i++) {
                for (int k = 0; k < d; k++) {
                    matrix[i][k] = s.matrix()[i][k];
                    j[i][k] = ((i == k ? 1 : 0) + var * s.matrix()[i][k]) / alpha;
                }
                offset[i] = s.offset()[i];
                j0[i] = var * s.offset()[i] / alpha;
            }
            for (int i = 0; i < d; i++) {
                for (int k = 0; k < m; k++) {
                    double back = 0; // (J' left)[i][k]
                    for (int l = 0; l < d; l++) {
                        back += j[l][i] * left[l][k];
                    }
                    matrix[d + i][d + k] = back;
                    for (int l = 0; l < d; l++) {
                        offset[d + i] -= back * see[k][l] * j0[l];
                        for (int c = 0; c < d; c++) {
                            matrix[d + i][c] -= back * see[k][l] * j[l][c];
                        }
                    }
                }
            }
            return new AffineField.Affine(matrix, offset);
        };
    }
}
