package org.tweedie.faults;

/**
 * One fault: the nth call of an entry point in a scenario gives a code, once or from then on.
 *
 * @param call the driver's symbol, as {@code cuMemAlloc_v2}
 * @param nth from 1
 */
record Injection(String call, long nth, Fault fault, boolean persistent, Mode mode) {
    /** How the scenario runs. */
    enum Mode {
        /** As users run it. */
        PLAIN,
        /** Under {@code -Dtweedie.sync=true}: a wait after each launch. */
        SYNC,
        /** Streams run at the last moment that the rules allow, instead of at once. */
        LATE
    }

    String line() {
        return String.join(" ", call, Long.toString(nth), fault.name(), Boolean.toString(persistent), mode.name());
    }

    static Injection parse(String line) {
        String[] part = line.split(" ");
        return new Injection(
                part[0],
                Long.parseLong(part[1]),
                Fault.valueOf(part[2]),
                Boolean.parseBoolean(part[3]),
                Mode.valueOf(part[4]));
    }

    /** The call's name as a message has it: without the version of its symbol. */
    String named() {
        return named(call);
    }

    static String named(String symbol) {
        return symbol.replaceAll("_v[0-9]$", "").replace("WithFlags", "");
    }
}
