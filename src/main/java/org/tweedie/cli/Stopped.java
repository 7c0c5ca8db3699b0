package org.tweedie.cli;

/** A command that was asked to stop and did, with the exit code of its signal. */
final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final int code;

    Stopped(String message, int code) {
        super(message);
        this.code = code;
    }

    int code() {
        return code;
    }
}
