package org.tweedie.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tweedie.testing.ChildJvm;
import org.tweedie.testing.ChildTests;
import org.tweedie.testing.EmulatedDriver;

/**
 * The {@code libcublas.so.12} of {@code native/cublas13} under JCublas: it loads with the versions of symbols that JCublas asks for, and
 * every argument arrives in the {@code libcublas.so.13} behind it.
 */
@Tag("checkout")
class CublasForwardingTest {
    /** Writes down what it is called with; lacks cublasSnrm2_v2. */
    private static final String RECORDER = """
            #include <stdio.h>
            #include <stddef.h>
            typedef const float* F;
            #define SHOW(...) return printf(__VA_ARGS__), fflush(stdout), 0
            extern "C" {
            int cublasCreate_v2(void** h) { *h = (void*)0x77; SHOW("create\\n"); }
            int cublasDestroy_v2(void* h) { SHOW("destroy %p\\n", h); }
            int cublasSetStream_v2(void* h, void* s) { SHOW("stream %p %p\\n", h, s); }
            int cublasSetWorkspace_v2(void* h, void* at, size_t n) { SHOW("workspace %p %p %zu\\n", h, at, n); }
            int cublasSetMathMode(void* h, int mode) { SHOW("mode %p %d\\n", h, mode); }
            int cublasSgemm_v2(void* h, int ta, int tb, int m, int n, int k, F alpha, void* a, int lda, void* b, int ldb, F beta, void* c, int ldc) {
                SHOW("sgemm %p %d %d %d %d %d %g %p %d %p %d %g %p %d\\n", h, ta, tb, m, n, k, *alpha, a, lda, b, ldb, *beta, c, ldc);
            }
            int cublasGemmEx(void* h, int ta, int tb, int m, int n, int k, F alpha, void* a, int at, int lda, void* b, int bt, int ldb, F beta,
                             void* c, int ct, int ldc, int compute, int algo) {
                SHOW("gemmex %p %d %d %d %d %d %g %p %d %d %p %d %d %g %p %d %d %d %d\\n", h, ta, tb, m, n, k, *alpha, a, at, lda, b, bt, ldb,
                     *beta, c, ct, ldc, compute, algo);
            }
            }
            """;

    private static final String SGEMM = "sgemm 0x77 1 0 11 12 13 1.5 0x1000 14 0x2000 15 -2.5 0x3000 16";
    private static final String GEMMEX = "gemmex 0x77 0 1 21 22 23 1.5 0x1000 2 24 0x2000 14 25 -2.5 0x3000 0 26 68 -1";

    @TempDir
    private static Path folder;

    private static Path forwarding;

    @BeforeAll
    static void build() throws IOException, InterruptedException {
        assumeTrue(System.getProperty("os.arch").equals("amd64"), "JCuda has libraries for x86-64 alone");
        forwarding = Files.createDirectory(folder.resolve("cublas13"));
        run("bash", "native/cublas13/build.sh", forwarding.toString());
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(2, TimeUnit.MINUTES) && process.exitValue() == 0, said);
    }

    private static ChildJvm.Result calls(String path, Map<String, String> more)
            throws IOException, InterruptedException {
        Map<String, String> environment = new java.util.HashMap<>(more);
        environment.put("LD_LIBRARY_PATH", path);
        return ChildJvm.run(forwarding, environment, List.of(), ForwardedCalls.class);
    }

    private static Path recorder(String name) throws IOException, InterruptedException {
        Path source = folder.resolve(name + ".cc");
        Files.writeString(source, RECORDER);
        Path library = Files.createDirectories(folder.resolve(name)).resolve("libcublas.so.13");
        run("g++", "-shared", "-fPIC", "-O1", source.toString(), "-o", library.toString());
        return library;
    }

    @Test
    void everyArgumentArrives() throws IOException, InterruptedException {
        Path library = recorder("recorder");
        ChildJvm.Result byPath = calls(forwarding + ":" + library.getParent(), Map.of());
        ChildJvm.Result byName = calls(forwarding.toString(), Map.of("TWEEDIE_CUBLAS", library.toString()));
        for (ChildJvm.Result result : List.of(byPath, byName)) {
            assertEquals(0, result.exit(), result.output());
            assertEquals(
                    List.of(
                            "create",
                            "cublasCreate gave 0",
                            "stream 0x77 (nil)",
                            "cublasSetStream gave 0",
                            "workspace 0x77 0x1000 8589934592",
                            "cublasSetWorkspace gave 0",
                            "mode 0x77 16",
                            "cublasSetMathMode gave 0",
                            SGEMM,
                            "cublasSgemm gave 0",
                            GEMMEX,
                            "cublasGemmEx gave 0",
                            SGEMM,
                            "cublasSgemm gave 0",
                            GEMMEX,
                            "cublasGemmEx gave 0",
                            "tweedie: libcublas.so.13 has no cublasSnrm2_v2",
                            "cublasSnrm2 gave 15",
                            "destroy 0x77",
                            "cublasDestroy gave 0"),
                    result.lines().stream()
                            .filter(line -> !line.startsWith("WARNING: Using incubator"))
                            .toList());
        }
    }

    /** Every call then gives a status, and the reason stands once on the error stream. */
    @Test
    void anAbsentLibraryIsNamed() throws IOException, InterruptedException {
        ChildJvm.Result result =
                calls(forwarding.toString(), Map.of("TWEEDIE_CUBLAS", folder + "/none/libcublas.so.13"));
        assertEquals(0, result.exit(), result.output());
        List<String> reasons = result.lines().stream()
                .filter(line -> line.startsWith("tweedie:"))
                .toList();
        assertEquals(1, reasons.size(), result.output());
        for (String part : List.of(
                "only forwards to libcublas.so.13",
                folder + "/none/libcublas.so.13: cannot open shared object file",
                "LD_LIBRARY_PATH",
                "TWEEDIE_CUBLAS")) {
            assertTrue(reasons.get(0).contains(part), reasons.get(0));
        }
        assertEquals(
                10,
                result.lines().stream().filter(line -> line.endsWith(" gave 1")).count(),
                result.output());
    }

    /** The wrapper's tests, with the emulated cuBLAS as the library behind. */
    @Test
    void theWrapperWorksThroughIt() throws IOException, InterruptedException {
        assumeTrue(EmulatedDriver.present(), "no emulated GPU here");
        Path behind = Files.createDirectory(folder.resolve("behind"));
        Path emulator = EmulatedDriver.library().toAbsolutePath().getParent();
        for (String[] name : new String[][] {
            {"libcuda.so.1", "libcuda.so.1"},
            {"libcublas.so.12", "libcublas.so.13"},
            {"libcurand.so.10", "libcurand.so.10"}
        }) {
            // links, not copies: whoever opens the driver by another path gets the one that is there already
            Files.createSymbolicLink(behind.resolve(name[1]), emulator.resolve(name[0]));
        }
        ChildJvm.Result result = ChildJvm.run(
                emulator,
                Map.of("LD_LIBRARY_PATH", forwarding + ":" + behind),
                List.of(),
                ChildTests.class,
                ToolkitLibrariesTest.class.getName(),
                EmulatedToolkitTest.class.getName());
        assertEquals(0, result.exit(), result.output());
        assertTrue(result.number("passed ") > 10, result.output());
    }
}
