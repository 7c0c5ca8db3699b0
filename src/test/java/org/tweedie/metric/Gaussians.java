package org.tweedie.metric;

import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

/** Samples of round Gaussians, for which the metrics have closed forms. */
final class Gaussians {
    private Gaussians() {}

    static Points of(long seed, int rows, int width, double mean, double deviation) {
        float[] values = new float[rows * width];
        for (int i = 0; i < rows; i++) {
            Words words = Philox.words(seed, i, Purpose.DATA, 0);
            for (int d = 0; d < width; d++) {
                values[i * width + d] = (float) (mean + deviation * words.normal(d));
            }
        }
        return new Points(values, width);
    }

    /** In double, pair by pair: what all of them are held to. */
    static double square(Points x, int i, Points y, int j) {
        double sum = 0;
        for (int d = 0; d < x.width(); d++) {
            double difference = (double) x.values()[i * x.width() + d] - y.values()[j * x.width() + d];
            sum += difference * difference;
        }
        return sum;
    }
}
