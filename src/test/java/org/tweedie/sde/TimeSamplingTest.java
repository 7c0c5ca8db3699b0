package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;
import static org.tweedie.sde.MethodContractTest.assertSays;

import java.util.stream.Stream;
import org.apache.commons.statistics.distribution.NormalDistribution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.plan.Curves;

class TimeSamplingTest {
    static Stream<Arguments> all() {
        return Stream.of(TimeSampling.values())
                .flatMap(sampling -> SdeList.all().map(sde -> arguments(sampling, sde)));
    }

    static Stream<Parametrisation> tables() {
        return Stream.of(new VpSde(), VpSde.cosine(), new SubVpSde(), new VeSde(0.002, 80), new VeSde(0.01, 50, true))
                .flatMap(sde -> Stream.of(Prediction.values())
                        .flatMap(prediction -> Stream.of(
                                Parametrisation.plain(sde, prediction),
                                Parametrisation.preconditioned(sde, prediction, 0.5))));
    }

    /** The share below quantile(u) is u: the density, integrated between quantiles, gives the difference of their ranks. */
    @ParameterizedTest
    @MethodSource("all")
    void densityIsTheSlopeOfTheRank(TimeSampling sampling, Sde sde) {
        assertEquals(sde.cutoff(), sampling.quantile(sde, 0), 1e-8 * sde.cutoff());
        assertEquals(sde.horizon(), sampling.quantile(sde, 1), 1e-9);
        int parts = 32;
        for (int i = 0; i < parts; ++i) {
            double from = sampling.quantile(sde, (double) i / parts);
            double to = sampling.quantile(sde, (i + 1.0) / parts);
            assertTrue(to > from);
            // in ln t, where every one of the densities is smooth; the outer parts of the log-normal are long and thin
            double share = 0;
            int pieces = 8;
            for (int k = 0; k < pieces; ++k) {
                double low = Math.log(from) + k * Math.log(to / from) / pieces;
                double high = low + Math.log(to / from) / pieces;
                share += GaussLegendre.integral(
                        l -> sampling.density(sde, Math.min(to, Math.max(from, Math.exp(l)))) * Math.exp(l), low, high);
            }
            assertEquals(1.0 / parts, share, 1e-6 / parts, "part " + i);
        }
        assertEquals(0, sampling.density(sde, 0.5 * sde.cutoff()));
        assertEquals(0, sampling.density(sde, 1.5));
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.sde.SdeList#all")
    void importanceIsProportionalToTheLikelihoodWeightOfNoise(Sde sde) {
        double ratio = Double.NaN;
        for (double t : TimeGrid.uniformLogSnr(sde, 7).times()) {
            double weight = Parametrisation.plain(sde, Prediction.NOISE).weight(Weighting.LIKELIHOOD, t);
            double density = TimeSampling.IMPORTANCE.density(sde, t);
            assertEquals(Double.isNaN(ratio) ? weight / density : ratio, weight / density, 1e-9 * weight / density);
            ratio = weight / density;
            // so that the corrected weight does not depend on t
            assertEquals(
                    ratio / (sde.horizon() - sde.cutoff()),
                    weight * TimeSampling.IMPORTANCE.correction(sde, t),
                    1e-9 * ratio);
        }
    }

    @Test
    void logNormalIsEdms() {
        VeSde sde = new VeSde(0.002, 80);
        NormalDistribution normal = NormalDistribution.of(-1.2, 1.2);
        double least = normal.cumulativeProbability(Math.log(sde.sigma(sde.cutoff())));
        double most = normal.cumulativeProbability(Math.log(sde.sigma(1)));
        for (double u = 0.001; u < 1; u += 0.0499) {
            double logNoise = Math.log(sde.sigma(TimeSampling.LOGNORMAL.quantile(sde, u)));
            assertEquals(u, (normal.cumulativeProbability(logNoise) - least) / (most - least), 1e-10);
        }
    }

    @Test
    void standardNormalAgreesWithAnotherLibrary() {
        NormalDistribution normal = NormalDistribution.of(0, 1);
        for (double x = -8; x <= 8; x += 0.125) {
            double expected = normal.cumulativeProbability(x);
            assertEquals(expected, StandardNormal.distribution(x), 1e-15 + 1e-11 * expected);
            assertEquals(normal.density(x), StandardNormal.density(x), 1e-15);
        }
        for (double p : new double[] {1e-300, 1e-20, 1e-5, 0.1, 0.5, 0.77, 0.999, 1 - 1e-12}) {
            assertEquals(normal.inverseCumulativeProbability(p), StandardNormal.quantile(p), 1e-9);
        }
    }

    @Test
    void sharesOutsideAreRefused() {
        assertSays("between 0 and 1, got 1.5", () -> TimeSampling.UNIFORM.quantile(new VpSde(), 1.5));
    }

    /** The rank of what the device draws is right to a tenth of the spacing of nodes, and to half of it in the two outer cells. */
    @ParameterizedTest
    @MethodSource("all")
    void quantileTableIsTheQuantile(TimeSampling sampling, Sde sde) {
        QuantileTable table = QuantileTable.of(sde, sampling);
        assertEquals(2 * table.nodes(), table.values().length);
        double spacing = 1.0 / (table.nodes() - 1);
        double before = 0;
        for (double u = 0; u <= 1; u += 1.0 / 997) {
            double t = table.at(u);
            double slack = (u < spacing || u > 1 - spacing ? 0.5 : 0.1) * spacing;
            assertTrue(t >= sampling.quantile(sde, Math.max(0, u - slack)) * (1 - 1e-7), "u = " + u);
            assertTrue(t <= sampling.quantile(sde, Math.min(1, u + slack)) * (1 + 1e-7), "u = " + u);
            assertTrue(t >= before, "u = " + u);
            before = t;
        }
        for (double u : new double[] {0.1 * spacing, 0.5 * spacing, 1 - 0.5 * spacing, 1 - 0.1 * spacing}) {
            double t = table.at(u);
            assertTrue(t >= sampling.quantile(sde, Math.max(0, u - 0.5 * spacing)) * (1 - 1e-7), "u = " + u);
            assertTrue(t <= sampling.quantile(sde, Math.min(1, u + 0.5 * spacing)) * (1 + 1e-7), "u = " + u);
        }
    }

    @ParameterizedTest
    @MethodSource("tables")
    void coefficientTableIsTheFormula(Parametrisation p) {
        Sde sde = p.sde();
        for (Weighting weighting :
                p.prediction() == Prediction.NOISE ? Weighting.values() : new Weighting[] {Weighting.SIMPLE}) {
            Curves table = Coefficients.training(p, weighting, TimeSampling.IMPORTANCE);
            assertEquals(6, table.columns());
            assertEquals(12 * table.nodes(), table.values().length);
            double[] largest = new double[6];
            for (int pass = 0; pass < 2; ++pass) {
                for (int i = 0; i <= 333; ++i) {
                    double t =
                            Math.min(sde.horizon(), sde.cutoff() * Math.pow(sde.horizon() / sde.cutoff(), i / 333.0));
                    double[] exact = {
                        p.inputScale(t) * sde.alpha(t),
                        p.inputScale(t) * sde.sigma(t),
                        p.targetX0(t),
                        p.targetEps(t),
                        p.weight(weighting, t) * TimeSampling.IMPORTANCE.correction(sde, t),
                        p.networkTime(t)
                    };
                    double[] actual = table.at(t);
                    for (int c = 0; c < 6; ++c) {
                        largest[c] = Math.max(largest[c], Math.abs(exact[c]));
                        if (pass == 1) {
                            double scale = Math.max(Math.abs(exact[c]), 0.01 * largest[c]);
                            assertEquals(exact[c], actual[c], 1e-6 * scale, "column " + c + " at " + t);
                        }
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.sde.SdeList#all")
    void perturbationTableIsTheKernel(Sde sde) {
        Curves table = Coefficients.perturbation(sde);
        for (double t : TimeGrid.uniformLogSnr(sde, 500).times()) {
            double[] row = table.at(t);
            assertEquals(sde.alpha(t), row[0], 1e-6 * sde.alpha(t) + 1e-8);
            assertEquals(sde.sigma(t), row[1], 1e-6 * sde.sigma(t) + 1e-8 * sde.sigma(sde.horizon()));
            assertEquals(t, row[5], 1e-6 * t);
            assertEquals(1, row[3], 1e-6);
        }
        // beyond the ends, the ends
        assertEquals(table.at(sde.cutoff())[1], table.at(1e-30)[1]);
        assertEquals(table.at(sde.horizon())[1], table.at(50)[1]);
    }
}
