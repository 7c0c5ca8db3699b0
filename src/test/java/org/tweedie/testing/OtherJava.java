package org.tweedie.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A main class of the tests in a JVM of its own, of this Java or another. */
public final class OtherJava {
    private OtherJava() {}

    /** The Java that these tests run on. */
    public static Path own() {
        return Path.of(System.getProperty("java.home"));
    }

    /** JDK 25, where {@code JAVA_HOME_25} or Debian's place of Temurin has it. */
    public static Optional<Path> newest() {
        String said = System.getenv("JAVA_HOME_25");
        Path home = Path.of(said == null || said.isBlank() ? "/usr/lib/jvm/temurin-25-jdk-amd64" : said);
        return Files.isExecutable(home.resolve("bin/java")) ? Optional.of(home) : Optional.empty();
    }

    /**
     * Runs a main class to its end; fails where it does not end with 0.
     *
     * @param home of the Java
     * @param options of the JVM
     * @return the lines on its standard output
     */
    public static List<String> run(Path home, List<String> options, Class<?> main, long seconds, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(home.resolve("bin/java").toString());
        command.addAll(options);
        for (String property : List.of("tweedie.emulator", "tweedie.requireGpu")) {
            String value = System.getProperty(property);
            if (value != null) {
                command.add("-D" + property + "=" + value);
            }
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        Path out = Files.createTempFile("child", ".out");
        Path err = Files.createTempFile("child", ".err");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile())
                    .start();
            try {
                assertTrue(process.waitFor(seconds, TimeUnit.SECONDS), () -> "does not end: " + command);
            } finally {
                process.destroyForcibly();
            }
            String errors = Files.readString(err, StandardCharsets.UTF_8);
            List<String> lines = Files.readAllLines(out, StandardCharsets.UTF_8);
            assertEquals(0, process.exitValue(), () -> command + "\n" + String.join("\n", lines) + "\n" + errors);
            return lines;
        } finally {
            Files.deleteIfExists(out);
            Files.deleteIfExists(err);
        }
    }
}
