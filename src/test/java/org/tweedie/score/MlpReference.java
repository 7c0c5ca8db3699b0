package org.tweedie.score;

import java.util.List;
import org.apache.commons.statistics.distribution.NormalDistribution;
import org.tweedie.kernels.Activation;

/**
 * The formula of {@link Mlp} in double, one row at a time, with the bound of what the same sums in f32 may differ by:
 * first-order running error analysis, u = 2^-24 for each operation. Shares nothing with the network but tensor names.
 */
final class MlpReference {
    private static final double U = 0x1p-24;
    /** Activations, their slopes and the features, as computed in f32: units of U, absolute where the value is below 1. */
    private static final double FUNCTION = 8 * U;

    private final Mlp mlp;
    private final List<Parameters.Tensor> tensors;
    final double[] weights;
    private final int outputs;
    private final int features;

    /** Sums over rows of cotangent times output's gradient, and its error in f32. */
    final double[] gradient;

    final double[] gradientError;

    MlpReference(Mlp mlp, int outputs, List<Parameters.Tensor> tensors, double[] weights) {
        this.mlp = mlp;
        this.outputs = outputs;
        this.tensors = tensors;
        this.weights = weights;
        this.features = 2 * mlp.time().count();
        this.gradient = new double[weights.length];
        this.gradientError = new double[weights.length];
    }

    private int at(String name) {
        for (Parameters.Tensor tensor : tensors) {
            if (tensor.name().equals(name)) {
                return (int) tensor.offset();
            }
        }
        throw new AssertionError(name);
    }

    /** A vector with the bound of its error. */
    record Values(double[] v, double[] e) {
        Values(int n) {
            this(new double[n], new double[n]);
        }
    }

    /** What a row leaves behind for the way back. */
    final class Row {
        final Values f = new Values(features);
        final Values[] h = new Values[mlp.depth() + 1];
        final Values[] pre = new Values[mlp.depth()];
        final Values out = new Values(outputs);
        Values dx = new Values(0);
        double nearestKink = Double.POSITIVE_INFINITY;

        Row(double[] x, double t) {
            int n = features / 2;
            int frequencies = at("time.frequencies");
            for (int k = 0; k < n; k++) {
                double angle = 2 * Math.PI * (weights[frequencies + k] * t);
                f.v[k] = StrictMath.sin(angle);
                f.v[n + k] = StrictMath.cos(angle);
                f.e[k] = FUNCTION;
                f.e[n + k] = FUNCTION;
            }
            h[0] = new Values(x, new double[x.length]);
            for (int l = 0; l < mlp.depth(); l++) {
                pre[l] = new Values(mlp.width());
                h[l + 1] = new Values(mlp.width());
                add(at("layer." + l + ".bias"), pre[l]);
                product(f, at("time." + l + ".weight"), pre[l]);
                product(h[l], at("layer." + l + ".weight"), pre[l]);
                for (int j = 0; j < mlp.width(); j++) {
                    double p = pre[l].v[j];
                    nearestKink = Math.min(nearestKink, Math.abs(p));
                    h[l + 1].v[j] = value(p);
                    h[l + 1].e[j] = Math.abs(slope(p)) * pre[l].e[j]
                            + FUNCTION * Math.max(Math.abs(value(p)), Math.min(1, Math.abs(p)));
                    if (mlp.residual() && l > 0) {
                        h[l + 1].v[j] += h[l].v[j];
                        h[l + 1].e[j] += h[l].e[j] + U * Math.abs(h[l + 1].v[j]);
                    }
                }
            }
            add(at("out.bias"), out);
            product(h[mlp.depth()], at("out.weight"), out);
        }

        private void add(int bias, Values into) {
            for (int j = 0; j < into.v.length; j++) {
                into.v[j] += weights[bias + j];
            }
        }

        /** into += x W; every partial sum is rounded. */
        private void product(Values x, int w, Values into) {
            int width = into.v.length;
            for (int i = 0; i < x.v.length; i++) {
                for (int j = 0; j < width; j++) {
                    double weight = weights[w + i * width + j];
                    into.v[j] += x.v[i] * weight;
                    into.e[j] += x.e[i] * Math.abs(weight) + U * Math.abs(into.v[j]);
                }
            }
        }

