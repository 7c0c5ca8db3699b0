package org.tweedie.kernels;

import org.tweedie.device.Arguments;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.AdamTwins;

/**
 * Adam with decoupled weight decay, clipping by the norm of the whole gradient, and a running mean of the weights, in one
 * pass (kernels/train/adam.cu). The scalars of a step lie in device memory, the {@link #control} buffer, so that a captured
 * step can be replayed for the next.
 *
 * <p>A step whose loss or gradient is not finite changes nothing, nor does any step after it: the weights stay the last good
 * ones, and {@link #HALTED} says which step it was. Stateless; any thread.
 */
public final class Adam {
    /** Places in the control buffer (F64): number of the step, from 1. */
    public static final int STEP = 0;
    /** Loss of the last step. */
    public static final int LOSS = 5;
    /** Norm of its gradient before clipping. */
    public static final int NORM = 6;
    /** The first step whose loss or gradient was not finite; 0: none. */
    public static final int HALTED = 8;

    private static final int PLACES = 9;

    /** control, step, rate, correction 1, correction 2, mean. */
    public static final KernelEntry ASSIGN = KernelEntry.of(
            "adam_assign",
            AdamTwins::assign,
            Parameter.POINTER,
            Parameter.F64,
            Parameter.F64,
            Parameter.F64,
            Parameter.F64,
            Parameter.F64);

    /** control, sums, parts, scale, clip, history, capacity. */
    public static final KernelEntry JUDGE = KernelEntry.of(
            "adam_judge",
            AdamTwins::judge,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.F64,
            Parameter.F64,
            Parameter.POINTER,
            Parameter.I32);

    /** weights, gradients, first, second, mean, control, count, 1 - b1, 1 - b2, epsilon, decay. */
    public static final KernelEntry UPDATE = KernelEntry.of(
            "adam_ema_f32",
            AdamTwins::update,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I64,
            Parameter.F32,
            Parameter.F32,
            Parameter.F32,
            Parameter.F32);

    private Adam() {}

    /**
     * The constants of a run. Immutable.
     *
     * @param beta1 how much of the first moment is kept, in [0, 1)
     * @param beta2 how much of the second moment is kept, in [0, 1)
     * @param epsilon added to the root of the second moment, positive
     * @param decay weight decay (AdamW), at least 0; each step takes {@code rate * decay} of a weight away
     */
    public record Rule(double beta1, double beta2, double epsilon, double decay) {
        public Rule {
            if (!(beta1 >= 0 && beta1 < 1) || !(beta2 >= 0 && beta2 < 1)) {
                throw new IllegalArgumentException("Adam's betas must be in [0, 1), got " + beta1 + " and " + beta2);
            }
            if (!(epsilon > 0 && epsilon < 1)) {
                throw new IllegalArgumentException("Adam's epsilon must be in (0, 1), got " + epsilon);
            }
            if (!(decay >= 0 && decay <= 1)) {
                throw new IllegalArgumentException("weight decay must be in [0, 1], got " + decay);
            }
        }

        /** Betas 0.9 and 0.999, epsilon 1e-8, no decay. */
        public static Rule standard() {
            return new Rule(0.9, 0.999, 1e-8, 0);
        }
    }

    /** A zeroed control buffer. */
    public static DeviceBuffer control(Stream stream) {
        Device device = stream.device();
        DeviceBuffer control = device.allocate(Element.F64, PLACES);
        try {
            stream.zero(control, 0, PLACES);
            return control;
        } catch (RuntimeException | Error e) {
            control.close();
            throw e;
        }
    }

    /** What a moment is multiplied by at step {@code step}, from 1: 1 / (1 - beta^step). */
    public static double correction(double beta, long step) {
        return 1 / (1 - StrictMath.pow(beta, step));
    }

    /**
     * Queues the scalars of step {@code step}.
     *
     * @param step from 1
     * @param rate learning rate
     * @param mean how far the running mean moves towards the weights: 1 less its decay
     */
    public static void assign(Stream stream, DeviceBuffer control, long step, double rate, double mean, Rule rule) {
        Arguments arguments = new Arguments(ASSIGN)
                .buffer(control)
                .f64(step)
                .f64(rate)
                .f64(correction(rule.beta1(), step))
                .f64(correction(rule.beta2(), step))
                .f64(mean);
        stream.launch(stream.device().kernel(ASSIGN), LaunchShape.linear(1, 1), arguments);
    }

    /**
     * Queues the judgement of a step, from sums: its loss, the norm of its gradient, whether it counts.
     *
     * @param sums F32: the sum of the losses of the rows, then the sums of squares of {@code parts} parts of the gradient
     * @param scale of the loss: 1 / batch
     * @param clip the most the gradient's norm may be; 0 for no limit
     * @param history F32, {@code 2 n}: loss of step k at {@code (k - 1) mod n}, norm at {@code n +} that
     */
    public static void judge(
            Stream stream,
            DeviceBuffer control,
            DeviceBuffer sums,
            int parts,
            double scale,
            double clip,
            DeviceBuffer history) {
        if (parts < 1 || sums.count() < 1 + parts || history.count() < 2) {
            throw new IllegalArgumentException(
                    "parts must be positive and the sums " + (1 + parts) + ", got " + parts + " and " + sums.count());
        }
        Arguments arguments = new Arguments(JUDGE)
                .buffer(control)
                .buffer(sums)
                .i32(parts)
                .f64(scale)
                .f64(clip)
                .buffer(history)
                .i32((int) (history.count() / 2));
        stream.launch(stream.device().kernel(JUDGE), LaunchShape.linear(1, 1), arguments);
    }

    /**
     * Queues the update of {@code count} elements from {@code at} of five buffers of one layout.
     *
     * @param mean the running mean of the weights
     */
    public static void update(
            Stream stream,
            DeviceBuffer control,
            long at,
            long count,
            DeviceBuffer weights,
            DeviceBuffer gradients,
            DeviceBuffer first,
            DeviceBuffer second,
            DeviceBuffer mean,
            Rule rule) {
        for (DeviceBuffer buffer : new DeviceBuffer[] {weights, gradients, first, second, mean}) {
            if (at < 0 || count < 0 || count > buffer.count() - at) {
                throw new IllegalArgumentException(
                        count + " elements from " + at + " do not fit a buffer of " + buffer.count());
            }
        }
        Arguments arguments = new Arguments(UPDATE)
                .buffer(weights, at)
                .buffer(gradients, at)
                .buffer(first, at)
                .buffer(second, at)
                .buffer(mean, at)
                .buffer(control)
                .i64(count)
                .f32((float) (1 - rule.beta1()))
                .f32((float) (1 - rule.beta2()))
                .f32((float) rule.epsilon())
                .f32((float) rule.decay());
        stream.launch(stream.device().kernel(UPDATE), Grid.items(count, 256), arguments);
    }
}
