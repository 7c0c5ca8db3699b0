package org.tweedie.kernels;

/**
 * The gradient of the squared loss of a multilayer perceptron in double, and a bound of what {@link TrainMlp} may differ from it, carried along
 * forward and back. With r = 2^-8 the unit roundoff of bf16, s = 2^-133 its smallest step, u = 2^-24, k terms, e the error of what stands
 * before it:
 *
 * <pre>
 *   forward   as MlpError; features and their weights are rounded:  (2 r + r^2) |f t|
 *   slope     L' e + its own + r |p|       L' the Lipschitz constant of the slope; for ReLU 1 where the sign may turn
 *   cotangent c e + 4 u |d| + r |d|        d = c (out - target), c = 2 scale w
 *   back      e |w| (1 + r) + r |d w| + 2 (k + 2) u |d w|, then r |dh|
 *   d         e_dh |p| + (|dh| + e_dh) e_p, then r |d|
 *   loss      w (2 |out - target| + e) e
 *   gradient  sum over rows of |x| e_d + e_x (|d| + e_d), and 2 (k + 2) u sum |x d|
 * </pre>
 */
final class MlpGradientError {
    private static final double R = 0x1p-8;
    private static final double STEP = 0x1p-133;
    private static final double U = 0x1p-24;
    private static final double TANH = 0x1p-11;

    /** What of a network matters here. */
    record Layers(
            int outputs, int width, int depth, Activation activation, boolean residual, int[] places, int parameters) {
        static Layers of(TrainMlpShape shape) {
            MlpShape mlp = shape.mlp();
            return new Layers(
                    mlp.outputs(),
                    mlp.width(),
                    mlp.depth(),
                    mlp.activation(),
                    mlp.residual(),
                    shape.places(),
                    shape.parameters());
        }

        static Layers of(TrainStepsShape shape) {
            return new Layers(
                    shape.outputs(),
                    shape.width(),
                    shape.depth(),
                    shape.activation(),
                    shape.residual(),
                    shape.places(),
                    shape.parameters());
        }
    }

    private final Layers mlp;
    private final float[] parameters;
    final double[] gradient;
    final double[] error;
    private final double[] sizes;
    private int rows;
    private double lossBound;

    MlpGradientError(Layers mlp, float[] parameters) {
        this.mlp = mlp;
        this.parameters = parameters;
        this.gradient = new double[mlp.parameters()];
        this.error = new double[mlp.parameters()];
        this.sizes = new double[mlp.parameters()];
    }

    /** A number with what it may be off; of a vector. */
    private record Near(double[] value, double[] error) {
        Near(int width) {
            this(new double[width], new double[width]);
        }

        Near rounded() {
            for (int i = 0; i < value.length; i++) {
                error[i] += (R + 2 * U) * (Math.abs(value[i]) + error[i]) + STEP;
            }
            return this;
        }
    }

    private double at(int layer, int what, int index) {
        return parameters[mlp.places()[3 * layer + what] + index];
    }

    /** Adds a row; its loss. */
    double row(float[] x, float[] features, float[] target, double weight, double scale) {
        int depth = mlp.depth();
        Near in = new Near(x.length);
        for (int c = 0; c < x.length; c++) {
            in.value[c] = x[c];
            in.error[c] = 3 * R * R * Math.abs(x[c]) + STEP;
        }
        Near time = new Near(features.length);
        for (int k = 0; k < features.length; k++) {
            time.value[k] = features[k];
        }
        time.rounded();
        Near[] h = new Near[depth + 1];
        Near[] slopes = new Near[depth];
        h[0] = in;
        for (int l = 0; l < depth; l++) {
            Near z = new Near(mlp.width());
            for (int j = 0; j < mlp.width(); j++) {
                double[] sum = {at(l, 2, j), 0, Math.abs(at(l, 2, j))};
                add(sum, h[l], l, 0, mlp.width(), j, l == 0);
                add(sum, time, l, 1, mlp.width(), j, false);
                z.value[j] = sum[0];
                z.error[j] = sum[1] + 2 * (h[l].value.length + time.value.length + 18) * U * sum[2];
            }
            h[l + 1] = new Near(mlp.width());
            slopes[l] = new Near(mlp.width());
            for (int j = 0; j < mlp.width(); j++) {
                double v = z.value[j];
                double off = z.error[j];
                h[l + 1].value[j] = MlpError.activate(mlp.activation(), v);
                h[l + 1].error[j] = 1.13 * off + MlpError.own(mlp.activation(), false, Math.abs(v) + off);
                slopes[l].value[j] = slope(v);
                slopes[l].error[j] = lipschitz(v, off) + ownSlope(Math.abs(v) + off);
                if (l > 0 && mlp.residual()) {
                    h[l + 1].value[j] += h[l].value[j];
                    h[l + 1].error[j] +=
                            h[l].error[j] + 2 * U * (Math.abs(h[l + 1].value[j]) + h[l + 1].error[j] + h[l].error[j]);
                }
            }
            h[l + 1].rounded();
            slopes[l].rounded();
        }
        Near d = new Near(mlp.outputs());
        double loss = 0;
        lossBound = 0;
        double factor = 2 * scale * weight;
        for (int j = 0; j < mlp.outputs(); j++) {
            double[] sum = {at(depth, 2, j), 0, Math.abs(at(depth, 2, j))};
            add(sum, h[depth], depth, 0, mlp.outputs(), j, false);
            double off = sum[1] + 2 * (mlp.width() + 2) * U * sum[2];
            double difference = sum[0] - target[j];
            loss += weight * difference * difference;
            off += 2 * U * (Math.abs(difference) + off + Math.abs(target[j]));
            lossBound += weight * (2 * Math.abs(difference) + off) * off * (1 + 40 * U)
                    + 40 * U * weight * difference * difference;
            d.value[j] = factor * difference;
            d.error[j] = Math.abs(factor) * (off + 4 * U * (Math.abs(difference) + off + Math.abs(target[j])));
        }
        d.rounded();
        gradients(depth, h[depth], null, d);
        Near dh = null;
        for (int l = depth - 1; l >= 0; l--) {
            Near next = new Near(mlp.width());
            for (int i = 0; i < mlp.width(); i++) {
                double size = 0;
                for (int j = 0; j < d.value.length; j++) {
                    double w = at(l + 1, 0, i * d.value.length + j);
                    double there = Math.abs(d.value[j]) + d.error[j];
                    next.value[i] += d.value[j] * w;
                    next.error[i] += d.error[j] * Math.abs(w) * (1 + R) + R * there * Math.abs(w) + STEP * there;
                    size += there * Math.abs(w) * (1 + R);
                }
                next.error[i] += 2 * (d.value.length + 2) * U * size;
                if (dh != null && mlp.residual()) {
                    next.value[i] += dh.value[i];
                    next.error[i] += dh.error[i] + 2 * U * (Math.abs(next.value[i]) + next.error[i] + dh.error[i]);
                }
            }
            dh = next.rounded();
            d = new Near(mlp.width());
            for (int i = 0; i < mlp.width(); i++) {
                double p = slopes[l].value[i];
                d.value[i] = dh.value[i] * p;
                d.error[i] = dh.error[i] * Math.abs(p)
                        + (Math.abs(dh.value[i]) + dh.error[i]) * slopes[l].error[i]
                        + 2 * U * Math.abs(d.value[i]);
            }
            d.rounded();
            gradients(l, h[l], time, d);
        }
        rows++;
        return loss;
    }

