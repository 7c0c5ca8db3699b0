package org.tweedie.kernels;

import static org.tweedie.kernels.Lab.all;
import static org.tweedie.kernels.Lab.random;
import static org.tweedie.kernels.LaunchSet.exact;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.kernels.CellLayout.CellDraw;
import org.tweedie.plan.RandomFormulas;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.StandardLaw;

/** Launches of kernels that walk rows of numbers: draws, cells, formulas, noise, mixtures, sums. */
final class RowLaunches {
    private RowLaunches() {}

    static List<LaunchSet.Case> over(int rows) {
        List<LaunchSet.Case> cases = new ArrayList<>();
        for (StandardLaw law : StandardLaw.values()) {
            cases.add(exact("fill " + law + " " + rows, lab -> {
                View out = lab.out(1, rows, 5, 8);
                Fill.draw(lab.stream(), lab.living(rows), law, out, Purpose.NOISE, 3);
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
        cases.add(exact("domain " + rows, lab -> domain(lab, rows)));
        for (int dim : new int[] {2, 19}) {
            cases.add(exact("pairs " + rows + " x " + dim, lab -> PairLaunches.over(lab, rows, dim)));
        }
        cases.add(exact("sorted " + rows, lab -> SortedLaunches.over(lab, rows, rows + 2)));
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
                    lab.living(rows),
                    lab.rows(random(rows, 1), 1),
                    View.shared(lab.floats(random(5, 2)), 0, 5),
                    out);
            return lab.read(out);
        }));
        cases.add(exact("sums " + rows, lab -> sums(lab, rows)));
        cases.add(exact("loss " + rows, lab -> loss(lab, rows)));
        cases.add(exact("batch " + rows, lab -> {
            View out = lab.out(0, rows, 2, 3);
            Batch.rows(lab.stream(), lab.living(rows), lab.floats(random(34, 3)), 17, out);
            return lab.read(out);
        }));
        for (Activation activation : Activation.values()) {
            cases.add(exact(activation + " " + rows, lab -> activation(lab, rows, activation)));
        }
        return cases;
    }

    static List<LaunchSet.Case> others() {
        List<LaunchSet.Case> cases = new ArrayList<>();
        cases.add(exact("words", lab -> {
            DeviceBuffer out = lab.ints(new int[33 * 6]);
            Fill.words(lab.stream(), lab.living(33), new View(out, 0, 5, 6), Purpose.BOOTSTRAP, 7);
            int[] words = lab.readInts(out);
            float[] bits = new float[2 * words.length];
            for (int i = 0; i < words.length; i++) {
                bits[2 * i] = words[i] >>> 16;
                bits[2 * i + 1] = words[i] & 0xFFFF;
            }
            return bits;
        }));
        cases.add(exact("again", RowLaunches::again));
        cases.add(exact("pairs of two chunks", lab -> PairLaunches.chunks(lab, 70, 300)));
        cases.add(exact("sorted tiles", lab -> SortedLaunches.over(lab, 2500, 1100)));
        cases.add(exact("numbers", lab -> {
            DeviceBuffer out = lab.untouched(20);
            Add.numbers(lab.stream(), out, 0, 9, 2.5f);
            Add.numbers(lab.stream(), out, 2, 1, -1, 7);
            Add.numbers(lab.stream(), out, 5, 2, 1, 2, 3);
            Add.numbers(lab.stream(), out, 10, 3, 4, 5, 6, 7);
            return lab.read(out);
        }));
        return cases;
    }

    static float[] times(Lab lab, int rows) {
        Quantile quantile = Quantile.uniform(0.001, 1);
        float[] all = {};
        for (long group : new long[] {0, 33}) {
            View t = lab.out(0, rows, 1, 2);
            Perturb.times(
                    lab.stream(),
                    lab.rows(0x5EED, 5, rows),
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
            RowSet living = lab.living(rows);
            StepCell.run(lab.stream(), living, state, slotStride, 5, lab.ints(headers), lab.floats(table), 0);
        }
    }

    static CellState cell(int rows) {
        int stride = rows * 5 + 3;
        return new CellState(rows, stride, random(4 * stride, 4));
    }

    static float[] perturb(Lab lab, int rows) {
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
                lab.living(rows),
                lab.rows(random(rows * 3, 6), 3),
                lab.rows(t, 1),
                Perturb.Table.of(layout, lab.floats(layout.table())),
                Purpose.NOISE,
                0,
                new Perturb.Into(a, b, eps, weight, level));
        return all(lab.read(a), lab.read(b), lab.read(eps), lab.read(weight), lab.read(level));
    }

