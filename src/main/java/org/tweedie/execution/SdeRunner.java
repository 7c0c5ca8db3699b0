package org.tweedie.execution;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.TrajectorySde;
import org.tweedie.kernels.View;
import org.tweedie.kernels.ViewTable;

/** A trajectory's tables in device memory, and its launches. */
final class SdeRunner implements Runner {
    private final Program program;
    private final Stream stream;
    private final int capacity;
    private final boolean fast;
    private final long costALaunch;
    private final Closing owned;
    private final int width;
    private final BatchRows rows;
    private final ScoreTimes times;
    private final DeviceBuffer terms;
    private final List<View> parks = new ArrayList<>();
    private final Form plain;
    private @Nullable Form traced;

    /** With its trace or without, in device memory. */
    private record Form(List<Integer> launches, TrajectorySde.Tables tables, ViewTable views) {}

    SdeRunner(Program program, Stream stream, int capacity, boolean fast, long costALaunch, Closing owned) {
        this.program = program;
        this.stream = stream;
        this.capacity = capacity;
        this.fast = fast;
        this.costALaunch = costALaunch;
        this.owned = owned;
        width = program.table().registers().get(0).space().width();
        rows = owned.add(new BatchRows(stream, capacity));
        times = ScoreTimes.of(program);
        terms = times.upload(stream, owned);
        plain = form(false);
        if (plain.launches().size() > 1) {
            for (int r = 0; r < slots(); r++) {
                parks.add(View.rows(
                        owned.add(stream.device().allocate(Element.F32, (long) Math.max(1, capacity) * width)), width));
            }
        }
    }

    private int slots() {
        return program.table().registers().size();
    }

    private Form form(boolean withTrace) {
        SdeTrajectory trajectory = SdeTrajectory.of(program, times, withTrace, fast, costALaunch);
        int[] operations = trajectory.operations().table();
        float[] weights = trajectory.operations().weights();
        DeviceBuffer first = owned.add(stream.device().allocate(Element.I32, Math.max(1, operations.length)));
        DeviceBuffer second = owned.add(stream.device().allocate(Element.F32, Math.max(1, weights.length)));
        stream.upload(operations, 0, first, 0, operations.length);
        stream.upload(weights, 0, second, 0, weights.length);
        int traces = withTrace
                ? program.table().trace().length * program.plan().steps().size()
                : 0;
        int views = program.givens().size() + program.table().outputs().length + traces + slots();
        return new Form(
                trajectory.launches(),
                new TrajectorySde.Tables(
                        first, second, terms, trajectory.operations().size()),
                owned.add(ViewTable.on(stream.device(), views)));
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
        Form form = batch.traces().isEmpty() ? plain : traced();
        List<View> views = new ArrayList<>(batch.givens());
        views.addAll(batch.outputs());
        views.addAll(batch.traces());
        views.addAll(parks);
        rows.assign(batch);
        form.views().assign(stream, views);
        int first = 0;
        for (int last : form.launches()) {
            if (first > 0) {
                cancel.check("sampling");
            }
            TrajectorySde.run(
                    stream, rows.rows(), form.views(), form.tables(), width, slots(), first, last, batch.count());
            stream.synchronize();
            first = last;
        }
    }

    private Form traced() {
        Form form = traced;
        if (form == null) {
            form = form(true);
            traced = form;
        }
        return form;
    }

    @Override
    public void close() {
        owned.close();
    }
}
