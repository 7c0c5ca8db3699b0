package org.tweedie.metric;

import java.util.stream.IntStream;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;

/**
 * Where the rows of x go under the plan of an {@link EntropicTransport}: row i to row j of y with probability P(j | i), in proportion to
 * {@code exp((g_j - |x_i - y_j|^2) / epsilon)}. On the cores of the host in double; n m exponentials, no pair is kept. Immutable but for its
 * arrays, which nobody may change while threads share them.
 *
 * @param means for each row of x the mean of the rows of y it goes to: the barycentric projection, the map that is nearest to the plan
 * @param partners for each row of x the number of one row of y, drawn from P(. | i)
 * @param meanSquare the mean of {@code |x - y|^2} over the plan; its root is above the 2-Wasserstein distance, which it nears as epsilon falls
 * @param information {@code KL(P | X x Y)} in nats, at least 0: what knowing x says of y
 */
public record CoupledRows(Points means, int[] partners, double meanSquare, double information) {
    /**
     * The rows of a plan.
     *
     * @param seed of the partners; each is a function of it and of the row's number
     */
    public static CoupledRows of(EntropicTransport plan, long seed) {
        Points x = plan.x();
        int width = x.width();
        float[] means = new float[x.rows() * width];
        int[] partners = new int[x.rows()];
        double[] squares = new double[x.rows()];
        double[] informations = new double[x.rows()];
        IntStream.range(0, x.rows()).parallel().forEach(i -> {
            Row row = new Row(plan, i);
            System.arraycopy(row.mean(), 0, means, i * width, width);
            partners[i] = row.partner(Philox.words(seed, i, Purpose.DATA, 0).uniform(0));
            squares[i] = row.square();
            informations[i] = row.information();
        });
        return new CoupledRows(new Points(means, width), partners, mean(squares), mean(informations));
    }

    private static double mean(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum / values.length;
    }

    /** One row of x, its squared distances to the rows of y and their shares, which add up to 1. */
    private static final class Row {
        private final Points y;
        private final double[] square;
        private final double[] share;

        Row(EntropicTransport plan, int i) {
            y = plan.y();
            square = new double[y.rows()];
            share = new double[y.rows()];
            int width = y.width();
            double most = Double.NEGATIVE_INFINITY;
            for (int j = 0; j < share.length; j++) {
                for (int d = 0; d < width; d++) {
                    double apart = (double) plan.x().values()[i * width + d] - y.values()[j * width + d];
                    square[j] += apart * apart;
                }
                share[j] = (plan.g()[j] - square[j]) / plan.epsilon();
                most = Math.max(most, share[j]);
            }
            double all = 0;
            for (int j = 0; j < share.length; j++) {
                share[j] = StrictMath.exp(share[j] - most);
                all += share[j];
            }
            for (int j = 0; j < share.length; j++) {
                share[j] /= all;
            }
        }

        float[] mean() {
            double[] sum = new double[y.width()];
            for (int j = 0; j < share.length; j++) {
                for (int d = 0; d < sum.length; d++) {
                    sum[d] += share[j] * y.values()[j * sum.length + d];
                }
            }
            float[] mean = new float[sum.length];
            for (int d = 0; d < sum.length; d++) {
                mean[d] = (float) sum[d];
            }
            return mean;
        }

        /** The first row up to which the shares add up to more than {@code part} of 1. */
        int partner(double part) {
            double sum = 0;
            int last = 0;
            for (int j = 0; j < share.length && sum <= part; j++) {
                sum += share[j];
                if (share[j] > 0) {
                    last = j;
                }
            }
            return last;
        }

        double square() {
            double sum = 0;
            for (int j = 0; j < share.length; j++) {
                sum += share[j] * square[j];
            }
            return sum;
        }

        double information() {
            double sum = 0;
            for (double p : share) {
                sum += p > 0 ? p * StrictMath.log(p * share.length) : 0;
            }
            return sum;
        }
    }
}