    private void add(double[] sum, Near x, int layer, int what, int width, int j, boolean first) {
        for (int k = 0; k < x.value.length; k++) {
            double w = at(layer, what, k * width + j);
            double there = Math.abs(x.value[k]) + x.error[k];
            sum[0] += x.value[k] * w;
            sum[1] += x.error[k] * Math.abs(w) * (1 + R)
                    + (first
                            ? 3 * R * R * there * Math.abs(w) + STEP * (there + Math.abs(w) + STEP)
                            : R * there * Math.abs(w) + STEP * there);
            sum[2] += there * Math.abs(w) * (1 + 4 * R);
        }
    }

    private void gradients(int layer, Near x, Near time, Near d) {
        int width = d.value.length;
        int[] places = mlp.places();
        for (int j = 0; j < width; j++) {
            for (int k = 0; k < x.value.length; k++) {
                product(places[3 * layer] + k * width + j, x.value[k], x.error[k], d.value[j], d.error[j]);
            }
            for (int k = 0; time != null && k < time.value.length; k++) {
                product(places[3 * layer + 1] + k * width + j, time.value[k], time.error[k], d.value[j], d.error[j]);
            }
            product(places[3 * layer + 2] + j, 1, 0, d.value[j], d.error[j]);
        }
    }

    private void product(int at, double x, double xError, double d, double dError) {
        gradient[at] += x * d;
        error[at] += Math.abs(x) * dError + xError * (Math.abs(d) + dError);
        sizes[at] += (Math.abs(x) + xError) * (Math.abs(d) + dError);
    }

    /** What the loss of the last row may be off. */
    double lossBound() {
        return lossBound;
    }

    /** What parameter i's gradient may be off. */
    double bound(int i) {
        return error[i] + 2 * (rows + 66) * U * sizes[i];
    }

    private double slope(double x) {
        double sigmoid = 1 / (1 + StrictMath.exp(-x));
        return switch (mlp.activation()) {
            case IDENTITY -> 1;
            case SILU -> sigmoid * (1 + x * (1 - sigmoid));
            case SIN -> StrictMath.cos(x);
            case TANH -> 1 - StrictMath.pow(StrictMath.tanh(x), 2);
            case RELU -> x > 0 ? 1 : 0;
            case SOFTPLUS -> sigmoid;
            case GELU -> MlpError.normal(x) + x * StrictMath.exp(-x * x / 2) / StrictMath.sqrt(2 * Math.PI);
        };
    }

    private double lipschitz(double x, double off) {
        return switch (mlp.activation()) {
            case IDENTITY -> 0;
            case SILU -> 0.5 * off;
            case SIN -> off;
            case TANH, GELU -> 0.8 * off;
            case RELU -> Math.abs(x) <= off ? 1 : 0;
            case SOFTPLUS -> 0.25 * off;
        };
    }

    /** What the kernel's slope may be off at an argument of this size: through tanh where there is one; the fit of GELU beside it. */
    private double ownSlope(double size) {
        return 8 * U * (1 + size)
                + switch (mlp.activation()) {
                    case IDENTITY, RELU -> 0;
                    case SILU -> TANH * (1 + size) / 2;
                    case TANH -> 2 * TANH;
                    case GELU -> TANH / 2 + 1e-4;
                    case SIN -> 0x1p-20;
                    case SOFTPLUS -> TANH / 2;
                };
    }
}
