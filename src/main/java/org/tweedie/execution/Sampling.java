package org.tweedie.execution;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.Element;
import org.tweedie.device.OutOfDeviceMemoryException;
import org.tweedie.device.Stream;
import org.tweedie.kernels.View;
import org.tweedie.plan.Register;

/**
 * A program opened on a device by the first execution that takes it, fed any number of rows in chunks. The chunks change no
 * bit. For one thread at a time.
 */
public final class Sampling implements AutoCloseable {
    private static final int MOST_ROWS_HOST = 16_384;
    private static final int MOST_ROWS_CUDA = 1 << 18;
    /** Rows of the first run, from which the size of the next ones follows: about a quarter of a second each. */
    private static final int FIRST_ROWS = 1_024;

    private static final double SECONDS_A_RUN = 0.25;

    private final Program program;
    private final Choice choice;
    private final Closing owned;
    private final Stream stream;
    private final Runner runner;
    private final List<DeviceBuffer> givens = new ArrayList<>();
    private final List<DeviceBuffer> outputs = new ArrayList<>();
    private final List<DeviceBuffer> traces = new ArrayList<>();
    private final boolean traced;
    private int rowsARun = FIRST_ROWS;

    private Sampling(Program program, Choice choice, Device device, int capacity, boolean traced) {
        this.program = program;
        this.choice = choice;
        this.traced = traced;
        this.owned = new Closing();
        try {
            this.stream = owned.add(device.stream());
            this.runner = owned.add(choice.execution().open(program, device, capacity));
            for (Register given : program.givens()) {
                givens.add(buffer(device, capacity, given));
            }
            for (Register output : program.outputs()) {
                outputs.add(buffer(device, capacity, output));
            }
            if (traced) {
                for (Register register : program.traced()) {
                    traces.add(buffer(
                            device, (long) capacity * program.plan().steps().size(), register));
                }
            }
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private DeviceBuffer buffer(Device device, long rows, Register register) {
        return owned.add(device.allocate(Element.F32, rows * register.space().width()));
    }

    /**
     * Opens a program.
     *
     * @param rows that will be asked for in all, about: memory is taken for as many as fit one run
     * @param traced whether the plan's traced registers are wanted after each step
     * @param only the name of the execution to use, or null for the first that does not decline
     * @throws IllegalArgumentException if every execution declines; gives each reason
     * @throws OutOfDeviceMemoryException if not even a small run fits
     */
    public static Sampling open(Program program, Device device, long rows, boolean traced, @Nullable String only) {
        Choice choice = choose(program, device, traced, only);
        int most = device.kind() == DeviceKind.HOST ? MOST_ROWS_HOST : MOST_ROWS_CUDA;
        int capacity = (int) Math.max(1, Math.min(rows, most));
        while (true) {
            try {
                return new Sampling(program, choice, device, capacity, traced);
            } catch (OutOfDeviceMemoryException e) {
                if (capacity <= 256) {
                    throw e;
                }
                capacity /= 2; // fewer rows a run, the same answer
            }
        }
    }

    /** The execution that {@link #open} would use; allocates nothing. */
    public static Choice choose(Program program, Device device, boolean traced, @Nullable String only) {
        return Choice.of(program, device, traced, only);
    }

    public Program program() {
        return program;
    }

    /** Which execution was chosen, and what each said. */
    public Choice choice() {
        return choice;
    }

    /** The most rows one run takes. */
    public int capacity() {
        return runner.capacity();
    }

    /** The choice of an execution: the offers of all candidates, in the order asked. */
    public record Choice(Execution execution, Map<String, Execution.Offer> offers) {
        static Choice of(Program program, Device device, boolean traced, @Nullable String only) {
            Map<String, Execution.Offer> offers = new java.util.LinkedHashMap<>();
            Execution chosen = null;
            List<Execution> candidates = Execution.candidates(device);
            for (Execution candidate : candidates) {
                Execution.Offer offer = candidate.offer(program, device, traced);
                offers.put(candidate.name(), offer);
                if (chosen == null && offer.taken() && (only == null || only.equals(candidate.name()))) {
                    chosen = candidate;
                }
            }
            if (chosen == null) {
                throw new IllegalArgumentException((only == null
                                ? "no execution takes this plan on "
                                : "execution '" + only + "' is not to be had on ")
                        + device.name() + ": "
                        + offers.entrySet().stream()
                                .map(e -> e.getKey() + ": " + e.getValue().reason())
                                .collect(Collectors.joining("; ")));
            }
            return new Choice(chosen, offers);
        }
    }

    /** Where the rows of a call go: called once a run, in order. The arrays are the receiver's to keep. */
    @FunctionalInterface
    public interface Sink {
        /**
         * @param at rows of this call that came before
         * @param outputs rows x width for each output register
         * @param traces steps x rows x width for each traced register
         */
        void rows(long at, int rows, List<float[]> outputs, List<float[]> traces);
    }

    /** Samples rows {@code [first, first + count)} of a seed. */
    public void run(
            long seed,
            long first,
            long count,
            Map<String, GivenRows> given,
            Progress progress,
            CancelToken cancel,
            Sink sink) {
        if (first < 0 || count < 0 || first > Long.MAX_VALUE - count) {
            throw new IllegalArgumentException(
                    "first index must not be negative and first + count must stay below 2^63, got first " + first
                            + ", count " + count);
        }
        checkGiven(given, first + count);
        new Loop(seed, given, progress, cancel, sink).run(first, count, null);
    }

    /** Samples the rows with these indices, in this order. */
    public void run(
            long seed, long[] indices, Map<String, GivenRows> given, Progress progress, CancelToken cancel, Sink sink) {
        long beyond = 0;
        for (long index : indices) {
            if (index < 0) {
                throw new IllegalArgumentException("sample indices must not be negative, got " + index);
            }
            beyond = Math.max(beyond, index + 1);
        }
        checkGiven(given, beyond);
        new Loop(seed, given, progress, cancel, sink).run(0, indices.length, indices);
    }

    private void checkGiven(Map<String, GivenRows> given, long beyond) {
        for (Register register : program.givens()) {
            GivenRows rows = given.get(register.name());
            if (rows == null) {
                throw new IllegalArgumentException("the plan reads '" + register.name() + "'; pass it with given(\""
                        + register.name() + "\", rows)");
            }
            if (rows.width() != register.space().width()) {
                throw new IllegalArgumentException("given '" + register.name() + "' must be "
                        + register.space().width() + " wide, got " + rows.width());
            }
            if (!rows.shared() && rows.rows() < beyond) {
                throw new IllegalArgumentException("given '" + register.name() + "' has " + rows.rows()
                        + " rows; row i belongs to sample i, so " + beyond + " are needed (or one row for all)");
            }
        }
    }

    private final class Loop {
        private final long seed;
        private final Map<String, GivenRows> given;
        private final Progress progress;
        private final CancelToken cancel;
        private final Sink sink;

        Loop(long seed, Map<String, GivenRows> given, Progress progress, CancelToken cancel, Sink sink) {
            this.seed = seed;
            this.given = given;
            this.progress = progress;
            this.cancel = cancel;
            this.sink = sink;
        }

        void run(long first, long count, long @Nullable [] indices) {
            long began = System.nanoTime();
            for (long done = 0; done < count; ) {
                cancel.check("sampling");
                int rows = (int) Math.min(Math.min(rowsARun, capacity()), count - done);
                long start = System.nanoTime();
                chunk(done, first + done, rows, indices);
                double seconds = Math.max(1e-6, (System.nanoTime() - start) / 1e9);
                rowsARun = (int) Math.max(FIRST_ROWS, Math.min(capacity(), rows * SECONDS_A_RUN / seconds));
                done += rows;
                progress.at(done, count, (System.nanoTime() - began) / 1e9);
            }
        }

        private void chunk(long at, long first, int rows, long @Nullable [] indices) {
            long[] wanted = indices == null ? null : java.util.Arrays.copyOfRange(indices, (int) at, (int) at + rows);
            List<View> in = new ArrayList<>();
            for (int i = 0; i < givens.size(); i++) {
                in.add(upload(program.givens().get(i), givens.get(i), first, rows, wanted));
            }
            if (!in.isEmpty()) {
                stream.synchronize(); // the execution reads them on a stream of its own
            }
            runner.run(new Batch(
                    seed,
                    wanted == null ? first : 0,
                    rows,
                    wanted,
                    in,
                    views(outputs, program.outputs()),
                    traceViews(rows)));
            sink.rows(
                    at,
                    rows,
                    download(outputs, program.outputs(), rows),
                    download(
                            traces,
                            traced ? program.traced() : List.of(),
                            rows * program.plan().steps().size()));
        }

        private View upload(Register register, DeviceBuffer buffer, long first, int rows, long @Nullable [] wanted) {
            GivenRows source = java.util.Objects.requireNonNull(given.get(register.name()));
            int width = source.width();
            if (!source.shared() && wanted == null) {
                stream.upload(source.values(), Math.toIntExact(first * width), buffer, 0, rows * width);
            } else {
                float[] gathered = new float[rows * width];
                for (int r = 0; r < rows; r++) {
                    int row = source.shared() || wanted == null ? 0 : (int) wanted[r];
                    System.arraycopy(source.values(), row * width, gathered, r * width, width);
                }
                stream.upload(gathered, 0, buffer, 0, gathered.length);
            }
            return View.rows(buffer, width);
        }

        private List<View> views(List<DeviceBuffer> buffers, List<Register> registers) {
            List<View> views = new ArrayList<>();
            for (int i = 0; i < buffers.size(); i++) {
                views.add(View.rows(buffers.get(i), registers.get(i).space().width()));
            }
            return views;
        }

        private List<View> traceViews(int rows) {
            List<View> views = new ArrayList<>();
            for (int i = 0; i < traces.size(); i++) {
                int width = program.traced().get(i).space().width();
                for (int step = 0; step < program.plan().steps().size(); step++) {
                    views.add(new View(traces.get(i), (long) step * rows * width, width, width));
                }
            }
            return views;
        }

        private List<float[]> download(List<DeviceBuffer> buffers, List<Register> registers, int rows) {
            List<float[]> arrays = new ArrayList<>();
            for (int i = 0; i < buffers.size(); i++) {
                float[] values = new float
                        [Math.multiplyExact(rows, registers.get(i).space().width())];
                stream.download(buffers.get(i), 0, values, 0, values.length);
                arrays.add(values);
            }
            return arrays;
        }
    }

    @Override
    public void close() {
        owned.close();
    }
}
