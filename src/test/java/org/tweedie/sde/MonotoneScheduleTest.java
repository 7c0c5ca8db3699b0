package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.tweedie.sde.MethodContractTest.assertSays;

import org.junit.jupiter.api.Test;

/** A schedule that can be learned: rising between its ends, its derivatives those of differences. */
class MonotoneScheduleTest {
    private static final MonotoneSchedule BENT =
            new MonotoneSchedule(-11, 6, -1, 1.5, 0.3, 0.4, 2.9, 0.81, 2, 0.2, -0.3);

    @Test
    void risesFromItsFirstEndToItsLast() {
        assertEquals(-11, BENT.gamma(0), 1e-13);
        assertEquals(6, BENT.gamma(1), 1e-13);
        for (double u = -0.01; u < 1; u += 0.01) {
            double h = 1e-5;
            assertTrue(BENT.gamma(u + 0.01) > BENT.gamma(u), () -> "" + BENT);
            assertEquals((BENT.gamma(u + h) - BENT.gamma(u - h)) / (2 * h), BENT.slope(u), 1e-6 * BENT.slope(u));
        }
        assertEquals(BENT, new MonotoneSchedule(BENT.numbers()));
    }

    @Test
    void evenIsNearlyALine() {
        MonotoneSchedule even = MonotoneSchedule.even(-13.3, 5);
        for (double u = 0; u <= 1; u += 0.05) {
            assertEquals(18.3, even.slope(u), 0.25 * 18.3);
        }
    }

    @Test
    void theSlopeAtAHeldGammaChangesAsItsDifferencesDo() {
        double h = 1e-6;
        for (double u : new double[] {0.02, 0.3, 0.55, 0.97}) {
            double[] gradient = BENT.logSlopeGradient(u);
            double gamma = BENT.gamma(u);
            for (int i = 2; i < gradient.length; i++) {
                double[] up = BENT.numbers();
                double[] down = BENT.numbers();
                up[i] += h;
                down[i] -= h;
                double difference =
                        (logSlopeAt(new MonotoneSchedule(up), gamma) - logSlopeAt(new MonotoneSchedule(down), gamma))
                                / (2 * h);
                assertEquals(difference, gradient[i], 1e-6 * (1 + Math.abs(difference)), i + " at " + u);
            }
        }
    }

    private static double logSlopeAt(MonotoneSchedule schedule, double gamma) {
        double low = 0;
        double high = 1;
        for (int i = 0; i < 100; i++) {
            double middle = 0.5 * (low + high);
            if (schedule.gamma(middle) < gamma) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return Math.log(schedule.slope(low));
    }

    @Test
    void movingKeepsEveryNumberInItsRange() {
        double[] far = new double[BENT.numbers().length];
        java.util.Arrays.fill(far, 1000);
        MonotoneSchedule moved = BENT.moved(far, -18, 18);
        assertEquals(17.5, moved.first());
        assertEquals(18, moved.last());
        java.util.Arrays.fill(far, -1000);
        assertEquals(-18, BENT.moved(far, -18, 18).first());
        assertArrayEquals(
                BENT.numbers(), BENT.moved(new double[far.length], -18, 18).numbers(), 0);
    }

    @Test
    void badNumbersAreSaid() {
        assertSays("rises from its first end", () -> ProcessSpec.parse("vdm:5,-13"));
        assertSays("4 numbers", () -> ProcessSpec.parse("vdm:-13,5,1,2"));
        assertSays("ends of a schedule lie between", () -> ProcessSpec.parse("vdm:-1e9,5"));
        assertSays("steepnesses of a schedule", () -> ProcessSpec.parse("vdm:-13,5,0,99,0.5"));
        assertSays("middles of a schedule", () -> ProcessSpec.parse("vdm:-13,5,0,1,7"));
        assertSays("logits of a schedule", () -> ProcessSpec.parse("vdm:-13,5,99,1,0.5"));
        assertSays("at most 64 sigmoids", () -> new MonotoneSchedule(new double[2 + 3 * 65]));
    }
}
