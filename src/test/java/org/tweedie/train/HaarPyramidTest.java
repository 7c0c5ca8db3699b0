package org.tweedie.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;

/** Orthonormal, inverted, scales in their places. */
class HaarPyramidTest {
    @ParameterizedTest
    @CsvSource({"1,1,2", "3,1,8", "2,1,20", "1,2,2", "2,4,4", "3,8,16", "1,6,10"})
    void isOrthonormalAndInverted(int depth, int height, int across) {
        HaarPyramid pyramid = new HaarPyramid(depth, height, across);
        int width = pyramid.width();
        double[][] images = new double[width][width];
        for (int i = 0; i < width; i++) {
            float[] unit = new float[width];
            unit[i] = 1;
            pyramid.encode(unit, unit, 1);
            for (int j = 0; j < width; j++) {
                images[i][j] = unit[j];
            }
        }
        for (int i = 0; i < width; i++) {
            for (int j = 0; j < width; j++) {
                double dot = 0;
                for (int k = 0; k < width; k++) {
                    dot += images[i][k] * images[j][k];
                }
                assertEquals(i == j ? 1 : 0, dot, 1e-6);
            }
        }
        float[] rows = new float[3 * width];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = (float) Philox.words(1, i, Purpose.DATA, 0).normal(0);
        }
        float[] encoded = new float[rows.length];
        pyramid.encode(rows, encoded, 3);
        float[] back = new float[rows.length];
        pyramid.decode(encoded, back, 3);
        assertArrayEquals(rows, back, 1e-6f);
        assertEquals(0, pyramid.logDeterminant(rows));
        assertEquals(pyramid, Encoding.parse(pyramid.spec()));
        assertEquals(
                width, pyramid.scales().stream().mapToInt(Integer::intValue).sum());
    }

    @Test
    void scalesGoFromFineToCoarse() {
        HaarPyramid line = HaarPyramid.ofRows(2, 4);
        float[] row = {1, 2, 3, 5};
        line.encode(row, row, 1);
        float root = (float) Math.sqrt(0.5);
        assertArrayEquals(new float[] {-root, -2 * root, (3 - 8) / 2f, 11 / 2f}, row, 1e-6f);
        assertEquals(List.of(2, 1, 1), line.scales());

        HaarPyramid image = new HaarPyramid(1, 2, 4);
        float[] square = {1, 2, 10, 10, 3, 8, 10, 10};
        image.encode(square, square, 1);
        // differences along rows, along columns, along both, of both squares; then their half sums
        assertArrayEquals(new float[] {-3, 0, -4, 0, 2, 0, 7, 20}, square, 1e-6f);
        assertEquals(List.of(6, 2), image.scales());
        assertEquals(
                "nonuniform:6*vp-logsnr:10,-10,0.5/2*vp-logsnr:10,-10,1",
                image.process().spec());
    }

    @Test
    void chainsAreInvertedInTheirOrder() {
        Encoding chain = new EncodingChain(
                List.of(HaarPyramid.ofRows(1, 2), new Normaliser(new double[] {1, -2}, new double[] {2, 4})));
        float[] row = {3, 7};
        float[] encoded = new float[2];
        chain.encode(row, encoded, 1);
        double root = Math.sqrt(0.5);
        assertArrayEquals(new float[] {(float) ((-4 * root - 1) / 2), (float) ((10 * root + 2) / 4)}, encoded, 1e-6f);
        chain.decode(encoded, encoded, 1);
        assertArrayEquals(row, encoded, 1e-5f);
        assertEquals(-Math.log(8), chain.logDeterminant(row), 1e-12);
        assertEquals(chain.spec(), Encoding.parse(chain.spec()).spec());
    }

    @Test
    void sidesThatCannotBeHalvedAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> HaarPyramid.ofRows(2, 6));
        assertThrows(IllegalArgumentException.class, () -> new HaarPyramid(2, 2, 4));
        assertThrows(IllegalArgumentException.class, () -> HaarPyramid.ofRows(0, 4));
        for (String wrong : List.of("haar:", "haar:2", "haar:2,3x3", "haar:1,8", "haar:99,1x8", "haar:1,0x0")) {
            assertThrows(IllegalArgumentException.class, () -> Encoding.parse(wrong), wrong);
        }
    }
}
