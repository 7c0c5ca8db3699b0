package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.score.Evaluator;
import org.tweedie.score.HalfMlp;
import org.tweedie.score.Instant;
import org.tweedie.score.Mlp;
import org.tweedie.score.MlpNetwork;
import org.tweedie.score.Parameters;
import org.tweedie.score.Signature;
import org.tweedie.sde.Prediction;
import org.tweedie.testing.TestDevices;

/**
 * A network evaluated layer by layer with packed rows, against {@link MlpError} on every device. Its bound is that of split inputs, which holds
 * for these in f32 as well; tf32 has the bits of f16, and steps that are finer. Weights of the time are 0, so that the biases are known.
 */
@Tag("kernels")
class SixteenBitLayersTest {
    private static final int ROWS = 37;
    private static final int DIM = 3;

    record Case(Mlp mlp, TileNumbers type) {}

    static java.util.stream.Stream<Arguments> networks() {
        List<Case> cases = new ArrayList<>();
        int[] widths = {17, 33, 70, 128};
        for (Activation activation : Activation.values()) {
            for (TileNumbers type : TileNumbers.values()) {
                int i = cases.size();
                Mlp mlp = Mlp.of(widths[i % 4], 1 + i % 3).with(activation);
                cases.add(new Case(i % 5 > 2 ? mlp.residualBlocks() : mlp, type));
            }
        }
        return TestDevices.times(cases).filter(one -> {
            Device device = (Device) one.get()[0];
            boolean has = ((Case) one.get()[1]).type != TileNumbers.TF32
                    || device.limits().warpgroups();
            if (!has) {
                device.close();
            }
            return has;
        });
    }

    @ParameterizedTest
    @MethodSource("networks")
    void anEvaluationIsWithinTheBoundOfItsOperands(Device device, Case one) {
        Mlp mlp = one.mlp;
        TileNumbers type = one.type;
        MlpNetwork network = (MlpNetwork) mlp.create(Signature.over(DIM), Prediction.NOISE, 5, device);
        try (Lab lab = new Lab(device)) {
            float[] values = weights(network);
            if (values.length > 0) {
                lab.stream().upload(values, 0, network.parameters().values(), 0, values.length);
            }
            float[] x = new float[ROWS * DIM];
            SplittableRandom random = new SplittableRandom(8);
            for (int i = 0; i < x.length; i++) {
                x[i] = (float) ((random.nextDouble() - 0.5) * (i < 30 ? 20 : 2));
            }
            View out = lab.out(ROWS, DIM);
            try (Evaluator evaluator = network.open(device, ROWS, type)) {
                evaluator.prepare(lab.stream(), new double[] {0.5});
                evaluator.evaluate(
                        lab.stream(), lab.rows(1, 0, ROWS), List.of(lab.rows(x, DIM)), Instant.at(0.5), List.of(out));
                lab.stream().synchronize();
            }
            float[] got = lab.read(out);
            MlpError error = error(network, mlp, type == TileNumbers.BF16 ? Operands.BF16 : Operands.F16, values);
            double worst = 0;
            for (int r = 0; r < ROWS; r++) {
                double[] in = {x[r * DIM], x[r * DIM + 1], x[r * DIM + 2]};
                MlpError.Bounded expected = error.of(in, new double[DIM], 0);
                for (int j = 0; j < DIM; j++) {
                    double off = Math.abs(expected.value()[j] - got[r * DIM + j]);
                    assertEquals(expected.value()[j], got[r * DIM + j], expected.error()[j], "row " + r + " of " + mlp);
                    worst = Math.max(worst, off / expected.error()[j]);
                }
            }
            assertTrue(worst > 1e-5, "no rounding to 16 bits is seen: the bound would hold for anything, " + worst);
        } finally {
            network.parameters().values().close();
        }
    }

    /** Uniform, the last layer's too; of the time 0. */
    private static float[] weights(MlpNetwork network) {
        float[] values = new float[(int) network.parameters().count()];
        SplittableRandom random = new SplittableRandom(4);
        for (Parameters.Tensor tensor : network.parameters().tensors()) {
            double most = tensor.vector() ? 0.5 : 1.5 / Math.sqrt(tensor.in());
            for (int i = 0; i < tensor.count() && !tensor.name().startsWith("time"); i++) {
                values[(int) tensor.offset() + i] = (float) (most * (2 * random.nextDouble() - 1));
            }
        }
        return values;
    }

    private static MlpError error(MlpNetwork network, Mlp mlp, Operands type, float[] values) {
        List<float[]> layers = new ArrayList<>();
        float[] biases = new float[mlp.depth() * mlp.width()];
        for (int l = 0; l < mlp.depth(); l++) {
            layers.add(tensor(network, values, "layer." + l + ".weight"));
            System.arraycopy(tensor(network, values, "layer." + l + ".bias"), 0, biases, l * mlp.width(), mlp.width());
        }
        layers.add(tensor(network, values, "out.weight"));
        return new MlpError(HalfMlp.shape(network, type), layers, biases, tensor(network, values, "out.bias"));
    }

    private static float[] tensor(MlpNetwork network, float[] values, String name) {
        Parameters.Tensor tensor = network.parameters().tensor(name);
        int at = (int) tensor.offset();
        return Arrays.copyOfRange(values, at, at + (int) tensor.count());
    }
}
