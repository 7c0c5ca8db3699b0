package org.tweedie.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The real disk, waiting for nothing, with everything that it was told below one folder, in order: what {@link PowerLoss} needs to
 * work out what may be there after the power was cut. What lies in the folder at the start is on the disk. For one thread.
 */
final class RecordedDisk implements FileActions {
    /** What stands behind a name that is not there. */
    static final int NOTHING = -1;

    /** One thing that the disk was told. A folder is known by its path, a file by a number that stays when its name changes. */
    sealed interface Change {}

    /** A name in a folder stands for another file, or for nothing. A rename is two of these, told at once. */
    record Name(Path path, int file) implements Change {}

    record Folder(Path path) implements Change {}

    record Bytes(int file, long position, byte[] bytes) implements Change {}

    record Readable(int file) implements Change {}

    record Forced(int file) implements Change {}

    record FolderForced(Path path) implements Change {}

    /** A file as it was when the recording began. */
    record Old(byte[] bytes, boolean readable) {}

    private final Path root;
    private final FileActions disk = FileActions.disk();
    private final List<List<Change>> told = new ArrayList<>();
    private final Map<Path, Integer> oldNames = new HashMap<>();
    private final List<Path> oldFolders = new ArrayList<>();
    private final Map<Integer, Old> olds = new HashMap<>();
    private final Map<Path, Integer> names = new HashMap<>();
    private final Map<FileChannel, Integer> open = new IdentityHashMap<>();
    private int files;

    /**
     * @param root what lies outside is not recorded, and may not be changed
     */
    RecordedDisk(Path root) throws IOException {
        this.root = root.toAbsolutePath();
        try (Stream<Path> all = Files.walk(this.root)) {
            for (Path path : all.filter(path -> !path.equals(this.root)).toList()) {
                if (Files.isDirectory(path)) {
                    oldFolders.add(relative(path));
                } else {
                    olds.put(files, new Old(Files.readAllBytes(path), readable(path)));
                    names.put(relative(path), files++);
                }
            }
        }
        oldNames.putAll(names);
    }

    static boolean readable(Path file) throws IOException {
        return Files.getPosixFilePermissions(file).contains(java.nio.file.attribute.PosixFilePermission.OTHERS_READ);
    }

    /** What was told so far: steps that another process sees whole or not at all, each of one change or several. */
    List<List<Change>> told() {
        return told;
    }

    Map<Path, Integer> oldNames() {
        return oldNames;
    }

    List<Path> oldFolders() {
        return oldFolders;
    }

    Map<Integer, Old> olds() {
        return olds;
    }

    int files() {
        return files;
    }

    private Path relative(Path path) {
        Path absolute = path.toAbsolutePath().normalize();
        if (!absolute.startsWith(root)) {
            throw new IllegalStateException(path + " is outside " + root);
        }
        return root.relativize(absolute);
    }

    private void tell(Change... changes) {
        told.add(List.of(changes));
    }

    private int file(FileChannel channel) {
        Integer file = open.get(channel);
        if (file == null) {
            throw new IllegalStateException("a channel that was not opened here");
        }
        return file;
    }

    private int named(Path path) {
        return names.getOrDefault(relative(path), NOTHING);
    }

    /** The change of a name, which also happens here. */
    private Name name(Path path, int file) {
        if (file == NOTHING) {
            names.remove(relative(path));
        } else {
            names.put(relative(path), file);
        }
        return new Name(relative(path), file);
    }

    @Override
    public FileChannel create(Path file) throws IOException {
        FileChannel channel = disk.create(file);
        open.put(channel, files);
        tell(name(file, files++));
        return channel;
    }

    @Override
    public FileChannel openLock(Path file) throws IOException {
        boolean there = Files.exists(file);
        FileChannel channel = disk.openLock(file);
        if (!there) {
            tell(name(file, files), new Readable(files));
            files++;
        }
        open.put(channel, named(file));
        return channel;
    }

    @Override
    public void write(FileChannel channel, ByteBuffer bytes, long position) throws IOException {
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        disk.write(channel, bytes, position);
        tell(new Bytes(file(channel), position, copy));
    }

    @Override
    public void force(FileChannel channel) {
        tell(new Forced(file(channel)));
    }

    @Override
    public void close(FileChannel channel) throws IOException {
        disk.close(channel);
    }

    @Override
    public void publish(Path file) throws IOException {
        disk.publish(file);
        tell(new Readable(named(file)));
    }

    @Override
    public void replace(Path from, Path to) throws IOException {
        disk.replace(from, to);
        int file = named(from);
        tell(name(to, file), name(from, NOTHING));
    }

    /** A link and the removal of the old name, as on the real disk: another process may see both names. */
    @Override
    public void renameToNew(Path from, Path to) throws IOException {
        if (Files.exists(to, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileAlreadyExistsException(to.toString());
        }
        disk.renameToNew(from, to);
        int file = named(from);
        tell(name(to, file));
        tell(name(from, NOTHING));
    }

    @Override
    public void delete(Path file) throws IOException {
        boolean there = Files.exists(file, LinkOption.NOFOLLOW_LINKS);
        disk.delete(file);
        if (there) {
            tell(name(file, NOTHING));
        }
    }

    @Override
    public void forceDirectory(Path directory) {
        if (directory.toAbsolutePath().normalize().startsWith(root)) {
            tell(new FolderForced(relative(directory)));
        }
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        List<Path> made = new ArrayList<>();
        for (Path path = directory.toAbsolutePath(); !Files.exists(path); path = path.getParent()) {
            made.add(0, path);
        }
        disk.createDirectories(directory);
        made.forEach(path -> tell(new Folder(relative(path))));
    }
}
