package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tweedie.device.Arguments;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.device.Team;

/** The kernel of docs/extending.md: its source compiles, its signature is the entry's, its twin does what the formula says. */
class ExtendingKernelsTest {
    // snippet: clamp
    /** x, rows, width, stride, most. */
    static final KernelEntry CLAMP = KernelEntry.of(
            "clamp_f32",
            ExtendingKernelsTest::twin,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.F32);

    /** Queues x <- min(max(x, -most), most). */
    static void clamp(Stream stream, RowSet rows, View x, float most) {
        Arguments arguments = new Arguments(CLAMP);
        x.into(arguments);
        rows.into(arguments).i32(x.width()).i32(x.stride()).f32(most);
        stream.launch(stream.device().kernel(CLAMP), LaunchShape.linear(x.data().count(), 256), arguments);
    }

    private static void twin(Arguments arguments, Team team) {
        float[] x = arguments.floats(0);
        RowSet rows = arguments.struct(1, RowSet.class);
        float most = arguments.float32(4);
        team.forRange(rows.count(), 1024, (from, to) -> {
            for (long r = from; r < to; r++) {
                int at = (int) (arguments.offset(0) + r * arguments.int32(3));
                for (int d = at; rows.alive(r) && d < at + arguments.int32(2); d++) {
                    x[d] = x[d] < -most ? -most : x[d] > most ? most : x[d];
                }
            }
        });
    }
    // end

    private static String source() throws Exception {
        Matcher block = Pattern.compile("```cuda\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(Path.of("docs/extending.md")));
        assertTrue(block.find(), "docs/extending.md shows a kernel");
        return block.group(1);
    }

    @Test
    @Tag("checkout")
    void theSourceHasTheSignatureThatJavaDeclares() throws Exception {
        assertEquals(
                Map.of(CLAMP.name(), CLAMP.parameters()),
                new CudaSource(Path.of("docs/extending.md"), source()).entries());
    }

    /** As the emulated driver would compile it; the CUDA compiler sees the same dialect. */
    @Test
    @Tag("checkout")
    void theSourceCompiles(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("clamp.cu"), source());
        Process compiler;
        try {
            compiler = new ProcessBuilder(
                            "g++",
                            "-std=c++17",
                            "-fsyntax-only",
                            "-ffp-contract=off",
                            "-mfma",
                            "-DTWEEDIE_EMU",
                            "-Wall",
                            "-Wextra",
                            "-Wno-unknown-pragmas",
                            "-Wno-unused-function",
                            "-I",
                            "kernels",
                            "-I",
                            "native",
                            "-x",
                            "c++",
                            file.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("said").toFile())
                    .start();
        } catch (java.io.IOException e) {
            assumeTrue(false, "no g++: " + e.getMessage());
            return;
        }
        assertTrue(compiler.waitFor(60, TimeUnit.SECONDS));
        assertEquals(0, compiler.exitValue(), () -> read(folder.resolve("said")));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (java.io.IOException e) {
            return e.toString();
        }
    }

    @Test
    void theTwinDoesWhatTheFormulaSays() {
        float[] values = {-3, -0.5f, 9, 0, 2, Float.NaN, -2.5f, 7, 9};
        try (Device device = Device.open("cpu:2");
                Stream stream = device.stream();
                RowSet rows = RowSet.on(device);
                DeviceBuffer alive = device.allocate(Element.F32, 3);
                DeviceBuffer x = device.allocate(Element.F32, 9)) {
            stream.upload(new float[] {1, 0, 1}, 0, alive, 0, 3);
            stream.upload(values, 0, x, 0, 9);
            rows.assign(stream, 0, 0, 3, null, alive, 0);
            clamp(stream, rows, new View(x, 0, 2, 3), 2);
            stream.download(x, 0, values, 0, 9);
            assertArrayEquals(new float[] {-2, -0.5f, 9, 0, 2, Float.NaN, -2, 2, 9}, values);
        }
    }
}
