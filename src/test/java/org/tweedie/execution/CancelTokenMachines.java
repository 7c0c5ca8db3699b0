package org.tweedie.execution;

import org.jetbrains.kotlinx.lincheck.annotations.Operation;

/** Every order in which calls are cancelled and ask whether they are. */
public final class CancelTokenMachines {
    private CancelTokenMachines() {}

    public static final class Token {
        private final CancelToken token = new CancelToken();

        @Operation
        public void cancel() {
            token.cancel();
        }

        @Operation
        public boolean cancelled() {
            return token.isCancelled();
        }
    }

    /** Looks whether it is cancelled, and then cancels: twice at once, and it is not. */
    public static final class TokenTurned {
        private volatile boolean cancelled;

        @Operation
        public void cancel() {
            boolean seen = cancelled;
            if (!seen) {
                cancelled = !cancelled;
            }
        }

        @Operation
        public boolean cancelled() {
            return cancelled;
        }
    }
}
