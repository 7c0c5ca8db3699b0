package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;

class MixtureScoreTest {
    private static final double[] SHARES = {0.5, 0.2, 0.25, 0.05};

    /** A mixture in double; numbers are those of f32. */
    private record Mixture(int dim, int width, float[] logWeight, float[] mean, float[] variance) {
        static Mixture of(int dim, boolean diagonal) {
            Random random = new Random(dim);
            int width = diagonal ? dim : 1;
            float[] logWeight = new float[SHARES.length];
            float[] mean = new float[SHARES.length * dim];
            float[] variance = new float[SHARES.length * width];
            for (int k = 0; k < SHARES.length; k++) {
                logWeight[k] = (float) Math.log(SHARES[k]);
            }
            for (int i = 0; i < mean.length; i++) {
                mean[i] = (float) (2 * random.nextGaussian());
            }
            for (int i = 0; i < variance.length; i++) {
                variance[i] = (float) (0.05 + random.nextDouble());
            }
            return new Mixture(dim, width, logWeight, mean, variance);
        }

        double logDensity(double[] x, double alpha, double sigma) {
            double most = Double.NEGATIVE_INFINITY;
            double[] terms = new double[logWeight.length];
            for (int k = 0; k < terms.length; k++) {
                double term = logWeight[k];
                for (int d = 0; d < dim; d++) {
                    double v = alpha * alpha * variance[k * width + (width == 1 ? 0 : d)] + sigma * sigma;
                    double apart = x[d] - alpha * mean[k * dim + d];
                    term -= 0.5 * (apart * apart / v + Math.log(2 * Math.PI * v));
                }
                terms[k] = term;
                most = Math.max(most, term);
            }
            double sum = 0;
            for (double term : terms) {
                sum += Math.exp(term - most);
            }
            return most + Math.log(sum);
        }

        /** The score as the slope of the log density: shares no formula with the kernel. */
        double score(double[] x, int d, double alpha, double sigma) {
            double h = 1e-5 * sigma;
            double[] up = x.clone();
            double[] down = x.clone();
            up[d] += h;
            down[d] -= h;
            return (logDensity(up, alpha, sigma) - logDensity(down, alpha, sigma)) / (2 * h);
        }
    }

    private static float[] run(Lab lab, Mixture mixture, float[] x, int n, float[] alpha, float[] sigma) {
        int dim = mixture.dim;
        int one = alpha.length == 1 ? 0 : 1;
        DeviceBuffer out = lab.untouched(n * dim + n);
        MixtureScore.Mixture on = new MixtureScore.Mixture(
                View.shared(lab.floats(mixture.logWeight), 0, SHARES.length),
                View.rows(lab.floats(mixture.mean), dim),
                View.rows(lab.floats(mixture.variance), mixture.width));
        MixtureScore.run(
                lab.stream(),
                lab.rows(0, 0, n),
                View.rows(lab.floats(x), dim),
                on,
                new View(lab.floats(alpha), 0, 1, one),
                new View(lab.floats(sigma), 0, 1, one),
                View.rows(out, dim),
                new View(out, (long) n * dim, 1, 1));
        return lab.read(out);
    }

    /**
     * Bounds: a log term is a sum of 2 dim numbers of size s, off by (2 dim + 4) 2^-24 s, and so, relatively, is a share; the
     * score is a mean of pulls of size |score| + 2/sigma under shares, off by that times the pull.
     */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void isTheSlopeOfTheLogDensity(Device device) {
        for (int n : Lab.SIZES) {
            for (int dim : Lab.DIMS) {
                Mixture mixture = Mixture.of(dim, n % 2 == 1);
                Random random = new Random(n);
                float[] x = new float[n * dim];
                float[] alpha = new float[n == 31 ? 1 : n];
                float[] sigma = new float[alpha.length];
                for (int r = 0; r < alpha.length; r++) {
                    double angle = 0.1 + 1.4 * random.nextDouble();
                    alpha[r] = (float) Math.cos(angle);
                    sigma[r] = (float) Math.sin(angle);
                }
                for (int i = 0; i < x.length; i++) {
                    x[i] = (float) (2 * random.nextGaussian());
                }
                String what = n + " x " + dim;
                float[] got = Lab.sameOnOneThread(device, what, lab -> run(lab, mixture, x, n, alpha, sigma));
                for (int r = 0; r < n; r += 1 + n / 40) {
                    double[] at = new double[dim];
                    for (int d = 0; d < dim; d++) {
                        at[d] = x[r * dim + d];
                    }
                    double a = alpha[alpha.length == 1 ? 0 : r];
                    double s = sigma[alpha.length == 1 ? 0 : r];
                    double log = mixture.logDensity(at, a, s);
                    double size = Math.abs(log) + 4 * dim + 4;
                    double off = (2 * dim + 4) * 0x1p-24 * size;
                    assertEquals(log, got[n * dim + r], off, what + ": log density " + r);
                    for (int d = 0; d < dim; d++) {
                        double score = mixture.score(at, d, a, s);
                        double pull = Math.abs(score) + (Math.abs(at[d]) + 8) / (s * s);
                        assertEquals(
                                score,
                                got[r * dim + d],
                                (4 * off + 8 * 0x1p-24) * pull + 0x1p-52 * size / (1e-5 * s), // and of the difference
                                what + ": score " + r + ", " + d);
                    }
                }
            }
        }
    }

    /** Far away one component is all that is left, and nothing overflows. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void survivesFarFromTheMixture(Device device) {
        Mixture mixture = new Mixture(
                1,
                1,
                new float[] {(float) Math.log(0.5), (float) Math.log(0.5), 0, 0},
                new float[] {-1, 1, 0, 0},
                new float[] {0.01f, 0.01f, 0.01f, 0.01f});
        float[] got = Lab.on(
                device, lab -> run(lab, mixture, new float[] {1e6f, -1e6f}, 2, new float[] {1f}, new float[] {0.1f}));
        // distance, variance (its two constants, square and sum) and quotient: 6 roundings in all
        assertEquals(-(1e6 - 1) / 0.02, got[0], 6 * 0x1p-24 * 5e7);
        assertEquals((1e6 - 1) / 0.02, got[1], 6 * 0x1p-24 * 5e7);
    }
}
