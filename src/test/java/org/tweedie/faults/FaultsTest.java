package org.tweedie.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tweedie.testing.Depth;
import org.tweedie.testing.EmulatedDriver;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.Suite;

/**
 * A whole run of training, resuming, saving and sampling, in which each driver call fails in turn. What must hold then is in
 * {@link Verdict}; which faults are injected, in {@link FaultPlan}. A case is repeated alone by {@code -Dfault="CALL NTH FAULT
 * PERSISTENT MODE"}.
 */
@Tag("faults")
@GpuTest
class FaultsTest {
    /** Calls of the library that the scenario does not make, and why not. */
    private static final Map<String, String> NOT_IN_THE_SCENARIO = Map.of(
            "cuInit", "made once a process: aDriverThatDoesNotStartIsTriedAgain",
            "cuDriverGetVersion", "made once a process: aDriverThatDoesNotStartIsTriedAgain");

    private static final Path KEPT = Path.of("target", "long", "faults-matrix.properties");
    private static final int MOST_SHOWN = 20;
    private static final int STORE_EVERY = 100;

    @BeforeEach
    void needsIt() {
        EmulatedDriver.required();
    }

    @Test
    void everyDriverCallFailsInTurn() throws Exception {
        Suite suite = new Suite("faults");
        FaultProcess[] process = {new FaultProcess()};
        try {
            Map<Injection.Mode, Map<String, Long>> counts = new EnumMap<>(Injection.Mode.class);
            for (Injection.Mode mode :
                    Depth.now() == Depth.PLAIN ? List.of(Injection.Mode.PLAIN) : List.of(Injection.Mode.values())) {
                counts.put(mode, process[0].counts(mode));
            }
            theScenarioMakesEveryCallOfTheLibrary(
                    counts.get(Injection.Mode.PLAIN).keySet());
            String one = System.getProperty("fault");
            List<Injection> plan = one != null ? List.of(Injection.parse(one)) : FaultPlan.of(counts, Depth.now());
            FaultMatrix matrix = new FaultMatrix(counts.get(Injection.Mode.PLAIN));
            List<String> faults = new ArrayList<>();
            long[] first = {-1};
            try {
                suite.cases(plan.size(), number -> {
                    if (first[0] < 0) {
                        first[0] = number;
                        if (number > 0) {
                            matrix.restore(KEPT);
                        }
                    }
                    Injection injection = plan.get((int) number);
                    String answer = process[0].ask("inject " + injection.line());
                    if (answer.startsWith("FAULT")) {
                        faults.add(injection.line() + ": " + answer);
                        assertTrue(faults.size() < MOST_SHOWN, () -> String.join("\n", faults));
                        if (!process[0].alive()) {
                            process[0].close();
                            process[0] = new FaultProcess();
                        }
                    } else {
                        matrix.add(injection, Verdict.Shown.valueOf(answer));
                    }
                    if (Depth.now() == Depth.LONG && number % STORE_EVERY == 0) {
                        matrix.store(KEPT);
                    }
                });
            } finally {
                if (Depth.now() == Depth.LONG) {
                    matrix.store(KEPT);
                }
            }
            assertTrue(
                    faults.isEmpty(),
                    () -> String.join("\n", faults) + "\nrepeat one with -Dtest=FaultsTest -Dfault=\"...\"");
            if (one != null) {
                return;
            }
            String reached = matrix.total() + " injections over "
                    + counts.get(Injection.Mode.PLAIN).size()
                    + " driver calls and " + Fault.values().length + " codes: " + matrix.total(Verdict.Shown.THROWN)
                    + " typed exceptions, " + matrix.total(Verdict.Shown.WARNED) + " warnings, "
                    + matrix.total(Verdict.Shown.SPLIT) + " split; nothing leaked, no JVM died";
            matrix.write(Path.of("target", "suites", "faults-matrix.md"), reached);
            assertEquals(List.of(), matrix.untouched(), "calls that never failed");
            if (Depth.now() != Depth.PLAIN) {
                assertEquals(List.of(), matrix.missing(), "codes that a call never gave");
            }
            long least = Depth.of(100, 2_000, 20_000);
            assertTrue(matrix.total() >= least, () -> matrix.total() + " injections instead of " + least);
            assertTrue(matrix.total(Verdict.Shown.SPLIT) > 0 || Depth.now() == Depth.PLAIN, "nothing was split");
            suite.reached(reached);
        } finally {
            process[0].close();
        }
    }

