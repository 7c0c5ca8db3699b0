package org.tweedie.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A new test of kernels is run under the sanitizers too: those of the emulated GPU, and those of a real one. */
@Tag("checkout")
class SanitizedTestsTest {
    private static final Path TESTS = Path.of("src/test/java/org/tweedie/kernels");

    /** What neither runs, and why. */
    private static final Map<String, String> NOWHERE = Map.of(
            "FarRowsTest", "fills the memory with rows",
            "ViewTableTest", "launches what others do");

    /** Of kernels with the host's bits: KernelGridTest launches all of these with hostile sizes. */
    private static final Set<String> ON_THE_GRID = Set.of(
            "DomainPullTest",
            "ElementwiseTest",
            "FillTest",
            "LinearTest",
            "MixtureScoreTest",
            "PairsTest",
            "PerturbTest",
            "RowFormulaTest",
            "SortedTest",
            "StepCellTest",
            "TrainKernelsTest");

    /** Of the kernels of PackedLinearTest and TileLinearTest. */
    private static final Set<String> OF_OTHERS = Set.of("SixteenBitLayersTest");

    private static List<String> testsOfKernels() throws IOException {
        try (Stream<Path> files = Files.list(TESTS)) {
            return files.filter(file -> file.toString().endsWith("Test.java"))
                    .filter(SanitizedTestsTest::runsOnDevices)
                    .map(file -> file.getFileName().toString().replace(".java", ""))
                    .sorted()
                    .toList();
        }
    }

    private static boolean runsOnDevices(Path file) {
        try {
            return Files.readString(file).contains("TestDevices");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void everyTestOfKernelsRunsUnderThem() throws IOException {
        List<String> tests = testsOfKernels();
        assertTrue(tests.size() > 10, tests.toString());
        Pattern onGpu = listed("SANITIZED");
        Set<String> emulated = Set.of(SanitizersTest.TESTS);
        for (String test : tests) {
            String name = "org.tweedie.kernels." + test;
            boolean grid =
                    test.equals("KernelGridTest"); // of the launch set, which the emulated GPU runs in other orders
            boolean excused = NOWHERE.containsKey(test);
            assertEquals(!excused && !grid, emulated.contains(name), name + " in SanitizersTest");
            boolean elsewhere = excused || ON_THE_GRID.contains(test) || OF_OTHERS.contains(test);
            assertEquals(!elsewhere, onGpu.matcher(name).matches(), name + " in bench/run-gpu");
        }
    }

    /** Each in one process, of the kernels that need as much of the GPU. */
    @Test
    void everyTestOfKernelsRunsOnAGpuOnce() throws IOException {
        Map<String, Pattern> processes = new TreeMap<>();
        for (String name : List.of("DEVICE", "PLAIN", "TENSORS", "WARPGROUPS", "CLUSTERS", "TOGETHER", "LAYERS")) {
            processes.put(name, listed(name));
        }
        for (String test : testsOfKernels()) {
            List<String> found = processes.keySet().stream()
                    .filter(name -> processes
                            .get(name)
                            .matcher("org.tweedie.kernels." + test)
                            .matches())
                    .toList();
            assertEquals(1, found.size(), test + " in " + found + " of bench/run-gpu");
        }
    }

    private static Pattern listed(String name) throws IOException {
        Matcher list = Pattern.compile("(?m)^" + name + "='(.*)'$").matcher(Files.readString(Path.of("bench/run-gpu")));
        assertTrue(list.find(), "bench/run-gpu has no list " + name);
        return Pattern.compile(list.group(1));
    }
}
