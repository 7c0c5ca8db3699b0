package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.bridge.ConditionalLaw;
import org.tweedie.bridge.Features;
import org.tweedie.bridge.Gaussian;
import org.tweedie.bridge.GaussianFitting;
import org.tweedie.bridge.Reference;
import org.tweedie.bridge.StepSizes;
import org.tweedie.device.Device;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;
import org.tweedie.score.Mlp;
import org.tweedie.sde.SquareMatrix;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/**
 * Images of 6 x 6 pixels from their 3 x 3 means of blocks, seen with noise, by a conditional bridge: the images are of a normal field, so that mean and covariance of an
 * image given what is seen are known.
 */
class SuperResolutionTest {
    private static final int SIDE = 6;
    private static final int PIXELS = SIDE * SIDE;
    private static final int BLOCKS = PIXELS / 4;
    /** Of the noise in what is seen. */
    private static final double DEVIATION = 0.1;

    private static final int ROWS = 4000;

    private final double[][] prior = new double[PIXELS][PIXELS];
    private final double[][] root;
    /** The mean of an image is gain y, its covariance {@link #covariance}. */
    private final double[][] gain = new double[PIXELS][BLOCKS];

    private final double[][] covariance = new double[PIXELS][PIXELS];

    SuperResolutionTest() {
        for (int i = 0; i < PIXELS; i++) {
            for (int j = 0; j < PIXELS; j++) {
                double down = i / SIDE - j / SIDE;
                double right = i % SIDE - j % SIDE;
                prior[i][j] = StrictMath.exp(-StrictMath.sqrt(down * down + right * right) / 3);
            }
        }
        root = SquareMatrix.cholesky(prior);
        double[][] seen = new double[BLOCKS][BLOCKS]; // covariance of what is seen
        double[][] both = new double[PIXELS][BLOCKS];
        for (int i = 0; i < PIXELS; i++) {
            for (int j = 0; j < PIXELS; j++) {
                both[i][block(j)] += prior[i][j] / 4;
                seen[block(i)][block(j)] += prior[i][j] / 16;
            }
        }
        for (int b = 0; b < BLOCKS; b++) {
            seen[b][b] += DEVIATION * DEVIATION;
        }
        double[][] lower = SquareMatrix.inverseLower(SquareMatrix.cholesky(seen));
        for (int i = 0; i < PIXELS; i++) {
            for (int b = 0; b < BLOCKS; b++) {
                for (int c = 0; c < BLOCKS; c++) {
                    for (int k = 0; k < BLOCKS; k++) {
                        gain[i][b] += both[i][c] * lower[k][c] * lower[k][b];
                    }
                }
            }
            for (int j = 0; j < PIXELS; j++) {
                covariance[i][j] = prior[i][j];
                for (int b = 0; b < BLOCKS; b++) {
                    covariance[i][j] -= gain[i][b] * both[j][b];
                }
            }
        }
    }

    private static int block(int pixel) {
        return pixel / SIDE / 2 * (SIDE / 2) + pixel % SIDE / 2;
    }

    /** An image, then its blocks. */
    private float[] image(long seed, int row) {
        Words words = Philox.words(seed, row, Purpose.DATA, 0);
        float[] image = new float[PIXELS + BLOCKS];
        for (int i = 0; i < PIXELS; i++) {
            double sum = 0;
            for (int k = 0; k <= i; k++) {
                sum += root[i][k] * words.normal(k);
            }
            image[i] = (float) sum;
        }
        float[] means = blocks(image, 0);
        for (int b = 0; b < BLOCKS; b++) {
            image[PIXELS + b] = (float) (means[b] + DEVIATION * words.normal(PIXELS + b));
        }
        return image;
    }

    private static float[] blocks(float[] rows, int at) {
        float[] means = new float[BLOCKS];
        for (int i = 0; i < PIXELS; i++) {
            means[block(i)] += rows[at + i] / 4;
        }
        return means;
    }

    private Dataset images(int rows) {
        float[] values = new float[rows * (PIXELS + BLOCKS)];
        for (int i = 0; i < rows; i++) {
            System.arraycopy(image(6, i), 0, values, i * (PIXELS + BLOCKS), PIXELS + BLOCKS);
        }
        return Dataset.of(
                values,
                IntStream.range(0, PIXELS + BLOCKS)
                        .mapToObj(i -> i < PIXELS ? "p" + i : "b" + (i - PIXELS))
                        .toArray(String[]::new));
    }

    /** What rows of images are like: means beside the closed form, variances over it, and the deviation of means of blocks, in the root of the mean square. */
    private record Likeness(double off, double spread, double blocks) {}

