package org.tweedie.execution;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.Graph;
import org.tweedie.device.Stream;
import org.tweedie.execution.CellRunner.Section;

/** Captures the launches of the whole plan once and replays them: one call a run, whatever the number of steps; a step that repeats is a graph of its own. */
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
        if (traced) {
            return Offer.declined("a trace leaves the device after each step");
        }
        Optional<String> onHost = Functions.refusal(program.table());
        if (onHost.isPresent()) {
            return Offer.declined(onHost.get());
        }
        Optional<String> refusal = sixteenBit ? SixteenBit.refusal(program, device) : Optional.empty();
        return refusal.map(Offer::declined)
                .orElseGet(() -> Offer.taken((Stepwise.repeats(program.plan())
                                ? "launches are captured once and replayed, those of a step that repeats as often as a row needs it"
                                : "all launches are captured once and replayed as one")
                        + (sixteenBit ? SixteenBit.says(program, device) : "")));
    }

    @Override
    public Runner open(Program program, Device device, int rows) {
        Closing owned = new Closing();
        try {
            Stream stream = owned.add(device.stream());
            CellRunner cells =
                    owned.add(new CellRunner(sixteenBit ? program : program.with(Precision.F32), device, stream, rows));
            List<Captured> sections = new ArrayList<>();
            for (Section section : cells.sections()) {
                sections.add(new Captured(section, owned.add(stream.capture(section::queue))));
            }
            return new Run(owned, stream, cells, sections);
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private record Captured(Section section, Graph graph) {}

    private record Run(Closing owned, Stream stream, CellRunner cells, List<Captured> sections) implements Runner {
        @Override
        public int capacity() {
            return cells.capacity();
        }

        @Override
        public void run(Batch batch) {
            cells.load(batch);
            for (Captured captured : sections) {
                cells.run(captured.section(), () -> stream.launch(captured.graph()));
            }
            cells.store(batch);
            stream.synchronize();
        }

        @Override
        public void close() {
            owned.close();
        }
    }
}
