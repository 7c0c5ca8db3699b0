package org.tweedie.bridge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;

/** Regressions against what they are to find, and the normal equations that they solve. */
class RidgeTest {
    private static double[][] normals(int rows, int width, long seed) {
        double[][] normals = new double[rows][width];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < width; j++) {
                normals[i][j] = Philox.words(seed, i, Purpose.DATA, 0).normal(j);
            }
        }
        return normals;
    }

    @Test
    void findsAnAffineMapExactly() {
        double[][] inputs = normals(50, 3, 1);
        double[][] targets = new double[50][2];
        for (int i = 0; i < 50; i++) {
            inputs[i][1] = 7; // a column that does not vary
            targets[i][0] = 2 * inputs[i][0] - inputs[i][2] + 5;
            targets[i][1] = 0.5 * inputs[i][2];
        }
        Ridge ridge = Ridge.fit(Features.affine(), inputs, targets, 0);
        assertArrayEquals(new double[] {2 * 3 - 4 + 5, 2}, ridge.at(new double[] {3, 7, 4}), 1e-12);
        assertEquals(0, ridge.residual()[0][0], 1e-20);
    }

    /** One feature: the slope is cov/(var + penalty var), as features are standardised; what is left has its covariance. */
    @Test
    void shrinksByItsPenalty() {
        double[][] inputs = normals(40, 1, 2);
        double[][] targets = normals(40, 1, 3);
        double x = 0;
        double t = 0;
        for (int i = 0; i < 40; i++) {
            inputs[i][0] = 5 + 3 * inputs[i][0];
            targets[i][0] += inputs[i][0];
            x += inputs[i][0] / 40;
            t += targets[i][0] / 40;
        }
        double variance = 0;
        double covariance = 0;
        for (int i = 0; i < 40; i++) {
            variance += (inputs[i][0] - x) * (inputs[i][0] - x) / 40;
            covariance += (inputs[i][0] - x) * (targets[i][0] - t) / 40;
        }
        Ridge ridge = Ridge.fit(Features.affine(), inputs, targets, 0.25);
        double slope = covariance / (1.25 * variance);
        assertEquals(t + slope * (2 - x), ridge.at(new double[] {2})[0], 1e-12);
        double left = 0;
        for (int i = 0; i < 40; i++) {
            double r = targets[i][0] - t - slope * (inputs[i][0] - x);
            left += r * r / 40;
        }
        assertEquals(left, ridge.residual()[0][0], 1e-12);
    }

    /** Bumps learn a sine to within a hundredth, which an affine map misses by its own size. */
    @Test
    void bumpsLearnASine() {
        double[][] inputs = new double[200][1];
        double[][] targets = new double[200][1];
        for (int i = 0; i < 200; i++) {
            inputs[i][0] = -3 + 6 * i / 199.0;
            targets[i][0] = StrictMath.sin(2 * inputs[i][0]);
        }
        Ridge bumps = Ridge.fit(Features.Basis.radial(20, 0.5).of(inputs), inputs, targets, 1e-8);
        Ridge affine = Ridge.fit(Features.affine(), inputs, targets, 1e-8);
        assertTrue(bumps.residual()[0][0] < 1e-4, "bumps leave " + bumps.residual()[0][0]);
        assertTrue(affine.residual()[0][0] > 0.3, "affine leaves " + affine.residual()[0][0]);
        assertEquals(StrictMath.sin(1), bumps.at(new double[] {0.5})[0], 0.02);
    }

    @Test
    void refusesWhatHasNoAnswer() {
        double[][] rows = normals(10, 1, 4);
        double[][] twice = new double[10][];
        for (int i = 0; i < 10; i++) {
            twice[i] = new double[] {rows[i][0], 2 * rows[i][0]};
        }
        IllegalArgumentException same =
                assertThrows(IllegalArgumentException.class, () -> Ridge.fit(Features.affine(), twice, rows, 0));
        assertTrue(same.getMessage().contains("column 2 of 2"), same.getMessage());
        Ridge.fit(Features.affine(), twice, rows, 1e-6);
        assertThrows(IllegalArgumentException.class, () -> Ridge.fit(Features.affine(), rows, rows, -1));
        assertThrows(
                IllegalArgumentException.class,
                () -> Ridge.fit(Features.affine(), new double[1][1], new double[1][1], 0));
        assertThrows(IllegalArgumentException.class, () -> Features.Basis.radial(0, 1));
        assertThrows(IllegalArgumentException.class, () -> Features.Basis.radial(3, 0));
    }
}
