package org.tweedie.device.host;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jetbrains.kotlinx.lincheck.annotations.Operation;
import org.jetbrains.kotlinx.lincheck.annotations.Validate;

/** Every order in which threads take the pieces of a range. */
public final class RegionMachines {
    private RegionMachines() {}

    private static final int PIECES = 3;

    public abstract static class Work {
        final AtomicIntegerArray hits = new AtomicIntegerArray(PIECES);

        abstract void run();

        /** Whoever has helped and waited sees all of it done. */
        @Operation
        public int help() {
            run();
            int done = 0;
            for (int i = 0; i < PIECES; i++) {
                done += hits.get(i);
            }
            return done;
        }

        @Validate
        public void noneTwice() {
            for (int i = 0; i < PIECES; i++) {
                if (hits.get(i) > 1) {
                    throw new IllegalStateException("piece " + i + " ran " + hits.get(i) + " times");
                }
            }
        }
    }

    public static final class Pieces extends Work {
        private final Region region = new Region(PIECES, 1, PIECES, (from, to) -> hits.incrementAndGet((int) from));

        @Override
        void run() {
            region.run();
            region.join();
        }
    }

    /** Looks which piece is next, and then takes it. */
    public static final class PiecesTakenTwice extends Work {
        private final AtomicInteger next = new AtomicInteger();

        @Override
        void run() {
            for (int mine = next.get(); mine < PIECES; mine = next.get()) {
                next.set(mine + 1);
                hits.incrementAndGet(mine);
            }
        }
    }
}
