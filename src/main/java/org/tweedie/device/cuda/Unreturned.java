package org.tweedie.device.cuda;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.ToIntFunction;

/** Resources that the driver would not take back when they were given, to be offered again. Thread-safe. */
final class Unreturned {
    private final Deque<Codes.Call> refused = new ArrayDeque<>();

    synchronized void add(Codes.Call call) {
        refused.add(call);
    }

    /** Offers each once more, oldest first; what is refused again stays. */
    synchronized void offer(ToIntFunction<Codes.Call> attempt) {
        refused.removeIf(call -> attempt.applyAsInt(call) == 0);
    }
}
