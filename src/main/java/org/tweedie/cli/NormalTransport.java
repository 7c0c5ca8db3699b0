package org.tweedie.cli;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.tweedie.bridge.Gaussian;
import org.tweedie.bridge.GaussianBridge;
import org.tweedie.io.Json;
import org.tweedie.metric.Points;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;
import org.tweedie.sde.SquareMatrix;
import org.tweedie.train.Dataset;

/** {@code transport --normal}: the entropic transport of one normal law to another in closed form. */
final class NormalTransport {
    private static final int SHOWN = 8; // columns whose covariances fit on a line

    private final double distance;
    private final double divergence;
    private final GaussianBridge bridge;

    /** @param epsilon weight of the entropy, twice the variance of the bridge's Brownian motion */
    NormalTransport(Gaussian from, Gaussian to, double epsilon) {
        distance = from.wasserstein(to);
        bridge = GaussianBridge.brownian(from, to, epsilon / 2);
        double fromItself = GaussianBridge.brownian(from, from, epsilon / 2).cost();
        double toItself = GaussianBridge.brownian(to, to, epsilon / 2).cost();
        divergence = bridge.cost() - fromItself / 2 - toItself / 2;
    }

    /** Where rows go: their conditional mean, or a point drawn from the conditional law. */
    Points moved(Dataset rows, boolean draw, long seed) {
        int width = rows.width();
        float[] values = rows.values(Dataset.X);
        double[][] lower = SquareMatrix.cholesky(bridge.residual());
        float[] moved = new float[values.length];
        for (int i = 0; i < rows.rows(); i++) {
            double[] x = new double[width];
            for (int d = 0; d < width; d++) {
                x[d] = values[i * width + d];
            }
            double[] y = bridge.mean(x);
            Words words = Philox.words(seed, i, Purpose.DATA, 0);
            for (int d = 0; d < width; d++) {
                double noise = 0;
                for (int e = 0; e <= d && draw; e++) {
                    noise += lower[d][e] * words.normal(e);
                }
                moved[i * width + d] = (float) (y[d] + noise);
            }
        }
        return new Points(moved, width);
    }

    void write(Json json) {
        json.object("normal")
                .field("w2", distance)
                .field("cost", bridge.cost())
                .field("meanSquare", bridge.meanSquare())
                .field("information", bridge.information())
                .field("divergence", divergence)
                .array("coupling");
        Arrays.stream(bridge.coupling()).flatMapToDouble(Arrays::stream).forEach(json::value);
        json.end().end();
    }

    String text() {
        double[][] coupling = bridge.coupling();
        return Printed.lines(lines -> {
            lines.printf(Locale.ROOT, "normal laws with the same means and covariances, in closed form%n");
            lines.printf(Locale.ROOT, "  W2          %.6g%n", distance);
            lines.printf(
                    Locale.ROOT,
                    "  cost        %.6g = mean squared distance %.6g + epsilon * information %.6g nats%n",
                    bridge.cost(),
                    bridge.meanSquare(),
                    bridge.information());
            lines.printf(Locale.ROOT, "  divergence  %.6g%n", divergence);
            for (int i = 0; i < coupling.length && coupling.length <= SHOWN; i++) {
                String row = Arrays.stream(coupling[i])
                        .mapToObj(value -> String.format(Locale.ROOT, " %12.6g", value))
                        .collect(Collectors.joining());
                lines.printf(Locale.ROOT, "  %-11s%s%n", i == 0 ? "covariances" : "", row);
            }
        });
    }
}
