package org.tweedie.faults;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.tweedie.testing.Depth;

/** A {@link FaultMain} in a process of its own. Closing ends it. */
final class FaultProcess implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    private final Process process;
    private final Path errors;
    /** In memory where there is such a folder; removed here, for the process may die. */
    private final Path directory;

    private final BufferedWriter commands;
    private final BufferedReader answers;
    private final ExecutorService reader = Executors.newSingleThreadExecutor(work -> {
        Thread thread = new Thread(work, "answers");
        thread.setDaemon(true);
        return thread;
    });

    FaultProcess() throws IOException {
        this(FaultMain.class, Map.of());
    }

    FaultProcess(Class<?> main, Map<String, String> environment) throws IOException {
        errors = Files.createTempFile("tweedie-faults", ".err");
        Path memory = Path.of("/dev/shm");
        directory = Files.isWritable(memory)
                ? Files.createTempDirectory(memory, "tweedie-faults")
                : Files.createTempDirectory("tweedie-faults");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                "-Dtweedie.emulator=" + System.getProperty("tweedie.emulator", "target/emulator"),
                "--add-modules",
                "jdk.incubator.vector",
                "-XX:+UseSerialGC",
                // a few seconds are over before the optimising compiler has paid for itself
                "-XX:TieredStopAtLevel=" + (Depth.now() == Depth.PLAIN ? 1 : 4),
                "-Xmx512m",
                main.getName(),
                directory.toString()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
        builder.environment().put("TW_EMU_QUIET", "1");
        // page-locked memory comes and goes in megabytes: keep it, instead of asking the system for it each time
        builder.environment().put("MALLOC_MMAP_THRESHOLD_", "1000000000");
        builder.environment().put("MALLOC_TRIM_THRESHOLD_", "1000000000");
        builder.environment().putAll(environment);
        process = builder.start();
        commands = new BufferedWriter(new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** Sends a command and gives its answer, which says so where the process died or hangs. */
    String ask(String command) throws IOException, InterruptedException {
        try {
            commands.write(command + "\n");
            commands.flush();
            String answer = reader.submit(answers::readLine).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            return answer != null ? answer : died();
        } catch (TimeoutException e) {
            return "FAULT no answer in " + PATIENCE.toSeconds() + " s";
        } catch (IOException | ExecutionException e) {
            return died();
        }
    }

    boolean alive() {
        return process.isAlive();
    }

    private String died() throws IOException, InterruptedException {
        boolean ended = process.waitFor(10, TimeUnit.SECONDS);
        return "FAULT the process died"
                + (ended ? " with exit code " + process.exitValue() : "")
                + ": " + Files.readString(errors).lines().limit(20).toList();
    }

    Map<String, Long> counts(Injection.Mode mode) throws IOException, InterruptedException {
        String answer = ask("counts " + mode);
        if (!answer.startsWith("{")) {
            throw new AssertionError(answer);
        }
        Map<String, Long> counts = new TreeMap<>();
        for (String entry : answer.substring(1, answer.length() - 1).split(", ")) {
            counts.put(entry.substring(0, entry.indexOf('=')), Long.parseLong(entry.substring(entry.indexOf('=') + 1)));
        }
        return counts;
    }

    @Override
    public void close() throws IOException {
        try {
            commands.close();
        } catch (IOException e) {
            // it died, which the answer said
        }
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        reader.shutdownNow();
        Files.deleteIfExists(errors);
        Rig.clear(directory);
        Files.deleteIfExists(directory);
    }
}