    static float[] mixture(Lab lab, int rows) {
        float[] variance = {0.5f, 0.25f, 1f};
        View score = lab.out(rows, 4);
        View density = lab.out(rows, 1);
        View tangent = lab.out(0, rows, 4, 6);
        RowSet living = lab.living(rows);
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

    /** A part of each kind, rows apart. */
    static float[] domain(Lab lab, int rows) {
        View out = lab.out(0, rows, 5, 7);
        int[] table = {
            DomainLayout.ONE_HOT,
            0,
            2,
            0,
            0,
            DomainLayout.FREE,
            2,
            1,
            0,
            0,
            DomainLayout.POINTS,
            3,
            1,
            2,
            2,
            DomainLayout.INTERVAL,
            4,
            1,
            0,
            6
        };
        DomainPull.run(
                lab.stream(),
                lab.living(rows),
                lab.rows(random(rows * 5, 91), 5),
                new DomainPull.Domain(lab.ints(table), lab.floats(0.25f, 0, 0.5f, -1, 0, 2, -0.5f, 0.75f), 5),
                new View(lab.floats(0.75f), 0, 1, 0),
                new View(lab.floats(0.5f), 0, 1, 0),
                out);
        return lab.read(out);
    }

    /** The first slot comes in, is scored, mixed with the score and a draw of each law, and both go out; a second launch reads the last. */
    static float[] trajectory(Lab lab, int rows, int dim, int slots) {
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
        RowSet living = lab.living(rows);
        try (ViewTable views = ViewTable.on(lab.stream().device(), 4)) {
            views.assign(lab.stream(), List.of(x, first, second, third));
            TrajectorySde.Tables tables = new TrajectorySde.Tables(
                    lab.ints(operations.table()), lab.floats(operations.weights()), terms, operations.size());
            TrajectorySde.run(lab.stream(), living, views, tables, dim, slots, 0, cut, rows);
            TrajectorySde.run(lab.stream(), living, views, tables, dim, slots, cut, operations.size(), rows);
        }
        return all(lab.read(terms), lab.read(first), lab.read(second), lab.read(third));
    }

    static float[] formula(Lab lab, int rows, int wide) {
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
            RowSet living = lab.living(rows);
            table.run(lab.stream(), living, 0);
            table.run(lab.stream(), living, 1);
            return all(lab.read(out), lab.read(x), lab.read(number));
        }
    }

    /** The living rows of an iteration, what a launch then leaves alone, and rows in another order. */
    static float[] again(Lab lab) {
        int rows = 65;
        View alive = lab.rows(random(rows, 73), 1);
        DeviceBuffer mask = lab.untouched(rows);
        DeviceBuffer last = lab.longs(-1);
        RowSet set = lab.rows(0x5EED, 3, rows);
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

    static float[] sums(Lab lab, int rows) {
        DeviceBuffer out = lab.untouched(3);
        DeviceBuffer scratch = lab.doubles(new double[Reduce.SCRATCH]);
        View values = lab.rows(random(rows * 39, 9), 39).columns(0, 37);
        View norms = lab.out(0, rows, 1, 2);
        RowSet living = lab.living(rows);
        Reduce.sum(lab.stream(), living, values, out, 0, scratch);
        Reduce.sumOfSquares(lab.stream(), living, values, out, 1, scratch);
        Reduce.nonFinite(lab.stream(), living, values, out, 2, scratch);
        Reduce.rowNorm2(lab.stream(), living, values, norms);
        return all(lab.read(out), lab.read(norms));
    }

    static float[] loss(Lab lab, int rows) {
        View cotangent = lab.out(rows, 3);
        DeviceBuffer loss = lab.untouched(rows);
        SquaredLoss.gradient(
                lab.stream(),
                lab.living(rows),
                lab.rows(random(rows * 3, 10), 3),
                lab.rows(random(rows * 3, 11), 3),
                lab.rows(random(rows, 12), 1),
                0.25f,
                cotangent,
                loss);
        return all(lab.read(cotangent), lab.read(loss));
    }

    static float[] activation(Lab lab, int rows, Activation activation) {
        View out = lab.out(0, rows, 5, 6);
        View slope = lab.out(rows, 5);
        View sum = lab.out(rows, 5);
        View x = lab.rows(random(rows * 5, 13), 5);
        View d = lab.rows(random(rows * 5, 14), 5);
        RowSet living = lab.living(rows);
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
}
