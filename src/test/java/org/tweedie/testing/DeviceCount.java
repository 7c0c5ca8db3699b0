package org.tweedie.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestPlan;
import org.tweedie.device.DeviceKind;

/**
 * Tells how many tests of this JVM ran on each device, so that a silent skip of all GPU tests can be seen, and what the emulated one did:
 * {@code emulated: N launches, M thread-barriers}. Prints it, or where Maven runs the classes in several JVMs and a plan for each, keeps it in a
 * file a JVM in the folder {@code -Dtweedie.test.counts}.
 */
public final class DeviceCount implements TestExecutionListener {
    @Override
    public void testPlanExecutionFinished(TestPlan plan) {
        List<String> lines = new ArrayList<>();
        for (DeviceKind kind : DeviceKind.values()) {
            lines.add(kind.name().toLowerCase(Locale.ROOT) + ": " + TestDevices.count(kind) + " tests");
        }
        if (TestDevices.count(DeviceKind.EMULATED) > 0) {
            EmulatedDriver.required();
            lines.add("emulated: " + EmulatedDriver.stat("launches") + " launches, " + EmulatedDriver.stat("barriers")
                    + " thread-barriers");
        }
        String folder = System.getProperty("tweedie.test.counts");
        if (folder == null) {
            lines.forEach(System.out::println);
            return;
        }
        try {
            Path counts = Files.createDirectories(Path.of(folder));
            Files.write(counts.resolve(ProcessHandle.current().pid() + ".txt"), lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
