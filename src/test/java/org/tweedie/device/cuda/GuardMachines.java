package org.tweedie.device.cuda;

import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.kotlinx.lincheck.annotations.Operation;
import org.jetbrains.kotlinx.lincheck.annotations.Validate;
import org.tweedie.device.ClosedException;

/** Every order in which users come and go while somebody closes. */
public final class GuardMachines {
    private GuardMachines() {}

    /** What a machine tells of its resource. */
    public abstract static class Users {
        final AtomicInteger released = new AtomicInteger();
        private final AtomicInteger alone = new AtomicInteger();

        abstract void enter();

        abstract void enterAlone();

        abstract void exit();

        abstract void shut();

        abstract boolean isShut();

        @Operation
        public String use() {
            try {
                enter();
            } catch (ClosedException e) {
                return "closed";
            }
            String seen = released.get() == 0 ? "open" : "released under its user";
            exit();
            return seen;
        }

        /** Refused as closed, or as used by another; in both cases but one it is open. */
        @Operation
        public String useAlone() {
            try {
                enterAlone();
            } catch (ClosedException e) {
                return "closed";
            } catch (IllegalStateException busy) {
                return "open";
            }
            String seen = alone.incrementAndGet() > 1 ? "two alone" : released.get() == 0 ? "open" : "released";
            alone.decrementAndGet();
            exit();
            return seen;
        }

        @Operation
        public void close() {
            shut();
        }

        @Operation
        public boolean closed() {
            return isShut();
        }

        @Validate
        public void releasedOnceWhenClosed() {
            if (released.get() != (isShut() ? 1 : 0)) {
                throw new IllegalStateException("released " + released.get() + " times, closed " + isShut());
            }
        }
    }

    public static final class Guarded extends Users {
        private final Guard guard = new Guard("it", released::incrementAndGet);

        @Override
        void enter() {
            guard.enter();
        }

        @Override
        void enterAlone() {
            guard.enterAlone();
        }

        @Override
        void exit() {
            guard.exit();
        }

        @Override
        void shut() {
            guard.close();
        }

        @Override
        boolean isShut() {
            return guard.isClosed();
        }
    }

    /** Looks whether it is closed, and then counts. */
    public static final class Unguarded extends Users {
        private final AtomicInteger users = new AtomicInteger();
        private volatile boolean shut;

        @Override
        void enter() {
            if (shut) {
                throw new ClosedException("it");
            }
            users.incrementAndGet();
        }

        @Override
        void enterAlone() {
            enter();
        }

        @Override
        void exit() {
            if (users.decrementAndGet() == 0 && shut) {
                released.incrementAndGet();
            }
        }

        @Override
        void shut() {
            if (!shut) {
                shut = true;
                if (users.get() == 0) {
                    released.incrementAndGet();
                }
            }
        }

        @Override
        boolean isShut() {
            return shut;
        }
    }

    /** Which binding of a kernel each caller is given; 0 where the device was closed. */
    public abstract static class Binding {
        final Guard device = new Guard("device", () -> {});
        final AtomicInteger[] bound = {new AtomicInteger(), new AtomicInteger()};

        abstract int bind(int name);

        private int get(int name) {
            try {
                return bind(name);
            } catch (ClosedException e) {
                return 0;
            }
        }

        @Operation
        public int first() {
            return get(0);
        }

        @Operation
        public int second() {
            return get(1);
        }

        @Operation
        public void close() {
            device.close();
        }
    }

    public static final class Kernels extends Binding {
        private final KernelCache<Integer> cache = new KernelCache<>(device);

        @Override
        int bind(int name) {
            return cache.get("kernel" + name, bound[name]::incrementAndGet);
        }
    }

    /** Looks whether it is there, and then binds. */
    public static final class KernelsBoundTwice extends Binding {
        private final java.util.Map<String, Integer> cache = new java.util.concurrent.ConcurrentHashMap<>();

        @Override
        int bind(int name) {
            Integer there = cache.get("kernel" + name);
            if (there == null) {
                device.enter();
                there = bound[name].incrementAndGet();
                cache.put("kernel" + name, there);
                device.exit();
            }
            return there;
        }
    }
}
