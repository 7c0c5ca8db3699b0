package org.tweedie.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;

class DatasetTest {
    private static final Dataset SMALL = Dataset.of(new float[] {1, 10, 7, 2, 20, 7, 3, 60, 7}, "a", "b", "c");

    @Test
    void conditionsGoBesideX() {
        Dataset given = SMALL.given("y", "b");
        assertEquals(List.of("a", "c", "b"), given.columns());
        assertArrayEquals(new float[] {1, 7, 2, 7, 3, 7}, given.values("x"));
        assertArrayEquals(new float[] {10, 20, 60}, given.values("y"));
        Dataset two = given.given("z", "a");
        assertEquals(
                List.of("x", "y", "z"),
                two.ports().stream().map(Dataset.Port::name).toList());
        assertArrayEquals(new float[] {10, 20, 60}, two.values("y"));
        assertArrayEquals(new float[] {1, 2, 3}, two.values("z"));
        assertArrayEquals(new float[] {7, 7, 7}, two.values("x"));
    }

    @Test
    void badDataAreRefusedWithTheirPlace() {
        IllegalArgumentException nan = assertThrows(
                IllegalArgumentException.class, () -> Dataset.of(new float[] {1, 2, 3, Float.NaN}, "a", "b"));
        assertTrue(nan.getMessage().contains("row 2, column 'b'"), nan.getMessage());
        assertThrows(IllegalArgumentException.class, () -> Dataset.of(new float[0], "a"));
        assertThrows(IllegalArgumentException.class, () -> Dataset.of(new float[3], "a", "b"));
        assertThrows(IllegalArgumentException.class, () -> Dataset.of(new float[2], "a", "a"));
        assertThrows(IllegalArgumentException.class, () -> SMALL.given("y", "d"));
        assertThrows(IllegalArgumentException.class, () -> SMALL.given("y", "a", "b", "c"));
        assertThrows(IllegalArgumentException.class, () -> SMALL.given("x", "a"));
    }

    @Test
    void normalisedColumnsHaveMeanZeroAndDeviationOne() {
        int n = 1000;
        float[] values = new float[2 * n];
        for (int i = 0; i < n; i++) {
            values[2 * i] =
                    (float) (5e5 + 3 * Philox.words(1, i, Purpose.DATA, 0).normal(0));
            values[2 * i + 1] =
                    (float) (-1e-3 * Philox.words(1, i, Purpose.DATA, 0).normal(1));
        }
        Dataset data = Dataset.of(values, "a", "b");
        Normaliser normaliser = Normaliser.fit(data, "x").normaliser();
        float[] z = data.encoded(Map.of("x", normaliser)).values();
        for (int c = 0; c < 2; c++) {
            double sum = 0;
            double squares = 0;
            for (int i = 0; i < n; i++) {
                sum += z[2 * i + c];
                squares += (double) z[2 * i + c] * z[2 * i + c];
            }
            assertEquals(0, sum / n, 1e-6);
            assertEquals(1, squares / n, 1e-6);
        }
        float[] back = new float[2 * n];
        normaliser.decode(z, back, n);
        for (int i = 0; i < 2 * n; i++) {
            // the code is rounded once, the result once
            assertEquals(
                    values[i],
                    back[i],
                    2 * Math.ulp(values[i]) + Math.ulp((float) normaliser.scales()[i % 2] * z[i]));
        }
        assertEquals(
                -Math.log(normaliser.scales()[0]) - Math.log(normaliser.scales()[1]),
                normaliser.logDeterminant(new float[2]),
                1e-12);
        assertEquals(normaliser, Encoding.parse(normaliser.spec()));
    }

    @Test
    void aConstantColumnKeepsScaleOneAndIsReported() {
        Normaliser.Fit fit = Normaliser.fit(SMALL, "x");
        assertEquals(List.of("c"), fit.constant());
        assertEquals(1, fit.normaliser().scales()[2]);
        float[] z = SMALL.encoded(Map.of("x", fit.normaliser())).values();
        assertEquals(0, z[2]);
        float[] back = new float[9];
        fit.normaliser().decode(z, back, 3);
        assertEquals(7, back[8]);
    }

