package org.tweedie.kernels;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.Function;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.Element;
import org.tweedie.device.Kernel;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.kernels.CellLayout.CellDraw;
import org.tweedie.plan.RandomFormulas;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.StandardLaw;

/**
 * Every kernel of every type in a few launches with hostile sizes, dead rows and gaps between rows: what is run again and again
 * under other orders of threads, other moments of streams, sanitizers and planted faults. Small: most of it is under a millisecond.
 */
public final class LaunchSet {
    private static final long SEED = 0x5EED;

    /** One experiment. */
    public static final class Case {
        private final String name;
        private final boolean exact;
        private final Function<Lab, float[]> body;

        private Case(String name, boolean exact, Function<Lab, float[]> body) {
            this.name = name;
            this.exact = exact;
            this.body = body;
        }

        /** Whether every device gives the same bits: f32 kernels do, products of 16-bit operands need not. */
        public boolean exact() {
            return exact;
        }

        /** What it gives on a device: everything it wrote, and the gaps that it must not write. */
        public float[] on(Device device) {
            return Lab.on(device, body);
        }

        /** What it gives in a lab that may lay its rows out otherwise. */
        float[] in(Lab lab) {
            return body.apply(lab);
        }

        /** The same by the fewest blocks that a kernel may be launched with. */
        public float[] onFewBlocks(Device device) {
            try (Lab lab = new Lab(device, LaunchSet::narrow)) {
                return body.apply(lab);
            }
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private LaunchSet() {}

    /** The names of the kernels that Tweedie declares. */
    public static List<String> kernels() {
        try {
            TreeSet<String> names = new TreeSet<>();
            DeclaredEntries.all().forEach(one -> names.add(one.entry().name()));
            return List.copyOf(names);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    public static List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (int rows : new int[] {1, 33, 65}) {
            cases.addAll(over(rows, new int[][] {{0, 5}, {3, 5}, {65, 33}, {130, 66}}));
        }
        cases.addAll(others());
        return cases;
    }

    /** What works on rows, over so many of them, with layers of these inputs and outputs. */
    static List<Case> over(int rows, int[][] layers) {
        List<Case> cases = new ArrayList<>();
        for (StandardLaw law : StandardLaw.values()) {
            cases.add(exact("fill " + law + " " + rows, lab -> {
                View out = lab.out(1, rows, 5, 8);
                Fill.draw(lab.stream(), living(lab, rows), law, out, Purpose.NOISE, 3);
                return lab.read(out);
            }));
        }
        cases.add(exact("times " + rows, lab -> times(lab, rows)));
        cases.add(exact("cell " + rows, lab -> {
            CellState cell = cell(rows);
            DeviceBuffer state = lab.floats(cell.values());
            cell.run(lab, state, cell.stride());
            return lab.read(state);
        }));
        for (int wide : new int[] {3, 40}) {
            cases.add(exact("formula " + rows + " x " + wide, lab -> formula(lab, rows, wide)));
        }
        cases.add(exact("perturb " + rows, lab -> perturb(lab, rows)));
        cases.add(exact("mixture " + rows, lab -> mixture(lab, rows)));
        for (int dim : new int[] {1, 2, 3, 4, 7, 8}) {
            for (int slots : new int[] {1, 2, 4, 8}) {
                cases.add(exact(
                        "trajectory " + rows + " x " + dim + " x " + slots, lab -> trajectory(lab, rows, dim, slots)));
            }
        }
        cases.add(exact("time features " + rows, lab -> {
            View out = lab.out(0, rows, 10, 11);
            TimeFeatures.forward(
                    lab.stream(),
                    living(lab, rows),
                    lab.rows(random(rows, 1), 1),
                    View.shared(lab.floats(random(5, 2)), 0, 5),
                    out);
            return lab.read(out);
        }));
        cases.add(exact("sums " + rows, lab -> sums(lab, rows)));
        cases.add(exact("loss " + rows, lab -> loss(lab, rows)));
        for (TrainSteps.Form form : TrainSteps.Form.values()) {
            cases.add(new Case("steps " + rows + " " + form, false, lab -> steps(lab, rows, form)));
        }
        cases.add(exact("batch " + rows, lab -> {
            View out = lab.out(0, rows, 2, 3);
            Batch.rows(lab.stream(), living(lab, rows), lab.floats(random(34, 3)), 17, out);
            return lab.read(out);
        }));
        for (Activation activation : Activation.values()) {
            cases.add(exact(activation + " " + rows, lab -> activation(lab, rows, activation)));
        }
        for (Operands type : Operands.values()) {
            for (int width : new int[] {33, 65, 129}) {
                for (MlpLaunch launch : launches(type, width)) {
                    Trajectory one = trajectory(rows, type, width, launch.passes() ? 3 : 2);
                    String name = "trajectory " + type + " " + rows + " x " + width + " by " + launch;
                    cases.add(new Case(name, false, lab -> {
                        DeviceBuffer io = lab.floats(one.values());
                        one.run(lab, io, rows, launch);
                        return lab.read(io);
                    }));
                }
            }
        }
        for (int rowsAWarp :
                rows == 33 ? new int[] {MlpLaunch.WARPGROUP, MlpLaunch.FEW, MlpLaunch.SPLIT} : new int[0]) {
            Operands type = rowsAWarp == MlpLaunch.FEW ? Operands.BF16 : Operands.F16;
            MlpLaunch launch = new MlpLaunch(rowsAWarp, 8, rowsAWarp == MlpLaunch.FEW ? 3 : 2);
            Trajectory one = trajectory(rows, type, 257, 3);
            cases.add(new Case("trajectory " + type + " " + rows + " x 257 by " + launch, false, lab -> {
                DeviceBuffer io = lab.floats(one.values());
                one.run(lab, io, rows, launch);
                return lab.read(io);
            }));
        }
        for (int width : new int[] {33, 65}) {
            cases.add(new Case("train " + rows + " x " + width, false, lab -> train(lab, rows, width)));
        }
        for (int[] widths : layers) {
            String shape = rows + " x " + widths[0] + " x " + widths[1];
            cases.addAll(linear(rows, widths[0], widths[1]));
            for (Element type : widths[0] == 0 ? new Element[0] : new Element[] {Element.F16, Element.BF16}) {
                cases.add(new Case(
                        "linear " + type + " " + shape, false, lab -> mixed(lab, type, rows, widths[0], widths[1])));
                cases.add(packed(type, rows, widths[0], widths[1]));
            }
            for (TileNumbers numbers : widths[0] == 65 ? TileNumbers.values() : new TileNumbers[0]) {
                cases.add(tiles(numbers, rows, widths[0], widths[1]));
            }
        }
        return cases;
    }

    private static List<Case> others() {
        List<Case> cases = new ArrayList<>();
        // three tiles of 128 rows, and slices enough to come back to the first place in shared memory
        cases.add(linear(260, 50, 33).get(1));
        cases.add(packed(Element.F16, 260, 130, 20));
        cases.add(packed(Element.BF16, 260, 130, 20));
        cases.add(tiles(TileNumbers.TF32, 260, 130, 66));
        cases.add(exact("words", lab -> {
            DeviceBuffer out = lab.ints(new int[33 * 6]);
            Fill.words(lab.stream(), living(lab, 33), new View(out, 0, 5, 6), Purpose.BOOTSTRAP, 7);
            int[] words = lab.readInts(out);
            float[] bits = new float[2 * words.length];
            for (int i = 0; i < words.length; i++) {
                bits[2 * i] = words[i] >>> 16;
                bits[2 * i + 1] = words[i] & 0xFFFF;
            }
            return bits;
        }));
        cases.add(exact("again", LaunchSet::again));
        cases.add(exact("adam", LaunchSet::adam));
        cases.add(exact("scalar", lab -> {
            DeviceBuffer out = lab.untouched(3);
            Add.scalar(lab.stream(), out, 1, 2.5f);
            return lab.read(out);
        }));
        return cases;
    }

    /** A stream that launches one block where blocks share the work in strides of the grid, and one row of tiles where tiles do. */
    private static Stream narrow(Stream stream) {
        return (Stream) Proxy.newProxyInstance(
                LaunchSet.class.getClassLoader(), new Class<?>[] {Stream.class}, (proxy, method, arguments) -> {
                    Object[] passed = arguments;
                    if (passed != null && passed.length == 3 && passed[1] instanceof LaunchShape shape) {
                        passed = passed.clone();
                        passed[1] = narrow(((Kernel) passed[0]).entry().name(), shape);
                    }
                    try {
                        return method.invoke(stream, passed);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private static LaunchShape narrow(String kernel, LaunchShape s) {
        if (kernel.equals("reduce_partials_f32") || (kernel.contains("weight_gradient") && !kernel.contains("sum"))) {
            return s; // blocks are lanes of a sum, or tiles of it
        }
        if (kernel.equals(TrainSteps.STEPS.name())
                || kernel.equals(TrainSteps.CHAIN.name())
                || kernel.equals(TrainSteps.NARROW.name())) {
            return s; // a block's shared memory holds its share of the parameters
        }
        boolean tiles = TILED.contains(kernel);
        if (kernel.startsWith("trajectory_mlp512")) {
            int cluster = kernel.endsWith("split") ? 4 : 2;
            return new LaunchShape(cluster, 1, 1, s.blockX(), 1, 1, s.sharedBytes());
        }
        return new LaunchShape(
                tiles ? s.gridX() : 1, 1, s.gridZ(), s.blockX(), s.blockY(), s.blockZ(), s.sharedBytes());
    }

    /** Kernels whose x is the columns and whose y goes down the rows in strides. */
    private static final Set<String> TILED = Set.of(
            "linear_f32",
            "linear_f16",
            "linear_bf16",
            "linear_packed_f16",
            "linear_packed_bf16",
            "linear_input_gradient_f32",
            "linear_wide_f32",
            "linear_wide_input_gradient_f32");

    private static Case exact(String name, Function<Lab, float[]> body) {
        return new Case(name, true, body);
    }

    private static float[] random(int count, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) ((random.nextDouble() - 0.5) * StrictMath.pow(2, random.nextInt(-3, 4)));
        }
        return values;
    }

    /**
     * Rows from an index list, every fifth dead; or all rows, in their order, where there are 65: one past the last is then as good as any,
     * while a list of the living would happen to call it dead.
     */
    private static RowSet living(Lab lab, int rows) {
        if (rows == 65) {
            return lab.rows(SEED, 3, rows);
        }
        long[] index = new long[rows];
        float[] alive = new float[rows];
        for (int r = 0; r < rows; r++) {
            index[r] = 7L * r + 1;
            alive[r] = r % 5 == 3 ? 0 : 1;
        }
        return lab.rows(SEED, 0, rows, index, alive, 2);
    }

    private static float[] all(float[]... parts) {
        float[] all = new float[Arrays.stream(parts).mapToInt(p -> p.length).sum()];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    private static float[] times(Lab lab, int rows) {
        Quantile quantile = Quantile.uniform(0.001, 1);
        float[] all = {};
        for (long group : new long[] {0, 33}) {
            View t = lab.out(0, rows, 1, 2);
            Perturb.times(
                    lab.stream(),
                    lab.rows(SEED, 5, rows),
                    t,
                    lab.floats(quantile.table()),
                    quantile.nodes(),
                    group,
                    Purpose.TIME,
                    0);
            all = all(all, lab.read(t));
        }
        return all;
    }

    /** A cell over four slots of five coordinates, {@code stride} elements apart where they are dense. */
    record CellState(int rows, int stride, float[] values) {
        void run(Lab lab, DeviceBuffer state, long slotStride) {
            int[] headers = new int[CellLayout.HEADER];
            float[] table = new float[CellLayout.WEIGHTS];
            CellLayout.encode(
                    new int[] {0, 2, 3},
                    new int[] {1, 2},
                    new double[][] {{0.5, 0, 2, 1}, {1, -1, 0, 0.25}},
                    List.of(new CellDraw(StandardLaw.NORMAL, Purpose.STEP, 4)),
                    0,
                    headers,
                    table);
            RowSet living = living(lab, rows);
            StepCell.run(lab.stream(), living, state, slotStride, 5, lab.ints(headers), lab.floats(table), 0);
        }
    }

    static CellState cell(int rows) {
        int stride = rows * 5 + 3;
        return new CellState(rows, stride, random(4 * stride, 4));
    }

    /**
     * Two steps of three coordinates through a network, from rows that are given; the registers x, score and start, dense.
     *
     * @param values of io: start, and room for x
     */
    record Trajectory(int rows, MlpShape shape, float[] values) {
        void run(Lab lab, DeviceBuffer io, long stride, MlpLaunch launch) {
            Device device = lab.stream().device();
            if (device.kind() != DeviceKind.HOST
                    && launch.sharedBytes(shape, 9) > device.limits().sharedBytes()) {
                return; // a device whose blocks have less is given none of these
            }
            int[] headers = new int[2 * CellLayout.HEADER];
            float[] table = new float[2 * CellLayout.WEIGHTS];
            List<CellDraw> draws = List.of(new CellDraw(StandardLaw.NORMAL, Purpose.STEP, 4));
            CellLayout.encode(new int[] {6}, new int[] {0}, new double[][] {{1, 0.5}}, draws, 0, headers, table);
            CellLayout.encode(
                    new int[] {0, 3}, new int[] {0}, new double[][] {{0.75, 0.5, 0.25}}, draws, 1, headers, table);
            MlpOperations plan = new MlpOperations();
            plan.load(6, 3, 3);
            plan.mix(0, 3);
            plan.store(0, 3, 3); // over what was loaded: whoever shares a row has loaded it
            for (int step = 0; step < 2; step++) {
                plan.evaluate(new int[] {0, 1, 2, 6, 7}, 3, step);
                plan.mix(1, 3);
            }
            plan.store(0, 3, 0);
            int hidden = shape.depth() * shape.width();
            List<float[]> layers = new ArrayList<>();
            for (int l = 0; l <= shape.depth(); l++) {
                layers.add(random((l == 0 ? 5 : shape.width()) * (l == shape.depth() ? 3 : shape.width()), 30 + l));
            }
            float[] biases = new float[2 * shape.biases()];
            for (int step = 0; step < 2; step++) {
                PackedMlp.biasRow(shape, random(2 * hidden, 40), step * hidden, biases, step * shape.biases());
            }
            try (PackedMlp packed = PackedMlp.of(lab.stream(), shape, layers, random(3, 41))) {
                TrajectoryMlp.Program program = new TrajectoryMlp.Program(
                        lab.ints(plan.table()),
                        0,
                        plan.size(),
                        lab.ints(plan.places()),
                        lab.ints(headers),
                        lab.floats(table),
                        lab.floats(biases),
                        9);
                TrajectoryMlp.run(lab.stream(), living(lab, rows), io, stride, rows, program, packed, launch);
                lab.stream().synchronize();
            }
        }
    }

    static Trajectory trajectory(int rows, Operands type, int width, int depth) {
        Activation activation = width < 64 ? Activation.SILU : Activation.GELU;
        MlpShape shape = new MlpShape(type, width, 5, 3, depth, activation, false);
        return new Trajectory(rows, shape, random(rows * 6, 42));
    }

    /** Tiles of both sizes, and weights that pass. */
    private static List<MlpLaunch> launches(Operands type, int width) {
        List<MlpLaunch> launches = new ArrayList<>();
        if (width <= MlpShape.mostWidth(type)) {
            launches.add(new MlpLaunch(16, 2, 0));
        }
        if (width <= 128) {
            launches.add(new MlpLaunch(16, 2, MlpLaunch.ALL));
        }
        if (width <= 128 && type != Operands.F16X3) {
            launches.add(new MlpLaunch(32, 2, MlpLaunch.ALL));
        }
        if (type != Operands.F16X3) {
            launches.add(new MlpLaunch(MlpLaunch.WARPGROUP, 8, MlpLaunch.ALL));
        }
        if (width > 128 && type != Operands.F16X3) {
            launches.add(new MlpLaunch(MlpLaunch.WARPGROUP, 8, 1));
        }
        return launches;
    }

    /**
     * Steps of training in two launches of several blocks, with the bits of one block; nothing on the host, which has no such kernel. All blocks run
     * at once and in one order, so this is what notices a barrier that is missing.
     */
    private static float[] steps(Lab lab, int rows, TrainSteps.Form form) {
        if (lab.stream().device().kind() == DeviceKind.HOST) {
            return new float[0];
        }
        boolean narrow = form == TrainSteps.Form.NARROW;
        boolean shallow = narrow && rows == 33;
        int some = shallow ? 330 : narrow ? 5 * rows / 2 : rows; // six parts of a tile, or of two and of one
        StepsLab net = StepsLab.random(
                narrow ? 100 : rows == 65 ? 65 : 20,
                shallow ? 1 : narrow ? 3 : 2,
                3,
                2,
                18,
                Activation.GELU,
                rows == 65 && !narrow,
                some,
                some / 2,
                rows);
        TrainSteps.Cut cut =
                narrow ? TrainSteps.Cut.parts(form, some, shallow ? 6 : 2) : TrainSteps.Cut.of(form, some, 64);
        if (cut.room() > lab.stream().device().limits().sharedBytes()) {
            return new float[0]; // a device whose blocks have less: it trains otherwise
        }
        StepsLab.Left left = net.run(lab, cut, 0, 0.5, 1, 2);
        if (left.control()[Adam.HALTED] != 0) {
            throw new IllegalStateException("a loss or gradient is not finite"); // nor would anything after it differ
        }
        float[] many = left.all();
        float[] one = net.run(lab, cut, 1, 0.5, 1, 2).all();
        for (int i = 0; i < many.length; i++) {
            if (Float.floatToRawIntBits(many[i]) != Float.floatToRawIntBits(one[i])) {
                throw new IllegalStateException("blocks change element " + i + ": " + many[i] + " and " + one[i]);
            }
        }
        return many;
    }

    /** The gradient of a network, and the losses. */
    private static float[] train(Lab lab, int rows, int width) {
        Activation activation = width < 64 ? Activation.SILU : Activation.GELU;
        MlpShape mlp = new MlpShape(Operands.BF16, width, 5, 3, width < 64 ? 3 : 1, activation, width < 64);
        int features = 18;
        int[] places = new int[3 * (mlp.depth() + 1)];
        int at = 2;
        for (int l = 0; l <= mlp.depth(); l++) {
            int out = l == mlp.depth() ? mlp.outputs() : width;
            places[3 * l] = at;
            places[3 * l + 1] = at += (l == 0 ? mlp.inputs() : width) * out;
            places[3 * l + 2] = at += l == mlp.depth() ? 0 : features * out;
            at += out;
        }
        try (Closing own = new Closing()) {
            TrainMlp.Memory memory =
                    TrainMlp.memory(lab.stream(), new TrainMlpShape(mlp, features, places, at), rows, own);
            DeviceBuffer gradient = lab.untouched(at);
            DeviceBuffer losses = lab.untouched(rows);
            TrainMlp.gradient(
                    lab.stream(),
                    living(lab, rows),
                    memory,
                    lab.floats(random(at, 50)),
                    lab.rows(random(rows * 5, 51), 5),
                    lab.rows(random(rows * features, 52), features),
                    lab.rows(random(rows * 3, 53), 3),
                    lab.rows(random(rows, 54), 1),
                    0.25f,
                    gradient,
                    losses);
            return all(lab.read(gradient), lab.read(losses));
        }
    }

    private static float[] perturb(Lab lab, int rows) {
        int nodes = 16;
        double[][] values = new double[nodes][PerturbLayout.COLUMNS];
        double[][] slopes = new double[nodes][PerturbLayout.COLUMNS];
        for (int i = 0; i < nodes; i++) {
            for (int c = 0; c < PerturbLayout.COLUMNS; c++) {
                values[i][c] = 0.1 * i + c;
                slopes[i][c] = 0.1;
            }
        }
        PerturbLayout layout = PerturbLayout.of(-2, 0.25, values, slopes);
        View a = lab.out(rows, 3);
        View b = lab.out(rows, 3);
        View eps = lab.out(rows, 3);
        View weight = lab.out(rows, 1);
        View level = lab.out(rows, 1);
        float[] t = random(rows, 5);
        for (int r = 0; r < rows; r++) {
            t[r] = Math.abs(t[r]) + 0.1f;
        }
        Perturb.run(
                lab.stream(),
                living(lab, rows),
                lab.rows(random(rows * 3, 6), 3),
                lab.rows(t, 1),
                Perturb.Table.of(layout, lab.floats(layout.table())),
                Purpose.NOISE,
                0,
                new Perturb.Into(a, b, eps, weight, level));
        return all(lab.read(a), lab.read(b), lab.read(eps), lab.read(weight), lab.read(level));
    }

    private static float[] mixture(Lab lab, int rows) {
        float[] variance = {0.5f, 0.25f, 1f};
        View score = lab.out(rows, 4);
        View density = lab.out(rows, 1);
        View tangent = lab.out(0, rows, 4, 6);
        RowSet living = living(lab, rows);
        View x = lab.rows(random(rows * 4, 7), 4);
        MixtureScore.Mixture mixture = new MixtureScore.Mixture(
                View.shared(lab.floats(-1.5f, -0.75f, -1.25f), 0, 3),
                View.rows(lab.floats(random(12, 8)), 4),
                View.rows(lab.floats(variance), 1));
        View alpha = new View(lab.floats(0.75f), 0, 1, 0);
        View sigma = new View(lab.floats(0.5f), 0, 1, 0);
        MixtureScore.run(lab.stream(), living, x, mixture, alpha, sigma, score, density);
        MixtureScore.tangent(
                lab.stream(), living, x, lab.rows(random(rows * 4, 74), 4), mixture, alpha, sigma, tangent);
        return all(lab.read(score), lab.read(density), lab.read(tangent));
    }

    /** The first slot comes in, is scored, mixed with the score and a draw of each law, and both go out; a second launch reads the last. */
    private static float[] trajectory(Lab lab, int rows, int dim, int slots) {
        int components = 3;
        float[] variance = random(components * dim, 22);
        for (int i = 0; i < variance.length; i++) {
            variance[i] = Math.abs(variance[i]) + 0.125f;
        }
        DeviceBuffer terms = lab.untouched(2 * (int) MixtureScore.termsOf(components, dim));
        MixtureScore.terms(
                lab.stream(),
                new MixtureScore.Mixture(
                        View.shared(lab.floats(-1.5f, -0.75f, -1.25f), 0, components),
                        View.rows(lab.floats(random(components * dim, 21)), dim),
                        View.rows(lab.floats(variance), dim)),
                View.rows(lab.floats(0.75f, 0.5f), 1),
                View.rows(lab.floats(0.5f, 0.875f), 1),
                2,
                terms,
                0);
        SdeOperations operations = new SdeOperations(slots, false);
        operations.load(0, 0);
        int last = slots - 1;
        int[] both = slots > 1 ? new int[] {0, last} : new int[] {0};
        if (slots > 1) {
            operations.evaluate(0, last, components, components * dim, 0.5f);
        }
        List<CellDraw> draws = new ArrayList<>();
        for (StandardLaw law : StandardLaw.values()) {
            draws.add(new CellDraw(law, Purpose.STEP, 4 + law.code()));
        }
        double[][] weights = {{0.5, 2, 1, 0.25, -0.125}, {1, 0, 0, 3, 0.5}};
        operations.mix(both, both, slots > 1 ? weights : new double[][] {{0.5, 1, 0.25, -0.125}}, draws);
        operations.store(0, 1);
        operations.store(last, 2);
        int cut = operations.size();
        operations.load(last, 2);
        operations.mix(
                new int[] {last}, both, slots > 1 ? new double[][] {{0}, {-2}} : new double[][] {{-2}}, List.of());
        for (int step = 0; step < 3; step++) { // a run, where there is one register
            operations.mix(
                    new int[] {0},
                    new int[] {0},
                    new double[][] {{0.5 + step, -0.25}},
                    List.of(new CellDraw(StandardLaw.NORMAL, Purpose.STEP, 9 + step)));
        }
        operations.store(0, 3);
        operations.store(last, 2);
        View x = lab.rows(random(rows * dim, 23), dim);
        View first = lab.out(0, rows, dim, dim + 1);
        View second = lab.out(0, rows, dim, dim + 2);
        View third = lab.out(rows, dim);
        RowSet living = living(lab, rows);
        try (ViewTable views = ViewTable.on(lab.stream().device(), 4)) {
            views.assign(lab.stream(), List.of(x, first, second, third));
            TrajectorySde.Tables tables = new TrajectorySde.Tables(
                    lab.ints(operations.table()), lab.floats(operations.weights()), terms, operations.size());
            TrajectorySde.run(lab.stream(), living, views, tables, dim, slots, 0, cut, rows);
            TrajectorySde.run(lab.stream(), living, views, tables, dim, slots, cut, operations.size(), rows);
        }
        return all(lab.read(terms), lab.read(first), lab.read(second), lab.read(third));
    }

    private static float[] formula(Lab lab, int rows, int wide) {
        View x = lab.rows(random(rows * wide, 70), wide);
        View n = View.shared(lab.floats(random(3, 71)), 1, 1);
        View y = lab.rows(random(rows * wide, 72), wide);
        View out = lab.out(0, rows, wide, wide + 2);
        View number = lab.out(0, rows, 1, 1);
        try (RowFormula table = RowFormula.open(
                lab.stream(),
                List.of(
                        new RowFormula.Use(RandomFormulas.of(8, wide), List.of(x, n, y), List.of(out, number)),
                        new RowFormula.Use(RandomFormulas.of(9, wide), List.of(y, n, x), List.of(x, number))))) {
            RowSet living = living(lab, rows);
            table.run(lab.stream(), living, 0);
            table.run(lab.stream(), living, 1);
            return all(lab.read(out), lab.read(x), lab.read(number));
        }
    }

    /** The living rows of an iteration, what a launch then leaves alone, and rows in another order. */
    private static float[] again(Lab lab) {
        int rows = 65;
        View alive = lab.rows(random(rows, 73), 1);
        DeviceBuffer mask = lab.untouched(rows);
        DeviceBuffer last = lab.longs(-1);
        RowSet set = lab.rows(SEED, 3, rows);
        set.again(lab.stream(), alive, mask, last, 5);
        View drawn = lab.out(rows, 3);
        Fill.draw(lab.stream(), set, StandardLaw.NORMAL, drawn, Purpose.NOISE, 3);
        View moved = lab.out(rows, 3);
        int[] order = new int[rows];
        for (int r = 0; r < rows; r++) {
            order[r] = 7 * r % rows;
        }
        Permute.rows(lab.stream(), drawn, moved, lab.ints(order), rows);
        long[] seen = new long[1];
        lab.stream().download(last, 0, seen, 0, 1);
        return all(new float[] {seen[0]}, lab.read(mask), lab.read(drawn), lab.read(moved));
    }

    private static float[] sums(Lab lab, int rows) {
        DeviceBuffer out = lab.untouched(3);
        DeviceBuffer scratch = lab.doubles(new double[Reduce.SCRATCH]);
        View values = lab.rows(random(rows * 39, 9), 39).columns(0, 37);
        View norms = lab.out(0, rows, 1, 2);
        RowSet living = living(lab, rows);
        Reduce.sum(lab.stream(), living, values, out, 0, scratch);
        Reduce.sumOfSquares(lab.stream(), living, values, out, 1, scratch);
        Reduce.nonFinite(lab.stream(), living, values, out, 2, scratch);
        Reduce.rowNorm2(lab.stream(), living, values, norms);
        return all(lab.read(out), lab.read(norms));
    }

    private static float[] loss(Lab lab, int rows) {
        View cotangent = lab.out(rows, 3);
        DeviceBuffer loss = lab.untouched(rows);
        SquaredLoss.gradient(
                lab.stream(),
                living(lab, rows),
                lab.rows(random(rows * 3, 10), 3),
                lab.rows(random(rows * 3, 11), 3),
                lab.rows(random(rows, 12), 1),
                0.25f,
                cotangent,
                loss);
        return all(lab.read(cotangent), lab.read(loss));
    }

    private static float[] activation(Lab lab, int rows, Activation activation) {
        View out = lab.out(0, rows, 5, 6);
        View slope = lab.out(rows, 5);
        View sum = lab.out(rows, 5);
        View x = lab.rows(random(rows * 5, 13), 5);
        View d = lab.rows(random(rows * 5, 14), 5);
        RowSet living = living(lab, rows);
        Activations.forward(lab.stream(), living, x, activation, out);
        Activations.backward(lab.stream(), living, x, d, activation, slope);
        Add.rows(lab.stream(), living, x, d, sum);
        View back = lab.out(0, rows, 5, 7);
        View tangentBack = lab.out(rows, 5);
        View tangent = lab.rows(random(rows * 5, 75), 5);
        Activations.bend(
                lab.stream(), living, x, tangent, d, lab.rows(random(rows * 5, 76), 5), activation, back, tangentBack);
        return all(lab.read(out), lab.read(slope), lab.read(sum), lab.read(back), lab.read(tangentBack));
    }

    /** By tiles of 64 and by tiles of 128. */
    private static List<Case> linear(int rows, int in, int width) {
        String shape = rows + " x " + in + " x " + width;
        return List.of(
                exact(
                        "linear " + shape,
                        lab -> linear(
                                lab, rows, in, width, Linear.FORWARD, Linear.INPUT_GRADIENT, Linear.WEIGHT_GRADIENT)),
                exact(
                        "wide linear " + shape,
                        lab -> linear(
                                lab,
                                rows,
                                in,
                                width,
                                Linear.WIDE_FORWARD,
                                Linear.WIDE_INPUT_GRADIENT,
                                Linear.WIDE_WEIGHT_GRADIENT)));
    }

    private static float[] linear(
            Lab lab,
            int rows,
            int in,
            int width,
            KernelEntry forward,
            KernelEntry inputGradient,
            KernelEntry weightGradient) {
        DeviceBuffer w = lab.floats(random(in * width, 15));
        View x = lab.rows(random(rows * in, 16), in);
        View d = lab.rows(random(rows * width, 17), width);
        View pre = lab.out(rows, width);
        View out = lab.out(rows, width);
        View dx = lab.rows(random(rows * in, 18), in);
        DeviceBuffer gradient = lab.untouched((in + 1) * width);
        Matrix matrix = new Matrix(w, 0, in, width);
        RowSet living = living(lab, rows);
        Linear.forward(
                forward,
                lab.stream(),
                living,
                x,
                matrix,
                View.shared(lab.floats(random(width, 19)), 0, width),
                d,
                Activation.SILU,
                out,
                pre);
        Linear.backwardInput(inputGradient, lab.stream(), living, d, matrix, dx, true);
        Linear.backwardWeight(
                weightGradient,
                lab.stream(),
                living,
                x,
                d,
                gradient,
                0,
                gradient,
                (long) in * width,
                false,
                lab.untouched((int) Linear.scratch(in, width)));
        return all(lab.read(pre), lab.read(out), lab.read(dx), lab.read(gradient));
    }

    private static float[] mixed(Lab lab, Element type, int rows, int in, int width) {
        Device device = lab.stream().device();
        try (DeviceBuffer packed = device.allocate(type, PackedMatrix.elements(in, width))) {
            PackedMatrix matrix = new PackedMatrix(packed, in, width);
            MixedLinear.pack(lab.stream(), new Matrix(lab.floats(random(in * width, 20)), 0, in, width), matrix);
            View x = lab.rows(random(rows * in, 21), in);
            View d = lab.rows(random(rows * width, 22), width);
            View out = lab.out(rows, width);
            View pre = lab.out(rows, width);
            DeviceBuffer gradient = lab.untouched((in + 1) * width);
            RowSet living = living(lab, rows);
            MixedLinear.forward(
                    lab.stream(),
                    living,
                    x,
                    matrix,
                    View.shared(lab.floats(random(width, 23)), 0, width),
                    null,
                    Activation.GELU,
                    out,
                    pre);
            MixedLinear.backwardWeight(
                    lab.stream(),
                    living,
                    type,
                    x,
                    d,
                    gradient,
                    0,
                    gradient,
                    (long) in * width,
                    false,
                    lab.untouched((int) Linear.scratch(in, width)));
            return all(lab.read(out), lab.read(pre), lab.read(gradient));
        }
    }

    private static Case packed(Element type, int rows, int in, int width) {
        return new Case(
                "packed " + type + " " + rows + " x " + in + " x " + width,
                false,
                lab -> packed(lab, type, rows, in, width));
    }

    /** Rows packed, a layer from them to both kinds of rows, a residual layer from its rows to both, and a thin layer beside them. */
    private static float[] packed(Lab lab, Element type, int rows, int in, int width) {
        Device device = lab.stream().device();
        try (DeviceBuffer x = device.allocate(type, PackedRows.elements(rows, in));
                DeviceBuffer h = device.allocate(type, PackedRows.elements(rows, width));
                DeviceBuffer thin = device.allocate(type, PackedRows.elements(rows, width));
                DeviceBuffer last = device.allocate(type, PackedRows.elements(rows, width));
                DeviceBuffer first = device.allocate(type, PackedMatrix.elements(in, width));
                DeviceBuffer second = device.allocate(type, PackedMatrix.elements(width, width))) {
            for (DeviceBuffer buffer : List.of(x, h, thin, last)) {
                lab.stream().zero(buffer, 0, buffer.count());
            }
            Matrix w = new Matrix(lab.floats(random(in * width, 20)), 0, in, width);
            PackedMatrix firstWeights = new PackedMatrix(first, in, width);
            PackedMatrix secondWeights = new PackedMatrix(second, width, width);
            MixedLinear.pack(lab.stream(), w, firstWeights);
            MixedLinear.pack(
                    lab.stream(), new Matrix(lab.floats(random(width * width, 24)), 0, width, width), secondWeights);
            View from = lab.rows(random(rows * in, 21), in);
            View add = lab.rows(random(rows * width, 22), width);
            View bias = View.shared(lab.floats(random(width, 23)), 0, width);
            View out = lab.out(rows, width);
            View end = lab.out(rows, width);
            RowSet living = living(lab, rows);
            PackedLinear.pack(lab.stream(), living, from, new PackedRows(x, in));
            PackedRows hidden = new PackedRows(h, width);
            PackedLinear.forward(
                    lab.stream(),
                    living,
                    new PackedRows(x, in),
                    firstWeights,
                    bias,
                    add,
                    Activation.SILU,
                    PackedLinear.Curve.EXACT,
                    null,
                    out,
                    hidden);
            PackedLinear.forward(
                    lab.stream(),
                    living,
                    hidden,
                    secondWeights,
                    null,
                    null,
                    Activation.TANH,
                    PackedLinear.Curve.APPROXIMATE,
                    hidden,
                    end,
                    new PackedRows(last, width));
            PackedLinear.thin(
                    lab.stream(),
                    living,
                    from,
                    w,
                    bias,
                    add,
                    Activation.SIN,
                    PackedLinear.Curve.EXACT,
                    new PackedRows(thin, width));
            return all(lab.read(out), lab.read(end), bits(lab, last), bits(lab, thin));
        }
    }

    /** The same by products of warpgroups, where there are such. */
    private static Case tiles(TileNumbers numbers, int rows, int in, int width) {
        return new Case("tiles " + numbers + " " + rows + " x " + in + " x " + width, false, lab -> {
            Device device = lab.stream().device();
            if (!TileLinear.on(device)) {
                return new float[0];
            }
            TileMatrix first = TileMatrix.on(device, numbers, in, width);
            TileMatrix second = TileMatrix.on(device, numbers, width, width);
            TileRows x = TileRows.on(lab.stream(), numbers, rows, in);
            TileRows hidden = TileRows.on(lab.stream(), numbers, rows, width);
            TileRows last = TileRows.on(lab.stream(), numbers, rows, width);
            try (DeviceBuffer one = first.data();
                    DeviceBuffer two = second.data();
                    DeviceBuffer three = x.data();
                    DeviceBuffer four = hidden.data();
                    DeviceBuffer five = last.data()) {
                Matrix w = new Matrix(lab.floats(random(in * width, 20)), 0, in, width);
                TileLinear.pack(lab.stream(), w, first);
                Matrix square = new Matrix(lab.floats(random(width * width, 24)), 0, width, width);
                TileLinear.pack(lab.stream(), square, second);
                View add = lab.rows(random(rows * width, 22), width);
                View bias = View.shared(lab.floats(random(width, 23)), 0, width);
                View out = lab.out(rows, width);
                RowSet living = living(lab, rows);
                View from = lab.rows(random(rows * in, 21), in);
                TileLinear.thin(lab.stream(), living, from, w, bias, add, Activation.SIN, last);
                float[] thin = numbers(lab, last);
                TileLinear.pack(lab.stream(), living, from, x);
                TileLinear.forward(lab.stream(), living, x, first, bias, add, Activation.SILU, null, null, hidden);
                TileLinear.forward(
                        lab.stream(), living, hidden, second, null, null, Activation.TANH, hidden, out, last);
                return all(lab.read(out), thin, numbers(lab, last));
            }
        });
    }

    private static float[] numbers(Lab lab, TileRows rows) {
        return rows.numbers() == TileNumbers.TF32 ? lab.read(rows.data()) : bits(lab, rows.data());
    }

    private static float[] bits(Lab lab, DeviceBuffer halves) {
        short[] bits = new short[(int) halves.count()];
        lab.stream().download(halves, 0, bits, 0, bits.length);
        float[] values = new float[bits.length];
        for (int i = 0; i < bits.length; i++) {
            values[i] = bits[i];
        }
        return values;
    }

    private static float[] adam(Lab lab) {
        Adam.Rule rule = new Adam.Rule(0.9, 0.99, 1e-8, 0.01);
        int count = 1021;
        DeviceBuffer w = lab.floats(random(count, 24));
        DeviceBuffer first = lab.floats(new float[count]);
        DeviceBuffer second = lab.floats(new float[count]);
        DeviceBuffer mean = lab.floats(random(count, 24));
        DeviceBuffer history = lab.floats(new float[4]);
        DeviceBuffer sums = lab.floats(3, 4, 5);
        try (DeviceBuffer control = Adam.control(lab.stream())) {
            for (int k = 1; k <= 3; k++) {
                Adam.assign(lab.stream(), control, k, 1e-2 / k, 0.1, rule);
                Adam.judge(lab.stream(), control, sums, 2, 0.5, 0.5, history);
                Adam.update(
                        lab.stream(),
                        control,
                        0,
                        count,
                        w,
                        lab.floats(random(count, 24 + k)),
                        first,
                        second,
                        mean,
                        rule);
            }
            double[] scalars = new double[(int) control.count()];
            lab.stream().download(control, 0, scalars, 0, scalars.length);
            float[] rounded = new float[scalars.length];
            for (int i = 0; i < rounded.length; i++) {
                rounded[i] = (float) scalars[i];
            }
            return all(lab.read(w), lab.read(first), lab.read(second), lab.read(mean), lab.read(history), rounded);
        }
    }
}
