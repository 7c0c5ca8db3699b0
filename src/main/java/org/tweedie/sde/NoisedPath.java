package org.tweedie.sde;

import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;

/**
 * A clean row y under noise, along one path instead of afresh: y_s given y and y_t, where the path was before. With k the lesser of n_s/n_t and n_t/n_s,
 * n = sigma/alpha, and z fresh,
 *
 * <pre>
 * y_s = alpha_s (1 - k^2) y + k sigma_s/sigma_t y_t + sigma_s sqrt(1 - k^2) z    where noise falls: p(y_s | y, y_t)
 * y_s =                     alpha_s/alpha_t y_t + sigma_s sqrt(1 - k^2) z        where it does not: p(y_s | y_t), the process itself
 * </pre>
 *
 * <p>Either way y_s is alpha_s y + sigma_s z alone, and a path that falls has the joint law of the process at its times: y_s/alpha_s is y plus Brownian motion at n_s^2.
 * Where s = t it is y_t. The first line with sigma alone is the backward path of Batzolis et al., arXiv 2111.13606. Stateless.
 */
public final class NoisedPath {
    private NoisedPath() {}

    /** Weights of y, y_t and z in y_s. */
    public static double[] weights(Sde sde, double t, double s) {
        double rises = sde.sigma(s) * sde.alpha(t);
        double falls = sde.sigma(t) * sde.alpha(s);
        if (rises < falls) {
            double k = rises / falls;
            double rest = (1 - k) * (1 + k);
            return new double[] {
                sde.alpha(s) * rest, k * sde.sigma(s) / sde.sigma(t), sde.sigma(s) * StrictMath.sqrt(rest)
            };
        }
        double k = rises == falls ? 1 : falls / rises;
        return new double[] {0, sde.alpha(s) / sde.alpha(t), sde.sigma(s) * StrictMath.sqrt((1 - k) * (1 + k))};
    }

    /**
     * y, y_t and z, (alpha, sigma) at t and (alpha, sigma) at s to y_s, for rows at times of their own. Where alpha is 0 at t the path begins: y_s is
     * alpha_s y + sigma_s z, whatever y_t is.
     *
     * @param width of y
     */
    public static Formula perRow(int width) {
        FormulaWriter f = Formula.writer("on along the path");
        Value clean = f.input(width);
        Value before = f.input(width);
        Value noise = f.input(width);
        Value t = f.input(2);
        Value s = f.input(2);
        Value rises = s.at(1).times(t.at(0));
        Value falls = t.at(1).times(s.at(0));
        Value less = falls.minus(rises);
        Value k = less.select(rises.over(falls), falls.over(rises));
        Value rest = f.number(1).minus(k).times(k.plus(1));
        Value ofClean = less.select(s.at(0).times(rest), f.number(0));
        Value ofBefore = less.select(k.times(s.at(1)).over(t.at(1)), s.at(0).over(t.at(0)));
        Value ofNoise = s.at(1).times(rest.root());
        return f.output(clean.times(ofClean).plus(before.times(ofBefore)).plus(noise.times(ofNoise)))
                .formula();
    }
}
