package org.tweedie.kernels.host;

import java.util.Arrays;
import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.DomainLayout;
import org.tweedie.kernels.RowSet;

/** Twin of kernels/bridge/domain.cu. Stateless. */
public final class DomainTwins {
    private static final float OVER_ROOT = 0.398942292f;

    private DomainTwins() {}

    public static void pull(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 0);
        int parts = a.int32(3);
        int[] table = a.ints(4);
        float[] numbers = a.floats(5);
        Live.each(rows, team, Math.max(1, 4096 / Math.max(1, parts)), (from, to) -> {
            for (int r = from; r < to; r++) {
                float carry = a.floats(6)[a.offset(6) + r * a.int32(7)];
                float v = a.floats(8)[a.offset(8) + r * a.int32(9)];
                for (int p = 0; p < parts; p++) {
                    int word = a.offset(4) + p * DomainLayout.WORDS;
                    Part part = new Part(
                            table[word + 2],
                            table[word + 3],
                            numbers,
                            a.offset(5) + table[word + 4],
                            a.floats(1),
                            a.offset(1) + r * a.int32(2) + table[word + 1],
                            carry,
                            v,
                            a.floats(10),
                            a.offset(10) + r * a.int32(11) + table[word + 1]);
                    part.pull(table[word]);
                }
            }
        });
    }

    /** One factor of one row. */
    private record Part(
            int width,
            int points,
            float[] numbers,
            int number,
            float[] x,
            int at,
            float carry,
            float v,
            float[] out,
            int into) {

        void pull(int kind) {
            switch (kind) {
                case DomainLayout.POINTS -> toPoints();
                case DomainLayout.ONE_HOT -> toCorners();
                case DomainLayout.INTERVAL -> {
                    float root = Approx.squareRoot(v);
                    out[into] = interval(carry * x[at], numbers[number], numbers[number + 1], root) / root;
                }
                default -> Arrays.fill(out, into, into + width, 0);
            }
        }

        private float apart(int point, int d) {
            return Math.fma(-carry, x[at + d], numbers[point + 1 + d]);
        }

        private float log(int point, float half) {
            float square = 0;
            for (int d = 0; d < width; d++) {
                float apart = apart(point, d);
                square = Math.fma(apart, apart, square);
            }
            return Math.fma(-half, square, numbers[point]);
        }

        private void toPoints() {
            float half = 0.5f / v;
            float most = Float.NEGATIVE_INFINITY;
            for (int e = 0; e < points; e++) {
                float log = log(number + e * (width + 1), half);
                most = most > log ? most : log;
            }
            Arrays.fill(out, into, into + width, 0);
            float total = 0;
            for (int e = 0; e < points; e++) {
                int point = number + e * (width + 1);
                float share = Approx.exp(log(point, half) - most);
                total += share;
                for (int d = 0; d < width; d++) {
                    out[into + d] = Math.fma(share, apart(point, d), out[into + d]);
                }
            }
            for (int d = 0; d < width; d++) {
                out[into + d] = out[into + d] / total / v;
            }
        }

        private float above(int e, int best) {
            return Math.fma(carry, (x[at + e] - x[at + best]) / v, numbers[number + e] - numbers[number + best]);
        }

        private void toCorners() {
            int best = 0;
            for (int e = 1; e < width; e++) {
                best = above(e, best) > 0 ? e : best;
            }
            float total = 0;
            for (int e = 0; e < width; e++) {
                float share = Approx.exp(above(e, best));
                total += share;
                out[into + e] = share;
            }
            for (int e = 0; e < width; e++) {
                out[into + e] = Math.fma(-carry, x[at + e], out[into + e] / total) / v;
            }
        }
    }

    private static float narrow(float c, float r) {
        float near = 0.339981049f * r;
        float far = 0.861136317f * r;
        float a = 0.652145147f * Approx.exp(-0.5f * (near * near));
        float b = 0.347854853f * Approx.exp(-0.5f * (far * far));
        float nearDown = Approx.exp(-(c * near));
        float nearUp = Approx.exp(c * near);
        float farDown = Approx.exp(-(c * far));
        float farUp = Approx.exp(c * far);
        float first = Math.fma(a * near, nearDown - nearUp, (b * far) * (farDown - farUp));
        float all = Math.fma(a, nearDown + nearUp, b * (farDown + farUp));
        return c + first / all;
    }

    private static float outside(float low, float high, float exponent) {
        float q = Approx.exp(-exponent);
        return OVER_ROOT * (1.0f - q) / Math.fma(-q, Approx.mills(high), Approx.mills(low));
    }

    private static float interval(float y, float from, float to, float root) {
        float low = (from - y) / root;
        float high = (to - y) / root;
        float wide = (to - from) / root;
        float middle = 0.5f * (low + high);
        float across = wide * middle;
        if (wide < 1.0f && Math.abs(across) < 0.5f) {
            return narrow(middle, 0.5f * wide);
        }
        if (low > 0) {
            return outside(low, high, across);
        }
        if (high < 0) {
            return -outside(-high, -low, -across);
        }
        float below = Approx.normalGauss(-low);
        float above = Approx.normalGauss(high);
        float inside = 1.0f - Approx.normalTail(-low, below) - Approx.normalTail(high, above);
        return OVER_ROOT * (below - above) / inside;
    }
}
