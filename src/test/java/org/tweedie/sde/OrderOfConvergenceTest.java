package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.plan.GivenStart;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;

/** Halving the step divides the error of the moments by two to the order: exact moments, no sampling, from the exact law at T. */
class OrderOfConvergenceTest {
    static Stream<Arguments> methods() {
        Map<Method, Integer> orders = Map.ofEntries(
                Map.entry(new EulerMaruyama(), 1),
                Map.entry(new ReverseDiffusion(), 1),
                Map.entry(new Ancestral(), 1),
                Map.entry(new ExponentialIntegrator(), 1),
                Map.entry(new Ddim(0), 1),
                Map.entry(new Ddim(0.5), 1),
                Map.entry(new Ddim(1), 1),
                Map.entry(new DpmSolver1S(), 1),
                Map.entry(new ProbabilityFlowEuler(), 1),
                Map.entry(new Heun(), 2),
                Map.entry(new EdmChurn(0), 2),
                Map.entry(new EdmChurn(10), 2),
                Map.entry(new DpmSolver2S(), 2),
                Map.entry(new DpmSolver2M(), 2),
                Map.entry(new MarginalFamily(-1), 1),
                Map.entry(new MarginalFamily(0.5), 1),
                Map.entry(new UniPc(1, UniPc.Base.H, false), 1),
                Map.entry(new UniPc(2, UniPc.Base.EXPM1, false), 2),
                Map.entry(new UniPc(2, UniPc.Base.H, false), 2),
                Map.entry(new UniPc(3, UniPc.Base.EXPM1, false), 3),
                Map.entry(new UniPc(1), 2),
                Map.entry(new UniPc(1, UniPc.Base.H, true), 2),
                Map.entry(new UniPc(2), 3),
                Map.entry(new UniPc(2, UniPc.Base.H, true), 3),
                Map.entry(new UniPc(3), 4));
        return orders.entrySet().stream()
                .flatMap(entry -> SdeList.all().map(sde -> arguments(entry.getKey(), entry.getValue(), sde)));
    }

    @ParameterizedTest
    @MethodSource("methods")
    void reachesItsOrderOnGaussianData(Method method, double order, Sde sde) {
        double coarse = momentError(method, sde, 400);
        double fine = momentError(method, sde, 800);
        assertEquals(
                order,
                Math.log(coarse / fine) / Math.log(2),
                0.1,
                () -> method.spec() + " for " + sde.spec() + ", errors " + coarse + " and " + fine);
    }

    private static double momentError(Method method, Sde line, int steps) {
        Sde sde = line.on(Space.euclidean(2));
        GaussianMixture data = GaussianMixture.gaussian(new double[] {1, -2}, new double[][] {{0.5, 0.3}, {0.3, 4}});
        // equal steps of log-SNR show the order soonest; but there the first-order error of Euler-Maruyama on a
        // variance-exploding
        // process happens to vanish
        boolean better = method instanceof EulerMaruyama && sde instanceof VeSde;
        TimeGrid grid = better ? TimeGrid.karras(sde, steps) : TimeGrid.uniformLogSnr(sde, steps);
        if (method instanceof UniPc unipc && unipc.order() == 3) {
            grid = slowStart(sde, steps);
        }
        Plan plan = new GivenStart().steer(method.plan(sde, grid));
        GaussianMixture start = data.at(sde, sde.horizon());
        GaussianMixture exact = data.at(sde, sde.cutoff());
        Moments moments = MomentOracle.after(
                plan,
                Map.of(Sde.SCORE, data.affineScore(sde)),
                Map.of(
                        "start",
                        new Moments(
                                List.of(new Register("start", sde.space(), true)), start.mean(), start.covariance())));
        int x = plan.register("x");
        double sum = 0;
        for (int i = 0; i < 2; ++i) {
            sum += Math.pow(moments.mean(x)[i] - exact.mean()[i], 2);
            for (int j = 0; j < 2; ++j) {
                sum += Math.pow(moments.covariance(x)[i][j] - exact.covariance()[i][j], 2);
            }
        }
        return Math.sqrt(sum);
    }

    /** The first steps, which have no rows before them to go by, as the square of the others: their lower order does not show then. */
    private static TimeGrid slowStart(Sde sde, int steps) {
        double first = sde.logSnr(sde.horizon());
        double last = sde.logSnr(sde.cutoff());
        double[] times = new double[steps + 1];
        for (int i = 0; i <= steps; ++i) {
            double u = (double) i / steps;
            times[i] = sde.timeOfLogSnr(first + u * u * (last - first));
        }
        times[0] = sde.horizon();
        return new TimeGrid(times);
    }
}
