package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.score.Architecture;
import org.tweedie.sde.DpmSolver2M;
import org.tweedie.sde.MonotoneSchedule;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.VdmSde;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/** The example of docs/math.md: a schedule is learned, then sampled along. */
class ScheduleExampleTest {
    @Test
    void aScheduleIsLearned() {
        Dataset rows = Dataset.of(BuiltInSet.MOONS.rows(1, 0, 500), "u", "v");
        // snippet: learned
        try (Device device = Device.open("cpu");
                ScoreModel model = ScoreModel.create(
                        new VdmSde(-13.3, 5), Architecture.parse("mlp:32x2"), Prediction.VELOCITY, rows, 7, device)) {
            model.train(rows, TrainSpec.steps(200).withBatch(128));
            MonotoneSchedule learned = ((VdmSde) model.process()).schedule();
            Samples samples = model.sampler(new DpmSolver2M()).steps(20).sample(100, 42);
            // end
            assertNotEquals(MonotoneSchedule.even(-13.3, 5), learned);
            assertEquals(200, samples.rows().length);
        }
    }
}
