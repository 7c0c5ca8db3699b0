package org.tweedie;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Program;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Step;
import org.tweedie.plan.Time;
import org.tweedie.score.Architecture;
import org.tweedie.score.Guide;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.sde.PredictProject;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.ProjectorPairs;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.VariancePreserving;
import org.tweedie.train.Dataset;
import org.tweedie.train.PairRegression;
import org.tweedie.train.TraceFeed;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;
import org.tweedie.train.Trainer;

/**
 * The second field of {@link PredictProject}, learned for the steps of one sampler (Ghimire et al., arXiv 2302.04411; {@link ProjectorPairs}):
 *
 * <pre>{@code
 * Sampler plain = model.sampler(new PredictProject(4)).steps(10);
 * try (Projector projector = Projector.train(plain, data, Mlp.of(64, 2), TrainSpec.steps(2000))) {
 *     float[] rows = plain.steer(projector).sample(1000, 7).rows();
 * }
 * }</pre>
 *
 * <p>Rows of data are walked to pairs on the device, in one launch where the score's walk is one. Any number of threads may sample with it; close it when they are done.
 */
public final class Projector implements Guide, AutoCloseable {
    /** Walks whose pairs are kept at a time, and the steps of training between two refreshes of them. */
    private static final int WALKS = 4096;

    private static final int EVERY = 200;

    private final Network network;
    private final TimeGrid grid;
    private final TrainResult result;

    private Projector(Network network, TimeGrid grid, TrainResult result) {
        this.network = network;
        this.grid = grid;
        this.result = result;
    }

    /**
     * Learns the projector of a sampler's steps.
     *
     * @param sampler by {@link PredictProject}, of a model without conditions or of a known score
     * @param data rows in the units of the model
     * @param architecture of the projector; small ones do
     * @param spec steps, batch, rate, average and seed of the training
     * @throws IllegalArgumentException if the sampler's method is another, the rows have other columns than its, or training was stopped by numbers that are not finite
     */
    public static Projector train(Sampler sampler, Dataset data, Architecture architecture, TrainSpec spec) {
        if (!(sampler.method() instanceof PredictProject)) {
            throw new IllegalArgumentException("a projector is of a sampler by predict-project, got "
                    + sampler.method().spec() + "; take model.sampler(new PredictProject(1))");
        }
        Sampler.Source source = sampler.source();
        int width = source.columns().size();
        if (data.ports().size() != 1 || data.width() != width) {
            throw new IllegalArgumentException(
                    "a projector learns from rows of " + width + " columns without conditions, got " + data.ports());
        }
        return source.whileOpen(() -> trained(source, sampler.times(), data, architecture, spec));
    }

    private static Projector trained(
            Sampler.Source source, TimeGrid grid, Dataset data, Architecture architecture, TrainSpec spec) {
        Device device = source.device();
        VariancePreserving sde = (VariancePreserving) ((DensitySource) source).process();
        Program pairs = source.program(new ProjectorPairs(), grid, List.of());
        float[] weights = new float[grid.steps()];
        float[] times = new float[grid.steps()];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (float) ProjectorPairs.weight(sde, grid.t(i));
            times[i] = (float) grid.s(i);
        }
        float[] encoded = source.encodeGiven(Dataset.X, new GivenRows(data.values(), data.width()))
                .values();
        Dataset rows = Dataset.of(encoded.clone(), data.columns().toArray(String[]::new));
        TraceFeed.Source feed =
                new TraceFeed.Source(pairs, Optional.of(rows), weights, times, WALKS, EVERY, spec.seed());
        Network network = architecture.create(Signature.over(data.width()), Prediction.DENOISED, spec.seed(), device);
        try (Trainer trainer =
                Trainer.open(new PairRegression(network, "projector " + sde.spec() + " " + grid), feed, spec, device)) {
            TrainResult result = trainer.run(TrainListener.NONE, new CancelToken());
            if (result.outcome() != TrainResult.Outcome.FINISHED) {
                throw new IllegalArgumentException("the projector was not learned: " + result.message());
            }
            trainer.copyMean(0, network.parameters().values());
            return new Projector(network, grid, result);
        } catch (RuntimeException | Error e) {
            network.parameters().values().close();
            throw e;
        }
    }

    /** What training came to. */
    public TrainResult result() {
        return result;
    }

    /** T: (predicted row, in the units of the process; the time of the step's end) to a direction. */
    public Network network() {
        return network;
    }

    @Override
    public Guided on(Target target) {
        int width = target.process().space().width();
        if (network.signature().inputs() != width) {
            throw new IllegalArgumentException("a projector of rows of "
                    + network.signature().inputs() + " numbers does not fit rows of " + width);
        }
        return new Guided(this::checked, Map.of(PredictProject.PROJECTOR, network), Set.of());
    }

    private Plan checked(Plan plan) {
        if (!plan.fields().contains(PredictProject.PROJECTOR)) {
            throw new IllegalArgumentException(
                    "the sampler's plan asks for no projection; take a PredictProject with a positive amount");
        }
        for (Step step : plan.steps()) {
            for (Stage stage : step.stages()) {
                if (stage instanceof Stage.Evaluate evaluate
                        && evaluate.field().equals(PredictProject.PROJECTOR)
                        && !knows(evaluate.t())) {
                    throw new IllegalArgumentException(
                            "the projector learned steps along " + grid + " and knows none to the time "
                                    + evaluate.t().at() + "; sample along the times that it was trained for");
                }
            }
        }
        return plan;
    }

    private boolean knows(Time time) {
        return Arrays.stream(grid.times()).anyMatch(t -> t == time.at());
    }

    @Override
    public String spec() {
        return "projector";
    }

    @Override
    public void close() {
        network.parameters().values().close();
    }
}
