package org.tweedie.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.tweedie.testing.ChildJvm;
import org.tweedie.testing.Depth;

/** Builds of the emulated driver that tests make: with AddressSanitizer and UBSan, or with a changed kernel. */
final class DriverBuild {
    private static final Path FOLDER = Path.of("target", "emulator-sanitized");
    private static final List<Path> SOURCES = List.of(Path.of("native"), Path.of("kernels"));

    private DriverBuild() {}

    /**
     * The folder of the sanitized driver, built if it is not up to date. That takes a minute, so {@code mvn verify} takes one that is
     * there, and skips the test where there is none.
     */
    static Path sanitized() throws IOException, InterruptedException {
        if (Depth.now() == Depth.PLAIN) {
            assumeTrue(fresh(), "no sanitized driver of these sources; CI=true makes one");
            return FOLDER;
        }
        build(FOLDER.toString(), "--sanitize");
        return FOLDER;
    }

    /** True where the library is there and no source is newer. */
    private static boolean fresh() throws IOException {
        Path library = FOLDER.resolve("libcuda.so.1");
        if (!Files.exists(library)) {
            return false;
        }
        FileTime made = Files.getLastModifiedTime(library);
        for (Path folder : SOURCES) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    if (Files.getLastModifiedTime(file).compareTo(made) > 0) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    /** Runs native/emulator/build.sh, two compilers at once. */
    static void build(String... arguments) throws IOException, InterruptedException {
        List<String> command = Stream.concat(Stream.of("bash", "native/emulator/build.sh"), Arrays.stream(arguments))
                .toList();
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), command + "\n" + output);
    }

    /**
     * Runs a program in a JVM under the sanitizers, which end it at their first finding.
     *
     * @param settings of the driver
     */
    static ChildJvm.Result runSanitized(Path folder, Map<String, String> settings, Class<?> main, String... arguments)
            throws IOException, InterruptedException {
        Map<String, String> environment = new TreeMap<>(settings);
        environment.put("LD_PRELOAD", asan());
        // the JVM and the driver handle faults themselves; the JVM leaks by design, and fibers are not stacks as ASan
        // knows them
        environment.put(
                "ASAN_OPTIONS",
                "handle_segv=0:handle_sigbus=0:handle_sigfpe=0:detect_leaks=0:detect_stack_use_after_return=0:exitcode=86");
        environment.put("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1:exitcode=87");
        return ChildJvm.run(folder, environment, List.of("-Dtweedie.test.only=last"), main, arguments);
    }

    private static String asan() throws IOException, InterruptedException {
        String compiler = System.getenv().getOrDefault("CXX", "g++");
        Process process = new ProcessBuilder(compiler, "-print-file-name=libasan.so").start();
        Path library = Path.of(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip());
        assertTrue(process.waitFor() == 0 && library.isAbsolute(), "no libasan.so of " + compiler + ": " + library);
        return library.toRealPath().toString();
    }
}
