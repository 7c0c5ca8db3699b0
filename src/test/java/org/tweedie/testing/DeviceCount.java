package org.tweedie.testing;

import java.util.Locale;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestPlan;
import org.tweedie.device.DeviceKind;

/**
 * Prints how many tests ran on each device, so that a silent skip of all GPU tests can be seen, and what the emulated one did:
 * {@code emulated: N launches, M thread-barriers}.
 */
public final class DeviceCount implements TestExecutionListener {
    @Override
    public void testPlanExecutionFinished(TestPlan plan) {
        for (DeviceKind kind : DeviceKind.values()) {
            System.out.println(kind.name().toLowerCase(Locale.ROOT) + ": " + TestDevices.count(kind) + " tests");
        }
        if (TestDevices.count(DeviceKind.EMULATED) > 0) {
            EmulatedDriver.required();
            System.out.println("emulated: " + EmulatedDriver.stat("launches") + " launches, "
                    + EmulatedDriver.stat("barriers") + " thread-barriers");
        }
    }
}
