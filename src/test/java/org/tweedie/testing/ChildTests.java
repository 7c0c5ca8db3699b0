package org.tweedie.testing;

import java.util.List;
import java.util.stream.Stream;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/**
 * Runs test classes in this JVM, which a {@link ChildJvm} is: the same tests on another build of the driver, in another order of its
 * threads. Prints {@code passed N}, {@code failed N}, the driver's counters as {@code launches N}, and each kernel's launches as
 * {@code kernel NAME N}. Exits with 1 where a test failed.
 */
public final class ChildTests {
    private ChildTests() {}

    public static void main(String[] classes) {
        EmulatedDriver.required();
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(
                        Stream.of(classes).map(DiscoverySelectors::selectClass).toList())
                .build();
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        LauncherFactory.create().execute(request, listener);
        TestExecutionSummary summary = listener.getSummary();
        summary.getFailures().forEach(failure -> {
            System.out.println("FAILED " + failure.getTestIdentifier().getUniqueId());
            failure.getException().printStackTrace(System.out);
        });
        System.out.println("passed " + summary.getTestsSucceededCount());
        System.out.println("failed " + summary.getTotalFailureCount());
        for (String counter : List.of("launches", "barriers", "atOnce", "between", "atWait", "reports")) {
            System.out.println(counter + " " + EmulatedDriver.stat(counter));
        }
        EmulatedDriver.kernels()
                .lines()
                .forEach(name -> System.out.println("kernel " + name + " " + EmulatedDriver.stat("launches:" + name)));
        System.out.flush();
        System.exit(summary.getTotalFailureCount() == 0 ? 0 : 1);
    }
}
