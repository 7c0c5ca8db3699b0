package org.tweedie.kernels;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tweedie.device.Arguments;
import org.tweedie.device.Closing;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.FormulaTwins;
import org.tweedie.plan.Formula;

/**
 * Formulas over the registers of a row (kernels/execution/formula.cu): a table of lines on the device, a part of it for each use of a formula
 * with its registers. Host and CUDA give the same bits. For one thread at a time, that of its stream; holds device memory until closed.
 */
public final class RowFormula implements AutoCloseable {
    /** rows, ports, code, constants, first line, count of lines. A thread a row. */
    public static final KernelEntry NARROW = KernelEntry.of(
            "row_formula_f32",
            FormulaTwins::run,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32);

    /** rows, ports, code, constants, first line, count of lines, numbers of scratch a row. A warp a row. */
    public static final KernelEntry WIDE = KernelEntry.of(
            "row_formula_wide_f32",
            FormulaTwins::run,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32);

    /** Numbers of scratch that a formula may take: a warp's share of the shared memory that every GPU has. */
    public static final int MOST_ROOM = 24_000;

    /** Up to so many coordinates a thread takes a row, of more a warp. */
    private static final int NARROWEST = 16;

    private static final int USUAL_SHARED = 48 << 10;

    /**
     * A formula with the registers it reads and writes. Immutable.
     *
     * @param from views as wide as the formula's inputs, in order
     * @param into views as wide as its outputs, in order
     */
    public record Use(Formula formula, List<View> from, List<View> into) {
        public Use {
            from = List.copyOf(from);
            into = List.copyOf(into);
            require(formula, "input", formula.inputs(), from);
            require(formula, "output", formula.outputs(), into);
            Optional<String> refusal = refusal(formula);
            if (refusal.isPresent()) {
                throw new IllegalArgumentException(refusal.get());
            }
        }

        private static void require(Formula formula, String side, int[] widths, List<View> views) {
            int[] given = views.stream().mapToInt(View::width).toArray();
            if (!Arrays.equals(given, widths)) {
                throw new IllegalArgumentException("formula '" + formula.name() + "': its " + side + "s are "
                        + Arrays.toString(widths) + " wide, got " + Arrays.toString(given));
            }
        }

        private boolean narrow() {
            return formula.widest() <= NARROWEST && formula.room() * 32L * Float.BYTES <= USUAL_SHARED;
        }
    }

    /** A use, where its lines are, and how its kernel is launched. */
    private record Part(Use use, int first, int lines, LaunchShape shape) {}

    private final Closing owned = new Closing();
    private final List<Part> parts = new ArrayList<>();
    private final ViewTable ports;
    private final DeviceBuffer code;
    private final DeviceBuffer constants;

    private RowFormula(Stream stream, List<Use> uses) {
        List<View> views = new ArrayList<>();
        List<int[]> lines = new ArrayList<>();
        Map<Formula, Integer> places = new IdentityHashMap<>();
        int numbers = 0;
        for (Use use : uses) {
            int first = lines.size();
            Integer known = places.putIfAbsent(use.formula(), numbers);
            if (known == null) {
                known = numbers;
                numbers = Math.addExact(numbers, use.formula().constants().length);
            }
            encode(use, views, lines, known);
            parts.add(new Part(use, first, lines.size() - first, shape(use)));
        }
        int[] words = lines.stream().flatMapToInt(Arrays::stream).toArray();
        float[] values = new float[Math.max(1, numbers)];
        places.forEach((formula, at) -> {
            for (int i = 0; i < formula.constants().length; i++) {
                values[at + i] = (float) formula.constants()[i];
            }
        });
        try {
            ports = owned.add(ViewTable.on(stream.device(), views.size()));
            ports.assign(stream, views);
            code = owned.add(stream.device().allocate(Element.I32, Math.max(1, words.length)));
            stream.upload(words, 0, code, 0, words.length);
            constants = owned.add(stream.device().allocate(Element.F32, values.length));
            stream.upload(values, 0, constants, 0, values.length);
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    /** Writes the table of these uses; {@link #run} knows them by their place in the list. Uses of one formula share its constants. */
    public static RowFormula open(Stream stream, List<Use> uses) {
        return new RowFormula(stream, uses);
    }

    /** Why the kernels do not take a formula, if they do not. */
    public static Optional<String> refusal(Formula formula) {
        return formula.room() <= MOST_ROOM
                ? Optional.empty()
                : Optional.of("formula '" + formula.name() + "' takes " + formula.room()
                        + " numbers of scratch a row, the kernel has " + MOST_ROOM);
    }

    /** Queues one use over the rows. */
    public void run(Stream stream, RowSet rows, int use) {
        Part part = parts.get(use);
        KernelEntry entry = part.use.narrow() ? NARROW : WIDE;
        Arguments arguments = rows.into(new Arguments(entry));
        ports.into(arguments).buffer(code).buffer(constants).i32(part.first).i32(part.lines);
        if (entry == WIDE) {
            arguments.i32(part.use.formula().room());
        }
        stream.launch(stream.device().kernel(entry), part.shape, arguments);
    }

    private static LaunchShape shape(Use use) {
        long rows = Grid.capacity(use.into().get(0));
        int room = use.formula().room() * Float.BYTES;
        if (use.narrow()) {
            int threads = room * 128 <= USUAL_SHARED ? 128 : 32;
            long blocks = Math.max(1, Math.min(Grid.MOST, (rows + threads - 1) / threads));
            return LaunchShape.blocks(blocks, 1, threads, room * threads);
        }
        int warps = Math.max(1, Math.min(4, USUAL_SHARED / room));
        long blocks = Math.max(1, Math.min(Grid.MOST, (rows + warps - 1) / warps));
        return LaunchShape.blocks(blocks, 1, 32 * warps, room * warps);
    }

    private static void encode(Use use, List<View> views, List<int[]> lines, int constant) {
        int at = 0;
        for (View view : use.from()) {
            lines.add(line(FormulaLayout.LOAD, view.width(), at, 0, views.size()));
            views.add(view);
            at += view.width();
        }
        for (Formula.Line line : use.formula().lines()) {
            lines.add(new int[] {
                line.operation().code(),
                line.width(),
                line.into(),
                line.a(),
                line.aStep(),
                line.b(),
                line.bStep(),
                line.c(),
                line.cStep(),
                constant + line.constant(),
                line.inner(),
                0
            });
        }
        for (int i = 0; i < use.into().size(); i++) {
            View view = use.into().get(i);
            lines.add(line(FormulaLayout.STORE, view.width(), 0, use.formula().results()[i], views.size()));
            views.add(view);
        }
    }

    private static int[] line(int operation, int width, int into, int a, int port) {
        return new int[] {operation, width, into, a, 1, 0, 0, 0, 0, 0, 0, port};
    }

    @Override
    public void close() {
        owned.close();
    }
}
