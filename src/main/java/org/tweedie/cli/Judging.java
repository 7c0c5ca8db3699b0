package org.tweedie.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.tweedie.Model;
import org.tweedie.Sampler;
import org.tweedie.device.Device;
import org.tweedie.io.Json;
import org.tweedie.io.MalformedFileException;
import org.tweedie.metric.Comparison;
import org.tweedie.metric.Estimate;
import org.tweedie.metric.Evaluation;
import org.tweedie.metric.Memorisation;
import org.tweedie.metric.Metric;
import org.tweedie.metric.Points;
import org.tweedie.train.ClassifierTwoSample;
import org.tweedie.train.Dataset;
import org.tweedie.train.Encoding;

/**
 * Samples of a model held against rows of a file, in standardised columns.
 *
 * @param classifiers of the samples, then of two halves of the real rows; or none
 * @param memorisation of the training rows, if asked for
 * @param most rows of a side that pairs were made of
 */
record Judging(
        Comparison comparison,
        Evaluation evaluation,
        List<ClassifierTwoSample> classifiers,
        Optional<Memorisation> memorisation,
        List<String> columns,
        String rowsUsed,
        int samples,
        int most) {
    static final String CLASSIFIER = "classifier";
    static final String MEMORISATION = "memorisation";
    private static final String SHARE = "holdout.share";
    private static final String SEED = "holdout.seed";
    private static final String WHOLE = "holdout.data";

    /** What a model remembers of the rows that were kept from it. */
    static Map<String, String> heldOut(Dataset whole, double share, long seed) {
        return Map.of(SHARE, Double.toString(share), SEED, Long.toString(seed), WHOLE, whole.hash());
    }

    /**
     * The rows to judge by: those kept from training where the file is the one that was trained on, else all.
     *
     * @param device where pairs are summed, and a classifier is trained
     * @param classified whether to train a classifier
     * @param memorised whether to look for repeated training rows
     * @param most rows of a side that pairs are made of
     */
    static Judging of(
            Model model,
            Dataset data,
            Sampler sampler,
            int count,
            Set<Metric> metrics,
            Device device,
            boolean classified,
            boolean memorised,
            int most,
            long seed) {
        Map<String, String> made = model.provenance();
        Dataset judge = data;
        Dataset real = data;
        String used = "all " + data.rows() + " rows of the file";
        Optional<Points> training = Optional.empty();
        if (data.hash().equals(made.get(WHOLE))) {
            Dataset.Split split = split(data, made);
            judge = split.heldOut();
            training = Optional.of(points(model, split.learned().values(Dataset.X)));
            used = judge.rows() + " rows that were kept from training";
        }
        if (judge.rows() < 2) {
            throw new IllegalArgumentException(
                    "two rows at least are needed to judge by, there is " + judge.rows() + "; give more rows");
        }
        if (real.rows() < 4) {
            throw new IllegalArgumentException(
                    "four rows at least are needed, of which two halves are compared, there are " + real.rows()
                            + "; give more rows");
        }
        if (memorised && training.isEmpty()) {
            throw new IllegalArgumentException("metric " + MEMORISATION
                    + " needs the file that the model was trained on, with rows held out; this is another");
        }
        Dataset.Split halves = real.split(0.5, seed);
        Sampler ready = sampler;
        int n = count;
        for (Dataset.Port port : model.conditions()) {
            n = Math.min(n, judge.rows()); // each sample under the condition of one real row
            ready = ready.given(port.name(), judge.values(port.name()), port.width());
        }
        Points samples = points(model, ready.sample(n, seed).rows());
        Points rows = points(model, judge.values(Dataset.X));
        Points one = points(model, halves.learned().values(Dataset.X));
        Points other = points(model, halves.heldOut().values(Dataset.X));
        return new Judging(
                Comparison.of(samples, rows, one, other, seed, most, device),
                Evaluation.of(samples, rows, one, other, model.columns(), metrics, seed, most, device),
                classified
                        ? List.of(
                                ClassifierTwoSample.of(samples, rows, device, seed),
                                ClassifierTwoSample.of(one, other, device, seed))
                        : List.of(),
                memorised
                        ? training.map(learned -> Memorisation.of(samples, learned, rows, seed, device))
                        : Optional.empty(),
                model.columns(),
                used,
                n,
                most);
    }

    private static Dataset.Split split(Dataset whole, Map<String, String> made) {
        try {
            return whole.split(
                    Double.parseDouble(made.getOrDefault(SHARE, "0.1")), Long.parseLong(made.getOrDefault(SEED, "0")));
        } catch (IllegalArgumentException e) {
            throw new MalformedFileException(
                    "the model",
                    "metadata 'provenance." + SHARE + "' and 'provenance." + SEED + "'",
                    String.valueOf(e.getMessage()),
                    e);
        }
    }

    private static Points points(Model model, float[] rows) {
        int width = model.columns().size();
        float[] standard = rows.clone();
        Encoding encoding = model.encodings().get(Dataset.X);
        if (encoding != null) {
            encoding.encode(standard, standard, rows.length / width);
        }
        return new Points(standard, width);
    }

    String text() {
        return Printed.lines(out -> {
            out.printf(
                    Locale.ROOT,
                    "%d samples against %s, columns standardised; with 95 %% intervals%n",
                    samples,
                    rowsUsed);
            if (samples > most) {
                out.printf(Locale.ROOT, "(energy distances of the first %d rows a side)%n", most);
            }
            out.printf(Locale.ROOT, "%-34s %s%n", "squared energy distance", comparison.energy());
            out.printf(Locale.ROOT, "%-34s %s%n", "  of two halves of the real rows", comparison.energyOfHalves());
            out.printf(Locale.ROOT, "%-34s %s%n", "sliced 2-Wasserstein distance", comparison.sliced());
            out.printf(Locale.ROOT, "%-34s %s%n", "  of two halves of the real rows", comparison.slicedOfHalves());
            List<Evaluation.Figure> figures = figures();
            if (!figures.isEmpty()) {
                out.printf(
                        Locale.ROOT,
                        "%-34s %-32s of two halves of the real rows%n",
                        "of at most " + most + " rows a side",
                        "of the samples");
                figures.forEach(out::println);
            }
            if (!classifiers.isEmpty()) {
                out.printf(
                        Locale.ROOT,
                        "%-34s %-32.5f %.5f%n",
                        "  its p-value",
                        classifiers.get(0).pValue(),
                        classifiers.get(1).pValue());
            }
            memorisation.ifPresent(report -> {
                out.printf(
                        Locale.ROOT,
                        "distance to the nearest training row: median %.5f, of held-out rows %.5f, ratio %s%n",
                        report.nearest(),
                        report.nearestOfHeldOut(),
                        report.ratio());
                out.printf(
                        Locale.ROOT,
                        "nearer to one training row than a third of the next: %s, of held-out rows %s%n",
                        report.copies(),
                        report.copiesOfHeldOut());
            });
            evaluation.notes().forEach(note -> out.println("left out: " + note));
            moments().forEach(row -> out.println(String.join("  ", row)));
            out.println(comparison.sentence());
        });
    }

    /** Those of the evaluation, and the classifier's last. */
    private List<Evaluation.Figure> figures() {
        List<Evaluation.Figure> figures = new ArrayList<>(evaluation.figures());
        if (!classifiers.isEmpty()) {
            figures.add(new Evaluation.Figure(
                    CLASSIFIER,
                    "classifier accuracy",
                    classifiers.get(0).accuracy(),
                    classifiers.get(1).accuracy()));
        }
        return figures;
    }

    /** A row a column: name, moments of samples and of real rows, with standard errors. */
    List<List<String>> moments() {
        List<List<String>> rows = new ArrayList<>();
        for (int c = 0; c < columns.size(); c++) {
            rows.add(List.of(
                    columns.get(c),
                    number(
                                    "mean",
                                    comparison.samples().mean()[c],
                                    comparison.samples().meanError()[c])
                            + number(
                                    " (real",
                                    comparison.heldOut().mean()[c],
                                    comparison.heldOut().meanError()[c]) + ")",
                    number(
                                    "deviation",
                                    comparison.samples().deviation()[c],
                                    comparison.samples().deviationError()[c])
                            + number(
                                    " (real",
                                    comparison.heldOut().deviation()[c],
                                    comparison.heldOut().deviationError()[c])
                            + ")"));
        }
        return rows;
    }

    private static String number(String name, double value, double error) {
        return String.format(Locale.ROOT, "%s %.4f ± %.4f", name, value, error);
    }

    void fields(Json json) {
        json.field("samples", samples).field("rows", rowsUsed);
        field(json, "squaredEnergyDistance", comparison.energy());
        field(json, "squaredEnergyDistanceOfHalves", comparison.energyOfHalves());
        field(json, "slicedWasserstein", comparison.sliced());
        field(json, "slicedWassersteinOfHalves", comparison.slicedOfHalves());
        json.array("metrics");
        for (Evaluation.Figure figure : figures()) {
            json.object().field("metric", figure.metric()).field("name", figure.name());
            field(json, "samples", figure.samples());
            field(json, "halves", figure.halves());
            json.end();
        }
        json.end();
        if (!classifiers.isEmpty()) {
            json.field("classifierPValue", classifiers.get(0).pValue())
                    .field("classifierPValueOfHalves", classifiers.get(1).pValue());
        }
        memorisation.ifPresent(report -> {
            json.object(MEMORISATION)
                    .field("nearest", report.nearest())
                    .field("nearestOfHeldOut", report.nearestOfHeldOut());
            field(json, "ratio", report.ratio());
            field(json, "copies", report.copies());
            field(json, "copiesOfHeldOut", report.copiesOfHeldOut());
            json.end();
        });
        json.array("notes");
        evaluation.notes().forEach(json::value);
        json.end();
        json.array("columns");
        for (int c = 0; c < columns.size(); c++) {
            json.object()
                    .field("name", columns.get(c))
                    .field("mean", comparison.samples().mean()[c])
                    .field("meanError", comparison.samples().meanError()[c])
                    .field("deviation", comparison.samples().deviation()[c])
                    .field("deviationError", comparison.samples().deviationError()[c])
                    .field("realMean", comparison.heldOut().mean()[c])
                    .field("realDeviation", comparison.heldOut().deviation()[c])
                    .end();
        }
        json.end().field("sentence", comparison.sentence());
    }

    private static void field(Json json, String name, Estimate estimate) {
        json.object(name)
                .field("value", estimate.value())
                .field("low", estimate.low())
                .field("high", estimate.high())
                .end();
    }
}
