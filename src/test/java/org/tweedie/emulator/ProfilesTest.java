package org.tweedie.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.tweedie.testing.ChildJvm;
import org.tweedie.testing.Depth;
import org.tweedie.testing.EmulatedDriver;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.Suite;

/**
 * Machines of 1 to 8 devices with 8 or 141 GiB, compute capability 8.0 to 12.0: every usable device gives the host's bits, memory ends
 * where the device says, and one of capability 7.5 is refused by name.
 */
@GpuTest
@Tag("emulator")
class ProfilesTest {
    private static final long GIB = 1L << 30;

    /** One machine: an item a device. */
    private record Machine(List<String> capabilities, List<Integer> gibibytes) {
        static Machine of(int devices, String capability, int gibibytes) {
            return new Machine(
                    java.util.Collections.nCopies(devices, capability),
                    java.util.Collections.nCopies(devices, gibibytes));
        }
    }

    @BeforeEach
    void needsIt() {
        EmulatedDriver.required();
    }

    private static List<Machine> machines() {
        List<Machine> machines = new ArrayList<>();
        machines.add(new Machine(List.of("7.5", "9.0", "7.5", "12.0"), List.of(141, 8, 8, 141)));
        if (Depth.now() != Depth.PLAIN) {
            machines.add(Machine.of(1, "8.0", 8));
            machines.add(Machine.of(2, "8.6", 8));
            machines.add(Machine.of(3, "8.9", 8));
            machines.add(Machine.of(8, "9.0", 141));
            machines.add(Machine.of(5, "10.0", 141));
            machines.add(Machine.of(6, "12.0", 8));
            machines.add(new Machine(
                    List.of("8.0", "8.6", "8.9", "9.0", "10.0", "12.0", "7.5"), List.of(141, 8, 141, 8, 141, 8, 141)));
            machines.add(Machine.of(1, "7.5", 141));
        }
        return machines;
    }

    @Test
    void everyMachineIsUsedAsFarAsItGoes() throws Exception {
        int used = 0;
        int refused = 0;
        long launches = 0;
        for (Machine machine : machines()) {
            int devices = machine.capabilities.size();
            String memory = String.join(
                    ",", machine.gibibytes.stream().map(g -> g + "G").toList());
            ChildJvm.Result result = ChildJvm.run(
                    EmulatedDriver.library().getParent(),
                    Map.of(
                            "TW_EMU_DEVICES", String.valueOf(devices),
                            "TW_EMU_CC", String.join(",", machine.capabilities),
                            "TW_EMU_MEMORY", memory),
                    List.of(),
                    Profiles.class);
            assertEquals(0, result.exit(), result.output());
            assertEquals(devices, result.number("gpus "), result.output());
            String first = "cpu";
            for (int i = devices - 1; i >= 0; i--) {
                String capability = machine.capabilities.get(i);
                long bytes = machine.gibibytes.get(i) * GIB;
                String spec = "cuda:" + i;
                assertEquals(capability + " bytes " + bytes, result.line(spec + " capability "));
                if (capability.equals("7.5")) {
                    String refusal = result.line(spec + " refused: ");
                    assertTrue(
                            refusal.startsWith(
                                    spec + " (Tweedie emulated GPU) has compute capability 7.5; Tweedie needs 8.0 or"),
                            refusal);
                    refused++;
                    continue;
                }
                assertEquals("", result.line(spec + " same bits"), result.output());
                String large = result.line(spec + " 100 GiB: ");
                assertEquals(
                        bytes > 100 * GIB ? "[4711]" : "no room: asked " + 100 * GIB + " of " + bytes,
                        large,
                        result.output());
                assertEquals("0", result.line(spec + " holds "));
                first = spec;
                used++;
            }
            assertTrue(result.line("auto ").startsWith(first), result.output());
            assertTrue(first.equals("cpu") || result.number("launches ") > 0, result.output());
            launches += result.number("launches ");
        }
        new Suite("emulator")
                .reached(machines().size() + " machines: " + used + " devices used with the host's bits in " + launches
                        + " launches, " + refused + " of capability 7.5 refused");
    }

    @Test
    void aProfileThatIsNoneIsRefused() throws Exception {
        for (Map<String, String> wrong : List.of(
                Map.of("TW_EMU_CC", "13.7"), Map.of("TW_EMU_DEVICES", "9"), Map.of("TW_EMU_SCHEDULE", "sideways"))) {
            ChildJvm.Result result =
                    ChildJvm.run(EmulatedDriver.library().getParent(), wrong, List.of(), Profiles.class);
            assertEquals(2, result.exit(), result.output());
            assertTrue(result.output().contains(wrong.keySet().iterator().next() + " must be"), result.output());
        }
    }
}
