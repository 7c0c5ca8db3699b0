package org.tweedie.execution;

import java.util.Optional;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.Stream;
import org.tweedie.kernels.MlpLaunch;
import org.tweedie.kernels.MlpShape;
import org.tweedie.kernels.TrajectoryMlp;
import org.tweedie.kernels.View;
import org.tweedie.plan.CellTable.Cell;
import org.tweedie.plan.Stage;
import org.tweedie.score.Field;
import org.tweedie.score.HalfMlp;
import org.tweedie.score.MlpNetwork;

/**
 * The whole trajectory in one launch, for a multilayer perceptron whose products may be of 16-bit numbers: only where they were asked for.
 * Noise and the linear part of the cells are those of the other executions, the network's values within the bound of
 * {@link TrajectoryMlp}.
 */
final class FusedMlp implements Execution {
    @Override
    public String name() {
        return "fused-16bit";
    }

    @Override
    public Offer offer(Program program, Device device, boolean traced) {
        Optional<String> refusal = refusal(program, device);
        if (refusal.isPresent()) {
            return Offer.declined(refusal.get());
        }
        MlpShape shape = HalfMlp.shape(network(program), program.precision().operands());
        int columns = new MlpTrajectory(program, traced).columns();
        MlpLaunch launch = MlpLaunch.of(device.limits(), shape, columns, Integer.MAX_VALUE);
        if (launch.warps() == 0) {
            return Offer.declined(shape.tooLarge(columns, device.limits()));
        }
        KernelEntry entry = TrajectoryMlp.entry(shape, launch.rowsAWarp());
        KernelEntry few = TrajectoryMlp.entry(shape, MlpLaunch.FEW);
        return Offer.taken("one launch of " + entry.name() + " for the whole trajectory: up to " + launch.warps()
                + " warps a block, " + device.kernel(entry).resources().registers() + " registers a thread, "
                + launch.sharedBytes(shape, columns) + " bytes of shared memory"
                + (launch.passes() ? ", through which weights pass" : "")
                + (entry == few ? "" : "; " + few.name() + " with the same bits where rows are few"));
    }

    /** Why this program has no such trajectory, whatever the memory. */
    private static Optional<String> refusal(Program program, Device device) {
        if (device.kind() == DeviceKind.HOST) {
            return Optional.of("the host multiplies in f32");
        } else if (program.precision() == Precision.F32) {
            return Optional.of("products of 16-bit numbers were not asked for; precision f16, bf16 or f16x3 does");
        } else if (Stepwise.repeats(program.plan())) {
            return Optional.of("a step repeats until a row is done");
        } else if (program.fields().size() != 1) {
            return Optional.of(
                    "it takes one field, the plan has " + program.fields().size());
        }
        Field field = program.fields().values().iterator().next();
        if (!(field instanceof MlpNetwork network)) {
            return Optional.of("the field is no multilayer perceptron");
        }
        for (Cell cell : program.table().cells()) {
            Stage stage = cell.before().orElse(null);
            if (stage instanceof Stage.Evaluate evaluate ? evaluate.t().perRow() : stage != null) {
                return Optional.of(
                        stage instanceof Stage.Evaluate
                                ? "rows have times of their own"
                                : "a row function or a law of the plan has no kernel here");
            }
        }
        return HalfMlp.refusal(network, program.precision().operands());
    }

    private static MlpNetwork network(Program program) {
        return (MlpNetwork) program.fields().values().iterator().next();
    }

    @Override
    public Runner open(Program program, Device device, int rows) {
        Offer offer = offer(program, device, false);
        if (!offer.taken()) {
            throw new IllegalArgumentException(
                    name() + " does not take this plan on " + device.name() + ": " + offer.reason());
        }
        Closing owned = new Closing();
        try {
            Stream stream = owned.add(device.stream());
            MlpTrajectory plain = new MlpTrajectory(program, false);
            MlpTrajectory traced = new MlpTrajectory(program, true);
            HalfMlp network = owned.add(
                    HalfMlp.of(network(program), stream, program.precision().operands(), plain.times()));
            BatchRows batchRows = owned.add(new BatchRows(stream, Math.max(1, rows)));
            DeviceBuffer io = owned.add(device.allocate(Element.F32, Math.max(1L, rows) * plain.columns()));
            return new Run(
                    owned,
                    stream,
                    batchRows,
                    network,
                    io,
                    Math.max(1, rows),
                    plain,
                    plain.on(stream, network.biases(), owned),
                    traced);
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private static final class Run implements Runner {
        private final Closing owned;
        private final Stream stream;
        private final BatchRows batchRows;
        private final HalfMlp network;
        private final DeviceBuffer io;
        private final int capacity;
        private final MlpTrajectory plain;
        private final TrajectoryMlp.Program program;
        private final MlpTrajectory traced;

        Run(
                Closing owned,
                Stream stream,
                BatchRows batchRows,
                HalfMlp network,
                DeviceBuffer io,
                int capacity,
                MlpTrajectory plain,
                TrajectoryMlp.Program program,
                MlpTrajectory traced) {
            this.owned = owned;
            this.stream = stream;
            this.batchRows = batchRows;
            this.network = network;
            this.io = io;
            this.capacity = capacity;
            this.plain = plain;
            this.program = program;
            this.traced = traced;
        }

        @Override
        public int capacity() {
            return capacity;
        }

        @Override
        public void run(Batch batch) {
            batchRows.assign(batch);
            if (batch.traces().isEmpty()) {
                run(batch, plain, program, io);
                return;
            }
            try (Closing passing = new Closing()) {
                DeviceBuffer room =
                        passing.add(stream.device().allocate(Element.F32, (long) capacity * traced.places()));
                run(batch, traced, traced.on(stream, network.biases(), passing), room);
            }
        }

        private void run(Batch batch, MlpTrajectory trajectory, TrajectoryMlp.Program what, DeviceBuffer through) {
            int[] givens = trajectory.givens();
            for (int i = 0; i < givens.length; i++) {
                CellRunner.copyRows(
                        stream,
                        batch.givens().get(i),
                        at(through, givens[i], batch.givens().get(i)),
                        batch.count());
            }
            TrajectoryMlp.run(stream, batchRows.rows(), through, capacity, batch.count(), what, network.packed());
            int[] outputs = trajectory.outputs();
            for (int i = 0; i < outputs.length; i++) {
                View into = batch.outputs().get(i);
                CellRunner.copyRows(stream, at(through, outputs[i], into), into, batch.count());
            }
            for (int i = 0; i < batch.traces().size(); i++) {
                View into = batch.traces().get(i);
                CellRunner.copyRows(stream, at(through, trajectory.traces()[i], into), into, batch.count());
            }
            stream.synchronize();
        }

        /** The rows at a place of the buffer, as wide as {@code like}. */
        private View at(DeviceBuffer buffer, int place, View like) {
            return new View(buffer, (long) place * capacity, like.width(), like.width());
        }

        @Override
        public void close() {
            owned.close();
        }
    }
}
