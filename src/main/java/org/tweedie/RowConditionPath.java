package org.tweedie;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Time;
import org.tweedie.sde.Coefficients;
import org.tweedie.sde.NoisedPath;
import org.tweedie.sde.Sde;

/**
 * The same as {@link ConditionPath} for plans whose rows have times of their own: where a row's path is, its (alpha, sigma), is a register too, and moves by a
 * formula. An attempt that a row's error refuses takes its path back up by the process. For one thread.
 */
final class RowConditionPath implements CarriedConditions {
    private final Sde process;
    private final List<Row> rows;
    private final Formula timed;
    private final List<Formula> moves = new ArrayList<>();
    private final int[] moved;

    /** (alpha, sigma) where the paths are; alpha is 0 before they begin. */
    private final int before;

    /** (alpha, sigma) at the evaluation. */
    private final int now;

    /**
     * @param registers of the plan, to which those of the path are added
     * @param prefix of their names
     */
    RowConditionPath(Sde process, List<Row> rows, List<Register> registers, String prefix) {
        this.process = process;
        this.rows = rows;
        Space two = Space.euclidean(2);
        before = registers.size();
        registers.add(new Register(prefix + "noise.before", two, false));
        now = registers.size();
        registers.add(new Register(prefix + "noise.now", two, false));
        moved = new int[rows.size()];
        for (int i = 0; i < moved.length; i++) {
            Row row = rows.get(i);
            moved[i] = registers.size();
            registers.add(new Register(registers.get(row.noisy()).name() + ".moved", row.space(), false));
            moves.add(NoisedPath.perRow(row.space().width()));
        }
        FormulaWriter f = Formula.writer("noise at a row's time");
        timed = f.output(f.curves(
                        Coefficients.of(process, t -> new double[] {process.alpha(t), process.sigma(t)}), f.input(1)))
                .formula();
    }

    @Override
    public List<Stage> opening() {
        List<Stage> stages = new ArrayList<>();
        stages.add(literal(before, 0, 1));
        for (Row row : rows) {
            stages.add(new Stage.Combine(new int[] {row.noisy()}, new double[1][0], new int[0]));
        }
        return stages;
    }

    @Override
    public List<Stage> to(Time t) {
        List<Stage> stages = new ArrayList<>();
        stages.add(
                t.perRow()
                        ? new Stage.Apply(timed, new int[] {t.register()}, new int[] {now})
                        : literal(now, process.alpha(t.at()), process.sigma(t.at())));
        for (int i = 0; i < moved.length; i++) {
            Row row = rows.get(i);
            int[] from = {row.given(), row.noisy(), row.noise(), before, now};
            stages.add(row.draw());
            stages.add(new Stage.Apply(moves.get(i), from, new int[] {moved[i]}));
            stages.add(new Stage.Combine(new int[] {row.noisy()}, new double[][] {{1}}, new int[] {moved[i]}));
        }
        stages.add(new Stage.Combine(new int[] {before}, new double[][] {{1}}, new int[] {now}));
        return stages;
    }

    private static Stage literal(int into, double... values) {
        FormulaWriter f = Formula.writer("noise at a time");
        return new Stage.Apply(f.output(f.literal(values)).formula(), new int[0], new int[] {into});
    }
}
