package org.tweedie.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Properties;
import org.opentest4j.TestAbortedException;

/**
 * A suite of docs/reliability.md: its cases, by number, and what it reached.
 *
 * <p>Under {@link Depth#LONG} the cases go on where the last run stopped ({@code target/long/NAME.properties}, as long as the commit is
 * the same), and stop after {@code -Dsuite.minutes} (85): the test is then aborted, not passed, and says how far it came. Cases must
 * not depend on each other.
 */
public final class Suite {
    private static final Path RECORDS = Path.of("target", "suites");
    private static final Path PROGRESS = Path.of("target", "long");
    private static final long STORE_EVERY = Duration.ofSeconds(5).toNanos();

    private final String name;

    public Suite(String name) {
        this.name = name;
    }

    /** One case. */
    @FunctionalInterface
    public interface Case {
        void run(long number) throws Exception;
    }

    /**
     * Runs the cases 0 to count - 1, or those that are left.
     *
     * @throws TestAbortedException if time ran out before the last one
     */
    public void cases(long count, Case one) throws Exception {
        long done = Depth.now() == Depth.LONG ? done() : 0;
        long from = done < count ? done : 0; // a suite that was finished starts again
        long end = System.nanoTime()
                + Duration.ofMinutes(Long.getLong("suite.minutes", 85)).toNanos();
        long stored = System.nanoTime();
        for (long number = from; number < count; number++) {
            one.run(number);
            long now = System.nanoTime();
            boolean late = now >= end && number + 1 < count;
            if (Depth.now() == Depth.LONG && (late || now - stored > STORE_EVERY)) {
                store(number + 1);
                stored = now;
                if (late) {
                    String text = name + ": " + (number + 1) + " of " + count + " cases; the same command goes on";
                    System.out.println("suite " + text);
                    throw new TestAbortedException(text);
                }
            }
        }
        if (Depth.now() == Depth.LONG) {
            store(count);
        }
    }

    /** Prints what was reached, and keeps it in {@code target/suites/NAME.txt}, from which {@code .ci/run} prints it again. */
    public synchronized void reached(String text) {
        System.out.println("suite " + name + ": " + text);
        try {
            Files.createDirectories(RECORDS);
            Files.writeString(
                    RECORDS.resolve(name + ".txt"),
                    name + " (" + Depth.now() + ", " + commit() + "): " + text + "\n",
                    StandardCharsets.UTF_8,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private long done() throws IOException {
        Path file = PROGRESS.resolve(name + ".properties");
        if (!Files.exists(file)) {
            return 0;
        }
        Properties kept = new Properties();
        try (var in = Files.newBufferedReader(file)) {
            kept.load(in);
        }
        return commit().equals(kept.getProperty("commit")) ? Long.parseLong(kept.getProperty("done")) : 0;
    }

    private void store(long done) throws IOException {
        Files.createDirectories(PROGRESS);
        Path draft = PROGRESS.resolve(name + ".draft");
        Files.writeString(draft, "commit=" + commit() + "\ndone=" + done + "\n");
        Files.move(draft, PROGRESS.resolve(name + ".properties"), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Twelve digits of the commit that is checked out, or {@code unknown} where git is not there. */
    private static String commit() {
        return Commit.TEXT;
    }

    private static final class Commit {
        static final String TEXT = read();

        private static String read() {
            try {
                Process git = new ProcessBuilder("git", "rev-parse", "--short=12", "HEAD")
                        .redirectErrorStream(true)
                        .start();
                String text = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
                return git.waitFor() == 0 ? text : "unknown";
            } catch (IOException e) {
                return "unknown";
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return "unknown";
            }
        }
    }
}
