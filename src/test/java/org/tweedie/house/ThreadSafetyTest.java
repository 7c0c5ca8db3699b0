package org.tweedie.house;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Every public type says in its Javadoc which threads may use it: immutable, stateless, or something about threads. */
@Tag("checkout")
class ThreadSafetyTest {
    private static final Pattern TYPE = Pattern.compile(
            "(?m)^ *(?:(?:static|final|sealed|abstract|non-sealed|strictfp) )*public "
                    + "(?:(?:static|final|sealed|abstract|non-sealed) )*(?:class|interface|record|enum|@interface) (\\w+)");
    private static final Pattern SAYS = Pattern.compile("(?i)\\bthread|\\bimmutable\\b|\\bstateless\\b");
    private static final Pattern BETWEEN = Pattern.compile("(\\s|@[\\w.]+(\\((?:[^()]|\\([^()]*\\))*\\))?)*");

    /** Public types of a source, and those among them that say nothing. */
    private record Found(int types, List<String> silent) {}

    private static Found in(String source) {
        List<String> silent = new ArrayList<>();
        Matcher type = TYPE.matcher(source);
        int types = 0;
        while (type.find()) {
            types++;
            String before = source.substring(0, type.start());
            int from = before.lastIndexOf("/**");
            int to = before.lastIndexOf("*/");
            boolean own = from >= 0
                    && to > from
                    && BETWEEN.matcher(before.substring(to + 2)).matches();
            if (!own || !SAYS.matcher(before.substring(from, to)).find()) {
                silent.add(type.group(1));
            }
        }
        return new Found(types, silent);
    }

    @Test
    void everyPublicTypeSaysIt() throws IOException {
        List<String> silent = new ArrayList<>();
        int types = 0;
        try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".java")).toList()) {
                Found found = in(Files.readString(file));
                types += found.types;
                found.silent.forEach(type -> silent.add(file + ": " + type));
            }
        }
        assertEquals(
                List.of(),
                silent,
                "say in the Javadoc: Immutable. Stateless. Thread-safe. For one thread at a time. ...");
        assertTrue(types > 200, "found but " + types);
    }

    @Test
    void silenceIsCaught() {
        String spoken = "/** A thing. Immutable. */\n@Deprecated(since = \"1 (one)\")\npublic final class Thing {\n"
                + "    /** Part of it. For one thread. */\n    public static final class Part {}\n}\n";
        assertEquals(new Found(2, List.of()), in(spoken));
        assertEquals(new Found(2, List.of("Thing")), in(spoken.replace(" Immutable.", "")));
        assertEquals(new Found(2, List.of("Part")), in(spoken.replace(" For one thread.", "")));
        assertEquals(
                new Found(1, List.of("Bare")), in("/** Thread-safe. */\nclass Other {}\n\npublic interface Bare {}\n"));
    }
}
