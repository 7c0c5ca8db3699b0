package org.tweedie.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** The real disk, except that the k-th change to it fails; a failing write has written half of its bytes. */
final class FaultyDisk implements FileActions {
    private final FileActions disk = FileActions.disk();
    private final int failing;
    private int calls;

    /**
     * @param failing which change fails, from 1; 0 for none
     */
    FaultyDisk(int failing) {
        this.failing = failing;
    }

    int calls() {
        return calls;
    }

    private void fail() throws IOException {
        if (++calls == failing) {
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
        if (calls + 1 == failing) {
            disk.write(channel, bytes.duplicate().limit(bytes.position() + bytes.remaining() / 2), position);
        }
        fail();
        disk.write(channel, bytes, position);
    }

    @Override
    public void force(FileChannel channel) throws IOException {
        fail();
        disk.force(channel);
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
        disk.forceDirectory(directory);
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        fail();
        disk.createDirectories(directory);
    }
}
