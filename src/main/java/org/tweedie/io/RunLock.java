package org.tweedie.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * One run's hold on a directory: the operating system's lock on {@code run.lock} there, which ends with the process however
 * it ends. The file stays; it holds the process id of the last holder. For one thread.
 */
public final class RunLock implements AutoCloseable {
    private static final String NAME = "run.lock";

    private final FileChannel channel;

    private RunLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Takes the lock or refuses at once.
     *
     * @throws IllegalArgumentException if another run, in this or another process, holds the directory
     */
    public static RunLock acquire(Path directory, FileActions actions) throws IOException {
        FileChannel channel = actions.openLock(directory.resolve(NAME));
        try {
            if (tryLock(channel) == null) {
                throw new IllegalArgumentException(directory + " is in use by another run (process " + holder(channel)
                        + "); wait for it or choose another directory");
            }
            byte[] pid = (ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII);
            channel.truncate(0);
            actions.write(channel, ByteBuffer.wrap(pid), 0);
            return new RunLock(channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    private static String holder(FileChannel channel) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(20);
        channel.read(text, 0);
        String pid = new String(text.array(), 0, text.position(), StandardCharsets.ISO_8859_1).strip();
        return pid.matches("[0-9]+") ? pid : "unknown";
    }

    /** Lets the directory go. */
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
