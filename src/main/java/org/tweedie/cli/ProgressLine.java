package org.tweedie.cli;

import java.io.PrintWriter;
import java.util.Locale;

/** One line that tells how far a command is: rewritten in place on a terminal, a plain line every few seconds elsewhere. */
final class ProgressLine {
    private static final double PLAIN_EVERY = 5;
    private static final double TERMINAL_EVERY = 0.2;

    private final PrintWriter err;
    private final String what;
    private final boolean terminal = Boolean.getBoolean("tweedie.terminal");
    private double last = Double.NEGATIVE_INFINITY;
    private int width;

    ProgressLine(PrintWriter err, String what) {
        this.err = err;
        this.what = what;
    }

    /** @param rest what stands behind the rate, such as the loss */
    void at(long done, long total, double seconds, String unit, double unitsPerSecond, String rest) {
        boolean end = done == total;
        if (!end && seconds - last < (terminal ? TERMINAL_EVERY : PLAIN_EVERY)) {
            return;
        }
        last = seconds;
        double left = done == 0 ? Double.NaN : seconds / done * (total - done);
        String line = String.format(
                Locale.ROOT,
                "%s %3.0f%%  %,d/%,d  %,.0f %s/s%s  %s",
                what,
                100.0 * done / Math.max(1, total),
                done,
                total,
                unitsPerSecond,
                unit,
                rest,
                end ? "in " + duration(seconds) : "ETA " + duration(left));
        if (terminal) {
            err.print("\r" + line + " ".repeat(Math.max(0, width - line.length())) + (end ? "\n" : ""));
            width = line.length();
        } else {
            err.println(line);
        }
        err.flush();
    }

    static String duration(double seconds) {
        if (!Double.isFinite(seconds)) {
            return "?";
        } else if (seconds < 60) {
            return String.format(Locale.ROOT, "%.1f s", seconds);
        }
        long whole = Math.round(seconds);
        return whole < 3600
                ? String.format(Locale.ROOT, "%d:%02d min", whole / 60, whole % 60)
                : String.format(Locale.ROOT, "%d:%02d h", whole / 3600, whole / 60 % 60);
    }
}
