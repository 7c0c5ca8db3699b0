package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The table of docs/kernels.md: a row for each kernel, with the registers and shared bytes of the compiler's report. */
@Tag("checkout")
class KernelTableTest {
    private static final Path REPORTS = Path.of("target/kernels");
    private static final Pattern ROW =
            Pattern.compile("(?m)^\\| `(\\w+)` \\|(?:[^|\n]*\\|){3} (\\d+) / (\\d+) \\| (\\d+) \\|$");

    private static String page() throws IOException {
        return Files.readString(Path.of("docs/kernels.md"));
    }

    private static Map<String, String> rows() throws IOException {
        Map<String, String> rows = new TreeMap<>();
        for (Matcher row = ROW.matcher(page()); row.find(); ) {
            rows.put(row.group(1), row.group(2) + " / " + row.group(3) + " | " + row.group(4));
        }
        return rows;
    }

    @Test
    void everyKernelHasItsRow() throws IOException {
        TreeSet<String> kernels = new TreeSet<>();
        for (CudaSource source : CudaSource.below(Path.of("kernels"))) {
            kernels.addAll(source.entries().keySet());
        }
        assertEquals(
                kernels,
                rows().keySet(),
                "docs/kernels.md: | `name` | computes | moves | shape | registers sm_80 / sm_90a | shared |");
    }

    /** Another compiler gives other registers: then there is nothing to compare. */
    @Test
    void registersAreThoseOfTheReport() throws IOException {
        assumeTrue(Files.exists(REPORTS.resolve("resources.txt")), "no report: built without nvcc");
        Matcher compiler =
                Pattern.compile("V[0-9.]+[0-9]").matcher(Files.readString(REPORTS.resolve("build/compute_80.ptx")));
        assertTrue(compiler.find());
        assumeTrue(
                page().contains("(" + compiler.group() + ")"),
                "the page is of another compiler than " + compiler.group());
        Map<String, List<String>> registers = new TreeMap<>();
        Map<String, String> shared = new TreeMap<>();
        for (String line : Files.readAllLines(REPORTS.resolve("resources.txt"))) {
            String[] word = line.split(" "); // name, target (sm_80, then sm_90a), registers, stack, spilled, shared
            registers.computeIfAbsent(word[0], name -> new ArrayList<>()).add(word[2]);
            shared.put(word[0], word[5]);
            assertEquals("0", word[3], () -> word[0] + " has a stack frame on " + word[1]);
        }
        Map<String, String> reported = new TreeMap<>();
        registers.forEach((name, each) -> reported.put(name, String.join(" / ", each) + " | " + shared.get(name)));
        List<String> stale = new ArrayList<>();
        rows().forEach((name, shown) -> {
            if (!shown.equals(reported.get(name))) {
                stale.add(name + ": " + shown + ", the report says " + reported.get(name));
            }
        });
        assertEquals(List.of(), stale, "rows of docs/kernels.md that are out of date");
    }
}
