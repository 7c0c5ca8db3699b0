package org.tweedie;

import java.util.List;
import java.util.Map;

/**
 * Sampled rows and how they were made. Immutable but for the arrays, which are the receiver's.
 *
 * @param columns names of the columns of the first output, in the order of the training data
 * @param outputs rows x width of each output register, row-major, in the units of the data
 * @param traces for each traced register its rows after every step, in the units of the data; empty when not asked for
 * @param run how they were made
 */
public record Samples(List<String> columns, Map<String, float[]> outputs, Map<String, List<float[]>> traces, Run run) {
    public Samples {
        columns = List.copyOf(columns);
        outputs = Map.copyOf(outputs);
        traces = Map.copyOf(traces);
    }

    /** The state, rows x {@code width()}, row-major, in the units of the data. */
    public float[] rows() {
        return output("x");
    }

    /** @throws IllegalArgumentException naming the outputs there are */
    public float[] output(String name) {
        float[] rows = outputs.get(name);
        if (rows == null) {
            throw new IllegalArgumentException("no output '" + name + "'; there are " + outputs.keySet());
        }
        return rows;
    }

    public int count() {
        return run.count();
    }

    /** The field evaluations that row i cost; the same for all unless rows choose their own steps. */
    public int nfe(int i) {
        float[] each = outputs.get("nfe");
        return each == null ? run.nfe() : (int) each[i];
    }

    /**
     * Rows that used up their steps before they were done, where rows choose their own: such a row's x is where it got to, {@code remaining}
     * says how far from the end. 0 for all other methods.
     */
    public long unfinished() {
        long rows = 0;
        float[] remaining = outputs.get("remaining");
        for (int i = 0; remaining != null && i < remaining.length; i++) {
            rows += remaining[i] == 0 ? 0 : 1;
        }
        return rows;
    }

    public int width() {
        return columns.size();
    }

    /**
     * How samples were made. Immutable.
     *
     * @param method with its grid, as {@code em@500}
     * @param seed of the run; with the sample's number it determines every draw
     * @param first number of the first sample
     * @param count samples
     * @param nfe field evaluations a sample cost, counted from the plan; where rows choose their own steps, the most that one cost
     * @param execution that ran: fused, graph or stepwise, or with less precision fused-fast, fused-16bit, graph-16bit or stepwise-16bit
     * @param device that it ran on
     * @param milliseconds from the call to its return
     * @param nonFinite rows that hold a NaN or an infinity
     */
    public record Run(
            String method,
            long seed,
            long first,
            int count,
            int nfe,
            String execution,
            String device,
            double milliseconds,
            long nonFinite) {}
}
