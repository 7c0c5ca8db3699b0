package org.tweedie.theory;

import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.OneStep;
import org.tweedie.sde.Sde;

/**
 * A density on the line at equally spaced points. Sums over points of smooth densities are integrals up to an error that falls
 * exponentially in the spacing.
 */
record LineDensity(double first, double spacing, double[] density) {
    private static final double REACH = 9; // standard deviations: what is beyond weighs 1e-18

    int points() {
        return density.length;
    }

    double at(int i) {
        return first + i * spacing;
    }

    /** The density of one law, at points wide enough for both. */
    static LineDensity around(GaussianMixture law, GaussianMixture other, int points) {
        double low = StrictMath.min(end(law, -1), end(other, -1));
        double high = StrictMath.max(end(law, 1), end(other, 1));
        return on(new LineDensity(low, (high - low) / (points - 1), new double[points]), law);
    }

    private static double end(GaussianMixture law, int side) {
        double most = Double.NEGATIVE_INFINITY;
        for (int k = 0; k < law.components(); k++) {
            double reach = REACH * StrictMath.sqrt(law.covariance(k)[0][0]);
            most = StrictMath.max(most, side * law.mean(k)[0] + reach);
        }
        return side * most;
    }

    /** The density of a law at points as far apart as integrals of smooth functions of it need: an eighth of its least deviation. */
    static LineDensity fine(GaussianMixture law) {
        double least = Double.POSITIVE_INFINITY;
        for (int k = 0; k < law.components(); k++) {
            least = StrictMath.min(least, StrictMath.sqrt(law.covariance(k)[0][0]));
        }
        double points = StrictMath.ceil((end(law, 1) - end(law, -1)) / least * 8) + 1;
        if (points > 1e6) {
            throw new IllegalArgumentException(
                    "the components of the mixture are too narrow beside their distance: deviation " + least);
        }
        return around(law, law, (int) points);
    }

    /** A law at the same points. */
    static LineDensity on(LineDensity points, GaussianMixture law) {
        double[] density = new double[points.points()];
        double[] x = new double[1];
        for (int i = 0; i < density.length; i++) {
            x[0] = points.at(i);
            density[i] = StrictMath.exp(law.logDensity(x));
        }
        return new LineDensity(points.first, points.spacing, density);
    }

    /**
     * The density after a step: {@code x <- a x + b score(x) + c z}.
     *
     * @throws IllegalArgumentException if the step's noise is finer than the points
     */
    LineDensity after(OneStep.Update update, GaussianMixture data, Sde sde, double t, double bias) {
        double deviation = update.noise();
        if (deviation < 2 * spacing) {
            throw new IllegalArgumentException("a step's noise of " + deviation
                    + " is too fine for a density on points " + spacing + " apart; take fewer steps, or stop earlier");
        }
        double[] next = new double[points()];
        double[] x = new double[1];
        int reach = (int) StrictMath.ceil(REACH * deviation / spacing);
        double ratio = StrictMath.exp(-spacing * spacing / (deviation * deviation));
        double peak = spacing / (deviation * StrictMath.sqrt(2 * Math.PI));
        for (int i = 0; i < points(); i++) {
            if (density[i] < 1e-300) {
                continue;
            }
            x[0] = at(i);
            double mean = update.x() * x[0] + update.score() * (data.score(sde, x, t)[0] + bias);
            int middle = (int) StrictMath.rint((mean - first) / spacing);
            double off = first + middle * spacing - mean;
            double value = density[i] * peak * StrictMath.exp(-off * off / (2 * deviation * deviation));
            add(next, middle, 1, reach, value, off, deviation, ratio);
            add(next, middle - 1, -1, reach, value * factor(off, -1, deviation), off - spacing, deviation, ratio);
        }
        return new LineDensity(first, spacing, next);
    }

    /** What a Gaussian is multiplied by from a point {@code off} its mean to the next. */
    private double factor(double off, int side, double deviation) {
        return StrictMath.exp(-(2 * side * off * spacing + spacing * spacing) / (2 * deviation * deviation));
    }

    /** A Gaussian from a point to one side, each value from the last by two products. */
    private void add(
            double[] next, int from, int side, int reach, double value, double off, double deviation, double ratio) {
        double term = value;
        double factor = factor(off, side, deviation);
        for (int k = 0, j = from; k <= reach; k++, j += side) {
            if (j >= 0 && j < next.length) {
                next[j] += term;
            }
            term *= factor;
            factor *= ratio;
        }
    }

    /** KL(this | other), at the same points. */
    double kl(LineDensity other) {
        double sum = 0;
        for (int i = 0; i < points(); i++) {
            if (density[i] > 1e-40) {
                sum += density[i] * StrictMath.log(density[i] / other.density[i]) * spacing;
            }
        }
        return sum;
    }

    /** Total variation, half the integral of |p - q|. */
    double totalVariation(LineDensity other) {
        double sum = 0;
        for (int i = 0; i < points(); i++) {
            sum += StrictMath.abs(density[i] - other.density[i]) * spacing / 2;
        }
        return sum;
    }

    /** The integral of sqrt(p q), Bhattacharyya's coefficient. */
    double overlap(LineDensity other) {
        double sum = 0;
        for (int i = 0; i < points(); i++) {
            sum += StrictMath.sqrt(density[i] * other.density[i]) * spacing;
        }
        return sum;
    }

    /** The squared 2-Wasserstein distance: the mass of a point lies evenly on its cell, and both quantile functions are walked at once. */
    double squaredTransport(LineDensity other) {
        double total = mass();
        double otherTotal = other.mass();
        double sum = 0;
        int i = 0;
        int j = 0;
        double doneX = 0; // share of the cell that is used up
        double doneY = 0;
        while (i < points() && j < other.points()) {
            double massX = density[i] / total;
            double massY = other.density[j] / otherTotal;
            double leftX = massX * (1 - doneX);
            double leftY = massY * (1 - doneY);
            double mass = StrictMath.min(leftX, leftY);
            double nextX = leftX <= leftY ? 1 : doneX + mass / massX;
            double nextY = leftY <= leftX ? 1 : doneY + mass / massY;
            double start = (i + doneX - j - doneY) * spacing;
            double end = (i + nextX - j - nextY) * spacing;
            sum += mass * (start * start + start * end + end * end) / 3;
            doneX = nextX;
            doneY = nextY;
            if (doneX >= 1) {
                i++;
                doneX = 0;
            }
            if (doneY >= 1) {
                j++;
                doneY = 0;
            }
        }
        return sum;
    }

    private double mass() {
        double sum = 0;
        for (double value : density) {
            sum += value;
        }
        return sum;
    }
}
