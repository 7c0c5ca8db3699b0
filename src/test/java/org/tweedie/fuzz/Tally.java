package org.tweedie.fuzz;

import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tweedie.io.MalformedFileException;

/**
 * What a parser did with the inputs it was given: how often each reason to refuse was met, and how often there was a result. A
 * reason that the sources do not have, and anything else that is thrown, is a finding and leaves here as it is. For one thread.
 */
public final class Tally {
    /** Bytes that the reads of one input may allocate together; the readers' own budget is 3 KiB, the longest grid takes 8 MB. */
    private static final long MOST_ALLOCATED = 64L << 20;

    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final Reasons reasons;
    private final Map<String, Long> met = new LinkedHashMap<>();
    private long executions;

    Tally(Reasons reasons) {
        this.reasons = reasons;
    }

    /** One way to read an input. */
    @FunctionalInterface
    public interface Read {
        void run() throws Exception;
    }

    /** One input. */
    void execution(Read all) throws Exception {
        executions++;
        // the first time, classes are loaded too
        if (allocated(all) > MOST_ALLOCATED && allocated(all) > MOST_ALLOCATED) {
            throw new AssertionError(allocated(all) + " bytes allocated for one input");
        }
    }

    private static long allocated(Read all) throws Exception {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        all.run();
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }

    /** A file's bytes read: a result, or a MalformedFileException. */
    public void file(String way, Read read) throws Exception {
        try {
            read.run();
            met("result of " + way);
        } catch (MalformedFileException e) {
            refused(e.getMessage(), e.fault());
        }
    }

    /** A text read, or a choice made in a file: a result, or an IllegalArgumentException too. */
    public void text(String way, Read read) throws Exception {
        try {
            file(way, read);
        } catch (IllegalArgumentException e) {
            if (e.getClass() != IllegalArgumentException.class) {
                throw e; // a NumberFormatException, say, has words of the JDK
            }
            refused(String.valueOf(e.getMessage()), String.valueOf(e.getMessage()));
        }
    }

    private void refused(String message, String reason) {
        met(reasons.of(reason));
        if (message.length() > 20_000) {
            throw new AssertionError("a message of " + message.length() + " characters: " + message.substring(0, 400));
        }
    }

    /** Counts something that is not a refusal. */
    public void met(String what) {
        met.merge(what, 1L, Long::sum);
    }

    long executions() {
        return executions;
    }

    Map<String, Long> met() {
        return met;
    }
}
