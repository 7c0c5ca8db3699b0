package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.testing.Depth;

/**
 * Each source compiles alone, as a reader with nothing but nvcc would: {@code nvcc -std=c++17 -I kernels}, to PTX with the entries that it
 * declares; the assembler reads all of them in the build. In CI for sm_80, and those of Hopper's instructions for sm_90, which lacks their bodies, and sm_90a, which alone has them; else for
 * one target, and only the shortest sources.
 */
@Tag("checkout")
class SourceAloneTest {
    private static final int SHORT = 3_000;
    private static final Path KERNELS = Path.of("kernels");
    private static final Pattern ENTRY = Pattern.compile("\\.visible \\.entry (\\w+)\\(");
    private static final Set<Path> HOPPER = Set.of(KERNELS.resolve("hopper.cuh"), KERNELS.resolve("bulk.cuh"));

    @TempDir
    private Path folder;

    static List<String> targets() {
        return Depth.now() == Depth.PLAIN ? List.of("sm_80") : List.of("sm_80", "sm_90", "sm_90a");
    }

    @ParameterizedTest
    @MethodSource("targets")
    void compilesAlone(String target) throws Exception {
        assumeTrue(Files.exists(Path.of("target/kernels/resources.txt")), "built without nvcc");
        ExecutorService cores =
                Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        try {
            List<Future<?>> running = new ArrayList<>();
            for (CudaSource source : CudaSource.below(KERNELS)) {
                if (Depth.now() == Depth.PLAIN
                        ? source.text().length() <= SHORT
                        : target.equals("sm_80") != source.reaches(KERNELS, HOPPER::contains)) {
                    running.add(cores.submit(() -> compile(source, target)));
                }
            }
            for (Future<?> one : running) {
                one.get();
            }
        } finally {
            cores.shutdownNow();
        }
    }

    private Void compile(CudaSource source, String target) throws Exception {
        Path image = folder.resolve(source.file().getFileName() + ".ptx");
        Path said = folder.resolve(source.file().getFileName() + ".txt");
        Process nvcc = new ProcessBuilder(
                        System.getenv().getOrDefault("NVCC", "nvcc"),
                        "-std=c++17",
                        "-I",
                        "kernels",
                        "-ptx",
                        "-arch=" + target,
                        "-o",
                        image.toString(),
                        source.file().toString())
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        boolean ended = nvcc.waitFor(5, TimeUnit.MINUTES);
        String message = source.file() + " for " + target + ": " + Files.readString(said);
        assertEquals(0, ended ? nvcc.exitValue() : -1, message);
        assertEquals("", Files.readString(said), message);
        Set<String> entries = ENTRY.matcher(Files.readString(image))
                .results()
                .map(found -> found.group(1))
                .collect(Collectors.toSet());
        assertEquals(source.entries().keySet(), entries, message);
        return null;
    }
}
