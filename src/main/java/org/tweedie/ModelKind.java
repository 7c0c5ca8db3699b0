package org.tweedie;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Steering;
import org.tweedie.rng.Law;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.sde.CldSde;
import org.tweedie.sde.FlexibleParametrisation;
import org.tweedie.sde.FlexibleSde;
import org.tweedie.sde.FlowDensity;
import org.tweedie.sde.Heun;
import org.tweedie.sde.HybridParametrisation;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.Noising;
import org.tweedie.sde.PairFlowDensity;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.UniPc;
import org.tweedie.train.Conditioning;
import org.tweedie.train.DenoisingScoreMatching;
import org.tweedie.train.FlexibleMatching;
import org.tweedie.train.HybridScoreMatching;
import org.tweedie.train.ImplicitScoreMatching;
import org.tweedie.train.Objective;
import org.tweedie.train.TrainSpec;

/** What of a model depends on whether its process moves rows alone, by numbers or by matrices, or each beside its velocity. Immutable. */
sealed interface ModelKind {
    static ModelKind of(Noising process) {
        if (process instanceof Sde sde) {
            return new Rows(sde);
        } else if (process instanceof CldSde sde) {
            return new WithVelocity(sde);
        } else if (process instanceof FlexibleSde sde) {
            return new ByMatrices(sde);
        }
        throw new IllegalArgumentException(
                "a model is of a process of rows, as vp or flexible, or of rows with velocities, cld; got "
                        + process.spec());
    }

    Noising process();

    /**
     * The process where it is one of rows alone.
     *
     * @throws IllegalArgumentException where it is not
     */
    Sde sde();

    /**
     * The process as guides know it.
     *
     * @throws IllegalArgumentException where none can steer it
     */
    default Noising guided() {
        return process();
    }

    /** What a new network predicts. */
    Prediction prediction();

    /** Whether a network that predicts this can be read. */
    default boolean reads(Prediction prediction) {
        return true;
    }

    /** The inputs of the network that the process fills, and what it puts out. */
    List<Signature.Port> state();

    /** The steering that evaluates the network where a plan evaluates the score. */
    Steering fold(Prediction prediction, String score, String network);

    /** The steering that evaluates the network's derivative where a density evaluates that of the score. */
    Steering foldDerivative(Prediction prediction, String field, String network);

    /** Times that rise to the horizon, along which densities and latent rows go. */
    TimeGrid rising(int steps);

    /** The method of latent rows, and its steps, when nothing is said. */
    MethodSpec latentMethod();

    /** The plan of a density ({@link FlowSource#density}). */
    Plan density(Optional<Law> probe, TimeGrid grid);

    /** The standard deviation of positions at the horizon. */
    double priorDeviation();

    /** What the density's plan leaves out, a coordinate ({@link FlowSource#logVolume}). */
    double logVolume(TimeGrid grid);

    Objective objective(Network network, TrainSpec spec);

    /** The network's ports: those that the process fills, then conditions. */
    default Signature signature(List<Signature.Port> conditions) {
        List<Signature.Port> from = new ArrayList<>(state());
        from.addAll(conditions);
        return new Signature(from, List.of(new Signature.Port("out", process().space())));
    }

    private static int group(TrainSpec spec) {
        return spec.evenTimes() ? spec.batch() : 0;
    }

    /** x_t = alpha x_0 + sigma eps. */
    record Rows(Sde sde) implements ModelKind {
        @Override
        public Noising process() {
            return sde;
        }

        @Override
        public Prediction prediction() {
            return Prediction.DENOISED;
        }

        @Override
        public List<Signature.Port> state() {
            return List.of(new Signature.Port("x", sde.space()));
        }

        Parametrisation parametrisation(Prediction prediction) {
            return Parametrisation.preconditioned(sde, prediction, 1);
        }

        @Override
        public Steering fold(Prediction prediction, String score, String network) {
            return parametrisation(prediction).fold(score, network);
        }

        @Override
        public Steering foldDerivative(Prediction prediction, String field, String network) {
            return parametrisation(prediction).foldDerivative(field, network);
        }

        /** Of equal log-SNR. */
        @Override
        public TimeGrid rising(int steps) {
            return TimeGrid.uniformLogSnr(sde, steps).reversed();
        }

        @Override
        public MethodSpec latentMethod() {
            return new MethodSpec(new UniPc(3, UniPc.Base.EXPM1, true), 50);
        }

        @Override
        public Plan density(Optional<Law> probe, TimeGrid grid) {
            return new FlowDensity(probe).plan(sde, grid);
        }

        @Override
        public double priorDeviation() {
            return sde.priorDeviation();
        }

        @Override
        public double logVolume(TimeGrid grid) {
            return StrictMath.log(sde.alpha(sde.horizon()) / sde.alpha(grid.t(0)));
        }

