package org.tweedie.bridge.domain;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Program;
import org.tweedie.execution.Progress;
import org.tweedie.execution.Sampling;
import org.tweedie.score.Field;
import org.tweedie.sde.TimeGrid;
import org.tweedie.train.Dataset;

/**
 * What keeps the law of generated rows from that of the data, in nats: the three terms that bound KL(data | generated), estimated along bridges to rows of the data. Of the
 * pull itself, whose freezing over a step is known and which rounding ends, there is no term. Immutable.
 *
 * @param training 1/2 E of the integral of |f - f*|^2, f* the best f for the rows of the data, by their shares of each point; 0 where nothing is left to learn
 * @param discretisation 1/2 E of the integral of |f_t - f at the start of its step|^2; falls as one over the steps
 * @param initial E KL of the bridges' starts from the model's start; 0 where both start at a point
 */
public record BridgeErrorReport(double training, double discretisation, double initial) {
    /** The sum: what KL(data | generated) is at most, up to its own error of estimation. */
    public double bound() {
        return training + discretisation + initial;
    }

    /**
     * Estimates the terms.
     *
     * @param drift g of z and end, as {@link DomainWalk} evaluates it
     * @param data encoded; those of all rows decide f*, at a cost of rows times paths times steps
     * @param paths bridges to average over, at least 1
     */
    public static BridgeErrorReport of(
            DomainBridge bridge, TimeGrid grid, Field drift, Dataset data, int paths, long seed, Device device) {
        if (paths < 1) {
            throw new IllegalArgumentException("paths must be positive, got " + paths);
        }
        int width = data.width();
        Program program = Program.of(
                new DomainPairs(bridge, grid).plan(true),
                Map.of(DomainWalk.DOMAIN, new DomainField(bridge.base(), bridge.domain()), DomainWalk.DRIFT, drift));
        Along along = new Along(bridge, grid, data);
        try (Sampling sampling = Sampling.open(program, device, paths, true, null)) {
            sampling.run(
                    seed,
                    0,
                    paths,
                    Map.of(DomainPairs.DATA, GivenRows.drawn(data.values(), width)),
                    Progress.NONE,
                    new CancelToken(),
                    (at, rows, outputs, traces) -> along.add(rows, traces));
        }
        return new BridgeErrorReport(along.training / paths, along.discretisation / paths, initial(bridge, data));
    }

    private static double initial(DomainBridge bridge, Dataset data) {
        double from = bridge.base().spread();
        double to = bridge.base().priorDeviation();
        if (to == 0) {
            return 0;
        }
        double toward = bridge.base().toward();
        double sum = 0;
        for (float x : data.values()) {
            double mean = toward * x / to;
            double ratio = from / to;
            sum += 0.5 * (ratio * ratio + mean * mean - 1) - StrictMath.log(ratio);
        }
        return sum / data.rows();
    }

    /** Sums over paths. */
    private static final class Along {
        private final DomainBridge bridge;
        private final TimeGrid grid;
        private final Dataset data;
        private double training;
        private double discretisation;

        Along(DomainBridge bridge, TimeGrid grid, Dataset data) {
            this.bridge = bridge;
            this.grid = grid;
            this.data = data;
        }

        /** @param traces of z, end, target and g, each [step][row][coordinate] */
        void add(int rows, List<float[]> traces) {
            int width = data.width();
            double[] z = new double[width];
            double[] best = new double[width];
            for (int j = 0; j < grid.steps(); j++) {
                double v = bridge.base().left(grid.t(j));
                double left = bridge.base().left(grid.s(j));
                for (int r = 0; r < rows; r++) {
                    int at = (j * rows + r) * width;
                    for (int d = 0; d < width; d++) {
                        z[d] = traces.get(0)[at + d];
                    }
                    best(z, grid.t(j), best);
                    for (int d = 0; d < width; d++) {
                        double g = traces.get(3)[at + d];
                        training += 0.5 * (v - left) / v * (g - best[d]) * (g - best[d]);
                        if (j + 1 < grid.steps()) {
                            double then = traces.get(3)[at + rows * width + d] / StrictMath.sqrt(left);
                            double change = then - g / StrictMath.sqrt(v);
                            discretisation += 0.25 * (v - left) * change * change; // rises from 0 over the step
                        }
                    }
                }
            }
        }

        /** {@code into} &larr; the mean target at z: towards the mean of the rows that z may go to. */
        private void best(double[] z, double t, double[] into) {
            BridgeBase base = bridge.base();
            int width = z.length;
            double gain = base.gain(t);
            double variance = base.deviation(t) * base.deviation(t);
            double[] logs = new double[data.rows()];
            for (int i = 0; variance > 0 && i < logs.length; i++) {
                for (int d = 0; d < width; d++) {
                    double apart = z[d] - gain * data.values()[i * width + d];
                    logs[i] -= apart * apart / (2 * variance);
                }
            }
            double most = Arrays.stream(logs).max().orElse(0);
            double[] mean = new double[width];
            double sum = 0;
            for (int i = 0; i < logs.length; i++) {
                double share = StrictMath.exp(logs[i] - most);
                sum += share;
                for (int d = 0; d < width; d++) {
                    mean[d] += share * data.values()[i * width + d];
                }
            }
            double m = base.carry(t);
            double[] y = z.clone();
            for (int d = 0; d < width; d++) {
                y[d] *= m;
            }
            bridge.domain().pull(y, base.left(t), into);
            double root = StrictMath.sqrt(base.left(t));
            for (int d = 0; d < width; d++) {
                into[d] = (mean[d] / sum - y[d]) / root - root * into[d];
            }
        }
    }
}
