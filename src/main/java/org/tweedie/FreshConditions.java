package org.tweedie;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Time;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimedSum;

/** y_t = alpha_y y + sigma_y z with z drawn afresh for each evaluation. For one thread. */
final class FreshConditions implements CarriedConditions {
    private final List<Row> rows;
    private final List<TimedSum> sums = new ArrayList<>();

    FreshConditions(Sde process, List<Row> rows) {
        this.rows = rows;
        for (Row row : rows) {
            Sde sized = process.on(row.space());
            sums.add(new TimedSum(sized, row.space().width(), t -> new double[] {sized.alpha(t), sized.sigma(t)}));
        }
    }

    @Override
    public List<Stage> opening() {
        return List.of();
    }

    @Override
    public List<Stage> to(Time t) {
        List<Stage> stages = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            stages.add(row.draw());
            stages.add(sums.get(i).stage(t, row.noisy(), row.given(), row.noise()));
        }
        return stages;
    }
}
