package org.tweedie.randomness;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Every statistic of every view of one sequence of words. */
final class Battery {
    /** Words that are looked at together. */
    static final int CHUNK = 1 << 19;

    private record Seen(View view, Statistic statistic) {}

    private final List<Seen> all = new ArrayList<>();
    private final int[] chunk = new int[CHUNK];
    private long words;

    Battery() {
        for (View view : View.values()) {
            for (Supplier<Statistic> statistic : Statistics.of(view)) {
                all.add(new Seen(view, statistic.get()));
            }
        }
    }

    /** The next chunk of a sequence. */
    void add(Generator generator) {
        generator.fill(words, chunk);
        for (View view : View.values()) {
            int[] seen = view.of(chunk);
            for (Seen one : all) {
                if (one.view() == view) {
                    one.statistic().add(seen);
                }
            }
        }
        words += CHUNK;
    }

    long words() {
        return words;
    }

    int size() {
        return all.size();
    }

    /** The p-value of each. */
    Map<String, Double> p() {
        Map<String, Double> values = new LinkedHashMap<>();
        for (Seen one : all) {
            values.put(
                    one.view() + " " + one.statistic().name(), one.statistic().p());
        }
        return values;
    }

    void write(DataOutputStream out) throws IOException {
        out.writeLong(words);
        for (Seen one : all) {
            for (long count : one.statistic().counts) {
                out.writeLong(count);
            }
        }
    }

    void read(DataInputStream in) throws IOException {
        words = in.readLong();
        for (Seen one : all) {
            for (int i = 0; i < one.statistic().counts.length; i++) {
                one.statistic().counts[i] = in.readLong();
            }
        }
    }
}
