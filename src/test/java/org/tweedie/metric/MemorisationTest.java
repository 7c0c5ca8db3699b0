package org.tweedie.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class MemorisationTest {
    /** Among many uniform rows in the plane P(d1 < d2/3) = 1/9: given the second circle, the first row is anywhere in it. */
    @Test
    void freshSamplesAreAsFarAsHeldOutRows() {
        Points training = Gaussians.of(1, 4000, 2, 0, 1);
        Memorisation fresh =
                Memorisation.of(Gaussians.of(2, 2000, 2, 0, 1), training, Gaussians.of(3, 2000, 2, 0, 1), 5);
        assertTrue(fresh.ratio().low() < 1 && fresh.ratio().high() > 1, fresh.toString());
        double error = Math.sqrt(8.0 / 81 / 2000);
        assertEquals(1.0 / 9, fresh.copies().value(), 4 * error);
        assertEquals(1.0 / 9, fresh.copiesOfHeldOut().value(), 4 * error);
        double spacing = Math.sqrt(Math.log(2) / (Math.PI * 4000 * 0.08)); // at the density of the median radius
        assertEquals(spacing, fresh.nearest(), 0.3 * spacing);
    }

    @Test
    void rowsGivenBackAreSeen() {
        Points training = Gaussians.of(1, 1000, 2, 0, 1);
        float[] back = training.first(500).values().clone();
        for (int i = 0; i < back.length; i++) {
            back[i] += 1e-4f * (i % 3);
        }
        Memorisation report = Memorisation.of(new Points(back, 2), training, Gaussians.of(3, 400, 2, 0, 1), 5);
        assertTrue(report.ratio().high() < 0.05, report.toString());
        assertTrue(report.copies().value() > 0.95, report.toString());
        assertThrows(IllegalArgumentException.class, () -> Memorisation.of(training, training, training.first(100), 5));
    }
}
