package org.tweedie.kernels.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Errors of the f32 functions against StrictMath in double, over every few hundredth float of their ranges. */
class ApproxTest {
    interface Single {
        float of(float x);
    }

    private static double phi(double x) {
        return StrictMath.exp(-0.5 * x * x) / StrictMath.sqrt(2 * Math.PI);
    }

    /** Phi by its series near 0 and its continued fraction in the tail: shares nothing with the polynomial. */
    static double normalCdf(double x) {
        double a = Math.abs(x);
        if (a < 3) {
            double term = x;
            double sum = x;
            for (int n = 1; n < 200; n++) {
                term *= x * x / (2 * n + 1);
                sum += term;
            }
            if (x > -1.5) {
                return 0.5 + sum * phi(x);
            }
        }
        double fraction = 0;
        for (int n = 400; n >= 1; n--) {
            fraction = n / (a + fraction);
        }
        double tail = phi(a) / (a + fraction);
        return x < 0 ? tail : 1 - tail;
    }

    /** Phi(-a) e^{a^2/2}. */
    private static double mills(double a) {
        if (a < 1.5) {
            return normalCdf(-a) * StrictMath.exp(a * a / 2);
        }
        double fraction = 0;
        for (int n = 400; n >= 1; n--) {
            fraction = n / (a + fraction);
        }
        return 1 / (a + fraction) / StrictMath.sqrt(2 * Math.PI);
    }

    private static double sigmoid(double x) {
        return 1 / (1 + StrictMath.exp(-x));
    }

    enum Case {
        EXP(Approx::exp, StrictMath::exp, -87.3, 88.7, 1.0, 0),
        LOG(Approx::log, StrictMath::log, 1.2e-38, 3.4e38, 1.0, 0),
        LOG1P(Approx::log1pUnit, StrictMath::log1p, 0, 1, 1.5, 0),
        SIN(Approx::sin, StrictMath::sin, -1e4, 1e4, 1.6, 0),
        COS(Approx::cos, StrictMath::cos, -1e4, 1e4, 1.6, 0),
        SIN_TURNS(Approx::sinTurns, x -> StrictMath.sin(2 * Math.PI * (x - Math.rint(x))), -1, 1, 2.0, 1e-16),
        COS_TURNS(
                Approx::cosTurns,
                x -> StrictMath.sin(2 * Math.PI * (0.25 - Math.abs(x - Math.rint(x)))),
                -1,
                1,
                2.0,
                1e-16),
        TANH(Approx::tanh, StrictMath::tanh, -1e30, 1e30, 2.0, 0),
        SIGMOID(Approx::sigmoid, ApproxTest::sigmoid, -85, 1e30, 3.0, 0),
        SIGMOID_SLOPE(Approx::sigmoidSlope, x -> sigmoid(x) * sigmoid(-x), -85, 85, 5.0, 0),
        SILU(Approx::silu, x -> x * sigmoid(x), -85, 1e30, 3.0, 0),
        SILU_SLOPE(Approx::siluSlope, x -> sigmoid(x) * (1 + x * sigmoid(-x)), -1e30, 1e30, 0, 3e-7),
        SOFTPLUS(
                Approx::softplus,
                x -> Math.max(x, 0) + StrictMath.log1p(StrictMath.exp(-Math.abs(x))),
                -87,
                1e30,
                3.0,
                0),
        GELU(Approx::gelu, x -> x * normalCdf(x), -1, 1e30, 2.0, 0),
        GELU_TAIL(Approx::gelu, x -> x * normalCdf(x), -12.5, -1, 6.0, 0),
        MILLS(Approx::mills, ApproxTest::mills, 0, 14, 8.0, 0),
        MILLS_FAR(Approx::mills, ApproxTest::mills, 14, 1e6, 8.0, 0),
        GELU_SLOPE(Approx::geluSlope, x -> normalCdf(x) + x * phi(x), -14, 14, 0, 3e-7),
        SILU_CURVATURE(
                Approx::siluCurvature,
                x -> sigmoid(x) * sigmoid(-x) * (2 + x * (sigmoid(-x) - sigmoid(x))),
                -1e30,
                1e30,
                0,
                5e-7),
        GELU_CURVATURE(Approx::geluCurvature, x -> (2 - x * x) * phi(x), -14, 14, 0, 3e-7),
        INVERSE_SQUARE_ROOT(Approx::inverseSquareRoot, x -> 1 / StrictMath.sqrt(x), 1e-30, 1e37, 1.5, 0);

        private final Single approx;
        private final DoubleUnaryOperator exact;
        private final double from;
        private final double to;
        private final double ulps;
        private final double absolute;

        Case(Single approx, DoubleUnaryOperator exact, double from, double to, double ulps, double absolute) {
            this.approx = approx;
            this.exact = exact;
            this.from = from;
            this.to = to;
            this.ulps = ulps;
            this.absolute = absolute;
        }
    }

    /** The float's place on the line of all floats, so that equal steps visit every binade equally. */
    private static int place(float x) {
        int i = Float.floatToRawIntBits(x);
        return i < 0 ? 0x80000000 - i : i;
    }

    @ParameterizedTest
    @EnumSource
    void staysWithinItsError(Case c) {
        long from = place((float) c.from);
        long to = place((float) c.to);
        long step = Math.max(1, (to - from) / 600_000) | 1;
        double worst = 0;
        float at = 0;
        for (long p = from; p <= to; p += step) {
            float x = Float.intBitsToFloat(p < 0 ? (int) (0x80000000L - p) : (int) p);
            double exact = c.exact.applyAsDouble(x);
            float got = c.approx.of(x);
            double error = Math.abs(got - exact) - c.absolute;
            double ulp = error <= 0 ? 0 : c.ulps == 0 ? error / c.absolute : error / Math.ulp((float) exact);
            if (!(ulp <= worst)) {
                worst = ulp;
                at = x;
            }
        }
        System.out.printf("%s: worst %.3f ulp beyond %.1e at %s%n", c, worst, c.absolute, at);
        assertTrue(worst <= c.ulps, c + " is off by " + worst + " ulp at " + at);
    }

    @Test
    void meetsTheEndsOfItsRanges() {
        assertEquals(0.0f, Approx.exp(-105));
        assertEquals(0.0f, Approx.exp(Float.NEGATIVE_INFINITY));
        assertEquals(Float.POSITIVE_INFINITY, Approx.exp(88.8f));
        assertEquals(1.0f, Approx.exp(0));
        assertEquals(0.0f, Approx.log(1));
        assertEquals(1.0f, Approx.tanh(50));
        assertEquals(-1.0f, Approx.tanh(Float.NEGATIVE_INFINITY));
        assertEquals(0.0f, Approx.sigmoid(-1e30f));
        assertEquals(1.0f, Approx.sigmoid(Float.POSITIVE_INFINITY));
        assertEquals(0.0f, Approx.softplus(Float.NEGATIVE_INFINITY));
        assertEquals(1e30f, Approx.softplus(1e30f));
        assertEquals(1e30f, Approx.gelu(1e30f));
        assertEquals(-0.0f, Approx.gelu(-1e30f));
        assertEquals(1.0f, Approx.cosTurns(1 << 20));
        assertEquals(1.0f, Approx.sinTurns(12345.25f));
        for (Case c : Case.values()) {
            if (c != Case.LOG && c != Case.LOG1P) {
                assertTrue(Float.isNaN(c.approx.of(Float.NaN)), c + " of NaN");
            }
        }
    }
}
