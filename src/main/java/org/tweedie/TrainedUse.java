package org.tweedie;

/**
 * The {@link SharedUse} of what training replaces: where the device fails while new weights take the place of the old, all further use is
 * refused. Thread-safe.
 */
final class TrainedUse {
    private final SharedUse use;
    private final String what;
    /** True from the moment that new weights replace the old until all that belongs to them has. */
    private volatile boolean torn;

    TrainedUse(String what, Runnable release) {
        this.what = what;
        this.use = new SharedUse(what, release);
    }

    /** Runs {@code work} beside other readers. */
    <T, E extends Exception> T reading(SharedUse.Work<T, E> work) throws E {
        return use.reading(() -> {
            requireWhole();
            return work.run();
        });
    }

    /** Runs {@code work} alone. */
    <T, E extends Exception> T writing(SharedUse.Work<T, E> work) throws E {
        return use.writing(() -> {
            requireWhole();
            return work.run();
        });
    }

    /** Runs, inside of {@link #writing}, what takes new weights and all that belongs to them. */
    <T, E extends Exception> T replacing(SharedUse.Work<T, E> work) throws E {
        torn = true;
        T result = work.run();
        torn = false;
        return result;
    }

    /** Refuses what is closed, or of two kinds. */
    void require() {
        use.requireOpen();
        requireWhole();
    }

    private void requireWhole() {
        if (torn) {
            throw new IllegalStateException("the device failed while " + what
                    + " took its new weights, so that they may be"
                    + " of two kinds; make or load it again, and resume the training from its checkpoint");
        }
    }

    void close() {
        use.close();
    }
}
