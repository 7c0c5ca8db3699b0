package org.tweedie.hitting;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

/** Bridge drifts against the densities that they are the gradients of, and against harmonic measure. */
class HittingDomainTest {
    /** A domain, an end, a place, and ln h^y there. */
    record Density(HittingDomain domain, double[] y, double[] z, ToDoubleFunction<double[]> logDensity) {}

    static List<Density> densities() {
        return List.of(
                ball(new double[] {0.6, 0, -0.8}, new double[] {0.3, -0.5, 0.2}),
                ball(new double[] {0.6, 0.8}, new double[] {0.55, 0.75}),
                ball(new double[] {-1}, new double[] {0.25}),
                halfSpace(new double[] {1.5, -0.5}, new double[] {0.3, 0.1, 0.4}),
                halfSpace(new double[] {2}, new double[] {1.9, 0.05}),
                new Density(
                        Cube.of(3),
                        new double[] {1, 0, 1},
                        new double[] {0.2, 0.7, 0.95},
                        z -> Math.log(z[0] * (1 - z[1]) * z[2])));
    }

    private static Density ball(double[] y, double[] z) {
        return new Density(
                UnitBall.of(y.length), y, z, x -> Math.log(1 - dot(x, x)) - y.length / 2.0 * Math.log(square(x, y)));
    }

    private static Density halfSpace(double[] y, double[] z) {
        int d = y.length;
        return new Density(
                new HalfSpace(d, 1),
                y,
                z,
                x -> Math.log(x[d]) - (d + 1) / 2.0 * Math.log(x[d] * x[d] + square(Arrays.copyOf(x, d), y)));
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double square(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        }
        return sum;
    }

    static double[] drift(HittingDomain domain, double[] z, double[] y) {
        FormulaWriter f = Formula.writer("drift");
        FormulaWriter.Value at = f.input(z.length);
        FormulaWriter.Value end = f.input(y.length);
        double[][] into = {new double[z.length]};
        f.output(domain.drift(f, at, end, 1e-6)).formula().apply(new double[][] {z, y}, into);
        return into[0];
    }

    @ParameterizedTest
    @MethodSource("densities")
    void theBridgeDriftIsTheGradientOfItsLogDensity(Density density) {
        double[] z = density.z();
        double[] drift = drift(density.domain(), z, density.y());
        for (int i = 0; i < z.length; i++) {
            double[] up = z.clone();
            double[] down = z.clone();
            up[i] += 1e-5;
            down[i] -= 1e-5;
            double slope = (density.logDensity().applyAsDouble(up)
                            - density.logDensity().applyAsDouble(down))
                    / 2e-5;
            assertEquals(slope, drift[i], 1e-6 * (1 + Math.abs(slope)), "coordinate " + i);
        }
    }

    /** h^y is harmonic: the sum of its second derivatives is nothing beside their sizes. */
    @ParameterizedTest
    @MethodSource("densities")
    void theDensityOfTheHitIsHarmonic(Density density) {
        double[] z = density.z();
        double step = 1e-4;
        double middle = Math.exp(density.logDensity().applyAsDouble(z));
        double sum = 0;
        double size = 0;
        for (int i = 0; i < z.length; i++) {
            double[] up = z.clone();
            double[] down = z.clone();
            up[i] += step;
            down[i] -= step;
            double second = (Math.exp(density.logDensity().applyAsDouble(up))
                            + Math.exp(density.logDensity().applyAsDouble(down))
                            - 2 * middle)
                    / (step * step);
            sum += second;
            size = Math.max(size, Math.abs(second));
        }
        assertEquals(0, sum, 1e-4 * (size + middle));
    }

    /** Unconditioned, a walk has no drift: the mean of eta^y over where it hits is 0. By quadrature on the circle and the line, exactly on the corners. */
    @Test
    void theMeanDriftOverTheHarmonicMeasureIsNothing() {
        int count = 4000;
        double[] z = {0.4, -0.3};
        double[] mean = new double[2];
        double whole = 0;
        for (int i = 0; i < count; i++) {
            double angle = 2 * Math.PI * i / count;
            double[] y = {Math.cos(angle), Math.sin(angle)};
            double h = (1 - dot(z, z)) / square(z, y) / count;
            double[] drift = drift(UnitBall.of(2), z, y);
            whole += h;
            mean[0] += h * drift[0];
            mean[1] += h * drift[1];
        }
        assertEquals(1, whole, 1e-12);
        assertEquals(0, mean[0], 1e-11);
        assertEquals(0, mean[1], 1e-11);

        double[] above = {0.2, 0.5};
        double[] meanAbove = new double[2];
        for (int i = 0; i < count; i++) {
            // y = x + u tan(angle) has the law of Cauchy where the angle is uniform
            double angle = Math.PI * ((i + 0.5) / count - 0.5);
            double[] drift = drift(new HalfSpace(1, 1), above, new double[] {above[0] + above[1] * Math.tan(angle)});
            meanAbove[0] += drift[0] / count;
            meanAbove[1] += drift[1] / count;
        }
        assertEquals(0, meanAbove[0], 1e-9);
        assertEquals(0, meanAbove[1], 1e-9);

        double[] corner = {0.3, 0.8};
        double[] meanCorner = new double[2];
        for (int k = 0; k < 4; k++) {
            double[] y = {k % 2, k / 2};
            double h = 1;
            for (int d = 0; d < 2; d++) {
                h *= y[d] == 1 ? corner[d] : 1 - corner[d];
            }
            double[] drift = drift(Cube.of(2), corner, y);
            for (int d = 0; d < 2; d++) {
                meanCorner[d] += h * drift[d];
            }
        }
        assertEquals(0, meanCorner[0], 1e-15);
        assertEquals(0, meanCorner[1], 1e-15);
        assertEquals(0, drift(Cube.of(2), corner, corner)[0], 1e-15, "the mean end of the base is the place");
    }

