package org.tweedie.score;

import java.util.Optional;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.MlpShape;
import org.tweedie.kernels.Operands;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.TimeFeatures;
import org.tweedie.kernels.TrainMlp;
import org.tweedie.kernels.TrainMlpShape;
import org.tweedie.kernels.View;

/**
 * The gradient of a squared loss of an {@link MlpNetwork} in a few launches with products of bf16 numbers ({@link TrainMlp}). Deterministic on one
 * kind of device. For one thread at a time, that of its stream.
 */
public final class HalfMlpTape implements LossTape {
    private final MlpNetwork network;
    private final Closing owned = new Closing();
    private final TrainMlp.Memory memory;
    private final View features;
    private final View inputs;

    /** @throws IllegalArgumentException where {@link #refusal} has something against it */
    public HalfMlpTape(MlpNetwork network, Device device, int rows) {
        refusal(network, device).ifPresent(why -> {
            throw new IllegalArgumentException("no products of 16-bit numbers: " + why);
        });
        this.network = network;
        TrainMlpShape shape = shape(network);
        try (Stream stream = device.stream()) {
            memory = TrainMlp.memory(stream, shape, rows, owned);
            features = rows(device, rows, shape.features());
            inputs = rows(device, rows, shape.mlp().inputs());
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private View rows(Device device, int rows, int width) {
        return View.rows(owned.add(device.allocate(Element.F32, Math.max(1L, rows) * width)), width);
    }

    /** Why a network is not trained so on a device, or nothing. */
    public static Optional<String> refusal(MlpNetwork network, Device device) {
        if (device.kind() == DeviceKind.HOST) {
            return Optional.of("the host multiplies in f32");
        }
        int features = network.layout().features();
        int width = network.architecture().width();
        if (width > TrainMlpShape.MOST_WIDTH) {
            return Optional.of("the network is " + width + " wide, the kernels hold up to " + TrainMlpShape.MOST_WIDTH);
        } else if (features > TrainMlpShape.MOST_FEATURES) {
            return Optional.of("the network has " + features + " features of the time, the kernels hold up to "
                    + TrainMlpShape.MOST_FEATURES);
        }
        Optional<String> size = HalfMlp.refusal(network, Operands.BF16);
        if (size.isPresent()) {
            return size;
        }
        long least = shape(network).sharedBytes(1);
        return least <= device.limits().sharedBytes()
                ? Optional.empty()
                : Optional.of("two layers of weights take " + least + " bytes of shared memory, a block has "
                        + device.limits().sharedBytes());
    }

    private static TrainMlpShape shape(MlpNetwork network) {
        MlpShape mlp = HalfMlp.shape(network, Operands.BF16);
        MlpLayout layout = network.layout();
        int[] places = new int[3 * (mlp.depth() + 1)];
        for (int l = 0; l <= mlp.depth(); l++) {
            places[3 * l] = Math.toIntExact(layout.weight(l));
            places[3 * l + 1] = l == mlp.depth() ? 0 : Math.toIntExact(layout.timeWeight(l));
            places[3 * l + 2] = Math.toIntExact(layout.bias(l));
        }
        int parameters = Math.toIntExact(network.parameters().count());
        return new TrainMlpShape(mlp, layout.features(), places, parameters);
    }

    @Override
    public View inputs() {
        return inputs;
    }

    @Override
    public String products() {
        return "bf16";
    }

    @Override
    public String how() {
        int warps = TrainMlp.warps(memory.matrices().device(), memory.shape());
        return TrainMlp.ROWS.name() + " for forward, loss and back, " + TrainMlp.WEIGHTS.name()
                + " for the weights; up to "
                + warps + " warps a block, " + memory.shape().sharedBytes(warps) + " bytes of shared memory, "
                + memory.tape().count() * memory.tape().element().bytes() + " bytes kept of a batch";
    }

    @Override
    public void gradient(
            Stream stream,
            RowSet rows,
            View time,
            View target,
            View weight,
            float scale,
            DeviceBuffer into,
            DeviceBuffer losses) {
        TimeFeatures.forward(stream, rows, time, network.frequencies(), features);
        TrainMlp.gradient(
                stream,
                rows,
                memory,
                network.parameters().values(),
                inputs,
                features,
                target,
                weight,
                scale,
                into,
                losses);
    }

    @Override
    public void close() {
        owned.close();
    }
}
