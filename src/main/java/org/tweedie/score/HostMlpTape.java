package org.tweedie.score;

import java.util.Optional;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.kernels.host.PanelGradient;

/**
 * The gradient of a squared loss of an {@link MlpNetwork} on the host, in f32, with the bits of its {@link Tape}. For one thread at a time, that of
 * its stream.
 */
public final class HostMlpTape implements LossTape {
    private final MlpNetwork network;
    private final Closing owned = new Closing();
    private final PanelGradient panels;
    private final View inputs;

    /** @throws IllegalArgumentException where {@link #refusal} has something against it */
    public HostMlpTape(MlpNetwork network, Device device, int rows) {
        refusal(network, device, rows).ifPresent(why -> {
            throw new IllegalArgumentException("no tiles of rows: " + why);
        });
        this.network = network;
        int width = network.signature().inputs();
        try {
            panels = owned.add(new PanelGradient(network.gradientShape(), device, rows));
            inputs = View.rows(owned.add(device.allocate(Element.F32, Math.max(1L, rows) * width)), width);
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    /** Why a network is not trained so on a device, in steps of so many rows, or nothing. */
    public static Optional<String> refusal(MlpNetwork network, Device device, int rows) {
        return device.kind() == DeviceKind.HOST
                ? PanelGradient.refusal(network.gradientShape(), device, rows)
                : Optional.of("tiles in cache are the host's way");
    }

    @Override
    public View inputs() {
        return inputs;
    }

    @Override
    public String products() {
        return "f32";
    }

    @Override
    public String how() {
        return panels.how();
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
        DeviceBuffer weights = network.parameters().values();
        panels.gradient(stream, rows, weights, inputs, time, target, weight, scale, into, losses);
    }

    @Override
    public void close() {
        owned.close();
    }
}
