package org.tweedie.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * The real disk, except that the k-th change to it fails, or all from the k-th on; a failing write has written a part of its bytes. It
 * waits for nothing, for what is here need not outlive the test.
 */
final class FaultyDisk implements FileActions {
    private final FileActions disk = FileActions.disk();
    private final int failing;
    private final boolean forever;
    private final double torn;
    private int calls;

    /**
     * @param failing which change fails, from 1; 0 for none
     */
    FaultyDisk(int failing) {
        this(failing, false, 0.5);
    }

    /**
     * @param forever whether every later change fails too
     * @param torn the share of its bytes that a failing write has written
     */
    FaultyDisk(int failing, boolean forever, double torn) {
        this.failing = failing;
        this.forever = forever;
        this.torn = torn;
    }

    /** A disk that does not fail. */
    static FaultyDisk none() {
        return new FaultyDisk(0);
    }

    int calls() {
        return calls;
    }

    /** Whether the fault was reached. */
    boolean failed() {
        return failing > 0 && calls >= failing;
    }

    private boolean fails() {
        calls++;
        return calls == failing || forever && failed();
    }

    private void fail() throws IOException {
        if (fails()) {
            throw new IOException("No space left on device (call " + calls + ")");
        }
    }

    @Override
    public FileChannel create(Path file) throws IOException {
        fail();
        return disk.create(file);
    }

    @Override
    public FileChannel openLock(Path file) throws IOException {
        fail();
        return disk.openLock(file);
    }

    @Override
    public void write(FileChannel channel, ByteBuffer bytes, long position) throws IOException {
        if (fails()) {
            int part = (int) (torn * bytes.remaining());
            disk.write(channel, bytes.duplicate().limit(bytes.position() + part), position);
            throw new IOException("No space left on device (call " + calls + ")");
        }
        disk.write(channel, bytes, position);
    }

    @Override
    public void force(FileChannel channel) throws IOException {
        fail();
    }

    @Override
    public void close(FileChannel channel) throws IOException {
        disk.close(channel);
        fail();
    }

    @Override
    public void publish(Path file) throws IOException {
        fail();
        disk.publish(file);
    }

    @Override
    public void replace(Path from, Path to) throws IOException {
        fail();
        disk.replace(from, to);
    }

    @Override
    public void renameToNew(Path from, Path to) throws IOException {
        fail();
        disk.renameToNew(from, to);
    }

    @Override
    public void delete(Path file) throws IOException {
        fail();
        disk.delete(file);
    }

    @Override
    public void forceDirectory(Path directory) throws IOException {
        fail();
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        fail();
        disk.createDirectories(directory);
    }
}
