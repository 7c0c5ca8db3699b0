package org.tweedie;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Time;
import org.tweedie.sde.NoisedPath;
import org.tweedie.sde.Sde;

/**
 * y_t along one path for all evaluations of a plan whose times are numbers: the first is alpha_y y + sigma_y z, each other follows from the one before
 * by {@link NoisedPath}, and evaluations at one time share theirs. For one thread.
 */
final class ConditionPath implements CarriedConditions {
    private final Sde process;
    private final List<Row> rows;

    /** Where the path is; NaN before it begins. */
    private double last = Double.NaN;

    ConditionPath(Sde process, List<Row> rows) {
        this.process = process;
        this.rows = rows;
    }

    @Override
    public List<Stage> opening() {
        return List.of();
    }

    @Override
    public List<Stage> to(Time t) {
        double now = t.at();
        List<Stage> stages = new ArrayList<>();
        for (Row row : now == last ? List.<Row>of() : rows) {
            stages.add(row.draw());
            stages.add(Double.isNaN(last) ? start(row, now) : on(row, now));
        }
        last = now;
        return stages;
    }

    private Stage start(Row row, double t) {
        return new Stage.Combine(
                new int[] {row.noisy()},
                new double[][] {{process.alpha(t), process.sigma(t)}},
                new int[] {row.given(), row.noise()});
    }

    private Stage on(Row row, double t) {
        return new Stage.Combine(
                new int[] {row.noisy()},
                new double[][] {NoisedPath.weights(process, last, t)},
                new int[] {row.given(), row.noisy(), row.noise()});
    }
}
