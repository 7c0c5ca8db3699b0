package org.tweedie.metric;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PairsTest {
    @ParameterizedTest
    @CsvSource({"1,1,1", "3,511,2", "31,513,3", "33,1021,1", "65,512,7", "2,0,2"})
    void everyPairComesOnceWithTheSquareOfTheFormula(int n, int m, int width) {
        Points x = Gaussians.of(1, n, width, 0, 1);
        Points y = Gaussians.of(2, m, width, 1, 2);
        double[][] squares = Pairs.squares(x, y);
        int[][] met = new int[n][m];
        Pairs.each(x, y, (i, from, part, count) -> {
            for (int j = 0; j < count; j++) {
                met[i][from + j]++;
            }
        });
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < m; j++) {
                assertEquals(Gaussians.square(x, i, y, j), squares[i][j]);
                assertEquals(1, met[i][j]);
            }
        }
    }

    @Test
    void nearestAreTheFirstOfAllSorted() {
        Points x = Gaussians.of(3, 40, 2, 0, 1);
        double[][] nearest = Pairs.nearest(x, x, 3, true);
        for (int i = 0; i < 40; i++) {
            int row = i;
            double[] sorted = java.util.stream.IntStream.range(0, 40)
                    .filter(j -> j != row)
                    .mapToDouble(j -> Gaussians.square(x, row, x, j))
                    .sorted()
                    .limit(3)
                    .toArray();
            assertArrayEquals(sorted, nearest[i]);
        }
        assertEquals(Double.POSITIVE_INFINITY, Pairs.nearest(x.first(2), x.first(2), 3, true)[0][1]);
    }

    /** One thread or seven: the same bits, of all that is made of pairs. */
    @Test
    void threadsChangeNoBit() throws Exception {
        Points x = Gaussians.of(4, 333, 3, 0, 1);
        Points y = Gaussians.of(5, 210, 3, 0.5, 1);
        String[] said = new String[2];
        for (int k = 0; k < 2; k++) {
            ForkJoinPool pool = new ForkJoinPool(k == 0 ? 1 : 7);
            try {
                said[k] = pool.submit(() -> exact(EnergyDistance.estimate(x, y))
                                + exact(new MeanDiscrepancy(PairKernel.medianRbf(x, y)).estimate(x, y))
                                + exact(SinkhornDivergence.standard(x, y).estimate(x, y))
                                + exact(KernelDensity.of(x).logLikelihood(y))
                                + exact(Coverage.of(x, y, 5).density())
                                + exact(SlicedWasserstein.estimate(x, y, 3)))
                        .get();
            } finally {
                pool.shutdown();
            }
        }
        assertEquals(said[0], said[1]);
    }

    private static String exact(Estimate estimate) {
        return Double.toHexString(estimate.value()) + Double.toHexString(estimate.low());
    }

    @Test
    void exponentialIsThatOfStrictMath() {
        for (double x = -707.9; x <= 700; x += 0.0371) {
            double exact = StrictMath.exp(x);
            assertTrue(Math.abs(Exponential.of(x) - exact) <= 2 * Math.ulp(exact), "at " + x);
        }
        assertEquals(1, Exponential.of(0));
        assertEquals(0, Exponential.of(-709));
        assertEquals(0, Exponential.of(Double.NEGATIVE_INFINITY));
        assertTrue(Double.isNaN(Exponential.of(Double.NaN)));
    }
}
