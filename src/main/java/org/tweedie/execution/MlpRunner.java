package org.tweedie.execution;

import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.TrajectoryMlp;
import org.tweedie.kernels.View;
import org.tweedie.score.HalfMlp;

/** A trajectory's network and tables in device memory, and its launches. */
final class MlpRunner implements Runner {
    private final Program program;
    private final Stream stream;
    private final HalfMlp network;
    private final int capacity;
    private final long evaluations;
    private final Closing owned;
    private final BatchRows rows;
    private final MlpTrajectory plain;
    private final TrajectoryMlp.Program plainTables;
    private final DeviceBuffer io;

    MlpRunner(Program program, Stream stream, HalfMlp network, int capacity, long productsALaunch, Closing owned) {
        this.program = program;
        this.stream = stream;
        this.network = network;
        this.capacity = capacity;
        this.owned = owned;
        Device device = stream.device();
        long tiles = Math.max(1, capacity / 16 / device.limits().processors());
        evaluations =
                Math.max(1, productsALaunch / tiles / network.packed().shape().products());
        rows = owned.add(new BatchRows(stream, capacity));
        plain = new MlpTrajectory(program, false, evaluations);
        plainTables = plain.on(stream, network.biases(), owned);
        io = owned.add(device.allocate(Element.F32, (long) capacity * plain.columns()));
    }

    @Override
    public int capacity() {
        return capacity;
    }

    @Override
    public void run(Batch batch) {
        run(batch, new CancelToken());
    }

    @Override
    public void run(Batch batch, CancelToken cancel) {
        rows.assign(batch);
        if (batch.traces().isEmpty()) {
            run(batch, plain, plainTables, io, cancel);
            return;
        }
        MlpTrajectory traced = new MlpTrajectory(program, true, evaluations);
        try (Closing passing = new Closing()) {
            DeviceBuffer room = passing.add(stream.device().allocate(Element.F32, (long) capacity * traced.places()));
            run(batch, traced, traced.on(stream, network.biases(), passing), room, cancel);
        }
    }

    private void run(
            Batch batch,
            MlpTrajectory trajectory,
            TrajectoryMlp.Program tables,
            DeviceBuffer through,
            CancelToken cancel) {
        int[] givens = trajectory.givens();
        for (int i = 0; i < givens.length; i++) {
            View from = batch.givens().get(i);
            CellRunner.copyRows(stream, from, at(through, givens[i], from), batch.count());
        }
        int first = 0;
        for (int last : trajectory.launches()) {
            if (first > 0) {
                stream.synchronize();
                cancel.check("sampling");
            }
            TrajectoryMlp.run(
                    stream, rows.rows(), through, capacity, batch.count(), tables.part(first, last), network.packed());
            first = last;
        }
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