    /** What src/main calls, by its text, against what the scenario reaches: no call is there that never fails. */
    private static void theScenarioMakesEveryCallOfTheLibrary(Set<String> symbols) throws IOException {
        Set<String> called = new TreeSet<>();
        Pattern call = Pattern.compile("JCudaDriver(?:\\.|::)(cu[A-Z]\\w*)");
        try (Stream<Path> files = Files.walk(Path.of("src", "main", "java"))) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".java")).toList()) {
                Matcher found = call.matcher(Files.readString(file));
                while (found.find()) {
                    called.add(found.group(1));
                }
            }
        }
        assertTrue(called.size() > 40, called.toString());
        called.removeAll(symbols.stream().map(Injection::named).toList());
        assertEquals(new TreeSet<>(NOT_IN_THE_SCENARIO.keySet()), called, "calls that the scenario does not make");
    }

    /** A mistake of each kind is planted, and the rig says what it is; without one it says nothing. */
    @Test
    void aMistakeThatIsPlantedIsCaught() throws Exception {
        Map<Plants, String> caught = new EnumMap<>(Plants.class);
        caught.put(Plants.LEAK, "leaked, by the device's account: [cuda:0: a buffer of 8 F32 was not closed");
        caught.put(Plants.NATIVE_LEAK, "leaked when the scenario ended: {events=1}");
        caught.put(Plants.SWALLOW, "swallowed: neither an exception nor a word of it");
        caught.put(Plants.WRAP, "not the type for this code: java.lang.IllegalStateException");
        caught.put(Plants.HIDE, "does not name the code: org.tweedie.device.DeviceException: cuda:0: cuStreamDestroy");
        caught.put(Plants.VAGUE, "does not say what to do");
        caught.put(Plants.OTHER_BITS, "the run after it gave other bits");
        caught.put(Plants.DEATH, "the process died with exit code 9"); // the last, for there is no other process
        // not out of memory, which sampling copes with; not sticky, so that the mistakes can be made
        String fault = "cuMemAlloc_v2 60 INVALID_HANDLE false PLAIN";
        try (FaultProcess process = new FaultProcess()) {
            assertEquals("THROWN", process.ask("inject " + fault));
            for (Map.Entry<Plants, String> plant : caught.entrySet()) {
                process.ask("plant " + plant.getKey());
                String answer = process.ask("inject " + fault);
                assertTrue(
                        answer.startsWith("FAULT") && answer.contains(plant.getValue()),
                        plant.getKey() + ": " + answer);
            }
        }
        assertEquals(Plants.values().length - 1, caught.size());
    }

    /** A fault at a call that is never made is no pass. */
    @Test
    void aCallThatIsNotReachedIsCaught() throws Exception {
        try (FaultProcess process = new FaultProcess()) {
            String answer = process.ask("inject cuMemAlloc_v2 100000 INVALID_HANDLE false PLAIN");
            assertTrue(answer.contains("the call was never reached"), answer);
        }
        FaultMatrix empty = new FaultMatrix(Map.of("cuMemAlloc_v2", 1L));
        assertEquals(List.of("cuMemAlloc_v2"), empty.untouched());
        assertTrue(
                empty.missing().contains("cuMemAlloc_v2 OUT_OF_MEMORY"),
                empty.missing().toString());
    }

    /** The two calls that a process makes once: what they give is said, and it is tried again. */
    @ParameterizedTest
    @CsvSource({"cuInit, SYSTEM_NOT_READY", "cuDriverGetVersion, INVALID_HANDLE"})
    void aDriverThatDoesNotStartIsTriedAgain(String call, Fault fault) throws Exception {
        try (FaultProcess process = new FaultProcess()) {
            String[] tries = process.ask("start " + call + " " + fault).split(" \\| ");
            assertTrue(
                    tries[0].startsWith("the CUDA driver does not start: " + call + " " + fault.text() + "; "),
                    tries[0]);
            assertEquals("none", tries[1]);
        }
    }
}
