package org.tweedie;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.Output;
import org.tweedie.score.Architecture;
import org.tweedie.score.Network;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.Noising;
import org.tweedie.sde.ProcessSpec;
import org.tweedie.train.Dataset;
import org.tweedie.train.Encoding;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;
import org.tweedie.train.Trainer;

/**
 * What is trained on rows, kept in a file and sampled from: a {@link ScoreModel}, or a {@link NonUniformModel} of blocks that move each at its
 * own speed. Any number of threads may sample at once; training and closing wait for them and keep others out.
 */
public sealed interface Model extends AutoCloseable permits ScoreModel, NonUniformModel {
    /**
     * An untrained model of rows like these.
     *
     * @param process as {@link ProcessSpec} reads it, or as {@link NonUniformModel#create(String, Architecture, Dataset, long, Device)} does
     * @param seed of the initial weights
     */
    static Model create(String process, Architecture architecture, Dataset like, long seed, Device device) {
        return NonUniformModel.is(process)
                ? NonUniformModel.create(process, architecture, like, seed, device)
                : ScoreModel.create(ProcessSpec.process(process), architecture, like, seed, device);
    }

    /** Reads a model file of either kind onto a device. */
    static Model load(Path file, Device device) throws IOException {
        return NonUniformFile.holds(file) ? NonUniformModel.load(file, device) : ScoreModel.load(file, device);
    }

    Device device();

    Noising process();

    /** Its networks: one, or one for each interval of the clock. */
    List<Network> networks();

    /** The inputs with their columns: x first, then the conditions. */
    List<Dataset.Port> ports();

    /** The ports that a caller gives rows of: those after x, but for the flag of {@link Dataset#droppable}. */
    default List<Dataset.Port> conditions() {
        return ports().stream()
                .skip(1)
                .filter(port -> !port.name().equals(Dataset.GIVEN))
                .toList();
    }

    /** Names of the columns that are sampled. */
    List<String> columns();

    /** The encoding of each port that has one. */
    Map<String, Encoding> encodings();

    /** How the model was made. */
    Map<String, String> provenance();

    /** Adds to the provenance. */
    void note(Map<String, String> facts);

    /**
     * Trains on the data's rows; afterwards the model holds the running mean of the weights.
     *
     * @param cancel finishes the step, writes a checkpoint and returns
     * @param checkpoints where to write them, or null
     * @param resume whether to go on from the newest checkpoint there
     */
    TrainResult train(
            Dataset data,
            TrainSpec spec,
            TrainListener listener,
            CancelToken cancel,
            @Nullable CheckpointDirectory checkpoints,
            boolean resume)
            throws IOException;

    /** What training on that data would take; nothing is changed. */
    Trainer.Estimate estimate(Dataset data, TrainSpec spec);

    /** What training would run, and why not the rest. */
    Map<String, String> explainTraining(TrainSpec spec);

    /** Samples by a method, steps and grid in one. */
    Sampler sampler(MethodSpec spec);

    /** Log-densities of rows under this model, by its probability-flow ODE. */
    Likelihood likelihood();

    /** The map between rows and latent rows: encoding, decoding, ways between rows. */
    LatentMap latentMap();

    /** Writes the model file. */
    void save(Output output) throws IOException;

    @Override
    void close();
}
