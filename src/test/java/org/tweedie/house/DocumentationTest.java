package org.tweedie.house;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The pages a person reads: links lead somewhere, a test that is named exists, and an example is the text of the test that runs it.
 * A block {@code ```java SomeTest#name} is what stands in that test between {@code // snippet: name} and {@code // end}.
 */
@Tag("checkout")
class DocumentationTest {
    private static final Path TESTS = Path.of("src/test/java");
    private static final Pattern FENCE = Pattern.compile("(?m)^```([^\n]*)\n(.*?)^```", Pattern.DOTALL);
    private static final Pattern LINK = Pattern.compile("(?<!`)!?\\[[^]\n]*]\\(([^)\\s]+)\\)");
    private static final Pattern NAMED =
            Pattern.compile("`([A-Z][A-Za-z0-9]*Test)([.#]([a-z][A-Za-z0-9]*))?(?:\\(\\))?`");
    private static final Pattern SNIPPET = Pattern.compile("java (\\w+)#([\\w-]+)");

    /** The pages at the root and in docs/, by path. */
    private static Map<Path, String> pages() throws IOException {
        Map<Path, String> pages = new TreeMap<>();
        List<Path> files = new ArrayList<>();
        for (String folder : List.of(".", "docs")) {
            try (Stream<Path> inside = Files.list(Path.of(folder))) {
                files.addAll(inside.filter(file -> file.toString().endsWith(".md"))
                        .map(Path::normalize)
                        .toList());
            }
        }
        for (Path file : files) {
            pages.put(file, Files.readString(file));
        }
        return pages;
    }

    private static Map<String, String> tests() throws IOException {
        Map<String, String> tests = new HashMap<>();
        try (Stream<Path> files = Files.walk(TESTS)) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith("Test.java")).toList()) {
                tests.put(file.getFileName().toString().replace(".java", ""), Files.readString(file));
            }
        }
        return tests;
    }

    @Test
    void thePagesAreThere() throws IOException {
        Set<String> names = new HashSet<>();
        pages().keySet().forEach(page -> names.add(page.toString()));
        for (String page : List.of(
                "math", "choosing-a-sampler", "reproducibility", "kernels", "formats", "extending", "reliability")) {
            assertTrue(
                    names.contains(Path.of("docs", page + ".md").toString()),
                    () -> "docs/" + page + ".md; there are " + names);
        }
    }

    @TestFactory
    Stream<DynamicTest> linksLeadSomewhere() throws IOException {
        Map<Path, String> pages = pages();
        return pages.entrySet().stream()
                .map(page -> DynamicTest.dynamicTest(page.getKey().toString(), () -> {
                    List<String> broken = new ArrayList<>();
                    for (Matcher link =
                                    LINK.matcher(FENCE.matcher(page.getValue()).replaceAll(""));
                            link.find(); ) {
                        String target = link.group(1);
                        if (!target.matches("[a-z]+:.*") && !leads(page.getKey(), target, pages)) {
                            broken.add(target);
                        }
                    }
                    assertEquals(List.of(), broken);
                }));
    }

    private static boolean leads(Path from, String target, Map<Path, String> pages) throws IOException {
        String[] part = target.split("#", 2);
        Path file = part[0].isEmpty() ? from : from.resolveSibling(part[0]).normalize();
        if (!pages.containsKey(file) && !Files.exists(file)) {
            return false;
        }
        return part.length == 1
                || anchors(pages.containsKey(file) ? pages.get(file) : Files.readString(file))
                        .contains(part[1]);
    }

    /** The anchors that headings get: lower case, without punctuation, hyphens for spaces. */
    private static Set<String> anchors(String page) {
        Set<String> anchors = new HashSet<>();
        FENCE.matcher(page)
                .replaceAll("")
                .lines()
                .filter(line -> line.matches("#{1,6} .*"))
                .forEach(heading -> anchors.add(heading.replaceFirst("#+ ", "")
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{L}\\p{N} _-]", "")
                        .replace(' ', '-')));
        return anchors;
    }

    @TestFactory
    Stream<DynamicTest> testsThatAreNamedExist() throws IOException {
        Map<String, String> tests = tests();
        return pages().entrySet().stream()
                .map(page -> DynamicTest.dynamicTest(page.getKey().toString(), () -> {
                    List<String> unknown = new ArrayList<>();
                    for (Matcher named = NAMED.matcher(page.getValue()); named.find(); ) {
                        String source = tests.get(named.group(1));
                        boolean known = source != null
                                && (named.group(3) == null || source.contains(" " + named.group(3) + "("));
                        if (!known && !named.group(1).equals("SomethingTest")) {
                            unknown.add(named.group());
                        }
                    }
                    assertEquals(List.of(), unknown, "named, but not below " + TESTS);
                }));
    }

    @TestFactory
    Stream<DynamicTest> examplesAreTheTextOfTheirTests() throws IOException {
        Map<String, String> tests = tests();
        List<DynamicTest> examples = new ArrayList<>();
        pages().forEach((page, text) -> {
            for (Matcher block = FENCE.matcher(text); block.find(); ) {
                Matcher marked = SNIPPET.matcher(block.group(1));
                if (marked.matches()) {
                    String shown = block.group(2);
                    examples.add(DynamicTest.dynamicTest(page + " " + block.group(1), () -> {
                        String test = tests.get(marked.group(1));
                        assertTrue(test != null, () -> "no test " + marked.group(1));
                        assertEquals(snippet(test, marked.group(2)), shown);
                    }));
                }
            }
        });
        assertFalse(examples.isEmpty(), "no example names its test");
        return examples.stream();
    }

    private static String snippet(String test, String name) {
        Matcher region = Pattern.compile("// snippet: " + Pattern.quote(name) + "\n(.*?)[ ]*// end\n", Pattern.DOTALL)
                .matcher(test);
        assertTrue(region.find(), () -> "no '// snippet: " + name + "' ... '// end' in the test");
        return region.group(1).stripTrailing().stripIndent() + "\n";
    }

    /** The checks see what they are for. */
    @Test
    void brokenThingsAreSeen() throws IOException {
        Map<Path, String> pages = Map.of(Path.of("docs/a.md"), "# One, two\n```\n# not this\n```\n");
        assertTrue(leads(Path.of("docs/a.md"), "#one-two", pages));
        assertFalse(leads(Path.of("docs/a.md"), "#not-this", pages));
        assertFalse(leads(Path.of("docs/a.md"), "nowhere.md", pages));
        assertTrue(leads(Path.of("docs/a.md"), "../pom.xml", pages));
        assertEquals("a\n  b\n", snippet("x\n    // snippet: s\n    a\n      b\n    // end\n", "s"));
        Matcher link = LINK.matcher("see [the page](docs/x.md) and ![picture](p.png)");
        assertTrue(link.find()
                && link.group(1).equals("docs/x.md")
                && link.find()
                && link.group(1).equals("p.png"));
        Matcher named = NAMED.matcher("`CsvTest.readsRealFiles`");
        assertTrue(named.matches() && named.group(3).equals("readsRealFiles"));
    }
}