    private Likeness likeness(float[] rows, float[] seen) {
        int n = rows.length / PIXELS;
        double off = 0;
        double spread = 0;
        for (int i = 0; i < PIXELS; i++) {
            double exact = 0;
            for (int b = 0; b < BLOCKS; b++) {
                exact += gain[i][b] * seen[b];
            }
            double mean = 0;
            double square = 0;
            for (int r = 0; r < n; r++) {
                double apart = rows[r * PIXELS + i] - exact;
                mean += apart / n;
                square += apart * apart / n;
            }
            off += mean * mean / covariance[i][i] / PIXELS;
            spread += (square - mean * mean) / covariance[i][i] / PIXELS;
        }
        double[] mean = new double[BLOCKS];
        double square = 0;
        for (int r = 0; r < n; r++) {
            float[] means = blocks(rows, r * PIXELS);
            for (int b = 0; b < BLOCKS; b++) {
                mean[b] += means[b] / (double) n;
                square += (double) means[b] * means[b] / n / BLOCKS;
            }
        }
        for (double one : mean) {
            square -= one * one / BLOCKS;
        }
        return new Likeness(StrictMath.sqrt(off), spread, StrictMath.sqrt(square));
    }

    /** The deviation of means of blocks, in the root of the mean square, where pixels have the covariance that scales make of {@code of}. */
    private static double blocks(double[][] of, double[] scale) {
        double square = 0;
        for (int i = 0; i < PIXELS; i++) {
            for (int j = 0; j < PIXELS; j++) {
                square += block(i) == block(j) ? of[i][j] * scale[i] * scale[j] / 16 / BLOCKS : 0;
            }
        }
        return StrictMath.sqrt(square);
    }

    private static double[][] identity() {
        double[][] identity = new double[PIXELS][PIXELS];
        for (int i = 0; i < PIXELS; i++) {
            identity[i][i] = 1;
        }
        return identity;
    }

    /**
     * The regression knows means and variances, and takes pixels for independent: blocks then deviate by 0.23. In truth neighbours make up for each other, and it is 0.098; of exact
     * fitting with as many steps, which keep their noise, 0.111, and a small network comes to 0.125. Standard errors of 4000 rows are 0.016 deviations of the means, below 0.005 of all
     * variances, below 0.001 of blocks; the regression's own, of 20,000 images, 0.02 deviations. Of other blocks the images would be off by a deviation and more.
     */
    @Test
    void imagesAreSharpenedAsTheFieldHasThem() {
        Dataset data = images(20_000);
        float[] seen = Arrays.copyOfRange(image(7, 0), PIXELS, PIXELS + BLOCKS);
        String[] means = data.columns().subList(PIXELS, PIXELS + BLOCKS).toArray(String[]::new);
        StepSizes sizes = StepSizes.symmetric(16, 0.002, 0.1);
        try (Device device = Device.open("cpu")) {
            // snippet: images
            Dataset pairs = data.given("blocks", means); // 36 pixels to infer from the means of 9 blocks
            ConditionalLaw law = ConditionalLaw.regression(pairs, Features.Basis.affine(), 0);
            BridgeSpec spec = BridgeSpec.of(sizes) // 16 steps of 0.002 to 0.1
                    .withIterations(1)
                    .withNetwork(Mlp.of(96, 2))
                    .withTraining(
                            TrainSpec.steps(1000).withBatch(256).withRate(3e-3).withAverage(0.99));
            try (ConditionalBridge bridge = ConditionalBridge.fit(pairs, law, spec, device)) {
                float[] rows = bridge.posterior(seen).sample(ROWS, 3).rows(); // images, each of them sharp
                float[] less =
                        bridge.posteriorForwardBackward(seen).sample(ROWS, 3).rows();
                // end
                double[] scale = new double[PIXELS];
                double[][] correlation = new double[PIXELS][PIXELS];
                for (int i = 0; i < PIXELS; i++) {
                    scale[i] = StrictMath.sqrt(covariance[i][i]);
                    for (int j = 0; j <= i; j++) {
                        correlation[i][j] = covariance[i][j] / scale[i] / scale[j];
                        correlation[j][i] = correlation[i][j];
                    }
                }
                GaussianFitting fitting = new GaussianFitting(
                        new Gaussian(new double[PIXELS], correlation),
                        Gaussian.of(1, new double[PIXELS]),
                        Reference.ornsteinUhlenbeck(1),
                        sizes,
                        GaussianFitting.Noise.STEP);
                fitting.next();
                double exact = blocks(correlation, scale);
                double steps = blocks(fitting.end().covariance(), scale);
                double alone = blocks(identity(), scale);
                assertEquals(0.098, exact, 1e-3);
                assertEquals(0.111, steps, 1e-3);
                assertEquals(0.229, alone, 1e-3);
                for (float[] got : List.of(rows, less)) {
                    Likeness like = likeness(got, seen);
                    assertTrue(like.off < 0.12, like.toString());
                    assertEquals(1, like.spread, 0.25, like.toString());
                    assertTrue(like.blocks > 0.9 * exact && like.blocks < 1.25 * steps, like.toString());
                    float[] other = Arrays.copyOfRange(image(7, 1), PIXELS, PIXELS + BLOCKS);
                    assertTrue(likeness(got, other).off > 1, "the images are those of other blocks");
                }
            }
        }
    }
}
