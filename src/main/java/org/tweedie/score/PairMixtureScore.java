package org.tweedie.score;

import java.util.List;
import org.tweedie.device.Device;
import org.tweedie.plan.Curves;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.sde.CldSde;
import org.tweedie.sde.Coefficients;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.PairMixture;

/**
 * The exact score of velocity of Gaussian-mixture data under {@link CldSde}, grad_v ln p_t(x, v): what a network would learn. A formula, on every
 * device with the same bits. Components must be round, N(m, s I). Immutable, shared by threads.
 */
public record PairMixtureScore(PairMixture pairs) implements Differentiable {
    public PairMixtureScore {
        GaussianMixture data = pairs.data();
        if (pairs.sde().space().width() != data.dimension()) {
            throw new IllegalArgumentException(
                    "the process is " + pairs.sde().space().width() + " wide, the mixture " + data.dimension());
        }
        for (int k = 0; k < data.components(); k++) {
            double[][] covariance = data.covariance(k);
            for (int i = 0; i < covariance.length; i++) {
                for (int j = 0; j < covariance.length; j++) {
                    if (covariance[i][j] != (i == j ? covariance[0][0] : 0)) {
                        throw new IllegalArgumentException("components must be round, N(m, s I); component " + k
                                + " has " + covariance[i][j] + " at (" + i + ", " + j + ")");
                    }
                }
            }
        }
    }

    @Override
    public Signature signature() {
        var space = pairs.sde().space();
        return new Signature(
                List.of(new Signature.Port("x", space), new Signature.Port(CldSde.VELOCITY, space)),
                List.of(new Signature.Port("score", space)));
    }

    @Override
    public Evaluator open(Device device, int rows) {
        return new FormulaEvaluator(signature(), formula(), true, device, rows);
    }

    @Override
    public Tape tape(Device device, int rows) {
        return new PairMixtureTape(signature(), formula(), List.of(along(true), along(false)), back(), device, rows);
    }

    /** (x, v, t) to the score: shares of the components by their densities, each the precision's row of v. */
    private Formula formula() {
        FormulaWriter f = Formula.writer("score of velocity");
        Value x = f.input(width());
        Value v = f.input(width());
        Shares shares = new Shares(f, x, v, f.input(1));
        return f.output(shares.mean(shares.pulls)).formula();
    }

    /** (x, v, direction, t) to the derivative of the score along x or v: that of the components' own, and of their shares. */
    private Formula along(boolean position) {
        FormulaWriter f = Formula.writer("derivative of the score of velocity");
        Value x = f.input(width());
        Value v = f.input(width());
        Value direction = f.input(width());
        Shares shares = new Shares(f, x, v, f.input(1));
        return f.output(shares.product(position, direction, false)).formula();
    }

    /** (x, v, c, t) to the gradients of c . score by x and by v. */
    private Formula back() {
        FormulaWriter f = Formula.writer("way back through the score of velocity");
        Value x = f.input(width());
        Value v = f.input(width());
        Value c = f.input(width());
        Shares shares = new Shares(f, x, v, f.input(1));
        return f.output(shares.product(true, c, true))
                .output(shares.product(false, c, true))
                .formula();
    }

    private int width() {
        return pairs.data().dimension();
    }

    /** Of each component at (x, v, t): its share, and its scores of position and of velocity. */
    private final class Shares {
        private final FormulaWriter f;
        private final Value at;
        private final Value[] shares;
        private final Value[] pulls;
        private final Value[] positions;
        private final Value total;

        Shares(FormulaWriter f, Value x, Value v, Value t) {
            this.f = f;
            GaussianMixture data = pairs.data();
            int components = data.components();
            at = f.curves(curves(), t);
            Value[] logs = new Value[components];
            pulls = new Value[components];
            positions = new Value[components];
            for (int k = 0; k < components; k++) {
                Value mean = f.literal(data.mean(k));
                Value dx = x.minus(mean.times(at.at(0)));
                Value dv = v.minus(mean.times(at.at(1)));
                Value xx = at.at(2 + 4 * k);
                Value xv = at.at(3 + 4 * k);
                Value vv = at.at(4 + 4 * k);
                positions[k] = dx.times(xx).plus(dv.times(xv)).negated();
                pulls[k] = dx.times(xv).plus(dv.times(vv)).negated();
                logs[k] = dx.dot(dx.times(xx).plus(dv.times(xv).times(2)))
                        .plus(dv.dot(dv).times(vv))
                        .times(-0.5)
                        .plus(at.at(5 + 4 * k));
            }
            Value most = logs[0];
            for (int k = 1; k < components; k++) {
                most = most.greatest(logs[k]);
            }
            shares = new Value[components];
            Value sum = f.number(0);
            for (int k = 0; k < components; k++) {
                shares[k] = logs[k].minus(most).exp();
                sum = sum.plus(shares[k]);
            }
            total = sum;
        }

        /** The mean of the components' rows by their shares. */
        Value mean(Value[] rows) {
            Value sum = f.literal(new double[width()]);
            for (int k = 0; k < rows.length; k++) {
                sum = sum.plus(rows[k].times(shares[k]));
            }
            return sum.over(total);
        }

        /**
         * J u with J the derivative of the score by position or velocity, or J' u: the mean of -P_k u + p_k (q_k - q) . u, P_k the precision, p_k and q_k the
         * component's scores of velocity and of what the derivative is by, q the mean of those; transposed, (q_k - q) p_k . u.
         */
        Value product(boolean position, Value u, boolean transposed) {
            Value[] by = position ? positions : pulls;
            Value mean = mean(by);
            Value[] rows = new Value[by.length];
            for (int k = 0; k < rows.length; k++) {
                Value apart = by[k].minus(mean);
                Value own = u.times(at.at((position ? 3 : 4) + 4 * k)).negated();
                rows[k] = own.plus(transposed ? apart.times(pulls[k].dot(u)) : pulls[k].times(apart.dot(u)));
            }
            return mean(rows);
        }
    }

    /** Of time: the factors of the means, then of each component the precision's xx, xv, vv and ln of weight and normaliser. */
    private Curves curves() {
        GaussianMixture data = pairs.data();
        CldSde sde = pairs.sde();
        return Coefficients.of(sde, t -> {
            double[] columns = new double[2 + 4 * data.components()];
            System.arraycopy(sde.mean(t), 0, columns, 0, 2);
            for (int k = 0; k < data.components(); k++) {
                double[][] c = sde.covariance(t, data.covariance(k)[0][0], sde.initialVariance());
                double det = c[0][0] * c[1][1] - c[0][1] * c[0][1];
                columns[2 + 4 * k] = c[1][1] / det;
                columns[3 + 4 * k] = -c[0][1] / det;
                columns[4 + 4 * k] = c[0][0] / det;
                columns[5 + 4 * k] = StrictMath.log(data.weight(k)) - 0.5 * data.dimension() * StrictMath.log(det);
            }
            return columns;
        });
    }
}
