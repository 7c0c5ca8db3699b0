package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.score.Architecture;
import org.tweedie.sde.FlexibleSde;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.ProcessSpec;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/** The example of docs/math.md: a process of matrices is learned, then sampled. */
class FlexibleExampleTest {
    @Test
    void aProcessIsLearned() {
        Dataset rows = Dataset.of(BuiltInSet.MOONS.rows(1, 0, 500), "u", "v");
        // snippet: learned
        try (Device device = Device.open("cpu");
                ScoreModel model = ScoreModel.create(
                        ProcessSpec.process("flexible"), Architecture.parse("mlp:32x2"), rows, 7, device)) {
            model.train(rows, TrainSpec.steps(200).withBatch(128));
            FlexibleSde learned = (FlexibleSde) model.process();
            double[] ratesOfNoise = learned.rates();
            double[][] omega = learned.omega();
            Samples samples =
                    model.sampler(MethodSpec.parse("ei@100,quadratic")).sample(100, 42);
            // end
            assertNotEquals(1, ratesOfNoise[0]);
            assertEquals(-omega[0][1], omega[1][0]);
            assertNotEquals(0, omega[0][1]);
            assertEquals(200, samples.rows().length);
        }
    }
}
