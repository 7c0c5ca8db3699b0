package org.tweedie.kernels;

import java.util.List;
import org.tweedie.device.Element;

/**
 * A multilayer perceptron in double, and a bound of what {@link TrajectoryMlp} may differ from it, carried along from layer to layer. With r
 * the unit roundoff of the operands (2^-11, bf16 2^-8), s their smallest step (f16 2^-24, bf16 2^-133), u = 2^-24, k terms:
 *
 * <pre>
 *   sums     2 (k + 2) u sum |x w|         as MixedLinearTest; products of 16-bit numbers are exact in f32
 *   inputs   x = hi + lo and W = hi + lo:  3 r^2 |x w| + s (|x| + |w| + s)
 *   weights  r |h w| + s |h|               of layers after the first
 *   carried  e |w| (1 + r)                 e the error of h
 *   act      L e, and its own error        L its Lipschitz constant; errors as activation_fast.cuh and activation_close.cuh state them
 *   h        r |h| + s                     rounded for the next layer
 *   x3       r = 2^-11, s = 2^-35 (the low part's step over 2^11): all layers as the inputs, and h is not rounded; the second sum
 *            of 2 k terms adds 4 k u 2^-10 sum |x w|, and one rounding puts it to the first
 * </pre>
 */
final class MlpError {
    private static final double U = 0x1p-24;

    private final MlpShape shape;
    private final double r;
    private final double step;
    private final boolean split;
    private final List<float[]> layers;
    private final float[] biases;
    private final float[] outBias;

    /** Outputs and what each may be off. */
    record Bounded(double[] value, double[] error) {}

    MlpError(MlpShape shape, List<float[]> layers, float[] biases, float[] outBias) {
        this.shape = shape;
        boolean half = shape.operands().element() == Element.F16;
        this.split = shape.operands() == Operands.F16X3;
        this.r = half ? 0x1p-11 : 0x1p-8;
        this.step = split ? 0x1p-35 : half ? 0x1p-24 : 0x1p-133;
        this.layers = layers;
        this.biases = biases;
        this.outBias = outBias;
    }

    /** @param inputError of each input */
    Bounded of(double[] x, double[] inputError, int biasAt) {
        double[] h = x;
        double[] e = inputError;
        for (int l = 0; l < shape.depth(); l++) {
            Bounded z = product(h, e, layers.get(l), shape.width(), biases, biasAt + l * shape.width(), l == 0);
            double[] next = new double[shape.width()];
            double[] nextError = new double[shape.width()];
            for (int j = 0; j < next.length; j++) {
                double at = z.value[j];
                double off = z.error[j];
                next[j] = activate(shape.activation(), at);
                nextError[j] = 1.13 * off + own(shape.activation(), split, Math.abs(at) + off);
                if (l > 0 && shape.residual()) {
                    next[j] += h[j];
                    nextError[j] += e[j] + 2 * U * (Math.abs(next[j]) + nextError[j] + e[j]);
                }
                nextError[j] += ((split ? 0 : r) + 2 * U) * (Math.abs(next[j]) + nextError[j]) + step;
            }
            h = next;
            e = nextError;
        }
        return product(h, e, layers.get(shape.depth()), shape.outputs(), outBias, 0, false);
    }

    private Bounded product(double[] h, double[] e, float[] w, int width, float[] bias, int at, boolean first) {
        double[] value = new double[width];
        double[] error = new double[width];
        int terms = first && !split ? 16 * ((h.length + 3) / 4) : h.length + (split ? 1 : 0);
        for (int j = 0; j < width; j++) {
            double sum = bias[at + j];
            double size = Math.abs(sum);
            double off = 0;
            for (int k = 0; k < h.length; k++) {
                double weight = w[k * width + j];
                sum += h[k] * weight;
                double there = Math.abs(h[k]) + e[k];
                size += there * Math.abs(weight) * (1 + 4 * r);
                off += e[k] * Math.abs(weight) * (1 + r);
                off += first || split
                        ? 3 * r * r * there * Math.abs(weight) + step * (there + Math.abs(weight) + step)
                        : r * there * Math.abs(weight) + step * there;
            }
            value[j] = sum;
            error[j] = off + 2 * (terms + 2) * U * size + (split ? 4 * terms * U * 0x1p-10 * size : 0);
        }
        return new Bounded(value, error);
    }

    /** What the kernel's activation may be off at an argument of this size. */
    static double own(Activation activation, boolean split, double size) {
        double tanh = 0x1p-11;
        return 4 * U * size
                + switch (activation) {
                    case IDENTITY, RELU -> 0;
                    case SILU -> split ? 0x1p-22 * (0.6 + size) : size * tanh / 2;
                    case TANH -> split ? 0x1p-22 : tanh;
                    case GELU -> split ? 0x1p-21 * (1 + size) : size * tanh / 2 + 2.6e-5;
                    case SIN -> split ? 0x1p-22 : 0x1p-20;
                    case SOFTPLUS -> split ? 0x1p-22 * (1 + size) : 0x1p-21;
                };
    }

    static double activate(Activation activation, double x) {
        return switch (activation) {
            case IDENTITY -> x;
            case SILU -> x / (1 + StrictMath.exp(-x));
            case SIN -> StrictMath.sin(x);
            case TANH -> StrictMath.tanh(x);
            case RELU -> Math.max(x, 0);
            case SOFTPLUS -> Math.max(x, 0) + StrictMath.log1p(StrictMath.exp(-Math.abs(x)));
            case GELU -> x * normal(x);
        };
    }

    /** The normal distribution function, by its series or continued fraction. */
    static double normal(double x) {
        double a = Math.abs(x);
        double tail;
        if (a < 3) {
            double term = a;
            double sum = a;
            for (int i = 1; i < 80; i++) {
                term *= a * a / (2 * i + 1);
                sum += term;
            }
            tail = 0.5 - sum * StrictMath.exp(-a * a / 2) / StrictMath.sqrt(2 * Math.PI);
        } else {
            double fraction = a;
            for (int i = 60; i > 0; i--) {
                fraction = a + i / fraction;
            }
            tail = StrictMath.exp(-a * a / 2) / StrictMath.sqrt(2 * Math.PI) / fraction;
        }
        return x < 0 ? tail : 1 - tail;
    }
}
