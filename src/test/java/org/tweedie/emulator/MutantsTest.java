package org.tweedie.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.tweedie.device.Device;
import org.tweedie.testing.ChildJvm;
import org.tweedie.testing.ChildTests;
import org.tweedie.testing.Depth;
import org.tweedie.testing.EmulatedDriver;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.Suite;
import org.tweedie.testing.TestDevices;

/**
 * Faults planted in the kernels themselves: every barrier and fence taken away in turn, loops that run one item too far, and indices of 32 bits.
 * The emulated driver leaves a barrier out when it is asked; any other mutant is compiled into a driver of its own. The launch set under a few
 * orders of threads, or over rows far apart, must notice. A barrier that nobody misses is either not tested or not needed.
 */
@GpuTest
@Tag("emulator")
@Tag("checkout")
class MutantsTest {
    private static final Path KERNELS = Path.of("kernels");

    /** What the emulated driver can leave out. */
    private static final Pattern BARRIER = Pattern.compile("(?m)(__sync(threads|warp)|grid_sync)\\(\\);"
            // of kernels whose weights stream: waits and fences, also of their copies
            + "|(?<=^ {1,20}|\\) )(proxy_fence|cluster_arrive|cluster_wait)\\(\\);"
            + "|(?<=^ {1,20}|\\) )barrier_(init_fence|wait|free_at)\\([^;]*\\);");

    /** Calls of what waits inside: for all callers in one place. */
    private static final Pattern CALLED =
            Pattern.compile("(?m)(?<=^ {1,20}|\\) )(ring\\.wait|here\\.meet<[\\w:]+>)\\(\\);");

    /** A loop over items or rows that is left at their number; tiles may start there, for they have no row then. */
    private static final Pattern BOUND =
            Pattern.compile("for \\(int64_t (item|r|e|i) = [^;]*; \\1 (<) (items|count|rows->count)");

    /** Where 64 bits hold an index: a variable, a field, or a cast. */
    private static final Pattern WIDE = Pattern.compile("\\bint64_t(?=\\(| \\w+ = | row;)");

    private static final Pattern ROW = Pattern.compile("\\bint64_t (r|row)\\b");

    /** Whose strides have 64 bits, or whose rows are dense: a row of 32 bits is widened, and only more than 2^31 rows or numbers would tell. */
    private static final Set<Path> WIDE_STRIDES = Set.of(
            Path.of("execution", "trajectory_sde.cuh"),
            Path.of("execution", "trajectory_split.cuh"),
            Path.of("execution", "trajectory_wide.cuh"),
            Path.of("execution", "formula.cu"),
            Path.of("execution", "formula.cuh"),
            Path.of("execution", "rows.cu"),
            Path.of("train", "steps_layers.cuh"),
            Path.of("train", "steps_narrow.cuh"),
            Path.of("train", "steps_rows.cuh"),
            Path.of("train", "steps_weights.cuh"),
            Path.of("train", "train_steps.cu"));

    /** While a kernel is written: barriers alone, where this is in {@code path:line} ({@code -Dmutants=layer_weights}). */
    private static final String ONLY = System.getProperty("mutants", "");

    /** Orders under which a mutant is tried until one of them notices. */
    static final long MOST_ORDERS = 48;

    private static final long MOST_BOUNDS_IN_CI = 3;
    private static final int MOST_NARROWED_IN_CI = 2;

    @BeforeEach
    void needsIt() {
        EmulatedDriver.required();
        assumeTrue(Depth.now() != Depth.PLAIN, "compiles kernels, which takes minutes; CI=true runs it");
    }

    /** A source of kernels/ with one change. */
    private record Mutant(Path source, int line, String text) {
        @Override
        public String toString() {
            return source + ":" + line;
        }
    }

