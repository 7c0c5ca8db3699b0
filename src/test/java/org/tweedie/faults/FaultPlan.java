package org.tweedie.faults;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.tweedie.testing.Depth;

/** Which faults a run of the suite injects, in what order: a function of how often the scenario makes each call. */
final class FaultPlan {
    /** Every library call makes these two around its own: a fault in each of theirs says little new. */
    private static final Set<String> AROUND_EVERYTHING = Set.of("cuCtxGetCurrent", "cuCtxSetCurrent");

    private static final int STRIDE = 8;
    private static final long SEED = 20261122;

    private FaultPlan() {}

    static List<Injection> of(Map<Injection.Mode, Map<String, Long>> counts, Depth depth) {
        Set<Injection> all = new LinkedHashSet<>();
        Map<String, Long> plain = counts.get(Injection.Mode.PLAIN);
        switch (depth) {
            case PLAIN -> sample(plain, Injection.Mode.PLAIN, all);
            case CI -> {
                cells(plain, Injection.Mode.PLAIN, all);
                inTurn(plain, all);
                sample(counts.get(Injection.Mode.SYNC), Injection.Mode.SYNC, all);
                sample(counts.get(Injection.Mode.LATE), Injection.Mode.LATE, all);
            }
            case LONG -> {
                counts.forEach((mode, of) -> cells(of, mode, all));
                everything(plain, all);
            }
        }
        return new ArrayList<>(all);
    }

    /** Each call once, from then on, and once more, with codes that take turns, somewhere. */
    private static void sample(Map<String, Long> counts, Injection.Mode mode, Set<Injection> into) {
        Random random = new Random(SEED + mode.ordinal());
        int turn = mode.ordinal();
        for (Map.Entry<String, Long> entry : counts.entrySet()) {
            List<Fault> faults = Fault.of(entry.getKey());
            for (boolean persistent : new boolean[] {false, true, false}) {
                long nth = 1 + (long) (random.nextDouble() * entry.getValue());
                into.add(new Injection(entry.getKey(), nth, faults.get(turn++ % faults.size()), persistent, mode));
            }
        }
    }

    /** Each call with each of its codes, once and from then on: the first, the last, and one between. */
    private static void cells(Map<String, Long> counts, Injection.Mode mode, Set<Injection> into) {
        Random random = new Random(SEED + mode.ordinal());
        counts.forEach((call, count) -> {
            for (Fault fault : Fault.of(call)) {
                for (boolean persistent : new boolean[] {false, true}) {
                    Set<Long> places = new TreeSet<>(List.of(1L, count, 1 + (long) (random.nextDouble() * count)));
                    places.forEach(nth -> into.add(new Injection(call, nth, fault, persistent, mode)));
                }
            }
        });
    }

    /** Every call, out of memory once. */
    private static void inTurn(Map<String, Long> counts, Set<Injection> into) {
        counts.forEach((call, count) -> {
            for (long nth = 1; nth <= count; nth += AROUND_EVERYTHING.contains(call) ? STRIDE : 1) {
                into.add(new Injection(call, nth, Fault.OUT_OF_MEMORY, false, Injection.Mode.PLAIN));
            }
        });
    }

    /** Every call with every code, once and from then on. */
    private static void everything(Map<String, Long> counts, Set<Injection> into) {
        counts.forEach((call, count) -> {
            for (Fault fault : Fault.of(call)) {
                for (boolean persistent : new boolean[] {false, true}) {
                    for (long nth = 1; nth <= count; nth++) {
                        into.add(new Injection(call, nth, fault, persistent, Injection.Mode.PLAIN));
                    }
                }
            }
        });
    }
}
