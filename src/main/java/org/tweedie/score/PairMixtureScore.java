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
public record PairMixtureScore(PairMixture pairs) implements Field {
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

    /** (x, v, t) to the score: shares of the components by their densities, each the precision's row of v. */
    private Formula formula() {
        GaussianMixture data = pairs.data();
        int width = data.dimension();
        int components = data.components();
        FormulaWriter f = Formula.writer("score of velocity");
        Value x = f.input(width);
        Value v = f.input(width);
        Value at = f.curves(curves(), f.input(1));
        Value[] logs = new Value[components];
        Value[] pulls = new Value[components];
        for (int k = 0; k < components; k++) {
            Value mean = f.literal(data.mean(k));
            Value dx = x.minus(mean.times(at.at(0)));
            Value dv = v.minus(mean.times(at.at(1)));
            Value xx = at.at(2 + 4 * k);
            Value xv = at.at(3 + 4 * k);
            Value vv = at.at(4 + 4 * k);
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
        Value total = f.number(0);
        Value sum = f.literal(new double[width]);
        for (int k = 0; k < components; k++) {
            Value share = logs[k].minus(most).exp();
            total = total.plus(share);
            sum = sum.plus(pulls[k].times(share));
        }
        return f.output(sum.over(total)).formula();
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
