package org.tweedie.cli;

/** What an exit code means; stable. */
final class ExitCode {
    static final int OK = 0;
    static final int FAILURE = 1;
    static final int USAGE = 2;
    static final int DEVICE = 3;
    static final int INPUT = 4;
    static final int MEMORY = 5;

    private ExitCode() {}
}
