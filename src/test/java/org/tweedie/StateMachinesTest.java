package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.tweedie.device.LedgerMachines;
import org.tweedie.device.cuda.GuardMachines;
import org.tweedie.device.host.RegionMachines;
import org.tweedie.execution.CancelTokenMachines;
import org.tweedie.testing.Depth;
import org.tweedie.testing.OtherJava;
import org.tweedie.testing.Schedules;
import org.tweedie.testing.Suite;

/** The state machines of closing, counting and handing out, in every order of threads that a model checker finds. */
@Tag("threads")
@Tag("checkout")
class StateMachinesTest {
    /** Each with its broken twin. */
    private static final List<List<Class<?>>> MACHINES = List.of(
            List.of(GuardMachines.Guarded.class, GuardMachines.Unguarded.class),
            List.of(LedgerMachines.Entries.class, LedgerMachines.EntriesTakenTwice.class),
            List.of(SharedUseMachines.Shared.class, SharedUseMachines.SharedUnlocked.class),
            List.of(GuardMachines.Kernels.class, GuardMachines.KernelsBoundTwice.class),
            List.of(RegionMachines.Pieces.class, RegionMachines.PiecesTakenTwice.class),
            List.of(CancelTokenMachines.Token.class, CancelTokenMachines.TokenTurned.class));

    private static final List<String> JVM =
            List.of("-XX:ActiveProcessorCount=1", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx1g");

    @Test
    void everyMachineHolds() throws Exception {
        int machines = (int) Depth.of(3, MACHINES.size(), MACHINES.size());
        int lot = (int) Depth.of(100, 10_000, 10_000);
        Map<String, Long> held = new TreeMap<>();
        new Suite("threads-schedules").cases(Depth.of(1, 1, 100), number -> {
            List<String> arguments = new ArrayList<>(List.of(Integer.toString(lot), Long.toString(number)));
            MACHINES.subList(0, machines).forEach(pair -> pair.forEach(machine -> arguments.add(machine.getName())));
            List<String> said =
                    OtherJava.run(OtherJava.own(), JVM, Schedules.class, 3600, arguments.toArray(String[]::new));
            for (String line : said) {
                String[] words = line.split(" ");
                if (words.length == 3 && words[1].matches("\\d+")) {
                    held.merge(words[0], Long.parseLong(words[1]), Long::sum);
                    assertTrue(Long.parseLong(words[2]) > 0, line);
                }
            }
        });
        assertEquals(machines, held.size(), held::toString);
        new Suite("threads").reached("schedules " + held + ", the broken twin of each caught");
    }
}