        @Override
        public Objective objective(Network network, TrainSpec spec) {
            Parametrisation parametrisation = parametrisation(network.prediction());
            return spec.slices()
                    .<Objective>map(slices -> new ImplicitScoreMatching(
                            network, parametrisation, spec.weighting(), spec.sampling(), group(spec), slices))
                    .orElseGet(() -> new DenoisingScoreMatching(
                                    parametrisation, spec.weighting(), spec.sampling(), group(spec))
                            .of(network)
                            .under(spec.conditioning()));
        }
    }

    /** Position and velocity. */
    record WithVelocity(CldSde moved) implements ModelKind {
        @Override
        public Noising process() {
            return moved;
        }

        @Override
        public Sde sde() {
            throw new IllegalArgumentException("the model's process " + moved.spec()
                    + " carries a velocity beside each row; variational bounds, local dimensions and"
                    + " classifiers need one of rows alone, as vp or ve");
        }

        @Override
        public Prediction prediction() {
            return Prediction.NOISE;
        }

        @Override
        public boolean reads(Prediction prediction) {
            return prediction == Prediction.NOISE;
        }

        @Override
        public List<Signature.Port> state() {
            return List.of(new Signature.Port("x", moved.space()), new Signature.Port(CldSde.VELOCITY, moved.space()));
        }

        @Override
        public Steering fold(Prediction prediction, String score, String network) {
            return new HybridParametrisation(moved).fold(score, network);
        }

        @Override
        public Steering foldDerivative(Prediction prediction, String field, String network) {
            return new HybridParametrisation(moved).foldDerivative(field, network);
        }

        /** Of equal steps of the square root of time. */
        @Override
        public TimeGrid rising(int steps) {
            return TimeGrid.quadratic(moved, steps).reversed();
        }

        @Override
        public MethodSpec latentMethod() {
            return new MethodSpec(new Heun(), 100);
        }

        @Override
        public Plan density(Optional<Law> probe, TimeGrid grid) {
            return new PairFlowDensity(probe).plan(moved, grid);
        }

        @Override
        public double priorDeviation() {
            return 1;
        }

        @Override
        public double logVolume(TimeGrid grid) {
            return PairFlowDensity.logVolume(moved, grid);
        }

        @Override
        public Objective objective(Network network, TrainSpec spec) {
            if (spec.slices().isPresent() || spec.conditioning().noise().isPresent()) {
                throw new IllegalArgumentException("process " + moved.spec()
                        + " learns by hybrid score matching, from conditions as they are or dropped; take objective"
                        + " denoising, and conditions without noise");
            }
            return new HybridScoreMatching(new HybridParametrisation(moved), spec.weighting(), group(spec))
                    .of(network)
                    .under(spec.conditioning());
        }
    }

    /** x_t = E x_0 + L eps. */
    record ByMatrices(FlexibleSde moved) implements ModelKind {
        @Override
        public Noising process() {
            return moved;
        }

        @Override
        public Sde sde() {
            throw noNumbers();
        }

        @Override
        public Noising guided() {
            throw noNumbers();
        }

        private IllegalArgumentException noNumbers() {
            return new IllegalArgumentException(
                    "the model's process " + moved.learns().spec()
                            + " has matrices for coefficients; log-densities, bounds, latent rows and guides need one"
                            + " of numbers, as vp or ve");
        }

        @Override
        public Prediction prediction() {
            return Prediction.DENOISED;
        }

        @Override
        public boolean reads(Prediction prediction) {
            return prediction == Prediction.DENOISED;
        }

        @Override
        public List<Signature.Port> state() {
            return List.of(new Signature.Port("x", moved.space()));
        }

        @Override
        public Steering fold(Prediction prediction, String score, String network) {
            return new FlexibleParametrisation(moved).fold(score, network);
        }

        @Override
        public Steering foldDerivative(Prediction prediction, String field, String network) {
            throw noNumbers();
        }

        @Override
        public TimeGrid rising(int steps) {
            throw noNumbers();
        }

        @Override
        public MethodSpec latentMethod() {
            throw noNumbers();
        }

        @Override
        public Plan density(Optional<Law> probe, TimeGrid grid) {
            throw noNumbers();
        }

        @Override
        public double priorDeviation() {
            throw noNumbers();
        }

        @Override
        public double logVolume(TimeGrid grid) {
            throw noNumbers();
        }

        @Override
        public Objective objective(Network network, TrainSpec spec) {
            if (spec.slices().isPresent() || !spec.conditioning().equals(Conditioning.CLEAN)) {
                throw new IllegalArgumentException("process " + moved.learns().spec()
                        + " learns by denoising, from conditions as they are; take objective denoising, and"
                        + " conditions neither dropped nor noised");
            }
            return new FlexibleMatching(network, new FlexibleParametrisation(moved));
        }
    }
}
