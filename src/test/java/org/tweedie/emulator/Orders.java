package org.tweedie.emulator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.tweedie.device.Device;
import org.tweedie.device.KernelEntry;
import org.tweedie.kernels.LaunchSet;
import org.tweedie.testing.EmulatedDriver;

/**
 * The launch set under other orders of threads and moments of streams. As a program, for another build of the driver: takes the first and the
 * last order, and if not all cases a file with the names of some, a line each; prints {@code launches N}, {@code barriers N} and {@code difference TEXT}, which is empty where all bits are the same and those of f32 are the host's.
 */
final class Orders {
    private static Set<String> only = Set.of();

    private Orders() {}

    private static List<LaunchSet.Case> cases() {
        return LaunchSet.cases().stream()
                .filter(one -> only.isEmpty() || only.contains(one.toString()))
                .toList();
    }

    /** The results of all cases by name. */
    static Map<String, float[]> results(Device device) {
        return results(one -> one.on(device));
    }

    /** The same by the fewest blocks. */
    static Map<String, float[]> resultsOnFewBlocks(Device device) {
        return results(one -> one.onFewBlocks(device));
    }

    private static Map<String, float[]> results(Function<LaunchSet.Case, float[]> run) {
        Map<String, float[]> results = new TreeMap<>();
        for (LaunchSet.Case one : cases()) {
            results.put(one.toString(), run.apply(one));
        }
        return results;
    }

    /** The first element whose bits differ, or an empty string; of exact cases only, or of all. */
    static String difference(Map<String, float[]> expected, Map<String, float[]> got, boolean all) {
        for (LaunchSet.Case one : cases()) {
            if (all || one.exact()) {
                float[] a = expected.get(one.toString());
                float[] b = got.get(one.toString());
                int differs = IntStream.range(0, a.length)
                        .filter(i -> Float.floatToRawIntBits(a[i]) != Float.floatToRawIntBits(b[i]))
                        .findFirst()
                        .orElse(-1);
                if (differs >= 0) {
                    return one + ", element " + differs + ": " + a[differs] + " and " + b[differs];
                }
            }
        }
        return "";
    }

    /** Order number 0 is forward, 1 reverse, others random by their number; streams at random moments, late, at once in turn. */
    static String choose(long number) {
        String order = number == 0 ? "forward" : number == 1 ? "reverse" : "random";
        String streams = number % 3 == 0 ? "random" : number % 3 == 1 ? "late" : "eager";
        if (!EmulatedDriver.schedule(order, number) || !EmulatedDriver.streams(streams, number)) {
            throw new IllegalStateException(order + " " + streams);
        }
        return "threads " + order + ":" + number + ", streams " + streams + ":" + number;
    }

    /** What differs under that order; by few blocks in one of four. */
    static String chosen(long number, Map<String, float[]> expected, Device device) {
        String chosen = choose(number);
        Map<String, float[]> got = number % 4 == 1 ? resultsOnFewBlocks(device) : results(device);
        String found = difference(expected, got, true);
        return found.isEmpty() ? "" : chosen + ": " + found;
    }

    /** From now on only the cases of these names. */
    static void only(Set<String> cases) {
        only = Set.copyOf(cases);
    }

    /** The parameters of an entry as {@link EmulatedDriver#parameters} writes those that were compiled. */
    static String letters(KernelEntry entry) {
        return entry.parameters().stream()
                .map(parameter -> switch (parameter) {
                    case POINTER -> "p";
                    case I32 -> "i";
                    case I64 -> "l";
                    case F32 -> "f";
                    case F64 -> "d";
                })
                .collect(Collectors.joining());
    }

    public static void main(String[] arguments) throws IOException {
        EmulatedDriver.required();
        if (arguments.length > 2) {
            only(Set.copyOf(Files.readAllLines(Path.of(arguments[2]))));
        }
        String difference = "";
        try (Device host = Device.open("cpu:1");
                Device emulated = Device.open("cuda:0")) {
            Map<String, float[]> forward = results(emulated);
            difference = difference(results(host), forward, false);
            if (difference.isEmpty()) {
                difference = difference(forward, resultsOnFewBlocks(emulated), true);
            }
            long last = Long.parseLong(arguments[1]);
            for (long number = Long.parseLong(arguments[0]); number <= last && difference.isEmpty(); number++) {
                difference = chosen(number, forward, emulated);
            }
        } catch (RuntimeException e) {
            difference = e.toString() + " "
                    + EmulatedDriver.report().lines().findFirst().orElse("");
        }
        System.out.println("launches " + EmulatedDriver.stat("launches"));
        System.out.println("barriers " + EmulatedDriver.stat("barriers"));
        System.out.println("difference " + difference);
        LaunchSet.kernels()
                .forEach(name -> System.out.println("kernel " + name + " " + EmulatedDriver.stat("launches:" + name)));
    }
}
