package org.tweedie.sde;

import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** Every method of the package; a new one joins here and inherits the contract. */
public final class MethodList {
    private MethodList() {}

    public static Stream<Method> all() {
        return Stream.of(
                new EulerMaruyama(),
                new ReverseDiffusion(),
                new Ancestral(),
                new Ddim(0),
                new Ddim(0.5),
                new Ddim(1),
                new ProbabilityFlowEuler(),
                new Heun(),
                new EdmChurn(0),
                new EdmChurn(10, 0.05, 50, 1.003),
                new EdmChurn(40, 0.01, 10, 1),
                new DpmSolver1S(),
                new DpmSolver2S(),
                new DpmSolver2M(),
                new UniPc(1),
                new UniPc(2),
                new UniPc(3, UniPc.Base.H, true),
                new UniPc(3, UniPc.Base.EXPM1, false),
                new MarginalFamily(0.5),
                new MarginalFamily(-0.5),
                new ExponentialIntegrator(),
                new PredictorCorrector(0.16),
                new PredictorCorrector(0.1, 2, new Ddim(1)),
                new AnnealedLangevin(),
                new AnnealedLangevin(5, 0.05));
    }

    /** Every process with every method that knows it at this many steps. */
    public static Stream<Arguments> withProcesses() {
        return all().flatMap(method -> SdeList.all().map(sde -> Arguments.of(method, sde)));
    }
}
