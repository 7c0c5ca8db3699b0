package org.tweedie.testing;

import java.util.concurrent.atomic.AtomicLong;
import org.jetbrains.kotlinx.lincheck.CTestConfiguration;
import org.jetbrains.kotlinx.lincheck.CTestStructure;
import org.jetbrains.kotlinx.lincheck.LinChecker;
import org.jetbrains.kotlinx.lincheck.LincheckAssertionError;
import org.jetbrains.kotlinx.lincheck.RandomProvider;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionGenerator;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionResult;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;
import org.jetbrains.kotlinx.lincheck.execution.RandomExecutionGenerator;
import org.jetbrains.kotlinx.lincheck.strategy.managed.modelchecking.ModelCheckingOptions;
import org.jetbrains.kotlinx.lincheck.verifier.Verifier;
import org.jetbrains.kotlinx.lincheck.verifier.linearizability.LinearizabilityVerifier;

/**
 * Runs small state machines under Lincheck's model checker: three threads, switched at shared accesses, and the answers of each schedule
 * held against the same calls made one at a time. A machine is a class with operations ({@code @Operation}) that is made anew for each
 * schedule. Beside each stands a twin that is broken (a check and then an act, without a lock between), which the same options must
 * catch.
 *
 * <p>In a JVM of its own with one processor, where the checker's threads yield to each other instead of spinning, and no coverage is
 * recorded.
 */
public final class Schedules {
    private static final int A_SCENARIO = 100;

    private Schedules() {}

    /** As the linearizability verifier says, with a count of what it was shown. */
    public static final class Counting implements Verifier {
        static final AtomicLong SEEN = new AtomicLong();
        private final Verifier exact;

        public Counting(Class<?> specification) {
            exact = new LinearizabilityVerifier(specification);
        }

        @Override
        public boolean verifyResults(ExecutionScenario scenario, ExecutionResult results) {
            SEEN.incrementAndGet();
            return exact.verifyResults(scenario, results);
        }
    }

    /** Random scenarios, from the nth on: the generator's seed is fixed. */
    public static final class Later extends ExecutionGenerator {
        static volatile int from;
        private final RandomExecutionGenerator all;

        public Later(CTestConfiguration configuration, CTestStructure structure, RandomProvider random) {
            super(configuration, structure);
            all = new RandomExecutionGenerator(configuration, structure, random);
            for (int i = 0; i < from; i++) {
                all.nextExecution();
            }
        }

        @Override
        public ExecutionScenario nextExecution() {
            return all.nextExecution();
        }
    }

    private static ModelCheckingOptions options(int scenarios) {
        return new ModelCheckingOptions()
                .iterations(scenarios)
                .invocationsPerIteration(A_SCENARIO)
                .threads(3)
                .actorsPerThread(3)
                .actorsBefore(0)
                .actorsAfter(2)
                .minimizeFailedScenario(false)
                .executionGenerator(Later.class)
                .verifier(Counting.class)
                .invocationTimeout$lincheck(120_000); // the first instruments classes, on a machine that may be busy
    }

    /**
     * Arguments: how many schedules each machine is to be held to, how many lots of so many came before, and the class names of a machine
     * and its broken twin, of another, and so on. Prints one line for each machine.
     */
    public static void main(String[] arguments) throws ClassNotFoundException {
        int wanted = Integer.parseInt(arguments[0]);
        int scenarios = wanted / A_SCENARIO * 21 / 20 + 1; // a scenario may have fewer schedules than it may take
        int before = Integer.parseInt(arguments[1]) * scenarios;
        for (int i = 2; i < arguments.length; i += 2) {
            Class<?> machine = Class.forName(arguments[i]);
            Class<?> broken = Class.forName(arguments[i + 1]);
            Later.from = before;
            Counting.SEEN.set(0);
            LinChecker.check(machine, options(scenarios));
            long held = Counting.SEEN.get();
            if (held < wanted) {
                throw new IllegalStateException(machine + " has but " + held + " schedules: too simple");
            }
            Later.from = 0;
            Counting.SEEN.set(0);
            try {
                LinChecker.check(broken, options(50));
                throw new IllegalStateException(broken + " was not caught");
            } catch (LincheckAssertionError caught) {
                System.out.println(machine.getSimpleName() + " " + held + " " + Counting.SEEN.get());
            }
        }
    }
}
