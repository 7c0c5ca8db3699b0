package org.tweedie.kernels.host;

/** An activation and its slope at one point, by code (kernels/score/activation.cuh). */
final class Curve {
    static final int IDENTITY = 0;
    static final int SILU = 1;
    static final int SIN = 2;
    static final int TANH = 3;
    static final int RELU = 4;
    static final int SOFTPLUS = 5;
    static final int GELU = 6;

    private Curve() {}

    static float value(int activation, float x) {
        return switch (activation) {
            case IDENTITY -> x;
            case SILU -> Approx.silu(x);
            case SIN -> Approx.sin(x);
            case TANH -> Approx.tanh(x);
            case RELU -> relu(x);
            case SOFTPLUS -> Approx.softplus(x);
            case GELU -> Approx.gelu(x);
            default -> throw unknown(activation);
        };
    }

    static float slope(int activation, float x) {
        return switch (activation) {
            case IDENTITY -> 1f;
            case SILU -> Approx.siluSlope(x);
            case SIN -> Approx.cos(x);
            case TANH -> Approx.tanhSlope(Approx.tanh(x));
            case RELU -> x > 0f ? 1f : 0f;
            case SOFTPLUS -> Approx.sigmoid(x);
            case GELU -> Approx.geluSlope(x);
            default -> throw unknown(activation);
        };
    }

    static float curvature(int activation, float x) {
        return switch (activation) {
            case IDENTITY, RELU -> 0f;
            case SILU -> Approx.siluCurvature(x);
            case SIN -> -Approx.sin(x);
            case TANH -> {
                float y = Approx.tanh(x);
                yield -2.0f * y * Approx.tanhSlope(y);
            }
            case SOFTPLUS -> Approx.sigmoidSlope(x);
            case GELU -> Approx.geluCurvature(x);
            default -> throw unknown(activation);
        };
    }

    /** Written so that a NaN stays one: a blow-up must be seen. */
    private static float relu(float x) {
        return x < 0f ? 0f : x;
    }

    static IllegalArgumentException unknown(int activation) {
        return new IllegalArgumentException("unknown activation code " + activation);
    }
}
