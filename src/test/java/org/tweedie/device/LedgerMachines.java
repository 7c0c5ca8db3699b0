package org.tweedie.device;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jetbrains.kotlinx.lincheck.annotations.Operation;
import org.jetbrains.kotlinx.lincheck.annotations.Validate;

/** Every order in which handles are closed, once each. */
public final class LedgerMachines {
    private LedgerMachines() {}

    /** Two handles of 10 bytes. */
    public abstract static class Handles {
        static final int SIZE = 10;
        final AtomicInteger freed = new AtomicInteger();

        abstract boolean take(int handle);

        abstract long left();

        private boolean close(int handle) {
            boolean mine = take(handle);
            if (mine) {
                freed.incrementAndGet();
            }
            return mine;
        }

        @Operation
        public boolean closeFirst() {
            return close(0);
        }

        @Operation
        public boolean closeSecond() {
            return close(1);
        }

        @Operation
        public long bytes() {
            return left();
        }

        @Validate
        public void bytesAreThoseNotFreed() {
            if (left() != SIZE * (2 - freed.get())) {
                throw new IllegalStateException(left() + " bytes, freed " + freed.get());
            }
        }
    }

    public static final class Entries extends Handles {
        private final Ledger<String> ledger = new Ledger<>();
        private final List<Ledger<String>.Entry> entries = List.of(ledger.put("one", SIZE), ledger.put("two", SIZE));

        @Override
        boolean take(int handle) {
            return entries.get(handle).take();
        }

        @Override
        long left() {
            return ledger.bytes();
        }
    }

    /** Looks whether it is open, and then frees. */
    public static final class EntriesTakenTwice extends Handles {
        private final AtomicLong held = new AtomicLong(2 * SIZE);
        private final boolean[] closed = new boolean[2];

        @Override
        boolean take(int handle) {
            if (closed[handle]) {
                return false;
            }
            closed[handle] = true;
            held.addAndGet(-SIZE);
            return true;
        }

        @Override
        long left() {
            return held.get();
        }
    }
}
