package org.tweedie.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BuiltInSetTest {
    private static final int ROWS = 20_000;

    @ParameterizedTest
    @EnumSource
    void aRowDependsOnSeedAndIndexAlone(BuiltInSet set) {
        float[] all = set.rows(7, 0, 100);
        assertArrayEquals(Arrays.copyOfRange(all, 2 * 40, 2 * 60), set.rows(7, 40, 20));
        assertTrue(!Arrays.equals(all, set.rows(8, 0, 100)));
    }

    /** Distance to the noiseless curve or centres: its root mean square is the stated noise (normal direction of a curve: one coordinate). */
    @Test
    void pointsLieWithinTheNoiseOfTheirShape() {
        assertEquals(
                0.2 * Math.sqrt(2),
                rms(BuiltInSet.EIGHTGAUSSIANS, (x, y) -> {
                    double angle = Math.round(Math.atan2(y, x) / (Math.PI / 4)) * (Math.PI / 4);
                    return Math.hypot(x - 2 * Math.cos(angle), y - 2 * Math.sin(angle));
                }),
                0.01);
        assertEquals(
                0.05,
                rms(BuiltInSet.CIRCLES, (x, y) -> {
                    double radius = Math.hypot(x, y);
                    return Math.min(Math.abs(radius - 1), Math.abs(radius - 0.5));
                }),
                0.003);
        assertEquals(
                0.05,
                rms(
                        BuiltInSet.SCURVE,
                        (x, y) -> Math.min(Math.abs(Math.hypot(x, y + 1) - 1), Math.abs(Math.hypot(x, y - 1) - 1))),
                0.003);
        assertEquals(0.1, rms(BuiltInSet.MOONS, (x, y) -> Math.min(arc(x, y), arc(1 - x, 0.5 - y))), 0.01);
    }

    /** Distance to the upper half circle. */
    private static double arc(double x, double y) {
        return y >= 0 ? Math.abs(Math.hypot(x, y) - 1) : Math.min(Math.hypot(x - 1, y), Math.hypot(x + 1, y));
    }

    @Test
    void theCheckerboardFillsEachDarkSquareAlike() {
        float[] rows = BuiltInSet.CHECKERBOARD.rows(1, 0, ROWS);
        int[][] counts = new int[4][4];
        for (int i = 0; i < ROWS; i++) {
            counts[(int) (rows[2 * i] + 2)][(int) (rows[2 * i + 1] + 2)]++;
        }
        for (int x = 0; x < 4; x++) {
            for (int y = 0; y < 4; y++) {
                double expected = (x + y) % 2 == 0 ? ROWS / 8.0 : 0;
                assertEquals(
                        expected,
                        counts[x][y],
                        5 * Math.sqrt(expected),
                        "square " + x + "," + y); // false alarm 8 x 6e-7
            }
        }
    }

    @Test
    void thePinwheelHasFiveEqualArms() {
        float[] rows = BuiltInSet.PINWHEEL.rows(1, 0, ROWS);
        // five-fold symmetry: the sum of exp(i k angle) over points vanishes unless 5 divides k
        for (int k = 1; k <= 5; k++) {
            double re = 0;
            double im = 0;
            for (int i = 0; i < ROWS; i++) {
                double angle = Math.atan2(rows[2 * i + 1], rows[2 * i]);
                re += Math.cos(k * angle) / ROWS;
                im += Math.sin(k * angle) / ROWS;
            }
            assertTrue(k == 5 ? Math.hypot(re, im) > 0.2 : Math.hypot(re, im) < 5 / Math.sqrt(ROWS), "harmonic " + k);
        }
    }

    @Test
    void spiralAndSwissRollHaveTheirRadii() {
        assertEquals(
                0.1, rms(BuiltInSet.SWISSROLL, (x, y) -> nearestTurn(x, y, 5, 1.5 * Math.PI, 4.5 * Math.PI, 1)), 0.012);
        assertEquals(
                0.1,
                rms(
                        BuiltInSet.SPIRAL,
                        (x, y) -> Math.min(
                                nearestTurn(x, y, 3, 0, 3 * Math.PI, 1), nearestTurn(-x, -y, 3, 0, 3 * Math.PI, 1))),
                0.012);
    }

    private static double nearestTurn(double x, double y, double scale, double from, double to, int sign) {
        double nearest = Double.MAX_VALUE;
        for (double t = from; t <= to; t += 0.01) {
            nearest = Math.min(
                    nearest, Math.hypot(x - sign * t / scale * Math.cos(t), y - sign * t / scale * Math.sin(t)));
        }
        return nearest;
    }

    private interface Distance {
        double of(double x, double y);
    }

    private static double rms(BuiltInSet set, Distance distance) {
        int rows = 4_000;
        float[] values = set.rows(3, 0, rows);
        double sum = 0;
        for (int i = 0; i < rows; i++) {
            sum += Math.pow(distance.of(values[2 * i], values[2 * i + 1]), 2);
        }
        return Math.sqrt(sum / rows);
    }

    @Test
    void anUnknownNameListsThoseThereAre() {
        assertEquals(BuiltInSet.EIGHTGAUSSIANS, BuiltInSet.of("eight-gaussians"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> BuiltInSet.of("moon"))
                .getMessage()
                .contains("moons, circles"));
    }
}
