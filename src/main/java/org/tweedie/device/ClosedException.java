package org.tweedie.device;

/** Something was used after its {@code close()}, by this thread or another. Nothing is held and nothing was left half done. Immutable. */
public final class ClosedException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    /** @param what was closed, as a message begins: {@code "this stream on cuda:0"} */
    public ClosedException(String what) {
        super(what + " is closed");
    }
}
