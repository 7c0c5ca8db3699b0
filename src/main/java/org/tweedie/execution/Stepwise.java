package org.tweedie.execution;

import java.util.Optional;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.Stream;
import org.tweedie.plan.Plan;

/** Launches each cell's kernels one at a time. Takes every plan. */
final class Stepwise implements Execution {
    private final boolean sixteenBit;

    /** @param sixteenBit whether networks use the precision that the program allows, else f32 */
    Stepwise(boolean sixteenBit) {
        this.sixteenBit = sixteenBit;
    }

    @Override
    public String name() {
        return sixteenBit ? "stepwise-16bit" : "stepwise";
    }

    @Override
    public Offer offer(Program program, Device device, boolean traced) {
        Optional<String> refusal = sixteenBit ? SixteenBit.refusal(program, device) : Optional.empty();
        return refusal.map(Offer::declined)
                .orElseGet(() -> Offer.taken("each cell's kernels are launched one at a time"
                        + (sixteenBit ? SixteenBit.says(program, device) : "")));
    }

    static boolean repeats(Plan plan) {
        return plan.steps().stream().anyMatch(step -> step.until().isPresent());
    }

    @Override
    public Runner open(Program program, Device device, int rows) {
        Closing owned = new Closing();
        try {
            Stream stream = owned.add(device.stream());
            CellRunner cells =
                    owned.add(new CellRunner(sixteenBit ? program : program.with(Precision.F32), device, stream, rows));
            return new Run(owned, stream, cells);
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private record Run(Closing owned, Stream stream, CellRunner cells) implements Runner {
        @Override
        public int capacity() {
            return cells.capacity();
        }

        @Override
        public void run(Batch batch) {
            cells.load(batch);
            if (batch.traces().isEmpty()) {
                cells.queue();
            } else {
                cells.queueTraced(batch.traces());
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
