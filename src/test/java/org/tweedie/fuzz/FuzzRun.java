package org.tweedie.fuzz;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a JVM of its own did with a parser: a small one, without JaCoCo and without JCuda's libraries.
 *
 * @param code the exit code: 0 where nothing was found
 * @param closing executions that jazzer says it did, -1 where it did not come to its end
 * @param executions inputs that the target counted
 * @param met how often each reason and result was met, by seeds and by mutants of them
 * @param log all that was printed
 */
record FuzzRun(int code, long closing, long executions, Map<String, long[]> met, String log, double seconds) {
    /** What must not guide mutations: the tests' own classes, and the search for words that are near. */
    private static final String OURS = Stream.of(
                    "fuzz.Fuzz", "fuzz.Tally", "fuzz.Reasons", "fuzz.Parser", "fuzz.Mending", "sde.Spelling")
            .map(name -> "org.tweedie." + name + "*")
            .collect(Collectors.joining(":"));

    private static final Pattern DONE = Pattern.compile("Done ([0-9]+) runs in");

    /** Puts down what a parser's run needs: seeds, reasons, words. */
    static Path prepare(Parser parser, Path all) throws IOException {
        remove(all.resolve(parser.spec())); // jazzer adds to the seeds
        Path folder = Files.createDirectories(all.resolve(parser.spec()).resolve("seeds"))
                .getParent()
                .toAbsolutePath();
        List<byte[]> seeds = Corpus.all(parser, folder);
        for (int i = 0; i < seeds.size(); i++) {
            Files.write(folder.resolve("seeds").resolve(String.format("%04d", i)), seeds.get(i));
        }
        Files.write(folder.resolve("reasons"), parser.reasons());
        Files.writeString(folder.resolve("words"), Dictionary.of(parser));
        return folder;
    }

    private static void remove(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    /** Coverage-guided mutants of the seeds in a prepared folder. */
    static FuzzRun jazzer(Parser parser, long runs, Path folder) throws IOException, InterruptedException {
        return jazzer(
                Fuzz.class.getName(),
                List.of("-Dfuzz.parser=" + parser.name(), "-Dfuzz.folder=" + folder),
                runs,
                folder);
    }

    /** @param target a class with fuzzerTestOneInput */
    static FuzzRun jazzer(String target, List<String> properties, long runs, Path folder)
            throws IOException, InterruptedException {
        List<String> arguments = new ArrayList<>(properties);
        arguments.addAll(List.of(
                "com.code_intelligence.jazzer.Jazzer",
                "--target_class=" + target,
                "--instrumentation_includes=org.tweedie.**",
                "--custom_hook_includes=org.tweedie.**",
                "--instrumentation_excludes=" + OURS,
                "--custom_hook_excludes=" + OURS,
                // paths are what a command line is for
                "--disabled_hooks=com.code_intelligence.jazzer.sanitizers.FilePathTraversal",
                "--reproducer_path=" + folder,
                "-artifact_prefix=" + folder + "/",
                "-runs=" + runs,
                "-seed=20261122",
                "-max_len=4096",
                "-timeout=30",
                "-rss_limit_mb=" + (1500 + startersPeak())));
        if (Files.exists(folder.resolve("words"))) {
            arguments.add("-dict=" + folder.resolve("words"));
        }
        arguments.add(folder.resolve("seeds").toString());
        return java(arguments, folder);
    }

    /** MiB that this process has held at most: on Linux a process that another starts counts from the starter's peak. */
    private static long startersPeak() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return 0;
        }
        Matcher peak = Pattern.compile("VmHWM:\\s+([0-9]+) kB").matcher(Files.readString(status));
        return peak.find() ? Long.parseLong(peak.group(1)) / 1024 : 0;
    }

    /** Any main class of the tests in a folder, where {@code scratch} becomes its working directory. */
    static FuzzRun java(List<String> arguments, Path folder) throws IOException, InterruptedException {
        Path scratch = Files.createDirectories(folder.resolve("scratch"));
        Corpus.putFilesFor(scratch);
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-Djava.awt.headless=true",
                "-Djava.io.tmpdir=" + folder,
                "-cp",
                classPath()));
        command.addAll(arguments);
        Path log = folder.resolve("log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(scratch.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().keySet().removeAll(List.of("LD_LIBRARY_PATH", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"));
        long began = System.nanoTime();
        Process child = builder.start();
        try {
            if (!child.waitFor(85, TimeUnit.MINUTES)) {
                throw new AssertionError("does not end; see " + log);
            }
        } finally {
            child.destroyForcibly();
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        String text = Files.readString(log, StandardCharsets.ISO_8859_1);
        Matcher done = DONE.matcher(text);
        long closing = done.find() ? Long.parseLong(done.group(1)) : -1;
        FuzzRun run = result(folder.resolve("result"));
        return new FuzzRun(child.exitValue(), closing, run.executions(), run.met(), text, seconds);
    }

    /** What {@link Fuzz} wrote, if it did. */
    static FuzzRun result(Path file) throws IOException {
        Map<String, long[]> met = new TreeMap<>();
        List<String> lines = Files.exists(file) ? Files.readAllLines(file) : List.of("0");
        for (String line : lines.subList(1, lines.size())) {
            String[] part = line.split(" ", 3);
            met.put(part[2], new long[] {Long.parseLong(part[0]), Long.parseLong(part[1])});
        }
        return new FuzzRun(0, -1, Long.parseLong(lines.get(0)), met, "", 0);
    }

    /** The tests' class path, of which Surefire may have made a jar. */
    private static String classPath() {
        return Arrays.stream(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                        .split(File.pathSeparator))
                .filter(jar -> !jar.contains("-natives-"))
                .map(jar -> Path.of(jar).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
    }

    /** Fails unless everything was met, and nothing that is said to be out of reach. */
    void requireMet(Parser parser) throws IOException {
        for (String reason : parser.exempt().keySet()) {
            if (met.containsKey(reason)) {
                throw new AssertionError(parser.spec() + ": '" + reason + "' was met; it is not exempt");
            }
        }
        List<String> missing =
                parser.wanted().stream().filter(what -> !met.containsKey(what)).toList();
        if (!missing.isEmpty()) {
            throw new AssertionError(parser.spec() + ": never met in " + executions
                    + " executions; add an input to src/test/resources/fuzz/" + parser.spec()
                    + ".txt, or say in Parser why none can:\n"
                    + String.join("\n", missing));
        }
    }

    /** Fails unless nothing was found, and all executions were done. */
    void requireDone(String what, long runs, Path folder) {
        if (code != 0) {
            List<String> lines = log.lines().toList();
            throw new AssertionError(what + ": code " + code + " after " + executions + " executions; see " + folder
                    + ", keep the Base64 in src/test/resources/fuzz\n"
                    + String.join("\n", lines.subList(Math.max(0, lines.size() - 40), lines.size())));
        }
        if (closing < runs || executions < runs) {
            throw new AssertionError(
                    what + ": jazzer counted " + closing + " executions and the target " + executions + ", of " + runs);
        }
    }
}