    @Test
    void specsThatAreNoneAreRefused() {
        for (String bad : List.of(
                "standardise:1",
                "standardise:1;0",
                "standardise:1,2;1",
                "standardise:a;1",
                "standardise:;",
                "wavelet:2",
                "standardise:NaN;1")) {
            assertThrows(IllegalArgumentException.class, () -> Encoding.parse(bad), bad);
        }
    }

    @Test
    void rowsHeldOutAreTheOthers() {
        float[] values = new float[5000];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        Dataset data = Dataset.of(values, "a");
        Dataset.Split split = data.split(0.1, 4);
        assertEquals(5000, split.learned().rows() + split.heldOut().rows());
        // binomial(5000, 0.1): five standard deviations are 106
        assertEquals(500, split.heldOut().rows(), 106);
        boolean[] seen = new boolean[5000];
        for (float[] part : List.of(split.learned().values(), split.heldOut().values())) {
            for (float value : part) {
                assertTrue(!seen[(int) value]);
                seen[(int) value] = true;
            }
        }
        assertEquals(split.heldOut(), data.split(0.1, 4).heldOut());
        assertThrows(IllegalArgumentException.class, () -> data.split(1, 4));
        assertThrows(
                IllegalArgumentException.class,
                () -> Dataset.of(new float[1], "a").split(0.5, 4));
    }

    @Test
    void theHashKnowsNumbersColumnsAndPorts() {
        String hash = SMALL.hash();
        assertEquals(hash, Dataset.of(SMALL.values().clone(), "a", "b", "c").hash());
        float[] other = SMALL.values().clone();
        other[8] = Math.nextUp(other[8]);
        assertNotEquals(hash, Dataset.of(other, "a", "b", "c").hash());
        assertNotEquals(hash, Dataset.of(SMALL.values(), "a", "b", "d").hash());
        assertNotEquals(hash, SMALL.given("y", "c").hash());
        assertEquals(64, hash.length());
    }

    /** Each number of x stays in its bin and fills it evenly; conditions stay as they are; another seed fills it otherwise. */
    @Test
    void dequantisationFillsBins() {
        int rows = 4000;
        float[] values = new float[3 * rows];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 7;
        }
        Dataset whole = Dataset.of(values, "a", "b", "c").given("y", "c");
        Dataset filled = whole.dequantised(0.5, 3);
        float[] before = whole.values(Dataset.X);
        float[] after = filled.values(Dataset.X);
        double[] sum = new double[2];
        double[] squares = new double[2];
        double product = 0;
        for (int r = 0; r < rows; r++) {
            double[] share = new double[2];
            for (int c = 0; c < 2; c++) {
                share[c] = (after[2 * r + c] - before[2 * r + c]) / 0.5;
                assertTrue(share[c] >= 0 && share[c] <= 1, "share " + share[c]);
                sum[c] += share[c] - 0.5;
                squares[c] += (share[c] - 0.5) * (share[c] - 0.5);
            }
            product += (share[0] - 0.5) * (share[1] - 0.5);
        }
        for (int c = 0; c < 2; c++) {
            // a uniform number has variance 1/12, its square about the middle 1/180; two of a row are independent
            assertEquals(0, sum[c] / rows, 4.5 * Math.sqrt(1.0 / 12 / rows));
            assertEquals(1.0 / 12, squares[c] / rows, 4.5 * Math.sqrt(1.0 / 180 / rows));
        }
        assertEquals(0, product / rows, 4.5 / 12 / Math.sqrt(rows));
        assertArrayEquals(whole.values("y"), filled.values("y"));
        assertEquals(filled, whole.dequantised(0.5, 3));
        assertNotEquals(filled, whole.dequantised(0.5, 4));
        assertThrows(IllegalArgumentException.class, () -> whole.dequantised(0, 3));
    }
}
