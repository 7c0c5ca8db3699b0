package org.tweedie.inverse;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

/** Every operator: its adjoint, its decomposition, its formulas; and what those of pictures must give. */
class LinearOperatorTest {
    private static double[] normals(int width, int seed) {
        Words words = Philox.words(seed, 0, Purpose.DATA, 0);
        double[] row = new double[width];
        for (int i = 0; i < width; i++) {
            row[i] = words.normal(i);
        }
        return row;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double[] forward(LinearOperator a, double[] x) {
        double[] y = new double[a.into()];
        Arrays.fill(y, Double.NaN);
        a.forward(x, y);
        return y;
    }

    private static double[] adjoint(LinearOperator a, double[] y) {
        double[] x = new double[a.from()];
        Arrays.fill(x, Double.NaN);
        a.adjoint(y, x);
        return x;
    }

    @TestFactory
    Stream<DynamicTest> contract() {
        return Operators.all().entrySet().stream()
                .map(one -> DynamicTest.dynamicTest(one.getKey(), () -> holds(one.getValue())));
    }

    private static void holds(LinearOperator a) {
        double[] x = normals(a.from(), 1);
        double[] y = normals(a.into(), 2);
        double[] ax = forward(a, x);
        double[] aty = adjoint(a, y);
        assertEquals(dot(ax, y), dot(x, aty), 1e-13 * Math.sqrt(dot(ax, ax) * dot(y, y)) + 1e-14, "<Ax, y> = <x, A'y>");

        FormulaWriter f = Formula.writer("both");
        FormulaWriter.Value fx = f.input(a.from());
        FormulaWriter.Value fy = f.input(a.into());
        Formula both = f.output(a.forward(f, fx)).output(a.adjoint(f, fy)).formula();
        double[][] into = {new double[a.into()], new double[a.from()]};
        both.apply(new double[][] {x, y}, into);
        assertArrayEquals(ax, into[0], 1e-14, "forward as a formula");
        assertArrayEquals(aty, into[1], 1e-14, "adjoint as a formula");
        assertTrue(both.linear().isPresent());

        Svd svd = a.svd();
        int rank = svd.values().length;
        double[] c = normals(rank, 3);
        assertArrayEquals(c, adjoint(svd.u(), forward(svd.u(), c)), 1e-12, "U' U = I");
        assertArrayEquals(c, adjoint(svd.v(), forward(svd.v(), c)), 1e-12, "V' V = I");
        double[] inner = adjoint(svd.v(), x);
        for (int i = 0; i < rank; i++) {
            assertTrue(svd.values()[i] > 0);
            inner[i] *= svd.values()[i];
        }
        assertArrayEquals(ax, forward(svd.u(), inner), 1e-12, "A = U diag(s) V'");

        // Moore and Penrose: A A+ A = A, A+ A A+ = A+, and both products symmetric
        double[] back = a.pseudoInverse(ax);
        assertArrayEquals(ax, forward(a, back), 1e-11, "A A+ A = A");
        double[] least = a.pseudoInverse(y);
        assertArrayEquals(least, a.pseudoInverse(forward(a, least)), 1e-11, "A+ A A+ = A+");
        double[] y2 = normals(a.into(), 4);
        assertEquals(dot(forward(a, least), y2), dot(y, forward(a, a.pseudoInverse(y2))), 1e-11, "A A+ symmetric");
        double[] x2 = normals(a.from(), 5);
        assertEquals(dot(back, x2), dot(x, a.pseudoInverse(forward(a, x2))), 1e-11, "A+ A symmetric");
        assertArrayEquals(ax, forward(LinearOperator.matrix(a.matrix()), x), 1e-13);
    }

    /** The transform of exp(-|p - m|^2/(2 w^2)) along a ray at distance s is sqrt(2 pi) w exp(-(s - m.n)^2/(2 w^2)). */
    @Test
    void radonTransformsAGaussianAsItMust() {
        double coarse = radonError(16);
        double fine = radonError(32);
        assertTrue(fine < 0.012, "relative to the greatest: " + fine);
        assertTrue(coarse / fine > 3.2, "of second order in the pixel: " + coarse + " to " + fine);
    }

    /** The picture shrinks in its own pixels by being drawn larger. */
    private static double radonError(int side) {
        double w = 0.11 * side;
        double mx = 0.09 * side;
        double my = -0.06 * side;
        double[] image = new double[side * side];
        for (int i = 0; i < side; i++) {
            for (int j = 0; j < side; j++) {
                double x = j - 0.5 * (side - 1) - mx;
                double y = i - 0.5 * (side - 1) - my;
                image[i * side + j] = Math.exp(-(x * x + y * y) / (2 * w * w));
            }
        }
        int angles = 6;
        int bins = 9;
        double[] seen = forward(ImageOperators.radon(side, angles, bins), image);
        double worst = 0;
        for (int k = 0; k < angles; k++) {
            double angle = k * Math.PI / angles;
            double centre = mx * Math.cos(angle) + my * Math.sin(angle);
            for (int b = 0; b < bins; b++) {
                double s = (b - 4.0) * side / bins - centre;
                double exact = Math.sqrt(2 * Math.PI) * w * Math.exp(-s * s / (2 * w * w));
                worst = Math.max(worst, Math.abs(seen[k * bins + b] - exact) / (Math.sqrt(2 * Math.PI) * w));
            }
        }
        return worst;
    }

    /** A disc of radius r gives the chords 2 sqrt(r^2 - s^2), at every angle. */
    @Test
    void radonGivesTheChordsOfADisc() {
        int side = 41;
        double r = 14;
        double[] image = new double[side * side];
        int parts = 8;
        for (int i = 0; i < side * parts; i++) {
            for (int j = 0; j < side * parts; j++) { // the share of a pixel inside
                double x = (j + 0.5) / parts - 0.5 * side;
                double y = (i + 0.5) / parts - 0.5 * side;
                image[i / parts * side + j / parts] += x * x + y * y < r * r ? 1.0 / (parts * parts) : 0;
            }
        }
        int bins = 41;
        double[] seen = forward(ImageOperators.radon(side, 5, bins), image);
        for (int k = 0; k < 5; k++) {
            for (int b = 0; b < bins; b++) {
                double s = b - 20.0;
                double chord = Math.abs(s) < r ? 2 * Math.sqrt(r * r - s * s) : 0;
                // a pixel's width of blur: much at the edge, where the chord is vertical, little inside
                assertEquals(chord, seen[k * bins + b], Math.abs(Math.abs(s) - r) <= 2 ? 4.5 : 0.35, k + ", " + b);
            }
        }
    }

    /** A wave is blurred by the transform of the kernel, and comes out as a wave. */
    @Test
    void aBlurMultipliesWaves() {
        ImageSize size = new ImageSize(6, 8);
        LinearOperator blur = ImageOperators.blur(size, new double[][] {{0, 0.1, 0}, {0.2, 0.4, 0.2}, {0, 0.1, 0}});
        double[] wave = new double[48];
        for (int i = 0; i < 6; i++) {
            for (int j = 0; j < 8; j++) {
                wave[i * 8 + j] = Math.cos(2 * Math.PI * (i / 6.0 + 3 * j / 8.0));
            }
        }
        double factor = 0.4 + 2 * 0.1 * Math.cos(2 * Math.PI / 6) + 2 * 0.2 * Math.cos(2 * Math.PI * 3 / 8);
        assertArrayEquals(Arrays.stream(wave).map(v -> factor * v).toArray(), forward(blur, wave), 1e-14);
        double[] flat = new double[48];
        Arrays.fill(flat, 3);
        assertArrayEquals(flat, forward(ImageOperators.blur(size, 1.1), flat), 1e-14, "a Gaussian kernel has sum 1");
    }

    /** All frequencies are a rotation of the picture: lengths stay, and the least picture that explains them is the picture. */
    @Test
    void everyFrequencyGivesThePictureBack() {
        ImageSize size = new ImageSize(4, 6);
        boolean[][] all = new boolean[4][6];
        for (boolean[] line : all) {
            Arrays.fill(line, true);
        }
        LinearOperator fourier = ImageOperators.fourier(size, all);
        assertEquals(24, fourier.into());
        double[] x = normals(24, 7);
        double[] y = forward(fourier, x);
        assertEquals(dot(x, x), dot(y, y), 1e-12);
        assertArrayEquals(x, fourier.pseudoInverse(y), 1e-13);
        assertEquals(Arrays.stream(x).sum() / Math.sqrt(24), y[0], 1e-13, "the mean comes first");
    }

    @Test
    void blocksAndColours() {
        double[] y = forward(ImageOperators.downsample(new ImageSize(2, 4), 2), new double[] {1, 2, 3, 4, 5, 6, 7, 8});
        assertArrayEquals(new double[] {3.5, 5.5}, y, 1e-15);
        assertArrayEquals(
                new double[] {6 / Math.sqrt(3), 0},
                forward(ImageOperators.grey(new ImageSize(1, 2, 3)), new double[] {1, 2, 3, 1, -1, 0}),
                1e-15);
    }

    @Test
    void whatCannotBeIsSaid() {
        says("knows different places from 0 to 2, got [0, 3]", () -> LinearOperator.mask(3, 0, 3));
        says("got [1, 1]", () -> LinearOperator.mask(3, 1, 1));
        says("knows at least one place", () -> LinearOperator.mask(3));
        says("row 2 has 1 numbers, row 1 has 2", () -> LinearOperator.matrix(new double[][] {{1, 2}, {3}}));
        says("got NaN in row 1, column 2", () -> LinearOperator.matrix(new double[][] {{1, Double.NaN}}));
        says("at least one row and one column", () -> LinearOperator.matrix(new double[0][]));
        says(
                "sees nothing",
                () -> LinearOperator.matrix(new double[][] {{0, 0}}).svd());
        says("scaled by as many, got 1", () -> LinearOperator.mask(3, 0).scaled(new double[1]));
        says("4x6 is not cut into blocks of 4x4", () -> ImageOperators.downsample(new ImageSize(4, 6), 4));
        says("deviation in pixels must be positive, got 0", () -> ImageOperators.blur(new ImageSize(4, 6), 0));
        says(
                "an odd number of lines, at most 4, got 2",
                () -> ImageOperators.blur(new ImageSize(4, 6), new double[2][1]));
        says(
                "lines of one odd length, at most 6, got 7",
                () -> ImageOperators.blur(new ImageSize(4, 6), new double[1][7]));
        says("one channel, got 3", () -> ImageOperators.blur(new ImageSize(4, 6, 3), 1));
        says(
                "as large as the picture, 4x6, got 4x5",
                () -> ImageOperators.fourier(new ImageSize(4, 6), new boolean[4][5]));
        says("sees at least one frequency", () -> ImageOperators.fourier(new ImageSize(2, 2), new boolean[2][2]));
        says("got side 1, 2 angles and 3 bins", () -> ImageOperators.radon(1, 2, 3));
        says("at least one line, column and channel, got 0x2x1", () -> new ImageSize(0, 2));
        says("0 or above, got -1", () -> Observation.of(LinearOperator.mask(3, 0), -1));
        says("needs a name", () -> new Observation(" ", LinearOperator.mask(3, 0), 0));
    }

    private static void says(String what, Executable call) {
        String message = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(message.contains(what), message);
    }
}
