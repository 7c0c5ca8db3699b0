package org.tweedie.metric;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.tweedie.device.Device;

/**
 * Metrics of samples against held-out rows, beside the same of two halves of the real rows: how far the chance of the draw alone
 * takes them. At most so many rows of each are used as asked for, spread evenly, and of the halves no more than of samples and held-out rows,
 * so that both columns have the same noise. Immutable.
 *
 * @param notes what could not be had, and why
 */
public record Evaluation(List<Figure> figures, List<String> notes) {
    /** Rows of a sample beyond these are left out where nothing else is said. */
    public static final int MOST_ROWS = 2048;

    public Evaluation {
        figures = List.copyOf(figures);
        notes = List.copyOf(notes);
    }

    /**
     * One number. Immutable.
     *
     * @param metric its spec
     * @param name for a person
     * @param samples of the samples and the held-out rows
     * @param halves of the two halves
     */
    public record Figure(String metric, String name, Estimate samples, Estimate halves) {
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%-34s %-32s %s", name, samples, halves);
        }
    }

    /**
     * All in the same, standardised, columns.
     *
     * @param most rows of a sample, at least 2
     * @param device where pairs are summed and rows sorted; the answer is the same on all
     */
    public static Evaluation of(
            Points samples,
            Points heldOut,
            Points oneHalf,
            Points otherHalf,
            List<String> columns,
            Set<Metric> metrics,
            long seed,
            int most,
            Device device) {
        Points x = samples.spread(most);
        Points y = heldOut.spread(most);
        Points one = oneHalf.spread(x.rows());
        Points other = otherHalf.spread(y.rows());
        List<Figure> figures = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        for (Metric metric : Metric.values()) {
            if (metrics.contains(metric)) {
                try {
                    Metric.Settings settings = new Metric.Settings(one, other, seed, device);
                    List<Estimate> here = metric.estimates(x, y, settings);
                    List<Estimate> there = metric.estimates(one, other, settings);
                    List<String> names = metric.names(columns);
                    for (int i = 0; i < names.size(); i++) {
                        figures.add(new Figure(metric.spec(), names.get(i), here.get(i), there.get(i)));
                    }
                } catch (IllegalArgumentException | IllegalStateException e) { // too few rows, or all of them equal
                    notes.add(metric.spec() + ": " + e.getMessage());
                }
            }
        }
        return new Evaluation(figures, notes);
    }
}
