package org.tweedie;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.tweedie.bridge.BridgeFitting;
import org.tweedie.bridge.BridgeProcess;
import org.tweedie.bridge.BridgeSpec;
import org.tweedie.bridge.Reference;
import org.tweedie.device.Device;
import org.tweedie.plan.Space;
import org.tweedie.train.Dataset;
import org.tweedie.train.Normaliser;

/**
 * Both ends of a {@link SchrodingerBridge} as its chains see them.
 *
 * @param encoding from rows to the units of the chains
 * @param from rows of the first end, encoded
 * @param to those of the second; nothing for the normal law
 */
record BridgeEnds(BridgeProcess process, Normaliser encoding, Dataset from, Optional<Dataset> to) {
    /** Of how far the reference moves a number, to how far the ends lie apart: beyond it half bridges would learn from walks that end nowhere near. */
    private static final double REACH = 6;

    /** @throws IllegalArgumentException if the sets have different columns, or conditions, or the steps cannot reach from one to the other; says what would do */
    static BridgeEnds of(Dataset from, Optional<Dataset> to, Reference reference, BridgeSpec spec) {
        requireAlike(from, to);
        Normaliser encoding = encoding(from, to, spec);
        Dataset first = from.encoded(Map.of(Dataset.X, encoding));
        Optional<Dataset> second = to.map(rows -> rows.encoded(Map.of(Dataset.X, encoding)));
        BridgeProcess process = new BridgeProcess(reference, spec.sizes(), Space.euclidean(from.width()), to.isEmpty());
        requireReach(first, second, spec);
        return new BridgeEnds(process, encoding, first, second);
    }

    BridgeFitting fitting(BridgeSpec spec, Device device) {
        return new BridgeFitting(process, from, to, spec, device);
    }

    private static void requireAlike(Dataset from, Optional<Dataset> to) {
        for (Dataset end : to.map(rows -> List.of(from, rows)).orElse(List.of(from))) {
            if (end.ports().size() != 1) {
                throw new IllegalArgumentException(
                        "a bridge joins rows without conditions; fit a ConditionalBridge, got " + end.ports());
            }
        }
        if (to.isPresent() && to.get().width() != from.width()) {
            throw new IllegalArgumentException("a bridge joins rows of as many columns, got " + from.columns() + " and "
                    + to.get().columns() + "; choose the columns of each");
        }
    }

    private static Normaliser encoding(Dataset from, Optional<Dataset> to, BridgeSpec spec) {
        int width = from.width();
        double[] means = new double[width];
        double[] scales = new double[width];
        Arrays.fill(scales, 1);
        if (!spec.standardise()) {
            return new Normaliser(means, scales);
        }
        Normaliser one = Normaliser.fit(from, Dataset.X).normaliser();
        if (to.isEmpty()) {
            return one;
        }
        Normaliser other = Normaliser.fit(to.get(), Dataset.X).normaliser();
        for (int c = 0; c < width; c++) {
            double apart = one.means()[c] - other.means()[c];
            means[c] = (one.means()[c] + other.means()[c]) / 2;
            scales[c] = StrictMath.sqrt((one.scales()[c] * one.scales()[c] + other.scales()[c] * other.scales()[c]) / 2
                    + apart * apart / 4);
        }
        return new Normaliser(means, scales);
    }

    private static void requireReach(Dataset from, Optional<Dataset> to, BridgeSpec spec) {
        int width = from.width();
        Normaliser one = Normaliser.fit(from, Dataset.X).normaliser();
        double[] means = new double[width];
        double[] scales = new double[width];
        Arrays.fill(scales, 1);
        Normaliser other = to.map(rows -> Normaliser.fit(rows, Dataset.X).normaliser())
                .orElseGet(() -> new Normaliser(means, scales));
        double sum = 0;
        for (int c = 0; c < width; c++) {
            double mean = one.means()[c] - other.means()[c];
            double scale = one.scales()[c] - other.scales()[c];
            sum += mean * mean + scale * scale;
        }
        double apart = StrictMath.sqrt(sum / width);
        double moved = StrictMath.sqrt(2 * spec.sizes().horizon());
        if (apart > REACH * moved) {
            double least = apart * apart / (2 * REACH * REACH);
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "the horizon is too short: steps %s move a number by %.3g, and the ends lie %.3g apart; take steps whose sum is at least %.3g, as %dx%.3g",
                    spec.sizes().spec(),
                    moved,
                    apart,
                    least,
                    spec.sizes().count(),
                    2 * least / spec.sizes().count()));
        }
    }
}
