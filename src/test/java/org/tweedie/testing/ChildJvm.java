package org.tweedie.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A JVM of its own for what one JVM can do once: another driver, another environment, a death. */
public final class ChildJvm {
    private static final long MOST_MINUTES = 20;

    private ChildJvm() {}

    /** How it ended, and all that it printed. */
    public record Result(int exit, String output) {
        public List<String> lines() {
            return output.lines().toList();
        }

        /** What follows {@code start} in the first line that starts so. */
        public String line(String start) {
            return lines().stream()
                    .filter(line -> line.startsWith(start))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no line '" + start + "...' in\n" + output))
                    .substring(start.length());
        }

        /** The number that follows {@code start}. */
        public long number(String start) {
            return Long.parseLong(line(start).strip());
        }
    }

    /** The driver in a folder comes first; variables of the emulated one (TW_EMU_*) are those given, and no others. */
    public static Result run(
            Path driver, Map<String, String> environment, List<String> options, Class<?> main, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                "--add-modules",
                "jdk.incubator.vector",
                "-XX:+UseSerialGC",
                "-Xmx1g",
                "-Djava.awt.headless=true",
                "-Dtweedie.emulator=" + driver.toAbsolutePath(),
                "-Dtweedie.data=" + System.getProperty("tweedie.data", "../shared/data")));
        command.addAll(options);
        command.add(main.getName());
        command.addAll(List.of(arguments));
        Path output = Files.createTempFile("tweedie-child", ".txt");
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
            builder.environment().keySet().removeIf(name -> name.startsWith("TW_EMU_") || name.equals("CI"));
            builder.environment().put("LD_LIBRARY_PATH", driver.toAbsolutePath().toString());
            builder.environment().putAll(environment);
            Process process = builder.start();
            try {
                if (!process.waitFor(MOST_MINUTES, TimeUnit.MINUTES)) {
                    throw new AssertionError("no end within " + MOST_MINUTES + " minutes: " + command + "\n"
                            + new String(Files.readAllBytes(output), StandardCharsets.UTF_8));
                }
            } finally {
                process.destroyForcibly();
            }
            return new Result(process.exitValue(), new String(Files.readAllBytes(output), StandardCharsets.UTF_8));
        } finally {
            Files.deleteIfExists(output);
        }
    }
}
