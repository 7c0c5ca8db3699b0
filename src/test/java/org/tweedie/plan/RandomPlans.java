package org.tweedie.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.tweedie.rng.Law;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

/** Plans of every kind of stage, of a seed: registers of two widths, given ones, repeated steps, draws by parameters, functions. */
final class RandomPlans {
    /** A normal whose mean and deviation are read from registers. */
    static final Law SCALED = new Law() {
        @Override
        public void draw(Words words, double[][] from, double[] into) {
            for (int d = 0; d < into.length; ++d) {
                into[d] = from[0][d] + 0.1 * words.normal(d);
            }
        }
    };

    private static final RowFunction SWAPPED = new RowFunction() {
        @Override
        public String name() {
            return "bounded difference";
        }

        @Override
        public void apply(double[][] from, double[][] into) {
            for (int d = 0; d < into[0].length; ++d) {
                into[0][d] = Math.tanh(from[0][d] - from[1][d]);
            }
        }
    };

    static final Map<String, RowField> FIELDS = Map.of("f", (from, t, into) -> {
        for (int d = 0; d < into[0].length; ++d) {
            into[0][d] = Math.sin(t + from[0][d]) + 0.5 * Math.cos(from[1][0]);
        }
    });

    private final Random random;
    private final Plan.Writer writer = Plan.writer();
    private final List<List<Integer>> filled = List.of(new ArrayList<>(), new ArrayList<>());
    private final List<List<Integer>> writable = List.of(new ArrayList<>(), new ArrayList<>());
    private int alive;

    private RandomPlans(long seed) {
        random = new Random(seed);
    }

    /** A plan whose trace is left open. */
    static Plan of(long seed, boolean repeats, int registers) {
        return new RandomPlans(seed).plan(repeats, registers);
    }

    /** The given rows of any of the plans. */
    static Map<String, double[]> given(long index) {
        return Map.of("g0", new double[] {0.3 + index}, "g1", new double[] {-0.4, 0.7, 0.1 * index});
    }

    private Plan plan(boolean repeats, int count) {
        int[] widths = {1, 3};
        for (int w = 0; w < 2; ++w) {
            filled.get(w).add(writer.given("g" + w, Space.euclidean(widths[w])));
            for (int r = 0; r < count; ++r) {
                writable.get(w).add(writer.register("r" + w + "." + r, Space.euclidean(widths[w])));
            }
        }
        alive = writer.register("alive", Space.euclidean(1));
        writer.step(1, 1);
        for (int w = 0; w < 2; ++w) {
            for (int r : writable.get(w)) {
                writer.normal(Purpose.PRIOR, r);
                filled.get(w).add(r);
            }
        }
        writer.normal(Purpose.ACCEPT, alive);
        int steps = 2 + random.nextInt(4);
        for (int k = 0; k < steps; ++k) {
            double t = 1 - (double) k / steps;
            double s = 1 - (k + 1.0) / steps;
            if (repeats && random.nextInt(3) == 0) {
                writer.repeat(t, s, alive, 1 + random.nextInt(3));
                writer.draw(Law.NORMAL, Purpose.ACCEPT, alive);
            } else {
                writer.step(t, s);
            }
            int stages = random.nextInt(8);
            for (int i = 0; i < stages; ++i) {
                stage();
            }
        }
        return writer.plan(pick(writable.get(0)), pick(writable.get(1)));
    }

    private void stage() {
        int w = random.nextInt(2);
        int into = pick(writable.get(w));
        switch (random.nextInt(8)) {
            case 0, 1 -> writer.draw(random.nextBoolean() ? Law.NORMAL : Law.UNIFORM, Purpose.STEP, into);
            case 2, 3, 4 -> combine(w);
            case 5 -> {
                int x = other(w, into);
                int y = other(0, into);
                Time t = random.nextBoolean() ? Time.at(random.nextDouble()) : Time.of(other(0, into));
                writer.evaluate("f", new int[] {x, y}, t, into);
            }
            case 6 -> writer.apply(SWAPPED, new int[] {other(w, into), other(w, into)}, into);
            default -> writer.draw(SCALED, Purpose.STEP, into, other(w, into));
        }
    }

    private void combine(int w) {
        int rows = 1 + random.nextInt(writable.get(w).size());
        List<Integer> targets = new ArrayList<>(writable.get(w));
        Collections.shuffle(targets, random);
        int[] into =
                targets.subList(0, rows).stream().mapToInt(Integer::intValue).toArray();
        int[] from = new int[1 + random.nextInt(4)];
        Arrays.setAll(from, j -> pick(filled.get(w)));
        double[][] weights = new double[rows][from.length];
        for (double[] row : weights) {
            Arrays.setAll(row, j -> random.nextInt(4) == 0 ? 0 : random.nextDouble() - 0.5);
        }
        writer.combine(into, weights, from);
    }

    private int other(int w, int not) {
        int r = pick(filled.get(w));
        while (r == not) {
            r = pick(filled.get(w));
        }
        return r;
    }

    private int pick(List<Integer> from) {
        return from.get(random.nextInt(from.size()));
    }
}
