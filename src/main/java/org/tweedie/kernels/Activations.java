package org.tweedie.kernels;

import java.util.List;
import org.tweedie.device.Arguments;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.ActivationTwins;

/**
 * Activations element by element, forward, backward, tangent, and back through the tangent (kernels/score/activation.cu). Stateless; any thread.
 */
public final class Activations {
    /** x, out, rows, width, x stride, out stride, activation. */
    public static final KernelEntry FORWARD = KernelEntry.of(
            "activation_f32",
            ActivationTwins::forward,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32);

    /** pre, d, out, rows, width, pre stride, d stride, out stride, activation. */
    public static final KernelEntry SLOPE = KernelEntry.of(
            "activation_slope_f32",
            ActivationTwins::slope,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32);

    /** pre, tangent, back, tangent back, pre back, tangent pre back, rows, width, their strides, activation. */
    public static final KernelEntry BEND = KernelEntry.of(
            "activation_bend_f32",
            ActivationTwins::bend,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32);

    private static final int THREADS = 256;

    private Activations() {}

    /** Queues {@code out = act(x)}; {@code out} may be the very memory of {@code x}. */
    public static void forward(Stream stream, RowSet rows, View x, Activation activation, View out) {
        Grid.require(
                x.width() == out.width() && out.stride() >= out.width(),
                "out must be " + x.width() + " wide, a row for each",
                out);
        Arguments arguments = new Arguments(FORWARD);
        x.into(arguments);
        out.into(arguments);
        rows.into(arguments).i32(x.width()).i32(x.stride()).i32(out.stride()).i32(activation.code());
        stream.launch(
                stream.device().kernel(FORWARD),
                Grid.items(Grid.capacity(out) * Fill.quads(out.width()), THREADS),
                arguments);
    }

    /**
     * Queues {@code dPre = dOut act'(pre)}, the way back through the activation; {@code dPre} may be the very memory of
     * {@code dOut} or {@code pre}.
     */
    public static void backward(Stream stream, RowSet rows, View pre, View dOut, Activation activation, View dPre) {
        Grid.require(
                pre.width() == dPre.width() && dPre.stride() >= dPre.width(),
                "result must be " + pre.width() + " wide, a row for each",
                dPre);
        Grid.require(pre.width() == dOut.width(), "gradient or tangent must be " + pre.width() + " wide", dOut);
        Arguments arguments = new Arguments(SLOPE);
        pre.into(arguments);
        dOut.into(arguments);
        dPre.into(arguments);
        rows.into(arguments)
                .i32(pre.width())
                .i32(pre.stride())
                .i32(dOut.stride())
                .i32(dPre.stride())
                .i32(activation.code());
        stream.launch(
                stream.device().kernel(SLOPE),
                Grid.items(Grid.capacity(dPre) * Fill.quads(dPre.width()), THREADS),
                arguments);
    }

    /** Queues {@code tangentOut = act'(pre) tangentIn}, the directional derivative: the same product as {@link #backward}. */
    public static void tangent(
            Stream stream, RowSet rows, View pre, View tangentIn, Activation activation, View tangentOut) {
        backward(stream, rows, pre, tangentIn, activation, tangentOut);
    }

    /**
     * Queues the way back through an activation and its tangent at once, where out = act(pre) and tangent out = act'(pre) tangent:
     * {@code preBack = act'(pre) back + act''(pre) tangent tangentBack}, {@code tangentPreBack = act'(pre) tangentBack}. The results may be the
     * very memory of {@code back} and {@code tangentBack}.
     */
    public static void bend(
            Stream stream,
            RowSet rows,
            View pre,
            View tangent,
            View back,
            View tangentBack,
            Activation activation,
            View preBack,
            View tangentPreBack) {
        Arguments arguments = new Arguments(BEND);
        List<View> views = List.of(pre, tangent, back, tangentBack, preBack, tangentPreBack);
        for (View view : views) {
            Grid.require(
                    view.width() == pre.width() && view.stride() >= view.width(),
                    "all must be " + pre.width() + " wide, a row for each",
                    view);
            view.into(arguments);
        }
        rows.into(arguments).i32(pre.width());
        views.forEach(view -> arguments.i32(view.stride()));
        arguments.i32(activation.code());
        stream.launch(
                stream.device().kernel(BEND), Grid.items(Grid.capacity(preBack) * pre.width(), THREADS), arguments);
    }
}
