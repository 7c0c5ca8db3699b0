package org.tweedie.io;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The checkpoints of one run, {@code step-000000012000.ckpt} and so on, of which the newest few are kept. Holds the
 * directory's {@link RunLock} until closed, so that no other run writes there. For one thread.
 */
public final class CheckpointDirectory implements AutoCloseable {
    private static final Pattern NAME = Pattern.compile("step-([0-9]{1,18})\\.ckpt");
    private static final Pattern LEFT_OVER = Pattern.compile("step-[0-9]{1,18}\\.ckpt\\.tmp-[0-9]+(-[0-9]+)?");

    /**
     * A checkpoint that was found. Immutable.
     *
     * @param step the step in its name
     */
    public record Found(long step, Path file, Checkpoint checkpoint) {}

    private final Path directory;
    private final int keep;
    private final FileActions actions;
    private final RunLock lock;

    private CheckpointDirectory(Path directory, int keep, FileActions actions, RunLock lock) {
        this.directory = directory;
        this.keep = keep;
        this.actions = actions;
        this.lock = lock;
    }

    /**
     * Takes a directory, making it where absent, and removes what a killed run left half-written there.
     *
     * @param keep how many checkpoints to keep, at least 1
     * @throws IllegalArgumentException if another run holds the directory
     */
    public static CheckpointDirectory open(Path directory, int keep, FileActions actions) throws IOException {
        if (keep < 1) {
            throw new IllegalArgumentException("checkpoints to keep must be positive, got " + keep);
        }
        if (Files.exists(directory) && !Files.isDirectory(directory)) {
            throw new IllegalArgumentException(directory + " is not a directory; name one for the checkpoints");
        }
        create(directory, actions);
        RunLock lock = RunLock.acquire(directory, actions);
        try {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
                for (Path file : files) {
                    if (LEFT_OVER.matcher(String.valueOf(file.getFileName())).matches()) {
                        actions.delete(file);
                    }
                }
            }
            return new CheckpointDirectory(directory, keep, actions, lock);
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /** A folder's name is on the disk once the folder above is forced; without it no file inside outlives a power loss. */
    private static void create(Path directory, FileActions actions) throws IOException {
        Path above = directory.toAbsolutePath().getParent();
        Path there = above;
        while (there != null && !Files.exists(there)) {
            there = there.getParent();
        }
        actions.createDirectories(directory);
        while (above != null) {
            actions.forceDirectory(above);
            above = above.equals(there) ? null : above.getParent();
        }
    }

    /** Removes all checkpoints, for a run that starts afresh; afterwards none of them comes back after a power loss. */
    public void clear() throws IOException {
        for (Path file : list(directory).values()) {
            actions.delete(file);
        }
        actions.forceDirectory(directory);
    }

    /**
     * Writes a checkpoint, then removes all but the newest few and any of a later step, which were passed over when this
     * run resumed.
     */
    public Path save(long step, Checkpoint checkpoint) throws IOException {
        if (step < 0 || step >= 1_000_000_000_000_000_000L) {
            throw new IllegalArgumentException("step must be within 0 and 10^18, got " + step);
        }
        Path file = directory.resolve(String.format("step-%012d.ckpt", step));
        CheckpointFile.write(new Output(file, true, actions), checkpoint);
        NavigableMap<Long, Path> all = list(directory);
        for (Path later : all.tailMap(step, false).values()) {
            actions.delete(later);
        }
        for (Path old : all.headMap(step, true).descendingMap().values().stream()
                .skip(keep)
                .toList()) {
            actions.delete(old);
        }
        return file;
    }

    /** The newest checkpoint of this directory that can be read. */
    public Optional<Found> newest(ReadLimits limits, Consumer<String> skipped) throws IOException {
        return newest(directory, limits, skipped);
    }

    /**
     * The newest checkpoint that can be read.
     *
     * @param skipped is told, in one line each, of newer ones that cannot
     * @throws MalformedFileException if there are checkpoints but none can be read; the fault is the newest one's
     */
    public static Optional<Found> newest(Path directory, ReadLimits limits, Consumer<String> skipped)
            throws IOException {
        MalformedFileException first = null;
        for (var entry : list(directory).descendingMap().entrySet()) {
            try {
                return Optional.of(
                        new Found(entry.getKey(), entry.getValue(), CheckpointFile.read(entry.getValue(), limits)));
            } catch (MalformedFileException e) {
                skipped.accept("skipped " + e.getMessage());
                first = first == null ? e : first;
            }
        }
        if (first != null) {
            throw first;
        }
        return Optional.empty();
    }

    private static NavigableMap<Long, Path> list(Path directory) throws IOException {
        NavigableMap<Long, Path> found = new TreeMap<>(Comparator.naturalOrder());
        if (!Files.isDirectory(directory)) {
            return found;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
                if (name.matches()) {
                    found.put(Long.parseLong(name.group(1)), file);
                }
            }
        }
        return found;
    }

    /** Releases the directory. */
    @Override
    public void close() throws IOException {
        lock.close();
    }
}
