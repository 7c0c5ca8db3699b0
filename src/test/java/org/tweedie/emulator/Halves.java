package org.tweedie.emulator;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.tweedie.testing.ChildJvm;

/** Work in two JVMs at once, and what both counted. */
record Halves(List<ChildJvm.Result> results) {
    /** A JVM for some classes. */
    interface Run {
        ChildJvm.Result of(String[] classes) throws Exception;
    }

    /** Every other class in each. */
    static Halves of(String[] classes, Run run) throws Exception {
        List<String> even = new ArrayList<>();
        List<String> odd = new ArrayList<>();
        for (int i = 0; i < classes.length; i++) {
            (i % 2 == 0 ? even : odd).add(classes[i]);
        }
        return both(() -> run.of(even.toArray(String[]::new)), () -> run.of(odd.toArray(String[]::new)));
    }

    /** Two JVMs at once. */
    static Halves both(Callable<ChildJvm.Result> one, Callable<ChildJvm.Result> other) throws Exception {
        ExecutorService two = Executors.newFixedThreadPool(2);
        try {
            Future<ChildJvm.Result> first = two.submit(one);
            Future<ChildJvm.Result> second = two.submit(other);
            return new Halves(List.of(first.get(), second.get()));
        } finally {
            two.shutdownNow();
        }
    }

    /** The sum of the numbers that follow {@code start}. */
    long number(String start) {
        return results.stream().mapToLong(result -> result.number(start)).sum();
    }
}
