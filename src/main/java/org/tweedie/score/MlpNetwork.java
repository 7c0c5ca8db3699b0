package org.tweedie.score;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.tweedie.device.Device;
import org.tweedie.device.Element;
import org.tweedie.kernels.Matrix;
import org.tweedie.kernels.TileNumbers;
import org.tweedie.kernels.View;
import org.tweedie.kernels.host.PanelGradient;
import org.tweedie.kernels.host.PanelMlp;
import org.tweedie.sde.Prediction;

/** An {@link Mlp} with weights. Immutable, shared by threads; lives as long as the buffer of its weights. */
public final class MlpNetwork implements Network {
    private final Mlp mlp;
    private final Signature signature;
    private final Prediction prediction;
    private final Parameters parameters;
    private final MlpLayout layout;

    MlpNetwork(Mlp mlp, Signature signature, Prediction prediction, Parameters parameters) {
        this.mlp = mlp;
        this.signature = signature;
        this.prediction = prediction;
        this.parameters = parameters;
        this.layout = new MlpLayout(mlp, signature);
        if (!layout.tensors().equals(parameters.tensors())) {
            throw new IllegalArgumentException("weights are not laid out for " + mlp.spec() + ": expected "
                    + layout.tensors() + ", got " + parameters.tensors());
        }
        if (parameters.values().element() != Element.F32 || parameters.values().count() < parameters.count()) {
            throw new IllegalArgumentException("weights of " + mlp.spec() + " need " + parameters.count() + " F32, got "
                    + parameters.values().count() + " " + parameters.values().element());
        }
    }

    public Mlp architecture() {
        return mlp;
    }

    @Override
    public Signature signature() {
        return signature;
    }

    @Override
    public Parameters parameters() {
        return parameters;
    }

    @Override
    public MlpNetwork with(Parameters other) {
        return new MlpNetwork(mlp, signature, prediction, other);
    }

    @Override
    public Prediction prediction() {
        return prediction;
    }

    @Override
    public String spec() {
        return mlp.spec();
    }

    @Override
    public Evaluator open(Device device, int rows) {
        requireHere(device, rows);
        return new MlpEvaluator(this, device, rows);
    }

    /**
     * Opens the network for products of such numbers, with sums, inputs and outputs in f32.
     *
     * @param products TF32 only where {@link org.tweedie.kernels.TileLinear#on} holds; {@link HalfMlp#beyondRange} says whether the weights fit
     */
    public Evaluator open(Device device, int rows, TileNumbers products) {
        requireHere(device, rows);
        return new PackedEvaluator(this, device, rows, products);
    }

    @Override
    public Tape tape(Device device, int rows) {
        requireHere(device, rows);
        return new MlpTape(this, device, rows);
    }

    @Override
    public TangentTape tangentTape(Device device, int rows) {
        requireHere(device, rows);
        return new MlpTangentTape(this, device, rows);
    }

    private void requireHere(Device device, int rows) {
        if (parameters.values().device() != device) {
            throw new IllegalArgumentException(
                    "the weights lie on " + parameters.values().device().name() + ", not on " + device.name());
        }
        if (rows < 0) {
            throw new IllegalArgumentException("rows must not be negative, got " + rows);
        }
    }

    MlpLayout layout() {
        return layout;
    }

    /** Sizes and places of the layers, for panels of rows on the host. */
    PanelMlp.Shape panelShape() {
        return new PanelMlp.Shape(
                Arrays.stream(layout.ports()).boxed().toList(),
                mlp.width(),
                layout.outputs(),
                mlp.activation().code(),
                mlp.residual(),
                IntStream.rangeClosed(0, mlp.depth()).mapToObj(layout::weight).toList());
    }

    /** The same with time and biases, for the gradient on the host. */
    PanelGradient.Shape gradientShape() {
        return new PanelGradient.Shape(
                panelShape(),
                layout.features(),
                IntStream.range(0, mlp.depth()).mapToObj(layout::timeWeight).toList(),
                IntStream.rangeClosed(0, mlp.depth()).mapToObj(layout::bias).toList());
    }

    View frequencies() {
        return View.shared(parameters.values(), 0, layout.features() / 2);
    }

    Matrix timeWeight(int l) {
        return new Matrix(parameters.values(), layout.timeWeight(l), layout.features(), mlp.width());
    }

    /** The weights of hidden layer {@code l} from its inputs {@code first} to {@code first + in}. */
    Matrix weight(int l, int first, int in) {
        return new Matrix(parameters.values(), layout.weight(l) + (long) first * mlp.width(), in, mlp.width());
    }

    Matrix outWeight() {
        return new Matrix(parameters.values(), layout.weight(mlp.depth()), mlp.width(), layout.outputs());
    }

    /** The bias of layer {@code l}; depth is the output layer. */
    View bias(int l) {
        return View.shared(parameters.values(), layout.bias(l), l == mlp.depth() ? layout.outputs() : mlp.width());
    }
}
