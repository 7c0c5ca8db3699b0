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
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Register;

/**
 * A program opened on a device by the first execution that takes it, fed any number of rows in chunks. The chunks change no
 * bit. For one thread at a time.
 */
public final class Sampling implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("org.tweedie.execution");
    /** A run of fewer is not tried: the memory of so few does not count beside the weights. */
    private static final int FEWEST_ROWS = 32;

    private static final int MOST_ROWS_HOST = 16_384;
    private static final int MOST_ROWS_CUDA = 1 << 18;
    /** Rows of the first run, from which the size of the next ones follows: about a quarter of a second each. */
    private static final int FIRST_ROWS = 1_024;

    private static final double SECONDS_A_RUN = 0.25;

    private final Program program;
    private final Choice choice;
    private final Device device;
    private final boolean traced;
    /** Null while another is made, and when there was no room for one. */
    private @Nullable Scratch scratch;

    private int capacity;
    private int rowsARun = FIRST_ROWS;

    private Sampling(Program program, Choice choice, Device device, int rows, boolean traced) {
        this.program = program;
        this.choice = choice;
        this.device = device;
        this.traced = traced;
        this.capacity = rows;
        fit(rows, null);
    }

    /**
     * Opens a program.
     *
     * @param rows that will be asked for in all, about: memory is taken for as many as fit one run
     * @param traced whether the plan's traced registers are wanted after each step
     * @param only the name of the execution to use, or null for the first that does not decline
     * @throws IllegalArgumentException if every execution declines; gives each reason
     * @throws OutOfDeviceMemoryException if not even a run of 32 rows fits; says what it needs and what is free
     */
    public static Sampling open(Program program, Device device, long rows, boolean traced, @Nullable String only) {
        Choice choice = choose(program, device, traced, only);
        int most = device.kind() == DeviceKind.HOST ? MOST_ROWS_HOST : MOST_ROWS_CUDA;
        return new Sampling(program, choice, device, (int) Math.max(1, Math.min(rows, most)), traced);
    }

    /**
     * Takes memory for {@code rows} a run, or for half of them, and half again, until there is room: the answer is the same.
     *
     * @param because why as many as before are too many, or null
     */
    private void fit(int rows, @Nullable OutOfDeviceMemoryException because) {
        OutOfDeviceMemoryException full = because;
        for (int now = rows; ; now = fewer(now)) {
            long before = device.allocatedBytes();
            Scratch made = new Scratch(now);
            try {
                made.open();
            } catch (OutOfDeviceMemoryException e) {
                long held = Math.max(0, device.allocatedBytes() - before);
                made.close();
                if (now <= FEWEST_ROWS) {
                    throw tooFew(now, held, e);
                }
                full = e;
                continue;
            } catch (RuntimeException | Error e) {
                made.close();
                throw e;
            }
            if (full != null) {
                LOG.log(
                        System.Logger.Level.INFO,
                        capacity + " rows at a time do not fit, going on with " + now + ": " + full.getMessage());
            }
            scratch = made;
            capacity = now;
            return;
        }
    }

    private static int fewer(int rows) {
        return Math.max(FEWEST_ROWS, rows / 2);
    }

    private static OutOfDeviceMemoryException tooFew(int rows, long held, OutOfDeviceMemoryException e) {
        return e.during(
                "sampling " + rows + (rows == 1 ? " row" : " rows at a time"),
                held,
                "it cannot be split further: close what else holds this device's memory, or use another device");
    }

    /** After a run that did not fit: memory for half as many rows, if that is still a run. */
    private void shrink(OutOfDeviceMemoryException e) {
        long before = device.allocatedBytes();
        close();
        if (capacity <= FEWEST_ROWS) {
            throw tooFew(capacity, Math.max(0, before - device.allocatedBytes()), e);
        }
        fit(fewer(capacity), e);
    }

    private Scratch scratch() {
        Scratch open = scratch;
        if (open == null) {
            throw new IllegalStateException("this sampling is closed");
        }
        return open;
    }

    /** What a run of so many rows needs on the device. Closed also where it could not be opened. */
    private final class Scratch implements AutoCloseable {
        private final int rows;
        private final Closing owned = new Closing();
        private final List<DeviceBuffer> givens = new ArrayList<>();
        private final List<DeviceBuffer> outputs = new ArrayList<>();
        private final List<DeviceBuffer> traces = new ArrayList<>();
        private @Nullable Stream opened;
        private @Nullable Runner running;

        Scratch(int rows) {
            this.rows = rows;
        }

        void open() {
            opened = owned.add(device.stream());
            running = owned.add(choice.execution().open(program, device, rows));
            for (Register given : program.givens()) {
                givens.add(buffer(rows, given));
            }
            for (Register output : program.outputs()) {
                outputs.add(buffer(rows, output));
            }
            if (traced) {
                for (Register register : program.traced()) {
                    traces.add(buffer((long) rows * program.plan().steps().size(), register));
                }
            }
        }

        private DeviceBuffer buffer(long rows, Register register) {
            return owned.add(
                    device.allocate(Element.F32, rows * register.space().width()));
        }

        Stream stream() {
            return java.util.Objects.requireNonNull(opened);
        }

        Runner runner() {
            return java.util.Objects.requireNonNull(running);
        }

        @Override
        public void close() {
            owned.close();
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

    /** The most rows one run takes; falls where a run did not fit. */
    public int capacity() {
        return capacity;
    }

    /** The choice of an execution: the offers of all candidates, in the order asked. Immutable. */
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

    /** Where the rows of a call go: called once a run, in order. The arrays are the receiver's to keep. Called by the thread that samples. */
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
            if (!rows.shared() && !rows.drawn() && rows.rows() < beyond) {
                throw new IllegalArgumentException("given '" + register.name() + "' has " + rows.rows()
                        + " rows; row i belongs to sample i, so " + beyond + " are needed (or one row for all)");
            }
        }
    }

    /** The rows of one run, on the host. */
    private record Piece(List<float[]> outputs, List<float[]> traces) {}

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
                Piece piece;
                try {
                    piece = chunk(done, first + done, rows, indices);
                } catch (OutOfDeviceMemoryException e) {
                    shrink(e);
                    continue;
                }
                sink.rows(done, rows, piece.outputs(), piece.traces());
                double seconds = Math.max(1e-6, (System.nanoTime() - start) / 1e9);
                rowsARun = (int) Math.max(FIRST_ROWS, Math.min(capacity(), rows * SECONDS_A_RUN / seconds));
                done += rows;
                progress.at(done, count, (System.nanoTime() - began) / 1e9);
            }
        }

        private Piece chunk(long at, long first, int rows, long @Nullable [] indices) {
            Scratch on = scratch();
            long[] wanted = indices == null ? null : java.util.Arrays.copyOfRange(indices, (int) at, (int) at + rows);
            List<View> in = new ArrayList<>();
            for (int i = 0; i < on.givens.size(); i++) {
                in.add(upload(on, program.givens().get(i), on.givens.get(i), first, rows, wanted));
            }
            if (!in.isEmpty()) {
                on.stream().synchronize(); // the execution reads them on a stream of its own
            }
            on.runner()
                    .run(
                            new Batch(
                                    seed,
                                    wanted == null ? first : 0,
                                    rows,
                                    wanted,
                                    in,
                                    views(on.outputs, program.outputs()),
                                    traceViews(on.traces, rows)),
                            cancel);
            return new Piece(
                    download(on.stream(), on.outputs, program.outputs(), rows),
                    download(
                            on.stream(),
                            on.traces,
                            traced ? program.traced() : List.of(),
                            rows * program.plan().steps().size()));
        }

        private View upload(
                Scratch on, Register register, DeviceBuffer buffer, long first, int rows, long @Nullable [] wanted) {
            GivenRows source = java.util.Objects.requireNonNull(given.get(register.name()));
            int width = source.width();
            if (source.drawn()) {
                draw(on, source, View.rows(buffer, width), first, rows, wanted);
            } else if (!source.shared() && wanted == null) {
                on.stream().upload(source.values(), Math.toIntExact(first * width), buffer, 0, rows * width);
            } else {
                float[] gathered = new float[rows * width];
                for (int r = 0; r < rows; r++) {
                    int row = source.shared() || wanted == null ? 0 : (int) wanted[r];
                    System.arraycopy(source.values(), row * width, gathered, r * width, width);
                }
                on.stream().upload(gathered, 0, buffer, 0, gathered.length);
            }
            return View.rows(buffer, width);
        }

        /** A row of the source for each sample, as training draws its rows. */
        private void draw(Scratch on, GivenRows source, View into, long first, int rows, long @Nullable [] wanted) {
            float[] values = source.values();
            Stream stream = on.stream();
            try (RowSet set = RowSet.on(device);
                    DeviceBuffer table = device.allocate(Element.F32, values.length);
                    DeviceBuffer numbers = device.allocate(Element.I64, wanted == null ? 1 : rows)) {
                stream.upload(values, 0, table, 0, values.length);
                if (wanted != null) {
                    stream.upload(wanted, 0, numbers, 0, rows);
                }
                set.assign(stream, seed, wanted == null ? first : 0, rows, wanted == null ? null : numbers, null, 0);
                org.tweedie.kernels.Batch.rows(stream, set, table, source.rows(), into);
                stream.synchronize();
            }
        }

        private List<View> views(List<DeviceBuffer> buffers, List<Register> registers) {
            List<View> views = new ArrayList<>();
            for (int i = 0; i < buffers.size(); i++) {
                views.add(View.rows(buffers.get(i), registers.get(i).space().width()));
            }
            return views;
        }

        private List<View> traceViews(List<DeviceBuffer> traces, int rows) {
            List<View> views = new ArrayList<>();
            for (int i = 0; i < traces.size(); i++) {
                int width = program.traced().get(i).space().width();
                for (int step = 0; step < program.plan().steps().size(); step++) {
                    views.add(new View(traces.get(i), (long) step * rows * width, width, width));
                }
            }
            return views;
        }

        private List<float[]> download(Stream stream, List<DeviceBuffer> buffers, List<Register> registers, int rows) {
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
        Scratch open = scratch;
        scratch = null;
        if (open != null) {
            open.close();
        }
    }
}
