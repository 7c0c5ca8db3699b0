package org.tweedie.fuzz;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What jazzer calls in a JVM of its own: {@code -Dfuzz.parser} with the parser, {@code -Dfuzz.folder} with {@code reasons} that it
 * may give and its {@code seeds}. At the end {@code result} is written there: the executions, then each thing met, how often by the
 * first inputs, as many as there are seeds, and how often by all others.
 */
public final class Fuzz {
    private static Parser parser = Parser.NPY;
    private static Path folder = Path.of("");
    private static Tally tally = new Tally(new Reasons(List.of()));
    private static final Map<String, Long> bySeeds = new HashMap<>();
    private static long seeds;

    private Fuzz() {}

    public static void fuzzerInitialize() throws IOException {
        parser = Parser.valueOf(System.getProperty("fuzz.parser"));
        folder = Path.of(System.getProperty("fuzz.folder"));
        tally = new Tally(new Reasons(Files.readAllLines(folder.resolve("reasons"))));
        bySeeds.clear();
        try (var files = Files.list(folder.resolve("seeds"))) {
            seeds = files.count();
        }
    }

    public static void fuzzerTestOneInput(byte[] input) throws Exception {
        tally.execution(() -> parser.read(input, tally));
        if (tally.executions() == seeds) {
            bySeeds.putAll(tally.met());
        }
    }

    public static void fuzzerTearDown() throws IOException {
        List<String> lines = new ArrayList<>();
        lines.add(Long.toString(tally.executions()));
        tally.met().forEach((what, count) -> {
            long first = bySeeds.getOrDefault(what, 0L);
            lines.add(first + " " + (count - first) + " " + what);
        });
        Files.write(folder.resolve("result"), lines);
    }

    /** Runs the seeds alone, without jazzer, for each parser that has a folder in the folder given. */
    public static void main(String[] arguments) throws Exception {
        for (Parser each : Parser.values()) {
            System.setProperty("fuzz.parser", each.name());
            System.setProperty("fuzz.folder", Path.of(arguments[0], each.spec()).toString());
            fuzzerInitialize();
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder.resolve("seeds"))) {
                for (Path file : files) {
                    try {
                        fuzzerTestOneInput(Files.readAllBytes(file));
                    } catch (Throwable found) {
                        throw new AssertionError(each + ", " + file, found);
                    }
                }
            }
            fuzzerTearDown();
        }
    }
}