    /**
     * A step of a cube's bridge, from 0.3 to a free place, is one of the process of Bessel of dimension 3: its density (x'/x)(phi(x' - x) - phi(x' + x)) with the
     * variance h gives the mean square x^2 + 3 h, and the share that hits is by hand of the same density with the reflected part. 40,000 steps; 4.5 standard errors.
     */
    @Test
    void aStepOfACubesBridgeIsOneOfBessel() {
        Cube cube = Cube.of(1);
        HittingSteps steps = HittingSteps.of(0.004);
        FormulaWriter f = Formula.writer("towards");
        FormulaWriter.Value z = f.input(1);
        FormulaWriter.Value y = f.input(1);
        FormulaWriter.Value normals = f.input(3);
        FormulaWriter.Value coins = f.input(1);
        HittingDomain.Move move = cube.towards(f, z, y, normals, coins, steps);
        Formula formula =
                f.output(move.place()).output(move.time()).output(move.left()).formula();
        int count = 40_000;
        for (double end : new double[] {0, 1}) {
            double sum = 0;
            double squares = 0;
            int hits = 0;
            for (int i = 0; i < count; i++) {
                Words words = Philox.words(3, i, Purpose.STEP, 0);
                double[][] into = {new double[1], new double[1], new double[1]};
                double near = 0.9; // towards the wall
                double[] at = {end == 1 ? near : 1 - near};
                double[] noise = {words.normal(0), words.normal(1), words.normal(2)};
                double[] coin = {Philox.words(3, i, Purpose.ACCEPT, 0).uniform(0)};
                formula.apply(new double[][] {at, {end}, noise, coin}, into);
                hits += into[2][0] > 0 ? 0 : 1;
                assertEquals(into[2][0] > 0 ? 0.004 : 0.002, into[1][0], 1e-15);
                assertTrue(into[2][0] > 0 || into[0][0] == end);
                // far from the wall: the free step
                at[0] = end == 1 ? 0.3 : 0.7;
                formula.apply(new double[][] {at, {end}, noise, coin}, into);
                double from = end == 1 ? into[0][0] : 1 - into[0][0];
                sum += from * from / count;
                squares += from * from * from * from / count;
            }
            double error = Math.sqrt((squares - sum * sum) / count);
            assertEquals(0.09 + 3 * 0.004, sum, 4.5 * error);
            // P(touch 1 within h | Bessel from 0.9): Doob's transform of P(max of W above 0.1) by x'/x, W stopped
            // there, is 2 Phi(-0.1/sqrt h)/0.9 at the place 1
            double touched = 2 * 0.5 * erfc(0.1 / Math.sqrt(0.004) / Math.sqrt(2)) / 0.9;
            assertEquals(touched, (double) hits / count, 4.5 * Math.sqrt(touched * (1 - touched) / count));
        }
    }

    /** Abramowitz and Stegun 7.1.26, to 1.5e-7. */
    private static double erfc(double x) {
        double t = 1 / (1 + 0.3275911 * x);
        double sum = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
        return sum * Math.exp(-x * x);
    }

    @Test
    void whatCannotBeIsSaid() {
        assertSays(
                "row 2 is no unit vector, its length is 2.0: [0.0, 2.0]; divide",
                () -> UnitBall.of(2).require(new float[] {1, 0, 0, 2}));
        assertSays(
                "row 2 is no row of zeros and ones, it holds 0.5 in column 2",
                () -> Cube.of(2).require(new float[] {1, 0, 0, 0.5f}));
        assertSays("row 1 is not finite: NaN", () -> new HalfSpace(2, 1).require(new float[] {Float.NaN, 0}));
        assertSays("starts within it", () -> UnitBall.from(0.6, 0.8));
        assertSays("starts between 0 and 1, got 1.0", () -> Cube.from(0.5, 1));
        assertSays("dimension of a ball must be positive, got 0", () -> UnitBall.of(0));
        assertSays("dimension of a cube must be positive, got -1", () -> Cube.of(-1));
        assertSays("height of the start must be positive, got 0.0", () -> new HalfSpace(2, 0));
        assertSays("longest step must be above 0 and at most 1, got 2.0", () -> HittingSteps.of(2));
        assertSays("got 0.0; 0.05 is usual", () -> HittingSteps.standard().withShare(0));
        assertSays(
                "between 1e-6 and 0.1, got 0.5", () -> HittingSteps.standard().withTolerance(0.5));
        assertSays(
                "most steps of a row must be positive, got 0",
                () -> HittingSteps.standard().withLimit(0));
    }

