package org.tweedie.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tweedie.execution.CancelToken;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/** While open: the first Ctrl-C or SIGTERM asks the command to finish its step, the second ends the process at once. */
final class StopSignals implements AutoCloseable {
    private final CancelToken cancel = new CancelToken();
    private final Map<Signal, SignalHandler> before = new LinkedHashMap<>();
    private volatile int code;

    StopSignals(PrintWriter err, String promise) {
        for (String name : new String[] {"INT", "TERM"}) {
            Signal signal = new Signal(name);
            SignalHandler handler = caught -> {
                int number = 128 + caught.getNumber();
                if (code != 0) {
                    Runtime.getRuntime().halt(number);
                }
                code = number;
                err.println("\ntweedie: " + promise + "; once more to stop at once");
                err.flush();
                cancel.cancel();
            };
            try {
                before.put(signal, Signal.handle(signal, handler));
            } catch (IllegalArgumentException e) {
                // under java -Xrs signals are the caller's affair: they end the process, as a kill does
            }
        }
    }

    CancelToken token() {
        return cancel;
    }

    /** The exit code of the signal that came: 130 for Ctrl-C, 143 for SIGTERM; 0 for none. */
    int code() {
        return code;
    }

    @Override
    public void close() {
        before.forEach(Signal::handle);
    }
}
