package org.tweedie;

import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.kotlinx.lincheck.annotations.Operation;
import org.jetbrains.kotlinx.lincheck.annotations.Validate;
import org.tweedie.device.ClosedException;

/** Every order in which a model is read, changed and closed, from inside and from outside. */
public final class SharedUseMachines {
    private SharedUseMachines() {}

    public abstract static class Model {
        final AtomicInteger released = new AtomicInteger();
        private final AtomicInteger readers = new AtomicInteger();
        private final AtomicInteger writers = new AtomicInteger();

        abstract String reading(SharedUse.Work<String, RuntimeException> work);

        abstract String writing(SharedUse.Work<String, RuntimeException> work);

        abstract void shut();

        private String guarded(SharedUse.Work<String, RuntimeException> work) {
            try {
                return work.run();
            } catch (ClosedException e) {
                return "closed";
            }
        }

        private String seen(int others) {
            return released.get() > 0 ? "released under its user" : others > 0 ? "not kept apart" : "fine";
        }

        @Operation
        public String read() {
            return guarded(() -> reading(() -> {
                readers.incrementAndGet();
                String seen = seen(writers.get());
                readers.decrementAndGet();
                return seen;
            }));
        }

        @Operation
        public String write() {
            return guarded(() -> writing(() -> {
                String seen = seen(readers.get() + writers.getAndIncrement());
                writers.decrementAndGet();
                return seen;
            }));
        }

        /** Two calls, coming in and closing: so what it was told is not part of the answer. */
        @Operation
        public boolean closeInside() {
            return guarded(() -> reading(() -> {
                        shut();
                        return seen(0);
                    }))
                    .startsWith("released");
        }

        @Operation
        public void close() {
            shut();
        }

        @Validate
        public void releasedOnceWhenClosed() {
            boolean open = read().equals("fine");
            if (released.get() != (open ? 0 : 1)) {
                throw new IllegalStateException("released " + released.get() + " times, open " + open);
            }
        }
    }

    public static final class Shared extends Model {
        private final SharedUse use = new SharedUse("it", released::incrementAndGet);

        @Override
        String reading(SharedUse.Work<String, RuntimeException> work) {
            return use.reading(work);
        }

        @Override
        String writing(SharedUse.Work<String, RuntimeException> work) {
            return use.writing(work);
        }

        @Override
        void shut() {
            use.close();
        }
    }

    /** Looks whether it is closed, and then works. */
    public static final class SharedUnlocked extends Model {
        private volatile boolean closed;

        @Override
        String reading(SharedUse.Work<String, RuntimeException> work) {
            if (closed) {
                throw new ClosedException("it");
            }
            return work.run();
        }

        @Override
        String writing(SharedUse.Work<String, RuntimeException> work) {
            return reading(work);
        }

        @Override
        void shut() {
            if (!closed) {
                closed = true;
                released.incrementAndGet();
            }
        }
    }
}