    private static List<Mutant> mutants(Pattern pattern, int group, String instead) throws IOException {
        List<Mutant> mutants = new ArrayList<>();
        try (Stream<Path> files = Files.walk(KERNELS)) {
            for (Path file : files.filter(f -> f.toString().matches(".*\\.cuh?") && !f.endsWith("intrinsics.cuh"))
                    .sorted()
                    .toList()) {
                String text = Files.readString(file);
                Matcher found = pattern.matcher(text);
                while (found.find()) {
                    mutants.add(new Mutant(
                            KERNELS.relativize(file),
                            (int) text.substring(0, found.start()).lines().count(),
                            text.substring(0, found.start(group)) + instead + text.substring(found.end(group))));
                }
            }
        }
        return mutants;
    }

    private interface Trial<T> {
        T of(Mutant mutant) throws IOException, InterruptedException;
    }

    /** What a trial says of each mutant, in their order; two at a time, each a compiler and then a JVM of one busy thread. */
    private static <T> List<T> each(List<Mutant> mutants, Trial<T> trial) throws Exception {
        ExecutorService two = Executors.newFixedThreadPool(2);
        try {
            List<Future<T>> all = new ArrayList<>();
            for (Mutant mutant : mutants) {
                all.add(two.submit(() -> trial.of(mutant)));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> one : all) {
                results.add(one.get());
            }
            return results;
        } finally {
            two.shutdownNow();
        }
    }

    /** What those cases of the launch set say of the mutant that launch something of it; empty where they notice nothing. */
    private static String verdict(Mutant mutant, CasesOfKernels affected) throws IOException, InterruptedException {
        Set<String> cases = affected.of(mutant.source);
        assertFalse(cases.isEmpty(), "the launch set launches nothing of " + mutant.source);
        Path names = Files.write(Files.createTempFile("tweedie-cases", ".txt"), cases);
        ChildJvm.Result result;
        try {
            result = onDriverOf(mutant, Orders.class, "1", Long.toString(MOST_ORDERS), names.toString());
        } finally {
            Files.delete(names);
        }
        assertEquals(0, result.exit(), result.output());
        assertTrue(result.number("launches ") > 0, result.output());
        return result.line("difference ");
    }

