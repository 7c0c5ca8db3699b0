package org.tweedie.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Signals of processes that a test starts. */
public final class Signals {
    private static final Path STATUS = Path.of("/proc/self/status");

    private Signals() {}

    /**
     * The command as one that hears SIGINT. A shell that is not interactive starts what goes to the background with SIGINT ignored, and
     * so is each process below it: a build started that way would wait for ever for its child to stop. Found without a search path, which
     * the bundle's check takes away.
     */
    public static List<String> heard(List<String> command) throws IOException {
        if (!ignored()) {
            return command;
        }
        List<String> all = new ArrayList<>(List.of("/usr/bin/env", "--default-signal=INT"));
        all.addAll(command);
        return all;
    }

    private static boolean ignored() throws IOException {
        if (!Files.exists(STATUS)) {
            return false;
        }
        for (String line : Files.readAllLines(STATUS)) {
            if (line.startsWith("SigIgn:")) {
                return (Long.parseUnsignedLong(line.substring(7).strip(), 16) >> 1 & 1) != 0;
            }
        }
        return false;
    }
}
