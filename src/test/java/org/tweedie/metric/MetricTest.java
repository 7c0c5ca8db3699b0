package org.tweedie.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class MetricTest {
    /** E|X - Y| for independent normals is the folded normal's mean, so the squared energy distance has a closed form. */
    @Test
    void energyDistanceOfShiftedNormalsIsTheClosedForm() {
        double shift = 1;
        double s = Math.sqrt(2);
        double phi = Math.exp(-shift * shift / (2 * s * s)) / Math.sqrt(2 * Math.PI);
        double folded = 2 * s * phi + shift * 0.5204998778130465; // 1 - 2 Phi(-shift / s) = erf(1/2)
        double expected = 2 * folded - 2 * (2 / Math.sqrt(Math.PI));
        double sum = 0;
        double squares = 0;
        int repeats = 20;
        for (int r = 0; r < repeats; r++) {
            double value = EnergyDistance.squared(
                    Gaussians.of(2 * r, 500, 1, 0, 1), Gaussians.of(2 * r + 1, 500, 1, shift, 1));
            sum += value;
            squares += value * value;
        }
        double mean = sum / repeats;
        double error = Math.sqrt((squares / repeats - mean * mean) / (repeats - 1));
        assertEquals(expected, mean, 4 * error); // 4 standard errors: false alarm below 1e-3 with 19 degrees of freedom
        assertTrue(error < 0.02, "the test would see a factor: error " + error);
    }

    @Test
    void energyDistanceOfHandMadeSets() {
        Points x = new Points(new float[] {0, 0, 3, 4}, 2); // |x0 - x1| = 5
        Points y = new Points(new float[] {0, 0, 0, 1}, 2); // |y0 - y1| = 1
        double cross = (0 + 1 + 5 + Math.sqrt(18)) / 4;
        assertEquals(2 * cross - 5 - 1, EnergyDistance.squared(x, y), 4e-7 * 2 * cross);
    }

    @Test
    void equalLawsGiveAnIntervalThatHoldsZeroAndFarOnesDoNot() {
        Estimate same = EnergyDistance.estimate(Gaussians.of(1, 400, 2, 0, 1), Gaussians.of(2, 400, 2, 0, 1));
        assertTrue(same.low() <= 0 && same.high() >= 0 && same.high() - same.low() < 0.1, same.toString());
        Estimate far = EnergyDistance.estimate(Gaussians.of(1, 400, 2, 0, 1), Gaussians.of(2, 400, 2, 1, 1));
        assertTrue(far.low() > 0.2, far.toString());
    }

    /** In one dimension W2 of N(0,1) and N(m,s) is sqrt(m^2 + (s-1)^2). */
    @Test
    void slicedWassersteinOfNormalsIsTheClosedForm() {
        Estimate line =
                SlicedWasserstein.estimate(Gaussians.of(3, 20_000, 1, 0, 1), Gaussians.of(4, 15_000, 1, 2, 1.5), 1);
        assertEquals(Math.hypot(2, 0.5), line.value(), 0.05); // standard error of a mean of 15,000: 0.012; 4 of them
        // isotropic shift m in the plane: every direction sees m cos(angle); mean square is |m|^2 / 2
        Estimate plane =
                SlicedWasserstein.estimate(Gaussians.of(5, 5_000, 2, 0, 1), Gaussians.of(6, 5_000, 2, 1, 1), 1);
        assertEquals(
                1,
                plane.value(),
                0.2); // 64 random directions: cos^2 has deviation 0.35, so 0.35 * 2 / sqrt(64) / 2 / 1 = 0.044; 4 of
        // them
    }

    @Test
    void slicedWassersteinOfUnequalSizesSplitsMass() {
        // {0, 1} against {0, 0, 1}: a mass of 1/6 moves by 1
        assertEquals(
                Math.sqrt(1.0 / 6),
                SlicedWasserstein.estimate(new Points(new float[] {0, 1}, 1), new Points(new float[] {0, 0, 1}, 1), 1)
                        .value(),
                1e-9);
    }

    @Test
    void momentsOfAKnownColumn() {
        Moments moments = Moments.of(new Points(new float[] {1, 2, 3, 4}, 1));
        assertEquals(2.5, moments.mean()[0], 1e-12);
        assertEquals(Math.sqrt(5.0 / 3), moments.deviation()[0], 1e-12);
        assertEquals(Math.sqrt(5.0 / 12), moments.meanError()[0], 1e-12);
    }

    @Test
    void badPointsAreNamed() {
        assertTrue(assertThrows(IllegalArgumentException.class, () -> new Points(new float[] {1, Float.NaN}, 2))
                .getMessage()
                .contains("column 1"));
        assertThrows(
                IllegalArgumentException.class,
                () -> EnergyDistance.squared(new Points(new float[4], 2), new Points(new float[4], 1)));
    }
}
