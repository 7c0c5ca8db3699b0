package org.tweedie.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.tweedie.testing.Signals;

/**
 * The command line in a process of its own.
 *
 * @param err what it says on standard error
 * @param out what it says on standard output
 */
record Running(Process process, Path err, Path out) {
    /** Seconds that a process may take: many times what it needs, so that only a hang fails. */
    private static final long PATIENCE = 120;

    interface Condition {
        boolean holds() throws IOException;
    }

    /**
     * Starts a command.
     *
     * @param folder where what it says is kept
     * @param within a command that runs the command behind it
     * @param java options of Java
     */
    static Running start(Path folder, List<String> within, List<String> java, List<String> arguments)
            throws IOException {
        List<String> command = new ArrayList<>(within);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(java);
        command.addAll(List.of(
                "-Djava.awt.headless=true",
                "-XX:-UsePerfData", // its file would meet the limit of a full disk
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(arguments);
        Path err = Files.createTempFile(folder, "err", ".txt");
        Path out = Files.createTempFile(folder, "out", ".txt");
        return new Running(
                new ProcessBuilder(Signals.heard(command))
                        .redirectError(err.toFile())
                        .redirectOutput(out.toFile())
                        .start(),
                err,
                out);
    }

    String said() throws IOException {
        return Files.readString(err);
    }

    int end() throws InterruptedException {
        assertTrue(process.waitFor(PATIENCE, TimeUnit.SECONDS), "the process does not end");
        return process.exitValue();
    }

    /** One line that tells of the failure, beside those of progress. */
    void saidOneLine(String text) throws IOException {
        List<String> told = said().lines()
                .filter(line -> !line.matches(
                        "(training|sampling) .*|tweedie: products of .*|WARNING: Using incubator modules: .*"))
                .toList();
        assertEquals(1, told.size(), said());
        assertTrue(told.get(0).startsWith("tweedie: ") && told.get(0).contains(text), said());
    }

    void signal(String name) throws IOException, InterruptedException {
        assertEquals(
                0,
                new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid())
                        .start()
                        .waitFor());
    }

    void await(Condition condition, String what) throws IOException, InterruptedException {
        assertTrue(comes(condition) && process.isAlive(), () -> what + " never came: " + heard());
    }

    /** Whether the condition came to hold before the process ended. */
    boolean comes(Condition condition) throws IOException, InterruptedException {
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE); !condition.holds(); Thread.sleep(1)) {
            assertTrue(System.nanoTime() < end, "neither came nor ended");
            if (!process.isAlive()) {
                return condition.holds();
            }
        }
        return true;
    }

    private String heard() {
        try {
            return said();
        } catch (IOException e) {
            return e.toString();
        }
    }
}
