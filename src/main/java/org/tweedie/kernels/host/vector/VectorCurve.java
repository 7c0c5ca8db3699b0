package org.tweedie.kernels.host.vector;

import static org.tweedie.kernels.host.vector.VectorApprox.*;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.tweedie.kernels.Activation;

/** Activations and their slopes over whole vectors; each method returns how many elements it did. One loop each, so that each compiles well. */
final class VectorCurve {
    private static final VectorSpecies<Float> S = VectorProduct.S;
    private static final int L = VectorProduct.L;
    private static final Activation[] ACTIVATIONS = Activation.values();

    private VectorCurve() {}

    static int activate(int activation, float[] x, int at, float[] out, int outAt, int count) {
        int whole = S.loopBound(count);
        switch (ACTIVATIONS[activation]) {
            case IDENTITY -> {
                return 0;
            }
            case SILU -> siluLoop(x, at, out, outAt, whole);
            case SIN -> sinLoop(x, at, out, outAt, whole);
            case TANH -> tanhLoop(x, at, out, outAt, whole);
            case RELU -> reluLoop(x, at, out, outAt, whole);
            case SOFTPLUS -> softplusLoop(x, at, out, outAt, whole);
            case GELU -> geluLoop(x, at, out, outAt, whole);
        }
        return whole;
    }

    private static void siluLoop(float[] x, int at, float[] out, int outAt, int whole) {
        for (int j = 0; j < whole; j += L) {
            FloatVector v = FloatVector.fromArray(S, x, at + j);
            v.mul(sigmoid(v)).intoArray(out, outAt + j);
        }
    }

    private static void sinLoop(float[] x, int at, float[] out, int outAt, int whole) {
        for (int j = 0; j < whole; j += L) {
            radians(FloatVector.fromArray(S, x, at + j), 0).intoArray(out, outAt + j);
        }
    }

    private static void tanhLoop(float[] x, int at, float[] out, int outAt, int whole) {
        for (int j = 0; j < whole; j += L) {
            tanh(FloatVector.fromArray(S, x, at + j)).intoArray(out, outAt + j);
        }
    }

    private static void reluLoop(float[] x, int at, float[] out, int outAt, int whole) {
        FloatVector zero = FloatVector.zero(S);
        for (int j = 0; j < whole; j += L) {
            FloatVector v = FloatVector.fromArray(S, x, at + j);
            v.blend(zero, v.compare(VectorOperators.LT, zero)).intoArray(out, outAt + j);
        }
    }

    private static void softplusLoop(float[] x, int at, float[] out, int outAt, int whole) {
        for (int j = 0; j < whole; j += L) {
            softplus(FloatVector.fromArray(S, x, at + j)).intoArray(out, outAt + j);
        }
    }

    private static void geluLoop(float[] x, int at, float[] out, int outAt, int whole) {
        for (int j = 0; j < whole; j += L) {
            gelu(FloatVector.fromArray(S, x, at + j)).intoArray(out, outAt + j);
        }
    }

    static int slope(int activation, float[] pre, int at, float[] d, int dAt, float[] out, int outAt, int count) {
        int whole = S.loopBound(count);
        switch (ACTIVATIONS[activation]) {
            case IDENTITY -> {
                return 0;
            }
            case SILU -> siluSlopeLoop(pre, at, d, dAt, out, outAt, whole);
            case SIN -> sinSlopeLoop(pre, at, d, dAt, out, outAt, whole);
            case TANH -> tanhSlopeLoop(pre, at, d, dAt, out, outAt, whole);
            case RELU -> reluSlopeLoop(pre, at, d, dAt, out, outAt, whole);
            case SOFTPLUS -> softplusSlopeLoop(pre, at, d, dAt, out, outAt, whole);
            case GELU -> geluSlopeLoop(pre, at, d, dAt, out, outAt, whole);
        }
        return whole;
    }

    private static void siluSlopeLoop(float[] pre, int at, float[] d, int dAt, float[] out, int outAt, int whole) {
        for (int j = 0; j < whole; j += L) {
            FloatVector slope = siluSlope(FloatVector.fromArray(S, pre, at + j));
            FloatVector.fromArray(S, d, dAt + j).mul(slope).intoArray(out, outAt + j);
        }
    }

    private static void sinSlopeLoop(float[] pre, int at, float[] d, int dAt, float[] out, int outAt, int whole) {
        for (int j = 0; j < whole; j += L) {
            FloatVector slope = radians(FloatVector.fromArray(S, pre, at + j), 1);
            FloatVector.fromArray(S, d, dAt + j).mul(slope).intoArray(out, outAt + j);
        }
    }

    private static void tanhSlopeLoop(float[] pre, int at, float[] d, int dAt, float[] out, int outAt, int whole) {
        FloatVector one = FloatVector.broadcast(S, 1f);
        for (int j = 0; j < whole; j += L) {
            FloatVector y = tanh(FloatVector.fromArray(S, pre, at + j));
            FloatVector.fromArray(S, d, dAt + j).mul(y.neg().fma(y, one)).intoArray(out, outAt + j);
        }
    }

    private static void reluSlopeLoop(float[] pre, int at, float[] d, int dAt, float[] out, int outAt, int whole) {
        FloatVector zero = FloatVector.zero(S);
        FloatVector one = FloatVector.broadcast(S, 1f);
        for (int j = 0; j < whole; j += L) {
            FloatVector slope = zero.blend(one, FloatVector.fromArray(S, pre, at + j).compare(VectorOperators.GT, zero));
            FloatVector.fromArray(S, d, dAt + j).mul(slope).intoArray(out, outAt + j);
        }
    }

    private static void softplusSlopeLoop(float[] pre, int at, float[] d, int dAt, float[] out, int outAt, int whole) {
        for (int j = 0; j < whole; j += L) {
            FloatVector slope = sigmoid(FloatVector.fromArray(S, pre, at + j));
            FloatVector.fromArray(S, d, dAt + j).mul(slope).intoArray(out, outAt + j);
        }
    }

    private static void geluSlopeLoop(float[] pre, int at, float[] d, int dAt, float[] out, int outAt, int whole) {
        for (int j = 0; j < whole; j += L) {
            FloatVector slope = geluSlope(FloatVector.fromArray(S, pre, at + j));
            FloatVector.fromArray(S, d, dAt + j).mul(slope).intoArray(out, outAt + j);
        }
    }
}
