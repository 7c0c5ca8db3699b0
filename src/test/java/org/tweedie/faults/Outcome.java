package org.tweedie.faults;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What was seen of one run of a scenario.
 *
 * @param thrown what the scenario, or the opening of its device, threw
 * @param bits digest of all results; null where it did not come to its end
 * @param fired faults that were injected
 * @param logged what was logged at INFO or above, {@code LEVEL text}
 * @param leaks handles that were still open when the scenario had ended, by the device's own account
 * @param held what the driver still held then; empty where no device was opened
 * @param left what the driver still held when the device was closed
 */
record Outcome(
        @Nullable Throwable thrown,
        @Nullable String bits,
        long fired,
        List<String> logged,
        List<String> leaks,
        Map<String, Long> held,
        Map<String, Long> left) {

    /** The counters that are not 0. */
    static Map<String, Long> open(Map<String, Long> counters) {
        Map<String, Long> open = new TreeMap<>(counters);
        open.values().removeIf(count -> count == 0);
        return open;
    }

    /** The same without the device's own context and module. */
    static Map<String, Long> handles(Map<String, Long> counters) {
        Map<String, Long> open = open(counters);
        open.keySet().removeAll(List.of("contexts", "modules"));
        return open;
    }
}
