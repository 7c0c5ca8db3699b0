package org.tweedie.device;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Predicate;

/**
 * Puts JCuda's native libraries where JCuda looks for them, before JCuda does so itself: JCuda 12.6 writes them to a fixed
 * path without care for other processes, so that cold starts side by side die, and loads whatever lies there.
 *
 * <p>A file on {@code java.library.path} wins, as it does in JCuda; {@link #extract} fills a folder for that. Otherwise
 * the target is {@code java.io.tmpdir}. A file that is there already is used only if it is a regular file of this user or
 * root, writable by no one else, with the right SHA-256. Thread-safe, and safe between processes. Loads no class of JCuda.
 */
public final class NativeLibraries {
    private static final Object LOCK = new Object();
    private static final int POLLS = 20;
    private static final int POLL_MILLIS = 50;

    private NativeLibraries() {}

    /**
     * Makes sure that JCuda will find {@code library}.
     *
     * @return the file that JCuda will load
     * @throws DeviceUnavailableException if that cannot be done safely; names the file and the remedy
     */
    public static Path provide(NativeLibrary library) {
        requirePlatform();
        synchronized (LOCK) {
            for (String folder : System.getProperty("java.library.path", "").split(File.pathSeparator, -1)) {
                File file = new File(folder.isEmpty() ? "." : folder, library.fileName());
                if (file.isFile()) {
                    return file.toPath();
                }
            }
            String folder = System.getProperty("java.io.tmpdir");
            try {
                Path file = place(library, Path.of(folder));
                requireRunnable(file, Files::isExecutable);
                return file;
            } catch (InvalidPathException e) {
                throw new DeviceUnavailableException(
                        "java.io.tmpdir '" + folder + "' cannot be written in this locale ("
                                + System.getProperty("sun.jnu.encoding")
                                + "); set LC_ALL=C.UTF-8 or -Djava.io.tmpdir=DIR",
                        e);
            }
        }
    }

