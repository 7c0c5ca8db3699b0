package org.tweedie.bench.workloads;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.tweedie.Tweedie;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceException;
import org.tweedie.io.Json;

/**
 * Runs the workloads on a device, or writes what peers need to do the same work.
 *
 * <pre>
 * Workloads --device cuda:0 --out rows.json [--scale 1] [--runs 10] [--seconds 6] [--only W1,W5]
 * Workloads --inputs FOLDER
 * </pre>
 */
public final class Workloads {
    private static final Map<String, String> DEFAULTS = Map.of(
            "device", "auto", "out", "rows.json", "scale", "1", "runs", "10", "seconds", "6", "only", "", "inputs", "");

    private Workloads() {}

    public static void main(String[] arguments) throws IOException {
        Map<String, String> options = options(arguments);
        if (!options.get("inputs").isEmpty()) {
            Path folder = Files.createDirectories(Path.of(options.get("inputs")));
            for (NeuralSampling one : NeuralSampling.ALL) {
                if (!one.name().endsWith("s")) { // W1s and W2s are the same networks, fewer rows
                    one.write(folder);
                }
            }
            Densities.write(folder);
            Guided.write(folder);
            return;
        }
        List<Row> rows = new ArrayList<>();
        try (Device device = Device.open(options.get("device"))) {
            Bench bench = new Bench(
                    device,
                    Double.parseDouble(options.get("scale")),
                    Math.max(1, Integer.parseInt(options.get("runs"))),
                    Double.parseDouble(options.get("seconds")),
                    row -> {
                        rows.add(row);
                        System.out.printf(
                                Locale.ROOT,
                                "%-6s %-20s %s %-28s %10.3f ms  %s%n",
                                row.workload(),
                                row.by(),
                                row.precision(),
                                row.size(),
                                row.median(),
                                row.check());
                    });
            for (Map.Entry<String, Runnable> one : workloads(bench).entrySet()) {
                if (options.get("only").isEmpty()
                        || List.of(options.get("only").split(",")).contains(one.getKey())) {
                    try {
                        one.getValue().run();
                    } catch (DeviceException | IllegalStateException e) {
                        System.out.println(one.getKey() + " failed: " + e.getMessage());
                        rows.add(new Row(
                                one.getKey(),
                                "Tweedie",
                                "-",
                                "-",
                                new double[] {Double.NaN},
                                0,
                                "-",
                                "failed: " + e.getMessage()));
                    }
                    write(Path.of(options.get("out")), device, rows);
                }
            }
        }
        if (rows.isEmpty() || rows.stream().anyMatch(row -> row.check().startsWith("failed"))) {
            System.exit(1);
        }
    }

    /** What is quick comes first: who is stopped early has the most. */
    private static Map<String, Runnable> workloads(Bench bench) {
        Map<String, Runnable> all = new LinkedHashMap<>();
        all.put("copy", () -> Streaming.copy(bench));
        all.put("W4", () -> Streaming.perturb(bench));
        all.put("W5", () -> Streaming.step(bench));
        all.put("W0", () -> LinearSampling.run(bench));
        all.put("launch", () -> Launching.run(bench));
        for (String name : List.of("W1s", "W3s", "W1", "W3A", "W2s", "W3B", "W2")) {
            NeuralSampling.ALL.stream()
                    .filter(one -> one.name().equals(name))
                    .forEach(one -> all.put(name, () -> one.run(bench)));
            Training.ALL.stream()
                    .filter(one -> one.name().equals(name))
                    .forEach(one -> all.put(name, () -> one.run(bench)));
        }
        all.put("W8", () -> PairSums.run(bench));
        all.put("W8s", () -> SortedColumns.run(bench));
        all.put("W6", () -> Densities.run(bench));
        all.put("W7c", () -> Guided.classifierFree(bench));
        all.put("W7d", () -> Guided.posterior(bench));
        all.put("W9", () -> Bridging.run(bench));
        all.put("gemm", () -> Products.run(bench));
        return all;
    }

    private static Map<String, String> options(String[] arguments) {
        Map<String, String> options = new TreeMap<>(DEFAULTS);
        for (int i = 0; i < arguments.length; i += 2) {
            String name = arguments[i].replaceFirst("^--", "");
            if (!DEFAULTS.containsKey(name) || i + 1 == arguments.length) {
                System.err.println("Workloads: no option '" + arguments[i] + "' or no value; there are "
                        + new TreeMap<>(DEFAULTS).keySet());
                System.exit(2);
            }
            options.put(name, arguments[i + 1]);
        }
        return options;
    }

    private static void write(Path file, Device device, List<Row> rows) throws IOException {
        try (OutputStream stream = Files.newOutputStream(file);
                Json json = Json.to(stream)) {
            json.object()
                    .field("device", device.name())
                    .field("tweedie", Tweedie.version())
                    .field("java", System.getProperty("java.version"));
            json.array("rows");
            rows.forEach(row -> row.write(json));
            json.end().end();
        }
    }
}
