package org.tweedie.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.tweedie.device.CudaStatus;
import org.tweedie.device.DeviceKind;
import org.tweedie.testing.GpuTest;

/** Other machines than this one, and devices that break: each in a process of its own. */
class CudaScenarioTest {
    private static List<String> run(Map<String, String> environment, List<String> options, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx64m"));
        command.addAll(options);
        command.add(Scenario.class.getName());
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        List<String> lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))
                .lines()
                .toList();
        assertEquals(0, process.waitFor(), () -> String.join("\n", lines));
        return lines;
    }

    private static String line(List<String> lines, String start) {
        return lines.stream()
                .filter(line -> line.startsWith(start + ": "))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no line '" + start + ": ' in\n" + String.join("\n", lines)))
                .substring(start.length() + 2);
    }

    private static void assumeEmulated() {
        boolean emulated = CudaStatus.probe().gpus().stream().anyMatch(gpu -> gpu.kind() == DeviceKind.EMULATED);
        assumeTrue(emulated, "only the emulated GPU can be another");
    }

    @Test
    void withoutADriverTheHostCarriesOnAndOneLineSaysWhy() throws IOException, InterruptedException {
        assumeTrue(
                System.getProperty("tweedie.requireGpu", "false").equals("false"),
                "a machine with a real driver has no way to hide it");
        List<String> lines = run(Map.of("LD_LIBRARY_PATH", "/nonexistent"), List.of(), "open", "auto");
        String reason = line(lines, "reason");
        assumeTrue(!reason.equals("none"), "a driver is installed on this machine");
        assertTrue(reason.contains("no NVIDIA driver: libcuda.so.1 was not found"), reason);
        assertTrue(line(lines, "opened").endsWith("HOST"));
        String named = line(
                run(Map.of("LD_LIBRARY_PATH", "/nonexistent"), List.of(), "open", "cuda:0"),
                "DeviceUnavailableException");
        assertTrue(named.contains("CUDA cannot be used: no NVIDIA driver"), named);
    }

    @Test
    void cudaCanBeSwitchedOff() throws IOException, InterruptedException {
        List<String> lines = run(Map.of(), List.of("-Dtweedie.device=cpu", "-Xlog:class+load"), "open", "auto");
        assertEquals("switched off by -Dtweedie.device=cpu", line(lines, "reason"));
        assertTrue(line(lines, "opened").endsWith("HOST"));
        assertTrue(
                lines.stream().noneMatch(text -> text.contains("jcuda.driver.JCudaDriver ")), "JCuda is not touched");
    }

    @Test
    @GpuTest
    void anOlderGpuIsRefusedByName() throws IOException, InterruptedException {
        assumeEmulated();
        List<String> lines = run(Map.of("TW_EMU_CC", "7.5"), List.of(), "open", "cuda:0");
        String refusal = line(lines, "DeviceUnavailableException");
        assertTrue(refusal.contains("has compute capability 7.5; Tweedie needs 8.0 or newer"), refusal);
        assertTrue(line(run(Map.of("TW_EMU_CC", "7.5"), List.of(), "open", "auto"), "opened")
                .endsWith("HOST"));
    }

    @Test
    @GpuTest
    void aDriverWithoutGpusSaysSo() throws IOException, InterruptedException {
        assumeEmulated();
        List<String> lines = run(Map.of("TW_EMU_DEVICES", "0"), List.of(), "open", "cuda:0");
        assertTrue(
                line(lines, "DeviceUnavailableException").contains("nvidia-smi and CUDA_VISIBLE_DEVICES"),
                lines.toString());
        assertTrue(line(run(Map.of("TW_EMU_DEVICES", "2"), List.of(), "open", "cuda:1"), "opened")
                .startsWith("cuda:1"));
        assertTrue(line(run(Map.of("TW_EMU_DEVICES", "2"), List.of(), "open", "cuda:2"), "DeviceUnavailableException")
                .contains("the driver lists cuda:0 to cuda:1"));
    }

    @Test
    @GpuTest
    void aFullDeviceThrowsItsTypeAndRecovers() throws IOException, InterruptedException {
        assumeEmulated();
        List<String> lines = run(Map.of("TW_EMU_MEMORY", "50000000"), List.of(), "fill");
        assertTrue(line(lines, "full").contains("asked for 1048576 bytes"), lines.toString());
        assertTrue(lines.contains("asked 1048576, free below that: true"), lines.toString());
        assertTrue(lines.contains("held true, now 0"), lines.toString());
        assertEquals("fine", line(lines, "again"));
    }

    @Test
    @GpuTest
    void anIllegalAddressLosesTheDeviceUntilItIsReopened() throws IOException, InterruptedException {
        for (boolean sync : new boolean[] {false, true}) {
            List<String> lines = run(Map.of(), List.of("-Dtweedie.sync=" + sync), "lose");
            // queued work may fail at the launch or at the next wait; under sync always at the launch, which is then
            // named
            String launch = line(lines, "launch");
            String first = launch.equals("fine") ? line(lines, "download") : launch;
            assertTrue(first.contains("CUDA_ERROR_ILLEGAL_ADDRESS"), lines.toString());
            assertTrue(first.contains("close this device and open it again"), lines.toString());
            assertTrue(first.contains("rows_assign <<<(1,1,1),(1,1,1),0>>>"), lines.toString());
            assertEquals(!sync, first.contains("rerun with -Dtweedie.sync=true to name the launch"), lines.toString());
            if (sync) {
                assertTrue(launch.startsWith("cuda:0: rows_assign <<<"), launch);
            }
            for (String later : List.of("allocate", "zero")) {
                assertTrue(line(lines, later).contains("cuda:0 was lost"), lines.toString());
            }
            assertTrue(line(lines, "use after close").contains("is closed"), lines.toString());
            assertEquals("fine", line(lines, "reopened"), lines.toString());
            assertEquals("fine", line(lines, "reopened wait"), lines.toString());
        }
    }
}
