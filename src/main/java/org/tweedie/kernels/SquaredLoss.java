package org.tweedie.kernels;

import org.jspecify.annotations.Nullable;
import org.tweedie.device.Arguments;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.SquaredLossTwin;

/** The weighted squared error of each row, and its gradient (kernels/train/squared_loss.cu). Stateless; any thread. */
public final class SquaredLoss {
    /** out, target, weight, cotangent, loss, rows, width, out stride, target stride, weight stride, cotangent stride, scale. */
    public static final KernelEntry GRADIENT = KernelEntry.of(
            "squared_loss_gradient_f32",
            SquaredLossTwin::gradient,
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
            Parameter.F32);

    private SquaredLoss() {}

    /**
     * Queues {@code loss[r] = w[r] |out[r] - target[r]|^2} and {@code cotangent[r] = 2 scale w[r] (out[r] - target[r])}, for
     * the living rows.
     *
     * @param out what the network put out
     * @param target as wide as {@code out}; stride 0 is one target for all
     * @param weight 1 wide (stride 0: one for all), or null for 1
     * @param cotangent as wide as {@code out}; may be the very memory of {@code out} or {@code target}
     * @param loss F32, an element a row
     * @param scale 1 / batch makes the cotangent that of the mean loss
     */
    public static void gradient(
            Stream stream,
            RowSet rows,
            View out,
            View target,
            @Nullable View weight,
            float scale,
            View cotangent,
            DeviceBuffer loss) {
        Grid.require(target.width() == out.width(), "target must be " + out.width() + " wide", target);
        Grid.require(
                cotangent.width() == out.width() && cotangent.stride() >= out.width(),
                "cotangent must be " + out.width() + " wide, a row for each",
                cotangent);
        Arguments arguments = new Arguments(GRADIENT);
        out.into(arguments);
        target.into(arguments);
        if (weight == null) {
            arguments.buffer(null);
        } else {
            Grid.require(weight.width() == 1, "weight must be 1 wide", weight);
            weight.into(arguments);
        }
        cotangent.into(arguments).buffer(loss);
        rows.into(arguments)
                .i32(out.width())
                .i32(out.stride())
                .i32(target.stride())
                .i32(weight == null ? 0 : weight.stride())
                .i32(cotangent.stride())
                .f32(scale);
        stream.launch(stream.device().kernel(GRADIENT), Grid.items(loss.count(), 256), arguments);
    }
}