    /**
     * Writes all libraries into {@code folder}, for use with {@code -Djava.library.path=folder}.
     *
     * @return the files, in the order of {@link NativeLibrary}
     * @throws DeviceUnavailableException if one cannot be written, or another file has its name
     */
    public static List<Path> extract(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new DeviceUnavailableException("cannot create the folder " + folder + ": " + why(e), e);
        }
        List<Path> files = new ArrayList<>();
        synchronized (LOCK) {
            for (NativeLibrary library : NativeLibrary.values()) {
                files.add(place(library, folder));
            }
        }
        return files;
    }

    /** True where JCuda has libraries: Linux on x86-64. */
    static boolean platform() {
        String arch = System.getProperty("os.arch", "");
        return System.getProperty("os.name", "").startsWith("Linux") && (arch.equals("amd64") || arch.equals("x86_64"));
    }

    private static void requirePlatform() {
        if (!platform()) {
            throw new DeviceUnavailableException("CUDA runs on Linux x86-64; this is " + System.getProperty("os.name")
                    + " " + System.getProperty("os.arch"));
        }
    }

    private static Path place(NativeLibrary library, Path folder) {
        Path target = folder.resolve(library.fileName());
        try {
            if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
                write(library, target);
            }
            check(library, target, self());
            return target;
        } catch (IOException e) {
            throw new DeviceUnavailableException(
                    "cannot put " + library.fileName() + " into " + folder + ": " + why(e)
                            + "; set -Djava.io.tmpdir= or -Djava.library.path= to a folder of yours",
                    e);
        }
    }

    private static void write(NativeLibrary library, Path target) throws IOException {
        byte[] content = content(library);
        Path temporary = target.resolveSibling(
                "." + target.getFileName() + "." + ProcessHandle.current().pid() + "-"
                        + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".tmp");
        boolean moved = false;
        try {
            Set<StandardOpenOption> create = EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            try (FileChannel file = FileChannel.open(
                    temporary,
                    create,
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")))) {
                ByteBuffer left = ByteBuffer.wrap(content);
                while (left.hasRemaining()) {
                    file.write(left);
                }
                file.force(true);
            }
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
            moved = true;
        } finally {
            if (!moved) {
                Files.deleteIfExists(temporary);
            }
        }
        try (FileChannel folder = FileChannel.open(target.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
            folder.force(true);
        } catch (IOException e) {
            // some file systems cannot sync a folder; the file itself is complete
        }
    }

    private static byte[] content(NativeLibrary library) throws IOException {
        ClassLoader loader = NativeLibraries.class.getClassLoader();
        try (InputStream in = loader == null
                ? ClassLoader.getSystemResourceAsStream(library.resource())
                : loader.getResourceAsStream(library.resource())) {
            if (in == null) {
                throw new DeviceUnavailableException(library.resource() + " is not on the class path; add the "
                        + "natives jar of JCuda with classifier linux-x86_64, or put the file on -Djava.library.path=");
            }
            byte[] content = in.readAllBytes();
            if (!sha256(content).equals(library.sha256())) {
                throw new DeviceUnavailableException(
                        library.resource() + " on the class path is not the library that this "
                                + "version of Tweedie was built for (SHA-256 " + sha256(content) + ", expected "
                                + library.sha256() + ")");
            }
            return content;
        }
    }

    /**
     * Refuses a file whose folder is mounted noexec, before the system's loader does so in forty lines. Only a file that is marked
     * to be run tells.
     *
     * @param runs what the system says of it
     */
    static void requireRunnable(Path file, Predicate<Path> runs) {
        boolean marked;
        try {
            marked = owner(file) == self()
                    && Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS)
                            .contains(PosixFilePermission.OWNER_EXECUTE);
        } catch (IOException e) {
            return; // the loader will say what is wrong
        }
        if (marked && !runs.test(file)) {
            throw new DeviceUnavailableException(
                    "cannot load " + file
                            + ": its folder is mounted noexec; set -Djava.io.tmpdir= or -Djava.library.path= to a folder that is not");
        }
    }

    private static int owner(Path file) throws IOException {
        return (Integer) Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS);
    }

    private static int self() throws IOException {
        return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    }

    /**
     * Refuses a file that this user would not want to load.
     *
     * @param self this user
     */
    static void check(NativeLibrary library, Path file, int self) throws IOException {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            String what = Files.isSymbolicLink(file)
                    ? "a symbolic link"
                    : Files.isDirectory(file) ? "a folder" : "not a regular file";
            throw refusal(file, "is " + what);
        }
        int owner = owner(file);
        if (owner != self && owner != 0) {
            throw refusal(file, "belongs to another user");
        }
        Set<PosixFilePermission> mode = Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS);
        if (mode.contains(PosixFilePermission.GROUP_WRITE) || mode.contains(PosixFilePermission.OTHERS_WRITE)) {
            throw refusal(file, "can be written by others (" + PosixFilePermissions.toString(mode) + ")");
        }
        // plain JCuda in another process may be writing it at this moment: wait while it is short
        for (int poll = 0; Files.size(file) < library.bytes() && poll < POLLS; poll++) {
            try {
                Thread.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        long size = Files.size(file);
        if (size != library.bytes()) {
            throw refusal(file, "has " + size + " bytes instead of " + library.bytes());
        }
        if (!sha256(Files.readAllBytes(file)).equals(library.sha256())) {
            throw refusal(file, "is not the library that Tweedie was built for (its SHA-256 differs)");
        }
    }

    private static DeviceUnavailableException refusal(Path file, String fault) {
        String owner;
        try {
            owner = Files.getOwner(file, LinkOption.NOFOLLOW_LINKS).getName();
        } catch (IOException e) {
            owner = "unknown";
        }
        return new DeviceUnavailableException("refused to load " + file + " (owner " + owner + "): it " + fault
                + "; delete it, or set -Djava.io.tmpdir= or -Djava.library.path= to a folder of yours");
    }

    private static String why(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "no such folder";
        }
        if (e instanceof FileAlreadyExistsException) {
            return "a file of that name exists";
        }
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
