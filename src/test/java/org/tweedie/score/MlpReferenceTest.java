package org.tweedie.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.tweedie.kernels.Activation;
import org.tweedie.testing.Depth;
import org.tweedie.testing.Suite;

/** The reference's gradients are those of its values: central differences in float64, 1e-6 relative. */
@Tag("gradients")
class MlpReferenceTest {
    private static final double STEP = 1e-5;

    private int checked;
    private double worst;

    @Test
    void gradientsAreCentralDifferences() throws Exception {
        long seeds = Depth.of(3, 3, 18);
        Suite suite = new Suite("gradients");
        suite.cases(seeds, number -> {
            for (MlpCase shape : MlpCase.shapes((int) number + 1)) {
                check(shape, 1);
            }
            assertTrue(worst <= 1e-6, "worst relative error " + worst + " over " + checked + " entries");
        });
        assertTrue(checked >= Depth.of(2_000, 2_000, 20_000), "only " + checked + " entries checked");
        suite.reached(checked + " gradients against central differences in float64, worst relative error " + worst);
    }

    @Test
    void aWrongSignIsCaught() {
        check(MlpCase.all().get(0), -1);
        assertTrue(worst > 0.1, "a gradient of the wrong sign passed: " + worst);
    }

    private void check(MlpCase shape, double sign) {
        Mlp mlp = shape.mlp();
        double[] weights = MlpCase.doubles(shape.weights(), 0, shape.weights().length);
        MlpReference reference = new MlpReference(mlp, shape.outputs(), mlp.tensors(shape.signature()), weights);
        double nearest = value(reference, shape, true);
        if (mlp.activation() == Activation.RELU && nearest < 50 * STEP) {
            return; // the difference would step over a kink
        }
        for (Parameters.Tensor tensor : mlp.tensors(shape.signature())) {
            double scale = 0;
            for (int i = 0; i < tensor.count(); i++) {
                scale = Math.max(scale, Math.abs(reference.gradient[(int) tensor.offset() + i]));
            }
            for (int i = 0; tensor.trained() && i < tensor.count(); i += 1 + (int) tensor.count() / 7) {
                int at = (int) tensor.offset() + i;
                double difference = difference(shape, reference, at);
                worst = Math.max(worst, Math.abs(difference - sign * reference.gradient[at]) / Math.max(scale, 1e-3));
                checked++;
            }
        }
    }

    private static double difference(MlpCase shape, MlpReference reference, int at) {
        double old = reference.weights[at];
        reference.weights[at] = old + STEP;
        double up = value(reference, shape, false);
        reference.weights[at] = old - STEP;
        double down = value(reference, shape, false);
        reference.weights[at] = old;
        return (up - down) / (2 * STEP);
    }

    /** The sum over rows of the inner products with the cotangents; with gradients, how near a kink any unit is instead. */
    private static double value(MlpReference reference, MlpCase shape, boolean gradients) {
        float[] x = shape.x();
        float[] t = shape.times();
        float[] cotangents = shape.cotangents();
        int width = shape.signature().inputs();
        double sum = 0;
        double nearest = Double.POSITIVE_INFINITY;
        for (int r = 0; r < shape.rows(); r++) {
            MlpReference.Row row = reference.new Row(MlpCase.doubles(x, r * width, width), t[r]);
            double[] cotangent = MlpCase.doubles(cotangents, r * shape.outputs(), shape.outputs());
            for (int j = 0; j < cotangent.length; j++) {
                sum += cotangent[j] * row.out.v()[j];
            }
            if (gradients) {
                row.backward(cotangent);
            }
            nearest = Math.min(nearest, row.nearestKink);
        }
        return gradients ? nearest : sum;
    }

    @Test
    void inputGradientsAreCentralDifferences() {
        MlpCase shape = MlpCase.all().get(2);
        double[] weights = MlpCase.doubles(shape.weights(), 0, shape.weights().length);
        MlpReference reference =
                new MlpReference(shape.mlp(), shape.outputs(), shape.mlp().tensors(shape.signature()), weights);
        double[] cotangent = MlpCase.doubles(shape.cotangents(), 0, shape.outputs());
        double[] x = MlpCase.doubles(shape.x(), 0, 2);
        MlpReference.Row row = reference.new Row(x, 0.3);
        row.backward(cotangent);
        for (int d = 0; d < 2; d++) {
            double[] up = x.clone();
            double[] down = x.clone();
            up[d] += STEP;
            down[d] -= STEP;
            double difference = 0;
            for (int j = 0; j < cotangent.length; j++) {
                difference += cotangent[j]
                        * (reference.new Row(up, 0.3).out.v()[j]
                                - reference.new Row(down, 0.3).out.v()[j])
                        / (2 * STEP);
            }
            assertEquals(difference, row.dx.v()[d], 1e-6 * Math.max(1, Math.abs(difference)));
        }
    }
}
