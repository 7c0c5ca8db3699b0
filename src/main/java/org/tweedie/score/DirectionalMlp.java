package org.tweedie.score;

import java.util.List;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.Activations;
import org.tweedie.kernels.Add;
import org.tweedie.kernels.Linear;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/**
 * The derivative of an {@link Mlp} along a direction of one input: its layers without bias, with the slope of each activation at what the
 * forward pass kept for the activation. For one stream.
 */
final class DirectionalMlp {
    private final MlpNetwork network;

    DirectionalMlp(MlpNetwork network) {
        this.network = network;
    }

    /**
     * Views may serve layers in turn, as long as a layer's {@code hidden} is not what it reads.
     *
     * @param slopes of each layer, what its activation was applied to
     * @param pre of each layer, receives the derivative of that
     * @param hidden of each layer, receives the derivative of what the layer puts out; may be its {@code pre}
     * @param into receives the derivative of the output
     */
    void run(
            Stream stream,
            RowSet rows,
            int port,
            View direction,
            List<View> slopes,
            List<View> pre,
            List<View> hidden,
            View into) {
        Mlp mlp = network.architecture();
        int first = network.signature().from().stream()
                .limit(port)
                .mapToInt(one -> one.space().width())
                .sum();
        View last = direction;
        for (int l = 0; l < mlp.depth(); l++) {
            View now = hidden.get(l);
            Linear.forward(
                    stream,
                    rows,
                    last,
                    network.weight(l, l == 0 ? first : 0, last.width()),
                    null,
                    null,
                    Activation.IDENTITY,
                    pre.get(l),
                    null);
            Activations.tangent(stream, rows, slopes.get(l), pre.get(l), mlp.activation(), now);
            if (mlp.residual() && l > 0) {
                Add.rows(stream, rows, now, last, now);
            }
            last = now;
        }
        Linear.forward(stream, rows, last, network.outWeight(), null, null, Activation.IDENTITY, into, null);
    }
}
