package org.tweedie.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TransportTest {
    /** In one dimension W2 of Gaussians is hypot(m, s - t), W1 of equal deviations is |m|; columns do not mix. */
    @Test
    void columnsOfGaussiansAreTheClosedForm() {
        int rows = 4000;
        float[] x = new float[2 * rows];
        float[] y = new float[2 * rows];
        Points base = Gaussians.of(1, rows, 2, 0, 1);
        Points other = Gaussians.of(2, rows, 2, 0, 1);
        for (int i = 0; i < 2 * rows; i++) {
            x[i] = base.values()[i];
            y[i] = (i % 2 == 0 ? 2 : 0.5f) + (i % 2 == 0 ? 1.5f : 1) * other.values()[i];
        }
        List<Estimate> w2 = MarginalWasserstein.estimate(new Points(x, 2), new Points(y, 2), 2, 3);
        List<Estimate> w1 = MarginalWasserstein.estimate(new Points(x, 2), new Points(y, 2), 1, 3);
        within(Math.hypot(2, 0.5), w2.get(0));
        within(0.5, w2.get(1));
        within(0.5, w1.get(1));
    }

    /** Within 4 standard errors of its own interval. */
    private static void within(double exact, Estimate estimate) {
        double half = (estimate.high() - estimate.low()) / 2;
        assertTrue(half < 0.1 * exact, estimate.toString());
        assertEquals(exact, estimate.value(), half * 4 / 1.96);
    }

    @Test
    void theLineIsTheBestAssignment() {
        Points x = Gaussians.of(5, 7, 1, 0, 1);
        Points y = Gaussians.of(6, 7, 1, 1, 2);
        for (int power = 1; power <= 2; power++) {
            double p = power;
            double best = assignment(x, y, power) / 7;
            assertEquals(
                    p == 1 ? best : Math.sqrt(best),
                    MarginalWasserstein.estimate(x, y, power, 1).get(0).value(),
                    1e-9);
        }
        assertThrows(IllegalArgumentException.class, () -> MarginalWasserstein.estimate(x, y, 3, 1));
    }

    /** The least cost of all permutations. */
    private static double assignment(Points x, Points y, int power) {
        List<Integer> left = new ArrayList<>();
        for (int j = 0; j < y.rows(); j++) {
            left.add(j);
        }
        return assignment(x, 0, y, left, power);
    }

    private static double assignment(Points x, int i, Points y, List<Integer> left, int power) {
        double best = left.isEmpty() ? 0 : Double.POSITIVE_INFINITY;
        for (int k = 0; k < left.size(); k++) {
            List<Integer> rest = new ArrayList<>(left);
            double square = Gaussians.square(x, i, y, rest.remove(k));
            best = Math.min(best, (power == 1 ? Math.sqrt(square) : square) + assignment(x, i + 1, y, rest, power));
        }
        return best;
    }

    /** OT lies between the best assignment and that plus epsilon ln n; the divergence goes to the assignment. */
    @Test
    void smallEpsilonIsTheBestAssignment() {
        Points x = Gaussians.of(7, 6, 2, 0, 1);
        Points y = Gaussians.of(8, 6, 2, 1, 1);
        double exact = assignment(x, y, 2) / 6;
        double epsilon = 0.1;
        SinkhornDivergence sinkhorn = new SinkhornDivergence(epsilon);
        double transport = EntropicTransport.solve(x, y, epsilon).cost();
        assertTrue(
                transport > exact - 1e-5 && transport < exact + epsilon * Math.log(6) + 1e-5, transport + " " + exact);
        assertEquals(exact, sinkhorn.estimate(x, y).value(), epsilon * Math.log(6));
    }

    /** Matrix scaling (Sinkhorn 1964) in the plain domain, 20,000 times: the coupling, and from it the cost by its definition. */
    @Test
    void transportIsThatOfMatrixScaling() {
        Points x = Gaussians.of(9, 5, 2, 0, 1);
        Points y = Gaussians.of(10, 8, 2, 0.5, 1);
        for (double epsilon : new double[] {0.5, 2, 100}) {
            double direct = scaled(x, y, epsilon) - scaled(x, x, epsilon) / 2 - scaled(y, y, epsilon) / 2;
            SinkhornDivergence sinkhorn = new SinkhornDivergence(epsilon);
            assertEquals(
                    scaled(x, y, epsilon),
                    EntropicTransport.solve(x, y, epsilon).cost(),
                    1e-5 * epsilon);
            assertEquals(direct, sinkhorn.estimate(x, y).value(), 1e-5 * epsilon);
        }
        assertEquals(0, new SinkhornDivergence(0.5).estimate(x, x).value(), 1e-5);
    }

    private static double scaled(Points x, Points y, double epsilon) {
        int n = x.rows();
        int m = y.rows();
        double[] u = new double[n];
        double[] v = new double[m];
        java.util.Arrays.fill(v, 1);
        for (int pass = 0; pass < 20_000; pass++) {
            for (int i = 0; i < n; i++) {
                double sum = 0;
                for (int j = 0; j < m; j++) {
                    sum += Math.exp(-Gaussians.square(x, i, y, j) / epsilon) * v[j] / m;
                }
                u[i] = 1 / sum;
            }
            for (int j = 0; j < m; j++) {
                double sum = 0;
                for (int i = 0; i < n; i++) {
                    sum += Math.exp(-Gaussians.square(x, i, y, j) / epsilon) * u[i] / n;
                }
                v[j] = 1 / sum;
            }
        }
        double cost = 0;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < m; j++) {
                double square = Gaussians.square(x, i, y, j);
                double density = Math.exp(-square / epsilon) * u[i] * v[j];
                cost += density / (n * m) * (square + epsilon * Math.log(density));
            }
        }
        return cost;
    }

    /**
     * Of Gaussians the coupling is the Schroedinger bridge's: with cost |x - y|^2 and epsilon the reference variance is epsilon/2 and the
     * covariance c = (sqrt(4 v w + (epsilon/2)^2) - epsilon/2)/2 in each coordinate (Janati et al. 2020).
     */
    @Test
    void ofGaussiansItIsTheClosedForm() {
        double epsilon = 0.8;
        double shift = 1;
        double exact = 2
                * (shift * shift
                        + gaussian(1, 0.25, epsilon)
                        - gaussian(1, 1, epsilon) / 2
                        - gaussian(0.25, 0.25, epsilon) / 2);
        Estimate estimate = new SinkhornDivergence(epsilon)
                .estimate(Gaussians.of(11, 800, 2, 0, 1), Gaussians.of(12, 700, 2, shift, 0.5));
        double half = (estimate.high() - estimate.low()) / 2;
        assertTrue(half < 0.12 * exact, estimate + " of " + exact);
        assertEquals(exact, estimate.value(), half * 4 / 1.96);
    }

    private static double gaussian(double v, double w, double epsilon) {
        double c = (Math.sqrt(4 * v * w + epsilon * epsilon / 4) - epsilon / 2) / 2;
        return v + w - 2 * c - epsilon / 2 * Math.log(1 - c * c / (v * w));
    }

    @Test
    void aPlanThatIsSolvedGivesTheSameDivergence() {
        Points x = Gaussians.of(15, 60, 2, 0, 1);
        Points y = Gaussians.of(16, 50, 2, 1, 0.5);
        SinkhornDivergence divergence = new SinkhornDivergence(0.8);
        DevicePairs.onHost(host -> {
            assertEquals(
                    divergence.estimate(x, y, host),
                    divergence.estimate(EntropicTransport.solve(x, y, 0.8, host), host));
            EntropicTransport other = EntropicTransport.solve(x, y, 0.9, host);
            assertTrue(assertThrows(IllegalArgumentException.class, () -> divergence.estimate(other, host))
                    .getMessage()
                    .contains("got one of 0.9; solve it with 0.8"));
            return null;
        });
    }

    @Test
    void theUsualEpsilonIsATwentiethOfTheMedian() {
        Points x = new Points(new float[] {0, 1}, 1);
        Points y = new Points(new float[] {3, 7}, 1);
        assertEquals((9 + 16) / 2.0 / 20, SinkhornDivergence.standard(x, y).epsilon(), 1e-12); // of 1, 4, 9, 16, 36, 49
        for (float[] bad : new float[][] {{4, 4}, {-1e20f, 1e20f}}) {
            Points same = new Points(bad, 1);
            assertTrue(assertThrows(IllegalArgumentException.class, () -> SinkhornDivergence.standard(same, same))
                    .getMessage()
                    .contains("gives no epsilon; choose one"));
        }
    }

    @Test
    void badEpsilonsAreNamed() {
        assertThrows(IllegalArgumentException.class, () -> new SinkhornDivergence(0));
        Points x = Gaussians.of(13, 20, 2, 0, 1);
        Points y = Gaussians.of(14, 20, 2, 0, 1);
        assertTrue(assertThrows(IllegalStateException.class, () -> new SinkhornDivergence(1e-9).estimate(x, y))
                .getMessage()
                .contains("larger"));
    }
}
