package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.tweedie.sde.MethodContractTest.assertSays;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TimeGridTest {
    @ParameterizedTest
    @MethodSource("org.tweedie.sde.SdeList#all")
    void gridsAreEqualStepsOfWhatTheyAreNamedFor(Sde sde) {
        for (int steps : new int[] {1, 2, 3, 31, 1000}) {
            double[] uniform = TimeGrid.uniform(sde, steps).times();
            double[] logSnr = TimeGrid.uniformLogSnr(sde, steps).times();
            double[] karras = TimeGrid.karras(sde, steps).times();
            for (double[] times : new double[][] {uniform, logSnr, karras}) {
                assertEquals(steps + 1, times.length);
                assertEquals(sde.horizon(), times[0]);
                assertEquals(sde.cutoff(), times[steps]);
            }
            double rangeT = sde.cutoff() - sde.horizon();
            double rangeSnr = sde.logSnr(sde.cutoff()) - sde.logSnr(sde.horizon());
            double first = Math.pow(sde.noiseToSignal(sde.horizon()), 1 / 7.0);
            double last = Math.pow(sde.noiseToSignal(sde.cutoff()), 1 / 7.0);
            for (int i = 0; i <= steps; ++i) {
                double u = (double) i / steps;
                assertEquals(u * rangeT, uniform[i] - uniform[0], 1e-14);
                assertEquals(u * rangeSnr, sde.logSnr(logSnr[i]) - sde.logSnr(logSnr[0]), 1e-10 * rangeSnr);
                assertEquals(
                        first + u * (last - first), Math.pow(sde.noiseToSignal(karras[i]), 1 / 7.0), 1e-10 * first);
            }
        }
    }

    @Test
    void karrasIsThePapersGrid() {
        VeSde sde = new VeSde(0.002, 80);
        TimeGrid grid = GridShape.KARRAS.grid(sde, 18);
        assertEquals(18, grid.steps()); // some noise is left at 0, so no step to 0
        VeSde exact = new VeSde(0.002, 80, true);
        TimeGrid toZero = GridShape.KARRAS.grid(exact, 18);
        assertEquals(18, toZero.steps());
        assertEquals(0, toZero.s(17));
        double most = exact.sigma(1);
        double least = exact.sigma(exact.cutoff());
        for (int i = 0; i < 18; ++i) {
            double paper = Math.pow(
                    Math.pow(most, 1 / 7.0) + i / 17.0 * (Math.pow(least, 1 / 7.0) - Math.pow(most, 1 / 7.0)), 7);
            assertEquals(paper, exact.sigma(toZero.t(i)), 1e-9 * paper);
        }
    }

    @Test
    void gridsGoBothWays() {
        TimeGrid down = TimeGrid.uniform(new VpSde(), 4);
        TimeGrid up = down.reversed();
        assertTrue(down.falls());
        assertFalse(up.falls());
        assertEquals(down, up.reversed());
        assertEquals(down.hashCode(), up.reversed().hashCode());
        assertEquals(down.t(0), up.s(3));
        assertEquals("TimeGrid[4 steps, 0.001 to 1.0]", up.toString());
        assertArrayEquals(
                new double[] {0.5, 0}, new TimeGrid(new double[] {0.5}).toZero().times());
    }

    @Test
    void badGridsAreRefused() {
        VpSde sde = new VpSde();
        assertSays("steps must be positive, got 0", () -> TimeGrid.uniform(sde, 0));
        assertSays("rho must be positive", () -> TimeGrid.karras(sde, 5, 0));
        assertSays("at least one time", () -> new TimeGrid(new double[0]));
        assertSays("finite and not negative, got -1.0 at 1", () -> new TimeGrid(new double[] {1, -1}));
        assertSays("finite and not negative, got NaN at 0", () -> new TimeGrid(new double[] {Double.NaN}));
        assertSays("fall or rise strictly, got 0.5 then 0.5 at 2", () -> new TimeGrid(new double[] {1, 0.5, 0.5}));
        assertSays("fall or rise strictly, got 0.5 then 0.7 at 2", () -> new TimeGrid(new double[] {1, 0.5, 0.7}));
        assertSays("only a falling grid that ends above 0", () -> new TimeGrid(new double[] {0.5, 1}).toZero());
        assertSays("only a falling grid that ends above 0", () -> new TimeGrid(new double[] {0.5, 0}).toZero());
    }
}
