package org.tweedie.execution;

/** Hears how far a long call is. Called on the calling thread, a few times a second at most; must return soon. */
@FunctionalInterface
public interface Progress {
    /** Hears nothing. */
    Progress NONE = (done, total, seconds) -> {};

    /**
     * @param done units of work finished (rows sampled, steps trained)
     * @param total units in all
     * @param seconds since the call began
     */
    void at(long done, long total, double seconds);
}
