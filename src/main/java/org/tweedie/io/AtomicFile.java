package org.tweedie.io;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A file that appears complete or not at all. Bytes go to {@code name.tmp-<pid>} beside the target (0600); {@link #publish}
 * makes the file 0644, forces it to the disk, renames it and forces the directory. Closing without publishing removes
 * it. For one thread.
 */
public final class AtomicFile implements AutoCloseable {
    private static final int LONGEST_STEM = 200;

    private final Path target;
    private final Path temporary;
    private final boolean force;
    private final FileActions actions;
    private final FileChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
    private long flushed;
    private boolean open = true;

    private AtomicFile(Path target, Path temporary, Output output, FileChannel channel) {
        this.target = target;
        this.temporary = temporary;
        this.force = output.force();
        this.actions = output.actions();
        this.channel = channel;
    }

    /**
     * Starts a file.
     *
     * @throws IllegalArgumentException if the target is a directory, exists without force, or its directory is absent
     */
    public static AtomicFile create(Output output) throws IOException {
        check(output);
        Path target = output.path().toAbsolutePath();
        if (Files.isSymbolicLink(target)) {
            target = target.toRealPath(); // replaces what the link points to, not the link
        }
        String name = name(target);
        String stem = (name.length() > LONGEST_STEM ? name.substring(0, LONGEST_STEM) : name) + ".tmp-"
                + ProcessHandle.current().pid();
        for (int attempt = 0; ; attempt++) {
            Path temporary = target.resolveSibling(attempt == 0 ? stem : stem + "-" + attempt);
            try {
                return new AtomicFile(
                        target, temporary, output, output.actions().create(temporary));
            } catch (FileAlreadyExistsException e) {
                if (attempt == 1000) {
                    throw e;
                }
            } catch (NoSuchFileException e) {
                throw new IllegalArgumentException(
                        "the directory of " + output.path() + " does not exist; create it first", e);
            }
        }
    }

    /**
     * Refuses, before any work is done, a target that could not be written later.
     *
     * @throws IllegalArgumentException if the target is a directory, is no regular file, or exists without force
     */
    public static void check(Output output) {
        Path path = output.path();
        if (Files.isDirectory(path)) {
            throw new IllegalArgumentException("output " + path + " is a directory; name a file");
        }
        if (path.getFileName() == null) {
            throw new IllegalArgumentException("output " + path + " has no file name");
        }
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!output.force()) {
            throw new IllegalArgumentException(
                    "output " + path + " exists; choose another name or replace it with --force");
        }
        if (!Files.isRegularFile(path)) {
            throw new IllegalArgumentException("output " + path + " is not a regular file");
        }
    }

    private static String name(Path path) {
        Path last = path.getFileName();
        if (last == null) {
            throw new IllegalArgumentException("output " + path + " has no file name");
        }
        return last.toString();
    }

    /** Bytes written so far. */
    public long position() {
        return flushed + buffer.position();
    }

    /** Appends bytes. */
    public void write(byte[] bytes, int offset, int count) throws IOException {
        int at = offset;
        int left = count;
        while (left > 0) {
            if (!buffer.hasRemaining()) {
                flush();
            }
            int piece = Math.min(left, buffer.remaining());
            buffer.put(bytes, at, piece);
            at += piece;
            left -= piece;
        }
    }

    /** Appends all bytes. */
    public void write(byte[] bytes) throws IOException {
        write(bytes, 0, bytes.length);
    }

    /** Overwrites bytes that were written before; the position stays. */
    public void overwrite(long position, byte[] bytes) throws IOException {
        if (position < 0 || position + bytes.length > position()) {
            throw new IllegalArgumentException("bytes " + position + " to " + (position + bytes.length)
                    + " are not within the " + position() + " written");
        }
        flush();
        put(ByteBuffer.wrap(bytes), position);
    }

    /** The file as a stream; closing the stream does nothing. */
    public OutputStream stream() {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                AtomicFile.this.write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int count) throws IOException {
                AtomicFile.this.write(bytes, offset, count);
            }
        };
    }

    private void flush() throws IOException {
        if (!open) {
            throw new IllegalStateException("the file " + target + " is already published or closed");
        }
        buffer.flip();
        int count = buffer.limit();
        put(buffer, flushed);
        flushed += count;
        buffer.clear();
    }

    /** A full disk says so without saying which file. */
    private void put(ByteBuffer bytes, long position) throws IOException {
        try {
            actions.write(channel, bytes, position);
        } catch (IOException e) {
            FileSystemException named = new FileSystemException(target.toString(), null, e.getMessage());
            named.initCause(e);
            throw named;
        }
    }

    /**
     * Makes the file visible under its name; afterwards it is closed.
     *
     * @throws IllegalArgumentException if another process created the target meanwhile and replacing was not asked for
     */
    public void publish() throws IOException {
        flush();
        actions.publish(temporary); // before the force, which keeps the mode as well as the bytes
        actions.force(channel);
        actions.close(channel);
        if (force) {
            actions.replace(temporary, target);
        } else {
            try {
                actions.renameToNew(temporary, target);
            } catch (FileAlreadyExistsException e) {
                throw new IllegalArgumentException(
                        "output " + target + " exists; choose another name or replace it with --force", e);
            }
        }
        open = false;
        Path directory = target.getParent();
        if (directory != null) {
            actions.forceDirectory(directory);
        }
    }

    /** Removes the file unless it was published. */
    @Override
    public void close() throws IOException {
        if (!open) {
            return;
        }
        open = false;
        try {
            actions.close(channel);
        } finally {
            actions.delete(temporary);
        }
    }
}
