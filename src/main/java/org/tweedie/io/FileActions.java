package org.tweedie.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * Everything this package does that changes a disk, so that a test can count the calls, fail the k-th or tear it. Thread
 * safe where the file system is.
 */
public interface FileActions {
    /** A new file that must not exist, readable and writable by its owner only (0600), open for writing. */
    FileChannel create(Path file) throws IOException;

    /** A file that is kept open to be locked, made when absent; its bytes do not matter. */
    FileChannel openLock(Path file) throws IOException;

    /** Writes what remains in the buffer at a position of the file; all of it, or an exception. */
    void write(FileChannel channel, ByteBuffer bytes, long position) throws IOException;

    /** Waits until the file's bytes and length are on the disk. */
    void force(FileChannel channel) throws IOException;

    /** Closes the file. */
    void close(FileChannel channel) throws IOException;

    /** Makes the file readable by all (0644), where the file system knows permissions. */
    void publish(Path file) throws IOException;

    /** Renames atomically, replacing what was there. */
    void replace(Path from, Path to) throws IOException;

    /**
     * Renames, failing when the target exists, also when another process creates it at the same moment; where the file
     * system has no hard links a small window remains.
     *
     * @throws java.nio.file.FileAlreadyExistsException when the target exists
     */
    void renameToNew(Path from, Path to) throws IOException;

    /** Removes a file if it is there. */
    void delete(Path file) throws IOException;

    /** Waits until the directory's entries are on the disk; does nothing where directories cannot be forced. */
    void forceDirectory(Path directory) throws IOException;

    /** Makes a directory and its parents (0755) where absent. */
    void createDirectories(Path directory) throws IOException;

    /** The real disk. */
    static FileActions disk() {
        return Disk.INSTANCE;
    }
}
