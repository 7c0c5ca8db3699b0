package org.tweedie.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.tweedie.bridge.BridgeListener;
import org.tweedie.bridge.Direction;
import org.tweedie.bridge.HalfBridge;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;

/** Tells on standard error how far a bridge is, and keeps what its report shows. */
final class BridgeWatch implements BridgeListener {
    /**
     * A half bridge that this run fitted.
     *
     * @param half from 0
     * @param ends where its walks end, encoded
     */
    record Seen(int half, HalfBridge done, TrainResult result, float[] ends) {}

    private final PrintWriter err;
    private final List<Seen> seen = new ArrayList<>();
    private boolean opened;

    BridgeWatch(PrintWriter err) {
        this.err = err;
    }

    /** The half bridges that were fitted since this watches. */
    List<Seen> seen() {
        return List.copyOf(seen);
    }

    @Override
    public TrainListener began(int half, int halves) {
        ProgressLine line = new ProgressLine(
                err,
                "training " + (half + 1) + "/" + halves + " "
                        + Direction.learned(half).spec());
        return new TrainListener() {
            @Override
            public void opened(String how) {
                if (!opened) {
                    err.println("tweedie: products of " + how);
                    opened = true;
                }
            }

            @Override
            public void at(Progress progress) {
                line.at(
                        progress.step(),
                        progress.steps(),
                        progress.seconds(),
                        "rows",
                        progress.rowsPerSecond(),
                        String.format(Locale.ROOT, "  loss %.4f", progress.smoothLoss()));
            }
        };
    }

    @Override
    public void fitted(int half, HalfBridge done, TrainResult result, float[] ends) {
        seen.add(new Seen(half, done, result, ends));
        err.printf(
                Locale.ROOT,
                "training %d %s: squared energy distance %.5f%n",
                half + 1,
                done.learned().spec(),
                done.distance());
        err.flush();
    }
}
