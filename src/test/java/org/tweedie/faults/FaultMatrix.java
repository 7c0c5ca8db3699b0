package org.tweedie.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/** How often each driver call gave each code, and how that showed. */
final class FaultMatrix {
    private final Map<String, Long> calls;
    /** By {@code call FAULT}, {@code call SHOWN} and {@code MODE}. */
    private final Map<String, Long> counts = new TreeMap<>();

    /** @param calls how often the scenario makes each */
    FaultMatrix(Map<String, Long> calls) {
        this.calls = calls;
    }

    void add(Injection injection, Verdict.Shown shown) {
        counts.merge(injection.call() + " " + injection.fault(), 1L, Long::sum);
        counts.merge(injection.call() + " " + shown, 1L, Long::sum);
        counts.merge(injection.mode().name(), 1L, Long::sum);
    }

    long count(String call, Enum<?> what) {
        return counts.getOrDefault(call + " " + what, 0L);
    }

    long total(Verdict.Shown shown) {
        return calls.keySet().stream().mapToLong(call -> count(call, shown)).sum();
    }

    long total() {
        long total = 0;
        for (Verdict.Shown shown : Verdict.Shown.values()) {
            total += total(shown);
        }
        return total;
    }

    /** Pairs of a call and a plausible code that were never injected. */
    List<String> missing() {
        List<String> missing = new ArrayList<>();
        for (String call : calls.keySet()) {
            for (Fault fault : Fault.of(call)) {
                if (count(call, fault) == 0) {
                    missing.add(call + " " + fault);
                }
            }
        }
        return missing;
    }

    /** Calls that never failed at all. */
    List<String> untouched() {
        return calls.keySet().stream()
                .filter(call -> Fault.of(call).stream().allMatch(fault -> count(call, fault) == 0))
                .toList();
    }

    void write(Path file, String title) throws IOException {
        StringBuilder text = new StringBuilder("# Faults: what each driver call was made to give\n\n" + title + "\n\n");
        text.append(
                "A number is how many injections fired; `-`: the call does not give that code. thrown: one typed exception; "
                        + "warned: a resource was not taken back, the work was done; split: fewer rows at a time, the same answer.\n\n");
        text.append("| call | calls in a run |");
        for (Fault fault : Fault.values()) {
            text.append(' ').append(fault.name()).append(" |");
        }
        text.append(" thrown | warned | split |\n|---|---|")
                .append("---|".repeat(Fault.values().length + 3))
                .append('\n');
        calls.forEach((call, count) -> {
            text.append("| ").append(call).append(" | ").append(count).append(" |");
            for (Fault fault : Fault.values()) {
                text.append(' ')
                        .append(Fault.of(call).contains(fault) ? Long.toString(count(call, fault)) : "-")
                        .append(" |");
            }
            for (Verdict.Shown shown : Verdict.Shown.values()) {
                text.append(' ').append(count(call, shown)).append(" |");
            }
            text.append('\n');
        });
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.writeString(file, text);
    }

    /** Keeps the counts of a run that is gone on with later. */
    void store(Path file) throws IOException {
        Properties kept = new Properties();
        counts.forEach((key, count) -> kept.setProperty(key, Long.toString(count)));
        Files.createDirectories(file.toAbsolutePath().getParent());
        try (var out = Files.newBufferedWriter(file)) {
            kept.store(out, null);
        }
    }

    void restore(Path file) throws IOException {
        if (Files.exists(file)) {
            Properties kept = new Properties();
            try (var in = Files.newBufferedReader(file)) {
                kept.load(in);
            }
            kept.stringPropertyNames().forEach(key -> counts.put(key, Long.parseLong(kept.getProperty(key))));
        }
    }
}
