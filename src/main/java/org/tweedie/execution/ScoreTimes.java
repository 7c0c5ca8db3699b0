package org.tweedie.execution;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.tweedie.device.Closing;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.MixtureScore;
import org.tweedie.kernels.View;
import org.tweedie.plan.CellTable.Cell;
import org.tweedie.plan.Stage;
import org.tweedie.score.GaussianMixtureScore;

/** The times at which a program evaluates each of its mixtures, and where the mixture's terms of a time lie in device memory. */
record ScoreTimes(Map<String, Times> fields) {
    /**
     * One field.
     *
     * @param places of each time, in order
     * @param at where the terms of the first time lie, in floats
     */
    record Times(GaussianMixtureScore field, Map<Double, Integer> places, long at) {
        int count() {
            return places.size();
        }

        /** Floats a time. */
        long each() {
            return MixtureScore.termsOf(
                    field.mixture().components(), field.mixture().dimension());
        }
    }

    static ScoreTimes of(Program program) {
        Map<String, Map<Double, Integer>> places = new LinkedHashMap<>();
        for (Cell cell : program.table().cells()) {
            if (cell.before().orElse(null) instanceof Stage.Evaluate evaluate) {
                Map<Double, Integer> times = places.computeIfAbsent(evaluate.field(), name -> new LinkedHashMap<>());
                times.putIfAbsent(evaluate.t().at(), times.size());
            }
        }
        Map<String, Times> fields = new LinkedHashMap<>();
        long at = 0;
        for (Map.Entry<String, Map<Double, Integer>> one : places.entrySet()) {
            Times times = new Times(
                    (GaussianMixtureScore)
                            Objects.requireNonNull(program.fields().get(one.getKey())),
                    one.getValue(),
                    at);
            fields.put(one.getKey(), times);
            at += times.count() * times.each();
        }
        return new ScoreTimes(fields);
    }

    Times of(Stage.Evaluate evaluate) {
        return Objects.requireNonNull(fields.get(evaluate.field()));
    }

    /** Where the terms of an evaluation lie, in fours of floats. */
    int firstTerm(Stage.Evaluate evaluate) {
        Times times = of(evaluate);
        int place = Objects.requireNonNull(times.places().get(evaluate.t().at()));
        return Math.toIntExact((times.at() + place * times.each()) / 4);
    }

    /** The terms of all fields and times, made on the device. */
    DeviceBuffer upload(Stream stream, Closing owned) {
        long count = fields.values().stream()
                .mapToLong(times -> times.count() * times.each())
                .sum();
        DeviceBuffer terms = owned.add(stream.device().allocate(Element.F32, Math.max(4, count)));
        fields.values().forEach(times -> make(stream, times, terms));
        return terms;
    }

    private static void make(Stream stream, Times times, DeviceBuffer terms) {
        GaussianMixtureScore field = times.field();
        float[] numbers = field.numbers();
        float[] scales = new float[2 * times.count()];
        times.places().forEach((t, place) -> {
            scales[place] = (float) field.sde().alpha(t);
            scales[times.count() + place] = (float) field.sde().sigma(t);
        });
        try (DeviceBuffer mixture = stream.device().allocate(Element.F32, numbers.length);
                DeviceBuffer scale = stream.device().allocate(Element.F32, scales.length)) {
            stream.upload(numbers, 0, mixture, 0, numbers.length);
            stream.upload(scales, 0, scale, 0, scales.length);
            View alpha = View.rows(scale, 1);
            MixtureScore.terms(
                    stream, field.in(mixture), alpha, alpha.from(times.count()), times.count(), terms, times.at());
            stream.synchronize();
        }
    }
}
