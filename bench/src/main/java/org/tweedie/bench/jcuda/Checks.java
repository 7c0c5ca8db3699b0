package org.tweedie.bench.jcuda;

import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** What every peer's answers are held to before they are timed; the same as in {@code peers/workloads.py}. */
final class Checks {
    private static final int ROWS = 1024;
    private static final int SPLITS = 1000;

    private Checks() {}

    /** That samples are of the law of others: their energy distance is no larger than that of any of 1000 random splits of both together. */
    static String sameLaw(float[] samples, float[] others, int dim) {
        int rows = Math.min(ROWS, Math.min(samples.length, others.length) / dim);
        int all = 2 * rows;
        float[][] points = new float[all][];
        for (int i = 0; i < all; i++) {
            float[] from = i < rows ? samples : others;
            points[i] = Arrays.copyOfRange(from, i % rows * dim, (i % rows + 1) * dim);
        }
        double[][] distance = new double[all][];
        IntStream.range(0, all).parallel().forEach(i -> {
            distance[i] = new double[i];
            for (int j = 0; j < i; j++) {
                double square = 0;
                for (int d = 0; d < dim; d++) {
                    square += Math.pow(points[i][d] - points[j][d], 2);
                }
                distance[i][j] = Math.sqrt(square);
            }
        });
        byte[] sign = new byte[all];
        Arrays.fill(sign, 0, rows, (byte) 1);
        Arrays.fill(sign, rows, all, (byte) -1);
        double got = energy(distance, sign, rows);
        double[] splits = IntStream.range(0, SPLITS)
                .parallel()
                .mapToDouble(s -> energy(distance, shuffled(sign, s), rows))
                .sorted()
                .toArray();
        if (!(got <= splits[SPLITS - 1])) {
            throw new IllegalStateException(String.format(
                    Locale.ROOT,
                    "samples are not Tweedie's: energy distance %.4f, of random splits at most %.4f",
                    got,
                    splits[SPLITS - 1]));
        }
        return String.format(
                Locale.ROOT, "energy distance %.4f, 99 %% of splits %.4f", got, splits[(int) (0.989 * SPLITS)]);
    }

    private static byte[] shuffled(byte[] sign, int seed) {
        byte[] mixed = sign.clone();
        SplittableRandom random = new SplittableRandom(seed + 2L);
        for (int i = mixed.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            byte one = mixed[i];
            mixed[i] = mixed[j];
            mixed[j] = one;
        }
        return mixed;
    }

    /** 2 E|X - Y| - E|X - X'| - E|Y - Y'| of the rows that have one sign and those of the other. */
    private static double energy(double[][] distance, byte[] sign, int rows) {
        double sum = 0;
        for (int i = 1; i < distance.length; i++) {
            double line = 0;
            for (int j = 0; j < i; j++) {
                line += sign[j] * distance[i][j];
            }
            sum += sign[i] * line;
        }
        return -2 * sum / ((double) rows * rows);
    }

    /** That numbers have mean 0 and this variance within five standard errors. */
    static String noise(float[] numbers, double variance) {
        double sum = 0;
        double square = 0;
        for (float z : numbers) {
            sum += z;
            square += (double) z * z;
        }
        double n = numbers.length;
        double mean = sum / Math.sqrt(n * variance);
        double spread = (square / variance - n) / Math.sqrt(2 * n);
        if (!(Math.abs(mean) < 5 && Math.abs(spread) < 5)) {
            throw new IllegalStateException("the noise is off by " + mean + " and " + spread + " standard errors");
        }
        return String.format(Locale.ROOT, "noise: mean %.1f and variance %.1f standard errors off", mean, spread);
    }
}