        /** Adds this row's share of the gradient of the inner product of out with the cotangent; fills dx. */
        void backward(double[] cotangent) {
            Values d = new Values(cotangent, new double[outputs]);
            outer(h[mlp.depth()], d, at("out.weight"), at("out.bias"));
            Values dh = transposed(d, at("out.weight"), mlp.width());
            for (int l = mlp.depth() - 1; l >= 0; l--) {
                Values dPre = new Values(mlp.width());
                for (int j = 0; j < mlp.width(); j++) {
                    double s = slope(pre[l].v[j]);
                    dPre.v[j] = dh.v[j] * s;
                    dPre.e[j] = dh.e[j] * Math.abs(s)
                            + Math.abs(dh.v[j]) * (curvature() * pre[l].e[j] + 2 * FUNCTION)
                            + U * Math.abs(dPre.v[j]);
                }
                outer(h[l], dPre, at("layer." + l + ".weight"), at("layer." + l + ".bias"));
                outer(f, dPre, at("time." + l + ".weight"), -1);
                Values below = transposed(dPre, at("layer." + l + ".weight"), h[l].v.length);
                if (mlp.residual() && l > 0) {
                    for (int j = 0; j < mlp.width(); j++) {
                        below.v[j] += dh.v[j];
                        below.e[j] += dh.e[j] + mlp.width() * U * Math.abs(dh.v[j]);
                    }
                }
                dh = below;
            }
            dx = dh;
        }

        private void outer(Values x, Values d, int w, int bias) {
            int width = d.v.length;
            for (int i = 0; i < x.v.length; i++) {
                for (int j = 0; j < width; j++) {
                    gather(w + i * width + j, x.v[i] * d.v[j], Math.abs(x.v[i]) * d.e[j] + Math.abs(d.v[j]) * x.e[i]);
                }
            }
            for (int j = 0; bias >= 0 && j < width; j++) {
                gather(bias + j, d.v[j], d.e[j]);
            }
        }

        private void gather(int at, double value, double error) {
            gradient[at] += value;
            // a row's sum is rounded when it is added and once more when the chunks meet
            gradientError[at] += error + 2 * U * (Math.abs(gradient[at]) + Math.abs(value));
        }

        private Values transposed(Values d, int w, int in) {
            Values dx = new Values(in);
            int width = d.v.length;
            for (int i = 0; i < in; i++) {
                for (int j = 0; j < width; j++) {
                    double weight = weights[w + i * width + j];
                    dx.v[i] += d.v[j] * weight;
                    dx.e[i] += d.e[j] * Math.abs(weight) + U * Math.abs(dx.v[i]);
                }
            }
            return dx;
        }
    }

    private double value(double x) {
        return switch (mlp.activation()) {
            case IDENTITY -> x;
            case SILU -> x * sigmoid(x);
            case SIN -> StrictMath.sin(x);
            case TANH -> StrictMath.tanh(x);
            case RELU -> Math.max(x, 0);
            case SOFTPLUS -> Math.max(x, 0) + StrictMath.log1p(StrictMath.exp(-Math.abs(x)));
            case GELU -> x * NormalDistribution.of(0, 1).cumulativeProbability(x);
        };
    }

    private double slope(double x) {
        return switch (mlp.activation()) {
            case IDENTITY -> 1;
            case SILU -> sigmoid(x) * (1 + x * (1 - sigmoid(x)));
            case SIN -> StrictMath.cos(x);
            case TANH -> 1 - StrictMath.tanh(x) * StrictMath.tanh(x);
            case RELU -> x > 0 ? 1 : 0;
            case SOFTPLUS -> sigmoid(x);
            case GELU ->
                NormalDistribution.of(0, 1).cumulativeProbability(x)
                        + x * NormalDistribution.of(0, 1).density(x);
        };
    }

    /** A bound of the second derivative. */
    private double curvature() {
        return mlp.activation() == Activation.RELU || mlp.activation() == Activation.IDENTITY ? 0 : 1;
    }

    private static double sigmoid(double x) {
        return 1 / (1 + StrictMath.exp(-x));
    }
}