    private static ChildJvm.Result onDriverOf(Mutant mutant, Class<?> program, String... arguments)
            throws IOException, InterruptedException {
        Path place = Files.createTempDirectory("tweedie-mutant");
        try {
            Path changed = place.resolve("kernels").resolve(mutant.source);
            Files.createDirectories(changed.getParent());
            Files.writeString(changed, mutant.text);
            Path driver = place.resolve("driver");
            DriverBuild.build(
                    EmulatedDriver.library().getParent().toString(),
                    "--mutant",
                    place.resolve("kernels").toString(),
                    driver.toString());
            Map<String, String> settings = Map.of("TW_EMU_QUIET", "1", "TW_EMU_TIMEOUT", "5");
            return ChildJvm.run(driver, settings, List.of(), program, arguments);
        } finally {
            try (Stream<Path> files = Files.walk(place)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    @Test
    void everyBarrierIsMissedAndEveryBoundHolds() throws Exception {
        List<String> left = mutants(BARRIER, 0, ";").stream()
                .map(Mutant::toString)
                .filter(place -> place.contains(ONLY))
                .distinct()
                .toList();
        List<Mutant> mutants = mutants(CALLED, 0, ";");
        mutants.removeIf(mutant -> !mutant.toString().contains(ONLY));
        int barriers = left.size() + mutants.size();
        assertTrue(barriers > 0, "no barrier in the kernels");
        List<Mutant> bounds = mutants(BOUND, 2, "<=");
        assertTrue(bounds.size() > MOST_BOUNDS_IN_CI, "no loops over items in the kernels");
        long step = Depth.now() == Depth.LONG ? 1 : bounds.size() / MOST_BOUNDS_IN_CI;
        for (int i = 0; ONLY.isEmpty() && i < bounds.size(); i += step) {
            mutants.add(bounds.get(i));
        }
        Map<String, String> verdicts = new TreeMap<>(withoutEach(left));
        CasesOfKernels affected;
        try (Device emulated = TestDevices.open(TestDevices.specs().get(1))) {
            affected = new CasesOfKernels(KERNELS, emulated);
        }
        List<String> compiled = each(mutants, mutant -> verdict(mutant, affected));
        for (int i = 0; i < mutants.size(); i++) {
            verdicts.put(mutants.get(i).toString(), compiled.get(i));
        }
        verdicts.forEach((mutant, verdict) -> System.out.println("mutant " + mutant + ": " + verdict));
        List<String> survivors = verdicts.keySet().stream()
                .filter(mutant -> verdicts.get(mutant).isEmpty())
                .toList();
        assertEquals(List.of(), survivors, "changes of kernels that no test notices");
        assumeTrue(ONLY.isEmpty(), "only mutants of " + ONLY);
        new Suite("emulator")
                .reached(barriers + " barriers of the kernels taken away in turn, and "
                        + (left.size() + mutants.size() - barriers) + " of " + bounds.size()
                        + " bounds moved by one: each noticed");
    }

    /** What is noticed without each of these barriers, by their places; in two JVMs. */
    private static Map<String, String> withoutEach(List<String> places) throws Exception {
        Halves halves = Halves.of(
                places.toArray(String[]::new),
                half -> ChildJvm.run(
                        EmulatedDriver.library().getParent(),
                        Map.of("TW_EMU_QUIET", "1", "TW_EMU_TIMEOUT", "5"),
                        List.of(),
                        BarriersLeftOut.class,
                        half));
        Map<String, String> verdicts = new HashMap<>();
        for (ChildJvm.Result half : halves.results()) {
            assertEquals(0, half.exit(), half.output());
            for (String place : places) {
                half.lines().stream()
                        .filter(line -> line.startsWith("verdict " + place + " "))
                        .forEach(line -> verdicts.put(place, line.substring(9 + place.length())));
            }
        }
        assertEquals(places.size(), verdicts.size(), "verdicts of " + places);
        return verdicts;
    }

    /** Each source with a row in it, all of its indices cut to 32 bits. */
    private static List<Mutant> narrowed() throws IOException {
        List<Mutant> mutants = new ArrayList<>();
        try (Stream<Path> files = Files.walk(KERNELS)) {
            for (Path file : files.filter(f -> f.toString().matches(".*/.*/.*\\.cuh?"))
                    .sorted()
                    .toList()) {
                String text = Files.readString(file);
                String narrow = WIDE.matcher(text).replaceAll("int32_t");
                if (!WIDE_STRIDES.contains(KERNELS.relativize(file))
                        && ROW.matcher(text).find()
                        && !narrow.equals(text)) {
                    mutants.add(new Mutant(KERNELS.relativize(file), 1, narrow));
                }
            }
        }
        return mutants;
    }

    @Test
    void indicesOf32BitsAreNoticed() throws Exception {
        List<Mutant> mutants = narrowed();
        int all = mutants.size();
        assertTrue(all > MOST_NARROWED_IN_CI, "only " + mutants + " index rows");
        if (Depth.now() != Depth.LONG) {
            mutants = mutants.subList(0, MOST_NARROWED_IN_CI);
        }
        List<String> survivors = new ArrayList<>();
        List<ChildJvm.Result> results =
                each(mutants, mutant -> onDriverOf(mutant, ChildTests.class, "org.tweedie.kernels.FarRowsTest"));
        for (int i = 0; i < mutants.size(); i++) {
            Mutant mutant = mutants.get(i);
            ChildJvm.Result result = results.get(i);
            assertTrue(result.number("launches ") > 0, result.output());
            System.out.println("mutant " + mutant + " of 32 bits: " + result.number("failed ") + " tests failed");
            if (result.number("failed ") == 0) {
                survivors.add(mutant.toString());
            }
        }
        assertEquals(List.of(), survivors, "indices of 32 bits that no test notices");
        new Suite("emulator").reached(mutants.size() + " of " + all + " sources with indices of 32 bits: each noticed");
    }
}
