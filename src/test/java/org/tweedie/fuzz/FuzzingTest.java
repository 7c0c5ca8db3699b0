package org.tweedie.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tweedie.testing.Depth;
import org.tweedie.testing.Suite;

/**
 * Whatever bytes a file has and whatever words a command line: a result or one of the reasons that our sources word, in bounded
 * time and memory. Plain runs repeat the inputs that were kept; CI and long runs let jazzer mutate them, a JVM for each parser.
 */
@Tag("fuzz")
@Tag("checkout")
class FuzzingTest {
    private final Suite suite = new Suite("fuzz");

    @TempDir
    Path folder;

    /** The files a command line may name and no others, as they were. */
    private static void assertNothingWritten(Path scratch) throws IOException {
        Path fresh = Files.createDirectories(scratch.resolveSibling("fresh"));
        Corpus.putFilesFor(fresh);
        try (var files = Files.list(scratch)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                assertTrue(name.equals("file") || Files.exists(fresh.resolve(name)), "written: " + file);
            }
        }
        try (var files = Files.list(fresh)) {
            for (Path file : files.toList()) {
                assertEquals(-1, Files.mismatch(file, scratch.resolve(file.getFileName())), file.toString());
            }
        }
    }

    /** The kept inputs alone meet every reason that a reader's source words, so a reason that is new wants an input. */
    @Test
    void keptInputsMeetEveryReason() throws Exception {
        for (Parser parser : Parser.values()) {
            FuzzRun.prepare(parser, folder);
        }
        FuzzRun replay = FuzzRun.java(List.of(Fuzz.class.getName(), folder.toString()), folder);
        assertEquals(0, replay.code(), replay.log());
        int reasons = 0;
        long inputs = 0;
        List<AssertionError> missing = new ArrayList<>();
        for (Parser parser : Parser.values()) {
            FuzzRun run = FuzzRun.result(folder.resolve(parser.spec()).resolve("result"));
            try {
                run.requireMet(parser);
            } catch (AssertionError e) {
                missing.add(e);
            }
            reasons += parser.wanted().size();
            inputs += run.executions();
        }
        assertTrue(
                missing.isEmpty(),
                () -> String.join(
                        "\n", missing.stream().map(Throwable::getMessage).toList()));
        assertNothingWritten(folder.resolve("scratch"));
        suite.reached(inputs + " kept inputs meet all " + reasons + " reasons and results of " + Parser.values().length
                + " parsers");
    }

    /** What the little languages make words its reasons in a source that the specs parser knows. */
    @Test
    void whatSpecsMakeIsAmongTheSources() throws Exception {
        Path sde = Path.of("src/main/java/org/tweedie/sde");
        List<String> unknown = new ArrayList<>();
        int made = 0;
        for (String language : List.of("MethodSpec", "ProcessSpec")) {
            Matcher constructed =
                    Pattern.compile("new (\\w+)\\(").matcher(Files.readString(sde.resolve(language + ".java")));
            while (constructed.find()) {
                Path source = sde.resolve(constructed.group(1) + ".java");
                if (Files.exists(source) && Files.readString(source).contains("new IllegalArgumentException(")) {
                    made++;
                    String name = "sde/" + source.getFileName();
                    if (!Parser.SPECS.sources().contains(name)
                            && !Parser.SPECS.around().contains(name)) {
                        unknown.add(name);
                    }
                }
            }
        }
        assertTrue(made > 8, made + " constructions");
        assertEquals(List.of(), unknown, "sources whose reasons no input meets");
    }

    @Test
    void aPlantedBugIsFound() throws Exception {
        Path planted = Files.createDirectories(folder.resolve("planted"));
        Files.write(Files.createDirectories(planted.resolve("seeds")).resolve("0"), new byte[] {1, 2, 3, 4, 5, 6});
        FuzzRun run = FuzzRun.jazzer(Planted.class.getName(), List.of(), 1_000_000, planted);
        assertEquals(77, run.code(), run.log());
        assertTrue(run.log().contains("java.lang.ArrayIndexOutOfBoundsException"), run.log());
        AssertionError said = assertThrows(AssertionError.class, () -> run.requireDone("planted", 1_000_000, planted));
        assertTrue(said.getMessage().contains("Base64: QlVH"), said.getMessage());
    }

    @Test
    void aRunThatFallsShortFails() throws Exception {
        Map<String, long[]> met = new HashMap<>();
        Parser.NPY.wanted().forEach(what -> met.put(what, new long[] {1, 0}));
        FuzzRun whole = new FuzzRun(0, 1000, 1000, met, "", 1);
        whole.requireMet(Parser.NPY);
        whole.requireDone("npy", 1000, folder);
        assertThrows(AssertionError.class, () -> whole.requireDone("npy", 1001, folder));
        assertThrows(AssertionError.class, () -> new FuzzRun(0, -1, 1000, met, "", 1).requireDone("npy", 1000, folder));
        met.remove("is not UTF-8");
        assertTrue(assertThrows(AssertionError.class, () -> whole.requireMet(Parser.NPY))
                .getMessage()
                .endsWith("\nis not UTF-8"));
        met.put("is not UTF-8", new long[] {1, 0});
        met.remove("result of array");
        assertThrows(AssertionError.class, () -> whole.requireMet(Parser.NPY));
    }

    @Test
    void aMessageIsTheReasonWithMostWords() {
        Reasons reasons = new Reasons(List.of("*", "is *, not *", "is *", "has * bytes", "*: *", "plain"));
        assertEquals("is *, not *", reasons.of("is F32, not floats"));
        assertEquals("is *", reasons.of("is F32, nothing"));
        assertEquals("has * bytes", reasons.of("has 12 bytes"));
        assertEquals("has * bytes", reasons.of("has 345 bytes"));
        assertEquals("*", reasons.of("has bytes"));
        assertEquals("plain", reasons.of("plain"));
        assertEquals("*", reasons.of("plainer"));
        assertEquals("*: *", reasons.of("a: b: c"));
        assertThrows(AssertionError.class, () -> new Reasons(List.of("has * bytes", "a*a")).of("a"));
    }

    /** A message that the sources do not word is a finding, and so is what is no refusal. */
    @Test
    void theTallyRefusesOtherWords() throws Exception {
        Tally tally = new Tally(new Reasons(Parser.NPY.reasons()));
        tally.file("array", () -> {
            throw new org.tweedie.io.MalformedFileException("file", "header", "key \"shape\" occurs twice");
        });
        assertEquals(Map.of("key * occurs twice", 1L), tally.met());
        assertThrows(
                AssertionError.class,
                () -> tally.file("array", () -> {
                    throw new org.tweedie.io.MalformedFileException("file", "header", "Index 5 out of bounds");
                }));
        assertThrows(
                IllegalArgumentException.class,
                () -> tally.file("array", () -> {
                    throw new IllegalArgumentException("no file's fault");
                }));
        assertThrows(NumberFormatException.class, () -> tally.text("array", () -> Integer.parseInt("x")));
        byte[][] kept = new byte[1][];
        assertThrows(AssertionError.class, () -> tally.execution(() -> kept[0] = new byte[80 << 20]));
    }

    /** Two JVMs at once. */
    @Test
    void mutantsGiveAResultOrAReason() throws Exception {
        if (Depth.now() == Depth.PLAIN) {
            return;
        }
        Parser[] parsers = Parser.values();
        ExecutorService two = Executors.newFixedThreadPool(2);
        try {
            suite.cases(parsers.length / 2, pair -> {
                Future<?> first = two.submit(() -> fuzz(parsers[(int) (2 * pair)]));
                Future<?> second = two.submit(() -> fuzz(parsers[(int) (2 * pair + 1)]));
                first.get();
                second.get();
            });
        } finally {
            two.shutdownNow();
        }
    }

    private Void fuzz(Parser parser) throws Exception {
        Path place = FuzzRun.prepare(
                parser,
                Files.createDirectories(
                        Path.of("target", "fuzz", Depth.now().name().toLowerCase(Locale.ROOT))));
        FuzzRun run = FuzzRun.jazzer(parser, parser.executions(), place);
        run.requireDone(parser.spec(), parser.executions(), place);
        run.requireMet(parser);
        assertNothingWritten(place.resolve("scratch"));
        List<String> wanted = parser.wanted();
        suite.reached(String.format(
                Locale.ROOT,
                "%s: %,d executions in %.0f s, nothing found; %,d results; %d reasons and results, all met, %d of them by mutants",
                parser.spec(),
                run.closing(),
                run.seconds(),
                run.met().entrySet().stream()
                        .filter(met -> met.getKey().startsWith("result")
                                || met.getKey().equals("exit code 0"))
                        .mapToLong(met -> met.getValue()[0] + met.getValue()[1])
                        .sum(),
                wanted.size(),
                wanted.stream().filter(what -> run.met().get(what)[1] > 0).count()));
        return null;
    }
}
