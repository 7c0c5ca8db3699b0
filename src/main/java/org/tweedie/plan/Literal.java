package org.tweedie.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.tweedie.plan.CellTable.Cell;
import org.tweedie.plan.CellTable.Mix;
import org.tweedie.plan.CellTable.Noise;

/** The plan as a table without any collapse, a cell a stage: what {@link CellTable#of} is held to. */
final class Literal {
    private Literal() {}

    static CellTable of(Plan plan) {
        Ordinals ordinals = new Ordinals();
        List<Cell> cells = new ArrayList<>();
        for (int k = 0; k < plan.steps().size(); ++k) {
            Step step = plan.steps().get(k);
            if (step.stages().isEmpty()) {
                cells.add(new Cell(k, Optional.empty(), List.of(), true, -1));
            }
            for (int i = 0; i < step.stages().size(); ++i) {
                cells.add(cell(k, step.stages().get(i), i == step.stages().size() - 1, ordinals, step.until()));
            }
        }
        return new CellTable(
                plan.registers(),
                cells,
                plan.outputs(),
                plan.trace(),
                plan.steps().stream().map(Step::until).toList());
    }

    private static Cell cell(int k, Stage stage, boolean closes, Ordinals ordinals, Optional<Until> until) {
        if (stage instanceof Stage.Combine combine) {
            Mix mix = new Mix(combine.into(), combine.from(), combine.weights(), List.of());
            return new Cell(k, Optional.empty(), List.of(mix), closes, -1);
        } else if (stage instanceof Stage.Draw draw) {
            int ordinal = ordinals.next(draw.purpose(), until);
            if (draw.from().length > 0) {
                return new Cell(k, Optional.of(stage), List.of(), closes, ordinal);
            }
            Noise noise = new Noise(draw.law(), draw.purpose(), ordinal);
            Mix mix = new Mix(new int[] {draw.into()}, new int[0], new double[][] {{1}}, List.of(noise));
            return new Cell(k, Optional.empty(), List.of(mix), closes, -1);
        }
        return new Cell(k, Optional.of(stage), List.of(), closes, -1);
    }
}
