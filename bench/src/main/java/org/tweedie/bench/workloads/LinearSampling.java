package org.tweedie.bench.workloads;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.execution.Batch;
import org.tweedie.execution.Execution;
import org.tweedie.execution.Precision;
import org.tweedie.execution.Program;
import org.tweedie.execution.Runner;
import org.tweedie.kernels.View;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.rng.Purpose;

/** W0: a linear SDE without a network, {@code x <- a x + c z} in three coordinates, 256 steps; held to its exact moments. */
final class LinearSampling {
    private static final int DIM = 3;
    private static final int STEPS = 256;
    private static final long ROWS = 1 << 23;
    private static final double A = 1 - 1.0 / STEPS;
    private static final double C = Math.sqrt(2.0 / STEPS);

    private LinearSampling() {}

    private static Plan plan() {
        Plan.Writer writer = Plan.writer();
        int x = writer.register("x", Space.euclidean(DIM));
        int z = writer.register("z", Space.euclidean(DIM));
        writer.step(1, 1).normal(Purpose.PRIOR, x);
        for (int k = 0; k < STEPS; k++) {
            writer.step(1 - k / (double) STEPS, 1 - (k + 1) / (double) STEPS)
                    .normal(Purpose.STEP, z)
                    .set(x, A, x, C, z);
        }
        return writer.plan(x);
    }

    static void run(Bench bench) {
        Program program = Program.of(plan(), Map.of());
        List<Execution> executions = new ArrayList<>(Execution.candidates(bench.device()));
        Collections.reverse(executions);
        float[] stepwise = new float[0];
        for (Execution execution : executions) {
            if (execution.offer(program, bench.device(), false).taken()) {
                stepwise = time(bench, execution, program, stepwise);
            }
        }
        for (Execution execution : executions) { // those that less than f32 opens up: normals of the special functions, all else f32
            Program fast = program.with(Precision.F16);
            if (!execution.offer(program, bench.device(), false).taken()
                    && execution.offer(fast, bench.device(), false).taken()) {
                time(bench, execution, fast, stepwise);
            }
        }
    }

    /** Times an execution; gives its first rows. */
    private static float[] time(Bench bench, Execution execution, Program program, float[] stepwise) {
        int count = bench.scaled(ROWS);
        double variance = MomentOracle.after(plan(), Map.of()).covariance(0)[0][0];
        float[] values = new float[Math.min(count, 1 << 18) * DIM];
        try (DeviceBuffer memory = bench.device().allocate(Element.F32, (long) count * DIM);
                Stream stream = bench.device().stream();
                Runner runner = execution.open(program, bench.device(), count)) {
            Batch batch = new Batch(1, 0, count, null, List.of(), List.of(View.rows(memory, DIM)), List.of());
            runner.run(batch);
            stream.download(memory, 0, values, 0, values.length);
            double square = 0;
            for (float value : values) {
                square += value * value;
            }
            double off = (square / values.length / variance - 1) / Math.sqrt(2.0 / values.length);
            if (!(Math.abs(off) < 5)) {
                throw new IllegalStateException("W0: " + execution.name() + " has a variance " + off
                        + " standard errors from " + variance);
            }
            boolean exact = program.precision() == Precision.F32;
            bench.rows()
                    .accept(new Row(
                            "W0",
                            "Tweedie " + execution.name(),
                            exact ? "F" : "F fast normals",
                            count + " rows x " + DIM + " x " + STEPS + " steps",
                            bench.wall(() -> runner.run(batch)),
                            9.0 * count * DIM * STEPS,
                            "flop",
                            "exact variance within 5 standard errors, " + beside(execution, values, stepwise, exact)));
        }
        return values;
    }

    private static String beside(Execution execution, float[] values, float[] stepwise, boolean exact) {
        if (exact) {
            if (stepwise.length > 0 && !Arrays.equals(stepwise, values)) {
                throw new IllegalStateException("W0: " + execution.name() + " differs from stepwise");
            }
            return "bits of stepwise";
        }
        double off = 0;
        for (int i = 0; i < values.length; i++) {
            off = Math.max(off, Math.abs((double) values[i] - stepwise[i]));
        }
        if (!(off < 1e-2)) {
            throw new IllegalStateException("W0: " + execution.name() + " is " + off + " from stepwise");
        }
        return String.format(Locale.ROOT, "at most %.0e from stepwise", off);
    }
}
