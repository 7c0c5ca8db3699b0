package org.tweedie.kernels.host.vector;

import java.util.Arrays;
import org.tweedie.kernels.Activation;

/** Activations and their slopes over whole vectors, run by run; scratch of one thread. */
final class VectorCurve {
    /** Elements of a run: it and its scratch stay in the nearest cache. */
    private static final int RUN = 1024;

    private static final Activation[] ACTIVATIONS = Activation.values();

    private final float[] e = new float[RUN];
    private final float[] f = new float[RUN];

    /** {@code out = act(x)}; {@code count} is whole vectors. */
    void activate(int activation, float[] x, int at, float[] out, int outAt, int count) {
        for (int j = 0; j < count; j += RUN) {
            run(ACTIVATIONS[activation], x, at + j, out, outAt + j, Math.min(RUN, count - j));
        }
    }

    private void run(Activation activation, float[] x, int at, float[] out, int outAt, int count) {
        switch (activation) {
            case IDENTITY -> System.arraycopy(x, at, out, outAt, count);
            case SILU -> VectorApprox.silu(x, at, out, outAt, count);
            case SIN -> VectorApprox.sin(x, at, 0, out, outAt, count);
            case TANH -> {
                VectorApprox.expTwice(x, at, e, count);
                VectorApprox.tanh(x, at, e, out, outAt, count);
            }
            case RELU -> VectorApprox.relu(x, at, out, outAt, count);
            case SOFTPLUS -> {
                VectorApprox.negated(x, at, e, count);
                VectorApprox.exp(e, count);
                VectorApprox.softplus(x, at, e, out, outAt, count);
            }
            case GELU -> {
                normalLaw(x, at, count);
                VectorApprox.product(x, at, f, out, outAt, count);
            }
        }
    }

    /** e = e^{-x^2/2}, f = Phi(x). */
    private void normalLaw(float[] x, int at, int count) {
        VectorApprox.halfSquare(x, at, e, count);
        VectorApprox.exp(e, count);
        VectorApprox.tail(x, at, e, f, count);
        VectorApprox.normalCdf(x, at, f, count);
    }

    /** {@code out = d act'(pre)}; {@code count} is whole vectors. */
    void slope(int activation, float[] pre, int at, float[] d, int dAt, float[] out, int outAt, int count) {
        for (int j = 0; j < count; j += RUN) {
            int some = Math.min(RUN, count - j);
            slope(ACTIVATIONS[activation], pre, at + j, some);
            VectorApprox.product(d, dAt + j, e, out, outAt + j, some);
        }
    }

    /** {@code out = act(x)} and {@code x = act'(x)}, which share their exponentials where that is much; {@code count} is whole vectors. */
    void both(int activation, float[] x, int at, float[] out, int outAt, int count) {
        if (activation == Activation.SILU.code()) {
            VectorApprox.siluAndSlope(x, at, out, outAt, count);
            return;
        }
        for (int j = 0; j < count; j += RUN) {
            int some = Math.min(RUN, count - j);
            run(ACTIVATIONS[activation], x, at + j, out, outAt + j, some);
            slope(ACTIVATIONS[activation], x, at + j, some);
            System.arraycopy(e, 0, x, at + j, some);
        }
    }

    /** e = act'(x). */
    private void slope(Activation activation, float[] x, int at, int count) {
        switch (activation) {
            case IDENTITY -> Arrays.fill(e, 0, count, 1f);
            case SILU -> {
                VectorApprox.decay(x, at, e, count);
                VectorApprox.siluSlope(x, at, e, count);
            }
            case SIN -> VectorApprox.sin(x, at, 1, e, 0, count);
            case TANH -> {
                VectorApprox.expTwice(x, at, e, count);
                VectorApprox.tanh(x, at, e, e, 0, count);
                VectorApprox.tanhSlope(e, count);
            }
            case RELU -> VectorApprox.reluSlope(x, at, e, count);
            case SOFTPLUS -> {
                VectorApprox.decay(x, at, e, count);
                VectorApprox.sigmoid(x, at, e, count);
            }
            case GELU -> {
                normalLaw(x, at, count);
                VectorApprox.geluSlope(x, at, e, f, count);
            }
        }
    }
}
