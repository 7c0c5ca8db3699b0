package org.tweedie.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import org.tweedie.plan.CellTable.Cell;
import org.tweedie.plan.CellTable.Mix;

/** Leaves out the registers that no cell uses. Keeps the order, so that sums keep theirs. */
final class Renumbering {
    private final Plan plan;
    private final List<Register> registers;
    private final List<Cell> cells;
    private final int[] traced;
    private final int[] number;

    Renumbering(Plan plan, List<Register> registers, List<Cell> cells, int[] traced) {
        this.plan = plan;
        this.registers = registers;
        this.cells = cells;
        this.traced = traced;
        number = new int[registers.size()];
    }

    CellTable table() {
        BitSet used = new BitSet();
        use(used, plan.outputs());
        use(used, traced);
        for (Step step : plan.steps()) {
            step.until().ifPresent(until -> used.set(until.alive()));
        }
        for (Cell cell : cells) {
            cell.before().ifPresent(stage -> {
                use(used, stage.reads());
                use(used, stage.writes());
            });
            for (Mix mix : cell.mixes()) {
                use(used, mix.from());
                use(used, mix.into());
            }
        }
        List<Register> kept = new ArrayList<>();
        for (int r = 0; r < number.length; ++r) {
            if (used.get(r)) {
                number[r] = kept.size();
                kept.add(registers.get(r));
            }
        }
        List<Optional<Until>> untils = plan.steps().stream()
                .map(step -> step.until().map(until -> new Until(number[until.alive()], until.most())))
                .toList();
        return new CellTable(
                kept,
                cells.stream().map(this::renumbered).toList(),
                renumbered(plan.outputs()),
                renumbered(traced),
                untils);
    }

    private static void use(BitSet used, int[] which) {
        for (int r : which) {
            used.set(r);
        }
    }

    private Cell renumbered(Cell cell) {
        List<Mix> mixes = new ArrayList<>();
        for (Mix mix : cell.mixes()) {
            mixes.add(new Mix(renumbered(mix.into()), renumbered(mix.from()), mix.weights(), mix.draws()));
        }
        return new Cell(cell.step(), cell.before().map(this::renumbered), mixes, cell.closesStep(), cell.ordinal());
    }

    private Stage renumbered(Stage stage) {
        if (stage instanceof Stage.Draw draw) {
            return new Stage.Draw(draw.law(), draw.purpose(), renumbered(draw.from()), number[draw.into()]);
        } else if (stage instanceof Stage.Combine combine) {
            return new Stage.Combine(renumbered(combine.into()), combine.weights(), renumbered(combine.from()));
        } else if (stage instanceof Stage.Apply apply) {
            return new Stage.Apply(apply.function(), renumbered(apply.from()), renumbered(apply.into()));
        }
        Stage.Evaluate evaluate = (Stage.Evaluate) stage;
        Time t = evaluate.t().perRow() ? Time.of(number[evaluate.t().register()]) : evaluate.t();
        return new Stage.Evaluate(evaluate.field(), renumbered(evaluate.from()), t, renumbered(evaluate.into()));
    }

    private int[] renumbered(int[] which) {
        return Arrays.stream(which).map(r -> number[r]).toArray();
    }
}
