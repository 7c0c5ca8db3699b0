package org.tweedie.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.tweedie.io.RecordedDisk.Bytes;
import org.tweedie.io.RecordedDisk.Change;
import org.tweedie.io.RecordedDisk.Folder;
import org.tweedie.io.RecordedDisk.FolderForced;
import org.tweedie.io.RecordedDisk.Forced;
import org.tweedie.io.RecordedDisk.Name;
import org.tweedie.io.RecordedDisk.Readable;

/**
 * What is on a disk after the power was cut behind the first steps of a recording, written out as real files.
 *
 * <p>There for certain: the bytes and the mode of a file up to its last force, and the names of a folder up to the folder's last force
 * (a force of the file does not keep its name, and a force of a folder does not keep the name of the folder itself). Of everything
 * later any subset has arrived, in any order, as the {@link Landing} says: of each write nothing, a part, all, or its length with zeros
 * for bytes; of each name any of the files that it stood for since, whatever became of the other name of a rename.
 */
final class PowerLoss {
    /** Which of the changes that nothing had been forced behind are on the disk. */
    enum Landing {
        NOTHING,
        EVERYTHING,
        /** Names and modes, but no bytes: the order that harms a writer that renames too early. */
        NAMES,
        /** Bytes, but no names. */
        BYTES,
        /** Each by a coin of its own, writes in a random order. */
        RANDOM;

        boolean name(Random coin) {
            return this == EVERYTHING || this == NAMES || this == RANDOM && coin.nextBoolean();
        }
    }

    /** A file on its way: what is certain, and what may have arrived besides. */
    private static final class Content {
        byte[] certain = new byte[0];
        boolean readable;
        boolean readableForced;
        final List<Bytes> loose = new ArrayList<>();

        void force() {
            for (Bytes write : loose) {
                certain = put(certain, write.position(), write.bytes());
            }
            loose.clear();
            readableForced = readable;
        }
    }

    /** The files that a name may stand for: the first for certain if nothing later arrived. */
    private record Choices(List<Integer> files) {}

    private final Map<Integer, Content> contents = new HashMap<>();
    private final Map<Path, Choices> names = new TreeMap<>();
    private final Map<Path, Boolean> folders = new TreeMap<>();
    private int loose;

    /**
     * @param cut how many steps of the recording were told before the power went
     */
    PowerLoss(RecordedDisk disk, int cut) {
        disk.olds().forEach((file, old) -> {
            Content content = new Content();
            content.certain = old.bytes();
            content.readable = old.readable();
            content.readableForced = old.readable();
            contents.put(file, content);
        });
        for (int file = disk.olds().size(); file < disk.files(); file++) {
            contents.put(file, new Content());
        }
        disk.oldNames().forEach((path, file) -> names.put(path, new Choices(new ArrayList<>(List.of(file)))));
        disk.oldFolders().forEach(path -> folders.put(path, true));
        disk.told().subList(0, cut).forEach(step -> step.forEach(this::take));
        contents.values().forEach(content -> loose += content.loose.size());
        names.values().forEach(choices -> loose += choices.files().size() - 1);
        folders.values().forEach(certain -> loose += certain ? 0 : 1);
    }

    /** How many changes nothing had been forced behind. */
    int loose() {
        return loose;
    }

    private void take(Change change) {
        if (change instanceof Name name) {
            names.computeIfAbsent(name.path(), path -> new Choices(new ArrayList<>(List.of(RecordedDisk.NOTHING))))
                    .files()
                    .add(name.file());
        } else if (change instanceof Folder folder) {
            folders.put(folder.path(), false);
        } else if (change instanceof Bytes bytes) {
            contents.get(bytes.file()).loose.add(bytes);
        } else if (change instanceof Readable readable) {
            contents.get(readable.file()).readable = true;
        } else if (change instanceof Forced forced) {
            contents.get(forced.file()).force();
        } else if (change instanceof FolderForced forced) {
            names.forEach((path, choices) -> {
                if (in(path, forced.path())) {
                    choices.files().subList(0, choices.files().size() - 1).clear();
                }
            });
            folders.replaceAll((path, certain) -> certain || in(path, forced.path()));
        }
    }

    private static boolean in(Path path, Path folder) {
        Path parent = path.getParent() == null ? Path.of("") : path.getParent();
        return parent.equals(folder);
    }

    /**
     * Writes one disk that may be there into an empty folder.
     *
     * @param coin for {@link Landing#RANDOM}; its seed repeats the disk
     */
    void write(Path into, Landing landing, Random coin) throws IOException {
        for (Map.Entry<Path, Boolean> folder : folders.entrySet()) { // parents first
            Path path = into.resolve(folder.getKey());
            if ((folder.getValue() || landing.name(coin)) && Files.isDirectory(path.getParent())) {
                Files.createDirectory(path);
            }
        }
        Map<Integer, byte[]> settled = new HashMap<>();
        Map<Integer, Boolean> readable = new HashMap<>();
        for (Map.Entry<Integer, Content> entry : new TreeMap<>(contents).entrySet()) {
            Content content = entry.getValue();
            settled.put(entry.getKey(), settle(content, landing, coin));
            readable.put(entry.getKey(), content.readableForced || content.readable && landing.name(coin));
        }
        for (Map.Entry<Path, Choices> name : names.entrySet()) {
            List<Integer> files = name.getValue().files();
            int last = files.size() - 1;
            int file =
                    files.get(landing == Landing.RANDOM ? coin.nextInt(files.size()) : landing.name(coin) ? last : 0);
            Path path = into.resolve(name.getKey());
            if (file != RecordedDisk.NOTHING && Files.isDirectory(path.getParent())) {
                Files.write(path, settled.get(file));
                Files.setPosixFilePermissions(
                        path,
                        java.nio.file.attribute.PosixFilePermissions.fromString(
                                readable.get(file) ? "rw-r--r--" : "rw-------"));
            }
        }
    }

    private static byte[] settle(Content content, Landing landing, Random coin) {
        byte[] bytes = content.certain;
        List<Bytes> arriving = new ArrayList<>(content.loose);
        if (landing == Landing.RANDOM) {
            Collections.shuffle(arriving, coin);
        }
        for (Bytes write : arriving) {
            byte[] all = write.bytes();
            switch (landing) {
                case EVERYTHING, BYTES -> bytes = put(bytes, write.position(), all);
                case RANDOM -> {
                    switch (coin.nextInt(4)) {
                        case 0 -> bytes = put(bytes, write.position(), all);
                        case 1 ->
                            bytes = put(bytes, write.position(), Arrays.copyOf(all, coin.nextInt(all.length + 1)));
                        case 2 -> bytes = put(bytes, write.position() + all.length, new byte[0]);
                        default -> {} // lost
                    }
                }
                default -> {} // lost
            }
        }
        return bytes;
    }

    /** Longer where it has to be, with zeros before the position. */
    private static byte[] put(byte[] into, long position, byte[] bytes) {
        int at = Math.toIntExact(position);
        byte[] result = Arrays.copyOf(into, Math.max(into.length, at + bytes.length));
        System.arraycopy(bytes, 0, result, at, bytes.length);
        return result;
    }
}
