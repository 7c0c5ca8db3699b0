package org.tweedie.io;

import java.nio.file.Path;

/**
 * Where a writer puts its file. Immutable.
 *
 * @param path the file
 * @param force whether an existing file may be replaced
 * @param actions the disk
 */
public record Output(Path path, boolean force, FileActions actions) {
    /** A file that must not exist yet. */
    public static Output to(Path path) {
        return new Output(path, false, FileActions.disk());
    }

    /** The same file, replaced if it exists. */
    public Output replacing() {
        return force(true);
    }

    /** The same file, replaced if it exists and {@code replace} is true. */
    public Output force(boolean replace) {
        return new Output(path, replace, actions);
    }

    /** The same file on another disk. */
    public Output through(FileActions disk) {
        return new Output(path, force, disk);
    }
}