    /** Specs are read as what they were written of; a start of the usual numbers is written as their count. */
    @Test
    void specsGoThereAndBack() {
        for (String spec : List.of(
                "ball:3",
                "ball:0.5",
                "ball:0.5,-0.25,0",
                "cube:4",
                "cube:0.3",
                "cube:0.3,0.5",
                "categories:3,2",
                "halfspace:2,0.5",
                "earth")) {
            assertEquals(spec, HittingDomain.parse(spec).spec());
        }
        assertEquals("ball:2", HittingDomain.parse(" ball:0, -0").spec());
        assertEquals("cube:2", HittingDomain.parse("cube:0.5,5e-1").spec());
        assertArrayEquals(
                new double[] {0.3, 0.5}, HittingDomain.parse("cube:0.3,0.5").start());
        assertArrayEquals(
                new double[] {0, 0, 0.5}, HittingDomain.parse("halfspace:2,0.5").start());
        assertEquals(5, HittingDomain.parse("categories:3,2").ends().width());
        assertSays("unknown domain 'bal'; did you mean ball?", () -> HittingDomain.parse("bal:3"));
        assertSays("'halfspace:2' has 1 numbers; say", () -> HittingDomain.parse("halfspace:2"));
        assertSays("'earth:3' has 1 numbers; say", () -> HittingDomain.parse("earth:3"));
        assertSays("100000 is the most", () -> HittingDomain.parse("ball:2000000000"));
        assertEquals(HittingSteps.of(0.02), HittingSteps.parse("0.02"));
        HittingSteps steps = new HittingSteps(0.02, 0.1, 1e-4, 50);
        assertEquals(steps, HittingSteps.parse(steps.spec()));
        assertSays("'' has 0 numbers", () -> HittingSteps.parse(" "));
        assertSays("longest step must be above 0", () -> HittingSteps.parse("0"));
    }

    /** Degrees by hand: the equator at the two axes, the pole, and 30 N 60 W, whose x is cos 30 cos 60 = sqrt(3)/4. */
    @Test
    void placesOnTheEarthAreUnitVectors() {
        UnitBall earth = UnitBall.earth();
        float[] degrees = {0, 0, 0, 90, 90, 0, 30, -60, -45, 170};
        float[] places = earth.read(degrees);
        double root = Math.sqrt(3);
        float[] first = {1, 0, 0, 0, 1, 0, 0, 0, 1, (float) (root / 4), -0.75f, 0.5f};
        assertArrayEquals(first, Arrays.copyOf(places, 12), 1e-7f);
        earth.require(places);
        assertArrayEquals(degrees, earth.write(places), 2e-5f);
        assertArrayEquals(earth.read(new float[] {10, 350}), earth.read(new float[] {10, -10}), 1e-7f);
        assertEquals(2, earth.written());
        assertEquals(List.of("x", "y", "z"), earth.names(List.of("lat", "lon")));
        assertSays(
                "row 2 is no place on the earth: latitude 100.0, longitude 20.0",
                () -> earth.read(new float[] {1, 2, 100, 20}));
        assertSays("longitude 361.0", () -> earth.read(new float[] {1, 361}));
        assertSays("row 1 is no place", () -> earth.read(new float[] {1, Float.NaN}));
    }

    @Test
    void levelsOfFilesAreColumns() {
        Categories domain = Categories.of(3, 2);
        float[] levels = {2, 0, 0, 1};
        assertArrayEquals(new float[] {0, 0, 1, 1, 0, 1, 0, 0, 0, 1}, domain.read(levels));
        assertArrayEquals(levels, domain.write(domain.read(levels)));
        assertArrayEquals(new float[] {-1, 1}, domain.write(new float[] {0.5f, 0, 0.5f, 0, 1}));
        assertEquals(List.of("a=0", "a=1", "a=2", "b=0", "b=1"), domain.names(List.of("a", "b")));
        assertSays(
                "row 2 has the level 2 of category 2, whose levels are 0 to 1; count levels from 0",
                () -> domain.read(new float[] {0, 0, 0, 2}));
        assertSays("row 1 has the level 0.5 of category 1", () -> domain.read(new float[] {0.5f, 0}));
        assertSays("the level -1 of", () -> domain.read(new float[] {-1, 0}));
    }

    private static void assertSays(String what, Runnable refused) {
        String message =
                assertThrows(IllegalArgumentException.class, refused::run).getMessage();
        assertTrue(message.contains(what), message);
    }
}
