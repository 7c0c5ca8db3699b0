package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.tweedie.device.KernelEntry.Parameter;

/** What the CUDA compiler said of the kernels: each is there for each target, in registers, as declared. Skipped without nvcc. */
@Tag("checkout")
class CompiledKernelsTest {
    private static final Path CLASSES = Path.of("target/classes/org/tweedie/kernels");
    private static final Path REPORTS = Path.of("target/kernels");
    private static final List<String> SASS = List.of("sm_80", "sm_90a");

    /** One line of resources.txt. */
    private record Resources(String entry, String target, int registers, int stack, int spilled, int shared) {}

    @BeforeEach
    void compiled() {
        assumeTrue(Files.exists(CLASSES.resolve("tweedie.fatbin")), "no fat binary: built without nvcc");
    }

    @Test
    void everyEntryIsThereForEveryTarget() throws Exception {
        TreeSet<String> expected = new TreeSet<>();
        for (CudaSource source : CudaSource.below(Path.of("kernels"))) {
            for (String entry : source.entries().keySet()) {
                SASS.forEach(target -> expected.add(entry + " " + target));
            }
        }
        TreeSet<String> reported = new TreeSet<>();
        resources().forEach(one -> reported.add(one.entry() + " " + one.target()));
        assertEquals(expected, reported);
        assertEquals(expected.size(), resources().size());
    }

    @Test
    void nothingSpills() throws IOException {
        assertEquals(
                List.of(), resources().stream().filter(one -> one.spilled() > 0).toList());
    }

    @Test
    void nothingIsSerialized() throws IOException {
        List<String> bad = Files.readAllLines(REPORTS.resolve("ptxas.txt")).stream()
                .filter(line -> line.contains("serializ") || line.contains("Potential Performance Loss"))
                .toList();
        assertEquals(List.of(), bad);
    }

    @Test
    void theCompilerHasNoWarning() throws IOException {
        List<String> bad = Files.readAllLines(REPORTS.resolve("ptxas.txt")).stream()
                .filter(line -> line.contains("warning"))
                .toList();
        assertEquals(List.of(), bad);
    }

    /** The compiler's own view of the parameters, after macros and typedefs: sizes and kinds of the PTX entry. */
    @Test
    void thePtxTakesWhatTheSourceDeclares() throws Exception {
        Map<String, List<String>> declared = new TreeMap<>();
        for (CudaSource source : CudaSource.below(Path.of("kernels"))) {
            source.entries()
                    .forEach((entry, parameters) -> declared.put(
                            entry,
                            parameters.stream().map(CompiledKernelsTest::inPtx).toList()));
        }
        assertEquals(declared, ptx());
    }

    @Test
    void theHashIsOfTheFatBinary() throws Exception {
        byte[] image = Files.readAllBytes(CLASSES.resolve("tweedie.fatbin"));
        String hash =
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(image));
        assertEquals(
                hash, Files.readString(CLASSES.resolve("tweedie.fatbin.sha256")).strip());
    }

    @Test
    void theListNamesEveryEntry() throws IOException {
        List<String> entries =
                resources().stream().map(Resources::entry).distinct().sorted().toList();
        assertFalse(entries.isEmpty());
        assertEquals(entries, Files.readAllLines(CLASSES.resolve("kernels.txt")));
    }

    private static String inPtx(Parameter parameter) {
        return switch (parameter) {
            case POINTER, I64 -> "u64";
            case I32 -> "u32";
            case F32 -> "f32";
            case F64 -> "f64";
        };
    }

    private static List<Resources> resources() throws IOException {
        List<Resources> all = new ArrayList<>();
        for (String line : Files.readAllLines(REPORTS.resolve("resources.txt"))) {
            String[] word = line.split(" ");
            assertEquals(6, word.length, line);
            all.add(new Resources(
                    word[0],
                    word[1],
                    Integer.parseInt(word[2]),
                    Integer.parseInt(word[3]),
                    Integer.parseInt(word[4]),
                    Integer.parseInt(word[5])));
        }
        assertFalse(all.isEmpty(), "the compiler's report is empty");
        return all;
    }

    private static Map<String, List<String>> ptx() throws IOException {
        Matcher entry = Pattern.compile("\\.visible \\.entry (\\w+)\\((.*?)\\)", Pattern.DOTALL)
                .matcher(Files.readString(REPORTS.resolve("build/compute_80.ptx")));
        Pattern parameter = Pattern.compile("\\.param \\.(\\w+)");
        Map<String, List<String>> entries = new TreeMap<>();
        while (entry.find()) {
            entries.put(
                    entry.group(1),
                    parameter
                            .matcher(entry.group(2))
                            .results()
                            .map(found -> found.group(1))
                            .toList());
        }
        assertTrue(!entries.isEmpty(), "no entry in the PTX");
        return entries;
    }
}
