package org.tweedie;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tweedie.bridge.BridgeProcess;
import org.tweedie.bridge.HalfBridge;
import org.tweedie.device.Device;
import org.tweedie.io.Output;
import org.tweedie.io.ReadLimits;
import org.tweedie.train.TrainResult;

/**
 * What is fitted in half bridges, kept in a file and walked: a {@link SchrodingerBridge} between two sets of rows, or a {@link ConditionalBridge} to rows given
 * observations. Any number of threads may sample at once; closing waits for them.
 */
public sealed interface Bridge extends AutoCloseable permits SchrodingerBridge, ConditionalBridge {
    /**
     * Reads a bridge file of either kind onto a device.
     *
     * @throws org.tweedie.io.MalformedFileException if the file is damaged, or holds no bridge
     */
    static Bridge load(Path file, Device device) throws IOException {
        return SealedFile.of(file, ReadLimits.defaults()).equals(Optional.of(SealedFile.CONDITIONAL_BRIDGE))
                ? ConditionalBridge.load(file, device)
                : SchrodingerBridge.load(file, device);
    }

    /** What each half bridge came to, the backward one of the first iteration first. */
    List<HalfBridge> halves();

    /** How the last training ended; nothing for a bridge that was read from a file. */
    Optional<TrainResult> result();

    /** The chains, in their own units. */
    BridgeProcess process();

    /** How the bridge was made: seed, hashes of the rows, settings. */
    Map<String, String> provenance();

    /** Writes the bridge file, which holds rows that walks start from too. The file must not exist. */
    default void save(Path file) throws IOException {
        save(Output.to(file));
    }

    /**
     * Writes the bridge file.
     *
     * @throws IllegalStateException if fitting was stopped, or came to numbers that are not finite; its checkpoints hold what there is
     */
    void save(Output output) throws IOException;

    @Override
    void close();
}
