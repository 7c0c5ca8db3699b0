package org.tweedie.score;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.MlpShape;
import org.tweedie.kernels.Operands;
import org.tweedie.kernels.PackedMlp;

/**
 * An {@link MlpNetwork} as the kernels of whole trajectories read it: weights in 16 bits, and for each of some times a row of what its layers
 * get from the time, in f32 by the same kernels as every evaluation. Immutable; owns its buffers, and a copy of the weights.
 */
public final class HalfMlp implements AutoCloseable {
    private static final float MOST_F16 = 65_504;

    /** System property: {@code true} for {@link MlpShape#special}. */
    public static final String SPECIAL = "tweedie.special";

    private final PackedMlp packed;
    private final DeviceBuffer biases;

    private HalfMlp(PackedMlp packed, DeviceBuffer biases) {
        this.packed = packed;
        this.biases = biases;
    }

    /** Why a network does not go into 16 bits, or nothing. */
    public static Optional<String> refusal(MlpNetwork network, Operands operands) {
        int inputs = network.signature().inputs();
        int outputs = network.layout().outputs();
        int width = network.architecture().width();
        int most = MlpShape.mostWidth(operands);
        if (width > most) {
            return Optional.of("the network is " + width + " wide, the kernels of its precision hold up to " + most);
        } else if (inputs > MlpShape.MOST_INPUTS || outputs > MlpShape.MOST_OUTPUTS) {
            return Optional.of("the network has " + inputs + " inputs and " + outputs
                    + " outputs, the kernels hold up to " + MlpShape.MOST_INPUTS + " and " + MlpShape.MOST_OUTPUTS);
        }
        return beyondRange(network, operands.element());
    }

    /** Which weights a type of 16 bits does not hold, or nothing. */
    public static Optional<String> beyondRange(MlpNetwork network, Element type) {
        if (type != Element.F16) {
            return Optional.empty();
        }
        float largest = 0;
        try (Stream stream = network.parameters().values().device().stream()) {
            for (float w : values(network, stream)) {
                largest = Math.max(largest, Math.abs(w));
            }
        }
        return largest <= MOST_F16
                ? Optional.empty()
                : Optional.of(
                        "weights reach " + largest + ", beyond " + MOST_F16 + ", the most of f16; bf16 holds them");
    }

    /** What the kernels need to know of a network that {@link #refusal} has nothing against. */
    public static MlpShape shape(MlpNetwork network, Operands operands) {
        Mlp mlp = network.architecture();
        return new MlpShape(
                operands,
                mlp.width(),
                network.signature().inputs(),
                network.layout().outputs(),
                mlp.depth(),
                mlp.activation(),
                mlp.residual(),
                Boolean.getBoolean(SPECIAL));
    }

    /**
     * Packs a network and waits until it is there.
     *
     * @param times row i of {@link #biases} is that of the i-th
     */
    public static HalfMlp of(MlpNetwork network, Stream stream, Operands operands, double[] times) {
        Device device = stream.device();
        MlpShape shape = shape(network, operands);
        MlpLayout layout = network.layout();
        float[] values = values(network, stream);
        List<float[]> layers = new ArrayList<>();
        for (int l = 0; l <= shape.depth(); l++) {
            int from = Math.toIntExact(layout.weight(l));
            layers.add(Arrays.copyOfRange(
                    values,
                    from,
                    from
                            + (l == 0 ? shape.inputs() : shape.width())
                                    * (l == shape.depth() ? shape.outputs() : shape.width())));
        }
        int bias = Math.toIntExact(layout.bias(shape.depth()));
        float[] outBias = Arrays.copyOfRange(values, bias, bias + shape.outputs());
        Closing owned = new Closing();
        try (MlpForward forward = new MlpForward(network, device, 1)) {
            PackedMlp packed = owned.add(PackedMlp.of(stream, shape, layers, outBias));
            forward.prepare(stream, times);
            float[] rows = forward.prepared(stream);
            float[] table = new float[Math.max(1, times.length) * shape.biases()];
            for (int i = 0; i < times.length; i++) {
                PackedMlp.biasRow(shape, rows, i * shape.depth() * shape.width(), table, i * shape.biases());
            }
            DeviceBuffer biases = owned.add(device.allocate(Element.F32, table.length));
            stream.upload(table, 0, biases, 0, table.length);
            stream.synchronize();
            return new HalfMlp(packed, biases);
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private static float[] values(MlpNetwork network, Stream stream) {
        float[] values = new float[Math.toIntExact(network.parameters().count())];
        stream.download(network.parameters().values(), 0, values, 0, values.length);
        return values;
    }

    public PackedMlp packed() {
        return packed;
    }

    /** A row of biases for each time. */
    public DeviceBuffer biases() {
        return biases;
    }

    @Override
    public void close() {
        packed.close();
        biases.close();
    }
}
