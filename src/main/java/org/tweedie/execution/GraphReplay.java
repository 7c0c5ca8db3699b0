package org.tweedie.execution;

import java.util.Optional;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.Graph;
import org.tweedie.device.Stream;
import org.tweedie.plan.Stage;

/** Captures the launches of the whole plan once and replays them: one call a run, whatever the number of steps. */
final class GraphReplay implements Execution {
    private final boolean sixteenBit;

    /** @param sixteenBit whether networks use the precision that the program allows, else f32 */
    GraphReplay(boolean sixteenBit) {
        this.sixteenBit = sixteenBit;
    }

    @Override
    public String name() {
        return sixteenBit ? "graph-16bit" : "graph";
    }

    @Override
    public Offer offer(Program program, Device device, boolean traced) {
        if (Stepwise.repeats(program.plan())) {
            return Offer.declined("a step repeats until a row is done");
        }
        if (traced) {
            return Offer.declined("a trace leaves the device after each step");
        }
        if (program.table().cells().stream().anyMatch(cell -> cell.before().orElse(null) instanceof Stage.Apply)) {
            return Offer.declined("a row function of the plan has no kernel, so it runs on the host");
        }
        Optional<String> refusal = sixteenBit ? SixteenBit.refusal(program, device) : Optional.empty();
        return refusal.map(Offer::declined)
                .orElseGet(() -> Offer.taken("all launches are captured once and replayed as one"
                        + (sixteenBit ? SixteenBit.says(program) : "")));
    }

    @Override
    public Runner open(Program program, Device device, int rows) {
        Closing owned = new Closing();
        try {
            Stream stream = owned.add(device.stream());
            CellRunner cells =
                    owned.add(new CellRunner(sixteenBit ? program : program.with(Precision.F32), device, stream, rows));
            Graph graph = owned.add(stream.capture(cells::queue));
            return new Run(owned, stream, cells, graph);
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private record Run(Closing owned, Stream stream, CellRunner cells, Graph graph) implements Runner {
        @Override
        public int capacity() {
            return cells.capacity();
        }

        @Override
        public void run(Batch batch) {
            cells.load(batch);
            stream.launch(graph);
            cells.store(batch);
            stream.synchronize();
        }

        @Override
        public void close() {
            owned.close();
        }
    }
}
