package org.tweedie.bridge;

import org.tweedie.train.Dataset;
import org.tweedie.train.Normaliser;

/**
 * A normal law of rows given their conditions, N(m(y), diag s(y)^2), that a conditional bridge starts from: p_ref(x | y) of Shi et al.
 * (UAI 2022, arXiv 2202.13460). One law for all y makes their CDSB, one that knows y their CDSB-C. In the units of the data, conditions side by side.
 * Immutable; any thread.
 */
@FunctionalInterface
public interface ConditionalLaw {
    /**
     * Fills mean and standard deviations.
     *
     * @param deviation positive
     */
    void at(double[] y, double[] mean, double[] deviation);

    /** N(0, I) for all y. */
    static ConditionalLaw standard() {
        return FittedLaw.standard();
    }

    /** The means and deviations of the columns of x, for all y. */
    static ConditionalLaw columns(Dataset data) {
        Normaliser fit = Normaliser.fit(data, Dataset.X).normaliser();
        return FittedLaw.columns(fit.means(), fit.scales());
    }

    /**
     * The regression of x on y: m(y) by least squares, s the deviation of what it leaves. With affine features the law that an ensemble Kalman filter
     * takes p(x | y) for.
     *
     * @throws IllegalArgumentException if the data have no conditions, or as {@link Ridge#fit}
     */
    static ConditionalLaw regression(Dataset data, Features.Basis basis, double penalty) {
        int width = data.port(Dataset.X).width();
        if (data.width() == width) {
            throw new IllegalArgumentException(
                    "a regression on conditions needs some; name one by given(port, columns), got " + data.ports());
        }
        double[][] x = new double[data.rows()][width];
        double[][] y = new double[data.rows()][data.width() - width];
        for (int i = 0; i < data.rows(); i++) {
            for (int j = 0; j < data.width(); j++) {
                double value = data.values()[i * data.width() + j];
                if (j < width) {
                    x[i][j] = value;
                } else {
                    y[i][j - width] = value;
                }
            }
        }
        return regression(x, y, basis, penalty);
    }

    /**
     * The same of rows in double.
     *
     * @param x [row][coordinate]
     * @param y [row][condition]
     */
    static ConditionalLaw regression(double[][] x, double[][] y, Features.Basis basis, double penalty) {
        Ridge ridge = Ridge.fit(basis.of(y), y, x, penalty);
        double[][] left = ridge.residual();
        double[] deviations = new double[left.length];
        for (int j = 0; j < left.length; j++) {
            deviations[j] = StrictMath.sqrt(left[j][j]);
            if (!(deviations[j] > 0)) {
                throw new IllegalArgumentException("coordinate " + (j + 1)
                        + " of x follows from the conditions with deviation " + deviations[j] + "; leave it out");
            }
        }
        return LawSpec.of(basis, penalty)
                .<ConditionalLaw>map(spec -> FittedLaw.regression(spec, ridge.fitted(), deviations))
                .orElse((given, mean, deviation) -> {
                    System.arraycopy(ridge.at(given), 0, mean, 0, mean.length);
                    System.arraycopy(deviations, 0, deviation, 0, deviation.length);
                });
    }
}
