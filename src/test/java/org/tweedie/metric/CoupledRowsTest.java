package org.tweedie.metric;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class CoupledRowsTest {
    private static final double EPSILON = 0.5;

    /** Matrix scaling in the plain domain, in double, until nothing moves. */
    private static double[][] scaled(Points x, Points y, double epsilon) {
        int n = x.rows();
        int m = y.rows();
        double[][] p = new double[n][m];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < m; j++) {
                p[i][j] = Math.exp(-Gaussians.square(x, i, y, j) / epsilon);
            }
        }
        for (int pass = 0; pass < 20_000; pass++) {
            for (int i = 0; i < n; i++) {
                double sum = 0;
                for (int j = 0; j < m; j++) {
                    sum += p[i][j];
                }
                for (int j = 0; j < m; j++) {
                    p[i][j] /= n * sum;
                }
            }
            for (int j = 0; j < m; j++) {
                double sum = 0;
                for (int i = 0; i < n; i++) {
                    sum += p[i][j];
                }
                for (int i = 0; i < n; i++) {
                    p[i][j] /= m * sum;
                }
            }
        }
        return p;
    }

    @Test
    void rowsGoWhereMatrixScalingSendsThem() {
        Points x = Gaussians.of(1, 7, 2, 0, 1);
        Points y = Gaussians.of(2, 9, 2, 1, 1.5);
        EntropicTransport plan = EntropicTransport.solve(x, y, EPSILON);
        CoupledRows rows = CoupledRows.of(plan, 3);
        double[][] p = scaled(x, y, EPSILON);
        double square = 0;
        double information = 0;
        for (int i = 0; i < 7; i++) {
            double[] mean = new double[2];
            for (int j = 0; j < 9; j++) {
                mean[0] += 7 * p[i][j] * y.values()[2 * j];
                mean[1] += 7 * p[i][j] * y.values()[2 * j + 1];
                square += p[i][j] * Gaussians.square(x, i, y, j);
                information += p[i][j] * Math.log(63 * p[i][j]);
            }
            assertEquals(mean[0], rows.means().values()[2 * i], 3e-3);
            assertEquals(mean[1], rows.means().values()[2 * i + 1], 3e-3);
        }
        assertEquals(square, rows.meanSquare(), 1e-2);
        assertEquals(information, rows.information(), 1e-2);
        assertEquals(plan.cost(), rows.meanSquare() + EPSILON * rows.information(), 5e-3); // the two halves of the cost
    }

    /**
     * Of N(0, s^2) and N(1, t^2) the plan is Gaussian with covariance C, C^2 + C epsilon/2 = s^2 t^2, so that rows go to
     * 1 + x C/s^2 (Janati et al. 2020).
     */
    @Test
    void theMeansOfGaussiansAreALine() {
        int n = 3000;
        Points x = Gaussians.of(5, n, 1, 0, 1);
        Points y = Gaussians.of(6, n, 1, 1, 2);
        CoupledRows rows = CoupledRows.of(EntropicTransport.solve(x, y, 1), 7);
        double s2 = variance(x.values());
        double slope = -0.25 + Math.sqrt(0.0625 + s2 * variance(y.values()));
        double xy = 0;
        double partnered = 0;
        double mean = mean(x.values());
        for (int i = 0; i < n; i++) {
            xy += (x.values()[i] - mean) * rows.means().values()[i] / n;
            partnered += (x.values()[i] - mean) * y.values()[rows.partners()[i]] / n;
        }
        assertEquals(slope, xy, 0.02 * slope); // the samples' third and fourth moments are not quite a Gaussian's
        // one draw a row: residual variance t^2 - C^2/s^2
        double error = Math.sqrt(s2 * (variance(y.values()) - slope * slope / s2) / n);
        assertEquals(xy, partnered, 4.5 * error);
    }

    /** Far apart beside epsilon: the one plan there is between two rows and two, and W2. */
    @Test
    void coupled() {
        Points x = new Points(new float[] {0, 0, 5, 0}, 2);
        Points y = new Points(new float[] {5, 2, 0, 2}, 2);
        EntropicTransport plan = EntropicTransport.solve(x, y, 0.1);
        // snippet: coupled
        CoupledRows rows = CoupledRows.of(plan, 7);
        Points moved = rows.means(); // of each row of x, the mean of the rows of y it goes to
        int partner = rows.partners()[0]; // one of them, drawn
        double distance = Math.sqrt(rows.meanSquare()); // above W2, near it where epsilon is small
        // end
        assertArrayEquals(new float[] {0, 2, 5, 2}, moved.values(), 1e-4f);
        assertEquals(1, partner);
        assertEquals(2, distance, 1e-6);
        assertEquals(Math.log(2), rows.information(), 1e-6);
    }

    private static double mean(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += value;
        }
        return sum / values.length;
    }

    private static double variance(float[] values) {
        double mean = mean(values);
        double sum = 0;
        for (float value : values) {
            sum += (value - mean) * (value - mean);
        }
        return sum / values.length;
    }

    @Test
    void partnersAreDrawnFromThePlan() {
        Points x = Gaussians.of(1, 7, 2, 0, 1);
        Points y = Gaussians.of(2, 9, 2, 1, 1.5);
        EntropicTransport plan = EntropicTransport.solve(x, y, EPSILON);
        int[][] counts = new int[7][9];
        int draws = 4000;
        for (int seed = 0; seed < draws; seed++) {
            int[] partners = CoupledRows.of(plan, seed).partners();
            for (int i = 0; i < 7; i++) {
                counts[i][partners[i]]++;
            }
        }
        double[][] p = scaled(x, y, EPSILON);
        for (int i = 0; i < 7; i++) {
            for (int j = 0; j < 9; j++) {
                double share = 7 * p[i][j];
                double error = Math.sqrt(share * (1 - share) / draws);
                assertEquals(share, counts[i][j] / (double) draws, 4.5 * error + 2e-3);
            }
        }
        assertArrayEquals(
                CoupledRows.of(plan, 11).partners(), CoupledRows.of(plan, 11).partners());
        assertTrue(CoupledRows.of(plan, 11).information() > 0);
    }
}
