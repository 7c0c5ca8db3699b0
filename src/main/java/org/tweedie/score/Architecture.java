package org.tweedie.score;

import java.util.List;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.Spelling;

/** The shape of a network before it has weights. Immutable, shared by threads. */
public interface Architecture {
    /** How it is written, as {@code mlp:128x3}; {@link #parse} reads it. */
    String spec();

    /** The weights that a network with these inputs and outputs has, in the order of their offsets. */
    List<Parameters.Tensor> tensors(Signature signature);

    /** Initial weights, laid out as {@link #tensors}; a function of the architecture, the signature and the seed alone. */
    float[] initial(Signature signature, long seed);

    /**
     * The network with these weights.
     *
     * @throws IllegalArgumentException if the weights are not laid out as {@link #tensors} says
     */
    Network network(Signature signature, Prediction prediction, Parameters parameters);

    /** A network with initial weights in a new buffer; the caller closes {@code parameters().values()}. */
    default Network create(Signature signature, Prediction prediction, long seed, Device device) {
        float[] initial = initial(signature, seed);
        DeviceBuffer values = device.allocate(Element.F32, initial.length);
        try (Stream stream = device.stream()) {
            stream.upload(initial, 0, values, 0, initial.length);
            stream.synchronize();
            return network(signature, prediction, new Parameters(tensors(signature), values));
        } catch (RuntimeException | Error e) {
            values.close();
            throw e;
        }
    }

    /**
     * Reads a spec.
     *
     * @throws IllegalArgumentException saying what is known, if it is not
     */
    static Architecture parse(String spec) {
        if (spec.startsWith("mlp:")) {
            return Mlp.parse(spec);
        }
        int colon = spec.indexOf(':');
        throw Spelling.unknown(
                "network",
                colon < 0 ? spec : spec.substring(0, colon),
                List.of("mlp"),
                ", written mlp:WIDTHxDEPTH[,activation][,residual], as mlp:128x3");
    }
}
